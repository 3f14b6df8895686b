"""The words at which a text is looked at, and one quick search for all of them.

Kinds are the types of findings, for words that count by themselves, and the following, for words
that mean harm only in what stands around them:

- `insult`: said to a person (idiot)
- `violence`, `victim`, `death`: what is threatened, or wished (kill, hanged, rot)
- `group`, `exile`: people who are hated for what they are, and being rid of them
- `lewd`: what is fit for adults, and for none else (nude)
- `weapon`, `drug`, `malware`, `fake`, `bigotry`, `crime`: what may not be made, got or done
"""

from collections.abc import Iterable, Iterator
from importlib import resources
from operator import itemgetter
from typing import NamedTuple

from extproc.detectors.literals import SHARED, Literal, Literals, blanked
from extproc.detectors.normal import NormalText
from extproc.model.errors import BodyError

_UNSPACED = frozenset({"zh", "ja", "th"})  # written without blanks between words
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_WORDLIKE = _LETTERS.union(range(0x80, 0x100))
_ENDING = 16  # bytes of the ending of a word that stands for all that begin with it


# Hits that are looked at: bounds the time of crafted input.
_MOST_HITS = 5000
_BYTES_PER_HIT = 40

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
    signs: bool = False  # holds what is searched as a blank


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
                open_, inside = entry != stem, language in _UNSPACED
                yield Word(text, kind, float(score), open_, inside, blanked(text) != text)


class Vocabulary:
    """Finds words in folded text. Safe to use from several threads."""

    def __init__(self, entries: Iterable[Word], literals: Literals = SHARED) -> None:
        self.words = tuple(dict.fromkeys(entries))
        self._literals = literals.add(
            Literal(word.text, not word.inside, not (word.inside or word.open))
            for word in self.words
        )
        self.prepare = self._literals.prepare
        self.unfinished = self._literals.unfinished

    @property
    def longest(self) -> int:
        """Bytes that a word may have."""
        return self._literals.longest + _ENDING

    def hits(self, data: bytes, start: int) -> list[Hit]:
        """The words in `data` that begin at `start` or later, by start."""
        found = self._literals.hits(data, start)
        if not found:
            return []
        if len(found) > _MOST_HITS + len(data) // _BYTES_PER_HIT:
            message = "text holds too many candidates for detection; send it in parts"
            raise BodyError("too_complex", message)
        hits = []
        for begin, close, number in found:
            word, end = self.words[number], close
            if not word.inside:
                if begin and data[begin - 1] in _WORDLIKE and letter_before(data, begin):
                    continue
                if end < len(data) and data[end] in _WORDLIKE and letter_after(data, end):
                    if not word.open:
                        continue
                    end = _word_end(data, end)
            if word.signs and data[begin:close].lower() != word.text:
                continue
            hits.append((begin, end, word))
        hits.sort(key=itemgetter(0))
        return hits if len(hits) < 2 else _outermost(hits)


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
