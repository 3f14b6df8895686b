"""The walkers that plant canaries reach what they must, and lose nothing."""

import pytest

from tests.dataplane.canaries import EMAIL, TEXT, VALUES, leaks
from tests.exchanges import planting
from tests.exchanges.recordings import Recording, exchanges

STREAMS = [recording for recording in exchanges() if recording.streamed]


def by_name(recording: Recording) -> str:
    return recording.name


def test_no_recording_holds_a_canary_and_most_can_be_planted() -> None:
    bodies = [recording.request_body for recording in exchanges()]
    assert [leaks(body) for body in bodies if leaks(body)] == []
    planted = [leaks(planting.planted_request(recording, TEXT)) for recording in exchanges()]
    assert planted.count([]) <= 25
    assert all(found in ([], sorted(VALUES)) for found in planted)


def test_canaries_in_texts_that_grow_are_cut_over_two_events() -> None:
    cut = 0
    for recording in STREAMS:
        pieces: dict[planting.Channel, list[str]] = {}
        for event in planting.planted_stream(recording, TEXT):
            for channel, _, piece in planting.growing(recording.family, event.data):
                pieces.setdefault(channel, []).append(piece)
        for (is_json, *_), parts in pieces.items():
            if len(parts) > 1 and not is_json and any(parts):
                assert EMAIL in "".join(parts)
                assert not any(EMAIL in part for part in parts)
                cut += 1
    assert cut >= 50


@pytest.mark.parametrize("recording", STREAMS, ids=by_name)
def test_stream_that_is_read_and_written_is_the_same_to_a_client(recording: Recording) -> None:
    events = planting.read_stream(recording, recording.response_body)
    again = planting.read_stream(recording, b"".join(planting.write_stream(events)))
    assert again == events
    assert len(events) == len(recording.response_chunks)
