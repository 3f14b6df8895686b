"""Phone numbers of all regions."""

import re
from functools import lru_cache
from itertools import pairwise

import phonenumbers

from extproc.detectors.label_patterns import part
from extproc.detectors.recognizer import Recognizer, Span

_EXTENSION = r"(?:[ ,;\-]{0,2}(?:x|ext|extension|#|durchwahl)[.:]{0,1} ?\d{1,6})?"
_EXTENSION_AT_END = re.compile(
    r"[ ,;\-]{0,2}(?:x|ext|extension|#|durchwahl)[.:]? ?\d{1,6}$", re.IGNORECASE
)
_SPACING = r"[ .\-()/]{0,3}"

# International

_VALID = 0.95
_WITH_COUNTRY = re.compile(r"\(?(?:\+ ?\(?|011[ \-]|00)(?=[1-9])")


@lru_cache(maxsize=4096)
def _standing(number: str) -> float:
    """How sure an international number is: valid, possible, or only written as one."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return 0
    if phonenumbers.is_valid_number(parsed):
        return _VALID
    return 0.65 if phonenumbers.is_possible_number(parsed) else 0.5


def _international(candidate: str) -> Span | None:
    """Written in groups it is a phone number even where nobody has it; in one run it must exist."""
    if candidate.startswith("00") and "." in candidate and " " in candidate:
        return None  # the coordinates of a drawing: `37.0061 26.3109 37`
    bare = _EXTENSION_AT_END.sub("", candidate)
    written = _WITH_COUNTRY.match(bare)
    if written is None or bare.count(")") > bare.count("("):
        return None
    start = 1 if bare.startswith("(") and bare.count("(") > bare.count(")") else 0
    national = bare[written.end() :].replace("(0)", "")
    digits = re.sub(r"\D", "", national)
    if not 8 <= len(digits) <= 15 or len(set(digits)) < 3:
        return None
    standing = _standing("+" + digits)
    grouped = re.search(r"\d[ .\-()/]+\d", national) is not None
    if standing == 0 or (not grouped and ((standing < _VALID and len(digits) < 10) or " " in bare)):
        return None
    return Span(start, len(candidate), standing)


# National

_PAIRS = r"0[1-9](?P<s>[ .\-])\d\d(?:(?P=s)\d\d){3}"  # as in France
_NORTH_AMERICAN = r"(?:(?:001|1)[ .\-])?(?:\(\d{3}\)[ .\-]{0,2}|\d{3}[ .\-/])\d{3}[ .\-]?\d{4}"
_AREA = r"\((?:0?[1-9]\d{0,3})\)[ \-./]{0,2}\d{2,8}(?:[ \-]\d{2,6}){0,3}"
_TRUNK = (
    r"0[1-9]\d{0,3}[ /\-]\d{5,8}|0[67]-?\d{8}"
    r"|0[1-9]\d{0,3}(?P<t>[ .\-/])\d{2,4}(?:(?:(?P=t)| )\d{2,4}){1,3}"
)
_NATIONAL = re.compile(rf"(?:{_PAIRS}|{_NORTH_AMERICAN}|{_AREA}|{_TRUNK})")
# In groups, since nothing tells ten digits alone from another number.
_GROUPS_OF_TEN = r"(?:1[ .\-])?\(?\d{3}(?:\)[ .\-/]{0,2}|[ .\-/]{1,2})\d{3}[ .\-]?\d{4}"
_GROUP_START = re.compile(r"\(\d|(?<!\d)\d")


def _national(candidate: str) -> Span | None:
    """A number that begins at any group of the candidate and ends with it.

    Digits are far more often an identifier or an amount, so they must stand in the groups of a
    phone number, with an area code in brackets, a trunk prefix, or as in North America.
    """
    number_end = len(candidate)
    extension = _EXTENSION_AT_END.search(candidate)
    if extension:
        number_end = extension.start()
    for match in _GROUP_START.finditer(candidate, 0, number_end):
        value = candidate[match.start() : number_end]
        count = sum(map(str.isdigit, value))
        if count < 7:
            return None
        if count > 13 or not _NATIONAL.fullmatch(value) or _is_list(value):
            continue
        score = _north_american_score(value) if count in (10, 11, 13) else 0.55
        return Span(match.start(), len(candidate), 0.8 if extension else score)
    return None


def _north_american_score(value: str) -> float:
    if _ORDER.fullmatch(value):
        return 0.45
    digits = re.sub(r"\D", "", value)[-10:]
    return 0.8 if digits[0] > "1" and digits[3] > "1" and value[0] != "0" else 0.6


_OTHER_GROUPS = ([4, 4, 4], [3, 2, 4])  # of a card or a UUID; a social security number
_TAXPAYER = re.compile(r"\d{3}\.\d{3}\.\d{3}")  # the beginning of a Brazilian one
_ORDER = re.compile(r"\d{3}-\d{7}")  # the beginning of an order number, too


def _is_list(value: str) -> bool:
    """`01 02 03 04 05` is counted, `02 01 01 00` are bytes, `010-010` a code."""
    groups = re.findall(r"\d+", value)
    digits = "".join(groups)
    if len(set(digits)) < 3 or (len(digits) < 9 and value[0] == "0" and len(groups) != 2):
        return True
    if [*map(len, groups)] in _OTHER_GROUPS or _TAXPAYER.fullmatch(value):
        return True
    numbers = list(map(int, groups))
    steps = {b - a for a, b in pairwise(numbers)}
    return len(numbers) > 3 and len(steps) == 1


# Where it is named

_LABEL = (
    r"phone|mobile|whatsapp|cellular|fax|telefon[eo]?|telefoon|telefax|telephone|movil|celular"
    r"|rufnummer|cellulare|telemovel|handy"
    r"|hotline|(?:\b|_)(?:tel|cell|mob|ph|gsm|call|dial|text(?: me| us| to)?|sms|contact|reach"
    r"|answering|my number)\b|mobil|puhelin"
)
# The first character behind a label is none of a word, or a stream would wait at every blank.
_BEFORE = r"(?:[ _\-]?(?:number|nummer|no))?[.\-]?[^A-Za-z0-9+(._%'\-][^0-9+(]{0,19}"
_NUMBER = r"\(?\d(?:[ .\-()/]{0,3}\d){5,14}"
_VALUE = re.compile(
    r"(?<!\d)\(?\d[\d .\-()/]*\d(?:[ ,;\-]{0,2}(?:x|ext|extension|#|durchwahl)[.:]? ?\d{1,6})?$",
    re.IGNORECASE,
)
_NAMED_BEHIND = rf"{_NUMBER}{_EXTENSION}[ \-(]{{1,3}}(?:office|fax|mobile|cell|home|work)"
_OTHER_NAME = re.compile(
    r"\b(?:id|imei|serial|order|ticket|case|code|pin|model|invoice|version|ver|price|cost|date|time|year"
    r"|paid|usd|eur|ip|isbn|account|acct|ssn|zip|ref(?:erence)?|batch|part|card|v)\b|\.[a-z]|://|text[\"']|[$=]{2}|[\u20ac\u00a3$]",
    re.IGNORECASE,
)
_SPEAKS_OF_PHONES = re.compile(
    r"phone|tel|mobile|cell|fax|call|dial|text|reach|sms|contact", re.IGNORECASE
)
_SHORT = re.compile(r"\d\d([ \-])\d\d\1\d\d")
_AFTER = re.compile(r"[ \-(]{1,3}(?:office|fax|mobile|cell|home|work)$", re.IGNORECASE)
_NOT_PHONE = re.compile(
    r"(?:19|20)\d\d[\-./ ](?:0?[1-9]|1[0-2])[\-./ ]\d{1,2}(?: .*)?"
    r"|\d{1,2}[\-./]\d{1,2}[\-./](?:19|20)?\d\d"
    r"|\d{1,3}(?:\.\d{1,3}){3}|\d+\.\d+|(?:19|20)\d\d ?[\-/] ?(?:19|20)\d\d|\d{3}-\d{2}-\d{4}"
    r"|1[67]\d{8}(?:\d{3})?"
)


def _named(candidate: str) -> Span | None:
    """Behind its label or, as in directories, before it: `92 34 70 office`."""
    behind = _AFTER.search(candidate)
    if behind and candidate[0] in "(0123456789":
        return _value(candidate[: behind.start()], "")
    match = _VALUE.search(candidate)
    if match is None:
        return None
    label, ended, rest = candidate[: match.start()].rpartition(". ")
    if rest.strip() and ended and not _SPEAKS_OF_PHONES.search(rest):
        return None
    span = _value(match[0], rest or label)
    if span is None:
        return None
    return part(candidate, match.start() + span.start, len(candidate), span.score)


def _value(written: str, label: str) -> Span | None:
    """Whether the digits can be a phone number, and none of the things that are named, too."""
    value = _EXTENSION_AT_END.sub("", written)
    count = sum(map(str.isdigit, value))
    if _OTHER_NAME.search(label) or _NOT_PHONE.fullmatch(value):
        return None
    if count < 7 and not _SHORT.fullmatch(value):
        return None
    if count > 13 or len(set(value)) < 3 or value.count("(") < value.count(")"):
        return None
    start = 1 if value.count("(") > value.count(")") else 0
    return Span(start, len(written), 0.8 if count >= 9 else 0.65)


RECOGNIZERS = (
    Recognizer(
        type="phone_number",
        family="pii",
        patterns=(
            rf"\(?\+ ?\(?[1-9](?:{_SPACING}\d){{7,15}}{_EXTENSION}",
            rf"(?:00|011[ \-])[1-9](?:{_SPACING}\d){{8,14}}{_EXTENSION}",
        ),
        longest=72,
        refine=_international,
        caseless=True,
        examples=(
            "+44 20 7946 0958",
            "+14155552671",
            "(+49) 30 901820",
            "+49 (0)30 901820",
            "+1 (258) 219-9203",
            "+1 203-910-977",
            "0044 20 7946 0958",
            "001-668-040-8670x1711",
            "+1 415 555 2671 ext. 12",
        ),
        near_misses=("+1", "1+2345678", "C++ 2011", "+0 123 456 789", "1.2345E+12345680"),
    ),
    Recognizer(
        type="phone_number",
        family="pii",
        patterns=(
            rf"(?:{_GROUPS_OF_TEN}|0[67]\d{{8}}){_EXTENSION}",
            r"0\d{1,4}[ .\-/]\d{2,8}(?:[ .\-]\d{2,5}){0,4}",
            r"\(0?\d{1,4}\)[ \-./]{0,2}\d{2,8}(?:[ \-]\d{2,6}){0,3}",
        ),
        longest=40,
        refine=_national,
        caseless=True,
        examples=(
            "call (415) 555-2671 now",
            "415-555-2671",
            "(251)500-2136x739",
            "at 0161 496 0000",
            "06-24312407",
            "02.27.96.63.08",
            "(11) 4706-6184",
            "(027) 7972-805",
            "030/9018200",
        ),
        near_misses=(
            "order 4155552671",
            "on 2026-11-21 at 10",
            "1.2.3.4.5.6.7",
            "5 18-5-1-12-9-20-25",
            "01 02 03 04 05",
            "05/06/2024",
            "7f 45 4c 46 02 01 01 00",
            "4000-0000-0102-1126",
            "from 0.1234 to 0.5678",
            "isbn 978-0-306-40615-7",
        ),
    ),
    Recognizer(
        type="phone_number",
        family="pii",
        patterns=(rf"(?:{_LABEL}){_BEFORE}{_NUMBER}{_EXTENSION}", _NAMED_BEHIND),
        longest=112,
        refine=_named,
        caseless=True,
        examples=(
            '"phone": "4155552671"',
            "Tel.: 61 51 81",
            "phone_number=55512345",
            "They're not answering at 481 7531",
            "| Phone | 9885 1152 |",
            "WhatsApp me: 5512345678",
            "Téléphone : 45 67 89 10",
            "Teléfono: 011 2345-0185",
            '"telefone": "21 234 1976"',
            "reach me at 978 249 9678",
            "92 34 70 office",
            "<phone>555 0199 123</phone>",
        ),
        near_misses=(
            "phone id 123456789",
            "the phone cost $1200 in 2024-01-02",
            "hotel booking 1234567",
            "call date 2024-01-02",
            "phone: 12345",
        ),
    ),
)
