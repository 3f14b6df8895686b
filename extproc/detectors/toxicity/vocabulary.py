"""The words at which a text is looked at, and one quick search for all of them.

Kinds are the types of findings, for words that count by themselves, and the following, for words
that mean harm only in what stands around them:

- `insult`: said to a person (idiot)
- `violence`, `victim`, `death`: what is threatened, or wished (kill, hanged, rot)
- `group`, `exile`: people who are hated for what they are, and being rid of them
- `lewd`: what is fit for adults, and for none else (nude)
- `weapon`, `drug`, `malware`, `fake`, `bigotry`, `crime`: what may not be made, got or done
"""

import threading
from collections.abc import Iterator
from functools import cached_property
from importlib import resources
from typing import NamedTuple

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Expression
from extproc.detectors.normal import NormalText

_UNSPACED = frozenset({"zh", "ja", "th"})  # written without blanks between words
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_SHORT = 4  # letters of a word that is part of too many others to be told of each
_ENDING = 16  # bytes of the ending of a word that stands for all that begin with it


class Word(NamedTuple):
    """An entry; `text` is folded and in lower case."""

    text: bytes
    kind: str
    score: float
    open: bool = False  # any ending may follow
    inside: bool = False  # may stand between letters


class Hit(NamedTuple):
    """Where a word stands, in bytes, end exclusive."""

    start: int
    end: int
    word: Word


def words() -> Iterator[Word]:
    """The entries of words.tsv. A word in several cases is several, where ASCII has them not."""
    lines = resources.files(__package__).joinpath("words.tsv").read_text("utf-8").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        language, kind, score, entries = line.split("\t")
        for entry in entries.split(", "):
            stem = entry.removesuffix("*")
            for form in {stem.lower(), stem.upper(), stem.capitalize()}:
                text = NormalText(form).data.lower()
                yield Word(text, kind, float(score), entry != stem, language in _UNSPACED)


class Vocabulary:
    """Finds words in folded text. Safe to use from several threads."""

    def __init__(self, entries: Iterator[Word]) -> None:
        self.words = tuple(dict.fromkeys(entries))
        self._sorted = sorted({word.text for word in self.words})
        self.longest = max(len(text) for text in self._sorted) + _ENDING
        self._local = threading.local()

    @cached_property
    def _database(self) -> hyperscan.Database:
        flags = hyperscan.HS_FLAG_CASELESS
        return IN_MEMORY.database(
            [Expression(_pattern(word), flags, number) for number, word in enumerate(self.words)]
        )

    def hits(self, data: bytes) -> list[Hit]:
        """The words in `data`, by start."""
        found: list[tuple[int, int]] = []
        try:
            scratch = self._local.scratch
        except AttributeError:
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        self._database.scan(
            data,
            match_event_handler=lambda number, _start, end, _flags, _context: found.append(
                (end, number)
            ),
            scratch=scratch,
        )
        if not found:
            return []
        hits = []
        for end, number in found:
            word = self.words[number]
            start = end - len(word.text)
            if not word.inside:
                if letter_before(data, start):
                    continue
                if letter_after(data, end):
                    if not word.open:
                        continue
                    end = _word_end(data, end)
            hits.append(Hit(start, end, word))
        hits.sort(key=_order)
        return hits

    def begun(self, data: bytes, start: int) -> int:
        """Offset, `start` or later, of the first word that `data` ends in the middle of."""
        size = len(data)
        tail = data[max(start, size - self.longest) :].lower()
        for place in range(size - len(tail), size):
            rest = tail[place - size :]
            if (rest[0] >= 0x80 or not letter_before(data, place)) and self._begins(rest):
                return place
        return size

    def _begins(self, rest: bytes) -> bool:
        """Whether `rest` is how a word begins."""
        low, high = 0, len(self._sorted)
        while low < high:
            middle = (low + high) // 2
            if self._sorted[middle] < rest:
                low = middle + 1
            else:
                high = middle
        return low < len(self._sorted) and self._sorted[low].startswith(rest)


def _order(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end


def _pattern(word: Word) -> str:
    r"""Plain bytes, which are searched for all at once; the ends of short words by the way.

    `\b` knows letters of ASCII only: what it lets through is looked at again.
    """
    text = word.text
    pattern = "".join(f"\\x{byte:02x}" for byte in text)
    if word.inside or len(text) >= _SHORT:
        return pattern
    if text[0] in _LETTERS:
        pattern = r"\b" + pattern
    if not word.open and text[-1] in _LETTERS:
        pattern += r"\b"
    return pattern


def letter_before(data: bytes, place: int) -> bool:
    """Whether a letter or digit, of any script, ends at `place`."""
    if place == 0:
        return False
    byte = data[place - 1]
    if byte < 0x80:
        return byte in _LETTERS
    return data[max(0, place - 4) : place].decode("utf-8", "ignore")[-1:].isalnum()


def letter_after(data: bytes, place: int) -> bool:
    """Whether a letter or digit, of any script, begins at `place`."""
    if place >= len(data):
        return False
    byte = data[place]
    if byte < 0x80:
        return byte in _LETTERS
    return data[place : place + 4].decode("utf-8", "ignore")[:1].isalnum()


def _word_end(data: bytes, place: int) -> int:
    last = min(len(data), place + _ENDING)
    while place < last and (data[place] in _LETTERS or data[place] >= 0x80):
        place += 1
    return place
