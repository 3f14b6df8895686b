"""What is found by code is found in a stream as in the whole, like what patterns find."""

import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import cuts
from extproc.detectors.catalog import FINDERS, RECOGNIZERS, TYPES
from extproc.detectors.catalog import scanner as scanner_of
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Finder, Found
from extproc.detectors.scanner import Scanner
from extproc.detectors.watcher import Watcher


class Guests(Finder):
    """Capitalised words behind `guest `, as a name of at most two of them."""

    family = "custom"
    types = ("guest",)
    context = 6
    longest = 40
    examples = ("the guest Ann came",)
    near_misses = ("a guest came",)
    _name = re.compile(rb"(?<=guest )[A-Z][a-z]{1,16}(?: [A-Z][a-z]{1,16})?(?![A-Za-z])")
    _open = re.compile(rb"(?:[A-Z][a-z]{0,16}(?: (?:[A-Z][a-z]{0,16})?)?|[a-z]*)\Z")

    def find(self, data: bytes, start: int) -> Iterator[Found]:
        for match in self._name.finditer(data, start):
            yield Found("guest", match.start(), match.end(), 0.9)

    def unfinished(self, data: bytes, start: int) -> int:
        match = self._open.search(data, max(start, len(data) - self.longest))
        return len(data) if match is None else match.start()


SCANNER = Scanner(RECOGNIZERS, finders=(Guests(), *FINDERS))
GUESTS = Scanner(RECOGNIZERS, finders=(Guests(),))

texts = st.lists(
    st.sampled_from(
        (
            "guest ",
            "Ann",
            " ",
            "Bob",
            "the ",
            "é",
            "\u200b",
            "a@b.io",
            "12",
            "4111111111111111",
            "G",
        )
    ),
    max_size=14,
).map("".join)


@given(texts, st.integers(0, 2**32))
def test_pieces_give_the_findings_of_the_whole(text: str, seed: int) -> None:
    assert cuts.pieces(SCANNER, text, random.Random(seed)) == SCANNER.find(NormalText(text))


def test_context_reaches_back_over_what_was_let_go() -> None:
    watcher = Watcher(GUESTS)
    assert watcher.feed("the guest ")[0] == 10
    assert [finding.start for finding in watcher.feed("Ann came")[1]] == [10]


def test_several_short_texts_are_asked_one_by_one() -> None:
    found = GUESTS.find_each([NormalText("guest Ann"), NormalText("guest of"), NormalText("Ann")])
    assert [[finding.type for finding in each] for each in found] == [["guest"], [], []]


def test_types_that_are_not_wanted_are_not_reported() -> None:
    scanner = Scanner((), finders=(Guests(),), types=frozenset({"email_address"}))
    assert scanner.find(NormalText("guest Ann")) == []


@pytest.mark.parametrize("finder", FINDERS, ids=lambda finder: finder.types[0])
def test_finder_finds_its_examples_and_none_of_its_near_misses(finder: Finder) -> None:
    scanner = scanner_of(finder.types)
    assert all(scanner.find(NormalText(text)) for text in finder.examples)
    assert not any(scanner.find(NormalText(text)) for text in finder.near_misses)
    assert finder.examples
    assert finder.near_misses


def test_scanner_of_types_finds_them_and_nothing_else() -> None:
    text = NormalText("write to jane@example.com, 123-45-6789")
    assert [f.type for f in scanner_of({"us_ssn"}).find(text)] == ["us_ssn"]
    assert [f.type for f in scanner_of(TYPES).find(text)] == ["email_address", "us_ssn"]
