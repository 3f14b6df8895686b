"""Server-sent events, cut at any byte (WHATWG HTML, 9.2 Server-sent events)."""

import re
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\n|\r")
_MAX_LINES = 4096  # of one event
_PLAIN = b"data: "
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its bytes as received with the blank line, its data if any, its other lines."""

    raw: bytes
    data: bytes | None
    others: tuple[bytes, ...]


class Splitter:
    """Cuts a byte stream into events and keeps at most one unfinished event."""

    def __init__(self, max_event: int) -> None:
        self._max_event = max_event
        self._lines: list[bytes] = []  # of the unfinished event, without their ends
        self._raw = bytearray()  # the unfinished event as received
        self._line_start = 0  # where in _raw its unfinished line begins
        self._searched = 0  # up to where _raw holds no further line end
        self._first = True
        self.overflowed = False

    def feed(self, chunk: bytes, *, final: bool = False) -> list[Event]:
        """Take a chunk; return the events it completes.

        With `final` what is left counts as an event, since clients read it as one. An event that
        is too large sets `overflowed`; nothing behind it is cut any more.
        """
        events: list[Event] = []
        if not (self._raw or self.overflowed):
            chunk = self._take_plain(chunk, events)
            if not chunk:
                return events
        self._raw += chunk
        while not self.overflowed:
            match = _LINE_END.search(self._raw, max(self._line_start, self._searched))
            if match is None or (match.end() == len(self._raw) and match[0] == b"\r" and not final):
                # A CR at the end of a chunk may be the first half of CRLF.
                self._searched = len(self._raw) if match is None else match.start()
                break
            self._end_line(match.start(), match.end(), events)
        self.overflowed = self.overflowed or len(self._raw) > self._max_event
        if final and self._raw and not self.overflowed:
            self._end_line(len(self._raw), len(self._raw), events)
            if self._raw:
                events.append(self._take(len(self._raw)))
        return events

    def _take_plain(self, chunk: bytes, events: list[Event]) -> bytes:
        """Cut off events of one `data` line that stand whole in `chunk`; return what is left."""
        start = 0
        while chunk.startswith(_PLAIN, start):
            end = chunk.find(b"\n", start)
            stop = end + 2
            blank = end > 0 and chunk.startswith(b"\n", end + 1)
            if not blank or stop - start > self._max_event or chunk.find(b"\r", start, end) > 0:
                break
            events.append(Event(chunk[start:stop], chunk[start + len(_PLAIN) : end], ()))
            self._first = False
            start = stop
        return chunk[start:]

    def rest(self) -> bytes:
        """Give up what is kept of an unfinished event."""
        rest = bytes(self._raw)
        self._raw.clear()
        return rest

    def _end_line(self, stop: int, following: int, events: list[Event]) -> None:
        line = bytes(self._raw[self._line_start : stop])
        self._line_start = following
        if self._first:
            line, self._first = line.removeprefix(_BOM), False
        if line:
            self._lines.append(line)
            self.overflowed = len(self._lines) > _MAX_LINES
        elif following > self._max_event:
            self.overflowed = True
        else:
            events.append(self._take(following))

    def _take(self, stop: int) -> Event:
        raw = bytes(self._raw[:stop])
        del self._raw[:stop]
        self._line_start = self._searched = 0
        data = [_value(line) for line in self._lines if _name(line) == b"data"]
        others = tuple(line for line in self._lines if _name(line) != b"data")
        self._lines = []
        return Event(raw, b"\n".join(data) if data else None, others)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0]


def _value(line: bytes) -> bytes:
    value = line.partition(b":")[2]
    return value[1:] if value.startswith(b" ") else value


def encode(data: bytes, others: tuple[bytes, ...] = ()) -> bytes:
    """One event with `others` (comments, `event:`, `id:`) before its data."""
    lines = [*others, *(b"data: " + part for part in data.split(b"\n"))]
    return b"\n".join(lines) + b"\n\n"
