"""Patterns in one Hyperscan pass, and the question of what may still become a match."""

import re
import threading
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import hyperscan

from extproc.detectors.compiler import Compiler, Expression
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer, Refine, Span
from extproc.detectors.unfinished import unfinished
from extproc.detectors.word_ends import WORD, WordEnds, word_ends
from extproc.model.errors import BodyError
from extproc.model.values import Finding

# Matches that a text may hold up to any place in it, and candidates: bounds the time of crafted
# input. Of plain data, lists of URLs have most matches, 0.9 for each byte, and lists of IP
# addresses most candidates, 0.42: card numbers may be written with dots and on several lines.
_MAX_MATCHES, _MATCHES_PER_BYTE = 100_000, 2
_MAX_CANDIDATES, _CANDIDATES_PER_BYTE = 50_000, 0.45

_SHORT = 512  # characters of a match that is not long
_PARTS = len(WordEnds._fields)
_IN_WORDS, _ANYWHERE = 0, _PARTS - 1  # places of parts among these fields
_VALUES = frozenset({"pii", "phi", "pci", "secrets"})
_TAILS = 64  # patterns in a database
_MOST_KNOWN = 10_000  # candidates that are remembered; where more differ, most do
_MANY = 1000  # matches in short texts, with which each is looked at by itself
_TRIGGER_FLAGS = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH
_UNDERSCORE = ord("_")
_OUTSIDE_WORD = re.compile(rb"[^A-Za-z0-9]")
_AT_END = re.compile(r"\$|\\[zZ]")

Memory = dict[tuple[int, int, int, int], Span | None]
"""Confirmed values by pattern, start, number of ends and last end of their candidates."""

Candidates = dict[tuple[int, int], list[int]]
"""End offsets, ascending, by pattern and start offset."""


class Proposed(NamedTuple):
    """What is to be confirmed, and which triggers a text has pulled."""

    candidates: Candidates
    pulled: set[int]


class _Bound(NamedTuple):
    """What counts of the matches of an expression: whose they are, where they may end, how long."""

    owner: int
    place: int
    longest: int | None


class Patterns:
    """The patterns of some recognizers. Safe to use from several threads.

    `triggers` are patterns of which each group only says whether one is in a text. They have a
    database of their own: most can begin anywhere, which would slow down the search for others.
    """

    def __init__(
        self,
        recognizers: Sequence[Recognizer],
        triggers: Sequence[tuple[str, ...]],
        compiler: Compiler,
    ) -> None:
        patterns = [(r, pattern) for r in recognizers for pattern in r.patterns]
        self._owners = [recognizer for recognizer, _ in patterns]
        self._bounds = [
            _Bound(number, place, r.longest if r.whole_word else None)
            for number, r in enumerate(self._owners)
            for place in range(_PARTS)
        ]
        self.minds_end = any(_AT_END.search(pattern) for _, pattern in patterns)
        # Of few patterns Hyperscan overlooks a word that ends with the text.
        self._behind = b"" if self.minds_end else b"\n"
        self.longest = max((r.longest for r in recognizers), default=0)
        pulling = [
            Expression(pattern, _TRIGGER_FLAGS, number)
            for number, group in enumerate(triggers)
            for pattern in group
        ]
        whole: dict[tuple[str, str], list[Expression]] = defaultdict(list)
        for number, (recognizer, pattern) in enumerate(patterns):
            flags = _flags(recognizer) | hyperscan.HS_FLAG_SOM_LEFTMOST
            parts = word_ends(pattern) if recognizer.whole_word else WordEnds(None, None, pattern)
            for place, part in enumerate(parts):
                if part is not None:
                    expression = Expression(part, flags, number * _PARTS + place)
                    whole[_shelved(recognizer)].append(expression)
        # Every beginning of a match is reported, so few look at many bytes.
        tails = [
            (most, group)
            for least, most in ((0, _SHORT), (_SHORT, max(self.longest, _SHORT)))
            for group in _groups([*_tails(patterns, least, most)])
        ]

        def tails_of(group: list[Expression]) -> _Database:
            return _Database([("", group)], compiler)

        with ThreadPoolExecutor(len(tails) + 1) as pool:  # an early start
            databases = pool.map(tails_of, [group for _, group in tails])
            self._whole = _Database([(need, group) for (need, _), group in whole.items()], compiler)
            self._triggers = _Database([("", pulling)], compiler)
            self._tails = [*zip((most for most, _ in tails), databases, strict=True)]

    def proposed(self, data: bytes) -> Proposed:
        """What the patterns propose. Raises BodyError `too_complex`."""
        return Proposed(self._whole.proposed(data, self._behind, self._bounds), self.pulled(data))

    def pulled(self, data: bytes) -> set[int]:
        """The triggers that `data` pulls."""
        return self._triggers.patterns_in(data)

    def ends(self, data: bytes) -> list[int] | None:
        """Where matches of recognizers end, or None where there are many."""
        return self._whole.ends(data)

    def confirmed(
        self,
        text: NormalText,
        candidates: Candidates,
        begin: int,
        memory: Memory | None = None,
        origin: int = 0,
    ) -> Iterator[Finding]:
        """What the recognizers say of `candidates`, in no order.

        What begins before byte `begin`, in the context of a stream, was decided with all of it,
        but for a run of any length, of which only the end counts.

        `memory` keeps it by offset in a whole stream; `text` begins at `origin` there.
        """
        known, size = dict(memory or ()), len(text.data)
        if memory is not None:
            memory.clear()
        said = _remembering() if len(candidates) > _MANY else _said
        for (owner, start), ends in candidates.items():
            recognizer = self._owners[owner]
            if start < begin and recognizer.whole_word:
                continue
            if memory is None:
                span = _value(text, recognizer, start, ends, said)
            else:
                key = (owner, origin + start, len(ends), origin + ends[-1])
                span = known[key] if key in known else _value(text, recognizer, start, ends, said)
                if ends[-1] < size:  # at the end of the text the next character may change it
                    memory[key] = span
            if span is not None:
                yield Finding(
                    span.type or recognizer.type,
                    recognizer.family,
                    text.start(start + span.start),
                    text.end(start + span.end),
                    span.score,
                )

    def open_from(self, data: bytes, candidates: Candidates, most: int) -> tuple[int, int]:
        """Where the leftmost unfinished match begins that may count, and where its context does.

        The first is at most `most`. No match that more text can bring begins before it. What is
        found from the second on, with the character before it, is behind the first what is found
        in everything.
        """
        cut, context = self._unfinished(data)
        cut = min(cut, most)
        context = min(context, cut)
        for (owner, start), ends in candidates.items():
            if start < context and ends[-1] > cut:
                context = max(start, cut - self._owners[owner].longest)
        return cut, context

    def _unfinished(self, data: bytes) -> tuple[int, int]:
        """Where the leftmost unfinished match begins: one that may count, and any at all."""
        size = len(data)
        counted = reach = 0  # bytes from the end of `data`
        owners = self._owners

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            nonlocal counted, reach
            owner = owners[number]
            if end > owner.longest:  # noqa: PLR1730 - min() takes twice as long, for each match
                end = owner.longest
            if end > reach:  # noqa: PLR1730
                reach = end
            if end > counted:
                whole_word = owner.whole_word and not owner.refine
                if not (whole_word and _inside_word(data, size - end)):
                    counted = end

        for most, tails in self._tails:
            tails.scan(data[: -most - 2 : -1], on_match)
        return size - counted, size - reach


def _shelved(recognizer: Recognizer) -> tuple[str, str]:
    """In which database it stands.

    Those of other than values have their own, since few of them are sought in both directions or
    in every policy: what is compiled for one scanner then serves the next.
    """
    return recognizer.needs, "" if recognizer.family in _VALUES else recognizer.family


def _groups(tails: list[Expression]) -> Iterator[list[Expression]]:
    """Each for one database, which takes more than twice as long to compile when twice as large."""
    for first in range(0, len(tails), _TAILS):
        yield tails[first : first + _TAILS]


def _tails(patterns: list[tuple[Recognizer, str]], least: int, most: int) -> Iterator[Expression]:
    """For the beginnings of matches that are longer than `least`, at most `most`."""
    for number, (recognizer, pattern) in enumerate(patterns):
        if least < recognizer.longest <= most:
            yield Expression(unfinished(pattern), _flags(recognizer), number)


_Said = Callable[[Refine, str], Span | None]


def _said(refine: Refine, candidate: str) -> Span | None:
    return refine(candidate)


def _remembering() -> _Said:
    """The same for a text with many candidates, of which many may be equal."""
    known: dict[tuple[Refine, str], Span | None] = {}

    def said(refine: Refine, candidate: str) -> Span | None:
        if len(known) == _MOST_KNOWN or len(candidate) > _SHORT:
            return refine(candidate)
        key = refine, candidate
        if key not in known:
            known[key] = refine(candidate)
        return known[key]

    return said


def _value(
    text: NormalText, recognizer: Recognizer, start: int, ends: list[int], said: _Said
) -> Span | None:
    """The value in the longest of the candidates at `start` that holds one; relative to `start`."""
    refine, skip = recognizer.refine, 0
    if recognizer.whole_word and _inside_word(text.data, start):
        if refine is None:
            return None
        skip = _next_word(text.data, start, ends[-1]) - start
    for end in reversed(ends):
        if end <= start + skip:
            break
        if recognizer.whole_word and _inside_word(text.data, end):
            continue
        if refine is None:
            span = Span(0, end - start, recognizer.score)
        else:
            found = said(refine, text.folded(start + skip, end))
            if found is None:
                continue
            span = _behind(found, skip) if skip else found
        if span.end - span.start <= recognizer.longest:
            return span
    return None


def _behind(span: Span, skip: int) -> Span:
    return Span(span.start + skip, span.end + skip, span.score, span.type)


class _Database:
    """Hyperscan in block mode with scratch space for each thread.

    Each of `groups` is searched by itself, and not where a text lacks the character that it needs.
    """

    def __init__(self, groups: Iterable[tuple[str, list[Expression]]], compiler: Compiler) -> None:
        self._local = threading.local()
        self._parts = [(need.encode(), compiler.database(group)) for need, group in groups if group]

    def _ready(self) -> list[tuple[bytes, hyperscan.Database, hyperscan.Scratch]]:
        ready: list[tuple[bytes, hyperscan.Database, hyperscan.Scratch]] | None
        ready = getattr(self._local, "ready", None)
        if ready is None:
            ready = [(need, part, hyperscan.Scratch(part)) for need, part in self._parts]
            self._local.ready = ready
        return ready

    def proposed(self, data: bytes, behind: bytes, bounds: Sequence[_Bound]) -> Candidates:
        """Candidates by what `bounds` says of each expression, with `behind` at the end of all."""
        found: Candidates = {}
        matches, size = 0, len(data)

        def on_match(number: int, start: int, end: int, _flags: int, _context: object) -> bool:
            nonlocal matches
            if end > size:
                return False
            matches += 1
            owner, place, longest = bounds[number]
            if place < _ANYWHERE:
                if data[end - 1] == _UNDERSCORE:
                    end -= 1
                if place == _IN_WORDS and data[start] == _UNDERSCORE:
                    start += 1
            if longest is None or end - start <= longest:
                ends = found.get((owner, start))
                if ends is None:
                    found[owner, start] = [end]
                else:  # \b is decided one byte late, so ends can come out of order
                    insort(ends, end)
            return (
                matches > _MAX_MATCHES + end * _MATCHES_PER_BYTE
                or len(found) > _MAX_CANDIDATES + end * _CANDIDATES_PER_BYTE
            )

        try:
            self.scan(data + behind, on_match)
        except hyperscan.ScanTerminated:
            raise BodyError(
                "too_complex", "text holds too many candidates for detection; send it in parts"
            ) from None
        return found

    def patterns_in(self, data: bytes) -> set[int]:
        """Which patterns match."""
        found: set[int] = set()

        def on_match(owner: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            found.add(owner)

        self.scan(data, on_match)
        return found

    def ends(self, data: bytes) -> list[int] | None:
        """Where matches end, or None where there are many."""
        found: list[int] = []

        def on_match(_owner: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            found.append(end)
            return len(found) > _MANY

        try:
            self.scan(data, on_match)
        except hyperscan.ScanTerminated:
            return None
        return found

    def scan(
        self, data: bytes, on_match: Callable[[int, int, int, int, object], bool | None]
    ) -> None:
        """Tell `on_match` of each match, until it returns True: then it raises ScanTerminated."""
        for need, database, scratch in self._ready():
            if need in data:
                database.scan(data, match_event_handler=on_match, scratch=scratch)


def _inside_word(data: bytes, place: int) -> bool:
    """Whether the characters on both sides of `place` belong to one word."""
    return 0 < place < len(data) and data[place - 1] in WORD and data[place] in WORD


def _next_word(data: bytes, start: int, end: int) -> int:
    """Offset of the first character behind the word that `start` stands in, `end` at most."""
    match = _OUTSIDE_WORD.search(data, start, end)
    return end if match is None else match.start()


def _flags(recognizer: Recognizer) -> int:
    caseless = hyperscan.HS_FLAG_CASELESS if recognizer.caseless else 0
    return hyperscan.HS_FLAG_DOTALL | caseless
