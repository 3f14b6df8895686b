"""AWS event streams: cut at any byte, read and written as botocore reads them."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from botocore.eventstream import ParserError
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.event_stream import EventStream, event_type, head_of
from extproc.dialects.framing import TOO_LARGE, Frame
from tests.dialects.aws_events import header, message, prelude, understood

MAX_EVENT = 1 << 16
HEAD = head_of(event_type="contentBlockDelta", message_type="event")
MARK = head_of(message_type="event")


def frames(data: bytes, *cuts: int) -> list[Frame]:
    """The frames of a stream cut at these places; it must have no fault."""
    framing = EventStream(MAX_EVENT)
    cut: list[Frame] = []
    places = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(places):
        cut += framing.feed(data[start:end])
    cut += framing.feed(b"", final=True)
    assert framing.fault is None
    return cut


PAYLOADS = st.lists(st.binary(max_size=300), max_size=5)


@given(PAYLOADS, st.lists(st.integers(0, 2000), max_size=6))
def test_messages_are_the_same_wherever_they_are_cut(
    payloads: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(message(payload, HEAD) for payload in payloads)
    cut = frames(data, *(place for place in cuts if place <= len(data)))
    assert [frame.data for frame in cut] == payloads
    assert b"".join(frame.raw for frame in cut) == data


@given(PAYLOADS)
def test_botocore_reads_what_is_written(payloads: list[bytes]) -> None:
    headers = {":event-type": "contentBlockDelta", ":message-type": "event"}
    framing = EventStream(MAX_EVENT)
    data = b"".join(framing.encode(payload, (), HEAD) for payload in payloads)
    assert understood(data) == [(headers, payload) for payload in payloads]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=3))
def test_any_bytes_are_cut_or_a_fault(data: bytes, cuts: list[int]) -> None:
    framing = EventStream(MAX_EVENT)
    places = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(places):
        framing.feed(data[start:end])
    framing.feed(b"", final=True)
    assert framing.fault is not None or not data


@given(st.binary(max_size=80))
def test_any_block_of_headers_is_read_as_botocore_does_or_a_fault(head: bytes) -> None:
    framing = EventStream(MAX_EVENT)
    data = message(b"{}", head)
    [*cut] = framing.feed(data)
    if framing.fault is None:
        assert [frame.head for frame in cut] == [head]
        assert len(understood(data)) == 1


def damaged() -> Iterator[Any]:
    good = message(b'{"text":"hi"}', HEAD)
    for place in range(len(good)):
        wrong = bytearray(good)
        wrong[place] ^= 1
        yield pytest.param(bytes(wrong), id=f"byte-{place}")


@pytest.mark.parametrize("data", list(damaged()))
def test_damaged_message_is_a_fault_and_not_passed(data: bytes) -> None:
    framing = EventStream(MAX_EVENT)
    assert framing.feed(data) == []
    assert framing.feed(b"", final=True) == []
    assert framing.fault is not None
    assert framing.rest() == data


def test_messages_before_a_damaged_one_pass() -> None:
    framing = EventStream(MAX_EVENT)
    [frame] = framing.feed(message(b"1", HEAD) + message(b"2", HEAD)[:-1] + b"x")
    assert frame.data == b"1"
    assert framing.fault is not None


@pytest.mark.parametrize(
    ("size", "head_size"), [(0, 0), (15, 0), (16, 1), (100, 85), (20_000, 10_000), (100, 1 << 31)]
)
def test_lengths_that_cannot_be_are_a_fault(size: int, head_size: int) -> None:
    framing = EventStream(MAX_EVENT)
    assert framing.feed(prelude(size, head_size)) == []
    assert framing.fault is not None
    assert framing.fault.code == "invalid_event"


def test_message_over_the_bound_is_refused_before_it_has_come() -> None:
    framing = EventStream(MAX_EVENT)
    assert framing.feed(prelude(MAX_EVENT + 1, 0)) == []
    assert framing.fault is TOO_LARGE


def test_stream_that_ends_within_a_message_is_a_fault() -> None:
    framing = EventStream(MAX_EVENT)
    part = message(b"{}", HEAD)[:-1]
    assert framing.feed(part, final=True) == []
    assert framing.fault is not None
    assert framing.rest() == part


@pytest.mark.parametrize(
    "head",
    [
        header(b":event-type", 7, b"a") * 2,
        header(b":event-type", 7, b"a") + header(b":Event-Type", 7, b"b"),
        header(b"a name", 7, b"a"),
        header(b"", 7, b"a"),
        header(b"x", 10, b""),
        header(b"x", 7, b"abc")[:-1],
        header(b"x", 7, b"")[:-1],
        b"\x05ab",
    ],
    ids=["twice", "twice-in-capitals", "space", "no-name", "type", "value", "length", "name"],
)
def test_headers_that_readers_could_read_differently_are_a_fault(head: bytes) -> None:
    framing = EventStream(MAX_EVENT)
    assert framing.feed(message(b"{}", head)) == []
    assert framing.fault is not None


def test_kind_of_an_event_is_no_line() -> None:
    [frame] = frames(message(b"{}", HEAD))
    assert frame.lines == ()
    assert event_type(frame.head) == b"contentBlockDelta"
    assert event_type(b"") == b""


TEXTS = [
    (header(b":error-message", 7, "Größe, 123-45-6789".encode()), "Größe, 123-45-6789"),
    (header(b":event-type", 7, b"jane@example.com"), "jane@example.com"),
    (header(b":content-type", 7, b"text/plain; x=jane@example.com"), "text/plain; x=jane@"),
    (header(b":content-type", 6, b"application/json"), "application/json"),
    (header(b"count", 5, struct.pack(">q", 4111111111111111)), "4111111111111111"),
    (header(b"when", 8, struct.pack(">q", -1)), "-1"),
    (header(b"id", 9, b"4111111111111111"), "4111111111111111"),
    (header(b"bytes", 6, b"123-45-6789"), "123-45-6789"),
    (header(b"yes", 0, b""), "yes"),
]


@pytest.mark.parametrize(("extra", "text"), TEXTS)
def test_header_that_may_hold_text_is_a_line(extra: bytes, text: str) -> None:
    [frame] = frames(message(b"{}", MARK + extra))
    [line] = frame.lines
    assert text in line.decode()


@pytest.mark.parametrize("extra", [extra for extra, _ in TEXTS])
def test_header_stays_with_its_line_and_goes_without_it(extra: bytes) -> None:
    framing = EventStream(MAX_EVENT)
    [frame] = framing.feed(message(b"{}", MARK + extra))
    assert framing.encode(frame.data, frame.lines, frame.head) == frame.raw
    assert framing.encode(frame.data, (), frame.head) == message(b"{}", MARK)


def test_header_with_another_text_gets_that() -> None:
    framing = EventStream(MAX_EVENT)
    head = HEAD + header(b":error-message", 7, b"123-45-6789 is wrong")
    [frame] = framing.feed(message(b"{}", head))
    written = framing.encode(b"{}", (b"::error-message [US_SSN] is wrong",), frame.head)
    [(headers, _)] = understood(written)
    assert headers[":error-message"] == "[US_SSN] is wrong"


def test_botocore_agrees_on_what_is_damaged() -> None:
    with pytest.raises(ParserError):
        understood(message(b"{}", HEAD)[:-1] + b"x")


def test_payload_without_bytes_is_a_frame() -> None:
    assert [frame.data for frame in frames(message(b"", HEAD))] == [b""]


def test_nothing_stands_between_messages_or_behind_them() -> None:
    framing = EventStream(MAX_EVENT)
    assert (framing.between(message(b"{}", HEAD)), framing.close()) == (b"", b"")
