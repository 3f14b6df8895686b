"""All patterns in one Hyperscan pass, and the question of what may still become a match."""

import re
import threading
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Compiler, Expression
from extproc.detectors.normal import NormalText
from extproc.detectors.quiet import Quiet
from extproc.detectors.recognizer import Recognizer, Span
from extproc.detectors.unfinished import unfinished
from extproc.model.errors import BodyError
from extproc.model.values import Finding

# Candidates that a text may hold, and matches for each: bounds the time of crafted input.
_MAX_CANDIDATES = 150_000
_BYTES_PER_CANDIDATE = 4
_MATCHES_PER_CANDIDATE = 8

_SHORT = 512  # bytes of a text for which the call costs more than the scan
_MANY = 1000  # matches in short texts, with which each is looked at by itself
_AT_END = re.compile(r"\$|\\[zZ]")

Memory = dict[tuple[int, int, int, int], Span | None]
"""Confirmed values by pattern, start, number of ends and last end of their candidates."""

_Candidates = dict[tuple[int, int], list[int]]


class Scanner:
    """A compiled set of recognizers. Safe to use from several threads."""

    def __init__(self, recognizers: Iterable[Recognizer], compiler: Compiler = IN_MEMORY) -> None:
        self.recognizers = tuple(recognizers)
        patterns = [(r, pattern) for r in self.recognizers for pattern in r.patterns]
        self._owners = [recognizer for recognizer, _ in patterns]
        self._minds_end = any(_AT_END.search(pattern) for _, pattern in patterns)
        self.longest = max((r.longest for r in self.recognizers), default=0)
        self._whole = _Database(
            [
                Expression(pattern, _flags(r) | hyperscan.HS_FLAG_SOM_LEFTMOST, number)
                for number, (r, pattern) in enumerate(patterns)
            ],
            compiler,
            longest=[r.longest if r.whole_word else None for r in self._owners],
            needs=[r.needs for r in self._owners],
        )
        self._tails = _Database(
            [
                Expression(unfinished(pattern), _flags(r), number)
                for number, (r, pattern) in enumerate(patterns)
            ],
            compiler,
            longest=[None] * len(patterns),
            needs=[""] * len(patterns),
        )

    @cached_property
    def quiet(self) -> Quiet:
        """What need not be scanned. Only streams ask, so it is made when first asked for."""
        return Quiet(self.recognizers)

    def find(self, text: NormalText) -> list[Finding]:
        """All findings in `text`, by start, longer first; they may overlap.

        Raises BodyError `too_complex` when the text holds more candidates than can be judged.
        """
        candidates = self._whole.candidates(text.data)
        return self._confirmed(text, candidates, {}, 0) if candidates else []

    def find_each(self, texts: Sequence[NormalText]) -> Iterator[list[Finding]]:
        """What `find` says of each text, in order.

        Short texts are looked at together first, since nearly all hold nothing.
        """
        if len(texts) == 1:  # very often
            yield self.find(texts[0])
            return
        short = [index for index, text in enumerate(texts) if len(text.data) <= _SHORT]
        quiet = set(short) - self._suspects(texts, short) if len(short) > 1 else ()
        for index, text in enumerate(texts):
            yield [] if index in quiet else self.find(text)

    def _suspects(self, texts: Sequence[NormalText], chosen: list[int]) -> set[int]:
        """Those of the chosen texts in which a match ends.

        It does so too where all of them stand in one, each before a character of no word.
        """
        if self._minds_end:
            return set(chosen)
        pieces = [texts[index].data for index in chosen]
        ends = self._whole.ends(b"\0".join(pieces))
        if ends is None:
            return set(chosen)
        behind = list(accumulate(len(piece) + 1 for piece in pieces))
        return {chosen[bisect_right(behind, end)] for end in ends}

    def find_until_unfinished(
        self, text: NormalText, memory: Memory | None = None, origin: int = 0
    ) -> tuple[list[Finding], int, int]:
        """Findings so far, where a match may still be open, and where the context of that begins.

        Both places are code points. No finding that more text can bring begins before the first.
        A later scan that starts at the second and is told the character before it finds, behind
        the first, what a scan of everything would find.

        `memory` keeps what was confirmed from one scan to the next, by offset in the whole stream;
        `origin` is the offset at which `text` begins there.
        """
        memory = {} if memory is None else memory
        word = self.quiet.last_word(text.data)
        if word is not None:
            memory.clear()
            place = text.start(word)
            return [], place, place
        candidates = self._whole.candidates(text.data)
        findings = self._confirmed(text, candidates, memory, origin)
        cut, context = self._open_from(text.data)
        for (owner, start), ends in candidates.items():
            if start < context and ends[-1] > cut:
                context = max(start, cut - self._owners[owner].longest)
        return findings, text.start(cut), text.start(context)

    def _open_from(self, data: bytes) -> tuple[int, int]:
        """Where the leftmost unfinished match begins: one that may count, and any at all."""
        size = len(data)
        cut = context = size
        reversed_tail = data[: -self.longest - 2 : -1]
        for owner, reaches in self._tails.candidates(reversed_tail).items():
            recognizer = self._owners[owner[0]]
            context = min(context, size - min(reaches[-1], recognizer.longest))
            for reach in reversed(reaches):
                start = size - min(reach, recognizer.longest)
                if start >= cut:
                    break
                if recognizer.refine or not (recognizer.whole_word and _inside_word(data, start)):
                    cut = start
                    break
        return cut, context

    def _confirmed(
        self, text: NormalText, candidates: _Candidates, memory: Memory, origin: int
    ) -> list[Finding]:
        findings: list[Finding] = []
        known, size = dict(memory), len(text.data)
        memory.clear()
        for (owner, start), ends in candidates.items():
            recognizer = self._owners[owner]
            key = (owner, origin + start, len(ends), origin + ends[-1])
            span = known[key] if key in known else _value(text, recognizer, start, ends)
            if ends[-1] < size:  # at the end of the text the next character may change it
                memory[key] = span
            if span is not None:
                findings.append(
                    Finding(
                        span.type or recognizer.type,
                        recognizer.family,
                        text.start(start + span.start),
                        text.end(start + span.end),
                        span.score,
                    )
                )
        findings.sort(key=_order)
        return _without_contained_twins(findings)


def _value(text: NormalText, recognizer: Recognizer, start: int, ends: list[int]) -> Span | None:
    """The value in the longest of the candidates at `start` that holds one; relative to `start`."""
    skip = 0
    if recognizer.whole_word and _inside_word(text.data, start):
        if recognizer.refine is None:
            return None
        skip = _next_word(text.data, start) - start
    for end in reversed(ends):
        if end <= start + skip:
            break
        if recognizer.whole_word and _inside_word(text.data, end):
            continue
        span = Span(0, end - start, recognizer.score)
        if recognizer.refine is not None:
            found = recognizer.refine(text.folded(start + skip, end))
            if found is None:
                continue
            span = Span(found.start + skip, found.end + skip, found.score)
        if span.end - span.start <= recognizer.longest:
            return span
    return None


class _Database:
    """Hyperscan in block mode with scratch space for each thread.

    Matches beyond `longest` are not wanted, and a text without what a pattern `needs` is not
    searched for it.
    """

    def __init__(
        self,
        expressions: list[Expression],
        compiler: Compiler,
        *,
        longest: list[int | None],
        needs: list[str],
    ) -> None:
        self._longest = longest
        self._local = threading.local()
        self._parts = [
            (need.encode(), compiler.database([e for e in expressions if needs[e.number] == need]))
            for need in dict.fromkeys(needs)
        ]

    def _ready(self) -> list[tuple[bytes, hyperscan.Database, hyperscan.Scratch]]:
        ready: list[tuple[bytes, hyperscan.Database, hyperscan.Scratch]] | None
        ready = getattr(self._local, "ready", None)
        if ready is None:
            ready = [(need, part, hyperscan.Scratch(part)) for need, part in self._parts]
            self._local.ready = ready
        return ready

    def candidates(self, data: bytes) -> _Candidates:
        """For each pattern and start offset the end offsets, ascending."""
        found: _Candidates = {}
        most = _MAX_CANDIDATES + len(data) // _BYTES_PER_CANDIDATE
        matches = most * _MATCHES_PER_CANDIDATE
        bounds = self._longest

        def on_match(owner: int, start: int, end: int, _flags: int, _context: object) -> bool:
            nonlocal matches
            longest = bounds[owner]
            if longest is None or end - start <= longest:
                ends = found.setdefault((owner, start), [])
                insort(ends, end)  # \b is decided one byte late, so ends can come out of order
            matches -= 1
            return matches < 0 or len(found) > most

        try:
            self._scan(data, on_match)
        except hyperscan.ScanTerminated:
            raise BodyError(
                "too_complex", "text holds too many candidates for detection; send it in parts"
            ) from None
        return found

    def ends(self, data: bytes) -> list[int] | None:
        """Where matches end, or None where there are many."""
        found: list[int] = []

        def on_match(_owner: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            found.append(end)
            return len(found) > _MANY

        try:
            self._scan(data, on_match)
        except hyperscan.ScanTerminated:
            return None
        return found

    def _scan(self, data: bytes, on_match: Callable[[int, int, int, int, object], bool]) -> None:
        for need, database, scratch in self._ready():
            if need in data:
                database.scan(data, match_event_handler=on_match, scratch=scratch)


# Without the underscore, which is also how Markdown writes italics and people write file names.
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _inside_word(data: bytes, place: int) -> bool:
    """Whether the characters on both sides of `place` belong to one word."""
    return 0 < place < len(data) and data[place - 1] in _WORD and data[place] in _WORD


def _next_word(data: bytes, start: int) -> int:
    """Offset of the first character behind the word that `start` stands in."""
    while start < len(data) and data[start] in _WORD:
        start += 1
    return start


def _flags(recognizer: Recognizer) -> int:
    caseless = hyperscan.HS_FLAG_CASELESS if recognizer.caseless else 0
    return hyperscan.HS_FLAG_DOTALL | caseless


def _order(finding: Finding) -> tuple[int, int, float, str]:
    return finding.start, -finding.end, -finding.score, finding.type


def _without_contained_twins(findings: list[Finding]) -> list[Finding]:
    """Drop a finding that lies within another of its own type; `findings` are in order."""
    kept: list[Finding] = []
    reach: dict[str, int] = {}
    for finding in findings:
        if finding.end > reach.get(finding.type, -1):
            reach[finding.type] = finding.end
            kept.append(finding)
    return kept
