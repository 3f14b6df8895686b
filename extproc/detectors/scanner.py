"""Everything that is looked for, in a text and in what it hides."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy

from extproc.detectors import tables
from extproc.detectors.compiler import IN_MEMORY, Compiler
from extproc.detectors.matcher import NOTHING, Joined, Matcher, Open, Seen
from extproc.detectors.normal import NormalText, folded_size
from extproc.detectors.patterns import Memory
from extproc.detectors.recognizer import Finder, Recognizer
from extproc.detectors.views import escapes, leet, tags
from extproc.detectors.views.encoded import Encoded
from extproc.detectors.views.leet import Leet
from extproc.detectors.views.spaced import Spaced
from extproc.detectors.views.spelled import Spelled
from extproc.detectors.views.view import CONTEXT, Decoder, Region, View, itself
from extproc.model.values import Finding

_DECODERS: tuple[Decoder, ...] = (Encoded(), Spelled(), Spaced())
_TRIGGERS = (*(decoder.triggers for decoder in _DECODERS), leet.TRIGGERS)
_LEET = len(_DECODERS)
_DEPTH = 2  # readings of a reading, e.g. base64 of a text with escapes
_VALUES = frozenset({"pii", "phi", "pci", "secrets"})
_SHORTEST_HIDDEN, LONGEST_HIDDEN = 12, 5120  # bytes of the regions that decoders read
_LEFT = tables.CONTEXT + CONTEXT  # bytes left of a region that count
_SHORT = 512  # bytes of a text for which the call costs more than the scan
_MOST_KNOWN = 1024  # regions of a text that are remembered, since many may be equal

_Known = dict[tuple[bytes, str, int], list[Finding]]
"""What was found in regions, by what is left of them, their own text, and how deep they are."""


class Scanner:
    """A compiled set of recognizers and finders. Safe to use from several threads.

    They are asked about the text as it is, and about every other reading of it. `types` are those
    that are wanted; None for all that they know.
    """

    def __init__(
        self,
        recognizers: Iterable[Recognizer],
        compiler: Compiler = IN_MEMORY,
        *,
        finders: Iterable[Finder] = (),
        types: frozenset[str] | None = None,
    ) -> None:
        asked, finders = tuple(recognizers), tuple(finders)
        for finder in finders:
            finder.prepare(compiler)
        self.recognizers = asked
        self._types = types
        items = [item for item in asked if item.leet], [item for item in finders if item.leet]
        self._leet = _InLeet(*items, compiler) if any(items) else None
        triggers = _TRIGGERS if self._leet else _TRIGGERS[: len(_DECODERS)]
        self._plain = Matcher(asked, finders, triggers, compiler)
        self._depth = _DEPTH if asked or finders else 0
        self.longest = max(self._plain.longest, LONGEST_HIDDEN)
        self.context = max(self._plain.context, _LEFT)

    def of(self, types: frozenset[str]) -> "Scanner":
        """A scanner of some of its types, which shares what is compiled."""
        other = copy(self)
        other._types = types  # noqa: SLF001 - one of its own kind
        return other

    def find(self, text: NormalText, seen: Seen = NOTHING) -> list[Finding]:
        """All findings in `text`, by start, longer first; they may overlap.

        Raises BodyError `too_complex` when the text holds more candidates than can be judged.
        """
        findings = self._find(text, seen, self._depth, {})
        return self._settled(findings) if findings else findings

    def _find(
        self, text: NormalText, seen: Seen, depth: int, known: _Known, begin: int = 0
    ) -> list[Finding]:
        """Findings in `text` and its readings; of those that end before byte `begin` not all."""
        findings, pulled = self._plain.find(text, seen)
        if not depth:
            return findings
        for region, left in _regions(seen.joined(text.data), seen.run, pulled):
            if region.end > begin:
                findings += self._found_in_region(text, region, left, depth, known)
        original = text.original
        view = escapes.view(original) if escapes.may_hold(original) else None
        for other in (*filter(None, (view,)), *tags.views(original)):
            before = Seen(seen.left, seen.begin)
            findings += _moved(self._find(NormalText(other.text), before, depth - 1, known), other)
        if self._leet is not None and _LEET in pulled:
            findings += self._leet.find(original, seen)
        return findings

    def _found_in_region(
        self, text: NormalText, region: Region, left: bytes, depth: int, known: _Known
    ) -> Iterator[Finding]:
        """What a region holds. What is `left` of it counts: a label or a beginning stands there."""
        view = region.view
        before = left[-CONTEXT:].decode("utf-8", "ignore")
        offset, key = len(before), (left, view.text, depth)
        found = known.get(key)
        if found is None:
            inner, far = NormalText(before + view.text), Seen(left[:-CONTEXT])
            found = self._find(inner, far, depth - 1, known, len(before.encode()))
            if len(known) < _MOST_KNOWN:
                known[key] = found
        for finding in found:
            if finding.end > offset:
                begin = max(0, finding.start - offset)
                start, end = view.place(begin, finding.end - offset)
                yield _at(text.start(start), text.end(end), finding)

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
        hiding = {index for index in chosen if _may_hide(texts[index].original)}
        return hiding | self._plain.suspects(texts, [i for i in chosen if i not in hiding])

    def find_until_unfinished(
        self,
        text: NormalText,
        memory: Memory | None = None,
        origin: int = 0,
        seen: Seen = NOTHING,
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
        findings, cut, context, _ = self._find_open(text, memory, origin, seen, self._depth)
        if findings:
            findings = self._settled(findings)
            context = min([context, *(f.start for f in findings if f.start < cut < f.end)])
        return findings, cut, context

    def _find_open(
        self, text: NormalText, memory: Memory, origin: int, seen: Seen, depth: int
    ) -> Open:
        size = len(text.data)
        if not depth:
            return self._plain.find_until_unfinished(text, memory, origin, seen, size)
        joined = seen.joined(text.data)
        most = min(size, _unfinished(joined, seen.run))
        hidden: list[Finding] = []
        views = list(self._open_views(text.original, seen))
        cut = context = len(text.original)
        for matcher, limit, view in views:
            normal = NormalText(view.text)
            before = Seen(seen.left, seen.begin if view.text else 0)
            if matcher is None:
                inner = self._find_open(normal, {}, 0, before, depth - 1)
            else:
                inner = matcher.find_until_unfinished(normal, {}, 0, before, len(normal.data))
            hidden += _moved(inner.findings, view)
            cut = min(cut, _outer(view, inner.cut, limit))
            context = min(context, _outer(view, inner.context, limit))
        if cut < len(text.original):
            most = min(most, folded_size(text.original[:cut]))
        findings, place, start, pulled = self._plain.find_until_unfinished(
            text, memory, origin, seen, most
        )
        cut = min(cut, place)  # invisible characters are no bytes
        if any(view.text != text.original[:limit] for _, limit, view in views):
            # What hides something stays in sight as long as finders may look back at it.
            context = min(context, max(0, cut - self.context))
        known: _Known = {}
        regions = list(_regions(joined, seen.run, pulled, closed=True))
        for region, left in regions:
            hidden += self._found_in_region(text, region, left, depth, known)
        starts = [text.start(r.held) for r, _ in regions if text.end(r.end) > cut]
        return Open(findings + hidden, cut, min(cut, start, context, *starts), pulled)

    def _open_views(self, original: str, seen: Seen) -> Iterator[tuple[Matcher | None, int, View]]:
        """Readings of a text that goes on, how far they go, and who is asked; None for everyone."""
        if escapes.may_hold(original):
            limit = escapes.unfinished(original)
            whole = original[:limit]
            view = escapes.view(whole)
            if view is not None or limit < len(original):
                yield None, limit, view or View(whole, itself)
        for shown in tags.views(original):
            yield None, len(original), shown
        if self._leet is not None:
            limit = leet.unfinished(original)
            whole = original[:limit]
            view = self._leet.view(whole, seen)
            if view is not None or limit < len(original):
                yield self._leet.matcher, limit, view or View(whole, itself)

    def last_plain_word(self, text: str, seen: Seen) -> int | None:
        """Offset in `text` of the only thing there that is unfinished, its end if nothing is.

        None where that is not known. Otherwise it holds no match either. It is as JSON writes it:
        ASCII, and nothing that is escaped.
        """
        place = self._plain.quiet.last_plain_word(text)
        if place is None or not self._depth:
            return place
        if escapes.may_hold(text):
            return None
        joined = seen.joined(text.encode())
        if _unfinished(joined, seen.run) < place or not self._plain.finders_leave(joined, place):
            return None
        if len(text) >= _SHORTEST_HIDDEN and any(_regions(joined, seen.run, None)):
            return None
        if self._leet is not None and (
            leet.unfinished(text) < len(text) or self._leet.view(text, seen) is not None
        ):
            return None
        return place

    def _settled(self, findings: list[Finding]) -> list[Finding]:
        """In order, without what is not wanted and what lies within something better.

        That is a finding of the same type, or of values in general one that is as sure: the digits
        of a card are no phone number.
        """
        if self._types is not None:
            findings = [finding for finding in findings if finding.type in self._types]
        findings.sort(key=_order)
        kept: list[Finding] = []
        reach: dict[str, int] = {}
        values: list[Finding] = []  # those that may reach over what follows
        for finding in findings:
            if finding.end <= reach.get(finding.type, -1):
                continue
            if finding.family in _VALUES:
                values = [value for value in values if value.end > finding.start]
                if any(_contains(value, finding) for value in values):
                    continue
                values.append(finding)
            reach[finding.type] = finding.end
            kept.append(finding)
        return kept


class _InLeet:
    """What is sought in leetspeak."""

    def __init__(
        self, recognizers: list[Recognizer], finders: list[Finder], compiler: Compiler
    ) -> None:
        self.matcher = Matcher(recognizers, finders, (), compiler)
        asked: list[Recognizer | Finder] = [*recognizers, *finders]
        self._words = Leet(word for item in asked for word in item.leet)

    def view(self, text: str, seen: Seen) -> View | None:
        """What `text` says, if it is in leetspeak."""
        left = seen.left[: len(seen.left) - seen.begin]
        return self._words.view(text, left[-leet.CONTEXT :].decode("utf-8", "replace"))

    def find(self, text: str, seen: Seen) -> list[Finding]:
        """All that `text` says in leetspeak, in no order."""
        view = self.view(text, seen)
        if view is None:
            return []
        return self.matcher.find(NormalText(view.text), Seen(seen.left, seen.begin))[0]


def _contains(one: Finding, other: Finding) -> bool:
    """Whether `one` is larger than `other` and as sure; `one` does not begin later."""
    if one.end < other.end or one.score < other.score:
        return False
    return one.score > other.score or one.end - one.start > other.end - other.start


def _regions(
    text: Joined, run: int, pulled: set[int] | None, *, closed: bool = False
) -> Iterator[tuple[Region, bytes]]:
    """What decoders read in `text`, of those that are asked by a trigger, and what is left of it.

    None asks all. With `closed` only what more text cannot change.
    """
    whole, start, shift = text
    for index, decoder in enumerate(_DECODERS):
        if pulled is None or index in pulled:
            end = decoder.unfinished(whole, start, run) if closed else len(whole)
            for region in decoder.regions(whole[:end], start, run):
                left = whole[max(0, region.start - _LEFT) : region.start]
                yield _shifted(region, shift) if shift else region, left


def _shifted(region: Region, shift: int) -> Region:
    place = region.view.place

    def moved(start: int, end: int) -> tuple[int, int]:
        start, end = place(start, end)
        return start - shift, end - shift

    view = View(region.view.text, moved)
    return Region(region.start - shift, region.end - shift, view, region.held - shift)


def _unfinished(text: Joined, run: int) -> int:
    whole, start, shift = text
    place = len(whole)
    for decoder in _DECODERS:
        place = min(place, decoder.unfinished(whole, start, run))
    return place - shift


def _may_hide(text: str) -> bool:
    """Whether there may be another reading of `text` that pulls no trigger."""
    return escapes.may_hold(text) or tags.may_hold(text)


def _moved(findings: list[Finding], view: View) -> Iterator[Finding]:
    for finding in findings:
        start, end = view.place(finding.start, finding.end)
        yield _at(start, end, finding)


def _at(start: int, end: int, finding: Finding) -> Finding:
    """As `_replace` makes it, in a quarter of the time: crafted text can ask this often."""
    return Finding(finding.type, finding.family, start, end, finding.score)


def _outer(view: View, place: int, limit: int) -> int:
    """Where a place of `view` stands in what it was read from, which ends at `limit`."""
    return view.place(place, place + 1)[0] if place < len(view.text) else limit


def _order(finding: Finding) -> tuple[int, int, float, str]:
    return finding.start, -finding.end, -finding.score, finding.type
