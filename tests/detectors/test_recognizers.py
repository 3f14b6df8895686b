"""Every recognizer finds its own examples and none of its near misses."""

import pytest

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner

SCANNER = Scanner(RECOGNIZERS)


def types_in(text: str) -> set[str]:
    return {finding.type for finding in SCANNER.find(NormalText(text))}


@pytest.mark.parametrize(
    ("recognizer", "text"),
    [(r, text) for r in RECOGNIZERS for text in r.examples],
    ids=lambda value: value.type if isinstance(value, Recognizer) else value[:40],
)
def test_example_is_found(recognizer: Recognizer, text: str) -> None:
    assert recognizer.type in types_in(text)


@pytest.mark.parametrize(
    ("recognizer", "text"),
    [(r, text) for r in RECOGNIZERS for text in r.near_misses],
    ids=lambda value: value.type if isinstance(value, Recognizer) else value[:40],
)
def test_near_miss_is_not_found(recognizer: Recognizer, text: str) -> None:
    assert recognizer.type not in types_in(text)
