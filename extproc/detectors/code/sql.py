"""SQL that breaks out of a value: for the arguments of tools."""

import re

from extproc.detectors.recognizer import Recognizer, Span

_LONGEST = 240
_QUOTE = r"[\x22']"
_SIDE = r"[\x22']?\w{1,12}[\x22']?"

_ALWAYS = re.compile(
    r"(?:or|and|\|\|)\s+\(?(['\"]?)(\w*)\1\s?(?:=|like)\s?(['\"]?)(\w*)", re.IGNORECASE
)


def _sql(candidate: str) -> Span | None:
    """Of comparisons only those that hold for every row."""
    if candidate[0] in "'\"" and ";" not in candidate:
        always = _ALWAYS.search(candidate)
        if always is None or always[2].lower() != always[4].lower():
            return None
    return Span(0, len(candidate), 0.8)


RECOGNIZERS = (
    Recognizer(
        type="sql_injection",
        family="code",
        patterns=(
            rf"{_QUOTE}\)?\s{{0,2}}(?:or|and|\|\|)\s{{1,3}}\(?{_SIDE}\s?(?:=|like)\s?{_SIDE}",
            (
                r"union\s{1,3}(?:all\s{1,3})?select\s[^;\n]*(?:information_schema|sqlite_master|"
                r"pg_catalog|pg_shadow|@@version|null,\s?null|load_file|version\(\)|--)"
            ),
            (
                rf"(?:{_QUOTE}|\d)\)?\s{{0,2}};\s{{0,2}}(?:drop\s{{1,2}}(?:table|database|schema|user)|"
                r"delete\s{1,2}from|truncate\s{1,2}table|alter\s{1,2}table|insert\s{1,2}into|"
                r"exec(?:ute)?\s{1,2}(?:xp_|sp_|immediate)|shutdown|waitfor\s{1,2}delay)\b"
            ),
            r"(?:or|and)\s{1,2}(?:sleep|pg_sleep|benchmark)\s?\(",
            r"xp_cmdshell",
            r"into\s{1,2}(?:outfile|dumpfile)\s?[\x22']",
            r"admin['\x22]\s?(?:--|#|/\*)",
        ),
        longest=_LONGEST,
        refine=_sql,
        whole_word=False,
        caseless=True,
        examples=(
            "' OR 1=1 --",
            "x' or 'a'='a",
            "1; DROP TABLE users",
            "'; DELETE FROM accounts; --",
            "1 UNION SELECT null, null FROM information_schema.tables",
            "admin'--",
            "1 AND SLEEP(5)",
        ),
        near_misses=(
            "SELECT a FROM t WHERE name = 'x' OR age = 3",
            "SELECT a FROM t UNION SELECT b FROM u",
            "drop the table, please; delete from memory",
            "choose 'red' or 'blue' = 'cold'",
        ),
    ),
)
