"""Placeholders in answers of every API, wherever they are cut, come back as values."""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from extproc.dialects import registry
from extproc.dialects.base import StreamReader
from extproc.dialects.cohere_stream import CohereStream
from extproc.dialects.ollama import Ollama
from extproc.dialects.openai_chat import ChatStream
from extproc.dialects.openai_completions import CompletionStream
from extproc.model.values import Direction
from extproc.redaction.pseudonyms import Pseudonyms
from tests.dataplane.canaries import TEXT, leaks
from tests.exchanges import planting, recut
from tests.exchanges.recordings import Recording, encode, exchanges
from tests.guardrail.making import (
    BROKEN,
    CHAT,
    FORMS,
    MAX_EVENT,
    arguments,
    choice,
    event,
    guardrail,
    rule,
    said,
    sse,
)

STYLES = ["pseudonym", "pseudonym-format", "pseudonym-opaque"]
GUARDS = {style: guardrail(rule(FORMS, redaction=style)) for style in STYLES}
CUTS = 5  # of each stream at random, besides byte by byte


def sent(style: str) -> tuple[Pseudonyms, str]:
    """What a request has given pseudonyms to, and what went to the provider."""
    guard = GUARDS[style]
    pseudonyms = guard.pseudonyms("tenant")
    assert pseudonyms is not None
    body = json.dumps({"messages": [{"role": "user", "content": TEXT}]}).encode()
    inspection = guard.inspect_json(CHAT, Direction.REQUEST, body, "caller", pseudonyms)
    assert inspection.body is not None
    assert leaks(inspection.body) == []
    return pseudonyms, json.loads(inspection.body)["messages"][0]["content"]


def answered(style: str, recording: Recording, chunks: list[bytes]) -> bytes:
    """What the client receives."""
    dialect = registry.find(recording.method, recording.path, recording.host)
    reader = dialect.stream(recording.content_type.partition(";")[0])
    assert reader is not None
    return through(style, reader, chunks)


def through(style: str, reader: StreamReader, chunks: list[bytes]) -> bytes:
    pseudonyms, _ = sent(style)
    stream = GUARDS[style].open_stream(reader, "caller", MAX_EVENT, (), pseudonyms)
    data = [stream.feed(chunk, BROKEN).data for chunk in chunks]
    data.append(stream.feed(b"", BROKEN, final=True).data)
    assert not stream.unreadable
    return b"".join(data)


def meaning(recording: Recording, body: bytes) -> tuple[Any, Any]:
    """What a client makes of a stream."""
    events = planting.read_stream(recording, body)
    texts = planting.texts(recording.family, events)
    return texts, planting.standing(recording.family, events)


def expected(recording: Recording) -> tuple[Any, Any]:
    events = planting.planted_stream(recording, TEXT)
    return planting.texts(recording.family, events), planting.standing(recording.family, events)


@pytest.mark.parametrize("recording", recut.STREAMS, ids=lambda recording: recording.name)
@pytest.mark.parametrize("style", STYLES[:2])
def test_values_come_back_however_a_stream_is_cut(style: str, recording: Recording) -> None:
    _, text = sent(style)
    body = b"".join(planting.write_stream(planting.planted_stream(recording, text)))
    whole = answered(style, recording, [body])
    assert meaning(recording, whole) == expected(recording)
    rng = random.Random(1)
    for _ in range(CUTS):
        assert answered(style, recording, recut.cut(body, rng)) == whole
    assert answered(style, recording, [body[i : i + 1] for i in range(len(body))]) == whole


WHOLE = [
    recording
    for recording in exchanges()
    if isinstance(recording.response, dict | list) and recording.status == 200
]


@pytest.mark.parametrize("style", STYLES[:2])
@pytest.mark.parametrize("recording", WHOLE, ids=lambda recording: recording.name)
def test_values_come_back_in_whole_answers(style: str, recording: Recording) -> None:
    pseudonyms, text = sent(style)
    dialect = registry.find(recording.method, recording.path, recording.host)
    body = encode(planting.planted(recording.response, text))
    passed = GUARDS[style].inspect_json(dialect, Direction.RESPONSE, body, "caller", pseudonyms)
    told = json.loads(passed.body or body)
    meant = json.loads(encode(planting.planted(recording.response, TEXT)))
    assert planting.without_repeats(told) == planting.without_repeats(meant)


def shortest() -> list[Recording]:
    """Of each family the shortest stream that has texts, and the shortest with arguments."""
    found: dict[tuple[str, bool], Recording] = {}
    for recording in sorted(recut.STREAMS, key=lambda each: len(each.response_body)):
        events = planting.read_stream(recording, recording.response_body)
        for channel in planting.texts(recording.family, events):
            found.setdefault((recording.family, channel[0]), recording)
    return list({recording.name: recording for recording in found.values()}.values())


@pytest.mark.parametrize("recording", shortest(), ids=lambda recording: recording.name)
@pytest.mark.parametrize("style", STYLES)
def test_values_come_back_wherever_events_cut_them(style: str, recording: Recording) -> None:
    _, text = sent(style)
    for half in range(len(text) + 1):
        chunks = planting.write_stream(planting.planted_stream(recording, text, half))
        assert meaning(recording, answered(style, recording, chunks)) == expected(recording)


class Wire(NamedTuple):
    """A stream that is not among the recordings: an event for a piece, and the pieces of events."""

    reader: Callable[[], StreamReader | None]
    event: Callable[[str], bytes]
    pieces: Callable[[Any], str]


def line(piece: str) -> bytes:
    return json.dumps({"message": {"role": "assistant", "content": piece}}).encode() + b"\n"


def of_cohere(kind: str, message: dict[str, Any]) -> bytes:
    return sse({"type": kind, "index": 0, "delta": {"message": message}})


def tool_call(piece: str) -> dict[str, Any]:
    return {"tool_calls": {"function": {"arguments": piece}}}


TEXTS = {
    "openai_chat": Wire(
        ChatStream, said, lambda given: given["choices"][0]["delta"].get("content") or ""
    ),
    "completions": Wire(
        CompletionStream,
        lambda piece: sse({"choices": [{"index": 0, "text": piece, "finish_reason": None}]}),
        lambda given: given["choices"][0]["text"],
    ),
    "cohere": Wire(
        CohereStream,
        lambda piece: of_cohere("content-delta", {"content": {"text": piece}}),
        lambda given: given["delta"]["message"]["content"]["text"],
    ),
    "ollama": Wire(
        lambda: Ollama().stream("application/x-ndjson"),
        line,
        lambda given: given["message"]["content"],
    ),
}
ARGUMENTS = {
    "openai_chat": Wire(
        ChatStream,
        lambda piece: event(choice(**arguments(piece))),
        lambda given: given["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"],
    ),
    "cohere": Wire(
        CohereStream,
        lambda piece: of_cohere("tool-call-delta", tool_call(piece)),
        lambda given: given["delta"]["message"]["tool_calls"]["function"]["arguments"],
    ),
}


def joined(style: str, wire: Wire, pieces: list[str]) -> str:
    """What a client joins when the model says `pieces`."""
    reader = wire.reader()
    assert reader is not None
    passed = through(style, reader, [wire.event(piece) for piece in pieces if piece])
    rows = [row.removeprefix(b"data: ") for row in passed.split(b"\n")]
    return "".join(wire.pieces(json.loads(row)) for row in rows if row.startswith(b"{"))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("wire", TEXTS.values(), ids=TEXTS)
def test_text_comes_back_in_any_two_pieces(style: str, wire: Wire) -> None:
    _, text = sent(style)
    assert joined(style, wire, list(text)) == TEXT
    for place in range(len(text)):
        assert joined(style, wire, [text[:place], text[place:]]) == TEXT


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("wire", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_come_back_in_any_two_pieces(style: str, wire: Wire) -> None:
    _, text = sent(style)
    within = json.dumps({"deep": text})
    spelled = json.dumps({"to": text, "body": within}).replace("_", r"\u005f")
    meant = {"to": TEXT, "body": json.dumps({"deep": TEXT})}
    assert json.loads(joined(style, wire, list(spelled))) == meant
    for place in range(len(spelled)):
        assert json.loads(joined(style, wire, [spelled[:place], spelled[place:]])) == meant
