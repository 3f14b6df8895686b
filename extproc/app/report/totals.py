"""Counts over records of any number: output of `extproc scan`, and the log of a processor.

Memory does not grow with them: of customers and types, which may be many, the rest is `others`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from extproc.app.corpus import Corpus

OTHERS = "others"
NOBODY = "none"  # no customer is named
BAD_LINE = "bad line"  # of a scan
BINS = 20  # of scores
_MOST_NAMES = 2000
_STEP = math.log(1.02)  # of a latency: its bins are 2 % wide


@dataclass(slots=True)
class Totals:
    """What was counted. Bodies are counted once by verdict, and once for each rule that acted."""

    bodies: int = 0
    ignored: int = 0  # lines that say nothing of a body
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)  # direction, verdict
    findings: Counter[str] = field(default_factory=Counter)  # by type
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)  # mode, rule
    customers: set[str] = field(default_factory=set)
    tenants: Counter[tuple[str, str]] = field(default_factory=Counter)  # customer, verdict
    tenant_rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    hours: Counter[tuple[str, str]] = field(default_factory=Counter)  # "2026-11-21T20", verdict
    scores: Counter[int] = field(default_factory=Counter)  # bin; -1 for a score of 0
    latencies: Counter[tuple[str, int]] = field(default_factory=Counter)  # direction, bin
    scanned: int = 0  # parts of bodies; of the output of a scan not known
    partly: int = 0  # bodies of which something was skipped
    skipped: Counter[str] = field(default_factory=Counter)  # parts, by reason
    unjudged: Counter[tuple[str, str]] = field(default_factory=Counter)  # outcome, reason
    failed: Counter[str] = field(default_factory=Counter)  # detectors without an answer


def read(corpora: Iterable[Corpus]) -> Totals:
    """Count all records of files. Raises InputError for a file that cannot be read."""
    totals = Totals()
    for corpus in corpora:
        with corpus:
            for line in corpus.lines():
                try:
                    record = orjson.loads(line.data or b"")
                except orjson.JSONDecodeError:
                    record = None
                add(totals, record)
    return totals


def add(totals: Totals, record: Any) -> None:
    """Count one record."""
    match record:
        case {"verdict": str(), "risk_score": float() | int(), "findings": list()}:
            _add_scanned(totals, record)
        case {"error": str(reason), "line": int()}:
            totals.unjudged[BAD_LINE, reason] += 1
        case {"message": "judged afterwards", "test_type": str()}:
            _add_found(totals, record)
        case {"test_type": str(), "outcome": str()}:
            _add_logged(totals, record)
        case _:
            totals.ignored += 1


def latency(number: int) -> float:
    """The milliseconds in the middle of a bin."""
    return math.exp((number + 0.5) * _STEP)


def _add_scanned(totals: Totals, record: Mapping[str, Any]) -> None:
    found = [each for each in record["findings"] if isinstance(each, dict)]
    would = [each for each in record.get("shadow", ()) if isinstance(each, dict)]
    totals.findings += _named(totals.findings, Counter(str(each.get("type")) for each in found))
    rules = {str(each.get("rule")) for each in found}
    shadow = {str(each.get("rule")) for each in would}
    totals.failed += _counts(record.get("failed"), each=1)
    _add_body(totals, record, "scan", record["verdict"], record["risk_score"], rules, shadow)


def _add_logged(totals: Totals, record: Mapping[str, Any]) -> None:
    outcome, direction = record["outcome"], record["test_type"]
    verdict = record.get("verdict") if outcome == "judged" else outcome
    if outcome != "judged":
        totals.unjudged[outcome, str(record.get("reason", ""))] += 1
    took = record.get("response_time_ms")
    if isinstance(took, float | int) and took > 0:
        totals.latencies[direction, math.floor(math.log(took) / _STEP)] += 1
    if isinstance(record.get("timestamp"), str):
        totals.hours[record["timestamp"][:13], str(verdict)] += 1
    if isinstance(record.get("scanned"), int):
        totals.scanned += record["scanned"]
    totals.findings += _named(totals.findings, _counts(record.get("findings")))
    rules, shadow = _texts(record.get("rules")), _texts(record.get("shadow_rules"))
    _add_body(totals, record, direction, str(verdict), record.get("score"), rules, shadow)


def _add_found(totals: Totals, record: Mapping[str, Any]) -> None:
    """What became known of a body that was counted before."""
    totals.findings += _named(totals.findings, _counts(record.get("findings")))
    for mode, name in (("enforced", "rules"), ("shadow", "shadow_rules")):
        for rule in _texts(record.get(name)):
            totals.rules[mode, rule] += 1


def _add_body(
    totals: Totals,
    record: Mapping[str, Any],
    direction: str,
    verdict: str,
    score: Any,
    rules: set[str],
    shadow: set[str],
) -> None:
    totals.bodies += 1
    totals.verdicts[direction, verdict] += 1
    if isinstance(score, float | int):
        totals.scores[min(BINS - 1, int(score * BINS)) if score > 0 else -1] += 1
    tenant = _customer(totals, str(record.get("customer_id") or NOBODY))
    totals.tenants[tenant, verdict] += 1
    for rule in rules:
        totals.rules["enforced", rule] += 1
        totals.tenant_rules[tenant, rule] += 1
    for rule in shadow:
        totals.rules["shadow", rule] += 1
    skipped = _counts(record.get("skipped"))
    totals.skipped += skipped
    totals.partly += bool(skipped)


def _customer(totals: Totals, name: str) -> str:
    if name not in totals.customers:
        if len(totals.customers) == _MOST_NAMES:
            return OTHERS
        totals.customers.add(name)
    return name


def _named(known: Counter[str], found: Counter[str]) -> Counter[str]:
    """What was found, under its names as far as there is room for new ones."""
    if len(known) < _MOST_NAMES:
        return found
    kept: Counter[str] = Counter()
    for name, count in found.items():
        kept[name if name in known else OTHERS] += count
    return kept


def _counts(value: Any, *, each: int | None = None) -> Counter[str]:
    """Counts by name, or `each` for every name."""
    if not isinstance(value, dict):
        return Counter()
    numbers = {str(name): count if each is None else each for name, count in value.items()}
    return Counter({name: count for name, count in numbers.items() if isinstance(count, int)})


def _texts(value: Any) -> set[str]:
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()
