"""What is found in one reading of a text, by patterns and by finders."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from extproc.detectors.compiler import Compiler
from extproc.detectors.normal import NormalText
from extproc.detectors.patterns import Memory, Patterns
from extproc.detectors.quiet import Quiet
from extproc.detectors.recognizer import Finder, Found, Recognizer
from extproc.model.values import Finding

Joined = tuple[bytes, int, int]
"""A text behind what was seen before it, where it begins there, and how far its offsets move."""


class Seen(NamedTuple):
    """What was seen of a stream before a text.

    That is its last bytes, how many of them begin the text, and how many characters of a run of
    base64 stood before it.
    """

    left: bytes = b""
    begin: int = 0
    run: int = 0

    def joined(self, data: bytes) -> Joined:
        """`data` behind what was seen."""
        if not self.left:
            return data, self.begin, 0
        left = len(self.left)
        return self.left + data[self.begin :], left, left - self.begin


NOTHING = Seen()


class Open(NamedTuple):
    """What is known of a text that goes on; places are code points.

    No finding that more text can bring begins before `cut`. A later scan that starts at `context`,
    and is told what stands before it, finds behind `cut` what a scan of everything would find.
    `pulled` are the triggers that the text has pulled, None where nobody looked.
    """

    findings: list[Finding]
    cut: int
    context: int
    pulled: set[int] | None


class Matcher:
    """A compiled set of recognizers and finders. Safe to use from several threads."""

    def __init__(
        self,
        recognizers: Sequence[Recognizer],
        finders: Sequence[Finder],
        triggers: Sequence[tuple[str, ...]],
        compiler: Compiler,
    ) -> None:
        self._recognizers = recognizers
        self._finders = finders
        self._compiler = compiler
        self._patterns = Patterns(recognizers, triggers, compiler)
        self.longest = max((self._patterns.longest, *(f.longest for f in self._finders)))
        self.context = max((finder.context for finder in self._finders), default=0)

    @cached_property
    def quiet(self) -> Quiet:
        """What need not be scanned. Only streams ask, so it is made when first asked for."""
        return Quiet(self._recognizers, self._compiler)

    def find(self, text: NormalText, seen: Seen) -> tuple[list[Finding], set[int]]:
        """All findings in `text`, in no order, and the triggers that it has pulled.

        Raises BodyError `too_complex` when the text holds more candidates than can be judged.
        """
        candidates, pulled = self._patterns.proposed(text.data)
        findings = [*self._patterns.confirmed(text, candidates, seen.begin)] if candidates else []
        if self._finders:
            findings += self._found(text, seen)
        return findings, pulled

    def suspects(self, texts: Sequence[NormalText], chosen: list[int]) -> set[int]:
        """Those of the chosen texts in which a match of a pattern ends, or something is found.

        A match ends so too where all of them stand in one, each before a character of no word.
        """
        suspects = {index for index in chosen if any(self._found_in(texts[index].data, NOTHING))}
        if self._patterns.minds_end:
            return set(chosen)
        pieces = [texts[index].data for index in chosen]
        joined = b"\0".join((*pieces, b""))
        ends = self._patterns.ends(joined)
        if ends is None:
            return set(chosen)
        if self._patterns.pulled(joined):  # which tells of the first of them only
            suspects |= {i for i in chosen if self._patterns.pulled(texts[i].data)}
        behind = list(accumulate(len(piece) + 1 for piece in pieces))
        return suspects | {chosen[bisect_right(behind[:-1], end)] for end in ends}

    def find_until_unfinished(
        self, text: NormalText, memory: Memory, origin: int, seen: Seen, most: int
    ) -> Open:
        """What `text` holds so far, and from where on it is open, byte `most` at the latest."""
        data = text.data
        findings: list[Finding] = []
        cut = most
        if self._finders:
            findings += self._found(text, seen)
            cut = min(cut, self._unfinished(data, seen))
        pulled: set[int] | None = None
        word = self.quiet.last_word(data)
        if word is not None:
            memory.clear()
            cut = context = min(cut, word)
        else:
            candidates, pulled = self._patterns.proposed(data)
            findings += self._patterns.confirmed(text, candidates, seen.begin, memory, origin)
            cut, context = self._patterns.open_from(data, candidates, cut)
        return Open(findings, text.start(cut), text.start(context), pulled)

    def finders_leave(self, text: Joined, place: int) -> bool:
        """Whether finders find nothing in `text`, and what is unfinished begins at `place`."""
        whole, start, shift = text
        for finder in self._finders:
            if finder.unfinished(whole, start) - shift < place:
                return False
        for finder in self._finders:
            for _ in finder.find(whole, start):
                return False
        return True

    def _found(self, text: NormalText, seen: Seen) -> Iterator[Finding]:
        for finder, found in self._found_in(text.data, seen):
            start, end = text.start(found.start), text.end(found.end)
            yield Finding(found.type, finder.family, start, end, found.score)

    def _found_in(self, data: bytes, seen: Seen) -> Iterator[tuple[Finder, Found]]:
        whole, start, shift = seen.joined(data)
        for finder in self._finders:
            for name, begin, end, score in finder.find(whole, start):
                yield finder, Found(name, begin - shift, end - shift, score)

    def _unfinished(self, data: bytes, seen: Seen) -> int:
        whole, start, shift = seen.joined(data)
        return min(finder.unfinished(whole, start) for finder in self._finders) - shift
