"""A slow detector with all that keeps it from harming others: bounds, a breaker, a memory."""

import hashlib
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import pybreaker

from extproc.detectors.slow import Deadline, DetectorError, Failure, SlowDetector, Text
from extproc.model.values import Direction, Finding

FAILURES = 5  # in a row, with which a breaker opens
_REMEMBERED = 4096  # texts of one detector

Answers = list[list[Finding]]
_Keys = list[bytes]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Of one detector. Times are seconds; `queue` counts questions that wait for a thread."""

    timeout: float
    cache: float
    retry: float
    concurrency: int
    queue: int


class DetectorTelemetry(Protocol):
    """What is counted of slow detectors, from any thread."""

    def detector_answered(self, detector: str, seconds: float) -> None:
        """It was asked, and has answered or failed."""

    def detector_failed(self, detector: str, kind: str) -> None:
        """There is no answer."""

    def detector_cached(self, detector: str, texts: int) -> None:
        """So many texts had been judged before."""

    def detector_breaker(self, detector: str, *, is_open: bool) -> None:
        """Its breaker has changed."""


class Supervised:
    """Asks a detector. What it has said of a text is remembered by a keyed hash of it."""

    def __init__(
        self, name: str, detector: SlowDetector, bounds: Bounds, telemetry: DetectorTelemetry
    ) -> None:
        self.name = name
        self.bounds = bounds
        self._detector = detector
        self._telemetry = telemetry
        self._slots = threading.BoundedSemaphore(bounds.concurrency + bounds.queue)
        self._pool = ThreadPoolExecutor(bounds.concurrency, thread_name_prefix=f"slow-{name}")
        self._breaker = _Breaker(name, bounds.retry, telemetry)
        self._memory = _Memory(bounds.cache)
        telemetry.detector_breaker(name, is_open=False)

    def ask(self, texts: Sequence[Text], direction: Direction) -> "Future[Answers]":
        """What is in each text, within the detector's time. The future may raise DetectorError."""
        keys = self._memory.keys(texts, direction, is_joint=self._detector.is_joint)
        known = self._memory.get(keys)
        missing = [index for index, answer in enumerate(known) if answer is None]
        if self._detector.is_joint and missing:
            missing = list(range(len(texts)))
        if len(missing) < len(texts):
            self._telemetry.detector_cached(self.name, len(texts) - len(missing))
        future: Future[Answers] = Future()
        if not missing:
            future.set_result([answer or [] for answer in known])
            return future
        if not self._slots.acquire(blocking=False):
            return self._failed(future, Failure.QUEUE_FULL)
        if not self._breaker.admits():
            self._slots.release()
            return self._failed(future, Failure.BREAKER_OPEN)
        deadline = Deadline(self.bounds.timeout)

        def work() -> Answers:
            found = self._ask([texts[index] for index in missing], direction, deadline)
            for index, answer in zip(missing, found, strict=True):
                known[index] = answer
            self._memory.put([keys[index] for index in missing], found)
            return [answer or [] for answer in known]

        try:
            asked = self._pool.submit(work)
        except RuntimeError:  # closed: nobody but a test asks after that
            self._slots.release()
            return self._failed(future, Failure.ERROR)
        asked.add_done_callback(self._done)
        return asked

    def close(self) -> None:
        """Ask no more; give back what the detector holds."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._detector.close()

    def _ask(self, texts: Sequence[Text], direction: Direction, deadline: Deadline) -> Answers:
        started = time.perf_counter()
        try:
            deadline.check()
            found = self._detector.detect(texts, direction, deadline)
            deadline.check()
        except DetectorError as error:
            self._breaker.failed(error)
            raise
        except Exception as error:
            failure = DetectorError(Failure.ERROR, type(error).__name__)
            self._breaker.failed(failure)
            raise failure from error
        finally:
            self._telemetry.detector_answered(self.name, time.perf_counter() - started)
        self._breaker.answered()
        return found

    def _done(self, future: "Future[Answers]") -> None:
        self._slots.release()
        if future.cancelled():  # its time was up before it had its turn
            self._breaker.failed(DetectorError(Failure.TIMEOUT))
            self._telemetry.detector_failed(self.name, Failure.TIMEOUT)
            return
        error = future.exception()
        if isinstance(error, DetectorError):
            self._telemetry.detector_failed(self.name, error.kind)
            _log.debug("detector failed", extra={"detector": self.name, "reason": str(error)})

    def _failed(self, future: "Future[Answers]", kind: Failure) -> "Future[Answers]":
        self._telemetry.detector_failed(self.name, kind)
        future.set_exception(DetectorError(kind))
        return future


class _Breaker:
    """A pybreaker that is told outcomes: its own `call` would let one caller in at a time."""

    def __init__(self, name: str, retry: float, telemetry: DetectorTelemetry) -> None:
        self._lock = threading.Lock()
        self._retry = retry
        self._opened = 0.0  # by the monotonic clock
        self._listener = _Listener(name, telemetry)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES,
            reset_timeout=retry,
            listeners=[self._listener],
            throw_new_error_on_trip=False,
        )

    def admits(self) -> bool:
        """Whether to ask. After a while one question is let through an open breaker."""
        with self._lock:
            state = self._breaker.current_state
            if state == pybreaker.STATE_OPEN and self._waited():
                self._breaker.half_open()
                return True
            return state == pybreaker.STATE_CLOSED

    def answered(self) -> None:
        self._tell(None)

    def failed(self, error: DetectorError) -> None:
        self._tell(error)

    def _waited(self) -> bool:
        return time.monotonic() - self._opened >= self._retry

    def _tell(self, error: DetectorError | None) -> None:
        def outcome() -> None:
            if error is not None:
                raise error

        with self._lock:
            before = self._breaker.current_state
            if before == pybreaker.STATE_OPEN:
                return  # asked before it opened
            try:
                self._breaker.call(outcome)
            except (DetectorError, pybreaker.CircuitBreakerError):
                if self._breaker.current_state == pybreaker.STATE_OPEN:
                    self._opened = time.monotonic()


class _Listener(pybreaker.CircuitBreakerListener):
    """Puts changes of a breaker on record."""

    def __init__(self, name: str, telemetry: DetectorTelemetry) -> None:
        self._name = name
        self._telemetry = telemetry

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,  # noqa: ARG002
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        before = old_state.name if old_state is not None else ""
        fields = {"detector": self._name, "state": new_state.name, "before": before}
        level = logging.WARNING if new_state.name == pybreaker.STATE_OPEN else logging.INFO
        _log.log(level, "breaker changed", extra=fields)
        is_open = new_state.name != pybreaker.STATE_CLOSED
        self._telemetry.detector_breaker(self._name, is_open=is_open)


class _Memory:
    """Answers by keyed hashes of texts, the least used forgotten first. Holds no content."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._key = os.urandom(32)
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[float, list[Finding]]] = OrderedDict()

    def keys(self, texts: Sequence[Text], direction: Direction, *, is_joint: bool) -> _Keys:
        """One for each text; where texts are judged together, of it among the others."""
        if not self._seconds:
            return [b""] * len(texts)
        alone = [self._hash(direction.value, text.role, text.text) for text in texts]
        if not is_joint:
            return alone
        around = b"".join(alone)
        return [self._hash(around.hex(), str(index)) for index in range(len(texts))]

    def get(self, keys: _Keys) -> list[list[Finding] | None]:
        """What is known, in order."""
        now = time.monotonic()
        with self._lock:
            return [self._get(key, now) for key in keys]

    def put(self, keys: _Keys, answers: Answers) -> None:
        if not self._seconds:
            return
        until = time.monotonic() + self._seconds
        with self._lock:
            for key, answer in zip(keys, answers, strict=True):
                self._known[key] = until, answer
                self._known.move_to_end(key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def _get(self, key: bytes, now: float) -> list[Finding] | None:
        until, answer = self._known.get(key, (0.0, []))
        if until <= now:
            self._known.pop(key, None)
            return None
        self._known.move_to_end(key)
        return answer

    def _hash(self, *parts: str) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=16)
        for part in parts:
            data = part.encode()
            digest.update(len(data).to_bytes(8) + data)
        return digest.digest()
