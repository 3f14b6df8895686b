"""The HTTP/2 frames that the server sends, and the numbers of RFC 9113."""

from enum import IntEnum
from struct import Struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = Struct(">HBBBL")  # length in 24 bits, type, flags, stream
HEAD_SIZE = FRAME_HEAD.size
MAX_FRAME_SIZE = 1 << 14  # the initial value of both sides; ours stays
INITIAL_WINDOW = (1 << 16) - 1  # of the connection and of streams, on both sides
MAX_WINDOW = (1 << 31) - 1
MAX_STREAM = (1 << 31) - 1

DATA = 0x0
HEADERS = 0x1
PRIORITY = 0x2
RST_STREAM = 0x3
SETTINGS = 0x4
PUSH_PROMISE = 0x5
PING = 0x6
GOAWAY = 0x7
WINDOW_UPDATE = 0x8
CONTINUATION = 0x9

_NAMES = (
    *("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS"),
    *("PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"),
)
_OF_A_STREAM = frozenset({DATA, HEADERS, PRIORITY, RST_STREAM, CONTINUATION})
_OF_THE_CONNECTION = frozenset({SETTINGS, PING, GOAWAY})
_SIZES = {RST_STREAM: 4, PING: 8, WINDOW_UPDATE: 4}

ACK = 0x1
END_STREAM = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20

HEADER_TABLE_SIZE = 0x1
ENABLE_PUSH = 0x2
MAX_CONCURRENT_STREAMS = 0x3
INITIAL_WINDOW_SIZE = 0x4
SETTING_MAX_FRAME_SIZE = 0x5
MAX_HEADER_LIST_SIZE = 0x6

_LONG = Struct(">L")
_SETTING = Struct(">HL")
_MESSAGE_HEAD = Struct(">HBBBLBL")  # a frame head, then gRPC's flag and length


class ErrorCode(IntEnum):
    """RFC 9113, section 7."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    SETTINGS_TIMEOUT = 0x4
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    CONNECT_ERROR = 0xA
    ENHANCE_YOUR_CALM = 0xB
    INADEQUATE_SECURITY = 0xC
    HTTP_1_1_REQUIRED = 0xD


class ConnectionFaultError(Exception):
    """The peer broke a rule for which the whole connection must end."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class StreamFaultError(Exception):
    """The peer broke a rule for which one stream must end."""

    def __init__(self, stream: int, code: ErrorCode) -> None:
        super().__init__(code.name)
        self.stream = stream
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame; the payload is within the peer's frame size."""
    size = len(payload)
    return FRAME_HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream) + payload


def message(stream: int, body: bytes) -> bytes:
    """A DATA frame with one uncompressed gRPC message that fits into it."""
    size = len(body)
    whole = size + 5
    return _MESSAGE_HEAD.pack(whole >> 8, whole & 0xFF, DATA, 0, stream, 0, size) + body


def settings(*pairs: tuple[int, int]) -> bytes:
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*pair) for pair in pairs))


def window_update(stream: int, increment: int) -> bytes:
    """Let the peer send `increment` bytes more; stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream, _LONG.pack(increment))


def reset(stream: int, code: ErrorCode) -> bytes:
    """A RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream, _LONG.pack(code))


def goaway(last_stream: int, code: ErrorCode, reason: str = "") -> bytes:
    """A GOAWAY frame; streams beyond `last_stream` were not and will not be processed."""
    return frame(GOAWAY, 0, 0, _LONG.pack(last_stream) + _LONG.pack(code) + reason.encode())


def headers(stream: int, block: bytes, *, end_stream: bool = False) -> bytes:
    """A HEADERS frame with a whole header block."""
    return frame(HEADERS, END_HEADERS | (END_STREAM if end_stream else 0), stream, block)


def read_long(payload: bytes) -> int:
    """An unsigned number of 31 bits; the reserved bit is ignored."""
    value: int = _LONG.unpack_from(payload)[0]
    return value & MAX_STREAM


def check_setting(name: int, value: int) -> None:
    """Whether a setting may have this value. Raises ConnectionFaultError."""
    if name == ENABLE_PUSH and value > 1:
        raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1")
    if name == INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
        message = "INITIAL_WINDOW_SIZE beyond 2^31-1"
        raise ConnectionFaultError(ErrorCode.FLOW_CONTROL_ERROR, message)
    if name == SETTING_MAX_FRAME_SIZE and not MAX_FRAME_SIZE <= value < 1 << 24:
        raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE out of range")


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """Identifiers and values, in order."""
    return [(name, value) for name, value in _SETTING.iter_unpack(payload)]


def check(kind: int, number: int, size: int) -> None:
    """Whether a frame of this kind may stand on this stream and have this size.

    Raises ConnectionFaultError.
    """
    if kind in _OF_A_STREAM and not number:
        raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, f"{_NAMES[kind]} on stream 0")
    if kind in _OF_THE_CONNECTION and number:
        raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, f"{_NAMES[kind]} on a stream")
    if size != _SIZES.get(kind, size):
        raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, f"{_NAMES[kind]} of a wrong size")


def unpadded(flags: int, payload: bytes) -> bytes:
    """The payload without padding and without the fields of PRIORITIZED.

    Raises ConnectionFaultError.
    """
    start, end = 0, len(payload)
    if flags & PADDED:
        if not payload:
            raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, "no room for a pad length")
        start, end = 1, end - payload[0]
    if flags & PRIORITIZED:
        start += 5
        if start > len(payload):
            raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, "no room for a priority")
    if start > end:
        raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "padding beyond the payload")
    return payload[start:end]
