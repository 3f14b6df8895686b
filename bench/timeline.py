"""When each event of each stream was sent and when it arrived, in memory that processes share.

Both sides read CLOCK_MONOTONIC, which is one clock for all processes of a machine.
"""

import mmap
from pathlib import Path
from typing import TypeAlias

Cells: TypeAlias = "memoryview[float]"

_CAPACITY_BYTES = 32 << 20
_ITEM_BYTES = 8  # a double


class Timeline:
    """Seconds; 0 is "never". The file is one for all runs, `clear` begins a new one."""

    def __init__(self, file: Path) -> None:
        """Open `file`, which `create` has made."""
        with file.open("r+b") as opened:
            self._cells = memoryview(mmap.mmap(opened.fileno(), _CAPACITY_BYTES)).cast("d")

    @staticmethod
    def create(file: Path) -> "Timeline":
        """Make the file with nothing in it."""
        with file.open("wb") as opened:
            opened.truncate(_CAPACITY_BYTES)
        return Timeline(file)

    def clear(self, streams: int, events: int) -> None:
        """Forget everything; there will be `streams` of `events` each."""
        length = streams * (2 + 2 * events)
        if length * _ITEM_BYTES > _CAPACITY_BYTES:
            raise ValueError(f"{streams} streams of {events} events do not fit: ask for less")
        self._cells[:length] = memoryview(bytes(length * _ITEM_BYTES)).cast("d")

    def stream(self, index: int, events: int) -> Cells:
        """The cells of one stream: REQUESTED, FIRST_TEXT, all sent, all arrived."""
        width = 2 + 2 * events
        return self._cells[index * width : (index + 1) * width]


REQUESTED = 0
FIRST_TEXT = 1  # when the first event with a part of the answer's text arrived
SENT = 2


def arrived_at(events: int) -> int:
    """Where a stream's arrivals begin."""
    return SENT + events
