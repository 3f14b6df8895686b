"""What another reading of a text is."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

Place = Callable[[int, int], tuple[int, int]]
"""From a span of a view to the span of what it was read from; ends exclusive."""


class View(NamedTuple):
    """A reading of a text. Its spans are code points, and so are those that `place` gives."""

    text: str
    place: Place


def itself(start: int, end: int) -> tuple[int, int]:
    """The way back from a reading that is character for character."""
    return start, end


class Region(NamedTuple):
    """A reading of the bytes `start` to `end` of a folded text; `view.place` gives bytes of it.

    To be read again, the text is needed from `held` on.
    """

    start: int
    end: int
    view: View
    held: int


class Decoder(Protocol):
    """Reads the parts of a folded text that are written in its way, each by itself.

    One of `triggers`, patterns, is in every text with such a part. What is read at a place depends
    on nothing but the `CONTEXT` bytes before it, on `run`, and on what comes up to where it ends.
    `run` is how many characters of an encoding stand right before `start`.
    """

    triggers: tuple[str, ...]

    def regions(self, data: bytes, start: int, run: int, /) -> Iterator[Region]:
        """What begins at `start` or later, in order. What stands before it is context."""
        ...

    def unfinished(self, data: bytes, start: int, run: int, /) -> int:
        """From where on, `start` or later, more text may make or change a region."""
        ...


CONTEXT = 64
"""Bytes before a region that count: for where it begins, and for what a value in it is."""
