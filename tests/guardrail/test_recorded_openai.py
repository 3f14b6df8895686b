"""Recorded exchanges of the OpenAI family apart from chat: nothing is lost, and nothing leaks."""

import json

import pytest

from extproc.dialects.registry import FALLBACK, find
from extproc.model.values import Direction
from tests.dataplane.canaries import REDACTED, TEXT, leaks, leaks_in
from tests.exchanges import planting
from tests.exchanges.recordings import Recording, encode, exchanges
from tests.guardrail.making import BROKEN, FORMS, MAX_EVENT, REDACT_ALL, guardrail, rule

FLAG = guardrail(rule(FORMS, "flag", name="pii"))
NAMES = ("openai_responses", "openai_embeddings")
RECORDINGS = [r for r in exchanges() if find(r.method, r.path, r.host).name in NAMES]
STREAMS = [recording for recording in RECORDINGS if recording.streamed]
WHOLE = [recording for recording in RECORDINGS if not recording.streamed]


def by_name(recording: Recording) -> str:
    return recording.name


def test_recordings_of_both_kinds_are_here() -> None:
    assert len(WHOLE) > 110
    assert len(STREAMS) > 10
    assert find("POST", "/v1/embeddings").name != FALLBACK


def passed(recording: Recording, direction: Direction, body: bytes) -> bytes:
    """What a redacting policy lets pass of a whole body."""
    dialect = find(recording.method, recording.path, recording.host)
    found = REDACT_ALL.inspect_json(dialect, direction, body, "caller").body
    return body if found is None else found


@pytest.mark.parametrize("recording", WHOLE, ids=by_name)
def test_an_answer_passes_without_its_canaries_and_otherwise_unchanged(
    recording: Recording,
) -> None:
    for text in (TEXT, REDACTED):
        body = encode(planting.planted(recording.response, text))
        out = passed(recording, Direction.RESPONSE, body)
        assert leaks(out) + leaks_in(json.loads(out)) == []
        assert json.loads(out) == planting.planted(recording.response, REDACTED)


@pytest.mark.parametrize("recording", RECORDINGS, ids=by_name)
def test_a_request_passes_without_its_canaries_and_otherwise_unchanged(
    recording: Recording,
) -> None:
    if recording.request is None:
        return
    out = passed(recording, Direction.REQUEST, planting.planted_request(recording, TEXT))
    assert leaks(out) + leaks_in(json.loads(out)) == []
    assert json.loads(out) == planting.planted(recording.request, REDACTED)


@pytest.mark.parametrize("recording", STREAMS, ids=by_name)
def test_a_stream_passes_without_its_canaries_and_otherwise_unchanged(
    recording: Recording,
) -> None:
    reader = find(recording.method, recording.path, recording.host).stream("text/event-stream")
    assert reader is not None
    stream = REDACT_ALL.open_stream(reader, "caller", MAX_EVENT)
    chunks = planting.write_stream(planting.planted_stream(recording, TEXT))
    out = b"".join(stream.feed(chunk, BROKEN).data for chunk in chunks)
    out += stream.feed(b"", BROKEN, final=True).data
    assert stream.unreadable == ""
    events = planting.read_stream(recording, out)
    expected = planting.planted_stream(recording, REDACTED)
    texts = planting.texts(recording.family, events)
    assert leaks(out) + leaks_in(list(texts.values())) == []
    assert texts == planting.texts(recording.family, expected)
    assert standing(recording, events) == standing(recording, expected)


def standing(recording: Recording, events: list[planting.Message]) -> set[tuple[str, str]]:
    """What stands whole in a stream; JSON in the spelling of ours."""
    return {
        (place, json.dumps(json.loads(value)) if value.startswith("{") else value)
        for place, value in planting.standing(recording.family, events)
    }


@pytest.mark.parametrize("recording", STREAMS, ids=by_name)
def test_a_stream_that_is_only_observed_passes_byte_by_byte(recording: Recording) -> None:
    reader = find(recording.method, recording.path, recording.host).stream("text/event-stream")
    assert reader is not None
    stream = FLAG.open_stream(reader, "caller", MAX_EVENT)
    body = recording.response_body
    parts = [body[place : place + 1] for place in range(len(body))]
    out = b"".join(stream.feed(part, BROKEN).data for part in parts)
    assert out + stream.feed(b"", BROKEN, final=True).data == body
