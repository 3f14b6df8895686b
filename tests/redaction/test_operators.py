"""What stands in the place of a redacted value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.model.values import Edit
from extproc.redaction.operators import Redactor, apply

REDACTOR = Redactor(b"key")


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("mask", "123-45-6789", "***-**-****"),
        ("mask", "jané@x.io", "****@*.**"),
        ("mask", "😀 ４", "😀 *"),
        ("replace", "123-45-6789", "[US_SSN]"),
        ("remove", "123-45-6789", ""),
    ],
)
def test_each_operator(operator: str, value: str, expected: str) -> None:
    assert REDACTOR.replacement(operator, "us_ssn", value) == expected


def test_an_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="scramble"):
        REDACTOR.replacement("scramble", "us_ssn", "1")


@given(st.text(), st.text())
def test_hashes_are_equal_where_values_are(first: str, second: str) -> None:
    one, other = (REDACTOR.replacement("hash", "iban", value) for value in (first, second))
    assert (one == other) is (first.encode("utf-8", "replace") == second.encode("utf-8", "replace"))


def test_a_hash_names_the_type_and_has_16_digits() -> None:
    assert len(REDACTOR.replacement("hash", "iban", "x")) == len("[IBAN:]") + 16


def test_a_hash_depends_on_the_key() -> None:
    assert Redactor(b"other").replacement("hash", "iban", "x") != REDACTOR.replacement(
        "hash", "iban", "x"
    )


@given(st.text())
def test_a_mask_keeps_length_and_no_letter_or_digit(value: str) -> None:
    masked = REDACTOR.replacement("mask", "iban", value)
    assert len(masked) == len(value)
    assert not any(character.isalnum() for character in masked)


def test_edits_are_applied_in_their_places() -> None:
    edits = [Edit(0, 1, "X"), Edit(3, 5, ""), Edit(5, 6, "YY")]
    assert apply("abcdefg", edits) == "XbcYYg"


def test_without_edits_a_text_is_itself() -> None:
    assert apply("abc", []) == "abc"


def test_edits_may_touch() -> None:
    assert apply("abcdef", [Edit(1, 3, "X"), Edit(3, 5, "Y")]) == "aXYf"


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.text(max_size=3)), max_size=8),
)
def test_what_is_outside_every_edit_stays_as_it_was(
    text: str, drawn: list[tuple[int, str]]
) -> None:
    places = sorted({min(place, len(text)) for place, _ in drawn})
    replacements = [replacement for _, replacement in drawn]
    edits = list(map(Edit, places[::2], places[1::2], replacements))
    expected, position = "", 0
    for edit in edits:
        expected += text[position : edit.start] + edit.replacement
        position = edit.end
    assert apply(text, edits) == expected + text[position:]
