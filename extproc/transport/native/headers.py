"""Header blocks: requests decoded, answers encoded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from hpack import Decoder, Encoder
from hpack.exceptions import HPACKError, OversizedHeaderListError
from hpack.struct import NeverIndexedHeaderTuple

from extproc.transport.native.frames import ConnectionFaultError, ErrorCode

MAX_LIST_SIZE = 16 << 10  # bytes of one block, and of what it decodes to
_MOST_CACHED = 128
_CACHED_BLOCK = 2048  # bytes; longer ones are not kept
_LENGTH_DIGITS = 15
_INITIAL_TABLE = 4096  # what a peer may use before it has heard of our settings

_MOST_TABLE_SIZES = 2  # RFC 7541, section 4.2

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_REQUIRED = {b":method", b":scheme", b":path"}
_PSEUDO = _REQUIRED | {b":authority"}
_OF_A_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)

Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What the server needs to know of a request's headers."""

    method: bytes
    path: str
    content_type: bytes
    content_length: int | None


class HeadReader:
    """Decodes the header blocks of one connection, in their order.

    Once the peer keeps no dynamic table, as we ask, a block means the same wherever it stands, and
    one that was seen before costs a dictionary look-up.
    """

    def __init__(self) -> None:
        self._decoder = Decoder(MAX_LIST_SIZE)
        self._decoder.header_table_size = _INITIAL_TABLE
        self._stateless = False
        self._known: dict[bytes, RequestHead | None] = {}

    def forbid_table(self) -> None:
        """The peer has heard that it may keep no table."""
        self._decoder.max_allowed_table_size = 0

    def request(self, block: bytes) -> RequestHead | None:
        """The head of a request, or None for a malformed one.

        Raises ConnectionFaultError for a block that cannot be decoded.
        """
        if self._stateless and block in self._known:
            return self._known[block]
        head = _request_head(self._decode(block))
        if self._stateless and len(block) <= _CACHED_BLOCK:
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            self._known[block] = head
        return head

    def are_trailers(self, block: bytes) -> bool:
        """Whether a block is well-formed as trailers. Raises ConnectionFaultError."""
        return all(_is_field(name, value) for name, value in self._decode(block))

    def _decode(self, block: bytes) -> Pairs:
        if _table_sizes(block) > _MOST_TABLE_SIZES:
            message = "a header block of table sizes"
            raise ConnectionFaultError(ErrorCode.COMPRESSION_ERROR, message)
        try:
            pairs: Pairs = list(self._decoder.decode(block, raw=True))
        except OversizedHeaderListError as error:
            message = f"headers beyond {MAX_LIST_SIZE} bytes"
            raise ConnectionFaultError(ErrorCode.ENHANCE_YOUR_CALM, message) from error
        except HPACKError as error:
            message = "a header block that cannot be decoded"
            raise ConnectionFaultError(ErrorCode.COMPRESSION_ERROR, message) from error
        self._stateless = self._decoder.max_allowed_table_size == 0
        return pairs


def _table_sizes(block: bytes) -> int:
    """How many changes of the table's size a block begins with; the decoder takes any number."""
    count = place = 0
    while place < len(block) and block[place] & 0xE0 == 0x20 and count <= _MOST_TABLE_SIZES:
        count += 1
        place += 1 if block[place] != 0x3F else _after(block, place + 1) - place
    return count


def _after(block: bytes, place: int) -> int:
    """Where the integer that goes on at `place` has ended."""
    while place < len(block) and block[place] & 0x80:
        place += 1
    return place + 1


def _request_head(pairs: Pairs) -> RequestHead | None:
    pseudo: dict[bytes, bytes] = {}
    fields: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name.startswith(b":"):
            if fields or name in pseudo or name not in _PSEUDO or not _VALUE.fullmatch(value):
                return None
            pseudo[name] = value
        elif not _is_field(name, value) or (name == b"content-length" and name in fields):
            return None
        else:
            fields[name] = value
    if not pseudo.keys() >= _REQUIRED or not pseudo[b":path"]:
        return None
    length = fields.get(b"content-length")
    if length is not None and not (length.isdigit() and len(length) <= _LENGTH_DIGITS):
        return None
    return RequestHead(
        method=pseudo[b":method"],
        path=pseudo[b":path"].decode("latin-1"),
        content_type=fields.get(b"content-type", b""),
        content_length=None if length is None else int(length),
    )


def _is_field(name: bytes, value: bytes) -> bool:
    """Whether a field may stand in an HTTP/2 message (RFC 9113, section 8.2)."""
    return (
        _NAME.fullmatch(name) is not None
        and _VALUE.fullmatch(value) is not None
        and name not in _OF_A_CONNECTION
        and (name != b"te" or value == b"trailers")
    )


def encode(fields: Iterable[tuple[str, str]]) -> bytes:
    """A header block that uses no table, so that it can be sent on any connection at any time."""
    block: bytes = Encoder().encode([NeverIndexedHeaderTuple(*field) for field in fields])
    return block


ANSWER = encode([(":status", "200"), ("content-type", "application/grpc")])
NOT_POST = encode([(":status", "405"), ("allow", "POST")])
NOT_GRPC = encode([(":status", "415"), ("accept", "application/grpc")])
_OK = encode([("grpc-status", "0")])


def trailers(code: int, message: str) -> bytes:
    """The block that ends an answer. `code` is one of google.rpc.Code."""
    if code == 0:
        return _OK
    text = quote(message, safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}")
    return encode([("grpc-status", str(code)), ("grpc-message", text)])
