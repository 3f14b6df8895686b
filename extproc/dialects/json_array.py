"""A stream that is one JSON array, whose elements come one by one, cut at any byte.

Google's APIs stream so unless they are asked for server-sent events. A frame is an element with
what stands before it, or the end of the array. A body that is one object, as errors often are, is
one frame.
"""

import re
from enum import Enum, auto

from extproc.dialects.framing import TOO_LARGE, Frame
from extproc.model.errors import BodyError

MEDIA_TYPE = "application/json"
END = b"]"
"""The data of the frame that ends the array."""

_BROKEN = BodyError("invalid_json", "the stream is not a JSON array of objects")
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
_STRINGS = rb'[^"{}\[\]]*+(?:"(?:[^"\\]++|\\.)*+"[^"{}\[\]]*+)*+'
_WHOLE_STRINGS = re.compile(_STRINGS, re.DOTALL)
_BRACKET = re.compile(rb"%b([{}\[\]])" % _STRINGS, re.DOTALL)  # the next that is in no string
_IN_STRING = re.compile(rb'["\\]')


class _State(Enum):
    """What was read last outside of elements."""

    NOTHING = auto()
    OPENING = auto()
    ELEMENT = auto()
    COMMA = auto()
    CLOSING = auto()
    OBJECT = auto()  # that stands alone


_TRANSITIONS = {
    (_State.NOTHING, b"["): _State.OPENING,
    (_State.NOTHING, b"{"): _State.OBJECT,
    (_State.OPENING, b"{"): _State.ELEMENT,
    (_State.OPENING, b"]"): _State.CLOSING,
    (_State.ELEMENT, b","): _State.COMMA,
    (_State.ELEMENT, b"]"): _State.CLOSING,
    (_State.COMMA, b"{"): _State.ELEMENT,
}


class JsonArray:
    """The framing of an array of objects."""

    is_literal = False  # the first element stands behind a bracket, the others behind a comma

    def __init__(self, max_event: int) -> None:
        self._max_event = max_event
        self._kept = bytearray()  # what is before the next element, and what there is of it
        self._at = 0  # up to where _kept has been looked at
        self._start = 0  # where in _kept its element begins
        self._depth = 0  # of brackets, within an element
        self._in_string = False
        self._state = _State.NOTHING
        self.fault: BodyError | None = None

    def feed(self, chunk: bytes, *, final: bool = False) -> list[Frame]:
        """With `final` an element that has not ended is a fault; its client cannot read it."""
        self._kept += chunk
        frames: list[Frame] = []
        while self.fault is None and self._at < len(self._kept):
            if self._depth:
                self._go_on(frames)
            else:
                self._look_between(frames)
        if self.fault is None and len(self._kept) > self._max_event:
            self.fault = TOO_LARGE
        if final and self._kept and self.fault is None:
            if self._kept.isspace():
                frames.append(Frame(None, raw=self._take(len(self._kept))))
            else:
                self.fault = _BROKEN
        return frames

    def is_whole(self, chunk: bytes) -> bool:  # noqa: ARG002 - part of the protocol
        return False

    def rest(self) -> bytes:
        rest = bytes(self._kept)
        self._kept.clear()
        return rest

    def between(self, last: bytes) -> bytes:  # noqa: ARG002 - elements bring their own comma
        return b""

    def encode(
        self,
        data: bytes | None,
        lines: tuple[bytes, ...] = (),  # noqa: ARG002
        head: bytes = b"",  # noqa: ARG002
        *,
        first: bool = False,
    ) -> bytes:
        if data is None or self._state is _State.OBJECT:
            return data or b""
        return (b"[" if first else b",\r\n") + data

    def close(self) -> bytes:
        return b"" if self._state is _State.OBJECT else END

    def _look_between(self, frames: list[Frame]) -> None:
        found = _NOT_SPACE.search(self._kept, self._at)
        if found is None:
            self._at = len(self._kept)
            return
        self._at = found.end()
        state = _TRANSITIONS.get((self._state, found[0]))
        if state is None:
            self.fault = _BROKEN
            return
        self._state = state
        if state is _State.CLOSING:
            self._cut(END, frames)
        elif state in (_State.ELEMENT, _State.OBJECT):
            self._start, self._depth = found.start(), 1

    def _go_on(self, frames: list[Frame]) -> None:
        """Look for the end of the element, or of its string that is cut."""
        if self._in_string:
            self._go_on_in_string()
            return
        kept, at, depth = self._kept, self._at, self._depth
        while depth and (found := _BRACKET.match(kept, at)):
            at = found.end()
            depth += 1 if found[1] in b"{[" else -1
        self._at, self._depth = at, depth
        if not depth:
            self._cut(bytes(kept[self._start : at]), frames)
            return
        strings = _WHOLE_STRINGS.match(kept, at)
        self._at = strings.end() if strings else at
        if self._at < len(kept):
            self._at += 1
            self._in_string = True

    def _go_on_in_string(self) -> None:
        found = _IN_STRING.search(self._kept, self._at)
        self._at = len(self._kept) if found is None else found.end()
        if found is not None and found[0] == b"\\":
            self._at += 1  # what it escapes may come with the next chunk
        elif found is not None:
            self._in_string = False

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        if self._at > self._max_event:
            self.fault = TOO_LARGE
        else:
            frames.append(Frame(data, raw=self._take(self._at)))

    def _take(self, stop: int) -> bytes:
        raw = bytes(self._kept[:stop])
        del self._kept[:stop]
        self._at = self._start = 0
        return raw
