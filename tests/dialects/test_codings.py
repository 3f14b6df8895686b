"""Content codings: what is decoded, and what is refused since it could be read in two ways."""

import contextlib
import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.codings import CODINGS, Decoder, decode, named
from extproc.model.errors import BodyError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 4 << 20


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw-deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
}
every = pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS)


def code(body: bytes, *codings: str, limit: int = LIMIT) -> str:
    with pytest.raises(BodyError) as caught:
        decode(body, codings, limit)
    return caught.value.code


@every
@given(data=st.binary(max_size=3000))
def test_what_was_packed_is_decoded(
    coding: str, pack: Callable[[bytes], bytes], data: bytes
) -> None:
    assert decode(pack(data), (coding,), LIMIT) == data


@every
@given(data=st.binary(max_size=300), size=st.integers(1, 40))
def test_pieces_of_any_size_give_the_same(
    coding: str, pack: Callable[[bytes], bytes], data: bytes, size: int
) -> None:
    packed = gzip.compress(pack(data))
    decoder = Decoder((coding, "gzip"))
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert b"".join(b"".join(decoder.feed(piece)) for piece in pieces) == data
    decoder.finish()


@every
def test_a_body_larger_than_one_slice_is_decoded(
    coding: str, pack: Callable[[bytes], bytes]
) -> None:
    data = b"".join(b"%d," % number**3 for number in range(100_000))
    assert decode(pack(data), (coding,), LIMIT) == data


@every
@pytest.mark.parametrize(
    "change",
    [
        lambda packed: packed + b"\0",
        lambda packed: packed + packed,
        lambda packed: packed[:-1],
        lambda packed: packed[:4],
    ],
    ids=["trailing byte", "second member", "no end", "hardly begun"],
)
def test_what_two_decoders_could_read_differently_is_invalid(
    coding: str, pack: Callable[[bytes], bytes], change: Callable[[bytes], bytes]
) -> None:
    assert code(change(pack(b'{"a": "some text"}')), coding) == "invalid_encoding"


@pytest.mark.parametrize("coding", CODINGS)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(coding: str, data: bytes) -> None:
    with contextlib.suppress(BodyError):
        decode(data, (coding, coding), LIMIT)


@pytest.mark.parametrize("index", [4, -1])
def test_a_wrong_checksum_is_invalid(index: int) -> None:
    packed = bytearray(gzip.compress(b"some text"))
    packed[-8 if index == 4 else -1] ^= 1
    assert code(bytes(packed), "gzip") == "invalid_encoding"


def test_a_skippable_frame_of_zstd_is_not_an_empty_body() -> None:
    hidden = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstd.compress(b"text")
    assert code(hidden, "zstd") == "invalid_encoding"


def test_a_body_without_a_byte_stands_for_none() -> None:
    assert decode(b"", ("gzip",), LIMIT) == b""


@every
def test_a_bomb_is_refused_before_it_is_held(coding: str, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(64 << 20))
    tracemalloc.start()
    try:
        assert code(bomb, coding, limit=1 << 30) == "decompression_bomb"
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


def test_a_bomb_inside_a_small_body_is_refused_at_its_stage() -> None:
    """The inner bytes of the bomb are many, what they stand for would be little."""
    assert code(gzip.compress(bytes(64 << 20)), "gzip", "gzip") == "invalid_encoding"
    inner = gzip.compress(bytes(200 << 20), 9)
    assert code(gzip.compress(inner, 9), "gzip", "gzip", limit=1 << 30) == "decompression_bomb"


def test_up_to_a_megabyte_may_come_of_however_few() -> None:
    assert decode(gzip.compress(bytes(1 << 20)), ("gzip",), LIMIT) == bytes(1 << 20)


def test_a_body_over_the_limit_is_too_large() -> None:
    assert code(gzip.compress(bytes(1001)), "gzip", limit=1000) == "body_too_large"


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("gzip", ("gzip",)),
        (" GZip ", ("gzip",)),
        ("x-gzip", ("gzip",)),
        ("identity", ()),
        ("", ()),
        ("deflate, br", ("deflate", "br")),
        ("zstd,identity,", ("zstd",)),
    ],
)
def test_codings_are_named_in_their_order(header: str, codings: tuple[str, ...]) -> None:
    assert named(header) == codings


@pytest.mark.parametrize("header", ["compress", "gzip;q=1", "gzip gzip", "aws-chunked", "br,br,br"])
def test_codings_that_are_not_known_are_refused_with_a_remedy(header: str) -> None:
    with pytest.raises(BodyError, match="use gzip, deflate, br, zstd") as caught:
        named(header)
    assert caught.value.code == "content_encoding"
