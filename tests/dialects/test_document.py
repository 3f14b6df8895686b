"""JSON is read strictly and written as it was spelled."""

import json
from typing import Any

import jiter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.document import parse, rename, replace, write
from extproc.model.errors import BodyError

# No lone surrogates: no JSON that is accepted can hold them.
strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=64) | strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=20,
).filter(lambda value: "Infinity" not in json.dumps(value))


def plain(value: Any) -> Any:
    """A parsed document with its numbers as Python reads them."""
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case jiter.LosslessFloat():
            return float(value)
    return value


def code(body: bytes) -> str:
    with pytest.raises(BodyError) as caught:
        parse(body)
    return caught.value.code


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


@given(values)
def test_what_is_written_is_what_was_read(value: Any) -> None:
    assert plain(parse(write(parse(json.dumps(value).encode())))) == value


@given(st.one_of(st.binary(max_size=30), st.text('{}[]":,\\ud8 0e-.truefalsn\n', max_size=30)))
def test_what_is_accepted_means_the_same_to_another_parser(data: bytes | str) -> None:
    body = data if isinstance(data, bytes) else data.encode()
    try:
        value = parse(body)
    except BodyError:
        return
    assert plain(value) == json.loads(body, object_pairs_hook=without_twins)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "empty_body"),
        (b" ", "invalid_json"),
        (b"\x00", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a": 1', "invalid_json"),
        (b"{} x", "invalid_json"),
        (b"{}{}", "invalid_json"),
        (b"{}\x00", "invalid_json"),
        (b"[1,]", "invalid_json"),
        (b"{'a': 1}", "invalid_json"),
        (b"{a: 1}", "invalid_json"),
        (b"// note\n{}", "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        ("{}".encode("utf-16"), "invalid_json"),
        (b'"\xff"', "invalid_json"),
        (b'"\xc0\xaf"', "invalid_json"),  # an overlong slash
        (b'"\xed\xa0\x80"', "invalid_json"),  # a surrogate in UTF-8
        (rb'"\ud800"', "invalid_json"),
        (rb'"\udc00"', "invalid_json"),
        (rb'"\ud800\ud800"', "invalid_json"),
        (rb'"\x41"', "invalid_json"),
        (b'"a\nb"', "invalid_json"),
        (b"[NaN]", "invalid_json"),
        (b"[Infinity]", "invalid_json"),
        (b"[-Infinity]", "invalid_json"),
        (b"01", "invalid_json"),
        (b"+1", "invalid_json"),
        (b"1.", "invalid_json"),
        (b".5", "invalid_json"),
        (b"0x10", "invalid_json"),
        (b"True", "invalid_json"),
        (b"1" * 5000, "invalid_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (rb'{"a": 1, "\u0061": 2}', "duplicate_key"),
        (b'[{"x": {"a": 1, "b": 2, "a": 1}}]', "duplicate_key"),
        (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep"),
        (b"[" * 10_000, "too_deep"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_two_parsers_could_read_differently_is_refused(body: bytes, expected: str) -> None:
    assert code(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b'{"jane@example.com": 1, "jane@example.com": 2}',
        rb'{"x\"jane@example.com": 1, "x\"jane@example.com": 2}',
        b'{"a": "jane@example.com',
        b'{"a": jane@example.com}',
        b'["jane@example.com" "jane@example.com"]',
    ],
)
def test_a_refusal_quotes_no_content(body: bytes) -> None:
    with pytest.raises(BodyError) as caught:
        parse(body)
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize(
    "number",
    ["0", "-0.0", "1.0", "1.10", "1E5", "1e+05", "1e400", "-1.5e-7", "0.1000000000000000055"],
)
def test_a_number_keeps_its_spelling(number: str) -> None:
    document = parse(f'{{"n": {number}, "t": "x"}}'.encode())
    assert write(replace(document, ("t",), "y")) == f'{{"n":{number},"t":"y"}}'.encode()


@pytest.mark.parametrize(
    "number", [2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**300 + 7]
)
def test_a_big_integer_keeps_every_digit(number: int) -> None:
    assert write(parse(f'[[{number}], {{"a": {number}}}, 0.50]'.encode())) == (
        f'[[{number}],{{"a":{number}}},0.50]'.encode()
    )


def test_a_document_at_the_deepest_level_can_be_written() -> None:
    body = b"[" * 199 + str(2**70).encode() + b"]" * 199
    assert write(parse(body)) == body


def test_text_beyond_ascii_is_written_as_utf8() -> None:
    assert write(parse(rb'["\ud83d\ude00\u00e9"]')) == '["😀é"]'.encode()


def test_a_value_that_no_document_holds_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        write({"a": object()})


def test_replace_puts_a_value_at_its_path() -> None:
    document = parse(b'{"a": [{"b": "x"}, "y"]}')
    assert replace(document, ("a", 0, "b"), "1") is document
    replace(document, ("a", 1), None)
    assert document == {"a": [{"b": "1"}, None]}


def test_replace_at_the_root_is_the_value_itself() -> None:
    assert replace("old", (), "new") == "new"


def test_rename_keeps_the_order_of_members() -> None:
    document = parse(b'{"o": {"a": 1, "b": 2, "c": 3}}')
    rename(document, ("o",), {"b": "B"})
    assert write(document) == b'{"o":{"a":1,"B":2,"c":3}}'


def test_rename_never_covers_another_member() -> None:
    document = parse(b'{"a": 1, "x": 2, "x_2": 3}')
    rename(document, (), {"a": "x"})
    assert sorted(document.values()) == [1, 2, 3]
    assert (document["x"], document["x_2"]) == (2, 3)


def test_members_renamed_alike_all_stay() -> None:
    document = parse(b'{"a": 1, "b": 2, "c": 3, "d": 4}')
    rename(document, (), {"a": "x", "b": "x", "d": "x"})
    assert list(document.values()) == [1, 2, 3, 4]
    assert all(name.startswith("x") for name, value in document.items() if value != 3)


def test_a_member_may_take_a_name_that_another_gives_up() -> None:
    document = parse(b'{"a": 1, "b": 2}')
    rename(document, (), {"a": "b", "b": "c"})
    assert list(document.values()) == [1, 2]


def test_rename_reaches_through_lists() -> None:
    document = parse(b'[{"a": 1}]')
    rename(document, (0,), {"a": "b"})
    assert document == [{"b": 1}]


@given(
    st.dictionaries(st.sampled_from("abcdefg"), st.integers(), max_size=7),
    st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from(["x", "a", "x_2", ""])),
)
def test_no_rename_loses_a_member(members: dict[str, int], names: dict[str, str]) -> None:
    document = dict(members)
    rename(document, (), {key: name for key, name in names.items() if key in members})
    assert list(document.values()) == list(members.values())
