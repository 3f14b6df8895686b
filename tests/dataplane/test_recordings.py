"""Recorded exchanges pass a policy that only observes as if nothing stood in between."""

from collections.abc import Iterator

import httpx
import pytest

from tests.dataplane.canaries import TEXT
from tests.dataplane.harness import CHAT, Stack, eventually, policy, stack
from tests.dataplane.recorder import Recorder, document, stream
from tests.dataplane.replay import answer, ask
from tests.dataplane.sse import chunk
from tests.exchanges import planting
from tests.exchanges.recordings import FAMILIES, Recording, exchanges, family, streams


def by_name(recording: Recording) -> str:
    return recording.name


@pytest.fixture(scope="module")
def enforcing(recorder: Recorder) -> Iterator[Stack]:
    """A policy that refuses what it cannot inspect, for something that no recording holds."""
    rule = {"name": "refuse", "detect": ["slack_token"], "action": "block"}
    with stack(recorder, policy(rule)) as running:
        yield running


def test_every_recording_is_here() -> None:
    recordings = exchanges()
    assert len(recordings) == 630
    assert {name: (len(family(name)), len(streams(name))) for name in FAMILIES} == {
        "openai_chat": (132, 18),
        "responses": (128, 12),
        "gemini": (119, 5),
        "bedrock": (110, 2),
        "anthropic": (101, 7),
        "files": (21, 0),
        "embeddings": (11, 0),
        "cohere": (3, 0),
        "other": (5, 0),
    }


@pytest.mark.parametrize("recording", exchanges(), ids=by_name)
def test_recording_passes_unchanged_in_both_directions(
    flagging: Stack, recording: Recording
) -> None:
    """Byte by byte, and so event by event."""
    response = check_passes(flagging, recording)
    assert response.content == recording.response_body


@pytest.mark.parametrize("recording", exchanges(), ids=by_name)
def test_recording_passes_unchanged_where_all_must_be_inspected(
    enforcing: Stack, recording: Recording
) -> None:
    """Text that could become a finding may come an event later; what a client reads is the same."""
    response = check_passes(enforcing, recording)
    if recording.streamed:
        events = planting.read_stream(recording, response.content)
        recorded = planting.read_stream(recording, recording.response_body)
        for meaning in (planting.texts, planting.standing):
            assert meaning(recording.family, events) == meaning(recording.family, recorded)
    else:
        assert response.content == recording.response_body


def check_passes(running: Stack, recording: Recording) -> httpx.Response:
    """The request arrives as recorded, byte by byte; return what the client gets."""
    with running.recorder.answering(answer(recording)) as received:
        response = ask(running, recording)
    assert response.status_code == recording.status, response.text[:300]
    [request] = received
    assert (request.method, request.path) == (recording.method, recording.path)
    assert request.body == recording.request_body
    assert response.headers["content-type"] == recording.content_type
    assert response.headers["x-extproc-verdict"] in ("allow", "flag")
    return response


@pytest.mark.parametrize(
    ("path", "host", "provider", "stripped"),
    [
        ("/groq/openai/v1/chat/completions?a=1", "gateway", "api.groq.com", "/groq"),
        ("/openai/v1/chat/completions?a=1", "gateway", "api.openai.com", "/openai"),
        ("/openai/v1/chat/completions?a=1", "api.groq.com", "api.groq.com", ""),
    ],
    ids=["prefix", "another-prefix", "host"],
)
def test_provider_is_known_by_host_or_by_prefix(
    flagging: Stack, path: str, host: str, provider: str, stripped: str
) -> None:
    with flagging.recorder.answering(document({"choices": []})) as received:
        flagging.client.post(path, json={"model": "m", "messages": []}, headers={"host": host})
    [request] = received
    assert request.headers["x-forwarded-host"] == provider
    assert request.path == path.removeprefix(stripped)


def test_answer_names_request_verdict_and_policy(flagging: Stack) -> None:
    with flagging.recorder.answering(document({"choices": []})):
        response = flagging.client.post(
            CHAT,
            json={"model": "m", "messages": [{"role": "user", "content": TEXT}]},
            headers={"x-request-id": "from-the-application"},
        )
    assert response.headers["x-extproc-request-id"] == "from-the-application"
    assert response.headers["x-extproc-policy"] == "flagging"
    assert response.headers["x-extproc-verdict"] == "flag"


def test_events_arrive_one_by_one(flagging: Stack) -> None:
    """The client holds the first event before the provider sends the second."""
    first, second = chunk({"content": "one "}), chunk({"content": "two "})
    seen: list[bytes] = []

    def provider() -> Iterator[bytes]:
        yield first
        assert eventually(lambda: seen == [first])
        yield second

    body = {"model": "m", "messages": [], "stream": True}
    with (
        flagging.recorder.answering(stream(provider())),
        flagging.client.stream("POST", CHAT, json=body) as response,
    ):
        for data in response.iter_raw():
            seen.append(data)  # noqa: PERF402 - the provider looks at it meanwhile
    assert seen == [first, second]
