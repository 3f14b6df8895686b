"""What is counted of the output of a scan and of a log."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from extproc.app.batch import judge_line
from extproc.app.corpus import Corpus
from extproc.app.report import totals as module
from extproc.app.report.totals import BINS, OTHERS, Totals, add, latency, read
from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Direction, Finding, Judged, Skipped, Verdict
from extproc.telemetry.logs import JsonFormatter
from extproc.telemetry.telemetry import Telemetry
from tests.guardrail.making import SSN, guardrail, rule

FOUND = Judged(Finding("us_ssn", "pii", 0, 11, 0.85), "ids", Action.REDACT)
REDACTED = Verdict(Action.REDACT, 0.425, "p", (FOUND, FOUND), (FOUND._replace(rule="trial"),))


class _Lines(logging.Handler):
    """The lines that a processor writes."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += self.format(record).splitlines()


@pytest.fixture
def log() -> Iterator[_Lines]:
    handler, root = _Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def record(**changes: Any) -> Record:
    fields: dict[str, Any] = {
        "request_id": "1",
        "direction": Direction.REQUEST,
        "dialect": "openai_chat",
        "outcome": Outcome.JUDGED,
        "policy": "p",
        "verdict": REDACTED,
        "customer_id": "acme",
        "scanned": 3,
        "skipped": (Skipped((), "image"),),
    }
    return Record(**(fields | changes))


def counted(*records: Any) -> Totals:
    totals = Totals()
    for each in records:
        add(totals, each)
    return totals


def test_the_log_of_a_processor_is_counted(log: _Lines) -> None:
    telemetry = Telemetry()
    telemetry.observe(record(), 0.0015)
    telemetry.observe(
        record(verdict=None, outcome=Outcome.REFUSED, reason="invalid_json", skipped=()), 0.001
    )
    telemetry.flush()
    totals = counted(*map(json.loads, log.lines))
    assert totals.bodies == 2
    assert totals.verdicts == {("request", "redact"): 1, ("request", "refused"): 1}
    assert totals.findings == {"us_ssn": 2}
    assert totals.rules == {("enforced", "ids"): 1, ("shadow", "trial"): 1}
    assert totals.tenants == {("acme", "redact"): 1, ("acme", "refused"): 1}
    assert totals.tenant_rules == {("acme", "ids"): 1}
    assert (totals.scanned, totals.partly, totals.skipped) == (6, 1, {"image": 1})
    assert totals.unjudged == {("refused", "invalid_json"): 1}
    assert totals.scores == {int(0.425 * BINS): 1}
    assert sum(totals.hours.values()) == 2


def test_what_is_known_afterwards_is_no_other_body(log: _Lines) -> None:
    Telemetry().observe_late(record())
    totals = counted(*map(json.loads, log.lines))
    assert (totals.bodies, totals.findings) == (0, {"us_ssn": 2})
    assert totals.rules == {("enforced", "ids"): 1, ("shadow", "trial"): 1}


def test_the_output_of_a_scan_is_counted() -> None:
    guard = guardrail(rule("us_ssn"), rule("email_address", "block", rollout="shadow"))
    lines = [{"text": "hi"}, {"text": f"{SSN} {SSN}", "customer_id": "acme"}, {"text": "a@b.io"}]
    results = [judge_line(json.dumps(x).encode(), guard, Direction.REQUEST) for x in lines]
    totals = counted(*results, {"error": "bad_line", "line": 4})
    assert totals.verdicts == {("scan", "allow"): 2, ("scan", "redact"): 1}
    assert totals.findings == {"us_ssn": 2}
    assert totals.rules == {("enforced", "us-ssn"): 1, ("shadow", "email-address"): 1}
    assert totals.tenants[("acme", "redact")] == 1
    assert totals.unjudged == {("bad line", "bad_line"): 1}
    assert totals.scores[-1] == 2


@pytest.mark.parametrize(
    "other", [None, [], 7, {}, {"message": "serving"}, {"verdict": "allow"}, {"test_type": 1}]
)
def test_lines_that_say_nothing_of_a_body_are_counted_as_such(other: Any) -> None:
    totals = counted(other)
    assert (totals.bodies, totals.ignored) == (0, 1)


def test_latencies_are_known_within_a_percent() -> None:
    for took in (0.013, 0.5, 1.0, 33.3, 20_000.0):
        logged = {"test_type": "request", "outcome": "judged", "verdict": "allow"}
        [(_, number)] = counted({**logged, "response_time_ms": took}).latencies
        assert latency(number) == pytest.approx(took, rel=0.011)


def test_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_NAMES", 3)
    logged = {"test_type": "request", "outcome": "judged", "verdict": "flag"}
    totals = counted(
        *({**logged, "customer_id": f"c{n}", "findings": {f"t{n}": 1}} for n in range(9))
    )
    assert {name for name, _ in totals.tenants} == {"c0", "c1", "c2", OTHERS}
    assert totals.findings == {"t0": 1, "t1": 1, "t2": 1, OTHERS: 6}


def test_several_files_are_counted_together(tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        file.write_text('{"verdict": "allow", "risk_score": 0, "findings": []}\nno json\n')
    totals = read(map(Corpus, files))
    assert (totals.bodies, totals.ignored) == (2, 2)
