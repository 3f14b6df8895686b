"""Everything that is looked for in a text, in one place: patterns and finders."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from extproc.detectors.compiler import IN_MEMORY, Compiler
from extproc.detectors.normal import NormalText
from extproc.detectors.patterns import Memory, Patterns
from extproc.detectors.quiet import Quiet
from extproc.detectors.recognizer import Finder, Found, Recognizer
from extproc.model.values import Finding

_SHORT = 512  # bytes of a text for which the call costs more than the scan


class Seen(NamedTuple):
    """What finders have seen of a stream before: its last bytes, and how many begin the text."""

    left: bytes = b""
    begin: int = 0


_NOTHING = Seen()


class Scanner:
    """A compiled set of recognizers and finders. Safe to use from several threads.

    `types` are those that are wanted; None for all that they know.
    """

    def __init__(
        self,
        recognizers: Iterable[Recognizer],
        compiler: Compiler = IN_MEMORY,
        *,
        finders: Iterable[Finder] = (),
        types: frozenset[str] | None = None,
    ) -> None:
        self.recognizers = tuple(recognizers)
        self._finders = tuple(finders)
        for finder in self._finders:
            finder.prepare(compiler)
        self._types = types
        self._patterns = Patterns(self.recognizers, compiler)
        self.longest = max((self._patterns.longest, *(f.longest for f in self._finders)))
        self.context = max((finder.context for finder in self._finders), default=0)

    @cached_property
    def quiet(self) -> Quiet:
        """What need not be scanned. Only streams ask, so it is made when first asked for."""
        return Quiet(self.recognizers)

    def find(self, text: NormalText, seen: Seen = _NOTHING) -> list[Finding]:
        """All findings in `text`, by start, longer first; they may overlap.

        Raises BodyError `too_complex` when the text holds more candidates than can be judged.
        """
        candidates = self._patterns.candidates(text.data)
        findings = [*self._patterns.confirmed(text, candidates, {}, 0)] if candidates else []
        if self._finders:
            findings += self._found(text, seen)
        return self._settled(findings) if findings else findings

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
            if index not in quiet:
                yield self.find(text)
            elif self._finders:
                findings = list(self._found(text, _NOTHING))
                yield self._settled(findings) if findings else findings
            else:
                yield []

    def _suspects(self, texts: Sequence[NormalText], chosen: list[int]) -> set[int]:
        """Those of the chosen texts in which a match of a pattern ends.

        It does so too where all of them stand in one, each before a character of no word.
        """
        if self._patterns.minds_end:
            return set(chosen)
        pieces = [texts[index].data for index in chosen]
        ends = self._patterns.ends(b"\0".join(pieces))
        if ends is None:
            return set(chosen)
        behind = list(accumulate(len(piece) + 1 for piece in pieces))
        return {chosen[bisect_right(behind, end)] for end in ends}

    def find_until_unfinished(
        self,
        text: NormalText,
        memory: Memory | None = None,
        origin: int = 0,
        seen: Seen = _NOTHING,
    ) -> tuple[list[Finding], int, int]:
        """Findings so far, where a match may still be open, and where the context of that begins.

        Both places are code points. No finding that more text can bring begins before the first.
        A later scan that starts at the second and is told what stands before it (the character,
        and as `seen` the last `context` bytes) finds, behind the first, what a scan of everything
        would find.

        `memory` keeps what was confirmed from one scan to the next, by offset in the whole stream;
        `origin` is the offset at which `text` begins there.
        """
        memory = {} if memory is None else memory
        data = text.data
        findings: list[Finding] = []
        cut = len(data)
        if self._finders:
            findings += self._found(text, seen)
            cut = self._unfinished(data, seen)
        word = self.quiet.last_word(data)
        if word is not None:
            memory.clear()
            cut = context = min(cut, word)
        else:
            candidates = self._patterns.candidates(data)
            findings += self._patterns.confirmed(text, candidates, memory, origin)
            cut, context = self._patterns.open_from(data, candidates, cut)
        settled, known = text.start(cut), text.start(context)
        if findings:
            findings = self._settled(findings)
            known = min((f.start for f in findings if f.start < settled < f.end), default=known)
            known = min(known, text.start(context))
        return findings, settled, known

    def last_plain_word(self, text: str, seen: Seen) -> int | None:
        """Offset in `text` of the only thing there that is unfinished, its end if nothing is.

        None where that is not known. Otherwise it holds no match either. It is as JSON writes it:
        ASCII, and nothing that is escaped.
        """
        place = self.quiet.last_plain_word(text)
        if place is None or not self._finders:
            return place
        data = text.encode()
        if self._unfinished(data, seen) < place or any(self._found_in(data, seen)):
            return None
        return place

    def _found(self, text: NormalText, seen: Seen) -> Iterator[Finding]:
        for finder, found in self._found_in(text.data, seen):
            start, end = text.start(found.start), text.end(found.end)
            yield Finding(found.type, finder.family, start, end, found.score)

    def _found_in(self, data: bytes, seen: Seen) -> Iterator[tuple[Finder, Found]]:
        whole, start, shift = _joined(data, seen)
        for finder in self._finders:
            for name, begin, end, score in finder.find(whole, start):
                yield finder, Found(name, begin - shift, end - shift, score)

    def _unfinished(self, data: bytes, seen: Seen) -> int:
        whole, start, shift = _joined(data, seen)
        return min(finder.unfinished(whole, start) for finder in self._finders) - shift

    def _settled(self, findings: list[Finding]) -> list[Finding]:
        """In order, without what is not wanted and what lies within another of its type."""
        if self._types is not None:
            findings = [finding for finding in findings if finding.type in self._types]
        findings.sort(key=_order)
        kept: list[Finding] = []
        reach: dict[str, int] = {}
        for finding in findings:
            if finding.end > reach.get(finding.type, -1):
                reach[finding.type] = finding.end
                kept.append(finding)
        return kept


def _order(finding: Finding) -> tuple[int, int, float, str]:
    return finding.start, -finding.end, -finding.score, finding.type


def _joined(data: bytes, seen: Seen) -> tuple[bytes, int, int]:
    """A text behind what was seen before it, where it begins, and how far its offsets move."""
    left, begin = seen
    if not left:
        return data, begin, 0
    return left + data[begin:], len(left), len(left) - begin
