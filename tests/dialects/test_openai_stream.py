"""Streamed chat completions: channels, additional events, and both ways to end early."""

import json
from typing import Any

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion import ChatCompletion

from extproc.dialects.base import Channel, StreamEvent
from extproc.dialects.framing import Frame
from extproc.dialects.openai_chat import ChatStream, OpenAIChat
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Skipped, Usage

ENVELOPE = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1700000000,
    "model": "gpt-4o",
    "system_fingerprint": "fp_1",
}
REFUSAL = Refusal(502, "unreadable_stream", "it cannot be inspected", "request-1")


def data(*choices: Any, **more: Any) -> bytes:
    return json.dumps({**ENVELOPE, "choices": list(choices), **more}).encode()


def one(finish: str | None = None, index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish}


def of(field: str, text: str = "x", finish: str | None = None) -> dict[str, Any]:
    """A choice whose delta has one field."""
    return {"index": 0, "delta": {field: text}, "finish_reason": finish}


def call(arguments: str, index: int, **more: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}, **more}]}


def read(*choices: Any, **more: Any) -> StreamEvent:
    return ChatStream().read(data(*choices, **more))


def texts(event: StreamEvent) -> list[tuple[str | int, str]]:
    """Scope and text of every delta."""
    return [(delta.channel[0], delta.segment.text) for delta in event.deltas]


def channel(*choices: Any) -> Channel:
    """The channel of the only delta of an event."""
    [delta] = read(*choices).deltas
    return delta.channel


def whole(event: StreamEvent) -> list[tuple[str, Format]]:
    return [(segment.text, segment.format) for segment in event.whole.segments]


def accumulated(datas: list[bytes]) -> ChatCompletion:
    """What the official SDK makes of the events."""
    state = ChatCompletionStreamState()
    for each in datas:
        if each != b"[DONE]":
            state.handle_chunk(ChatCompletionChunk.model_validate_json(each))
    return state.current_completion_snapshot


def message(completion: ChatCompletion, index: int = 0) -> dict[str, Any]:
    [choice] = [c for c in completion.choices if c.index == index]
    return choice.message.model_dump(exclude_none=True)


FIELDS = ["content", "refusal", "reasoning", "reasoning_content"]


@pytest.mark.parametrize("field", FIELDS)
def test_each_growing_field_is_a_text_of_its_choice(field: str) -> None:
    assert texts(read(of(field))) == [(0, "x")]
    assert channel(of(field)) == channel(of(field, "y", "stop"))


def test_different_fields_are_different_texts() -> None:
    assert len({channel(of(field)) for field in FIELDS}) == len(FIELDS)


def test_a_delta_says_where_it_stands() -> None:
    [delta] = read(one(content="x")).deltas
    assert delta.segment.path == ("choices", 0, "delta", "content")
    assert delta.segment.role == "assistant"


def test_a_choice_is_known_by_its_index_and_not_by_its_place() -> None:
    event = read(one(index=2, content="c"), one(index=0, content="a"))
    assert texts(event) == [(2, "c"), (0, "a")]
    assert event.deltas[0].channel == channel(one(index=2, content="more"))


def test_a_choice_without_an_index_is_known_by_its_place() -> None:
    event = read({"delta": {"content": "a"}}, {"delta": {"content": "b"}})
    assert texts(event) == [(0, "a"), (1, "b")]
    assert event.deltas[1].channel == channel(one(index=1, content="more"))


def test_a_tool_call_is_known_by_its_index_and_not_by_its_place() -> None:
    both: dict[str, Any] = {
        "tool_calls": [call("x", 3)["tool_calls"][0], call("y", 1)["tool_calls"][0]]
    }
    assert [d.channel for d in read(one(**both)).deltas] == [
        channel(one(**call("more", 3))),
        channel(one(**call("more", 1))),
    ]
    assert read(one(**both)).deltas[0].segment.format is Format.JSON


def test_arguments_of_the_older_function_call_are_a_text() -> None:
    [delta] = read(one(function_call={"arguments": "{}"})).deltas
    assert (delta.segment.text, delta.segment.format) == ("{}", Format.JSON)


def test_text_parts_of_a_delta_are_known_by_their_index() -> None:
    first, second = (
        channel(one(content=[{"type": "text", "index": index, "text": "x"}])) for index in (1, 2)
    )
    assert first != second


@pytest.mark.parametrize("index", ["0", True, 1.5, -1, [0]])
def test_an_index_that_clients_could_read_otherwise_is_refused(index: Any) -> None:
    for choices in ({"index": index, "delta": {"content": "x"}}, one(**call("x", index))):
        with pytest.raises(BodyError) as caught:
            read(choices)
        assert caught.value.code == "invalid_event"


def test_names_come_whole() -> None:
    event = read(one(**call("", 0, id="call_1", type="function") | {"name": "jane"}))
    assert texts(event) == []
    assert whole(event) == [("jane", Format.TEXT)]


def test_empty_deltas_open_no_channel() -> None:
    assert texts(read(one(role="assistant", content=""), one(index=1, content=None))) == []


def test_an_unknown_field_of_a_delta_grows_too() -> None:
    event = read(one(thought="x"))
    assert texts(event) == [(0, "x")]
    assert whole(event) == [("thought", Format.KEY)]


def test_an_unknown_field_beside_the_choices_is_whole() -> None:
    assert whole(read(one(), note="x")) == [("x", Format.TEXT)]


def test_media_in_a_delta_is_skipped_and_says_why() -> None:
    event = read(one(audio={"id": "a", "data": "AA", "transcript": "hi"}))
    assert event.whole.skipped == [Skipped(("choices", 0, "delta", "audio", "data"), "audio")]
    assert texts(event) == [(0, "hi")]


def test_log_probabilities_of_a_delta_repeat_it() -> None:
    choice = one(content="hi") | {"logprobs": {"content": [{"token": "hi", "logprob": -0.5}]}}
    assert whole(read(choice)) == [("hi", Format.REPEAT)]


def test_a_finish_reason_closes_its_choice() -> None:
    assert read(one("stop", index=1), one(content="x")).closed_scopes == (1,)


def test_done_closes_everything() -> None:
    for text in (b"[DONE]", b" [DONE] "):
        event = ChatStream().read(text)
        assert event.closes_all
        assert event.document is None


def test_usage_comes_with_the_event_that_has_it() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    assert read(usage=usage).usage == Usage(3, 5)
    assert read(one(content="x")).usage is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty_body"),
        (b"{", "invalid_json"),
        (b"[DONE", "invalid_json"),
        (b"[]", "invalid_event"),
        (b'"x"', "invalid_event"),
        (b'{"a":1,"a":2}', "duplicate_key"),
    ],
)
def test_an_event_that_is_no_json_object_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(BodyError) as caught:
        ChatStream().read(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"choices": None},
        {"choices": {}},
        {"choices": [None, 7, "x", []]},
        {"choices": [{}]},
        {"choices": [{"delta": None}, {"delta": "x"}, {"delta": ["x"]}, {"delta": 7}]},
        {
            "choices": [
                {"delta": {"content": ["x", ["y"]]}, "text": "z", "message": {"content": "w"}}
            ]
        },
        {"choices": [{"index": None, "delta": {"tool_calls": ["x", None]}}]},
        {"error": {"message": "overloaded"}},
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_an_event_of_wrong_types_is_read_through(document: Any) -> None:
    stream = ChatStream()
    event = stream.read(json.dumps(document).encode())
    for delta in event.deltas:
        stream.carrier(delta.channel, "y")
    stream.filtered_end()


CARRIED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (one(role="assistant", content="a"), {"role": "assistant", "content": "a+"}),
    (one(role="assistant", refusal="a"), {"role": "assistant", "refusal": "a+"}),
    (
        one(role="assistant", **call("{", 0, id="c", type="function")),
        {
            "role": "assistant",
            "tool_calls": [
                {"index": 0, "id": "c", "type": "function", "function": {"arguments": "{+"}}
            ],
        },
    ),
]


def carried(datas: list[bytes], number: int = -1) -> bytes:
    """A carrier of "+" for the delta of that number among all of a stream."""
    stream = ChatStream()
    deltas = [delta for each in datas for delta in stream.read(each).deltas]
    return stream.carrier(deltas[number].channel, "+").data or b""


@pytest.mark.parametrize(("choice", "expected"), CARRIED, ids=["text", "refusal", "tool"])
def test_a_carrier_adds_its_text_where_the_sdk_joins_it(
    choice: dict[str, Any], expected: dict[str, Any]
) -> None:
    datas = [data(choice)]
    assert message(accumulated([*datas, carried(datas)])) == expected


@pytest.mark.parametrize(("number", "expected"), [(0, ["a+", "b"]), (1, ["a", "b+"])])
def test_a_carrier_reaches_the_right_one_of_several_tool_calls(
    number: int, expected: list[str]
) -> None:
    datas = [
        data(one(**call("a", 0, id="c0", type="function"))),
        data(one(**call("b", 1, id="c1", type="function"))),
    ]
    calls = message(accumulated([*datas, carried(datas, number)]))["tool_calls"]
    assert [c["function"]["arguments"] for c in calls] == expected


def test_a_carrier_reaches_a_tool_call_that_states_no_index() -> None:
    calls = [{"id": f"c{i}", "function": {"arguments": "x"}} for i in range(2)]
    carrier = json.loads(carried([data(one(tool_calls=calls))], 1))
    [tool_call] = carrier["choices"][0]["delta"]["tool_calls"]
    assert tool_call["index"] == 1


@pytest.mark.parametrize(("number", "expected"), [(0, ["a", "b+"]), (1, ["a+", "b"])])
def test_a_carrier_reaches_the_right_one_of_several_choices(
    number: int, expected: list[str]
) -> None:
    datas = [data(one(index=1, content="b"), one(index=0, content="a"))]
    completion = accumulated([*datas, carried(datas, number)])
    assert [message(completion, i)["content"] for i in (0, 1)] == expected


def test_a_carrier_looks_like_an_event_of_the_stream() -> None:
    assert json.loads(carried([data(one(content="a"), usage=None, obfuscation="xyz")])) == {
        **ENVELOPE,
        "choices": [{"index": 0, "delta": {"content": "+"}, "finish_reason": None}],
    }


def test_a_carrier_repeats_nothing_that_was_read_as_text() -> None:
    first = json.dumps({**ENVELOPE, "model": "a long one " * 99, "choices": [one(content="a")]})
    assert "model" not in json.loads(carried([first.encode()]))


def test_a_filtered_end_finishes_every_open_choice() -> None:
    stream = ChatStream()
    datas = [
        data(one(index=0, content="a"), one(index=1, content="b"), one(index=2, content="c")),
        data(one("stop", index=1)),
    ]
    for each in datas:
        stream.read(each)
    end = [frame.data or b"" for frame in stream.filtered_end()]
    assert end[-1] == b"[DONE]"
    completion = accumulated([*datas, *end])
    assert [choice.finish_reason for choice in completion.choices] == [
        "content_filter",
        "stop",
        "content_filter",
    ]


def test_a_filtered_end_before_any_event_finishes_the_first_choice() -> None:
    [end, done] = ChatStream().filtered_end()
    assert json.loads(end.data or b"")["choices"] == [
        {"index": 0, "delta": {}, "finish_reason": "content_filter"}
    ]
    assert done == Frame(b"[DONE]")


def test_an_error_end_is_the_error_of_the_dialect() -> None:
    end = ChatStream().error_end(REFUSAL)
    assert end == [Frame(OpenAIChat().error(REFUSAL)), Frame(b"[DONE]")]
