"""HTTP/2 frames, header blocks and gRPC messages made by hand, and frames read back.

On purpose without any code of the server: what it sends and takes is checked against the RFCs.
"""

from collections.abc import Iterator
from typing import NamedTuple

from hpack import Decoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)

ACK = END_STREAM = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20

LARGEST_FRAME = 1 << 14

CODES = tuple(
    """NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED
    FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM
    INADEQUATE_SECURITY HTTP_1_1_REQUIRED""".split()  # noqa: SIM905 - a table to read
)

HEADER_TABLE_SIZE = 0x1
ENABLE_PUSH = 0x2
MAX_CONCURRENT_STREAMS = 0x3
INITIAL_WINDOW_SIZE = 0x4
MAX_FRAME_SIZE = 0x5
MAX_HEADER_LIST_SIZE = 0x6

PROCESS = b"/envoy.service.ext_proc.v3.ExternalProcessor/Process"
CHECK = b"/grpc.health.v1.Health/Check"
WATCH = b"/grpc.health.v1.Health/Watch"

NO_TABLE = b"\x20"  # RFC 7541, section 6.3

Pairs = list[tuple[bytes, bytes]]


# What a client sends


def frame(kind: int, flags: int, stream: int, payload: bytes = b"", length: int = -1) -> bytes:
    """A frame; `length` is announced in place of the real one unless negative."""
    size = len(payload) if length < 0 else length
    return size.to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def integer(value: int, prefix: int, first: int = 0) -> bytes:
    """RFC 7541, section 5.1."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([first | value])
    out = bytearray([first | most])
    value -= most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


def literal(name: bytes, value: bytes, first: int = 0x00) -> bytes:
    """A field by its letters; `first` 0x40 puts it into the table."""
    return bytes([first]) + integer(len(name), 7) + name + integer(len(value), 7) + value


def block(pairs: Pairs) -> bytes:
    """A header block that uses no table, and says so: thus it may be a connection's first."""
    return NO_TABLE + b"".join(literal(name, value) for name, value in pairs)


def request(path: bytes = CHECK, **changed: bytes | None) -> Pairs:
    """The fields of a gRPC request.

    Underscores in `changed` are hyphens, and a leading one a colon; None leaves a field out.
    """
    fields: dict[bytes, bytes] = {
        b":method": b"POST",
        b":scheme": b"http",
        b":path": path,
        b":authority": b"extproc",
        b"te": b"trailers",
        b"content-type": b"application/grpc",
    }
    for name, value in changed.items():
        key = name.replace("_", ":", 1) if name.startswith("_") else name
        written = key.replace("_", "-").encode()
        if value is None:
            del fields[written]
        else:
            fields[written] = value
    return list(fields.items())


def headers(
    stream: int, pairs: Pairs | None = None, *, end: bool = False, raw: bytes | None = None
) -> bytes:
    """A HEADERS frame that holds a whole block: of `pairs`, of a Check, or `raw`."""
    payload = raw if raw is not None else block(request() if pairs is None else pairs)
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, payload)


def data(stream: int, payload: bytes = b"", *, end: bool = False) -> bytes:
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def message(body: bytes = b"", flag: int = 0) -> bytes:
    """A gRPC message with its five bytes of head."""
    return bytes([flag]) + len(body).to_bytes(4) + body


def settings(*pairs: tuple[int, int]) -> bytes:
    return frame(
        SETTINGS, 0, 0, b"".join(name.to_bytes(2) + value.to_bytes(4) for name, value in pairs)
    )


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, increment.to_bytes(4))


def reset(stream: int, code: int = 8) -> bytes:
    return frame(RST_STREAM, 0, stream, code.to_bytes(4))


def ping(payload: bytes = b"12345678", *, ack: bool = False) -> bytes:
    return frame(PING, ACK if ack else 0, 0, payload)


def goaway(last: int = 0, code: int = 0, text: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, 0, last.to_bytes(4) + code.to_bytes(4) + text)


SETTINGS_ACK = frame(SETTINGS, ACK, 0)
GREETING = PREFACE + settings()
OPENING = GREETING + SETTINGS_ACK + window_update(0, (1 << 31) - 1 - 65_535)


# What the server sends


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes


def split(sent: bytes) -> list[Frame]:
    """The frames in `sent`. Raises AssertionError where they are none that a server may send."""
    found = list(_split(sent))
    for one in found:
        assert one.kind in _SIZES, f"a frame of type {one.kind}"
        on_connection = one.kind in (SETTINGS, PING, GOAWAY)
        assert one.kind == WINDOW_UPDATE or (one.stream == 0) == on_connection, one
        least, most = _SIZES[one.kind]
        assert least <= len(one.payload) <= most, one
        assert not one.flags & ~_FLAGS.get(one.kind, 0), one
        if one.kind == WINDOW_UPDATE:
            assert 0 < int.from_bytes(one.payload) < 1 << 31, one
        if one.kind == SETTINGS:
            assert len(one.payload) % 6 == 0, one
    return found


_SIZES = {
    DATA: (0, 1 << 24),
    HEADERS: (1, 1 << 14),
    RST_STREAM: (4, 4),
    SETTINGS: (0, 1 << 14),
    PING: (8, 8),
    GOAWAY: (8, 1 << 14),
    WINDOW_UPDATE: (4, 4),
}
_FLAGS = {DATA: END_STREAM, HEADERS: END_STREAM | END_HEADERS, SETTINGS: ACK, PING: ACK}


def _split(sent: bytes) -> Iterator[Frame]:
    place = 0
    while place < len(sent):
        size = int.from_bytes(sent[place : place + 3])
        end = place + 9 + size
        assert end <= len(sent), "half a frame"
        stream = int.from_bytes(sent[place + 5 : place + 9])
        yield Frame(sent[place + 3], sent[place + 4], stream, sent[place + 9 : end])
        place = end


def split_any(sent: bytes) -> Iterator[Frame]:
    """Frames in whatever was sent; the last one may be shorter than announced."""
    place = 0
    while place + 9 <= len(sent):
        end = place + 9 + int.from_bytes(sent[place : place + 3])
        stream = int.from_bytes(sent[place + 5 : place + 9])
        yield Frame(sent[place + 3], sent[place + 4], stream, sent[place + 9 : end])
        place = end


def fields(payload: bytes) -> dict[str, str]:
    """The fields of a header block that uses no table."""
    pairs = Decoder().decode(payload)
    return {str(name): str(value) for name, value in pairs}


def in_words(sent: bytes) -> list[str]:
    """What a server says, a phrase a frame: `1: 200`, `1: 7 bytes`, `1: grpc 0`, `goaway …`.

    WINDOW_UPDATE and acknowledged SETTINGS are left out.
    """
    words = []
    for one in split(sent):
        if one.kind == HEADERS:
            said = fields(one.payload)
            status = said.get("grpc-status")
            words.append(f"{one.stream}: " + (f"grpc {status}" if status else said[":status"]))
        elif one.kind == DATA:
            words.append(f"{one.stream}: {len(one.payload)} bytes")
        elif one.kind == RST_STREAM:
            words.append(f"{one.stream}: reset {_code(one.payload)}")
        elif one.kind == PING:
            words.append("pong" if one.flags & ACK else "ping")
        elif one.kind == GOAWAY:
            words.append(f"goaway {_code(one.payload[4:8])}")
    return words


def _code(payload: bytes) -> str:
    return CODES[int.from_bytes(payload)]
