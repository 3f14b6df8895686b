"""The other transport on the same data plane; `make test-envoys` runs everything on both."""

from collections.abc import Iterator

import pytest

from tests.dataplane import sse
from tests.dataplane.canaries import REDACTED, TEXT
from tests.dataplane.harness import CHAT, REDACT, TRANSPORT, Stack, stack
from tests.dataplane.recorder import Recorder, document, stream

OTHER = {"native": "grpcio", "grpcio": "native"}[TRANSPORT]
REQUEST = {"model": "m", "messages": [{"role": "user", "content": TEXT}]}


@pytest.fixture(scope="module")
def running(recorder: Recorder) -> Iterator[Stack]:
    with stack(recorder, REDACT, transport=OTHER) as made:
        yield made


def test_documents_are_redacted_both_ways(running: Stack) -> None:
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}}]}
    with running.recorder.answering(document(answer)) as received:
        response = running.client.post(CHAT, json=REQUEST)
    assert received[0].json["messages"][0]["content"] == REDACTED
    assert response.json()["choices"][0]["message"]["content"] == REDACTED


def test_streams_are_redacted(running: Stack) -> None:
    events = [*(sse.chunk({"content": piece}) for piece in sse.pieces_of(TEXT)), sse.END]
    with running.recorder.answering(stream(events)):
        response = running.client.post(CHAT, json=REQUEST)
    assert list(sse.texts(sse.parse(response.content)).values()) == [REDACTED]
    assert running.idle()


def test_what_cannot_be_read_is_refused(running: Stack) -> None:
    with running.recorder.answering(document({})) as received:
        response = running.client.post(
            CHAT, content=b"oops", headers={"content-type": "application/json"}
        )
    assert (response.status_code, received) == (400, [])
    assert response.json()["error"]["code"] == "invalid_json"
