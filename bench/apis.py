"""What a token of an answer looks like in the streams of each API, as providers send it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.payloads import answer_events, prose, request_body, tokens
from extproc.dialects.event_stream import EventStream, head_of

_QUESTION = prose(2048)
_SSE = "text/event-stream"
_AWS = "application/vnd.amazon.eventstream"
_SSE_END = b"\n\n"
_AWS_MARK = b":event-type"


@dataclass(frozen=True, slots=True)
class Api:
    """One streaming API: a request, and `events(count)`, each of which has one `mark` in it."""

    path: str
    body: bytes
    media_type: str
    mark: bytes
    events: Callable[[int], list[bytes]]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chat(count: int) -> list[bytes]:
    return answer_events(count)


def _completions(count: int) -> list[bytes]:
    about = {"id": "cmpl-1", "object": "text_completion", "created": 1741569952, "model": "davinci"}
    return [
        b"data: %b\n\n" % _json({**about, "choices": [{"text": t, "index": 0, "logprobs": None}]})
        for t in tokens(count)
    ]


def _responses(count: int) -> list[bytes]:
    item = "msg_67ccd3acc8d48190a77525dc6de64b4104becb25c45c1d41"
    about = {"item_id": item, "output_index": 0, "content_index": 0}
    kind = "response.output_text.delta"
    return [
        b"event: %b\ndata: %b\n\n"
        % (
            kind.encode(),
            _json({"type": kind, "sequence_number": n, **about, "delta": token, "logprobs": []}),
        )
        for n, token in enumerate(tokens(count))
    ]


def _named(event: dict[str, Any], padding: int = 0) -> bytes:
    data = _json(event)
    padded = data[:-1] + b" " * padding + data[-1:]
    return b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), padded)


def _message_events(count: int) -> list[dict[str, Any]]:
    usage = {"input_tokens": 430, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    started = {**message, "model": "claude-sonnet-4-5", "stop_reason": None, "usage": usage}
    kind = "content_block_delta"
    deltas = [
        {"type": kind, "index": 0, "delta": {"type": "text_delta", "text": token}}
        for token in tokens(count - 2)
    ]
    block = {"type": "text", "text": ""}
    return [
        {"type": "message_start", "message": started},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *deltas,
    ]


def _anthropic(count: int) -> list[bytes]:
    return [_named(event, n * 7 % 16) for n, event in enumerate(_message_events(count))]


def _gemini_documents(count: int) -> list[dict[str, Any]]:
    about = {"modelVersion": "gemini-2.5-flash", "responseId": "jvt3aKHzB9ihz7IP8cLQsQE"}
    return [
        {
            "candidates": [{"content": {"parts": [{"text": token}], "role": "model"}, "index": 0}],
            "usageMetadata": {"promptTokenCount": 430, "candidatesTokenCount": n},
            **about,
        }
        for n, token in enumerate(tokens(count))
    ]


def _gemini(count: int) -> list[bytes]:
    return [b"data: %b\r\n\r\n" % _json(document) for document in _gemini_documents(count)]


def _gemini_array(count: int) -> list[bytes]:
    documents = [_json(document) for document in _gemini_documents(count)]
    return [b"[" + documents[0], *(b"\n,\r\n" + document for document in documents[1:])]


def _aws(kind: str, payload: dict[str, Any]) -> bytes:
    head = head_of(event_type=kind, content_type="application/json", message_type="event")
    return EventStream(1 << 20).encode(_json(payload), (), head)


def _converse(count: int) -> list[bytes]:
    deltas = [
        {"contentBlockIndex": 0, "delta": {"text": token}, "p": "abcdefghijklmnop"[: n * 7 % 16]}
        for n, token in enumerate(tokens(count - 1))
    ]
    started = _aws("messageStart", {"p": "abcd", "role": "assistant"})
    return [started, *(_aws("contentBlockDelta", delta) for delta in deltas)]


def _invoke(count: int) -> list[bytes]:
    return [
        _aws("chunk", {"bytes": base64.b64encode(_json(event)).decode(), "p": "abcdefgh"[: n % 8]})
        for n, event in enumerate(_message_events(count))
    ]


def _cohere(count: int) -> list[bytes]:
    kind = "content-delta"
    return [
        _named({"type": kind, "index": 0, "delta": {"message": {"content": {"text": token}}}})
        for token in tokens(count)
    ]


def _ollama(count: int) -> list[bytes]:
    about = {"model": "llama3.2", "created_at": "2026-11-21T08:52:19.385406455Z"}
    return [
        _json({**about, "message": {"role": "assistant", "content": token}, "done": False}) + b"\n"
        for token in tokens(count)
    ]


_MESSAGES = [{"role": "user", "content": _QUESTION}]
_ANTHROPIC = {"model": "claude-sonnet-4-5", "max_tokens": 1024, "messages": _MESSAGES}
_GEMINI = {"contents": [{"role": "user", "parts": [{"text": _QUESTION}]}]}
_CONVERSE = {"messages": [{"role": "user", "content": [{"text": _QUESTION}]}]}
_INVOKE = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1024, "messages": _MESSAGES}
_GEMINI_PATH = "/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent"
_BEDROCK_PATH = "/bedrock/model/anthropic.claude-sonnet-4-5/"

CHAT = "openai_chat"
APIS = {
    CHAT: Api(
        "/openai/v1/chat/completions", request_body(_QUESTION, stream=True), _SSE, _SSE_END, _chat
    ),
    "openai_completions": Api(
        "/openai/v1/completions",
        _json({"model": "davinci", "prompt": _QUESTION, "stream": True}),
        *(_SSE, _SSE_END, _completions),
    ),
    "openai_responses": Api(
        "/openai/v1/responses",
        _json({"model": "gpt-4o", "input": _QUESTION, "stream": True}),
        *(_SSE, _SSE_END, _responses),
    ),
    "anthropic": Api(
        "/anthropic/v1/messages",
        _json({**_ANTHROPIC, "stream": True}),
        *(_SSE, _SSE_END, _anthropic),
    ),
    "gemini": Api(f"{_GEMINI_PATH}?alt=sse", _json(_GEMINI), _SSE, b'"candidates"', _gemini),
    "gemini, array": Api(
        _GEMINI_PATH, _json(_GEMINI), "application/json", b'"candidates"', _gemini_array
    ),
    "bedrock converse": Api(
        f"{_BEDROCK_PATH}converse-stream", _json(_CONVERSE), _AWS, _AWS_MARK, _converse
    ),
    "bedrock invoke, anthropic": Api(
        f"{_BEDROCK_PATH}invoke-with-response-stream", _json(_INVOKE), _AWS, _AWS_MARK, _invoke
    ),
    "cohere": Api(
        "/cohere/v2/chat",
        _json({"model": "command-a", "messages": _MESSAGES, "stream": True}),
        *(_SSE, _SSE_END, _cohere),
    ),
    "ollama": Api(
        "/ollama/api/chat",
        _json({"model": "llama3.2", "messages": _MESSAGES}),
        *("application/x-ndjson", b'"done"', _ollama),
    ),
}
"""By name. The first is what the others are compared with."""
