"""What one detector is: patterns that propose, a function that confirms, and its own examples."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from extproc.detectors.compiler import Compiler


class Span(NamedTuple):
    """The part of a candidate that is the value, and how sure the recognizer is of it (0 to 1).

    `type` is one of the recognizer's further types where it has several, else empty.
    """

    start: int
    end: int
    score: float
    type: str = ""


Refine = Callable[[str], Span | None]
"""From a candidate's folded text to the value in it, or None when it is not one after all.

A candidate that began inside a word is passed from its next word on. `refine` sees nothing else,
so its answer is the same for a whole text and for a stream.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognizer:
    """One entity type, or several of one family that share their patterns.

    `patterns` are ASCII expressions in the subset of `unfinished`, run over folded text. They look
    at nothing left of their start, so that a match is the same wherever a stream was cut before
    it; `whole_word` asks that neither end of a candidate stands inside a word. Every end of a
    match is reported, but only the leftmost start of each end. `longest` bounds a candidate in
    characters, and so what a stream may hold back. `needs` is a character that every match holds,
    for patterns that would otherwise look hard at every text. `also` are further types that
    `refine` may give to a span. `leet` are the words of what is sought in leetspeak, too.
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
    also: tuple[str, ...] = ()
    leet: frozenset[str] = frozenset()
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]

    @property
    def types(self) -> tuple[str, ...]:
        return (self.type, *self.also)


class Found(NamedTuple):
    """A span of folded text, in bytes, end exclusive."""

    type: str
    start: int
    end: int
    score: float


class Finder(Protocol):
    """Finds by code what patterns cannot say, e.g. names.

    What it finds at a place may depend on nothing but the `context` bytes before it and what comes
    up to where it is decided: then a stream gives what the whole text gives.
    """

    family: str
    types: tuple[str, ...]
    context: int  # bytes left of a span that may count
    longest: int  # bytes that `unfinished` may hold back
    leet: frozenset[str] = frozenset()  # words of what it finds in leetspeak, too
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]

    def prepare(self, compiler: Compiler) -> None:
        """Make ready what would delay the first search. It is asked for once or more."""
        del compiler  # most have nothing to compile

    def find(self, data: bytes, start: int) -> Iterable[Found]:
        """What begins at `start` or later, in order. What stands before is context."""
        ...

    def unfinished(self, data: bytes, start: int) -> int:
        """From where on, `start` or later, more text may bring or change a span."""
        ...
