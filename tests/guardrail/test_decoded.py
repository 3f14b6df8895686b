"""Streams that come compressed: the same result as plain ones, however they are cut."""

import gzip
import sys

import brotli
import pytest

from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.stream import StreamGuard
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    CHAT,
    MAX_EVENT,
    REDACT_ALL,
    SSN,
    feed_all,
    finished,
    guardrail,
    output,
    rule,
    said,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EVENTS = [said("It is "), said(SSN[:5]), said(SSN[5:]), said(" indeed."), finished()]
PLAIN = b"".join(EVENTS)
PACKED = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd.compress}
FLAG = guardrail(rule("us_ssn", "flag"))


def opened(guard: Guardrail, *codings: str) -> StreamGuard:
    reader = CHAT.stream("text/event-stream")
    assert reader is not None
    return guard.open_stream(reader, "caller", MAX_EVENT, codings)


def passed(guard: Guardrail, parts: list[bytes], *codings: str) -> bytes:
    return b"".join(step.data for step in feed_all(opened(guard, *codings), parts))


@pytest.mark.parametrize("coding", PACKED)
def test_a_compressed_stream_is_redacted_as_a_plain_one_wherever_it_is_cut(coding: str) -> None:
    packed = PACKED[coding](PLAIN)
    expected = output(REDACT_ALL, [PLAIN])
    for at in range(len(packed) + 1):
        assert passed(REDACT_ALL, [packed[:at], packed[at:]], coding) == expected
    assert passed(REDACT_ALL, [bytes([byte]) for byte in packed], coding) == expected


def test_text_of_a_flushed_event_passes_at_once() -> None:
    packer = zstd.ZstdCompressor()
    stream = opened(REDACT_ALL, "zstd")
    for event in (said("Hello. "), said("How are you? ")):
        piece = packer.compress(event, zstd.ZstdCompressor.FLUSH_BLOCK)
        assert stream.feed(piece, BROKEN).data == event


@pytest.mark.parametrize("guard", [REDACT_ALL, FLAG])
@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p + b"x", lambda p: p[:-9] + b"\0"])
def test_a_stream_that_cannot_be_decoded_ends_in_an_error(guard: Guardrail, change: object) -> None:
    assert callable(change)
    stream = opened(guard, "gzip")
    steps = feed_all(stream, [change(gzip.compress(said("Hello. ")))])
    assert steps[-1].ended
    assert b"unreadable_stream" in steps[-1].data
    assert stream.unreadable == "invalid_encoding"
    assert stream.feed(b"more", BROKEN) == (b"", True)


def test_a_bomb_ends_a_stream() -> None:
    stream = opened(REDACT_ALL, "gzip")
    [step] = feed_all(stream, [gzip.compress(b":\n\n" * (2 << 20))])
    assert step.ended
    assert stream.unreadable == "decompression_bomb"


def test_a_block_ends_a_compressed_stream() -> None:
    stream = opened(BLOCK_SSN, "br")
    [step] = feed_all(stream, [brotli.compress(PLAIN)])
    assert step.ended
    assert SSN.encode() not in step.data
    assert b"content_filter" in step.data


def test_an_event_that_cannot_be_read_passes_decoded_where_nothing_is_enforced() -> None:
    body = b"data: {oops\n\n" + PLAIN
    assert passed(FLAG, [gzip.compress(body)], "gzip") == body


def test_a_stream_without_a_byte_passes() -> None:
    assert passed(REDACT_ALL, [b""], "gzip") == b""
