"""Recorded exchanges pass a policy that only observes as if nothing stood in between."""

from collections.abc import Iterator

import pytest

from tests.dataplane import sse
from tests.dataplane.canaries import TEXT
from tests.dataplane.harness import CHAT, Stack, eventually
from tests.dataplane.recorder import Answer, document, stream, whole
from tests.dataplane.sse import chunk
from tests.exchanges.recordings import Recording, openai_chat


def by_name(recording: Recording) -> str:
    return recording.name


def answer(recording: Recording) -> Answer:
    if recording.streamed:
        return stream(recording.response_chunks, recording.content_type)
    return whole(recording.response_body, recording.content_type, recording.status)


def test_every_recording_is_here() -> None:
    recordings = openai_chat()
    assert len(recordings) == 132
    assert sum(recording.streamed for recording in recordings) == 18
    assert len({recording.host for recording in recordings}) > 15


@pytest.mark.parametrize("recording", openai_chat(), ids=by_name)
def test_recording_passes_unchanged_in_both_directions(
    flagging: Stack, recording: Recording
) -> None:
    with flagging.recorder.answering(answer(recording)) as received:
        response = flagging.client.post(
            f"/openai{recording.path}",
            content=recording.request_body,
            headers={"content-type": "application/json"},
        )
    [request] = received
    assert request.path == recording.path
    assert request.body == recording.request_body
    assert response.status_code == recording.status
    assert response.headers["content-type"] == recording.content_type
    assert response.headers["x-extproc-verdict"] in ("allow", "flag")
    if recording.streamed:
        assert sse.parse(response.content) == sse.parse(recording.response_body)
    assert response.content == recording.response_body


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
