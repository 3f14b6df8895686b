"""What one detector is: patterns that propose, a function that confirms, and its own examples."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """The part of a candidate that is the value, and how sure the recognizer is of it (0 to 1)."""

    start: int
    end: int
    score: float


Refine = Callable[[str], Span | None]
"""From a candidate's folded text to the value in it, or None when it is not one after all.

A candidate that began inside a word is passed from its next word on. `refine` sees nothing else,
so its answer is the same for a whole text and for a stream.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognizer:
    """One entity type.

    `patterns` are ASCII expressions in the subset of `unfinished`, run over folded text. They look
    at nothing left of their start, so that a match is the same wherever a stream was cut before
    it; `whole_word` asks that neither end of a candidate stands inside a word. Every end of a
    match is reported, but only the leftmost start of each end. `longest` bounds a candidate in
    characters, and so what a stream may hold back. `needs` is a character that every match holds,
    for patterns that would otherwise look hard at every text.
    `examples` must be found and `near_misses` must not; tests run them.
    """

    type: str
    family: str
    patterns: tuple[str, ...]
    longest: int
    score: float = 1.0
    refine: Refine | None = None
    whole_word: bool = True
    caseless: bool = False
    needs: str = ""
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]
