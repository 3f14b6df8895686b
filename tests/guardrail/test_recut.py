"""Chunking never matters to a recorded stream; `python -m tests.exchanges.recut` cuts on."""

import pytest

from tests.exchanges import recut
from tests.exchanges.recordings import Recording


@pytest.mark.parametrize("policy", recut.POLICIES)
@pytest.mark.parametrize("recording", recut.STREAMS, ids=lambda recording: recording.name)
def test_recorded_stream_comes_out_the_same_however_it_is_cut(
    recording: Recording, policy: str
) -> None:
    guard = recut.POLICIES[policy]
    recut.check(guard, recording, cuts=5, seed=1)
    recut.check_bytes(guard, recording)
