"""Newline-delimited JSON, cut at any byte."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.framing import TOO_LARGE, Frame
from extproc.dialects.ndjson import NdJson

MAX_EVENT = 1000
LINES = st.lists(st.text(max_size=30).map(lambda text: json.dumps({"a": text}).encode()))


def frames(data: bytes, *cuts: int) -> list[Frame]:
    framing = NdJson(MAX_EVENT)
    cut: list[Frame] = []
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        cut += framing.feed(data[start:end])
    cut += framing.feed(b"", final=True)
    assert framing.fault is None
    assert framing.rest() == b""
    return cut


@given(LINES, st.sampled_from([b"\n", b"\r\n"]), st.lists(st.integers(0, 500), max_size=5))
def test_lines_are_the_same_wherever_they_are_cut(
    lines: list[bytes], end: bytes, cuts: list[int]
) -> None:
    data = b"".join(line + end for line in lines)
    cut = frames(data, *(place for place in cuts if place <= len(data)))
    assert [frame.data for frame in cut] == lines
    assert b"".join(frame.raw for frame in cut) == data


@given(st.binary(max_size=100), st.lists(st.integers(0, 100), max_size=4))
def test_any_bytes_come_back(data: bytes, cuts: list[int]) -> None:
    cut = frames(data, *(place for place in cuts if place <= len(data)))
    assert b"".join(frame.raw for frame in cut) == data


def test_last_line_may_lack_its_end() -> None:
    assert [frame.data for frame in frames(b'{"a":1}\n{"b":2}')] == [b'{"a":1}', b'{"b":2}']


def test_blank_line_has_no_data() -> None:
    assert [frame.data for frame in frames(b'\n \n{"a":1}\n')] == [None, None, b'{"a":1}']


@pytest.mark.parametrize("cut", [1, 500, MAX_EVENT + 1])
def test_line_over_the_bound_is_a_fault(cut: int) -> None:
    framing = NdJson(MAX_EVENT)
    data = b"x" * (MAX_EVENT + 1)
    assert framing.feed(data[:cut]) + framing.feed(data[cut:]) == []
    assert framing.fault is TOO_LARGE
    assert framing.rest() == data


def test_line_is_written_with_its_end() -> None:
    framing = NdJson(MAX_EVENT)
    assert framing.encode(b"{}") == b"{}\n"
    assert framing.between(b'{"a":1}') == b"\n"
    assert framing.between(b'{"a":1}\n') == framing.close() == b""


def test_chunk_is_whole_where_nothing_is_kept() -> None:
    framing = NdJson(MAX_EVENT)
    assert framing.is_whole(b"{}\n")
    framing.feed(b"{")
    assert not framing.is_whole(b"}\n")
