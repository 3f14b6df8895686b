"""Exchanges with slow detectors: what waits, and what is put on record afterwards."""

import gzip
import json

import pytest

from extproc.detectors.slow import Failure
from extproc.exchange.commands import Afterwards, Command, ContinueBody, Defer, Patient, SendBody
from extproc.exchange.events import RequestBody, RequestHeaders, ResponseTrailers, WorkDone
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.record import Outcome, Record
from extproc.model.values import Action
from tests.exchange.driving import (
    ANSWER,
    HEADERS,
    ID,
    JSON,
    POST,
    SMALL_INLINE,
    STREAM,
    asking,
    exchange,
    kinds,
    only,
    outcome,
    piece,
    record,
    refusal,
    saying,
)
from tests.guardrail.making import SSN, rule
from tests.guardrail.slow import WORD, Words, guardrail


def asked(guard: Guardrail, event: RequestBody) -> tuple[Exchange, list[Command]]:
    machine = exchange(guard)
    machine.receive(HEADERS)
    return machine, machine.receive(event)


def through(guard: Guardrail, event: RequestBody) -> tuple[Exchange, list[Command]]:
    """The same, with all work done."""
    machine, commands = asked(guard, event)
    return machine, finish(machine, commands)


def finish(machine: Exchange, commands: list[Command]) -> list[Command]:
    while isinstance(commands[-1], Defer):
        commands = machine.receive(WorkDone(outcome(commands[-1])))
    return commands


def late(commands: list[Command]) -> Record | None:
    return only(commands, Afterwards).work()


def event(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def test_a_body_that_a_rule_delays_leaves_as_work_that_waits() -> None:
    words = Words()
    words.gate.clear()
    machine, commands = asked(guardrail(words, rule("slow", "block")), asking(WORD))
    words.gate.set()
    deferred = only(commands, Defer)
    assert isinstance(deferred.work, Patient)
    assert deferred.is_awaited
    assert machine.state is State.REQUEST_WORK
    commands = machine.receive(WorkDone(outcome(deferred)))
    assert refusal(commands)[0] == 403
    assert record(commands).lane == "waiting"


def test_a_large_body_is_scanned_first_and_asks_for_time_once() -> None:
    words = Words()
    words.gate.clear()
    machine = exchange(guardrail(words, rule("slow", "block")), SMALL_INLINE)
    machine.receive(HEADERS)
    first = only(machine.receive(asking(WORD)), Defer)
    assert not isinstance(first.work, Patient)
    second = only(machine.receive(WorkDone(outcome(first))), Defer)
    words.gate.set()
    assert isinstance(second.work, Patient)
    assert (first.is_awaited, second.is_awaited) == (True, False)
    assert refusal(machine.receive(WorkDone(outcome(second))))[0] == 403


def test_a_compressed_body_passes_uncompressed_after_waiting() -> None:
    words = Words()
    words.gate.clear()
    machine = exchange(guardrail(words, rule("slow", "block")))
    machine.receive(RequestHeaders(POST | JSON | {"content-encoding": "gzip"}, end_of_stream=False))
    body = asking("hello").body
    commands = machine.receive(RequestBody(gzip.compress(body), end_of_stream=True))
    commands = machine.receive(WorkDone(outcome(only(commands, Defer))))
    words.gate.set()
    passed = only(finish(machine, commands), ContinueBody)
    assert passed.body == body


def test_a_body_that_is_only_observed_passes_at_once() -> None:
    machine, commands = asked(guardrail(Words(), rule("slow", "flag")), asking(WORD))
    assert kinds(commands) == ["ContinueBody", "Report", "Afterwards"]
    assert machine.state is State.RESPONSE_HEADERS
    first, second = record(commands), late(commands)
    assert second is not None
    assert first.request_id == second.request_id == ID
    assert first.verdict is not None
    assert first.verdict.action is Action.ALLOW
    assert second.verdict is not None
    assert (second.verdict.action, second.lane) == (Action.FLAG, "afterwards")
    assert [judged.rule for judged in second.verdict.judged] == ["slow"]


def test_what_is_not_found_makes_no_second_record() -> None:
    _, commands = asked(guardrail(Words(), rule("slow", "flag")), asking("hello"))
    assert late(commands) is None


def test_an_observer_that_fails_makes_no_second_record() -> None:
    words = Words()
    words.failure = Failure.TIMEOUT
    _, commands = asked(guardrail(words, rule("slow", "flag")), asking("hello"))
    assert late(commands) is None


def test_a_policy_without_slow_detectors_defers_nothing() -> None:
    _, commands = asked(guardrail(Words(), rule("us_ssn", "block")), asking("hello"))
    assert kinds(commands) == ["ContinueBody", "Report"]


def test_a_failure_that_blocks_says_what_to_do_and_is_no_violation() -> None:
    words = Words()
    words.failure = Failure.TIMEOUT
    _, commands = through(guardrail(words, rule("slow", "block")), asking("hello"))
    status, error = refusal(commands)
    assert (status, error["code"]) == (403, "detector_unavailable")
    assert "gave no answer (timeout); try again later" in error["message"]
    assert (record(commands).outcome, record(commands).reason) == (
        Outcome.REFUSED,
        "detector_timeout",
    )


def test_a_failure_that_lets_pass_is_on_record() -> None:
    words = Words()
    words.failure = Failure.REFUSED
    guard = guardrail(words, rule("slow", "block", onError="allow"))
    _, commands = through(guard, asking("hello"))
    assert kinds(commands) == ["ContinueBody", "Report"]
    assert (record(commands).outcome, record(commands).reason) == (
        Outcome.FAIL_OPEN,
        "detector_refused",
    )


def test_a_block_for_another_reason_is_judged_though_a_detector_failed() -> None:
    words = Words()
    words.failure = Failure.REFUSED
    guard = guardrail(
        words, rule("us_ssn", "block", rollout="shadow"), rule("slow", "block", onError="flag")
    )
    _, commands = through(guard, asking(SSN))
    found = record(commands)
    assert found.outcome is Outcome.FAIL_OPEN
    assert found.verdict is not None
    assert found.verdict.action is Action.FLAG


def test_an_answer_may_be_delayed_too() -> None:
    machine, _ = asked(guardrail(Words(), rule("slow", "redact", on=["response"])), asking(WORD))
    machine.receive(ANSWER)
    commands = finish(machine, machine.receive(saying(f"a {WORD}")))
    assert b"a [SLOW]" in commands[0].body  # type: ignore[union-attr, operator]


def test_a_streamed_answer_that_is_observed_is_judged_when_it_has_ended() -> None:
    words = Words()
    guard = guardrail(words, rule("slow", "flag", on=["response"]), rule("us_ssn"))
    machine, _ = asked(guard, asking("hello"))
    machine.receive(STREAM)
    commands = machine.receive(piece(event(f"my {SSN} is {WORD[:4]}") + event(WORD[4:])))
    assert kinds(commands) == ["SendBody"]
    commands = machine.receive(piece(event("", "stop") + b"data: [DONE]\n\n", end=True))
    assert words.asked == []
    found = late(commands)
    assert [text.text for text in words.asked[0]] == [f"my [US_SSN] is {WORD}"]
    assert found is not None
    assert found.verdict is not None
    assert found.verdict.action is Action.FLAG
    assert [judged.rule for judged in found.verdict.judged] == ["slow"]


def test_pieces_of_a_stream_that_a_rule_delays_leave_as_work_that_waits() -> None:
    guard = guardrail(Words(), rule("slow", "block", on=["response"]))
    machine, _ = asked(guard, asking("hello"))
    machine.receive(STREAM)
    deferred = only(machine.receive(piece(event("hello"))), Defer)
    assert isinstance(deferred.work, Patient)
    assert machine.state is State.STREAM_WORK
    commands = machine.receive(WorkDone(outcome(deferred)))
    assert "hello" not in str(commands)
    end = piece(event("", "stop") + b"data: [DONE]\n\n", end=True)
    commands = finish(machine, machine.receive(end))
    assert kinds(commands) == ["SendBody", "Report"]
    assert b"hello" in only(commands, SendBody).body


def test_a_stream_that_waits_may_end_in_trailers() -> None:
    guard = guardrail(Words(), rule("slow", "block", on=["response"]))
    machine, _ = asked(guard, asking("hello"))
    machine.receive(STREAM)
    finish(machine, machine.receive(piece(event("hello"))))
    commands = finish(machine, machine.receive(ResponseTrailers()))
    assert kinds(commands) == ["SendBody", "ContinueTrailers", "Report"]
    assert machine.state is State.DONE


@pytest.mark.parametrize(
    ("on_error", "expected"), [("block", Outcome.REFUSED), ("allow", Outcome.FAIL_OPEN)]
)
def test_a_failure_in_a_stream_is_on_record(on_error: str, expected: Outcome) -> None:
    words = Words()
    words.failure = Failure.TIMEOUT
    guard = guardrail(words, rule("slow", "block", on=["response"], onError=on_error))
    machine, _ = asked(guard, asking("hello"))
    machine.receive(STREAM)
    end = piece(event("hello") + b"data: [DONE]\n\n", end=True)
    commands = finish(machine, machine.receive(end))
    assert (record(commands).outcome, record(commands).reason) == (expected, "detector_timeout")
    assert (b"hello" in only(commands, SendBody).body) is (on_error == "allow")


def test_a_stream_that_is_broken_off_is_judged_as_far_as_it_went() -> None:
    machine, _ = asked(guardrail(Words(), rule("slow", "flag", on=["response"])), asking("hello"))
    machine.receive(STREAM)
    machine.receive(piece(event(f"it is {WORD}")))
    assert late(machine.cancel()) is not None
