"""What the gateway itself does to answers, with fields that every Envoy it is for knows."""

import gzip
import json
from typing import Any

import pytest

from tests.dataplane import sse
from tests.dataplane.harness import CHAT, FLAG, Filters, Stack, stack
from tests.dataplane.recorder import Recorder, document, stream

LONG = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * 1_000}}]}
REQUEST: dict[str, Any] = {"model": "m", "messages": []}


@pytest.mark.parametrize(
    ("accepted", "used"), [("gzip", "gzip"), ("br", "br"), ("gzip, br", "br"), ("zstd", None)]
)
def test_long_document_is_compressed_for_who_accepts_it(
    flagging: Stack, accepted: str, used: str | None
) -> None:
    headers = {"accept-encoding": accepted}
    with (
        flagging.recorder.answering(document(LONG)),
        flagging.client.stream("POST", CHAT, json=REQUEST, headers=headers) as response,
    ):
        raw = b"".join(response.iter_raw())
    assert response.headers.get("content-encoding") == used
    if used is None:
        assert json.loads(raw) == LONG
    else:
        assert len(raw) < 1_000
    if used == "gzip":
        assert json.loads(gzip.decompress(raw)) == LONG


def test_stream_of_events_is_not_compressed(flagging: Stack) -> None:
    events = [sse.chunk({"content": "word " * 1_000}), sse.END]
    with flagging.recorder.answering(stream(events)):
        response = flagging.client.post(CHAT, json=REQUEST, headers={"accept-encoding": "gzip, br"})
    assert "content-encoding" not in response.headers
    assert sse.parse(response.content)[-1].data == sse.DONE


def test_client_that_asks_too_often_is_told_when_to_come_back(recorder: Recorder) -> None:
    def edit(filters: Filters) -> None:
        limit = filters["local_ratelimit"]["typed_config"]
        limit["descriptors"][0]["token_bucket"] = {
            "max_tokens": 1,
            "tokens_per_fill": 1,
            "fill_interval": "3600s",
        }

    with stack(recorder, FLAG, edit) as running, recorder.answering(document(LONG)) as received:
        assert running.client.post(CHAT, json=REQUEST).status_code == 200
        refused = running.client.post(CHAT, json=REQUEST)
        assert len(received) == 1
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limited"
    assert refused.headers["retry-after"] == "1"
