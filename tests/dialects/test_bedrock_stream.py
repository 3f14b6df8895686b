"""Streams of Bedrock Converse: channels, additional events, both ways to end early, redaction."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.base import StreamEvent
from extproc.dialects.bedrock_stream import ConverseStream
from extproc.dialects.event_stream import EventStream
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Format, Usage
from tests.dialects.aws_events import EVENT, event, events, header, headers, message
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    FLAG_ALL,
    MAX_EVENT,
    REDACT_ALL,
    REDACTED,
    TEXT,
    pieces,
)


def read(document: Any) -> StreamEvent:
    return ConverseStream().read(json.dumps(document).encode())


def delta(value: Any, index: int = 0) -> dict[str, Any]:
    return {"contentBlockIndex": index, "delta": value, "p": "abc"}


@pytest.mark.parametrize(
    ("value", "names", "form"),
    [
        ({"text": "x"}, ("text",), Format.TEXT),
        ({"toolUse": {"input": "x"}}, ("toolUse", "input"), Format.JSON),
        ({"reasoningContent": {"text": "x"}}, ("reasoningContent", "text"), Format.TEXT),
        ({"toolResult": [{"text": "x"}]}, ("toolResult", 0, "text"), Format.TEXT),
        ({"tomorrow": "x"}, ("tomorrow",), Format.TEXT),
    ],
)
def test_text_grows_by_block_and_member(value: Any, names: tuple[Any, ...], form: Format) -> None:
    [found] = read(delta(value, 3)).deltas
    assert found.channel == (3, *names)
    assert found.segment.format is form


@pytest.mark.parametrize(
    "value",
    [
        {"citation": {"title": "x", "location": {"web": {"domain": "y"}}}},
        {"toolResult": [{"json": {"a": "x", "b": "y"}}]},
        {"image": {"error": {"title": "x", "message": "y"}}},
    ],
)
def test_what_comes_in_one_event_is_whole(value: Any) -> None:
    found = read(delta(value))
    assert [each.text for each in found.whole.segments if len(each.text) == 1] == ["x", "y"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"reasoningContent": {"signature": "AAAA"}}, "signature"),
        ({"reasoningContent": {"redactedContent": "AAAA"}}, "encrypted_reasoning"),
        ({"image": {"source": {"bytes": "AAAA"}}}, "image"),
    ],
)
def test_what_is_no_text_is_skipped(value: Any, reason: str) -> None:
    found = read(delta(value))
    assert ([each.reason for each in found.whole.skipped], found.deltas) == ([reason], [])


def test_name_of_a_tool_is_whole() -> None:
    start = {"toolUse": {"toolUseId": "t", "name": "x", "type": "tool_use"}}
    found = read({"contentBlockIndex": 0, "start": start, "p": "abc"})
    assert [each.text for each in found.whole.segments] == ["x"]


def test_end_of_a_block_closes_its_texts() -> None:
    assert read({"contentBlockIndex": 2, "p": "ab"}).closed_scopes == (2,)


def test_end_of_the_message_closes_all() -> None:
    assert read({"stopReason": "end_turn", "p": "ab"}).closes_all


def test_usage_comes_at_the_end() -> None:
    assert read({"usage": {"inputTokens": 3, "outputTokens": 5}}).usage == Usage(3, 5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"delta":{"text":"x"}}',
        b'{"contentBlockIndex":-1,"delta":{"text":"x"}}',
        b'{"contentBlockIndex":true,"p":"x"}',
        b'{"contentBlockIndex":"0","delta":{"text":"x"}}',
    ],
)
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(BodyError):
        ConverseStream().read(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["delta", "text", "toolUse", "start", "stopReason", "citation"])
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(st.binary(max_size=40) | VALUES.map(lambda value: json.dumps(delta(value)).encode()))
def test_any_data_is_read_or_refused(data: bytes) -> None:
    reader = ConverseStream()
    try:
        found = reader.read(data)
    except BodyError:
        return
    for each in found.deltas:
        frame = reader.carrier(each.channel, "more")
        [again] = ConverseStream().read(frame.data or b"").deltas
        assert again.segment.text == "more"
        assert again.segment.format is each.segment.format


# Redaction of whole streams


def start(index: int, name: str) -> bytes:
    use = {"toolUse": {"toolUseId": "t", "name": name}}
    return event("contentBlockStart", {"contentBlockIndex": index, "p": "a", "start": use})


def stop(index: int) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": index, "p": "abc"})


def answer(text: str, arguments: str, seed: int = 1) -> bytes:
    """A text block, a reasoning block and a tool call, each in small pieces."""
    stream = event("messageStart", {"p": "abc", "role": "assistant"})
    for piece in pieces(text, seed):
        stream += event("contentBlockDelta", delta({"reasoningContent": {"text": piece}}))
    stream += event("contentBlockDelta", delta({"reasoningContent": {"signature": "c2ln"}}))
    stream += stop(0)
    for piece in pieces(text, seed + 1):
        stream += event("contentBlockDelta", delta({"text": piece}, 1))
    stream += stop(1) + start(2, "send")
    for piece in pieces(arguments, seed + 2):
        stream += event("contentBlockDelta", delta({"toolUse": {"input": piece}}, 2))
    stream += stop(2) + event("messageStop", {"p": "ab", "stopReason": "tool_use"})
    usage = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}
    return stream + event("metadata", {"metrics": {"latencyMs": 1}, "p": "a", "usage": usage})


ANSWER = answer(TEXT, json.dumps({"to": TEXT}))


def through(guard: Guardrail, data: bytes, size: int = 1 << 20) -> bytes:
    stream = guard.open_stream(ConverseStream(), "caller", MAX_EVENT)
    steps = [
        stream.feed(data[place : place + size], BROKEN, final=place + size >= len(data))
        for place in range(0, len(data), size)
    ]
    return b"".join(step.data for step in steps)


def joined(data: bytes, *path: str, index: int) -> str:
    text = ""
    for _, value in events(data):
        if value.get("contentBlockIndex") == index:
            found = value.get("delta", {})
            for step in path:
                found = found.get(step, {})
            text += found or ""
    return text


@pytest.mark.parametrize("seed", range(5))
def test_every_text_of_a_stream_is_redacted(seed: int) -> None:
    passed = through(REDACT_ALL, answer(TEXT, json.dumps({"to": TEXT}), seed))
    assert joined(passed, "reasoningContent", "text", index=0) == REDACTED
    assert joined(passed, "text", index=1) == REDACTED
    assert json.loads(joined(passed, "toolUse", "input", index=2)) == {"to": REDACTED}


def test_stream_is_the_same_wherever_it_is_cut() -> None:
    at_once = through(REDACT_ALL, ANSWER)
    assert {through(REDACT_ALL, ANSWER, size) for size in (1, 2, 3, 7, 100, 1000)} == {at_once}


def test_clean_stream_passes_as_it_came() -> None:
    clean = answer("Nothing to see here.", '{"to": "nobody"}')
    assert through(FLAG_ALL, clean, 11) == clean
    assert joined(through(REDACT_ALL, clean, 11), "text", index=1) == "Nothing to see here."


def test_held_back_text_comes_before_the_end_of_its_block() -> None:
    data = event("contentBlockDelta", delta({"text": "It is 123-45"})) + stop(0)
    kinds = [kind for kind, _ in events(through(REDACT_ALL, data))]
    assert kinds[-1] == "contentBlockStop"
    assert set(kinds[:-1]) == {"contentBlockDelta"}
    assert joined(through(REDACT_ALL, data), "text", index=0) == "It is 123-45"


def test_blocked_stream_ends_as_one_that_was_filtered() -> None:
    passed = events(through(BLOCK_SSN, ANSWER))
    assert [kind for kind, _ in passed[-3:]] == ["contentBlockStop", "messageStop", "metadata"]
    assert passed[-3][1] == {"contentBlockIndex": 0}
    assert passed[-2][1] == {"stopReason": "content_filtered"}
    assert "123-45" not in str(passed)


def test_text_that_is_found_at_the_end_of_its_block_ends_the_block() -> None:
    data = event("contentBlockDelta", delta({"text": "123-45-6789"})) + stop(0)
    kinds = [kind for kind, _ in events(through(BLOCK_SSN, data))]
    assert kinds == ["contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]


def test_blocks_that_had_ended_are_not_ended_again() -> None:
    data = event("contentBlockDelta", delta({"text": "Hi"})) + stop(0) + start(1, "f")
    data += event("contentBlockDelta", delta({"toolUse": {"input": '{"a":"123-45-6789"}'}}, 1))
    passed = events(through(BLOCK_SSN, data))
    stopped = [value["contentBlockIndex"] for kind, value in passed if kind == "contentBlockStop"]
    assert stopped == [0, 1]


def test_text_found_behind_the_end_of_the_message_adds_no_other_end() -> None:
    trace = {"guardrail": {"modelOutput": ["123-45-6789"]}}
    data = event("messageStop", {"stopReason": "end_turn"}) + event("metadata", {"trace": trace})
    assert [kind for kind, _ in events(through(BLOCK_SSN, data))] == ["messageStop"]


def test_nothing_but_a_block_is_a_whole_message() -> None:
    [first, *_] = ConverseStream().filtered_end()
    assert json.loads(first.data or b"") == {"role": "assistant"}


def test_stream_that_cannot_be_read_ends_in_an_exception() -> None:
    [(kind, value)] = events(through(REDACT_ALL, event("messageStop", [])))
    assert kind == "modelStreamErrorException"
    assert value["message"] == "unreadable_stream: it cannot be inspected"
    assert value["originalStatusCode"] == 502


def test_damaged_stream_ends_in_an_exception() -> None:
    damaged = event("contentBlockDelta", delta({"text": "Hi"})) + b"x" * 16
    kinds = [kind for kind, _ in events(through(REDACT_ALL, damaged))]
    assert kinds == ["contentBlockDelta", "modelStreamErrorException"]


def test_error_of_the_provider_is_redacted() -> None:
    head = headers({":exception-type": "validationException", ":message-type": "exception"})
    passed = through(REDACT_ALL, message(json.dumps({"message": TEXT}).encode(), head))
    assert events(passed) == [("validationException", {"message": REDACTED})]


def test_error_in_headers_is_redacted() -> None:
    head = headers({**EVENT, ":event-type": "e", ":error-message": TEXT})
    written = through(REDACT_ALL, message(b"{}", head))
    [frame] = EventStream(MAX_EVENT).feed(written)
    assert frame.lines == (f"::error-message {REDACTED}".encode(),)


def test_header_that_is_a_number_is_left_out_where_it_must_not_pass() -> None:
    head = headers({**EVENT, ":event-type": "e"})
    number = header(b"n", 5, (4111111111111111).to_bytes(8))
    assert through(REDACT_ALL, message(b"{}", head + number)).count(b"[CREDIT_CARD]") == 1
