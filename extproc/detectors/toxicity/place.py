"""What stands around a word, and what rules say of it."""

import re
from typing import NamedTuple

BEHIND = 120  # bytes before a word that count
AHEAD = 100  # bytes behind it

# Folded text keeps the typographic apostrophe; windows are read as Latin-1, a byte a character.
APOSTROPHE = "(?:'|\xe2\x80\x99)?"
_END = re.compile(rb"[.!?]\s|\n")


class Place(NamedTuple):
    """A word's sentence, in lower case: what stands before the word, and all from it on."""

    left: str
    right: str
    word: str
    before: str  # as `left`, with earlier sentences

    @property
    def behind(self) -> str:
        return self.right[len(self.word) :]


class Judgement(NamedTuple):
    """A type, how sure, and how many bytes from the word on say so."""

    type: str
    score: float
    size: int


def place(data: bytes, start: int, end: int) -> Place:
    """The surroundings of the word at `start` to `end`."""
    before = data[max(0, start - BEHIND) : start].lower()
    sentence = _sentence(before)
    close = _END.search(data, end, end + AHEAD)
    right = data[start : close.start() if close else end + AHEAD].lower()
    text = before.decode("latin-1")
    return Place(
        text[sentence:],
        right.decode("latin-1"),
        data[start:end].lower().decode("latin-1"),
        text,
    )


def _sentence(before: bytes) -> int:
    """Where the sentence begins that `before` ends in."""
    marks = before.rfind(b". "), before.rfind(b"! "), before.rfind(b"? "), before.rfind(b"\n") - 1
    last = max(marks)
    return last + 2 if last > -1 else max(0, marks[3] + 2)


def is_whole(data: bytes, end: int) -> bool:
    """Whether all that counts behind a word that ends at `end` is there."""
    return len(data) >= end + AHEAD or _END.search(data, end) is not None


def either(*words: str) -> str:
    return "(?:" + "|".join(words) + ")"


def expression(pattern: str) -> re.Pattern[str]:
    """For windows, which are in lower case and of one sentence."""
    return re.compile(pattern, re.ASCII)
