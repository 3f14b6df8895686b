"""What people see while the gateway runs."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extproc.app.local import Endpoints
from extproc.cli.console import announce, progress, show_judgements
from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Direction, Finding, Judged, Verdict
from extproc.telemetry.telemetry import Telemetry

ENDPOINTS = Endpoints(
    gateway="http://127.0.0.1:10000",
    admin="http://127.0.0.1:8081",
    envoy_admin="http://127.0.0.1:9901",
    upstream="http://[::1]:9",
    simulated=True,
    directory=Path("/tmp/extproc-x"),
)
FOUND = Judged(Finding("us_ssn", "pii", 0, 11, 0.85), "ids", Action.REDACT)


@pytest.fixture
def shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[pytest.CaptureFixture[str]]:
    """What a terminal shows, with the log in its form for people."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    level = root.level
    show_judgements()
    yield capsys
    root.setLevel(level)


def judged(**changes: Any) -> None:
    fields: dict[str, Any] = {
        "request_id": "1",
        "direction": Direction.REQUEST,
        "dialect": "openai_chat",
        "outcome": Outcome.JUDGED,
        "policy": "default",
        "verdict": Verdict(Action.REDACT, 0.4, "default", (FOUND, FOUND)),
    }
    Telemetry().observe(Record(**(fields | changes)), 0.0015)


def test_a_start_shows_base_urls_and_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    announce(ENDPOINTS)
    shown = capsys.readouterr().out
    for url in ("/openai/v1", "/anthropic", "/gemini"):
        assert f"BASE_URL=http://127.0.0.1:10000{url}" in shown
    assert shown.count("curl -s http://127.0.0.1:10000/openai/v1/chat/completions") == 3
    assert "http://127.0.0.1:8081/health/ready" in shown
    assert "Ctrl-C" in shown


def test_an_example_is_one_line_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    announce(ENDPOINTS)
    examples = [line for line in capsys.readouterr().out.splitlines() if line.startswith("curl")]
    assert all(line.endswith("}]}'") for line in examples)


def test_with_an_upstream_of_its_own_nothing_is_to_be_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    announce(replace(ENDPOINTS, simulated=False))
    shown = capsys.readouterr().out
    assert "http://[::1]:9" in shown
    assert "curl" not in shown


def test_a_step_is_shown_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    progress("starting [Envoy]")
    assert "starting [Envoy] …" in capsys.readouterr().out


def test_a_judged_body_is_one_line(shown: pytest.CaptureFixture[str]) -> None:
    judged()
    [line] = shown.readouterr().out.splitlines()
    assert line.split() == ["request", "redact", "1.50", "ms", "us_ssn", "x2"]


def test_a_body_that_was_refused_says_why(shown: pytest.CaptureFixture[str]) -> None:
    judged(verdict=None, outcome=Outcome.REFUSED, reason="invalid_json")
    [line] = shown.readouterr().out.splitlines()
    assert line.split() == ["request", "refused", "1.50", "ms", "invalid_json"]


def test_warnings_are_shown_with_their_reason_and_the_rest_is_not(
    shown: pytest.CaptureFixture[str],
) -> None:
    log = logging.getLogger("extproc.app.policies")
    log.info("policy loaded", extra={"policy": "x"})
    log.error("policy refused", extra={"reason": "p.yaml:1: [kind] is missing"})
    captured = shown.readouterr()
    assert captured.out == ""
    assert captured.err.split() == ["policy", "refused", "p.yaml:1:", "[kind]", "is", "missing"]
