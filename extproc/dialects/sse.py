"""Server-sent events, cut at any byte (WHATWG HTML, 9.2 Server-sent events)."""

import re

from extproc.dialects.framing import TOO_LARGE, Frame
from extproc.model.errors import BodyError

MEDIA_TYPE = "text/event-stream"

_LINE_END = re.compile(rb"\r\n|\n|\r")
_MAX_LINES = 4096  # of one event
_FIELD = b"data: "
_NAMED = b"event: "
_BOM = b"\xef\xbb\xbf"


class ServerSentEvents:
    """The framing of `text/event-stream`. The lines of a frame are all but those of its data."""

    is_literal = True

    def __init__(self, max_event: int) -> None:
        self._max_event = max_event
        self._lines: list[bytes] = []  # of the unfinished event, without their ends
        self._raw = bytearray()  # the unfinished event as received
        self._line_start = 0  # where in _raw its unfinished line begins
        self._searched = 0  # up to where _raw holds no further line end
        self._first = True
        self.fault: BodyError | None = None

    def feed(self, chunk: bytes, *, final: bool = False) -> list[Frame]:
        """With `final` what is left counts as an event, since clients read it as one."""
        events: list[Frame] = []
        if not (self._raw or self.fault):
            chunk = self._take_plain(chunk, events)
            if not chunk:
                return events
        self._raw += chunk
        while self.fault is None:
            match = _LINE_END.search(self._raw, max(self._line_start, self._searched))
            if match is None or (match.end() == len(self._raw) and match[0] == b"\r" and not final):
                # A CR at the end of a chunk may be the first half of CRLF.
                self._searched = len(self._raw) if match is None else match.start()
                break
            self._end_line(match.start(), match.end(), events)
        if len(self._raw) > self._max_event:
            self.fault = TOO_LARGE
        if final and self._raw and self.fault is None:
            self._end_line(len(self._raw), len(self._raw), events)
            if self._raw:
                events.append(self._take(len(self._raw)))
        return events

    def is_whole(self, chunk: bytes) -> bool:
        return not (self._raw or self.fault) and len(chunk) <= self._max_event

    def _take_plain(self, chunk: bytes, events: list[Frame]) -> bytes:
        """Cut off events that stand whole in `chunk`, of one line of data and perhaps a name.

        Returns what is left.
        """
        start, size = 0, len(chunk)
        while start < size:
            place = start
            lines: tuple[bytes, ...] = ()
            if chunk.startswith(_NAMED, start):
                place = chunk.find(b"\n", start) + 1
                lines = (chunk[start : place - 1],)
            if place < start or not chunk.startswith(_FIELD, place):
                break
            end = chunk.find(b"\n", place)
            stop = end + 2
            blank = end > 0 and chunk.startswith(b"\n", end + 1)
            if not blank or stop - start > self._max_event or chunk.find(b"\r", start, end) > 0:
                break
            data = chunk[place + len(_FIELD) : end]
            events.append(Frame(data, lines, b"", chunk[start:stop]))
            self._first = False
            start = stop
        return chunk[start:] if start < size else b""

    def encode(
        self,
        data: bytes | None,
        lines: tuple[bytes, ...] = (),
        head: bytes = b"",  # noqa: ARG002
        *,
        first: bool = False,  # noqa: ARG002
    ) -> bytes:
        if data is not None and not lines and b"\n" not in data:
            return b"data: %b\n\n" % data
        parts = data.split(b"\n") if data is not None else []
        return b"\n".join((*lines, *(_FIELD + part for part in parts))) + b"\n\n"

    def between(self, last: bytes) -> bytes:
        """The blank line that the last event of a provider may lack."""
        return b"" if last.endswith((b"\n", b"\r")) else b"\n\n"

    def close(self) -> bytes:
        return b""

    def rest(self) -> bytes:
        rest = bytes(self._raw)
        self._raw.clear()
        return rest

    def _end_line(self, stop: int, following: int, events: list[Frame]) -> None:
        line = bytes(self._raw[self._line_start : stop])
        self._line_start = following
        if self._first:
            line, self._first = line.removeprefix(_BOM), False
        if line:
            self._lines.append(line)
            if len(self._lines) > _MAX_LINES:
                self.fault = TOO_LARGE
        elif following > self._max_event:
            self.fault = TOO_LARGE
        else:
            events.append(self._take(following))

    def _take(self, stop: int) -> Frame:
        raw = bytes(self._raw[:stop])
        del self._raw[:stop]
        self._line_start = self._searched = 0
        data = [_value(line) for line in self._lines if _name(line) == b"data"]
        others = tuple(line for line in self._lines if _name(line) != b"data")
        self._lines = []
        return Frame(b"\n".join(data) if data else None, others, b"", raw)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0]


def _value(line: bytes) -> bytes:
    value = line.partition(b":")[2]
    return value[1:] if value.startswith(b" ") else value
