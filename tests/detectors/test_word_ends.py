"""What Hyperscan is asked for: the matches of a pattern that end inside no word, and their ends."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.detectors.compiler import IN_MEMORY
from extproc.detectors.patterns import Patterns
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.word_ends import WORD, word_ends

PATTERNS = [
    "a1",
    "[a-c]{2,4}",
    "(?:a|b1){1,3}",
    "a[a1_]{1,4}",
    "a(?:-a)?",
    "1(?:[ _]{0,2}1){1,3}",
    "a(?:-[a1]{0,2}){1,2}",
    "_?a[.]?1?",
    "a:?(?:_|-1)?",
    "[^ ]{2,3}",
]
TEXTS = st.text("ab1_-. :", max_size=24)


def patterns_of(pattern: str) -> Patterns:
    """Those of one recognizer of whole words."""
    recognizer = Recognizer(
        type="one", family="pii", patterns=(pattern,), longest=64, examples=(), near_misses=()
    )
    return Patterns([recognizer], (), IN_MEMORY)


def inside_word(data: bytes, place: int) -> bool:
    return 0 < place < len(data) and data[place - 1] in WORD and data[place] in WORD


def expected(pattern: str, text: str) -> dict[tuple[int, int], list[int]]:
    """Ends outside of words by leftmost start, but not for a part of one word."""
    data, found = text.encode(), dict[tuple[int, int], list[int]]()
    expression = re.compile(pattern.encode())
    for end in range(1, len(data) + 1):
        starts = (start for start in range(end) if expression.fullmatch(data, start, end))
        start = next(starts, None)
        if start is None or inside_word(data, end):
            continue
        if inside_word(data, start) and word_ends(pattern).words is not None:
            continue
        found.setdefault((0, start), []).append(end)
    return found


@pytest.mark.parametrize("pattern", PATTERNS)
def test_ends_outside_of_words_are_reported_and_no_others(pattern: str) -> None:
    patterns = patterns_of(pattern)

    @settings(max_examples=60)
    @given(TEXTS)
    def agree(text: str) -> None:
        assert patterns.proposed(text.encode()).candidates == expected(pattern, text)

    agree()


@pytest.mark.parametrize(
    ("pattern", "text", "ends"),
    [
        (r"x[^ ]+(?:\b|[/)])", "x12/ x1- x)) xab_ x", [3, 4, 7, 12, 17]),
        (r"x[^ ]+(?:\b|[/)])", "x1b", [3]),
        (r"a(?:b\b)?", "ab abc a", [2, 8]),
    ],
)
def test_what_a_pattern_asserts_at_its_end_still_counts(
    pattern: str, text: str, ends: list[int]
) -> None:
    candidates = patterns_of(pattern).proposed(text.encode()).candidates
    assert sorted(end for found in candidates.values() for end in found) == ends


@pytest.mark.parametrize("text", ["0" * 50_000, "A1" * 25_000, "12" * 20_000 + "x"])
def test_a_run_is_proposed_once(text: str) -> None:
    candidates = patterns_of(r"[A-Z0-9]{4}(?:-?[A-Z0-9]){8,12}").proposed(text.encode()).candidates
    assert sum(map(len, candidates.values())) <= 1
