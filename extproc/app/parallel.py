"""Work on many pieces, on all cores, in order and in bounded memory."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any, TypeVar

from extproc.model.errors import ExtprocError, InputError, SetupError

_AHEAD = 4  # pieces under way or done, for each worker

_P = TypeVar("_P")
_R = TypeVar("_R")
Prepare = Callable[[], Callable[[_P], _R]]
"""Makes the worker's function, once in each process; both ends are sent to others."""


def in_order(pieces: Iterable[_P], prepare: Prepare[_P, _R], workers: int) -> Iterator[_R]:
    """What the function of `prepare` makes of each piece, in their order.

    A single piece, and whatever a single worker does, is dealt with in this process. Raises
    InputError as the function does, and SetupError when a process dies.
    """
    source = iter(pieces)
    first = list(islice(source, 2))
    if workers == 1 or len(first) < 2:
        work = prepare()
        for piece in chain(first, source):
            yield work(piece)
        return
    # Not forked: models and remote detectors have threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _begin, (prepare,))
    waiting: deque[Future[_R]] = deque()
    try:
        for piece in chain(first, source):
            waiting.append(_submitted(pool, piece))
            if len(waiting) == workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise SetupError(
            "a worker died; look for it in the system's log (memory?), then try fewer --workers"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, piece: Any) -> Future[Any]:
    """Processes that this starts never hear of Ctrl-C: it is for the one who waits for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_work, piece)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_prepared: Any = None
_doing: Any = None


def _begin(prepare: Prepare[Any, Any]) -> None:
    global _prepared  # noqa: PLW0603 - a process of a pool has no other place
    _prepared = prepare


def _work(piece: Any) -> Any:
    global _doing  # noqa: PLW0603
    try:
        if _doing is None:
            _doing = _prepared()
        return _doing(piece)
    except ExtprocError as error:
        raise InputError(str(error)) from None  # others may not survive the way back
