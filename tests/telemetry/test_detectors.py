"""What became known of a body after it had passed."""

import logging

import pytest

from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Direction, Finding, Judged, Verdict
from extproc.telemetry.logs import EventRecord
from extproc.telemetry.telemetry import Telemetry

FINDING = Finding("codename", "custom", 0, 5, 0.9)
LATE = Record(
    request_id="1",
    direction=Direction.REQUEST,
    dialect="openai_chat",
    outcome=Outcome.JUDGED,
    policy="p",
    lane="afterwards",
    verdict=Verdict(
        Action.FLAG,
        0.45,
        "p",
        judged=(Judged(FINDING, "look", Action.FLAG),),
        shadowed=(Judged(FINDING, "would", Action.BLOCK),),
    ),
)


def test_a_late_record_counts_rules_and_not_the_body_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    telemetry = Telemetry()
    telemetry.observe_late(LATE)
    value = telemetry.registry.get_sample_value
    labels = {"policy": "p", "rule": "look", "action": "flag", "mode": "enforced"}
    assert value("extproc_rule_matches_total", labels) == 1
    assert value("extproc_findings_total", {"type": "codename", "direction": "request"}) == 2
    bodies = {"dialect": "openai_chat", "direction": "request", "outcome": "judged"}
    assert not value("extproc_requests_total", bodies)
    [record] = [r for r in caplog.records if isinstance(r, EventRecord)]
    [(_, fields)] = record.events
    assert record.msg == "judged afterwards"
    assert (fields["request_id"], fields["rules"], fields["shadow_rules"]) == (
        "1",
        ["look"],
        ["would"],
    )
    assert "response_time_ms" not in fields


def test_a_late_failure_is_counted_as_let_pass() -> None:
    telemetry = Telemetry()
    record = Record(
        request_id="1",
        direction=Direction.RESPONSE,
        dialect="openai_chat",
        outcome=Outcome.FAIL_OPEN,
        policy="p",
        reason="detector_timeout",
    )
    telemetry.observe_late(record)
    labels = {"mode": "fail_open", "reason": "detector_timeout"}
    assert telemetry.registry.get_sample_value("extproc_failures_total", labels) == 1
