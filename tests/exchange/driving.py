"""Exchanges for tests, brought to a state by the events that Envoy would send."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from extproc.exchange.commands import Command, Defer, Reject, Report
from extproc.exchange.events import (
    BodyMode,
    Event,
    RequestBody,
    RequestHeaders,
    ResponseBody,
    ResponseHeaders,
    WorkDone,
)
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.record import Record
from tests.guardrail.making import REDACT_ALL

POST = {":method": "POST", ":path": "/openai/v1/chat/completions"}
JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8", ":status": "200"}
ID = "id-made-here"

HEADERS = RequestHeaders(POST | JSON, end_of_stream=False)
ANSWER = ResponseHeaders(JSON | {":status": "200"}, end_of_stream=False)
STREAM = ResponseHeaders(EVENTS, end_of_stream=False)

SMALL_INLINE = Limits(inline_body=1)
SMALL_INLINE_STREAM = Limits(inline_body=300)
LARGE = b": a comment\n\n" * 30
STREAMED = Limits(stream_mode=BodyMode.STREAMED)

_C = TypeVar("_C", bound=Command)


def exchange(
    guard: Guardrail = REDACT_ALL,
    limits: Limits | None = None,
    new_id: Callable[[], str] = lambda: ID,
) -> Exchange:
    return Exchange(guard, limits or Limits(), new_id)


def asking(text: str = "Hello", **fields: Any) -> RequestBody:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    return RequestBody(json.dumps(body).encode(), end_of_stream=True)


def saying(text: str = "Hello", **fields: Any) -> ResponseBody:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}], **fields}
    return ResponseBody(json.dumps(body).encode(), end_of_stream=True)


def piece(data: bytes = b"", *, end: bool = False) -> ResponseBody:
    return ResponseBody(data, end_of_stream=end)


def advance(machine: Exchange, *events: Event) -> list[Command]:
    """Give events in order, doing deferred work at once; return the commands of the last."""
    commands: list[Command] = []
    for event in events:
        commands = machine.receive(event)
        while commands and isinstance(commands[-1], Defer):
            commands = machine.receive(WorkDone(outcome(commands[-1])))
    return commands


def outcome(deferred: Defer) -> object:
    try:
        return deferred.work()
    except Exception as error:  # noqa: BLE001 - as a transport does
        return error


def only(commands: list[Command], kind: type[_C]) -> _C:
    """The one command of its kind."""
    [found] = [command for command in commands if isinstance(command, kind)]
    return found


def record(commands: list[Command]) -> Record:
    return only(commands, Report).record


def kinds(commands: list[Command]) -> list[str]:
    return [type(command).__name__ for command in commands]


def refusal(commands: list[Command]) -> tuple[int, dict[str, Any]]:
    """Status and error object of a rejection."""
    reject = only(commands, Reject)
    return reject.status, json.loads(reject.body)["error"]


def exchange_in(state: State, guard: Guardrail = REDACT_ALL) -> Exchange:
    """An exchange that waits in `state`."""
    steps: dict[State, tuple[Limits, tuple[Event, ...]]] = {
        State.START: (Limits(), ()),
        State.REQUEST_BODY: (Limits(), (HEADERS,)),
        State.REQUEST_WORK: (SMALL_INLINE, (HEADERS, asking())),
        State.RESPONSE_HEADERS: (Limits(), (HEADERS, asking())),
        State.RESPONSE_BODY: (Limits(), (HEADERS, asking(), ANSWER)),
        State.RESPONSE_WORK: (
            Limits(inline_body=300),
            (HEADERS, asking(), ANSWER, saying("x" * 300)),
        ),
        State.STREAM: (Limits(), (HEADERS, asking(), STREAM)),
        State.STREAM_WORK: (SMALL_INLINE_STREAM, (HEADERS, asking(), STREAM, piece(LARGE))),
        State.CHUNK_WORK: (
            replace(STREAMED, inline_body=300),
            (HEADERS, asking(), STREAM, piece(LARGE)),
        ),
        State.CHUNKS: (STREAMED, (HEADERS, asking(), STREAM)),
        State.DONE: (Limits(), (HEADERS, asking(), ANSWER, saying())),
    }
    limits, events = steps[state]
    machine = exchange(guard, limits)
    for event in events:
        machine.receive(event)
    assert machine.state is state
    return machine
