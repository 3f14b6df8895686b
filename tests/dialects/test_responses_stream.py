"""Streamed OpenAI Responses: channels, additional events, and both ways to end early."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import (
    Response,
    ResponseErrorEvent,
    ResponseIncompleteEvent,
    ResponseTextDeltaEvent,
)

from extproc.dialects.base import StreamEvent
from extproc.dialects.framing import Frame
from extproc.dialects.responses_stream import ResponsesStream, TypedStream
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Usage

REFUSAL = Refusal(502, "unreadable_stream", "it cannot be inspected", "request-1")
ENVELOPE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1757687055,
    "status": "in_progress",
    "model": "gpt-5",
    "instructions": "be kind",
    "output": [],
    "temperature": 1.0,
    "tool_choice": "auto",
}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
TEXT = "response.output_text"


def data(kind: str, number: int = 7, **members: Any) -> bytes:
    return json.dumps({"type": kind, "sequence_number": number, **members}).encode()


def delta(stem: str = TEXT, text: str = "x", output: int = 0, **place: Any) -> bytes:
    return data(f"{stem}.delta", item_id="it_1", output_index=output, delta=text, **place)


def item_done(text: str, output: int = 0) -> bytes:
    item = {**MESSAGE, "content": [{"type": "output_text", "text": text, "annotations": []}]}
    return data("response.output_item.done", output_index=output, item=item)


def read(*events: bytes) -> StreamEvent:
    """The last of some events as one stream."""
    stream = ResponsesStream()
    return [stream.read(event) for event in events][-1]


def deltas(event: StreamEvent) -> list[tuple[str, Format]]:
    return [(each.segment.text, each.segment.format) for each in event.deltas]


def whole(event: StreamEvent) -> list[str]:
    return [s.text for s in event.whole.segments if s.format is not Format.KEY]


def loaded(frame: Frame) -> Any:
    document = json.loads(frame.data or b"")
    assert frame.lines == (b"event: " + document["type"].encode(),)
    return document


@pytest.mark.parametrize(
    ("stem", "form"),
    [
        ("response.output_text", Format.TEXT),
        ("response.refusal", Format.TEXT),
        ("response.reasoning_text", Format.TEXT),
        ("response.reasoning_summary_text", Format.TEXT),
        ("response.function_call_arguments", Format.JSON),
        ("response.mcp_call_arguments", Format.JSON),
        ("response.custom_tool_call_input", Format.TEXT),
        ("response.code_interpreter_call_code", Format.TEXT),
        ("response.audio.transcript", Format.TEXT),
        ("response.new_in_2030", Format.TEXT),
    ],
)
def test_each_kind_of_delta_grows_until_it_is_done(stem: str, form: Format) -> None:
    assert deltas(read(delta(stem))) == [("x", form)]
    [first] = read(delta(stem)).deltas
    event = read(delta(stem), delta(stem, "y"), data(f"{stem}.done", output_index=0, text="xy"))
    assert event.closed_scopes == (first.channel[0],)
    assert whole(event) == ["xy"]
    assert deltas(event) == []


@pytest.mark.parametrize(
    "other",
    [
        delta(output=1),
        delta(content_index=1),
        delta("response.refusal"),
        delta("response.reasoning_summary_text"),
    ],
    ids=["item", "part", "kind", "summary"],
)
def test_texts_are_told_apart_by_item_and_part_and_kind(other: bytes) -> None:
    assert read(delta()).deltas[0].channel[0] != read(other).deltas[0].channel[0]
    done = data(f"{TEXT}.done", output_index=0, content_index=0)
    assert read(delta(), other, done).closed_scopes == read(delta(), done).closed_scopes


def test_an_item_is_known_by_its_position_and_not_by_its_id() -> None:
    renamed = data(f"{TEXT}.delta", item_id="it_2", output_index=0, delta="y")
    assert read(delta()).deltas[0].channel == read(renamed).deltas[0].channel


@pytest.mark.parametrize("index", ["0", True, 1.5, -1, [0]])
@pytest.mark.parametrize("name", ["output_index", "content_index"])
def test_an_index_that_clients_could_read_otherwise_is_refused(name: str, index: Any) -> None:
    with pytest.raises(BodyError) as caught:
        read(data(f"{TEXT}.delta", delta="x", **{name: index}))
    assert caught.value.code == "invalid_event"


def test_a_part_that_is_done_closes_its_texts_and_no_others() -> None:
    events = (delta(), delta("response.refusal"), delta(content_index=1))
    done = data("response.content_part.done", output_index=0, content_index=0, part={})
    assert len(read(*events, done).closed_scopes) == 2


def test_a_part_of_a_summary_closes_no_other_text_of_its_item() -> None:
    events = (delta("response.reasoning_text"), delta("response.reasoning_summary_text"))
    done = data("response.reasoning_summary_part.done", output_index=0, summary_index=0)
    [closed] = read(*events, done).closed_scopes
    assert "summary_text" in str(closed)


def test_an_item_that_is_done_closes_all_of_its_texts() -> None:
    events = (delta(), delta(content_index=1), delta(output=1), delta(output=10))
    assert len(read(*events, item_done("xx")).closed_scopes) == 2


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed", "cancelled"])
def test_the_end_closes_everything(kind: str) -> None:
    assert read(delta(), data(f"response.{kind}", response=ENVELOPE)).closes_all
    assert read(delta(), data("error", message="overloaded")).closes_all
    assert read(delta(), b" [DONE] ").closes_all


@pytest.mark.parametrize(
    ("added", "grows"),
    [
        (
            data("response.content_part.added", part={"type": "output_text", "text": "a"}),
            delta(),
        ),
        (
            data("response.content_part.added", part={"type": "refusal", "refusal": "a"}),
            delta("response.refusal"),
        ),
        (
            data("response.output_item.added", item={"type": "function_call", "arguments": "a"}),
            delta("response.function_call_arguments"),
        ),
    ],
    ids=["text", "refusal", "arguments"],
)
def test_what_is_added_with_a_beginning_grows_from_there(added: bytes, grows: bytes) -> None:
    first, second = read(added).deltas[0], read(grows).deltas[0]
    assert (first.channel, first.segment.format) == (second.channel, second.segment.format)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (data("response.output_text.annotation.added", annotation={"title": "T"}), ["T"]),
        (data("response.created", response=ENVELOPE), ["be kind"]),
        (data("response.new_in_2030", thought={"deep": "x y z"}), ["x y z"]),
        (data("response.new_in_2030.delta", delta={"deep": "x y z"}), ["x y z"]),
        (data("error", code="server_error", message="it is over"), ["server_error", "it is over"]),
        (item_done("hello"), ["hello"]),
    ],
    ids=["annotation", "created", "unknown", "delta-of-an-object", "error", "item"],
)
def test_everything_else_is_whole(event: bytes, expected: list[str]) -> None:
    assert (whole(read(event)), deltas(read(event))) == (expected, [])


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (data("response.audio.delta", delta="AAAA"), "audio"),
        (
            data("response.image_generation_call.partial_image", partial_image_b64="AAAA"),
            "image",
        ),
    ],
    ids=["audio", "image"],
)
def test_media_is_skipped_and_says_why(event: bytes, reason: str) -> None:
    assert [skipped.reason for skipped in read(event).whole.skipped] == [reason]
    assert (whole(read(event)), deltas(read(event))) == ([], [])


def test_log_probabilities_of_a_delta_repeat_it() -> None:
    event = read(delta(text="hi", logprobs=[{"token": "hi", "logprob": -0.5, "bytes": []}]))
    assert [(s.path, s.format) for s in event.whole.segments] == [(("logprobs",), Format.REPEAT)]


def test_usage_comes_with_the_end() -> None:
    usage = {"input_tokens": 3, "output_tokens": 5}
    assert read(data("response.completed", response={**ENVELOPE, "usage": usage})).usage == Usage(
        3, 5
    )
    assert read(delta()).usage is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'"x"', b"7", b'{"a":1,"a":2}'])
def test_an_event_that_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(BodyError):
        read(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
names = st.sampled_from(
    ["delta", "item", "part", "response", "output_index", "content_index", "logprobs", "arguments"]
)
kinds = st.sampled_from(
    [
        "response.output_text.delta",
        "response.content_part.added",
        "response.output_item.done",
        "response.completed",
        "response.x.done",
        "",
        7,
    ]
)


@given(st.lists(st.tuples(kinds, st.dictionaries(names, values)), max_size=4))
def test_events_of_any_form_are_read_or_refused(
    events: list[tuple[str | int, dict[str, Any]]],
) -> None:
    stream = ResponsesStream()
    for kind, members in events:
        try:
            event = stream.read(json.dumps({"type": kind, **members}).encode())
        except BodyError:
            continue
        for each in event.deltas:
            stream.carrier(each.channel, "y")
    for frame in stream.filtered_end() or []:
        loaded(frame)


def test_a_carrier_looks_like_a_delta_of_its_channel() -> None:
    stream = ResponsesStream()
    event = stream.read(delta(content_index=0, logprobs=[], obfuscation="abc"))
    stream.read(data(f"{TEXT}.done", 9, output_index=0, content_index=0))
    carried = loaded(stream.carrier(event.deltas[0].channel, "+"))
    assert carried == {
        "type": "response.output_text.delta",
        "sequence_number": 8,
        "item_id": "it_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "+",
        "logprobs": [],
    }
    ResponseTextDeltaEvent.model_validate(carried)


def test_a_carrier_of_what_was_added_with_a_beginning_is_a_delta() -> None:
    stream = ResponsesStream()
    item = {"type": "function_call", "id": "fc_1", "arguments": '{"a'}
    [begun] = stream.read(data("response.output_item.added", output_index=2, item=item)).deltas
    carried = loaded(stream.carrier(begun.channel, "+"))
    assert carried["type"] == "response.function_call_arguments.delta"
    assert (carried["item_id"], carried["output_index"]) == ("fc_1", 2)


def test_a_carrier_without_a_closing_event_counts_beyond_all_that_may_have_passed() -> None:
    stream = ResponsesStream()
    event = stream.read(delta())
    assert loaded(stream.carrier(event.deltas[0].channel, "+"))["sequence_number"] == 1_000_000


def test_a_carrier_repeats_nothing_that_was_read_as_text() -> None:
    stream = ResponsesStream()
    members: dict[str, Any] = {"item_id": "a long one " * 99, "note": "x y"}
    [grown] = stream.read(data(f"{TEXT}.delta", delta="x", **members)).deltas
    assert not members.keys() & loaded(stream.carrier(grown.channel, "+"))


def filtered(*events: bytes) -> list[Any]:
    stream = ResponsesStream()
    for event in events:
        stream.read(event)
    return [loaded(frame) for frame in stream.filtered_end() or []]


def test_a_filtered_end_is_an_incomplete_response_with_the_items_that_have_passed() -> None:
    created = data("response.created", 0, response=ENVELOPE)
    [end] = filtered(created, item_done("one"), item_done("two", 1), delta(output=2))
    response = ResponseIncompleteEvent.model_validate(end).response
    assert (response.id, response.model, response.created_at) == ("resp_1", "gpt-5", 1757687055)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "content_filter"
    assert response.output_text == "onetwo"


def test_a_filtered_end_has_nothing_of_the_event_that_was_cut() -> None:
    created = data("response.created", 0, response=ENVELOPE)
    [end] = filtered(created, item_done("one"), item_done("two", 1))
    assert Response.model_validate(end["response"]).output_text == "one"


def test_a_filtered_end_begins_a_response_that_no_client_has_seen() -> None:
    for events in ((), (data("response.created", 0, response=ENVELOPE),)):
        begin, end = filtered(*events)
        assert (begin["type"], end["type"]) == ("response.created", "response.incomplete")
        assert begin["response"]["id"] == end["response"]["id"]
        assert "be kind" not in json.dumps([begin, end])


def test_a_filtered_end_does_not_say_large_items_again() -> None:
    [end] = filtered(
        data("response.created", 0, response=ENVELOPE),
        item_done("x" * (1 << 18)),
        item_done("small", 1),
        delta(output=2),
    )
    assert Response.model_validate(end["response"]).output_text == "small"


def test_nothing_more_is_said_of_a_response_that_has_ended() -> None:
    ended = [data("response.created", 0, response=ENVELOPE), data("response.completed", 9)]
    assert filtered(*ended, b"[DONE]") == []
    assert filtered(*ended) != []


def test_an_error_end_is_one_that_clients_raise() -> None:
    [end] = ResponsesStream().error_end(REFUSAL)
    document = loaded(end)
    event = ResponseErrorEvent.model_validate(document)
    assert (event.code, event.message) == (
        "unreadable_stream",
        "unreadable_stream: it cannot be inspected",
    )
    assert document["error"]["request_id"] == "request-1"


@pytest.mark.parametrize(
    ("event", "said", "reasons"),
    [
        (data("image_generation.partial_image", b64_json="AAAA", size="auto"), ["auto"], ["image"]),
        (data("speech.audio.delta", audio="AAAA"), [], ["audio"]),
        (data("transcript.text.segment", text="hi", speaker="jane"), ["hi", "jane"], []),
    ],
    ids=["image", "speech", "segment"],
)
def test_media_of_other_apis_is_told_from_text(
    event: bytes, said: list[str], reasons: list[str]
) -> None:
    read = TypedStream().read(event)
    assert (whole(read), [skipped.reason for skipped in read.whole.skipped]) == (said, reasons)


def test_a_transcript_grows_in_events_without_numbers() -> None:
    stream = TypedStream()
    [grown] = stream.read(b'{"type":"transcript.text.delta","delta":"x"}').deltas
    done = stream.read(b'{"type":"transcript.text.done","text":"x"}')
    assert done.closed_scopes == grown.channel
    carried = stream.carrier(grown.channel, "+")
    assert loaded(carried) == {"type": "transcript.text.delta", "delta": "+"}
    assert stream.filtered_end() is None
    stream.read(b"{}")
    assert stream.filtered_end() == []
