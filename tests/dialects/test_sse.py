"""Server-sent events are the same however their bytes arrive."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.framing import TOO_LARGE, Frame
from extproc.dialects.sse import ServerSentEvents

BOM = b"\xef\xbb\xbf"
NO_LIMIT = 1 << 30

streams = st.lists(
    st.one_of(
        st.sampled_from([b"\r", b"\n", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"]),
        st.sampled_from([b"data: ", b"data:", b"data", b": note", b"event: x", b"id", b" ", b":"]),
        st.just(BOM),
        st.binary(max_size=4),
    ),
    max_size=12,
).map(b"".join)


def split(parts: list[bytes]) -> list[Frame]:
    framing = ServerSentEvents(NO_LIMIT)
    events = [event for part in parts for event in framing.feed(part)]
    return events + framing.feed(b"", final=True)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    stops = sorted(place % (len(data) + 1) for place in places)
    starts = [0, *stops]
    return [data[start:stop] for start, stop in zip(starts, [*stops, len(data)], strict=True)]


def by_the_standard(data: bytes) -> list[bytes]:
    """The data of all events, read as WHATWG HTML 9.2.6 says, the last one also if unfinished."""
    events, current = [], list[bytes]()
    lines = re.split(rb"\r\n|\n|\r", data.removeprefix(BOM))
    for line in [*lines, b""]:
        name, _, value = line.partition(b":")
        if name == b"data":
            current.append(value.removeprefix(b" "))
        elif not line and current:
            events.append(b"\n".join(current))
            current = []
    return events


@given(streams, st.lists(st.integers(0, 200), max_size=6))
def test_any_cut_gives_the_same_events(data: bytes, places: list[int]) -> None:
    assert split(cut(data, places)) == split([data])


@given(streams)
def test_single_bytes_give_the_same_events(data: bytes) -> None:
    assert split([data[i : i + 1] for i in range(len(data))]) == split([data])


@given(streams)
def test_raw_bytes_concatenate_to_the_input(data: bytes) -> None:
    assert b"".join(event.raw for event in split([data])) == data


@given(streams)
def test_data_is_what_a_client_reads(data: bytes) -> None:
    assert [event.data for event in split([data]) if event.data is not None] == by_the_standard(
        data
    )


@given(streams)
def test_data_given_with_the_last_bytes_needs_no_further_call(data: bytes) -> None:
    assert ServerSentEvents(NO_LIMIT).feed(data, final=True) == split([data])


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_ends_a_line(end: bytes) -> None:
    data = b"data: one" + end + end + b"data: two" + end + end
    assert [event.data for event in split([data])] == [b"one", b"two"]


def test_crlf_cut_in_the_middle_is_one_line_end() -> None:
    events = split([b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"])
    assert events == [Frame(b"a\nb", (), raw=b"data: a\r\ndata: b\r\n\r\n")]


def test_a_byte_order_mark_at_the_start_is_no_part_of_a_name() -> None:
    assert split([BOM + b"data: x\n\n"]) == [Frame(b"x", (), raw=BOM + b"data: x\n\n")]


def test_a_byte_order_mark_later_on_is() -> None:
    assert split([b"\n" + BOM + b"data: x\n\n"])[1].data is None


def test_lines_of_data_are_joined_and_one_blank_is_dropped() -> None:
    assert split([b"data: a\ndata:b\ndata:  c\ndata\n\n"])[0].data == b"a\nb\n c\n"


def test_comments_and_other_fields_are_kept_beside_the_data() -> None:
    [event] = split([b": ping\nevent: chunk\ndata: x\nid: 7\n\n"])
    assert event.lines == (b": ping", b"event: chunk", b"id: 7")
    assert event.data == b"x"


def test_a_comment_alone_is_an_event_without_data() -> None:
    assert split([b": keep-alive\n\n"]) == [
        Frame(None, (b": keep-alive",), raw=b": keep-alive\n\n")
    ]


def test_a_field_that_only_begins_like_data_is_not_data() -> None:
    assert split([b"database: x\n\n"]) == [Frame(None, (b"database: x",), raw=b"database: x\n\n")]


def test_an_unfinished_last_event_counts() -> None:
    assert split([b"data: a\n\ndata: b"])[-1] == Frame(b"b", (), raw=b"data: b")


def test_an_unfinished_event_is_kept_until_the_end() -> None:
    assert ServerSentEvents(NO_LIMIT).feed(b"data: a\ndata: b\n") == []


def test_rest_gives_back_an_unfinished_event_as_received() -> None:
    framing = ServerSentEvents(NO_LIMIT)
    framing.feed(b"data: a\n\n: x\r\ndata: b")
    assert framing.rest() == b": x\r\ndata: b"


def test_an_event_up_to_the_limit_passes() -> None:
    data = b"data: " + b"x" * 92 + b"\n\n"
    framing = ServerSentEvents(len(data))
    events = [event for i in range(len(data)) for event in framing.feed(data[i : i + 1])]
    assert [event.raw for event in events] == [data]


def test_an_endless_event_overflows_at_the_limit() -> None:
    framing = ServerSentEvents(100)
    framing.feed(b"data: " + b"x" * 94)
    assert framing.fault is None
    assert framing.feed(b"x") == []
    assert framing.fault is TOO_LARGE


@pytest.mark.parametrize(
    "large", [b"data: " + b"x" * 100 + b"\n\n", b"a\n" * 5000 + b"\n"], ids=["bytes", "lines"]
)
def test_an_event_too_large_overflows_in_any_cut(large: bytes) -> None:
    before, after = b"data: x\n\n", b"data: y\n\n"
    data = before + large + after
    limit = 100 if large.startswith(b"data") else NO_LIMIT
    for size in (1, 7, 64, len(data)):
        framing = ServerSentEvents(limit)
        parts = [data[i : i + size] for i in range(0, len(data), size)]
        events = [event for part in parts for event in framing.feed(part)]
        events += framing.feed(b"", final=True)
        assert framing.fault is TOO_LARGE
        assert [event.raw for event in events] == [before]
        assert before + framing.rest() == data


def test_small_events_are_no_large_one_together() -> None:
    assert len(ServerSentEvents(20).feed(b"data: x\n\n" * 1000)) == 1000


@given(
    st.binary(max_size=40).map(lambda data: data.replace(b"\r", b"")),
    st.lists(st.sampled_from([b": note", b"event: x", b"id: 1"]), max_size=2),
)
def test_an_encoded_event_is_read_back(data: bytes, others: list[bytes]) -> None:
    encoded = ServerSentEvents(NO_LIMIT).encode(data, tuple(others))
    assert split([encoded]) == [Frame(data, tuple(others), raw=encoded)]


@pytest.mark.parametrize("name", [b"event: x", b"event:x", b"event", b"event: a\r"])
def test_named_events_are_cut_alike_whole_and_byte_by_byte(name: bytes) -> None:
    data = (name + b"\ndata: one\n\n") * 3 + b"data: two\n\n" + name + b"\n\n"
    assert split([data]) == split([data[i : i + 1] for i in range(len(data))])


def test_nothing_stands_between_two_whole_events() -> None:
    framing = ServerSentEvents(NO_LIMIT)
    assert framing.between(b"data: x\n\n") == b""
    assert framing.between(b"data: x") == b"\n\n"
