"""Cohere and Ollama through the gateway: blocks, filtered ends, and redaction."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dataplane.canaries import REDACTED, SSN, TEXT, leaks
from tests.dataplane.harness import FULL_DUPLEX, Stack, wait
from tests.dataplane.recorder import document, stream
from tests.dataplane.sse import pieces_of

NDJSON = "application/x-ndjson"
COHERE = "/cohere/v2/chat"
OLLAMA = "/ollama/api/chat"
ENDLESS = 20_000


def asking(text: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], "stream": True}


def cohere_event(kind: str, **members: Any) -> bytes:
    data = json.dumps({"type": kind, **members})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def cohere(text: str) -> Iterator[bytes]:
    yield cohere_event("message-start", id="1", delta={"message": {"role": "assistant"}})
    content = {"content": {"type": "text", "text": ""}}
    yield cohere_event("content-start", index=0, delta={"message": content})
    for piece in pieces_of(text):
        value = {"message": {"content": {"text": piece}}}
        yield cohere_event("content-delta", index=0, delta=value)
    yield cohere_event("content-end", index=0)
    yield cohere_event("message-end", delta={"finish_reason": "COMPLETE"})


def ollama_line(text: str, *, done: bool = False) -> bytes:
    message = {"role": "assistant", "content": text}
    at = "2025-10-17T23:14:07.414671Z"
    line = {"model": "m", "created_at": at, "message": message, "done": done}
    return json.dumps(line | ({"done_reason": "stop"} if done else {})).encode() + b"\n"


def ollama(text: str) -> Iterator[bytes]:
    yield from map(ollama_line, pieces_of(text))
    yield ollama_line("", done=True)


def cohere_documents(body: str) -> list[Any]:
    return [json.loads(row[6:]) for row in body.split("\n") if row.startswith("data: ")]


def cohere_text(documents: list[Any]) -> str:
    deltas = [one["delta"]["message"] for one in documents if one["type"] == "content-delta"]
    return "".join(one["content"]["text"] for one in deltas)


def ollama_documents(body: str) -> list[Any]:
    return [json.loads(line) for line in body.splitlines()]


def ollama_text(documents: list[Any]) -> str:
    return "".join(one["message"]["content"] for one in documents)


@pytest.mark.parametrize(
    ("path", "name"), [(COHERE, "message"), (OLLAMA, "error"), ("/cohere/v2/rerank", "message")]
)
def test_blocked_request_is_forbidden_in_the_words_of_its_api(
    blocking: Stack, path: str, name: str
) -> None:
    with blocking.recorder.answering(document({})) as received:
        response = blocking.client.post(path, json=asking(TEXT) | {"query": TEXT})
    assert received == []
    assert response.status_code == 403
    assert response.json()[name].startswith("policy_violation: ")
    assert leaks(response.content) == []


@pytest.mark.parametrize("path", ["/cohere/v2/embed", "/ollama/api/embed"])
def test_texts_to_embed_are_redacted_and_vectors_pass(redacting: Stack, path: str) -> None:
    answer = {"embeddings": [[0.010071029] * 1024]}
    with redacting.recorder.answering(document(answer)) as received:
        response = redacting.client.post(path, json={"texts": [TEXT], "input": [TEXT]})
    assert received[0].json == {"texts": [REDACTED], "input": [REDACTED]}
    assert response.json() == answer


def test_stream_of_cohere_is_redacted(redacting: Stack) -> None:
    with redacting.recorder.answering(stream(cohere(TEXT))) as received:
        response = redacting.client.post(COHERE, json=asking(TEXT))
    documents = cohere_documents(response.text)
    assert cohere_text(documents) == REDACTED
    assert documents[-1]["delta"]["finish_reason"] == "COMPLETE"
    assert received[0].json["messages"][0]["content"] == REDACTED


def test_stream_of_ollama_is_redacted(redacting: Stack) -> None:
    with redacting.recorder.answering(stream(ollama(TEXT), NDJSON)) as received:
        response = redacting.client.post(OLLAMA, json=asking(TEXT))
    documents = ollama_documents(response.text)
    assert ollama_text(documents) == REDACTED
    assert documents[-1]["done_reason"] == "stop"
    assert received[0].json["messages"][0]["content"] == REDACTED


def test_blocked_stream_of_cohere_ends_in_an_error(blocking: Stack) -> None:
    with blocking.recorder.answering(stream(cohere(f"It is {SSN}, I think."))):
        response = blocking.client.post(COHERE, json=asking("Hello"))
    documents = cohere_documents(response.text)
    assert cohere_text(documents) == "It is "
    assert [one["type"] for one in documents[-2:]] == ["content-end", "message-end"]
    assert documents[-1]["delta"]["finish_reason"] == "ERROR"


def test_blocked_stream_of_ollama_is_done_and_stops_the_model(blocking: Stack) -> None:
    def endless() -> Iterator[bytes]:
        yield from map(ollama_line, pieces_of(f"It is {SSN}, I think."))
        for number in range(ENDLESS if FULL_DUPLEX else 500):
            yield ollama_line(f" and word {number}")
            wait(0.001)

    with blocking.recorder.answering(stream(endless(), NDJSON)) as received:
        response = blocking.client.post(OLLAMA, json=asking("Hello"))
        assert received[0].finished.wait(10)
    documents = ollama_documents(response.text)
    assert ollama_text(documents) == "It is "
    assert (documents[-1]["done"], documents[-1]["done_reason"]) == (True, "content_filter")
    assert received[0].disconnected is FULL_DUPLEX
