"""Cohere's chat, embed and rerank, and Voyage, which is like it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.cohere import COHERE, VOYAGE, CohereChat
from extproc.dialects.cohere_stream import CohereStream
from extproc.dialects.walk import Reading
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Direction, Refusal, Skipped, Usage, Violation
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    FLAG_ALL,
    MAX_EVENT,
    REDACT_ALL,
    REDACTED,
    TEXT,
    pieces,
    texts,
)

CHAT = CohereChat()
BLOCKED = Refusal(403, "policy_violation", "m", "r", 0.9, (Violation("us_ssn", "pii"),))


def in_message(**message: Any) -> Reading:
    return CHAT.request({"model": "command-a", "messages": [{"role": "user", **message}]})


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"content": "x"}, ["x"]),
        ({"content": [{"type": "text", "text": "x"}]}, ["x"]),
        ({"content": [{"type": "thinking", "thinking": "x"}]}, ["x"]),
        ({"content": [{"type": "document", "document": {"id": "1", "data": {"a": "x"}}}]}, ["x"]),
        ({"tool_plan": "x"}, ["x"]),
        ({"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}, ["f", "{}"]),
        ({"citations": [{"start": 0, "text": "x", "sources": [{"id": "s"}]}]}, ["x"]),
    ],
)
def test_text_of_a_message_is_inspected(message: dict[str, Any], found: list[str]) -> None:
    assert texts(in_message(**message)) == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"documents": ["x", {"id": "1", "data": {"a": "y"}}]}, ["x", "y"]),
        ({"tools": [{"type": "function", "function": {"description": "x"}}]}, ["x"]),
        ({"stop_sequences": ["x"]}, ["x"]),
        ({"temperature": 0.3, "citation_options": {"mode": "FAST"}}, []),
    ],
)
def test_text_beside_messages_is_inspected(fields: dict[str, Any], found: list[str]) -> None:
    assert texts(CHAT.request({"messages": [], **fields})) == found


def test_image_is_skipped() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    assert [each.reason for each in in_message(content=[part]).skipped] == ["image"]


@pytest.mark.parametrize("document", [None, [], {}, {"messages": "x"}])
def test_what_is_no_chat_request_is_refused(document: Any) -> None:
    with pytest.raises(BodyError):
        CHAT.request(document)


def test_answer_with_its_usage() -> None:
    content = [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "y"}]
    tokens = {"input_tokens": 3, "output_tokens": 5}
    answer = {
        "id": "1",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": content},
        "usage": {"billed_units": tokens, "tokens": tokens},
    }
    assert texts(CHAT.response(answer)) == ["x", "y"]
    assert CHAT.usage(answer) == Usage(3, 5)


def test_log_probabilities_go_where_the_text_was_redacted() -> None:
    spelled = [{"text": piece, "token_ids": [1], "logprobs": [-0.1]} for piece in pieces(TEXT, 1)]
    body = {"message": {"content": [{"type": "text", "text": TEXT}]}, "logprobs": spelled}
    data = json.dumps(body).encode()
    inspection = REDACT_ALL.inspect_json(CHAT, Direction.RESPONSE, data, "caller")
    assert json.loads(inspection.body or b"")["logprobs"] is None


@pytest.mark.parametrize(("dialect", "name"), [(CHAT, "message"), (VOYAGE, "detail")])
def test_error_is_where_the_sdk_looks_for_it(dialect: Any, name: str) -> None:
    assert json.loads(dialect.error(BLOCKED)) == {
        name: "policy_violation: m",
        "code": "policy_violation",
        "risk_score": 0.9,
        "violations": [{"type": "us_ssn", "rule": "pii"}],
        "request_id": "r",
    }


# Embeddings and rankings


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"model": "embed-v4.0", "texts": ["x", "y"], "input_type": "search_query"}, ["x", "y"]),
        ({"inputs": [{"content": [{"type": "text", "text": "x"}]}]}, ["x"]),
        ({"query": "x", "documents": ["y", {"text": "z"}], "top_n": 2}, ["x", "y", "z"]),
        ({"text": "x", "model": "command"}, ["x"]),
        ({"input": "x", "model": "voyage-3.5"}, ["x"]),
        ({"input": ["x"], "encoding_format": "base64"}, ["x"]),
    ],
)
def test_text_of_a_request_is_inspected(request_: dict[str, Any], found: list[str]) -> None:
    assert texts(COHERE.request(request_)) == found


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"images": ["data:image/png;base64,AAAA"]}, "image"),
        ({"inputs": [{"content": [{"type": "image_url", "image_url": {"url": "d"}}]}]}, "image"),
        ({"inputs": [{"content": [{"type": "image_base64", "image_base64": "d"}]}]}, "image"),
        ({"tokens": [1, 2, 3]}, "token_ids"),
    ],
)
def test_media_of_a_request_is_skipped(request_: dict[str, Any], reason: str) -> None:
    assert [each.reason for each in COHERE.request(request_).skipped] == [reason]


VECTOR = ",".join(["-0.03250122"] * 1024)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"embeddings":[[{VECTOR}],[{VECTOR}]]}}',
        f'{{"embeddings":{{"float":[[{VECTOR}]],"int8":[[-128,127]]}}}}',
        f'{{"object":"list","data":[{{"object":"embedding","embedding":[{VECTOR}],"index":0}}]}}',
        '{"results":[{"index":0,"relevance_score":0.9990564}],"meta":{"api_version":{}}}',
    ],
)
def test_vectors_and_scores_are_no_text(body: str) -> None:
    inspection = REDACT_ALL.inspect_json(COHERE, Direction.RESPONSE, body.encode(), "caller")
    assert inspection.skipped == ()
    assert inspection.body is None
    assert inspection.scanned <= 1  # the name of a member


def test_vector_in_base64_is_skipped() -> None:
    reading = VOYAGE.response({"data": [{"embedding": "3sLtuzs3DT0=", "index": 0}]})
    assert reading.skipped == [Skipped(("data", 0, "embedding"), "embedding")]


@pytest.mark.parametrize("document", [None, [], "x"])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(BodyError):
        COHERE.request(document)


# Streams


def event(kind: str, index: int | None = None, **members: Any) -> bytes:
    at = {} if index is None else {"index": index}
    document = {"type": kind, **at, **members}
    return f"event: {kind}\ndata: {json.dumps(document)}\n\n".encode()


def of_message(kind: str, index: int | None = None, **message: Any) -> bytes:
    return event(kind, index, delta={"message": message})


def call(arguments: str, **more: Any) -> dict[str, Any]:
    return {**more, "function": {"arguments": arguments, **({"name": "send"} if more else {})}}


def stream_of(text: str, seed: int = 1) -> bytes:
    tokens = {"input_tokens": 3, "output_tokens": 5}
    arguments = json.dumps({"to": text})
    citation = {"start": 0, "end": 4, "text": text, "sources": [{"type": "document", "id": "1"}]}
    return b"".join(
        [
            of_message("message-start", role="assistant", content=[], tool_plan=""),
            *(of_message("tool-plan-delta", tool_plan=piece) for piece in pieces(text, seed)),
            of_message("tool-call-start", 0, tool_calls=call("", id="c", type="function")),
            *(
                of_message("tool-call-delta", 0, tool_calls=call(piece))
                for piece in pieces(arguments, seed + 1)
            ),
            event("tool-call-end", 0),
            of_message("content-start", 0, content={"type": "thinking", "thinking": ""}),
            *(
                of_message("content-delta", 0, content={"thinking": piece})
                for piece in pieces(text, seed + 2)
            ),
            event("content-end", 0),
            of_message("content-start", 1, content={"type": "text", "text": ""}),
            *(
                of_message("content-delta", 1, content={"text": piece})
                for piece in pieces(text, seed + 3)
            ),
            of_message("citation-start", 0, citations=citation),
            event("citation-end", 0),
            event("content-end", 1),
            event("message-end", delta={"finish_reason": "COMPLETE", "usage": {"tokens": tokens}}),
        ]
    )


def through(guard: Guardrail, data: bytes, size: int = 1 << 20) -> bytes:
    stream = guard.open_stream(CohereStream(), "caller", MAX_EVENT)
    steps = [
        stream.feed(data[place : place + size], BROKEN, final=place + size >= len(data))
        for place in range(0, len(data), size)
    ]
    return b"".join(step.data for step in steps)


def documents(data: bytes) -> list[Any]:
    return [json.loads(row[6:]) for row in data.decode().split("\n") if row.startswith("data: ")]


def joined(data: bytes, *path: str) -> str:
    text = ""
    for document in documents(data):
        value = document.get("delta", {}).get("message", {})
        for step in path:
            value = value.get(step, "") if isinstance(value, dict) else ""
        text += value if isinstance(value, str) else ""
    return text


@pytest.mark.parametrize("seed", range(5))
def test_streamed_texts_are_redacted(seed: int) -> None:
    passed = through(REDACT_ALL, stream_of(TEXT, seed))
    assert joined(passed, "tool_plan") == REDACTED
    assert joined(passed, "content", "thinking") == REDACTED
    assert joined(passed, "content", "text") == REDACTED
    assert joined(passed, "citations", "text") == REDACTED
    assert json.loads(joined(passed, "tool_calls", "function", "arguments")) == {"to": REDACTED}


def test_stream_is_the_same_wherever_it_is_cut() -> None:
    data = stream_of(TEXT)
    at_once = through(REDACT_ALL, data)
    assert {through(REDACT_ALL, data, size) for size in (1, 2, 7, 100)} == {at_once}


def test_stream_that_is_only_observed_passes_as_it_came() -> None:
    data = stream_of(TEXT)
    assert through(FLAG_ALL, data, 11) == data


def test_every_event_has_the_name_of_its_type() -> None:
    passed = through(REDACT_ALL, stream_of(TEXT)).decode()
    names = [row[7:] for row in passed.split("\n") if row.startswith("event: ")]
    assert names == [document["type"] for document in documents(passed.encode())]


def test_plan_is_out_before_the_calls_begin() -> None:
    passed = documents(through(REDACT_ALL, stream_of("It is 123-45")))
    kinds = [document["type"] for document in passed]
    last = max(place for place, kind in enumerate(kinds) if kind == "tool-plan-delta")
    assert last < kinds.index("tool-call-start")


def test_arguments_that_begin_with_their_call_are_one_text() -> None:
    data = of_message("tool-call-start", 0, tool_calls=call('{"a": "123-45', id="c"))
    data += of_message("tool-call-delta", 0, tool_calls=call('-6789"}'))
    passed = through(REDACT_ALL, data + event("tool-call-end", 0))
    assert joined(passed, "tool_calls", "function", "arguments") == '{"a": "[US_SSN]"}'


def test_blocked_stream_ends_what_is_open_and_the_message() -> None:
    data = of_message("content-start", 0, content={"type": "text", "text": ""})
    data += of_message("content-delta", 0, content={"text": "SSN 123-45-6789, so "})
    passed = documents(through(BLOCK_SSN, data))
    kinds = [document["type"] for document in passed]
    assert kinds[:2] == ["content-start", "content-delta"]
    assert kinds[-2:] == ["content-end", "message-end"]
    assert passed[-2]["index"] == 0
    assert passed[-1]["delta"]["finish_reason"] == "ERROR"
    assert "123-45" not in str(passed)


def test_blocked_stream_does_not_end_twice() -> None:
    passed = documents(through(BLOCK_SSN, stream_of(TEXT)))
    assert [document["type"] for document in passed].count("message-end") == 1
    assert CohereStream().filtered_end()[0].lines == (b"event: message-start",)


def test_usage_comes_with_the_end() -> None:
    guard = REDACT_ALL.open_stream(CohereStream(), "caller", MAX_EVENT)
    guard.feed(stream_of("Hi"), BROKEN, final=True)
    assert guard.usage == Usage(3, 5)


def test_log_probabilities_of_a_delta_go_where_it_is_redacted() -> None:
    delta = {"message": {"content": {"text": "SSN 123-45-6789 "}}}
    spelled = {"text": "SSN 123-45-6789 ", "token_ids": [1]}
    data = event("content-delta", 0, delta=delta, logprobs=spelled)
    assert "123-45" not in through(REDACT_ALL, data).decode()


def test_stream_that_cannot_be_read_ends_in_an_error() -> None:
    [end] = documents(through(REDACT_ALL, b"data: []\n\n"))
    assert end["delta"]["error"] == "unreadable_stream: it cannot be inspected"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "delta", "message", "content", "text", "tool_calls", "index"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
KINDS = st.sampled_from(["content-start", "content-delta", "tool-plan-delta", "tool-call-end", "x"])


@given(KINDS, VALUES, VALUES)
def test_any_event_is_read_or_refused(kind: str, delta: Any, index: Any) -> None:
    reader = CohereStream()
    document = {"type": kind, "delta": {"message": delta}, "index": index}
    try:
        found = reader.read(json.dumps(document).encode())
    except BodyError:
        return
    assert all(reader.carrier(each.channel, "more").data for each in found.deltas)
    assert reader.filtered_end()
