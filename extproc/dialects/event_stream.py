"""AWS event streams: binary messages of headers and a payload, cut at any byte.

https://smithy.io/2.0/aws/amazon-eventstream.html. A message is its length, the length of its
headers, a checksum of both, the headers, the payload, and a checksum of all before it.
"""

import re
import struct
from binascii import crc32
from functools import lru_cache
from typing import NamedTuple

from extproc.dialects.framing import TOO_LARGE, Frame
from extproc.model.errors import BodyError

MEDIA_TYPE = "application/vnd.amazon.eventstream"

_PRELUDE = struct.Struct(">III")
_UINT32 = struct.Struct(">I")
_AROUND = _PRELUDE.size + _UINT32.size  # bytes of a message beside headers and payload
_MAX_HEADERS = 8192
_STRING = 7
_BYTES = 6
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # bytes of a value by its type
_NUMBERS = frozenset({2, 3, 4, 5, 8})
_NAME = re.compile(rb":?[A-Za-z][A-Za-z0-9_.-]{0,63}")
# What headers say about an event. Anything else there is text and inspected.
_WORDS = {
    b":message-type": re.compile(rb"event|error|exception"),
    b":event-type": re.compile(rb"[A-Za-z-]{1,64}"),
    b":exception-type": re.compile(rb"[A-Za-z-]{1,64}"),
    b":content-type": re.compile(rb"[a-z]+/[a-z.+-]{1,64}"),
}


class _Header(NamedTuple):
    """`raw` is the header as received, `line` its text, None where that is a known word."""

    name: bytes
    raw: bytes
    line: bytes | None


class EventStream:
    """The framing of `application/vnd.amazon.eventstream`.

    The head of a frame is its block of headers. Its lines are those headers that may hold text,
    as `:name text`; a header whose line does not come back is left out, one with another text gets
    that.
    """

    is_literal = False  # there are lengths and checksums

    def __init__(self, max_event: int) -> None:
        self._max_event = max_event
        self._kept = bytearray()  # the unfinished message
        self._head = b""  # of the last message, with its lines
        self._lines: tuple[bytes, ...] = ()
        self.fault: BodyError | None = None

    def feed(self, chunk: bytes, *, final: bool = False) -> list[Frame]:
        """With `final` a message that is not complete is a fault: nobody can read it."""
        frames: list[Frame] = []
        kept, start = self._kept, 0
        if kept:
            kept += chunk
        received = kept or chunk
        try:
            while size := self._size(received, start):
                frames.append(self._take(bytes(received[start : start + size])))
                start += size
        except BodyError as error:
            self.fault = error
        if received is kept:
            del kept[:start]
        else:
            kept += chunk[start:]
        if final and kept and self.fault is None:
            self.fault = _invalid("the stream ends within a message")
        return frames

    def is_whole(self, chunk: bytes) -> bool:  # noqa: ARG002 - part of the protocol
        return False

    def rest(self) -> bytes:
        rest = bytes(self._kept)
        self._kept.clear()
        return rest

    def between(self, last: bytes) -> bytes:  # noqa: ARG002 - part of the protocol
        return b""

    def close(self) -> bytes:
        return b""

    def encode(
        self,
        data: bytes | None,
        lines: tuple[bytes, ...] = (),
        head: bytes = b"",
        *,
        first: bool = False,  # noqa: ARG002
    ) -> bytes:
        if head != self._head or lines != self._lines:
            head = _with_lines(head, lines)
        payload = data or b""
        lengths = struct.pack(">II", len(head) + len(payload) + _AROUND, len(head))
        message = b"".join((lengths, _UINT32.pack(crc32(lengths)), head, payload))
        return message + _UINT32.pack(crc32(message))

    def _size(self, received: bytes | bytearray, start: int) -> int:
        """Bytes of the message that begins at `start`, 0 where it is not complete."""
        if len(received) - start < _PRELUDE.size or self.fault is not None:
            return 0
        size, head_size, checksum = _PRELUDE.unpack_from(received, start)
        if crc32(received[start : start + 8]) != checksum:
            raise _invalid("the checksum of a message's prelude is wrong")
        if head_size > _MAX_HEADERS or head_size + _AROUND > size:
            raise _invalid("the lengths of a message are wrong")
        if size > self._max_event:
            self.fault = TOO_LARGE
            return 0
        return size if len(received) - start >= size else 0

    def _take(self, raw: bytes) -> Frame:
        if crc32(raw[:-4]) != _UINT32.unpack(raw[-4:])[0]:
            raise _invalid("the checksum of a message is wrong")
        payload_at = _PRELUDE.size + _UINT32.unpack_from(raw, 4)[0]
        head = raw[_PRELUDE.size : payload_at]
        if head != self._head:
            headers = _headers(head)
            self._lines = tuple(header.line for header in headers if header.line is not None)
            self._head = head
        return self._frame(raw[payload_at:-4], head, raw)

    def _frame(self, payload: bytes, head: bytes, raw: bytes) -> Frame:
        return Frame(payload, self._lines, head, raw)


def head_of(**words: str) -> bytes:
    """A block of headers with the values of `words`, e.g. `event_type="messageStop"`."""
    return b"".join(
        _string(b":" + name.replace("_", "-").encode(), value.encode())
        for name, value in words.items()
    )


@lru_cache(maxsize=16)  # a stream has few kinds of events
def event_type(head: bytes) -> bytes:
    """The value of the header `:event-type`, or b"". The head is one that a framing has cut."""
    for name, raw, _ in _headers(head):
        if name == b":event-type":
            return raw[len(name) + 4 :]
    return b""


def _string(name: bytes, value: bytes) -> bytes:
    return b"%c%b%c%b%b" % (len(name), name, _STRING, len(value).to_bytes(2), value)


def _headers(head: bytes) -> list[_Header]:
    """Raises BodyError for headers that two readers could understand differently."""
    headers: list[_Header] = []
    place = 0
    try:
        while place < len(head):
            header = _header(head, place)
            headers.append(header)
            place += len(header.raw)
    except IndexError:
        raise _invalid("a header of a message is cut off") from None
    if len({header.name.lower() for header in headers}) != len(headers):
        raise _invalid("a message has a header twice")
    return headers


def _header(head: bytes, start: int) -> _Header:
    """The header at `start`. Raises IndexError where it is cut off."""
    type_at = start + 1 + head[start]
    name, kind = head[start + 1 : type_at], head[type_at]
    if _NAME.fullmatch(name) is None:
        raise _invalid("the name of a header is not one")
    value_at = type_at + 1
    size = _SIZES.get(kind)
    if size is None:
        if kind not in (_STRING, _BYTES):
            raise _invalid("a header is of an unknown type")
        size = head[value_at] << 8 | head[value_at + 1]
        value_at += 2
    end = value_at + size
    if end > len(head):
        raise IndexError
    value = head[value_at:end]
    word = _WORDS.get(name)
    if kind == _STRING and word is not None and word.fullmatch(value):
        return _Header(name, head[start:end], None)
    text = b"%d" % int.from_bytes(value, signed=True) if kind in _NUMBERS else value
    return _Header(name, head[start:end], b":%b %b" % (name, text))


def _with_lines(head: bytes, lines: tuple[bytes, ...]) -> bytes:
    """`head` with the texts of `lines` for its own; a header without one is left out."""
    given = dict(line[1:].partition(b" ")[::2] for line in lines)
    pieces = []
    for name, raw, line in _headers(head):
        if line is None or line in lines:
            pieces.append(raw)
        elif name in given:
            pieces.append(_string(name, given[name][:_MAX_HEADERS]))
    return b"".join(pieces)


def _invalid(what: str) -> BodyError:
    return BodyError("invalid_event", what)
