"""Content codings (RFC 9110, 8.4): gzip, deflate, br (RFC 7932), zstd (RFC 8878), and two in a row.

Decoded in slices, so that a small body that stands for a huge one is never held whole. What two
decoders could read differently is refused: a second member, bytes behind the end, a missing end, a
wrong checksum.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol

import brotli

from extproc.model.errors import BodyError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODINGS = ("gzip", "deflate", "br", "zstd")
MAX_CODINGS = 2

_ALIASES = {"x-gzip": "gzip"}  # RFC 9110, 8.4.1.3
_SLICE = 64 << 10
_FREE = 1 << 20  # decoded bytes that may come of however few
_MAX_RATIO = 100
_WINDOW = 23  # log2 of the most that a decoder may ask for, 8 MiB (RFC 9659)


def named(content_encoding: str) -> tuple[str, ...]:
    """The codings that a Content-Encoding header lists, in the order in which they were applied.

    Raises BodyError `content_encoding` for one that is not known, and for more than two.
    """
    listed = (name.strip().lower() for name in content_encoding.split(","))
    found = tuple(_ALIASES.get(name, name) for name in listed if name not in ("", "identity"))
    if len(found) > MAX_CODINGS or not set(found) <= set(CODINGS):
        known = ", ".join(CODINGS)
        message = f"the body is encoded in a way that is not known; send it plain or use {known}"
        raise BodyError("content_encoding", message)
    return found


class Decoder:
    """Undoes the codings of one body or stream, piece by piece."""

    def __init__(self, codings: tuple[str, ...]) -> None:
        self._stages = [_Stage(_ENGINES[name]()) for name in reversed(codings)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes of the next piece, in slices that may be dropped at any time.

        Raises BodyError `invalid_encoding` or `decompression_bomb`.
        """
        pieces: Iterator[bytes] = iter((data,) if data else ())
        for stage in self._stages:
            pieces = chain.from_iterable(map(stage.feed, pieces))
        for piece in pieces:
            _check_ratio(self._stages[0].taken, self._stages[-1].given)
            yield piece

    def finish(self) -> None:
        """Nothing comes any more. Raises BodyError where the end is missing."""
        for stage in self._stages:
            stage.finish()


def decode(body: bytes, codings: tuple[str, ...], max_body: int) -> bytes:
    """The decoded body. Raises BodyError as a Decoder does, and `body_too_large`."""
    decoder = Decoder(codings)
    decoded = bytearray()
    for piece in decoder.feed(body):
        decoded += piece
        if len(decoded) > max_body:
            message = f"the decoded body is larger than {max_body} bytes; send less"
            raise BodyError("body_too_large", message)
    decoder.finish()
    return bytes(decoded)


class _Engine(Protocol):
    """One library. Any error of it that `_ERRORS` names means that the data is invalid."""

    ended: bool

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode, at most `_SLICE` and a little at a time; what follows the end is an error."""
        ...


class _Stage:
    """One coding, with the count of what went in and came out."""

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine
        self.taken = 0
        self.given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        self.taken += len(data)
        if self._engine.ended:
            raise _invalid("more follows its end; send one member or frame")
        try:
            for piece in self._engine.feed(data):
                self.given += len(piece)
                _check_ratio(self.taken, self.given)
                yield piece
        except _ERRORS:
            raise _invalid("it is damaged; send one whole body, coded as its header says") from None

    def finish(self) -> None:
        if self.taken and not self._engine.ended:
            raise _invalid("its end is missing; send all of it")


class _Zlib:
    """gzip and deflate; what providers call deflate is with or without zlib's frame."""

    def __init__(self, window_bits: int | None) -> None:
        self._decoder = zlib.decompressobj(window_bits) if window_bits else None
        self._start = b""
        self.ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._decoder is None:
            self._start += data
            if len(self._start) < 2:
                return
            data = self._start
            self._decoder = zlib.decompressobj(zlib.MAX_WBITS if _is_zlib(data) else -15)
        decoder = self._decoder
        while True:
            piece = decoder.decompress(data, _SLICE)
            if piece:
                yield piece
            data = decoder.unconsumed_tail
            self.ended = decoder.eof
            if decoder.unused_data:
                raise zlib.error
            if self.ended or not (data or len(piece) == _SLICE):
                return


def _is_zlib(start: bytes) -> bool:
    """Whether a header of zlib (RFC 1950) begins there, without a preset dictionary."""
    return start[0] & 15 == 8 and int.from_bytes(start[:2]) % 31 == 0 and not start[1] & 32


class _Brotli:
    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()
        self.ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._decoder.process(data, output_buffer_limit=_SLICE)
            self.ended = self._decoder.is_finished()
            if piece:
                yield piece
            if self.ended or not piece:
                return
            data = b""


class _Zstd:
    def __init__(self) -> None:
        options = {int(zstd.DecompressionParameter.window_log_max): _WINDOW}
        self._decoder = zstd.ZstdDecompressor(options=options)
        self.ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._decoder.decompress(data, _SLICE)
            self.ended = self._decoder.eof
            if piece:
                yield piece
            if self._decoder.unused_data:
                raise zstd.ZstdError
            if self.ended or self._decoder.needs_input:
                return
            data = b""


_ENGINES: dict[str, Callable[[], _Engine]] = {
    "gzip": lambda: _Zlib(16 + zlib.MAX_WBITS),
    "deflate": lambda: _Zlib(None),
    "br": _Brotli,
    "zstd": _Zstd,
}
_ERRORS = (zlib.error, brotli.error, zstd.ZstdError)


def _check_ratio(taken: int, given: int) -> None:
    if given > _FREE and given > _MAX_RATIO * taken:
        message = f"the body grows more than {_MAX_RATIO}-fold when decoded; send it plain"
        raise BodyError("decompression_bomb", message)


def _invalid(what: str) -> BodyError:
    return BodyError("invalid_encoding", f"the compressed body cannot be decoded: {what}")
