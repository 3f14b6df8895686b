"""What may follow what: each legal sequence, and an error for everything else."""

import ast
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import extproc.exchange
from extproc.exchange.commands import Command, Defer
from extproc.exchange.events import (
    Event,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    WorkDone,
)
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.stream import Step
from extproc.model.errors import BodyError, ProtocolError
from extproc.model.values import Direction
from tests.exchange.driving import (
    ANSWER,
    HEADERS,
    JSON,
    POST,
    SMALL_INLINE,
    STREAM,
    STREAMED,
    advance,
    asking,
    exchange,
    exchange_in,
    kinds,
    piece,
    saying,
)
from tests.guardrail.making import BLOCK_SSN, DONE, REDACT_ALL, SSN, guardrail, said

EXAMPLES: dict[type[Event], Event] = {
    RequestHeaders: HEADERS,
    RequestBody: asking(),
    RequestTrailers: RequestTrailers(),
    ResponseHeaders: ANSWER,
    ResponseBody: saying(),
    ResponseTrailers: ResponseTrailers(),
    WorkDone: WorkDone(BodyError("invalid_json", "it is not JSON")),
}

# Stated once more, on purpose: a change of the table has to be meant.
LEGAL: dict[State, set[type[Event]]] = {
    State.START: {RequestHeaders, ResponseHeaders},
    State.REQUEST_BODY: {RequestBody, RequestTrailers, ResponseHeaders},
    State.REQUEST_WORK: {WorkDone},
    State.RESPONSE_HEADERS: {RequestTrailers, ResponseHeaders},
    State.RESPONSE_BODY: {ResponseBody, ResponseTrailers},
    State.RESPONSE_WORK: {WorkDone},
    State.STREAM: {ResponseBody, ResponseTrailers},
    State.STREAM_WORK: {WorkDone},
    State.STREAM_WORK: {WorkDone},
    State.CHUNKS: {ResponseBody, ResponseTrailers},
    State.CHUNK_WORK: {WorkDone},
    State.CHUNK_WORK: {WorkDone},
    State.DONE: {RequestTrailers, ResponseBody, ResponseTrailers},
}
PAIRS = list(product(State, EXAMPLES))


def name(value: object) -> str:
    return value.name if isinstance(value, State) else getattr(value, "__name__", "")


@pytest.mark.parametrize(("state", "kind"), [p for p in PAIRS if p[1] not in LEGAL[p[0]]], ids=name)
def test_an_event_that_is_not_legal_is_a_protocol_error(state: State, kind: type[Event]) -> None:
    machine = exchange_in(state)
    with pytest.raises(ProtocolError) as caught:
        machine.receive(EXAMPLES[kind])
    assert kind.__name__ in str(caught.value)
    assert state.name in str(caught.value)


@pytest.mark.parametrize(("state", "kind"), [p for p in PAIRS if p[1] in LEGAL[p[0]]], ids=name)
def test_an_event_that_is_legal_is_answered(state: State, kind: type[Event]) -> None:
    streams = state in (State.STREAM_WORK, State.CHUNK_WORK)
    exchange_in(state).receive(WorkDone(Step(b"", ended=False)) if streams else EXAMPLES[kind])


@pytest.mark.parametrize("state", list(State), ids=name)
def test_an_illegal_event_leaves_the_state_as_it_was(state: State) -> None:
    machine = exchange_in(state)
    for kind in set(EXAMPLES) - LEGAL[state]:
        with pytest.raises(ProtocolError):
            machine.receive(EXAMPLES[kind])
        assert machine.state is state


BODILESS = RequestHeaders({":method": "GET", ":path": "/v1/models"}, end_of_stream=True)
EMPTY_ANSWER = ResponseHeaders({":status": "204"}, end_of_stream=True)

SEQUENCES: dict[str, tuple[Limits, list[tuple[Event, list[str]]]]] = {
    "buffered": (
        Limits(),
        [
            (HEADERS, ["ContinueHeaders"]),
            (asking(), ["ContinueBody", "Report"]),
            (ANSWER, ["ContinueHeaders"]),
            (saying(), ["ContinueBody", "Report"]),
        ],
    ),
    "buffered with trailers": (
        Limits(),
        [
            (HEADERS, ["ContinueHeaders"]),
            (RequestBody(asking().body, end_of_stream=False), ["ContinueBody", "Report"]),
            (RequestTrailers(), ["ContinueTrailers"]),
            (ANSWER, ["ContinueHeaders"]),
            (ResponseBody(saying().body, end_of_stream=False), ["ContinueBody", "Report"]),
            (ResponseTrailers(), ["ContinueTrailers"]),
        ],
    ),
    "deferred": (
        SMALL_INLINE,
        [
            (HEADERS, ["ContinueHeaders"]),
            (asking(), ["ContinueBody", "Report"]),
            (ANSWER, ["ContinueHeaders"]),
            (saying(), ["ContinueBody", "Report"]),
        ],
    ),
    "no body up, no body down": (
        Limits(),
        [(BODILESS, ["ContinueHeaders"]), (EMPTY_ANSWER, ["ContinueHeaders"])],
    ),
    "no body up": (
        Limits(),
        [
            (BODILESS, ["ContinueHeaders"]),
            (ANSWER, ["ContinueHeaders"]),
            (saying(), ["ContinueBody", "Report"]),
        ],
    ),
    "full duplex": (
        Limits(),
        [
            (HEADERS, ["ContinueHeaders"]),
            (asking(), ["ContinueBody", "Report"]),
            (STREAM, ["ContinueHeaders"]),
            (piece(said("Hi. ")), ["SendBody"]),
            (piece(said("Hi. ")[:9]), []),
            (piece(said("Hi. ")[9:]), ["SendBody"]),
            (piece(DONE), ["SendBody"]),
            (piece(end=True), ["SendBody", "Report"]),
        ],
    ),
    "full duplex with trailers": (
        Limits(),
        [
            (HEADERS, ["ContinueHeaders"]),
            (asking(), ["ContinueBody", "Report"]),
            (STREAM, ["ContinueHeaders"]),
            (piece(said("Hi 12")), ["SendBody"]),
            (ResponseTrailers(), ["SendBody", "ContinueTrailers", "Report"]),
        ],
    ),
    "full duplex with nothing": (
        Limits(),
        [
            (HEADERS, ["ContinueHeaders"]),
            (asking(), ["ContinueBody", "Report"]),
            (STREAM, ["ContinueHeaders"]),
            (ResponseTrailers(), ["ContinueTrailers", "Report"]),
        ],
    ),
    "streamed": (
        STREAMED,
        [
            (HEADERS, ["ContinueHeaders"]),
            (asking(), ["ContinueBody", "Report"]),
            (STREAM, ["ContinueHeaders"]),
            (piece(said("Hi. ")), ["ContinueBody"]),
            (piece(said("Hi. ")[:9]), ["ContinueBody"]),
            (piece(said("Hi. ")[9:]), ["ContinueBody"]),
            (piece(DONE, end=True), ["ContinueBody", "Report"]),
        ],
    ),
    "an answer by Envoy before the body came": (
        Limits(),
        [
            (HEADERS, ["ContinueHeaders"]),
            (ANSWER, ["ContinueHeaders"]),
            (saying(), ["ContinueBody", "Report"]),
        ],
    ),
    "an answer by Envoy before anything came": (
        Limits(),
        [(ANSWER, ["ContinueHeaders"]), (saying(), ["ContinueBody", "Report"])],
    ),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_each_way_through_an_exchange(case: str) -> None:
    limits, steps = SEQUENCES[case]
    machine = exchange(limits=limits)
    for event, expected in steps:
        assert kinds(advance(machine, event)) == expected
    assert machine.state is State.DONE


def test_large_bodies_are_deferred() -> None:
    machine = exchange(limits=SMALL_INLINE)
    machine.receive(HEADERS)
    assert kinds(machine.receive(asking())) == ["Defer"]
    assert machine.state is State.REQUEST_WORK


def test_the_bound_of_what_is_not_deferred_is_inclusive() -> None:
    body = asking()
    for bound, expected in ((len(body.body), False), (len(body.body) - 1, True)):
        machine = exchange(limits=Limits(inline_body=bound))
        machine.receive(HEADERS)
        assert isinstance(machine.receive(body)[0], Defer) is expected


@pytest.mark.parametrize(
    "headers",
    [POST, POST | JSON | {"x": "y"}, {}, {":method": "TRACE"}, {":path": "\x00"}],
    ids=str,
)
def test_any_headers_begin_an_exchange(headers: dict[str, str]) -> None:
    machine = exchange()
    commands: list[Command] = machine.receive(RequestHeaders(headers, end_of_stream=False))
    assert kinds(commands) == ["ContinueHeaders"]


anything = st.binary(max_size=8) | st.sampled_from(
    [asking(SSN).body, saying(SSN).body, said(f"It is {SSN}! "), said(SSN)[:40], DONE, b""]
)
events = st.one_of(
    st.builds(
        RequestHeaders,
        st.sampled_from([POST, POST | JSON, BODILESS.headers, {}]),
        st.booleans(),
    ),
    st.builds(RequestBody, anything, st.booleans()),
    st.builds(RequestTrailers),
    st.builds(
        ResponseHeaders,
        st.sampled_from([ANSWER.headers, STREAM.headers, {"content-encoding": "gzip"}, {}]),
        st.booleans(),
    ),
    st.builds(ResponseBody, anything, st.booleans()),
    st.builds(ResponseTrailers),
)


@settings(max_examples=300)
@given(
    st.lists(events, max_size=10),
    st.sampled_from([Limits(), STREAMED, SMALL_INLINE]),
    st.sampled_from([REDACT_ALL, BLOCK_SSN, guardrail()]),
)
def test_any_events_are_answered_or_a_protocol_error_and_nothing_leaks(
    sequence: list[Event], limits: Limits, guard: Guardrail
) -> None:
    machine = exchange(guard, limits)
    for event in sequence:
        try:
            commands = advance(machine, event)
        except ProtocolError:
            break
        if guard.enforces(Direction.REQUEST):
            assert SSN not in "".join(map(repr, commands))
    machine.fail()
    machine.cancel()


IMPURE = {"asyncio", "time", "random", "secrets", "uuid", "threading", "socket", "datetime", "os"}


@pytest.mark.parametrize(
    "source", sorted(Path(extproc.exchange.__path__[0]).glob("*.py")), ids=lambda path: path.name
)
def test_an_exchange_knows_no_clock_no_chance_and_no_loop(source: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await)
    assert not imported & IMPURE
