"""The words at which a text is looked at, and one quick search for all of them.

Kinds are the types of findings, for words that count by themselves, and the following, for words
that mean harm only in what stands around them:

- `insult`: said to a person (idiot)
- `violence`, `victim`, `death`: what is threatened, or wished (kill, hanged, rot)
- `group`, `exile`: people who are hated for what they are, and being rid of them
- `lewd`: what is fit for adults, and for none else (nude)
- `weapon`, `drug`, `malware`, `fake`, `bigotry`, `crime`: what may not be made, got or done
"""

import re
import threading
from bisect import bisect_left
from collections.abc import Iterator
from importlib import resources
from operator import itemgetter
from typing import NamedTuple

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Compiler, Expression
from extproc.detectors.normal import NormalText

_UNSPACED = frozenset({"zh", "ja", "th"})  # written without blanks between words
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_WORDLIKE = _LETTERS.union(range(0x80, 0x100))
_SHORT = 4  # letters of a word that is part of too many others to be told of each
_WORD_START = re.compile(rb"(?<![a-z0-9])[a-z0-9]|[\x80-\xff]")
_ENDING = 16  # bytes of the ending of a word that stands for all that begin with it


COUNTED = frozenset(
    {
        "hate",
        "harassment",
        "profanity",
        "sexual",
        "threat",
        "self_harm",
        "illicit",
        "sexual_minors",
    }
)
"""Kinds of words that count by themselves; they are types of findings."""


class Word(NamedTuple):
    """An entry; `text` is folded and in lower case."""

    text: bytes
    kind: str
    score: float
    open: bool = False  # any ending may follow
    inside: bool = False  # may stand between letters


Hit = tuple[int, int, Word]
"""Where a word stands, in bytes, end exclusive."""


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
        self._database: hyperscan.Database | None = None

    def prepare(self, compiler: Compiler) -> hyperscan.Database:
        """Compile the search, unless that is done."""
        if self._database is None:
            flags = hyperscan.HS_FLAG_CASELESS
            self._database = compiler.database(
                [Expression(_pattern(w), flags, number) for number, w in enumerate(self.words)]
            )
        return self._database

    def hits(self, data: bytes) -> list[Hit]:
        """The words in `data`, by start."""
        found: list[tuple[int, int]] = []
        database = self._database or self.prepare(IN_MEMORY)
        try:
            scratch = self._local.scratch
        except AttributeError:
            scratch = self._local.scratch = hyperscan.Scratch(database)
        database.scan(
            data,
            match_event_handler=lambda number, _start, end, _flags, _context: found.append(
                (end, number)
            ),
            scratch=scratch,
        )
        if not found:
            return []
        hits = []
        for place, number in found:
            word, end = self.words[number], place
            start = end - len(word.text)
            if not word.inside:
                if start and data[start - 1] in _WORDLIKE and letter_before(data, start):
                    continue
                if end < len(data) and data[end] in _WORDLIKE and letter_after(data, end):
                    if not word.open:
                        continue
                    end = _word_end(data, end)
            hits.append((start, end, word))
        hits.sort(key=itemgetter(0))
        return hits if len(hits) == 1 else _outermost(hits)

    def begun(self, data: bytes, start: int) -> int:
        """Offset, `start` or later, of the first word that `data` ends in the middle of."""
        size = len(data)
        tail = data[max(start, size - self.longest) :].lower()
        for match in _WORD_START.finditer(tail):
            place = size - len(tail) + match.start()
            if self._begins(tail[match.start() :]) and (
                tail[match.start()] >= 0x80 or not letter_before(data, place)
            ):
                return place
        return size

    def _begins(self, rest: bytes) -> bool:
        """Whether `rest` is how a word begins."""
        place = bisect_left(self._sorted, rest)
        return place < len(self._sorted) and self._sorted[place].startswith(rest)


def _outermost(hits: list[Hit]) -> list[Hit]:
    """Without those that lie in a longer one that counts by itself, e.g. in a phrase."""
    kept: list[Hit] = []
    reach = begun = 0
    for start, end, word in sorted(hits, key=_longer_first):
        if end > reach or (start == begun and end == reach):
            kept.append((start, end, word))
        if word.kind in COUNTED and end > reach:
            reach, begun = end, start
    return kept


def _longer_first(hit: Hit) -> tuple[int, int]:
    return hit[0], -hit[1]


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
