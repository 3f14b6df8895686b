"""Literals of several finders, all sought in one search."""

import re
import threading
from collections.abc import Iterable
from typing import NamedTuple

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Compiler, Expression

_SHORT = 5  # bytes of a literal that is part of too many words to be told of each
_LAST = 8  # bytes by which most texts are told from those that end in the midst of a literal

# Quotation marks, brackets and line ends between words count as blanks; case does not.
_BLANKED = bytes(
    byte if chr(byte).isalnum() or byte > 127 or chr(byte) in ".!?'$" else 32 for byte in range(256)
)
_PLAIN = _BLANKED.lower()
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")
_ASCII = tuple(bytes([byte]) for byte in range(128))


class Literal(NamedTuple):
    """A word or phrase, folded. Where it need not be whole it may stand between letters."""

    text: bytes
    begins_word: bool = True
    ends_word: bool = False


Hit = tuple[int, int, int]
"""Where a literal stands in a text, in bytes, end exclusive; its number in those of its finder."""


class _Search(NamedTuple):
    database: hyperscan.Database
    sizes: list[int]
    begins: list[bool]  # by literal: whether it follows no letter or digit of ASCII
    ends: list[bool]  # whether none follows it
    owners: list[list[tuple[int, int]]]  # by literal: finders, and its number there
    nothing: list[list[Hit]]  # the hits of each finder in most pieces of a stream


class _Last(NamedTuple):
    """What was found last."""

    data: bytes
    start: int
    hits: list[list[Hit]]


class Literals:
    """One search for the literals of all finders, which ask about the same text one by one.

    Whether a word is whole is told here only of its beginning, and only by letters of ASCII. Safe
    to use from several threads.
    """

    def __init__(self) -> None:
        self._of_finder: list[tuple[Literal, ...]] = []
        self._local = threading.local()
        self._lock = threading.Lock()
        self._search: _Search | None = None
        self._beginnings: set[bytes] = set()
        self._ends: set[bytes] = set()  # of the longer beginnings, the last bytes
        self._begin = re.compile(b"(?!)")
        self.longest = 0

    def add(self, literals: Iterable[Literal]) -> "Share":
        """Those of one more finder. To be done before the first search."""
        added = tuple(item._replace(text=item.text.translate(_PLAIN)) for item in literals)
        self._of_finder.append(added)
        texts = {item.text for item in added}
        self._beginnings.update(text[:size] for text in texts for size in range(1, len(text)))
        self._ends.update(text[-_LAST:] for text in self._beginnings if len(text) >= _LAST)
        self._begin = _begin({text[:1] for text in self._beginnings})
        self.longest = max(self.longest, *map(len, texts))
        self._search = None
        return Share(self, len(self._of_finder) - 1)

    def prepare(self, compiler: Compiler) -> _Search:
        """Compile the search, unless that is done."""
        with self._lock:
            if self._search is None:
                self._search = _compiled(self._of_finder, compiler)
            return self._search

    def hits(self, data: bytes, start: int) -> list[list[Hit]]:
        """Those that begin at `start` or later, by finder."""
        last: _Last | None = getattr(self._local, "last", None)
        if last is not None and last.start == start and last.data == data:
            return last.hits
        search = self._search or self.prepare(IN_MEMORY)
        before = start - 1 if start else 0
        text = data[before:].translate(_PLAIN) if before else data.translate(_PLAIN)
        found: list[tuple[int, int]] = []
        search.database.scan(
            text,
            match_event_handler=lambda number, _start, end, _flags, _context: found.append(
                (end, number)
            ),
            scratch=self._scratch(search),
        )
        hits: list[list[Hit]] = [[] for _ in search.nothing] if found else search.nothing
        _, sizes, begins, ends, owners, _ = search
        for end, number in found:
            begin = end - sizes[number]
            if begin < start - before or (begin and begins[number] and text[begin - 1] in _LETTERS):
                continue
            if ends[number] and text[end : end + 1].isalnum():
                continue
            for finder, own in owners[number]:
                hits[finder].append((before + begin, before + end, own))
        self._local.last = _Last(data, start, hits)
        return hits

    def _scratch(self, search: _Search) -> hyperscan.Scratch:
        kept = getattr(self._local, "scratch", None)
        if kept is None or kept[0] is not search:
            kept = self._local.scratch = search, hyperscan.Scratch(search.database)
        scratch: hyperscan.Scratch = kept[1]
        return scratch

    def unfinished(self, data: bytes, start: int) -> int:
        """Where a literal of any finder begins, `start` or later, that `data` may cut off."""
        known: tuple[bytes, int, int] | None = getattr(self._local, "open", None)
        if known is not None and known[1] == start and known[0] == data:
            return known[2]
        size = place = len(data)
        ending = data[-_LAST:].translate(_PLAIN)
        reach = self.longest if ending in self._ends else _LAST - 1
        first = max(start, size - reach)
        before = first - 1 if first else 0
        tail = data[before:].translate(_PLAIN)
        for match in self._begin.finditer(tail, first - before):
            if tail[match.start() :] in self._beginnings:
                place = before + match.start()
                break
        self._local.open = data, start, place
        return place


class Share:
    """The literals of one finder among `Literals`."""

    def __init__(self, literals: Literals, index: int) -> None:
        self._literals = literals
        self._index = index
        self.prepare = literals.prepare
        self.unfinished = literals.unfinished

    @property
    def longest(self) -> int:
        """Bytes of the longest literal of any finder."""
        return self._literals.longest

    def hits(self, data: bytes, start: int) -> list[Hit]:
        """Those that begin at `start` or later, by their end. Not to be changed."""
        return self._literals.hits(data, start)[self._index]


SHARED = Literals()
"""Of all finders that look for literals."""


def blanked(data: bytes) -> bytes:
    """With blanks for signs that may separate words, as texts are searched, but for their case."""
    return data.translate(_BLANKED)


def _begin(firsts: set[bytes]) -> re.Pattern[bytes]:
    ascii_ones = b"".join(re.escape(first) for first in sorted(firsts) if first < b"\x80")
    return re.compile(rb"(?<![a-z0-9])[" + ascii_ones + rb"]|[\x80-\xff]")


def _compiled(of_finder: list[tuple[Literal, ...]], compiler: Compiler) -> _Search:
    owners: dict[tuple[str, int, bool, bool], list[tuple[int, int]]] = {}
    for finder, literals in enumerate(of_finder):
        for own, literal in enumerate(literals):
            begins = literal.begins_word and literal.text.startswith(_ASCII)
            ends = literal.ends_word and literal.text.endswith(_ASCII)
            key = _pattern(literal), len(literal.text), begins, ends
            owners.setdefault(key, []).append((finder, own))
    return _Search(
        compiler.database(
            [
                Expression(pattern, hyperscan.HS_FLAG_DOTALL, number)
                for number, (pattern, *_) in enumerate(owners)
            ]
        ),
        [size for _, size, _, _ in owners],
        [begins for _, _, begins, _ in owners],
        [ends for _, _, _, ends in owners],
        [*owners.values()],
        [[] for _ in of_finder],
    )


def _pattern(literal: Literal) -> str:
    r"""Plain bytes, which are searched for all at once; the ends of short words by the way.

    `\b` knows letters of ASCII only: what it lets through is looked at again.
    """
    text = literal.text
    pattern = "".join(f"\\x{byte:02x}" for byte in text)
    if len(text) >= _SHORT:
        return pattern
    start = r"\b" if literal.begins_word and text[:1].isalnum() else ""
    return start + pattern + (r"\b" if literal.ends_word and text[-1:].isalnum() else "")
