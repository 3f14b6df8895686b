"""JSON inside a string, in pieces: what passes is the same JSON with its texts redacted."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.scanner import LONGEST_HIDDEN, Scanner
from extproc.dialects.walk import number_text
from extproc.guardrail.bodies import redacted_text
from extproc.guardrail.filters import Context, Scanners
from extproc.guardrail.json_filter import JsonFilter
from extproc.model.values import Direction, Segment
from extproc.policy.judge import Judge
from extproc.redaction.operators import Redactor
from tests.guardrail.making import CARD, FORMS, KEY, SSN, pieces, policy, rule

SCANNER = Scanner(RECOGNIZERS)
RULES = policy(rule(FORMS, name="pii"))
BLOCKING = policy(rule("us_ssn", "block"), rule(FORMS, name="pii"))


@dataclass(frozen=True)
class Number:
    """A number by its spelling."""

    spelling: str


numbers = st.sampled_from(
    ["0", "-1", "1.5", "1e3", "4111111111111111", "-4111111111111111", "4.111111111111111e15"]
).map(Number)
strings = st.lists(
    st.one_of(
        st.sampled_from(["jane@example.com", SSN, "4111 1111 1111 1111", "AKIAIOSFODNN7EXAMPLE"]),
        st.sampled_from(
            ['"', "\\", "\n", "\t", "\x00", "/", "é", "😀", "\ud83d", "\ude00", "\\u00"]
        ),
        st.sampled_from([" ", "word", "call ", "12", "@", "-", ",", ":", "{", "}"]),
    ),
    max_size=4,
).map("".join)
leaves = st.none() | st.booleans() | numbers | strings
containers = st.recursive(
    st.lists(leaves, max_size=3) | st.lists(st.tuples(strings, leaves), max_size=3).map(tuple),
    lambda inner: (
        st.lists(inner | leaves, max_size=3)
        | st.lists(st.tuples(strings, inner | leaves), max_size=3).map(tuple)
    ),
    max_leaves=6,
)  # an object is a tuple of pairs, so that equal keys do not fall together


def spelled(value: Any, rng: random.Random) -> str:
    """JSON for a value in a spelling by chance."""
    blank = rng.choice(["", "", " ", "\n\t"])
    match value:
        case Number(spelling):
            return spelling
        case str():
            return f'"{"".join(_character(character, rng) for character in value)}"'
        case list():
            return f"[{blank}" + f"{blank},".join(spelled(item, rng) for item in value) + "]"
        case tuple():
            members = (f"{spelled(k, rng)}{blank}:{blank}{spelled(v, rng)}" for k, v in value)
            return "{" + f",{blank}".join(members) + f"{blank}}}"
    return json.dumps(value)


_SHORT = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\t": r"\t", "/": r"\/"}


def _character(character: str, rng: random.Random) -> str:
    plain = character not in '"\\' and character >= " " and not "\ud800" <= character <= "\udfff"
    if plain and rng.random() < 0.7:
        return character
    if character in _SHORT and rng.random() < 0.5:
        return _SHORT[character]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    units = units.upper() if rng.random() < 0.5 else units
    return "".join(rf"\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def is_redacted(passed: Any, value: Any) -> bool:
    """Whether `passed` is what should be left of `value`, by the redaction of whole texts."""
    match value:
        case str():
            seen = _seen(value)
            expected = _redacted_text(seen)
            return bool(passed == value if expected == seen else _seen(passed) == expected)
        case Number(spelling):
            digits = number_text(spelling)
            expected = _redacted_text(digits)
            return bool(passed == (value if expected == digits else expected))
        case list():
            return len(passed) == len(value) and all(map(is_redacted, passed, value))
        case tuple():
            return len(passed) == len(value) and all(
                is_redacted(passed[i][0], key) and is_redacted(passed[i][1], item)
                for i, (key, item) in enumerate(value)
            )
    return bool(passed == value)


def _seen(text: str) -> str:
    """A lone surrogate is no character: detectors see it as one that cannot be decoded."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def _redacted_text(text: str) -> str:
    return redacted_text(text, Segment((), text), context(), SCANNER)


def context(blocking: bool = False) -> Context:
    judge = Judge(BLOCKING if blocking else RULES, Direction.RESPONSE, "caller")
    return Context(Scanners(SCANNER, None), judge, Redactor(KEY))


def filtered(parts: Sequence[str], shared: Context | None = None) -> str:
    shared = shared or context()
    json_filter = JsonFilter(shared, (), "assistant")
    passed = "".join(json_filter.feed(part) for part in parts)
    return passed + json_filter.feed("", final=True)


def loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=tuple, parse_int=Number, parse_float=Number)


def as_read(value: Any) -> Any:
    """As `loads` gives it back: without lone surrogates that stand beside their other half."""
    return loads(spelled(value, random.Random(0)))


@settings(max_examples=300)
@given(containers, st.integers(0, 2**32))
def test_what_passes_is_the_document_with_its_texts_redacted(value: Any, seed: int) -> None:
    value = as_read(value)
    passed = loads(filtered([spelled(value, random.Random(seed))]))
    assert is_redacted(passed, value)


@settings(max_examples=300)
@given(containers, st.integers(0, 2**32))
def test_any_cut_gives_the_same_json(value: Any, seed: int) -> None:
    text = spelled(value, random.Random(seed))
    assert filtered(pieces(text, seed)) == filtered([text])


@settings(max_examples=100)
@given(containers, st.integers(0, 2**32))
def test_single_characters_give_the_same_json(value: Any, seed: int) -> None:
    text = spelled(value, random.Random(seed))
    assert filtered(list(text)) == filtered([text])


@settings(max_examples=300)
@given(st.text(alphabet='{}[]":,\\u8dD3eE0 4@n', max_size=40), st.integers(0, 2**32))
@example(r'["\ud83d\u0041\ud83d\ud83d\ude00\ud83d"]', 1)
@example(r'["\ud83d\"]', 1)
@example(r'["\ud83', 1)
@example(r'["\u12G4 \x"]', 1)
def test_any_cut_of_anything_gives_the_same_text(text: str, seed: int) -> None:
    assert filtered(list(text)) == filtered(pieces(text, seed)) == filtered([text])


@settings(max_examples=100)
@given(containers, st.integers(0, 2**32))
def test_any_cut_ends_at_the_same_block(value: Any, seed: int) -> None:
    text = spelled(value, random.Random(seed))
    assert filtered(pieces(text, seed), context(blocking=True)) == filtered(
        [text], context(blocking=True)
    )


@settings(max_examples=100)
@given(st.sampled_from(["", "a ", "😀", r"\n", r"\u0041 ", r"\ud83d "]), st.integers(1, 40))
def test_text_without_findings_passes_as_it_was_written(prefix: str, count: int) -> None:
    text = '{"a" :\t"' + prefix * count + r'\/é\u00e9", "b":[1.50,-0,1E5, true,null]} '
    assert filtered([text]) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'{{"ssn": "{SSN}"}}', '{"ssn": "[US_SSN]"}'),
        (r'{"m": "jane\u0040example.com"}', '{"m": "[EMAIL_ADDRESS]"}'),
        (r'{"m": "\u006a\u0061ne@example.com"}', '{"m": "[EMAIL_ADDRESS]"}'),
        (r'{"m": "a\"jane@example.com\""}', r'{"m": "a\"[EMAIL_ADDRESS]\""}'),
        (r'{"m": "\ud83d\ude00jane@example.com"}', r'{"m": "\ud83d\ude00[EMAIL_ADDRESS]"}'),
        ('{"jane@example.com": 1}', '{"[EMAIL_ADDRESS]": 1}'),
        ('{"n": 4111111111111111}', '{"n": "[CREDIT_CARD]"}'),
        ('{"n": -4.111111111111111e15, "m": 2}', '{"n": "[CREDIT_CARD]", "m": 2}'),
        ('["4111", "1111", "1111", "1111"]', '["4111", "1111", "1111", "1111"]'),
        ('"jane@example.com"', '"[EMAIL_ADDRESS]"'),
        ("mail jane@example.com", "mail [EMAIL_ADDRESS]"),
        ("  \n", "  \n"),
        ("", ""),
        ("null", "null"),
        ("4111111111111111", "[CREDIT_CARD]"),
    ],
)
def test_one_document(text: str, expected: str) -> None:
    assert filtered([text]) == filtered(list(text)) == expected


def test_a_value_that_must_be_escaped_again_is() -> None:
    shared = Context(
        Scanners(SCANNER, None),
        Judge(policy(rule("private_key", redaction="mask")), Direction.RESPONSE, "caller"),
        Redactor(KEY),
    )
    key = (
        "-----BEGIN PRIVATE KEY-----\n"
        "MIIEpAIBAAKCAQEAvx1Zq0hW8mYd2Lr5TnK9sPqU"
        "\n-----END PRIVATE KEY-----"
    )
    masked = json.loads(filtered([json.dumps({"k": f'"{key}"'})], shared))["k"]
    assert masked == '"' + "".join("*" if c.isalnum() else c for c in key) + '"'


def test_a_document_cut_off_inside_a_string_is_passed_to_its_end() -> None:
    assert filtered(['{"a": "hello jane']) == '{"a": "hello jane'


def test_a_value_in_a_document_that_was_cut_off_is_still_redacted() -> None:
    assert filtered([f'{{"a": "it is {SSN}']) == '{"a": "it is [US_SSN]'


@pytest.mark.parametrize(
    "text",
    [
        "[my ssn is 078 05 1120]",
        "{'card': 4111 1111 1111 1111}",
        "{'phone': (415) 555-2671}",
        "[host 2001:db8::ff00:42:8329]",
        "{} my card is 4111 1111 1111 1111",
        '"x" my card is 4111 1111 1111 1111',
        "{// 4111 1111 1111 1111\n}",
        '{"n": 4111 1111 1111 1111}',
    ],
)
def test_what_only_begins_like_json_hides_nothing(text: str) -> None:
    for passed in (filtered([text]), filtered(list(text))):
        for value in ("078 05 1120", CARD, "555-2671", "2001:db8", "4111111111111111"):
            assert value not in passed


@pytest.mark.parametrize("word", ["9", "a", "-", "1 "])
def test_what_no_json_could_hold_is_not_held_for_ever(word: str) -> None:
    json_filter = JsonFilter(context(), (), "assistant")
    held = 0
    for count in range(1, 400):
        held += len(word * 20) - len(json_filter.feed(("[" if count == 1 else "") + word * 20))
        assert held <= LONGEST_HIDDEN + 1024  # of a text, and of a word in it


def test_nothing_passes_after_a_block() -> None:
    shared = context(blocking=True)
    json_filter = JsonFilter(shared, (), "assistant")
    assert json_filter.feed(f'{{"a": "it is {SSN} and') == '{"a": "it is '
    assert json_filter.feed(' more", "b": 1') == ""
    assert json_filter.feed("}", final=True) == ""


def test_nothing_that_waited_passes_after_another_text_was_blocked() -> None:
    shared = context(blocking=True)
    waiting = JsonFilter(shared, ("a",), "assistant")
    assert waiting.feed('{"pin": 12345') == '{"pin": '
    JsonFilter(shared, ("b",), "assistant").feed(f'"{SSN} "')
    assert waiting.feed("", final=True) == ""


def test_a_filter_waits_while_it_holds_a_part_of_an_escape() -> None:
    json_filter = JsonFilter(context(), (), "assistant")
    json_filter.feed(r'{"a": "\u00')
    assert json_filter.waiting
    json_filter.feed('e9"}')
    assert not json_filter.waiting
