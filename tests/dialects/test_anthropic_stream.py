"""Streamed messages: channels, additional events, and both ways to end early, as the SDK reads."""

import json
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from hypothesis import example, given
from hypothesis import strategies as st

from extproc.dialects.anthropic import AnthropicMessages
from extproc.dialects.anthropic_stream import MessageStream
from extproc.dialects.base import StreamEvent
from extproc.dialects.framing import Frame
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Skipped, Usage
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    REDACT_ALL,
    SSN,
    byte_pieces,
    documents,
    guardrail,
    pieces,
    rule,
)

START: dict[str, Any] = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 20, "output_tokens": 1},
    },
}
STOP = {"type": "message_stop"}
FIELDS = {"text": "text", "thinking": "thinking", "input_json": "partial_json"}


def begin(index: int = 0, **block: Any) -> dict[str, Any]:
    block = block or {"type": "text", "text": ""}
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(text: str, index: int = 0, kind: str = "text") -> dict[str, Any]:
    of = {"type": f"{kind}_delta", FIELDS[kind]: text}
    return {"type": "content_block_delta", "index": index, "delta": of}


def end(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def finish(reason: str = "end_turn", tokens: int = 9) -> dict[str, Any]:
    of = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": of, "usage": {"output_tokens": tokens}}


def read(*events: dict[str, Any]) -> StreamEvent:
    """The last of some events."""
    stream = MessageStream()
    return [stream.read(json.dumps(event).encode()) for event in events][-1]


def sse(*events: dict[str, Any]) -> bytes:
    """Named events, as the provider sends them."""
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


def output(guard: Guardrail, parts: list[bytes]) -> bytes:
    stream = guard.open_stream(MessageStream(), "caller", 1 << 20)
    last = len(parts) - 1
    steps = [stream.feed(part, BROKEN, final=i == last) for i, part in enumerate(parts)]
    return b"".join(step.data for step in steps)


def understood(stream: bytes) -> dict[str, Any]:
    """What the official SDK makes of a stream; it reads named events only."""
    assert stream.count(b"event: ") == stream.count(b"data: ")
    message: Any = None
    buffers: dict[int, bytes] = {}
    for event in documents(stream):
        if event["type"] != "ping":
            message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
    found = message.to_dict()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("kind", "form"),
    [("text", Format.TEXT), ("thinking", Format.TEXT), ("input_json", Format.JSON)],
)
def test_each_kind_of_delta_is_a_text_of_its_block(kind: str, form: Format) -> None:
    [found] = read(delta("x", 3, kind)).deltas
    assert found.channel == (3, FIELDS[kind])
    assert found.segment == (("delta", FIELDS[kind]), "x", form, "assistant")


@pytest.mark.parametrize("field", ["text", "thinking"])
def test_what_a_block_begins_with_is_the_beginning_of_its_text(field: str) -> None:
    [first] = read(begin(2, type=field, **{field: "Hi"})).deltas
    assert first.channel == read(delta("x", 2, field)).deltas[0].channel


def test_a_delta_of_a_kind_nobody_knows_grows_too() -> None:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "song", "verse": ["la"]}}
    [found] = read(event).deltas
    assert found.channel == (0, "verse", 0)
    stream = MessageStream()
    stream.read(json.dumps(event).encode())
    carrier = json.loads(stream.carrier(found.channel, "li").data or b"")
    assert carrier == {**event, "delta": {"type": "song", "verse": ["li"]}}


def test_a_signature_is_skipped() -> None:
    signed = {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta"}}
    signed["delta"]["signature"] = "EpAD="  # type: ignore[index]
    assert read(signed).whole.skipped == [Skipped(("delta", "signature"), "signature")]
    assert read(signed).deltas == []


def test_a_citation_comes_whole() -> None:
    of = {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "x"}}
    event = read({"type": "content_block_delta", "index": 0, "delta": of})
    assert [segment.text for segment in event.whole.segments] == ["x"]
    assert event.deltas == []


def test_the_end_of_a_block_closes_its_text_and_the_end_of_the_message_all() -> None:
    assert read(end(4)).closed_scopes == (4,)
    assert [read(event).closes_all for event in (finish(), STOP, delta("x"), {"type": "ping"})] == [
        True,
        True,
        False,
        False,
    ]


def test_usage_is_known_at_the_start_and_at_the_end() -> None:
    assert read(START).usage == Usage(23, 1)
    assert read(START, delta("x")).usage is None
    assert read(START, finish(tokens=9)).usage == Usage(23, 9)
    counted = {**finish(), "usage": {"input_tokens": 50, "output_tokens": 7}}
    assert read(START, counted).usage == Usage(50, 7)


@pytest.mark.parametrize("index", [None, "0", True, 1.5, -1, [0]])
@pytest.mark.parametrize("event", [begin(), delta("x"), end()], ids=lambda event: event["type"])
def test_a_block_is_known_by_its_index(event: dict[str, Any], index: Any) -> None:
    with pytest.raises(BodyError) as caught:
        read({**event, "index": index})
    assert caught.value.code == "invalid_event"


# As guarded


def answer(text: str, kind: str, size: int) -> list[dict[str, Any]]:
    """A whole stream whose only block says `text`, `size` characters at a time."""
    block = {"text": {"type": "text", "text": ""}, "thinking": {"type": "thinking", "thinking": ""}}
    tool = {"type": "tool_use", "id": "toolu_1", "name": "mail", "input": {}}
    parts = [delta(text[i : i + size], 0, kind) for i in range(0, len(text), size)]
    return [START, begin(**block.get(kind, tool)), *parts, end(), finish(), STOP]


@pytest.mark.parametrize("size", range(1, 40))
def test_text_cut_anywhere_is_redacted(size: int) -> None:
    said = answer(f"Mail jane@example.com, SSN {SSN}, ok", "text", size)
    passed = understood(output(REDACT_ALL, [sse(*said)]))
    assert passed["content"] == [{"type": "text", "text": "Mail [EMAIL_ADDRESS], SSN [US_SSN], ok"}]
    assert passed["stop_reason"] == "end_turn"


@pytest.mark.parametrize("size", range(1, 40))
def test_the_input_of_a_tool_cut_anywhere_is_redacted(size: int) -> None:
    given = json.dumps({"to": f"jane@example.com\n\t{SSN}", "n": [1, 123456789]})
    [tool] = understood(output(REDACT_ALL, [sse(*answer(given, "input_json", size))]))["content"]
    assert tool["input"] == {"to": "[EMAIL_ADDRESS]\n\t[US_SSN]", "n": [1, 123456789]}
    assert (tool["id"], tool["name"]) == ("toolu_1", "mail")


def test_a_stream_cut_at_any_byte_passes_alike() -> None:
    body = sse(*answer(f"SSN {SSN}, ok", "text", 5))
    whole = output(REDACT_ALL, [body])
    for place in range(1, len(body)):
        assert output(REDACT_ALL, [body[:place], body[place:]]) == whole


def test_redacted_thinking_stays_redacted_and_keeps_its_signature() -> None:
    events = answer(f"The SSN is {SSN}.", "thinking", 4)
    of = {"type": "signature_delta", "signature": f"{SSN}jane@example.com="}
    events.insert(-3, {"type": "content_block_delta", "index": 0, "delta": of})
    [block] = understood(output(REDACT_ALL, [sse(*events)]))["content"]
    assert block["thinking"] == "The SSN is [US_SSN]."
    assert block["signature"] == of["signature"]


def test_blocks_side_by_side_are_texts_of_their_own() -> None:
    events = [START, begin(0), begin(1), delta("123-45"), delta("-6789 ", 1), end(0), end(1), STOP]
    assert [
        block["text"] for block in understood(output(REDACT_ALL, [sse(*events)]))["content"]
    ] == [
        "123-45",
        "-6789 ",
    ]


def test_a_value_begun_with_its_block_is_redacted() -> None:
    events = [
        START,
        begin(type="text", text="It is 123-45"),
        delta("-6789."),
        end(),
        finish(),
        STOP,
    ]
    [block] = understood(output(REDACT_ALL, [sse(*events)]))["content"]
    assert block["text"] == "It is [US_SSN]."


BLOCKED: dict[str, list[dict[str, Any]]] = {
    "text": [START, begin(), delta("Hi. "), delta(f"It is {SSN} "), end()],
    "held": [START, begin(), delta("Hi. It is 123-45"), delta("-6789"), end()],
    "first": [START, begin(type="text", text=f"Hi. It is {SSN} "), delta("x")],
    "tool": [START, begin(type="text", text="Hi. It is "), end(), begin(1, type="x", note=SSN)],
    "input": [
        START,
        begin(type="tool_use", id="t", name="n", input={}),
        delta(f'{{"a": "{SSN}"}}', kind="input_json"),
        delta("}", kind="input_json"),
    ],
    "start": [{**START, "note": SSN}, begin()],
    "nothing": [{"type": "ping", "note": SSN}, START],
    "citation": [
        START,
        begin(),
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "citations_delta", "citation": {"type": "x", "cited_text": SSN}},
        },
    ],
    "end": [START, begin(), delta("Hi. "), end(), {**finish(), "note": SSN}],
}


@pytest.mark.parametrize("name", BLOCKED)
@pytest.mark.parametrize("together", [True, False])
def test_a_block_ends_the_message_as_a_refusal(name: str, together: bool) -> None:
    parts = [sse(event) for event in BLOCKED[name]]
    passed = output(BLOCK_SSN, [b"".join(parts)] if together else parts)
    assert b"6789" not in passed
    kinds = [event["type"] for event in documents(passed)]
    assert kinds.count("message_start") == kinds.count("message_stop") == 1
    assert kinds.count("content_block_start") == kinds.count("content_block_stop")
    assert understood(passed)["stop_reason"] == "refusal"
    if name in ("text", "held", "first"):
        assert understood(passed)["content"] == [{"type": "text", "text": "Hi. It is "}]


@pytest.mark.parametrize(
    "events", [[START], [START, begin()], [START, begin(), end()], [START, begin(), delta("x ")]]
)
def test_a_block_between_events_ends_what_has_passed(events: list[dict[str, Any]]) -> None:
    passed = output(BLOCK_SSN, [sse(*events), f": {SSN}\n\n".encode(), sse(STOP)])
    assert understood(passed)["stop_reason"] == "refusal"
    kinds = [event["type"] for event in documents(passed)]
    assert kinds.count("message_start") == 1
    assert kinds.count("content_block_start") == kinds.count("content_block_stop")


def test_nothing_more_is_said_of_a_message_that_has_ended() -> None:
    body = sse(*answer("Hi. ", "text", 4))
    assert output(BLOCK_SSN, [body, f": {SSN}\n\n".encode()]) == body


def test_a_stream_that_cannot_be_inspected_ends_in_a_named_error() -> None:
    passed = output(REDACT_ALL, [sse(START), b"event: ping\ndata: {broken\n\n"])
    refusal = Refusal(502, BROKEN.code, BROKEN.message, BROKEN.request_id)
    assert MessageStream().error_end(refusal) == [
        Frame(AnthropicMessages().error(refusal), (b"event: error",))
    ]
    assert passed.startswith(sse(START) + b"event: error\ndata: ")
    assert documents(passed)[-1]["error"]["type"] == "api_error"


def test_what_is_held_passes_before_an_error_of_the_provider() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    passed = documents(output(REDACT_ALL, [sse(START, begin(), delta("It is 123-45"), error)]))
    assert [event["type"] for event in passed][-2:] == ["content_block_delta", "error"]


@given(text=st.text(max_size=60), seed=st.integers(0, 999))
def test_any_text_passes_a_policy_that_finds_nothing(text: str, seed: int) -> None:
    guard = guardrail(rule("us_ssn"))
    parts = [delta(part) for part in pieces(text.encode(errors="ignore").decode(), seed)]
    body = sse(START, begin(), *parts, end(), finish(), STOP)
    [block] = understood(output(guard, byte_pieces(body, seed)))["content"]
    assert block["text"] == "".join(part["delta"]["text"] for part in parts)


NAMES = ["type", "index", "delta", "text", "content_block", "message", "usage", "content", "source"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
)
KINDS = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "message_delta", "error"]
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON), max_size=4), KINDS)
@example([{"delta": ["some text"]}], "content_block_delta")
def test_whatever_comes_is_read_or_refused(found: list[dict[str, Any]], kind: str) -> None:
    stream = MessageStream()
    for each in found:
        try:
            event = stream.read(json.dumps({**each, "type": each.get("index", kind)}).encode())
            event = stream.read(json.dumps({"index": 0, **each, "type": kind}).encode())
        except BodyError:
            continue
        for one in event.deltas:
            stream.carrier(one.channel, "y")
        stream.filtered_end()


def test_texts_of_a_delta_that_is_a_list_are_whole() -> None:
    event = {"type": "content_block_delta", "index": 0, "delta": ["a", "b"]}
    read = MessageStream().read(json.dumps(event).encode())
    assert read.deltas == []
    assert [segment.text for segment in read.whole.segments] == ["a", "b"]
