"""Text that is not scanned gives what a scan gives."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import hyperscan
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.compiler import IN_MEMORY
from extproc.detectors.matcher import Matcher
from extproc.detectors.normal import NormalText
from extproc.detectors.quiet import Quiet
from extproc.detectors.recognizer import Recognizer, Span
from extproc.detectors.syntax import Atom, Choice, Node, Repeat, Sequence, parse


def recognizer(*patterns: str, **more: Any) -> Recognizer:
    fields: dict[str, Any] = {
        "type": "x",
        "family": "custom",
        "patterns": patterns,
        "longest": 40,
        "examples": (),
        "near_misses": (),
    }
    return Recognizer(**(fields | more))


def all_of(candidate: str) -> Span | None:
    return Span(0, len(candidate), 1.0) if candidate else None


def check_against_scan(scanner: Matcher, text: str) -> None:
    """What is said without a scan is what the scans say."""
    data = NormalText(text).data
    word = scanner.quiet.last_word(data)
    plain = scanner.quiet.last_plain_word(text)
    if plain is not None:
        assert json.dumps(text) == f'"{text}"'
        assert plain == word
    if word is not None:
        assert scanner._patterns.proposed(data).candidates == {}
        assert scanner._patterns.open_from(data, {}, len(data)) == (word, word)


def matcher(recognizers: Iterable[Recognizer]) -> Matcher:
    return Matcher(tuple(recognizers), (), (), IN_MEMORY)


SCANNERS = {
    "all": matcher(RECOGNIZERS),
    "response": matcher(r for r in RECOGNIZERS if r.family in ("pii", "pci", "secrets")),
    "pii": matcher(r for r in RECOGNIZERS if r.family == "pii"),
    "injection": matcher(r for r in RECOGNIZERS if r.family == "injection"),
    "pci": matcher(r for r in RECOGNIZERS if r.family == "pci"),
    "secrets": matcher(r for r in RECOGNIZERS if r.family == "secrets"),
    "email": matcher(r for r in RECOGNIZERS if r.type == "email_address"),
    "nothing": matcher(()),
}
FRAGMENTS = [text for r in RECOGNIZERS for text in (*r.examples, *r.near_misses)]
WORDS = re.findall(r"\w+|\W", " ".join(FRAGMENTS))

ordinary = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(WORDS).map(str.lower),
        st.sampled_from(
            ["the", " ", " ", "\n", ", ", ".", "'", '"', "-", "_", "*", "\\", "\\n", "é", "“", "ａ"]
        ),
        st.text(alphabet="abcxyzKEY -.,'\"=", max_size=12),
        st.builds(
            lambda text, a, b: text[a % 40 : b % 60],
            st.sampled_from(FRAGMENTS),
            *[st.integers(0, 99)] * 2,
        ),
    ),
    max_size=8,
).map("".join)


@pytest.mark.parametrize("name", SCANNERS)
def test_what_is_spared_a_scan_gives_what_the_scan_gives(name: str) -> None:
    @settings(max_examples=150)
    @given(ordinary)
    @example("my secretkey ")
    @example("the ssn is")
    @example("AKIAIOSFODNNXEXAMPLE")
    @example("a word-----BEGIN PRIVATE")
    @example("see hooks.slack.com/services")
    def check(text: str) -> None:
        check_against_scan(SCANNERS[name], text)

    check()


# Small patterns: what is derived from them must hold for any.

atoms = st.sampled_from(
    ["a", "b", "c", " ", "-", "[ab]", "[a ]", "[^b ]", r"\d", r"\w", "[[:alpha:]]"]
)
small = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=2).map(lambda two: f"(?:{'|'.join(two)})"),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}"])),
    ),
    max_leaves=6,
)
runs = st.builds("{}+{}".format, st.sampled_from(["[ab]", "[a-c-]", "[abc1]", "a"]), atoms)
patterns = st.one_of(runs, st.builds("{}{}".format, small, atoms))
small_recognizers = st.builds(
    recognizer,
    patterns,
    refine=st.sampled_from([None, all_of]),
    whole_word=st.booleans(),
    caseless=st.booleans(),
)


@settings(max_examples=300)
@given(
    st.lists(small_recognizers, min_size=1, max_size=3),
    st.lists(st.text(alphabet="ab c-A1.", max_size=10), min_size=1, max_size=6),
)
@example([recognizer("[ab]+-", whole_word=False), recognizer("(?:a){2} b")], ["baa ", "a "])
@example([recognizer("[ab]+-", whole_word=False), recognizer("(?:ab)+ b")], ["abab ", "b "])
@example([recognizer("[ab]+-", whole_word=False), recognizer("(?:ab){1,3}")], ["abab"])
def test_it_holds_for_patterns_of_any_kind(made: list[Recognizer], texts: list[str]) -> None:
    scanner = matcher(made)
    for text in texts:
        check_against_scan(scanner, text)


def nodes(node: Node) -> Iterator[str]:
    match node:
        case Atom(source):
            yield source
        case Sequence(inner) | Choice(inner):
            for each in inner:
                yield from nodes(each)
        case Repeat(item):
            yield from nodes(item)


ATOMS = sorted(
    {(atom, r.caseless) for r in RECOGNIZERS for p in r.patterns for atom in nodes(parse(p))}
)


def test_python_reads_the_characters_of_all_patterns_as_hyperscan_does() -> None:
    every = bytes(range(256))
    for atom, caseless in ATOMS:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags = hyperscan.HS_FLAG_DOTALL | (hyperscan.HS_FLAG_CASELESS if caseless else 0)
        database.compile(expressions=[atom.encode()], ids=[0], elements=1, flags=[flags])
        matched: set[int] = set()

        def on_match(_id: int, _from: int, to: int, *_: object, found: set[int] = matched) -> None:
            found.add(to - 1)

        database.scan(every, match_event_handler=on_match)
        read = re.findall(atom.encode(), every, re.DOTALL | (re.IGNORECASE if caseless else 0))
        assert matched == set(b"".join(read)), atom


# What it is good for.


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", 0),
        ("the", 0),
        (" lighthouse stands", 12),
        ("the river meets", 10),
        ("stands, ", 8),
        ("“Nobody,” said “", 22),
        ("well-known", 0),
        ("file_name.txt", 0),
    ],
)
def test_the_last_word_is_what_is_unfinished(text: str, word: int) -> None:
    assert Quiet(RECOGNIZERS).last_word(text.encode()) == word


@pytest.mark.parametrize(
    "text",
    ["it is 1", "a: b", "x@y", "(a", "secretkey ", "my SSN is", "a" * 65, "word " * 60],
    ids=lambda text: text[:12],
)
def test_what_may_be_more_than_a_word_is_scanned(text: str) -> None:
    assert Quiet(RECOGNIZERS).last_word(text.encode()) is None


def test_without_a_pattern_that_words_begin_only_what_begins_nothing_is_spared() -> None:
    quiet = Quiet([recognizer("ab")])
    assert quiet.last_word(b"b c ") == 4
    assert quiet.last_word(b"c a ") is None


def test_a_class_that_python_does_not_know_is_not_taken_for_a_word() -> None:
    quiet = Quiet([recognizer("[[:alpha:]]+x", whole_word=False)])
    assert quiet.last_word(b"ab") is None
