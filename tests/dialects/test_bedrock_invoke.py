"""Bedrock InvokeModel: the bodies of many models, and their streams inside of chunks."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.bedrock_chunks import Chunks
from extproc.dialects.bedrock_invoke import BedrockInvoke, InvokeStream
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Direction, Usage
from tests.dialects.aws_events import event, events, headers, message, part
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

INVOKE = BedrockInvoke()


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"inputText": "x", "textGenerationConfig": {"stopSequences": ["y"]}}, ["x", "y"]),
        ({"prompt": "x", "max_gen_len": 512, "temperature": 0.5}, ["x"]),
        ({"texts": ["x"], "input_type": "search_query", "truncate": "NONE"}, ["x"]),
        (
            {"message": "x", "chat_history": [{"role": "USER", "message": "y"}]},
            ["message", "x", "y"],
        ),
        ({"taskType": "T", "singleEmbeddingParams": {"text": {"value": "x"}}}, ["x"]),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, ["x"]),
        ({"messages": [{"role": "user", "content": "x"}], "temperature": 1}, ["x"]),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, ["x"]),
        ({"query": "x", "documents": ["y"]}, ["x", "documents", "y"]),
        (
            {"anthropic_version": "bedrock-2023-05-31", "messages": [], "system": "x"},
            ["x"],
        ),
    ],
)
def test_text_of_a_request_is_inspected(request_: dict[str, Any], found: list[str]) -> None:
    assert texts(INVOKE.request(request_)) == found


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"inputImage": "AAAA"}, "image"),
        ({"prompt": "", "images": ["AAAA"]}, "image"),
        ({"singleEmbeddingParams": {"image": {"source": {"bytes": "AAAA"}}}}, "image"),
        ({"singleEmbeddingParams": {"video": {"source": {"bytes": "AAAA"}}}}, "video"),
        ({"messages": [{"content": [{"image": {"source": {"bytes": "AAAA"}}}]}]}, "image"),
    ],
)
def test_media_of_a_request_is_skipped(request_: dict[str, Any], reason: str) -> None:
    reading = INVOKE.request(request_)
    assert [skipped.reason for skipped in reading.skipped] == [reason]


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_what_is_no_request_is_refused(document: Any) -> None:
    with pytest.raises(BodyError):
        INVOKE.request(document)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"results": [{"outputText": "x", "completionReason": "FINISH", "tokenCount": 1}]}, ["x"]),
        ({"generation": "x", "stop_reason": "stop", "prompt_token_count": 1}, ["x"]),
        ({"outputs": [{"text": "x", "stop_reason": "stop"}]}, ["x"]),
        ({"generations": [{"id": "1", "text": "x", "finish_reason": "COMPLETE"}]}, ["x"]),
        ({"output": {"message": {"role": "assistant", "content": [{"text": "x"}]}}}, ["x"]),
        ({"choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}}]}, ["x"]),
        ({"type": "message", "content": [{"type": "text", "text": "x"}]}, ["x"]),
        ({"embedding": [0.1] * 1000, "inputTextTokenCount": 5}, []),
        ({"embeddings": [[0.1, -2e-5], [0.25]], "texts": ["x"]}, ["x"]),
        ({"embeddings": {"float": [[0.1], [0.25]]}}, []),
    ],
)
def test_text_of_an_answer_is_inspected(answer: dict[str, Any], found: list[str]) -> None:
    body = json.dumps(answer).encode()
    names = {"embeddings", "embeddingsByType", "texts"}
    assert [text for text in texts(INVOKE.response(json.loads(body))) if text not in names] == found


@pytest.mark.parametrize(
    "answer",
    [
        {"usage": {"input_tokens": 3, "output_tokens": 5}},
        {"usage": {"inputTokens": 3, "outputTokens": 5}},
        {"usage": {"prompt_tokens": 3, "completion_tokens": 5}},
        {"prompt_token_count": 3, "generation_token_count": 5},
        {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 3, "outputTokenCount": 5}},
    ],
)
def test_usage_is_found_wherever_a_model_says_it(answer: dict[str, Any]) -> None:
    assert INVOKE.usage(answer) == Usage(3, 5)


def test_log_probabilities_go_where_the_text_was_redacted() -> None:
    spelled = [{"token": piece, "logprob": -0.1} for piece in pieces(TEXT, 1)]
    choice = {"index": 0, "message": {"content": TEXT}, "logprobs": {"content": spelled}}
    body = json.dumps({"choices": [choice]}).encode()
    inspection = REDACT_ALL.inspect_json(INVOKE, Direction.RESPONSE, body, "caller")
    [left] = json.loads(inspection.body or b"")["choices"]
    assert left == {"index": 0, "message": {"content": REDACTED}, "logprobs": None}


# Streams. A model is the name of its text, how a piece of it looks, and its last event.

METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 3, "outputTokenCount": 5}}
Piece = Callable[[str], dict[str, Any]]
MODELS: dict[str, tuple[Piece, dict[str, Any]]] = {
    "titan": (
        lambda text: {"outputText": text, "index": 0, "completionReason": None},
        {"outputText": "", "index": 0, "completionReason": "FINISH"},
    ),
    "llama": (
        lambda text: {"generation": text, "prompt_token_count": None, "stop_reason": None},
        {"generation": "", "stop_reason": "stop"},
    ),
    "mistral": (
        lambda text: {"outputs": [{"text": text, "stop_reason": None}]},
        {"outputs": [{"text": "", "stop_reason": "stop"}]},
    ),
    "mistral-chat": (
        lambda text: {
            "id": "1",
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "message": {"content": text}, "stop_reason": None}],
        },
        {"id": "1", "choices": [{"index": 0, "message": {"content": ""}, "stop_reason": "stop"}]},
    ),
    "cohere": (
        lambda text: {"text": text, "is_finished": False, "event_type": "text-generation"},
        {"is_finished": True, "event_type": "stream-end", "finish_reason": "COMPLETE"},
    ),
    "nova": (
        lambda text: {"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
    ),
    "claude": (
        lambda text: {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": text},
        },
        {"type": "message_stop"},
    ),
    "gpt-oss": (
        lambda text: {"id": "1", "choices": [{"index": 0, "delta": {"content": text}}]},
        {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ),
    "unheard-of": (lambda text: {"said": {"words": text}}, {"is_finished": True}),
}

STARTS: dict[str, tuple[dict[str, Any], ...]] = {
    "nova": ({"messageStart": {"role": "assistant"}},),
    "claude": (
        {"type": "message_start", "message": {"id": "m", "type": "message", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ),
}


def stream_of(model: str, text: str, seed: int = 1) -> bytes:
    piece, last = MODELS[model]
    start = b"".join(map(part, STARTS.get(model, ())))
    said = b"".join(part(piece(each)) for each in pieces(text, seed))
    return start + said + part({**last, **METRICS})


def through(guard: Guardrail, data: bytes, size: int = 1 << 20) -> bytes:
    stream = guard.open_stream(InvokeStream(), "caller", MAX_EVENT)
    steps = [
        stream.feed(data[place : place + size], BROKEN, final=place + size >= len(data))
        for place in range(0, len(data), size)
    ]
    return b"".join(step.data for step in steps)


def said(value: Any) -> str:
    """All that stands where a model's text does."""
    if isinstance(value, dict):
        names = ("outputText", "generation", "text", "content", "words")
        own = [value[name] for name in names if isinstance(value.get(name), str)]
        return "".join(own) + "".join(said(inner) for inner in value.values())
    return "".join(map(said, value)) if isinstance(value, list) else ""


def all_said(data: bytes) -> str:
    return "".join(said(value) for _, value in events(data))


MODEL = pytest.mark.parametrize("model", MODELS)


@MODEL
@pytest.mark.parametrize("seed", range(3))
def test_streamed_text_is_redacted(model: str, seed: int) -> None:
    assert all_said(through(REDACT_ALL, stream_of(model, TEXT, seed))) == REDACTED


@MODEL
def test_stream_is_the_same_wherever_it_is_cut(model: str) -> None:
    data = stream_of(model, TEXT)
    at_once = through(REDACT_ALL, data)
    assert {through(REDACT_ALL, data, size) for size in (1, 7, 100)} == {at_once}


@MODEL
def test_stream_that_is_only_observed_passes_as_it_came(model: str) -> None:
    data = stream_of(model, TEXT)
    assert through(FLAG_ALL, data, 11) == data


@MODEL
def test_every_event_keeps_the_members_of_its_model(model: str) -> None:
    piece, _ = MODELS[model]
    passed = events(through(REDACT_ALL, stream_of(model, "Mail jane@example.com")))
    first = next(iter(piece("")))
    assert all(first in value for kind, value in passed[1:-1] if kind == "chunk")


@MODEL
def test_blocked_stream_ends_in_an_event_of_its_model(model: str) -> None:
    passed = events(through(BLOCK_SSN, stream_of(model, f"Well, {TEXT}")))
    assert {kind for kind, _ in passed} == {"chunk"}
    assert "123-45" not in str(passed)
    end = json.dumps([value for _, value in passed[-2:]])
    assert any(word in end for word in ("content_filter", "CONTENT_FILTER", "TOXIC", "refusal"))


def test_text_found_behind_the_end_adds_no_other_end() -> None:
    data = part({"generation": "Hi", "stop_reason": "stop"}) + part({"note": "123-45-6789"})
    passed = [value for _, value in events(through(BLOCK_SSN, data))]
    assert passed == [{"generation": "Hi", "stop_reason": "stop"}, {"note": ""}]


def test_end_of_one_item_is_not_that_of_another() -> None:
    def item(text: str, index: int, reason: str | None = None) -> bytes:
        return part({"generations": [{"index": index, "text": text, "finish_reason": reason}]})

    data = item("It is 123-45", 0) + item("", 1, "COMPLETE") + item("-6789", 0, "COMPLETE")
    assert all_said(through(REDACT_ALL, data)) == "It is [US_SSN]"


def test_usage_comes_with_the_last_chunk() -> None:
    guard = REDACT_ALL.open_stream(InvokeStream(), "caller", MAX_EVENT)
    guard.feed(stream_of("titan", "Hi"), BROKEN, final=True)
    assert guard.usage == Usage(3, 5)


def test_error_of_the_provider_is_redacted() -> None:
    head = headers({":exception-type": "validationException", ":message-type": "exception"})
    passed = through(REDACT_ALL, message(json.dumps({"message": TEXT}).encode(), head))
    assert events(passed) == [("validationException", {"message": REDACTED})]


def test_chunk_that_is_no_json_ends_the_stream_in_an_exception() -> None:
    data = event("chunk", {"bytes": base64.b64encode(b"hi").decode()})
    [(kind, _)] = events(through(REDACT_ALL, data))
    assert kind == "modelStreamErrorException"


@pytest.mark.parametrize(
    "payload", [[], {"bytes": 1}, {"bytes": "x"}, {"bytes": "YQ==YQ=="}, {"bytes": "YQ"}]
)
def test_what_is_no_chunk_is_a_fault(payload: Any) -> None:
    framing = Chunks(MAX_EVENT)
    assert framing.feed(event("chunk", payload)) == []
    assert framing.fault is not None


def test_padding_is_no_line_but_other_members_are() -> None:
    framing = Chunks(MAX_EVENT)
    [plain] = framing.feed(event("chunk", {"bytes": "e30=", "p": "abc"}))
    [more] = framing.feed(event("chunk", {"bytes": "e30=", "p": "a b", "note": "x"}))
    assert (plain.data, plain.lines) == (b"{}", ())
    assert (more.data, more.lines) == (b"{}", (b': {"p":"a b","note":"x"}',))


def test_members_beside_a_chunk_are_redacted() -> None:
    data = event("chunk", {"bytes": "e30=", "note": "SSN 123-45-6789"})
    assert b"[US_SSN]" in through(REDACT_ALL, data)
    assert b"123-45" not in through(REDACT_ALL, data)


@given(st.binary(max_size=60))
def test_any_data_is_read_or_refused(data: bytes) -> None:
    inner = event("chunk", {"bytes": base64.b64encode(data).decode()})
    guard = REDACT_ALL.open_stream(InvokeStream(), "caller", MAX_EVENT)
    guard.feed(inner, BROKEN, final=True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "index", "text", "outputs", "messageStart", "delta"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(st.lists(VALUES, max_size=3))
def test_any_documents_are_read_or_refused(documents: list[Any]) -> None:
    reader = InvokeStream()
    for document in documents:
        try:
            found = reader.read(json.dumps(document).encode())
        except BodyError:
            continue
        for delta in found.deltas:
            assert reader.carrier(delta.channel, "more").data
    assert all(frame.data for frame in reader.filtered_end())
