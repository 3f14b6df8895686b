"""OpenAI's older Completions and its APIs of one answer as the official SDK sees them."""

import array
import base64
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from tests.dataplane import sse
from tests.dataplane.canaries import REDACTED, SSN, TEXT, VALUES, leaks
from tests.dataplane.harness import Stack
from tests.dataplane.openai_sdk import Sdk
from tests.dataplane.recorder import document, stream

ENVELOPE = {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "m"}
VECTOR = [0.25, -0.5, 0.125]


@pytest.fixture
def blocked(blocking: Stack) -> Iterator[Sdk]:
    with Sdk(blocking) as made:
        yield made


@pytest.fixture
def redacted(redacting: Stack) -> Iterator[Sdk]:
    with Sdk(redacting) as made:
        yield made


def completion(text: str, finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    return {**ENVELOPE, "choices": [choice]}


def saying(text: str) -> list[bytes]:
    pieces = [text[start : start + 5] for start in range(0, len(text), 5)]
    chunks = [completion(piece, None) for piece in pieces]
    events = [*chunks, completion("", "stop"), sse.DONE]
    return [sse.write(sse.Event((), data)) for data in events]


def embedded(vector: Any) -> Any:
    return document({"object": "list", "data": [{"index": 0, "embedding": vector}], "model": "m"})


def test_blocked_requests_are_permission_denied_errors(blocking: Stack, blocked: Sdk) -> None:
    client = blocked.client
    asks: list[Callable[[], object]] = [
        lambda: client.completions.create(model="m", prompt=TEXT),
        lambda: client.completions.create(model="m", prompt=["hi", TEXT], stream=True),
        lambda: client.completions.create(model="m", prompt=[1, 2, 3]),
        lambda: client.embeddings.create(model="m", input=["hi", TEXT]),
        lambda: client.moderations.create(input=TEXT),
        lambda: client.images.generate(prompt=TEXT),
        lambda: client.audio.speech.create(model="m", voice="alloy", input=TEXT),
    ]
    with blocking.recorder.answering(document({})) as received:
        for ask in asks:
            with pytest.raises(openai.PermissionDeniedError) as raised:
                ask()
            assert raised.value.code == "policy_violation"
            assert leaks(raised.value.response.content) == []
    assert blocked.attempts == len(asks)
    assert received == []


def test_streamed_completion_is_redacted(redacting: Stack, redacted: Sdk) -> None:
    with redacting.recorder.answering(stream(saying(f"{TEXT} Anything else?"))) as received:
        chunks = list(redacted.client.completions.create(model="m", prompt=TEXT, stream=True))
    text = "".join(chunk.choices[0].text for chunk in chunks)
    assert text == f"{REDACTED} Anything else?"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert received[0].json["prompt"] == REDACTED


def test_filtered_completion_says_so(blocking: Stack, blocked: Sdk) -> None:
    with blocking.recorder.answering(stream(saying(f"The number is {SSN}, and so on"))):
        chunks = list(blocked.client.completions.create(model="m", prompt="hi", stream=True))
    text = "".join(chunk.choices[0].text for chunk in chunks)
    assert text == "The number is "
    assert chunks[-1].choices[0].finish_reason == "content_filter"


@pytest.mark.parametrize("packed", [False, True], ids=["numbers", "base64"])
def test_vectors_pass_as_they_are(redacting: Stack, redacted: Sdk, packed: bool) -> None:
    numbers = array.array("f", VECTOR)
    vector = base64.b64encode(numbers.tobytes()).decode() if packed else VECTOR
    with redacting.recorder.answering(embedded(vector)) as received:
        answer = redacted.client.embeddings.create(model="m", input=list(VALUES))
    assert answer.data[0].embedding == VECTOR
    assert leaks(received[0].body) == []


def transcript(text: str) -> list[bytes]:
    pieces = [text[start : start + 5] for start in range(0, len(text), 5)]
    events = [{"type": "transcript.text.delta", "delta": piece} for piece in pieces]
    events.append({"type": "transcript.text.done", "text": text})
    return [sse.write(sse.Event((), event)) for event in events]


def heard(sdk: Sdk) -> list[Any]:
    """The events of a transcript that is streamed."""
    transcriptions = sdk.client.audio.transcriptions
    return list(transcriptions.create(model="m", file=("a.wav", b"RIFF"), stream=True))


def test_streamed_transcript_is_redacted(redacting: Stack, redacted: Sdk) -> None:
    with redacting.recorder.answering(stream(transcript(TEXT))):
        *deltas, done = heard(redacted)
    assert "".join(event.delta for event in deltas) == done.text == REDACTED
