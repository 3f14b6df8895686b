"""Whatever a shape does not name is read as text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.document import parse
from extproc.dialects.walk import APART, JSON, ROLE, TOKEN, Media, Reading, Shape, number_text, read
from extproc.model.values import Format, Segment, Skipped

SHAPE: Shape = {
    "id": TOKEN,
    "text": None,
    "image": Media("image"),
    "arguments": JSON,
    "counts": APART,
    "items": {"*": {"kind": TOKEN, "label": None}},
}


def segments(document: Any, shape: Shape = SHAPE, role: str = "") -> list[Segment]:
    return read(document, shape, role).segments


def strings_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in strings_of(item)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=15,
    )
)
def test_without_a_shape_every_string_is_text(document: Any) -> None:
    found = [s.text for s in segments(document, None) if s.format is Format.TEXT]
    assert found == strings_of(document)


def test_a_path_leads_back_to_its_text() -> None:
    document = {"items": [{"label": "a"}, {"other": [["b"]]}], "new": {"deep": "c"}}
    for path, text, form, _ in segments(document):
        value: Any = document
        for step in path[:-1] if form is Format.KEY else path:
            value = value[step]
        assert text == path[-1] if form is Format.KEY else text == value


def test_a_field_that_nobody_named_is_text() -> None:
    assert segments({"new": "hello"}) == [Segment(("new",), "hello")]


def test_a_field_beside_a_named_one_in_a_list_is_text() -> None:
    assert segments({"items": [{"kind": "k", "new": "x"}]}) == [Segment(("items", 0, "new"), "x")]


@pytest.mark.parametrize("document", [{"id": ["x"]}, {"id": {"a": "x"}}, {"text": [["x"]]}])
def test_a_container_where_none_is_known_is_read_through(document: Any) -> None:
    assert [segment.text for segment in segments(document)] == ["x"]


def test_a_token_arrives_as_it_is() -> None:
    assert segments({"id": "call_123"}) == []


def test_an_overlong_token_is_text() -> None:
    assert segments({"id": "x" * 256}) == []
    assert segments({"id": "x" * 257}) == [Segment(("id",), "x" * 257)]


def test_a_number_as_a_token_is_left_alone() -> None:
    assert segments({"id": 4111111111111111}) == []


def test_media_is_skipped_with_its_kind() -> None:
    reading = read({"image": "iVBORw0KGgo="}, SHAPE)
    assert reading.segments == []
    assert reading.skipped == [Skipped(("image",), "image")]


def test_media_without_content_is_nothing() -> None:
    assert read({"image": ""}, SHAPE).skipped == []


def test_json_in_a_string_is_marked_as_such() -> None:
    assert segments({"arguments": '{"a":1}'}) == [Segment(("arguments",), '{"a":1}', Format.JSON)]


def test_a_string_that_is_read_apart_is_not_read_here() -> None:
    assert segments({"counts": "hello"}) == []


def test_anything_else_in_the_place_of_such_a_string_is() -> None:
    found = segments({"counts": {"note": "hello", "more": [4111111111111111]}})
    assert [segment.text for segment in found] == ["hello", "4111111111111111"]


def test_empty_strings_and_constants_are_nothing() -> None:
    assert segments({"a": "", "b": None, "c": True, "d": [], "e": {}}) == []


def test_the_name_of_an_unknown_member_is_inspected() -> None:
    assert segments({"jane@example.com": 1}) == [
        Segment(("jane@example.com",), "jane@example.com", Format.KEY)
    ]


def test_the_name_of_a_known_member_is_not() -> None:
    assert segments({"arguments": ""}) == []


def test_a_name_too_short_for_any_finding_is_not() -> None:
    assert segments({"abcde": 1}) == []


SPEAKERS: Shape = {"*": {"role": ROLE, "parts": {"*": {"role": TOKEN, "text": None}}}}


def test_a_text_belongs_to_the_role_of_its_object() -> None:
    document = ["none", {"role": "user", "parts": [{"text": "inner"}], "new": {"deep": "too"}}]
    assert [(s.text, s.role) for s in segments(document, SPEAKERS, "given")] == [
        ("none", "given"),
        ("inner", "user"),
        ("too", "user"),
    ]


@pytest.mark.parametrize("document", [[{"role": 7, "parts": [{"text": "x"}]}], [{"parts": ["x"]}]])
def test_without_a_role_the_one_around_it_holds(document: Any) -> None:
    assert [(s.text, s.role) for s in segments(document, SPEAKERS, "given")] == [("x", "given")]


@pytest.mark.parametrize(
    "document",
    [
        [{"role": "user", "parts": [{"role": "system", "text": "x"}]}],
        [{"role": "user", "other": {"role": "system", "text": "x"}}],
    ],
)
def test_a_role_where_the_shape_has_none_is_not_believed(document: Any) -> None:
    assert ("x", "user") in [(s.text, s.role) for s in segments(document, SPEAKERS)]


def test_a_long_number_is_inspected_by_its_digits() -> None:
    [segment] = segments(parse(b'{"n": 4111111111111111}'))
    assert segment == Segment(("n",), "4111111111111111", Format.NUMBER)


def test_a_long_number_in_a_list_has_its_index() -> None:
    [segment] = segments(parse(b"[1, 4.111111111111111e15]"), None)
    assert segment == Segment((1,), "4111111111111111", Format.NUMBER)


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("1234567", "1234567"),
        ("123456", ""),
        ("-4111111111111111", "4111111111111111"),
        ("4111111111111111.0", "4111111111111111"),
        ("4111111111111111.25", "4111111111111111"),
        ("4.111111111111111e15", "4111111111111111"),
        ("4111111111111111E0", "4111111111111111"),
        ("0.4111111111111111", ""),
        ("-0.4111111111111111", ""),
        ("1e5", ""),
        ("1e-400", ""),
        ("-0.1234567891234567", ""),
        ("-4.111111111111111e-05", ""),
        ("1" * 400, "1" * 400),
    ],
)
def test_number_text_is_the_whole_part_without_sign(number: str, digits: str) -> None:
    assert number_text(number) == digits


@given(st.integers(10**7, 10**40))
def test_number_text_of_an_integer_is_the_integer(number: int) -> None:
    assert number_text(str(number)) == number_text(f"{number}.5") == str(number)


@pytest.mark.parametrize("word", ["NaN4111111111111111", "sNaN4111111111111111", "4111_1111"])
def test_number_text_of_what_is_no_json_number_keeps_its_digits(word: str) -> None:
    assert "4111" in number_text(word)


NUMBERS = st.lists(
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?\Z"), min_size=1
)


@given(NUMBERS)
def test_list_of_numbers_is_read_as_each_of_them(numbers: list[str]) -> None:
    listed = parse(f"[{','.join(numbers)}]".encode())
    apart = [segment.text for number in listed for segment in read([number, None], None).segments]
    assert [segment.text for segment in read(listed, None).segments] == apart


def test_numbers_that_stand_for_a_text_are_skipped() -> None:
    assert read({"context": [1, 2]}, {"context": Media("token_ids")}) == Reading(
        [], [Skipped(("context",), "token_ids")]
    )


@pytest.mark.parametrize("value", [["123-45-6789"], [1, "123-45-6789"], [1, ["123-45-6789"]]])
def test_list_that_is_not_all_numbers_is_no_media(value: list[Any]) -> None:
    reading = read({"context": value}, {"context": Media("token_ids")})
    assert reading.skipped == []
    assert [segment.text for segment in reading.segments][-1] == "123-45-6789"
