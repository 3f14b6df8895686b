"""One JSON array, cut into its elements at any byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.framing import Frame
from extproc.dialects.json_array import END, JsonArray
from tests.guardrail.making import byte_pieces

ODD = {"a": '[{"\\\\": "}]\\"', "é": ["\\", {}, [[]], '"'], "n": None, "text": "},\r\n{"}


def cut(parts: list[bytes], max_event: int = 1 << 20) -> tuple[list[Frame], JsonArray]:
    framing = JsonArray(max_event)
    frames = []
    for place, part in enumerate(parts):
        frames += framing.feed(part, final=place == len(parts) - 1)
    return frames, framing


def datas(*parts: bytes) -> list[bytes | None]:
    frames, framing = cut(list(parts))
    assert framing.fault is None
    assert b"".join(frame.raw for frame in frames) == b"".join(parts)
    return [frame.data for frame in frames]


@pytest.mark.parametrize(
    "body",
    [
        b'[{"a":1},{"b":2}]',
        b'[{"a":1}\n,\r\n{"b":2}\n]\n',
        b' \t[ {"a":1} ,{"b":2} ] \r\n',
        json.dumps([{"a": 1}, {"b": 2}], indent=2).encode(),
        json.dumps([{"a": 1}, {"b": 2}]).encode() + b"\n\n",
    ],
)
def test_elements_are_cut_out_whatever_stands_between_them(body: bytes) -> None:
    for parts in ([body], [bytes([byte]) for byte in body]):
        *elements, end = filter(None, datas(*parts))
        assert [json.loads(element) for element in elements] == [{"a": 1}, {"b": 2}]
        assert end == END


def test_brackets_and_quotes_within_strings_do_not_end_an_element() -> None:
    body = json.dumps([ODD, ODD], ensure_ascii=False).encode()
    for place in range(len(body)):
        first, second, end = datas(body[:place], body[place:])
        assert json.loads(first or b"") == json.loads(second or b"") == ODD
        assert end == END


VALUES = st.recursive(
    st.none() | st.text(st.characters(codec="utf-8"), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@given(
    values=st.lists(st.dictionaries(st.sampled_from(["a", '"', "]"]), VALUES), max_size=4),
    seed=st.integers(0, 999),
    indent=st.sampled_from([None, 0, 2]),
)
def test_any_array_is_cut_alike_at_any_bytes(values: list[Any], seed: int, indent: Any) -> None:
    body = json.dumps(values, ensure_ascii=False, indent=indent).encode("utf-8", "replace")
    *elements, end = datas(*byte_pieces(body, seed))
    assert [json.loads(element or b"") for element in elements] == json.loads(body)
    assert end == END


def test_an_empty_array_is_its_end() -> None:
    assert datas(b"[", b" ]") == [END]


def test_an_object_that_stands_alone_is_one_frame_and_stays_alone() -> None:
    assert datas(b' {"error":', b"{}}\n") == [b'{"error":{}}', None]
    _, framing = cut([b'{"error":{}}'])
    assert framing.encode(b"{}", first=True) == b"{}"
    assert framing.close() == b""


@pytest.mark.parametrize(
    "body",
    [
        *(b"x", b"[1]", b'["x"]', b"[[]]", b"[{} {}]", b"[{},,{}]", b"[,{}]", b"[{},]", b"{},{}"),
        *(b"[{}]]", b"[{}][]", b"{}{}", b"\xef\xbb\xbf[{}]", b"]", b'data: {"a":1}\n\n', b"[}"),
    ],
    ids=repr,
)
def test_what_is_no_array_of_objects_is_a_fault(body: bytes) -> None:
    for parts in ([body], [bytes([byte]) for byte in body]):
        frames, framing = cut(parts)
        assert framing.fault is not None
        assert framing.fault.code == "invalid_json"
        assert b"".join(frame.raw for frame in frames) + framing.rest() == body


@pytest.mark.parametrize("body", [b"[{", b'[{"a":"', b"[{},", b"[", b"{"])
def test_an_end_within_an_element_is_a_fault(body: bytes) -> None:
    assert cut([body])[1].fault is not None


def test_an_array_that_just_stops_is_none() -> None:
    assert datas(b"[{}", b"\n") == [b"{}", None]


@pytest.mark.parametrize("sizes", [[100_000], [10] * 10_000])
def test_an_element_over_the_bound_is_a_fault(sizes: list[int]) -> None:
    body = b'[{"a":1},{"b":"' + b"x" * 99_000 + b'"}]'
    parts, place = [], 0
    for size in sizes:
        parts.append(body[place : place + size])
        place += size
    frames, framing = cut(parts, max_event=5000)
    assert [frame.data for frame in frames] == [b'{"a":1}']
    assert framing.fault is not None
    assert framing.fault.code == "event_too_large"


def test_elements_are_added_with_their_commas() -> None:
    framing = JsonArray(100)
    parts = [framing.encode(b"{}", first=True), framing.encode(b'{"a":1}'), framing.close()]
    assert json.loads(b"".join(parts)) == [{}, {"a": 1}]
    assert framing.between(b"{}") == b""
