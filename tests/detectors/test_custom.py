"""A policy's own words and patterns are found, whole and in pieces, or refused with a remedy."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import cuts
from extproc.detectors.custom import recognizer
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner
from extproc.model.errors import PatternError


def made(
    *patterns: str, words: tuple[str, ...] = (), ignore_case: bool = True, whole_word: bool = True
) -> Recognizer:
    return recognizer(
        "mine", patterns, words, score=0.9, ignore_case=ignore_case, whole_word=whole_word
    )


def found(text: str, own: Recognizer) -> list[str]:
    return [text[f.start : f.end] for f in Scanner([own]).find(NormalText(text))]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"EMP-\d{5}", "I am emp-12345, not EMP-123456.", ["emp-12345"]),
        (r"\bEMP-\d{5}\b", "I am EMP-12345", ["EMP-12345"]),
        (r"ab+c", "abbbbbbbc xabc", ["abbbbbbbc"]),
        (r"(?:ab)+c", "ababababc", ["ababababc"]),
        (r"[0-9]+-x", "aaaa 000000-x", ["000000-x"]),
        (r"case (?:no\.|number) \d+/\d{2}", "Case number 17/26 is closed", ["Case number 17/26"]),
    ],
)
def test_patterns(pattern: str, text: str, expected: list[str]) -> None:
    assert found(text, made(pattern)) == expected


def test_words_are_found_as_they_are_disguised() -> None:
    own = made(words=("Project Nightjar", "日本語プロ", "naïve plan"))
    text = "ＰＲＯＪＥＣＴ nightjar, 日本語プロ, NAIVE plan, Project Nightjars"
    assert found(text, own) == ["ＰＲＯＪＥＣＴ nightjar", "日本語プロ", "NAIVE plan"]


def test_case_and_the_edges_of_words_count_where_that_is_asked() -> None:
    own = made("Falcon", ignore_case=False, whole_word=False)
    assert found("Falcons and falcons", own) == ["Falcon"]


def test_a_run_longer_than_the_bound_is_found_in_part() -> None:
    assert found("x" * 200, made("x{3,}", whole_word=False))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a|b", "is found in 1 characters"),
        (r"\d*", "is found in 0 characters"),
        ("^abc$", "leave out ^ $"),
        ("(?=abc)abc", "cannot be read at offset"),
        ("abc.*?d", "cannot be read at offset"),
        (r"(abc)\1", "cannot be compiled"),
        ("größe", "put other letters under words"),
        ("(?:[a-z]{100}){9}", "can be 900 characters long"),
        ("[a-z]{1,200}@[a-z]{1,200}", "cannot be compiled"),
        ("abc[", "cannot be read at offset 3"),
    ],
)
def test_what_cannot_be_sought_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(PatternError, match=message.replace("^", r"\^").replace("$", r"\$")):
        Scanner([made(pattern)])


atoms = st.sampled_from(["a", "b", "c", "[a-c]", r"\d", "-", r"\w", "(?:ab)", "(?:a|bc)"])
quantifiers = st.sampled_from(["", "", "?", "+", "*", "{2}", "{1,3}", "{2,}"])
patterns = st.lists(st.builds(str.__add__, atoms, quantifiers), min_size=1, max_size=4).map(
    lambda parts: "abc" + "".join(parts)
)
texts = st.text(alphabet="abc-1 ", max_size=150)


@settings(max_examples=60)
@given(patterns, texts, st.booleans(), st.integers(0, 2**32))
def test_pieces_give_the_findings_of_the_whole(
    pattern: str, text: str, whole_word: bool, seed: int
) -> None:
    scanner = Scanner([made(pattern, whole_word=whole_word)])
    assert cuts.pieces(scanner, text, random.Random(seed)) == scanner.find(NormalText(text))
