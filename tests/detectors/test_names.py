"""Persons and addresses are the same in a text and in any pieces of it, and cheap to look for."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.detectors.normal import NormalText
from extproc.detectors.pii import FINDERS
from extproc.detectors.recognizer import Finder, Found

PARTS = """
    John Mary Smith Jones Dr. Mr. van der de la J. Will Mark The and of name is my Name: first_name
    " ' , . : = { Hi Dear Street Hall Jr. JOHN SMITH Kowalczyk O'Brien Al-Zahrani al- Unk 12 7 ( _
    .com 's Patient: From: <name> Best, Lee Wei San 明美 Øhlen Main Ave Apt 4B NY 10118 75002 rue
    Paix Calle Mayor Hauptstrasse Address: P.O. Box Flat > ul. bis Nr. john carter
"""
SEPARATORS = (" ", " ", " ", "", "  ", ", ", "\n")

texts = st.lists(
    st.tuples(st.sampled_from(PARTS.split()), st.sampled_from(SEPARATORS)).map("".join), max_size=40
).map(lambda parts: NormalText("".join(parts)).data)


def in_pieces(finder: Finder, data: bytes, cuts: list[int]) -> list[Found]:
    """What a stream finds: at each cut all that begins before what is unfinished."""
    found: list[Found] = []
    done = 0
    for cut in [*cuts, len(data)]:
        begin = max(0, done - finder.context)
        window = data[begin:cut]
        place = finder.unfinished(window, done - begin)
        assert done - begin <= place <= len(window)
        assert len(window) - place <= finder.longest
        end = place if cut < len(data) else len(window) + 1
        found += [
            item._replace(start=item.start + begin, end=item.end + begin)
            for item in finder.find(window, done - begin)
            if item.start < end
        ]
        done = begin + place
    return found


@pytest.mark.parametrize("finder", FINDERS, ids=lambda finder: finder.types[0])
@settings(max_examples=300)
@given(data=texts, cuts=st.lists(st.integers(0, 400), max_size=60))
def test_pieces_give_what_the_whole_gives(finder: Finder, data: bytes, cuts: list[int]) -> None:
    at = sorted({cut for cut in cuts if cut < len(data) and data[cut] & 0xC0 != 0x80})
    assert in_pieces(finder, data, at) == list(finder.find(data, 0))


@pytest.mark.parametrize("finder", FINDERS, ids=lambda finder: finder.types[0])
@pytest.mark.parametrize(
    "unit", [b"A", b"A ", b"J. ", b"a-", b"O'O", b"van ", b"1", b"\xe6\x98\x8e"]
)
def test_long_runs_of_one_kind_take_linear_time(finder: Finder, unit: bytes) -> None:
    data = unit * (200_000 // len(unit))
    began = time.thread_time()
    assert list(finder.find(data, 0)) == []
    assert finder.unfinished(data, 0) >= len(data) - finder.longest
    assert time.thread_time() - began < 2


def test_figures_of_history_are_doubtful() -> None:
    person = FINDERS[0]
    assert [found.score for found in person.find(b"as Leonardo da Vinci wrote", 0)] == [0.4]
    assert [found.score for found in person.find(b"as Leonardo da Silva wrote", 0)] == [0.85]
