"""The pattern of unfinished matches finds every beginning of a match, and nothing else."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner
from extproc.detectors.unfinished import unfinished
from extproc.detectors.watcher import Watcher
from extproc.model.errors import PatternError

PATTERNS = [(recognizer, pattern) for recognizer in RECOGNIZERS for pattern in recognizer.patterns]
ASCII = st.characters(max_codepoint=127)
WHITE_SPACE_ESCAPE = re.compile(r"\\[nrtbf]")


def is_unfinished(pattern: str, text: str, flags: int = 0) -> bool:
    """Whether all of `text` is the beginning of a match."""
    return re.fullmatch(unfinished(pattern), text[::-1], flags | re.ASCII | re.DOTALL) is not None


def name(value: object) -> str:
    return value.type if isinstance(value, Recognizer) else str(value)[:24]


@pytest.mark.parametrize(("recognizer", "pattern"), PATTERNS, ids=name)
def test_every_beginning_of_a_match_is_found(recognizer: Recognizer, pattern: str) -> None:
    flags = re.IGNORECASE if recognizer.caseless else 0
    matches = st.from_regex(
        re.compile(pattern, flags | re.ASCII | re.DOTALL), fullmatch=True, alphabet=ASCII
    )

    @settings(max_examples=20)
    @given(matches)
    def check(match: str) -> None:
        for size in {*range(1, min(len(match), 80)), *range(max(1, len(match) - 20), len(match))}:
            assert is_unfinished(pattern, match[:size], flags)

    check()


@cache
def scanner_of(recognizer: Recognizer) -> Scanner:
    return Scanner([recognizer])


@pytest.mark.parametrize(("recognizer", "pattern"), PATTERNS, ids=name)
def test_a_stream_is_held_from_where_a_match_may_begin(
    recognizer: Recognizer, pattern: str
) -> None:
    """The same as above, with Hyperscan in the place of Python's expressions."""
    flags = re.IGNORECASE if recognizer.caseless else 0
    matches = st.from_regex(
        re.compile(pattern, flags | re.ASCII | re.DOTALL), fullmatch=True, alphabet=ASCII
    )
    scanner = scanner_of(recognizer)

    @settings(max_examples=10)
    @given(matches)
    def check(match: str) -> None:
        assume(not WHITE_SPACE_ESCAPE.search(match))  # which is folded to blanks
        for size in range(1, min(len(match), recognizer.longest, 60)):
            settled, _ = Watcher(scanner).feed(". " + match[:size])
            assert settled <= 2

    check()


# Small patterns over a and b, and by brute force what begins a word of their languages.


@dataclass(frozen=True)
class Small:
    source: str
    words: frozenset[str]  # up to LONGEST characters
    cost: int  # no beginning of a word needs more characters than these to become one


LONGEST = 9
NO_LONGER = 5


def _atom(source: str, characters: str) -> Small:
    return Small(source, frozenset(characters), 1)


def _joined(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    return frozenset(a + b for a in first for b in second if len(a) + len(b) <= LONGEST)


def _sequence(parts: list[Small]) -> Small:
    words = frozenset([""])
    for part in parts:
        words = _joined(words, part.words)
    return Small("".join(p.source for p in parts), words, sum(p.cost for p in parts))


def _choice(parts: list[Small]) -> Small:
    words = frozenset[str]().union(*(part.words for part in parts))
    source = "(?:" + "|".join(p.source for p in parts) + ")"
    return Small(source, words, max(p.cost for p in parts))


def _repeat(item: Small, bounds: tuple[str, int, int | None]) -> Small:
    source, least, most = bounds
    words, power = set[str](), frozenset([""])
    for count in range(LONGEST + 1 if most is None else most + 1):
        if count >= least:
            words |= power
        power = _joined(power, item.words)
    return Small(f"(?:{item.source}){source}", frozenset(words), max(1, least) * item.cost)


atoms = st.sampled_from(
    [
        _atom("a", "a"),
        _atom("b", "b"),
        _atom("[ab]", "ab"),
        _atom("[^a]", "b"),
        _atom(r"\x61", "a"),
        _atom("[]a]", "a"),
    ]
)
repeats = st.sampled_from(
    [("?", 0, 1), ("*", 0, None), ("+", 1, None), ("{2}", 2, 2), ("{1,3}", 1, 3), ("{2,}", 2, None)]
)
small = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(_sequence)
        | st.lists(inner, min_size=2, max_size=3).map(_choice)
        | st.builds(_repeat, inner, repeats)
    ),
    max_leaves=3,
).filter(lambda pattern: pattern.cost <= NO_LONGER and any(pattern.words))


@settings(max_examples=200)
@given(small)
def test_what_is_found_is_what_begins_a_word_of_the_language(pattern: Small) -> None:
    beginnings = {word[:size] for word in pattern.words for size in range(1, len(word) + 1)}
    for size in range(1, LONGEST - NO_LONGER + 1):
        for letters in product("ab", repeat=size):
            text = "".join(letters)
            assert is_unfinished(pattern.source, text) is (text in beginnings), text


@settings(max_examples=100)
@given(small)
def test_hyperscan_takes_what_it_is_given(pattern: Small) -> None:
    recognizer = Recognizer(
        type="small",
        family="custom",
        patterns=(pattern.source,),
        longest=LONGEST,
        whole_word=False,
        examples=(),
        near_misses=(),
    )
    if "" in pattern.words:
        return  # Hyperscan has no pattern that matches nothing
    scanner = Scanner([recognizer])
    for word in sorted(pattern.words, key=lambda word: (len(word), word))[:5]:
        for size in range(1, len(word)):
            assert Watcher(scanner).feed(word[:size])[0] == 0


@pytest.mark.parametrize(
    ("pattern", "found", "not_found"),
    [
        ("abc", ["a", "ab", "abc"], ["b", "bc", "abcd", ""]),
        ("x{2,4}", ["x", "xx", "xxx", "xxxx"], ["xxxxx"]),
        ("a(?:b|cd)e", ["a", "ab", "ac", "acd", "abe"], ["abcd", "ad"]),
        ("(a|b)c", ["a", "b", "ac"], ["ab"]),
        (r"a\b", ["a"], ["aa"]),
        (r"a\b b", ["a", "a ", "a b"], ["b"]),
        (r"\bab", ["a", "ab"], ["b"]),
        (r"a\.b", ["a", "a.", "a.b"], ["ab"]),
        (r"[\]\-]x", ["]", "-", "]x"], ["x"]),
        ("[[:digit:]]x", ["1"], []),
        ("a.c", ["a", "a\n", "abc"], ["c"]),
        ("a?b", ["a", "b", "ab"], ["aa"]),
        ("(?:ab)?", ["a", "ab"], ["b"]),
    ],
)
def test_one_pattern(pattern: str, found: list[str], not_found: list[str]) -> None:
    if "[[:digit:]]" in pattern:
        assert "[[:digit:]]" in unfinished(pattern)  # Python knows no such class
        return
    assert [text for text in found if not is_unfinished(pattern, text)] == []
    assert [text for text in not_found if is_unfinished(pattern, text)] == []


def test_anchors_are_mirrored() -> None:
    assert unfinished(r"^a") == r"\A(?:a$)"
    assert unfinished(r"a\Ab").count(r"\z") == 1


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "(a",
        "a)",
        ")",
        "[",
        "[a",
        "a\\",
        "*a",
        "a|*",
        "a**",
        "a+?",
        "a*+",
        "a{2}{3}",
        "{",
        "a{x}",
        "a{,3}",
        "(?=a)b",
        "(?!a)b",
        "(?<=a)b",
        "(?i)a",
        "(?P<n>a)",
        "(?>a)",
        r"\p{L}",
    ],
)
def test_what_cannot_be_read_is_an_error_that_shows_where(pattern: str) -> None:
    with pytest.raises(PatternError, match="cannot be read at offset"):
        unfinished(pattern)


@pytest.mark.parametrize("pattern", ["", r"\b", "^$", "(?:)", "a{0}", "(?:|)", "|", r"(?:\b)*"])
def test_a_pattern_without_characters_is_an_error(pattern: str) -> None:
    with pytest.raises(PatternError, match="matches no character"):
        unfinished(pattern)


def test_a_pattern_that_hyperscan_refuses_is_an_error() -> None:
    recognizer = Recognizer(
        type="x", family="custom", patterns=(r"(a)\1",), longest=9, examples=(), near_misses=()
    )
    with pytest.raises(PatternError, match="cannot be compiled"):
        Scanner([recognizer])
