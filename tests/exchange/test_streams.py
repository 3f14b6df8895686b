"""Streamed answers: both modes, early ends, and what goes on record when they break off."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.exchange.commands import (
    Command,
    ContinueBody,
    ContinueHeaders,
    Defer,
    Report,
    SendBody,
)
from extproc.exchange.events import BodyMode, ResponseTrailers, WorkDone
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import ProtocolError
from extproc.model.record import Outcome
from extproc.model.values import Action, Direction, Usage
from tests.exchange.driving import (
    ANSWER,
    HEADERS,
    ID,
    STREAM,
    STREAMED,
    advance,
    asking,
    exchange,
    exchange_in,
    kinds,
    only,
    outcome,
    piece,
    record,
    saying,
)
from tests.guardrail.making import (
    BLOCK_SSN,
    DONE,
    REDACT_ALL,
    SSN,
    byte_pieces,
    event,
    finished,
    guardrail,
    rule,
    said,
    text_of,
)

DUPLEX = Limits()
UNREADABLE = b"data: {\n\n"
FULL = b"".join([said(f"It is {SSN}"), said(", ok? "), finished(), DONE])


def streaming(guard: Guardrail = REDACT_ALL, limits: Limits = DUPLEX) -> Exchange:
    machine = exchange(guard, limits)
    advance(machine, HEADERS, asking(), STREAM)
    return machine


def body_of(commands: list[Command], chunk: bytes = b"") -> bytes:
    """The bytes that a client gets for them; `chunk` where it passes as it came."""
    parts = []
    for command in commands:
        if isinstance(command, SendBody):
            parts.append(command.body)
        elif isinstance(command, ContinueBody):
            parts.append(chunk if command.body is None else command.body)
    return b"".join(parts)


def through(machine: Exchange, chunks: list[bytes]) -> tuple[bytes, list[Command]]:
    """Feed a whole stream; the bytes that come out, and all commands."""
    out, commands = b"", list[Command]()
    for index, chunk in enumerate(chunks):
        step = machine.receive(piece(chunk, end=index == len(chunks) - 1))
        out += body_of(step, chunk)
        commands += step
    return out, commands


# Opening


@pytest.mark.parametrize("mode", [BodyMode.FULL_DUPLEX_STREAMED, BodyMode.STREAMED])
def test_a_stream_is_opened_in_the_mode_of_the_settings(mode: BodyMode) -> None:
    machine = exchange(limits=Limits(stream_mode=mode))
    command = only(advance(machine, HEADERS, asking(SSN), STREAM), ContinueHeaders)
    assert command.body_mode is mode
    assert dict(command.set_headers) == {
        "x-extproc-request-id": ID,
        "x-extproc-policy": "test",
        "x-extproc-verdict": "redact",
    }


# Full duplex


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([DUPLEX, STREAMED]))
def test_a_stream_in_any_cut_is_the_same_text(seed: int, limits: Limits) -> None:
    out, commands = through(streaming(limits=limits), [*byte_pieces(FULL, seed), b""])
    assert text_of(out) == "It is [US_SSN], ok? "
    assert len([c for c in commands if isinstance(c, Report)]) == 1


def test_a_chunk_that_brings_nothing_is_not_answered() -> None:
    assert streaming().receive(piece(said("x")[:5])) == []


def test_the_end_is_answered_even_when_nothing_is_left() -> None:
    machine = streaming()
    assert machine.receive(piece(end=True))[0] == SendBody(b"", end_of_stream=True)
    assert machine.state is State.DONE


def test_text_that_was_held_comes_with_the_end() -> None:
    machine = streaming()
    machine.receive(piece(said("It is 123-45")))
    assert machine.holds_text
    end = only(machine.receive(piece(end=True)), SendBody)
    assert text_of(end.body) == "123-45"
    assert end.end_of_stream


def test_text_that_was_held_comes_before_trailers() -> None:
    machine = streaming()
    machine.receive(piece(said("It is 123-45")))
    send = machine.receive(ResponseTrailers())[0]
    assert isinstance(send, SendBody)
    assert text_of(send.body) == "123-45"
    assert not send.end_of_stream


def test_a_block_ends_the_response_early() -> None:
    machine = streaming(BLOCK_SSN)
    commands = machine.receive(piece(said(f"It is {SSN}, so ")))
    assert kinds(commands) == ["SendBody", "Report"]
    assert only(commands, SendBody).end_of_stream
    assert b"content_filter" in body_of(commands)
    assert machine.state is State.DONE


def test_chunks_after_an_early_end_go_nowhere() -> None:
    machine = streaming(BLOCK_SSN)
    machine.receive(piece(said(f"It is {SSN}, so ")))
    for late in (piece(said("secret. ")), piece(b"garbage"), piece(DONE, end=True)):
        assert machine.receive(late) == []


def test_trailers_after_an_early_end_are_let_pass() -> None:
    machine = streaming(BLOCK_SSN)
    machine.receive(piece(said(f"It is {SSN}, so ")))
    assert kinds(machine.receive(ResponseTrailers())) == ["ContinueTrailers"]


def test_a_block_at_the_trailers_ends_the_response() -> None:
    machine = streaming(BLOCK_SSN)
    machine.receive(piece(said(f"It is {SSN}")))
    commands = machine.receive(ResponseTrailers())
    assert kinds(commands) == ["SendBody", "Report"]
    assert only(commands, SendBody).end_of_stream


def test_an_unreadable_stream_ends_in_an_error() -> None:
    machine = streaming()
    commands = machine.receive(piece(said("Hi. ") + UNREADABLE))
    assert only(commands, SendBody).end_of_stream
    assert b"unreadable_stream" in body_of(commands)
    seen = record(commands)
    assert (seen.outcome, seen.reason) == (Outcome.REFUSED, "invalid_json")


def test_an_unreadable_stream_passes_on_record_where_the_policy_fails_open() -> None:
    machine = streaming(guardrail(rule("us_ssn", onError="allow")))
    out, commands = through(machine, [UNREADABLE, said("Hi. "), b""])
    assert out == UNREADABLE + said("Hi. ")
    assert record(commands).outcome is Outcome.FAIL_OPEN


# Streamed: one answer for each chunk


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([REDACT_ALL, BLOCK_SSN, guardrail()]))
def test_each_chunk_has_exactly_one_answer(seed: int, guard: Guardrail) -> None:
    machine = streaming(guard, STREAMED)
    parts = [*byte_pieces(FULL, seed), b""]
    for index, part in enumerate(parts):
        commands = machine.receive(piece(part, end=index == len(parts) - 1))
        assert kinds(commands).count("ContinueBody") == 1
        assert kinds(commands)[0] == "ContinueBody"
    assert machine.state is State.DONE


def test_a_chunk_that_passes_as_it_came_is_not_sent_back() -> None:
    assert only(streaming(limits=STREAMED).receive(piece(said("Hi. "))), ContinueBody).body is None


def test_a_chunk_that_waits_is_emptied() -> None:
    command = only(streaming(limits=STREAMED).receive(piece(said("x")[:9])), ContinueBody)
    assert command.body == b""


def test_after_a_block_every_chunk_is_emptied() -> None:
    machine = streaming(BLOCK_SSN, STREAMED)
    first = machine.receive(piece(said(f"It is {SSN}, so ")))
    assert b"content_filter" in body_of(first)
    assert kinds(first) == ["ContinueBody", "Report"]
    for late, end in ((said("secret. "), False), (DONE, True)):
        assert machine.receive(piece(late, end=end)) == [ContinueBody(Direction.RESPONSE, b"")]
    assert machine.state is State.DONE


def test_trailers_of_a_streamed_answer_are_let_pass() -> None:
    machine = streaming(limits=STREAMED)
    assert kinds(machine.receive(ResponseTrailers()))[-1:] == ["ContinueTrailers"]


def test_a_streamed_answer_that_ends_in_trailers_is_on_record_once() -> None:
    machine = streaming(limits=STREAMED)
    commands = machine.receive(piece(said("Hi. ")))
    commands += machine.receive(ResponseTrailers())
    commands += machine.cancel()
    assert len([c for c in commands if isinstance(c, Report)]) == 1


# On record


def test_the_record_of_a_stream_says_what_was_done() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    parts = [said(f"It is {SSN}"), event(usage=usage), finished(), DONE]
    _, commands = through(streaming(), parts)
    seen = record(commands)
    assert (seen.direction, seen.outcome, seen.lane) == (
        Direction.RESPONSE,
        Outcome.JUDGED,
        "stream",
    )
    assert (seen.scanned, seen.body_bytes) == (4, sum(map(len, parts)))
    assert seen.usage == Usage(3, 5)
    assert seen.verdict is not None
    assert seen.verdict.action is Action.REDACT


def test_the_record_of_a_blocked_stream_names_the_rule() -> None:
    machine = streaming(BLOCK_SSN)
    seen = record(machine.receive(piece(said(f"It is {SSN}, so "))))
    assert seen.reason == "us-ssn"
    assert seen.verdict is not None
    assert seen.verdict.action is Action.BLOCK


# Large pieces


@pytest.mark.parametrize("limits", [DUPLEX, STREAMED], ids=["duplex", "streamed"])
def test_a_large_piece_is_guarded_elsewhere_and_gives_the_same(limits: Limits) -> None:
    def given(inline: int) -> tuple[bytes, list[str], list[str]]:
        machine = streaming(limits=replace(limits, inline_body=inline))
        out, deferred, answers = b"", list[str](), list[str]()
        parts = [FULL[:150], FULL[150:], b""]
        for index, part in enumerate(parts):
            commands = machine.receive(piece(part, end=index == len(parts) - 1))
            if isinstance(commands[-1] if commands else None, Defer):
                deferred += kinds(commands)
                commands = machine.receive(WorkDone(outcome(only(commands, Defer))))
            answers += kinds(commands)
            out += body_of(commands, part)
        return out, deferred, answers

    at_once, none, expected = given(1 << 20)
    later, deferred, answers = given(100)
    assert (none, deferred) == ([], ["Defer", "Defer"])
    assert (later, answers) == (at_once, expected)
    assert text_of(at_once) == "It is [US_SSN], ok? "


def test_a_large_piece_that_is_blocked_ends_the_stream() -> None:
    machine = streaming(BLOCK_SSN, Limits(inline_body=100))
    [defer] = machine.receive(piece(said(f"It is {SSN}! ")))
    assert isinstance(defer, Defer)
    commands = machine.receive(WorkDone(outcome(defer)))
    assert kinds(commands) == ["SendBody", "Report"]
    assert only(commands, SendBody).end_of_stream
    assert machine.state is State.DONE


@pytest.mark.parametrize("limits", [DUPLEX, STREAMED], ids=["duplex", "streamed"])
def test_only_a_streamed_piece_is_waited_for(limits: Limits) -> None:
    machine = streaming(limits=replace(limits, inline_body=100))
    [defer] = machine.receive(piece(said("Hi. " * 50)))
    assert isinstance(defer, Defer)
    assert defer.is_awaited is (limits is STREAMED)


@pytest.mark.parametrize("limits", [DUPLEX, STREAMED], ids=["duplex", "streamed"])
def test_an_error_in_the_work_of_a_stream_is_not_hidden(limits: Limits) -> None:
    machine = streaming(limits=replace(limits, inline_body=100))
    machine.receive(piece(said("Hi. " * 50)))
    with pytest.raises(KeyError):
        machine.receive(WorkDone(KeyError("bug")))
    assert bool(machine.fail()) is (limits is DUPLEX)


def test_the_work_of_a_stream_that_returns_something_else_is_a_protocol_error() -> None:
    machine = streaming(limits=Limits(inline_body=100))
    machine.receive(piece(said("Hi. " * 50)))
    with pytest.raises(ProtocolError):
        machine.receive(WorkDone(b"bytes"))


def test_a_stream_that_is_cancelled_while_its_work_is_out_is_on_record() -> None:
    machine = streaming(limits=Limits(inline_body=100))
    machine.receive(piece(said("Hi. " * 50)))
    assert record(machine.cancel()).lane == "stream"


# Breaking off


@pytest.mark.parametrize("limits", [DUPLEX, STREAMED], ids=["duplex", "streamed"])
def test_a_stream_that_is_cancelled_is_on_record(limits: Limits) -> None:
    machine = streaming(guardrail(rule("us_ssn", "flag")), limits)
    machine.receive(piece(said(f"It is {SSN}! ")))
    seen = record(machine.cancel())
    assert seen.verdict is not None
    assert seen.verdict.action is Action.FLAG


@pytest.mark.parametrize("limits", [DUPLEX, STREAMED], ids=["duplex", "streamed"])
def test_a_stream_is_on_record_only_once(limits: Limits) -> None:
    machine = streaming(limits=limits)
    through(machine, [said("Hi. "), DONE])
    assert machine.cancel() == []
    assert machine.cancel() == []


def test_a_blocked_stream_that_is_cancelled_is_on_record_only_once() -> None:
    for limits in (DUPLEX, STREAMED):
        machine = streaming(BLOCK_SSN, limits)
        machine.receive(piece(said(f"It is {SSN}, so ")))
        assert machine.cancel() == []


@pytest.mark.parametrize("state", [State.START, State.REQUEST_BODY, State.RESPONSE_HEADERS])
def test_an_exchange_without_a_stream_is_cancelled_without_a_word(state: State) -> None:
    machine = exchange_in(state)
    assert machine.cancel() == []
    assert machine.state is State.DONE


def test_an_internal_error_ends_an_open_stream_in_an_error() -> None:
    machine = streaming()
    machine.receive(piece(said("It is 123-45")))
    commands = machine.fail()
    assert kinds(commands) == ["SendBody", "Report"]
    assert only(commands, SendBody).end_of_stream
    [error, done] = body_of(commands).split(b"\n\n")[:2]
    assert json.loads(error[6:])["error"]["code"] == "unreadable_stream"
    assert done == b"data: [DONE]"
    assert b"123-45" not in body_of(commands)
    assert record(commands).outcome is Outcome.REFUSED
    assert machine.state is State.DONE


@pytest.mark.parametrize("state", [s for s in State if s is not State.STREAM])
def test_an_internal_error_anywhere_else_is_left_to_the_transport(state: State) -> None:
    assert exchange_in(state).fail() == []


def test_a_stream_that_failed_is_on_record_only_once() -> None:
    machine = streaming()
    machine.fail()
    assert machine.cancel() == []


def test_an_answer_that_is_no_stream_is_not_held() -> None:
    machine = exchange()
    advance(machine, HEADERS, asking(), ANSWER)
    assert not machine.holds_text
    advance(machine, saying())
    assert machine.cancel() == []
