"""Data planes that many tests share; each starts when a test first asks for it."""

import threading
from collections.abc import Iterator

import pytest

from tests.dataplane.harness import BLOCK, FLAG, MAX_BODY, REDACT, Stack, stack
from tests.dataplane.recorder import Received, Recorder
from tests.dataplane.simulated import simulated


@pytest.fixture(scope="session")
def recorder() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """For a script to wait on. It opens at the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture(scope="session")
def flagging(recorder: Recorder) -> Iterator[Stack]:
    """A policy that only observes."""
    with stack(recorder, FLAG) as running:
        yield running


@pytest.fixture(scope="session")
def redacting(recorder: Recorder) -> Iterator[Stack]:
    """A policy that takes personal data, payment data and secrets out."""
    with stack(recorder, REDACT, max_body_bytes=str(MAX_BODY)) as running:
        yield running


@pytest.fixture(scope="session")
def redacting_chunks(recorder: Recorder) -> Iterator[Stack]:
    """The same, with streams in STREAMED mode as for Envoy before 1.40."""
    with stack(recorder, REDACT, stream_mode="streamed") as running:
        yield running


@pytest.fixture(scope="session")
def blocking(recorder: Recorder) -> Iterator[Stack]:
    """A policy that refuses whatever it finds."""
    with stack(recorder, BLOCK) as running:
        yield running


@pytest.fixture
def provider(blocking: Stack) -> Iterator[list[Received]]:
    """What reaches the simulator."""
    with blocking.recorder.answering(simulated) as received:
        yield received
