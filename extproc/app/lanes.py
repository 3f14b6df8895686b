"""The threads of a processor: for work that needs a core, for work that waits, and for the rest."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from extproc.exchange.commands import Patient
from extproc.model.record import Record
from extproc.telemetry.telemetry import Telemetry

_BUSY_THREADS = 2
# Started when needed. Exchanges wait here for detectors, which bound how many can.
_WAITING_THREADS = 64
_LATE_THREADS = 16
_MOST_LATE = 256
_MOST_LATE_BYTES = 64 << 20

_P = ParamSpec("_P")
_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Lanes(Executor):
    """An executor in which waiting for others keeps nobody else waiting."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._busy = ThreadPoolExecutor(_BUSY_THREADS, thread_name_prefix="slow-lane")
        self._waiting = ThreadPoolExecutor(_WAITING_THREADS, thread_name_prefix="waiting")
        self._late = ThreadPoolExecutor(_LATE_THREADS, thread_name_prefix="late")
        self._lock = threading.Lock()
        self._works = self._bytes = 0  # of `later`

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> "Future[_T]":
        """Run it in the lane that it belongs to."""
        pool = self._waiting if isinstance(fn, Patient) else self._busy
        return pool.submit(fn, *args, **kwargs)

    def later(self, work: Callable[[], Record | None], size: int) -> None:
        """Run `work` and put what it returns on record; drop it, counted, where there is no room.

        Call it in the event loop.
        """
        with self._lock:
            full = self._works >= _MOST_LATE or self._bytes + size > _MOST_LATE_BYTES
            if not full:
                self._works += 1
                self._bytes += size
        if full:
            self._telemetry.detectors.late_dropped()
            return
        loop = asyncio.get_running_loop()
        try:
            future = self._late.submit(work)
        except RuntimeError:  # shut down
            return
        future.add_done_callback(lambda done: self._finished(done, size, loop))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as Executor has it
        """Take nothing more."""
        for pool in (self._busy, self._waiting, self._late):
            pool.shutdown(wait, cancel_futures=cancel_futures)

    def _finished(
        self, done: "Future[Record | None]", size: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        with self._lock:
            self._works -= 1
            self._bytes -= size
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            _log.error("judging afterwards failed", extra={"reason": type(error).__name__})
            return
        record = done.result()
        if record is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._telemetry.observe_late, record)
