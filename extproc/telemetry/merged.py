"""Metrics of several workers as those of one program, by files that they share.

A worker writes files of its own, named by its number. One that takes another's place goes on in
its files: counters never fall, and there are never more files than workers need.
"""

import contextlib
import os
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder is made in it


def parent_folder() -> Path | None:
    """Where a temporary folder for metrics is best: in memory, where the system has that.

    On a disk, a worker may have to wait until a page is written out.
    """
    return _MEMORY if os.access(_MEMORY, os.W_OK) else None


def write_to(folder: Path, worker: int) -> None:
    """Let this process count in `folder`. Call it before the first metric is made."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(  # type: ignore[no-untyped-call]
        process_identifier=lambda: worker
    )


def read_from(folder: Path) -> CollectorRegistry:
    """A registry with the metrics of all workers, to which others may be added."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return registry


def worker_ended(folder: Path, worker: int) -> None:
    """What it had open is open no more; what it has counted stays."""
    mark_process_dead(worker, str(folder))  # type: ignore[no-untyped-call]


def remove(folder: Path, worker: int) -> None:
    """Remove what a worker has written, and the folder once nobody else has anything there."""
    with contextlib.suppress(OSError):
        for file in folder.glob(f"*_{worker}.db"):
            file.unlink()
        folder.rmdir()
