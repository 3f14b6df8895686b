"""Where words stand that tell of a name: listed names, titles, greetings, keys."""

import re
import string
from collections.abc import Iterable, Iterator

from extproc.detectors.pii import cues, values
from extproc.detectors.pii.names import CERTAIN
from extproc.detectors.pii.search import Search

_LONGEST_WORD = 160
_LATIN = re.compile(rb"[\xc3-\xca]")  # letters that folding leaves
_LETTERS_ON = re.compile(rb"[A-Za-z]{1,40}+")  # longer words are no names
_ALL_LETTERS = string.ascii_letters.encode()
_ASCII = bytes(range(0x80))
_HINTS = frozenset().union(
    cues.TITLES,
    cues.GREETINGS,
    (b"Name", b"NAME", b"Patient", b"PATIENT", b"Thank"),
    (word.capitalize() for word in cues.CLOSINGS | cues.ROLES | cues.NAME_KEYS if word != b"you"),
)
_TELLING = frozenset(word for word in _HINTS.union(CERTAIN) if word.isascii())


def _beginnings(words: Iterable[bytes]) -> Iterator[bytes]:
    """The words without those that begin with another that is not too short to tell of few."""
    begun: set[bytes] = set()
    for word in sorted(words, key=len):
        if begun.isdisjoint(word[:size] for size in range(_SHORTEST_BEGINNING, len(word))):
            begun.add(word)
            yield word


_SHORTEST_BEGINNING = 4
_SOUGHT = (*values.KEYS, *sorted(_beginnings(_TELLING.difference(values.KEYS))))
SEARCH = Search([word.decode() for word in _SOUGHT])
_SIZES = tuple(map(len, _SOUGHT))
_SMALL_KEY = values.KEYS.index(b"name")


def places(data: bytes, begin: int) -> tuple[list[int], list[int]]:
    """Where words stand that tell of a name, and the keys among them, from `begin` on.

    A run that has no such word, in or before it, is no name.
    """
    found, keys = set(), []
    for end, number in SEARCH.ends(data[begin:] if begin else data):
        place = begin + end - _SIZES[number]
        if number < len(values.KEYS):
            keys.append(place)
            if number == _SMALL_KEY:
                found.add(place)
                continue
        word = _LETTERS_ON.match(data, place)
        if word is None or word[0] not in _TELLING:
            continue
        if not (
            place > begin and data[place - 1 : place].isalpha() and _inside(data, place, begin)
        ):
            found.add(place)
    if not data.isascii() and _LATIN.search(data.translate(None, _ASCII)):
        found.update(match.start() for match in _LATIN.finditer(data, begin))
    return sorted(found), keys


def _inside(data: bytes, place: int, begin: int) -> bool:
    """Whether a word with a capital goes on at `place`."""
    before = data[max(begin, place - _LONGEST_WORD) : place]
    return not before[len(before.rstrip(_ALL_LETTERS)) :].islower()
