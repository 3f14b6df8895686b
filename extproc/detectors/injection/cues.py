"""Evidence that adds up: phrases that say little each and much together."""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import product
from typing import NamedTuple

from extproc.detectors.compiler import Compiler
from extproc.detectors.literals import SHARED, Hit, Literal, Literals, blanked
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Finder, Found
from extproc.detectors.syntax import Assertion, Atom, Choice, Node, Repeat, Sequence, parse
from extproc.detectors.views.leet import words_of
from extproc.model.errors import BodyError

_WINDOW = 2048  # bytes in which cues add up
_LEFT = 72  # bytes before an anchor that may belong to its cue
_RIGHT = 104  # bytes behind it

# Anchors that are looked at: as many alike in a window, and in a text. Bounds the time of crafted
# input; ordinary text has one in 200 bytes, a jailbreak one in 30.
_MOST_ALIKE = 16
_MOST_HITS = 2000
_BYTES_PER_HIT = 100

_LEAST = 0.3  # of a score that is worth a finding
_MOST = 0.97  # more evidence than this says nothing new

_EDGE = r"\b"
_LAST_EDGE = r"(?:\b|\Z)"

# The notation of phrases: what its signs stand for. A phrase stays within a sentence.
_SIGNS = {
    " ": r"(?:[^\w.!?]{1,4})",
    "~": rf"[^.!?]{{0,24}}{_EDGE}",
    "~~": rf"[^.!?]{{0,60}}{_EDGE}",
    "'": r"(?:(?:'|\xe2\x80\x99|`)?)",
    "…": r"[^\n.!?]{0,48}",
    "«": r"(?:[\x22'(\[*<\x80-\xe2]{0,4})",
    "»": r"(?:[\x22'*\[(]|\xe2\x80[\x98-\x9d])",
}
_SIGN = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.|\(\?[:!]|~~|.", re.DOTALL)
_ROW = re.compile("(=?)([^\u2039]*)\u2039([^\u203a]+)\u203a(.*)")


@dataclass(frozen=True, slots=True)
class Cue:
    """An anchor, which is one of several literals, and what must stand around it."""

    type: str
    group: str
    weight: float
    anchors: frozenset[bytes]
    left: re.Pattern[bytes] | None  # of what stands before, backwards
    right: re.Pattern[bytes] | None
    exact: bool  # upper and lower case matter
    ends_word: bool  # no letter follows the anchor
    words: frozenset[str]  # of the whole phrase

    @property
    def is_capital(self) -> bool:
        """Whether every anchor holds a capital letter as it must be written."""
        return self.exact and not any(map(bytes.islower, self.anchors))

    def end(self, data: bytes, start: int, end: int, before: bytes) -> int | None:
        """Where the cue ends that has its anchor at `start` to `end`; None where there is none.

        `before` is what stands before the anchor, backwards.
        """
        if self.exact and blanked(data[start:end]) not in self.anchors:
            return None
        if self.left is not None and self.left.match(before) is None:
            return None
        if self.right is None:
            return end
        match = self.right.match(data, end, end + _RIGHT)
        return None if match is None else match.end()


def cues(name: str) -> list[Cue]:
    """Those of the data file `name` of this package: type, weight, group and phrase in columns."""
    return [_cue(*row) for row in _rows(name)]


def _rows(name: str) -> list[list[str]]:
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def _cue(kind: str, weight: str, group: str, phrase: str) -> Cue:
    row = _ROW.fullmatch(phrase)
    if row is None:
        raise ValueError(f"cue {phrase!r} has no anchor between \u2039 and \u203a; write one")
    exact, left, anchors, right = row.groups()
    flags = re.DOTALL if exact else re.DOTALL | re.IGNORECASE
    return Cue(
        kind,
        group,
        float(weight),
        frozenset(_anchors(anchors, exact=bool(exact))),
        # An anchor begins a word, which the end of what stands before it does not tell.
        re.compile(_backwards(parse(_expression(left).replace(_EDGE, _LAST_EDGE))).encode(), flags)
        if left
        else None,
        re.compile(_expression(right).encode(), flags) if right else None,
        bool(exact),
        right.startswith((_EDGE, " ")),
        words_of([phrase]),
    )


def _expression(phrase: str) -> str:
    """The pattern of a phrase, in ASCII, over folded text."""
    return "".join(map(_sign, _SIGN.findall(phrase)))


def _sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign == "(":
        return "(?:"
    if sign.isascii():
        return sign
    forms = {NormalText(form).data for form in (sign.lower(), sign.upper())}
    written = ["".join(f"\\x{byte:02x}" for byte in form) for form in sorted(forms) if form]
    return f"(?:{'|'.join(written)})" if written else ""


def _backwards(node: Node) -> str:
    """The pattern of what `node` matches, read from its end."""
    match node:
        case Atom(source):
            return source
        case Assertion(source):
            return {"^": r"\Z", r"\Z": r"\A"}.get(source, source)
        case Choice(options):
            return f"(?:{'|'.join(map(_backwards, options))})"
        case Sequence(items):
            return "".join(map(_backwards, reversed(items)))
        case Repeat(item, least, most):
            return f"(?:{_backwards(item)}){{{least},{'' if most is None else most}}}"


def _anchors(written: str, *, exact: bool) -> Iterator[bytes]:
    for literal in _strings(parse(written)):
        for apostrophe in ("'", "\u2019", "") if "'" in literal else ("",):
            form = literal.replace("'", apostrophe)
            for cased in (
                (form,) if exact else {form, form.lower(), form.capitalize(), form.upper()}
            ):
                yield blanked(NormalText(cased).data)


def _strings(node: Node) -> Iterable[str]:
    """Every string that `node` stands for."""
    match node:
        case Atom(source):
            return [source[-1]] if source[0] != "[" else list(source[1:-1])
        case Choice(options):
            return [text for option in options for text in _strings(option)]
        case Sequence(items):
            return ["".join(parts) for parts in product(*map(_strings, items))]
        case Repeat(item, 0, 1):
            return ["", *_strings(item)]
    raise ValueError(f"an anchor is literals, groups, | and ?, not {node}")


class Cues(Finder):
    """Finds where cues of one family add up to `_LEAST` or more.

    The score of a place is that of the groups with a cue in the window that ends there, taken as
    independent reasons: 1 - Π(1 - weight). What is found is the cue that brings a new group, from
    its anchor on, so nothing of what stands before is held back.
    """

    context = _WINDOW + _LEFT + 1

    def __init__(
        self,
        family: str,
        cues: Iterable[Cue],
        *,
        examples: tuple[str, ...],
        near_misses: tuple[str, ...],
        literals: Literals = SHARED,
    ) -> None:
        self.family = family
        self.examples = examples
        self.near_misses = near_misses
        by_anchor: dict[bytes, list[Cue]] = defaultdict(list)
        for cue in cues:
            for anchor in {anchor.lower() for anchor in cue.anchors}:
                by_anchor[anchor].append(cue)
        self.types = tuple(sorted({cue.type for found in by_anchor.values() for cue in found}))
        self.leet = frozenset(w for f in by_anchor.values() for cue in f for w in cue.words)
        self._cues = [sorted(found, key=_weight) for found in by_anchor.values()]
        self._weights = [{cue.group: cue.weight for cue in found} for found in self._cues]
        self._capital = [all(cue.is_capital for cue in found) for found in self._cues]
        self._strong = [found[-1].weight >= _LEAST for found in self._cues]
        self._anchors = literals.add(
            Literal(anchor, ends_word=all(cue.ends_word for cue in found))
            for anchor, found in by_anchor.items()
        )

    @property
    def longest(self) -> int:  # type: ignore[override]  # the others may be longer
        return _RIGHT + self._anchors.longest

    def prepare(self, compiler: Compiler) -> None:
        """See `Finder`."""
        self._anchors.prepare(compiler)

    def find(self, data: bytes, start: int) -> Iterable[Found]:
        """See `Finder`."""
        hits = self._anchors.hits(data, start)
        if not hits:
            return ()
        if start:
            hits = self._anchors.hits(data, max(0, start - _WINDOW))
        if not self._may_add_up(hits):
            return ()
        if len(hits) > _MOST_ALIKE:
            hits = list(_worth_a_look(sorted(hits), len(data)))
        places = self._confirmed(data, hits)
        return self._found(places, start) if places else ()

    def _may_add_up(self, hits: Iterable[Hit]) -> bool:
        """Whether the score suffices if all cues are there."""
        weights: dict[str, float] = {}
        for _, _, number in hits:
            weights.update(self._weights[number])
        return _score(weights.values()) >= _LEAST

    def _confirmed(self, data: bytes, hits: list[Hit]) -> "list[_Place]":
        """The cues that are there, in order; none when they cannot add up."""
        weak = [hit for hit in hits if not self._strong[hit[2]]]
        if not weak:
            places = self._places(data, hits)
        else:
            strong = [hit for hit in hits if self._strong[hit[2]]]
            places = self._places(data, strong) if strong else []
            if not places and not self._may_add_up(weak):
                return []
            places += self._places(data, weak)
        places.sort(key=_begin)
        return places

    def _places(self, data: bytes, hits: list[Hit]) -> "list[_Place]":
        places = []
        for begin, end, number in hits:
            if self._capital[number] and data[begin:end].islower():
                continue
            before = data[max(0, begin - _LEFT) : begin][::-1]
            for cue in self._cues[number]:
                close = cue.end(data, begin, end, before)
                if close is not None:
                    if not cue.weight:  # a reason against all others of this anchor
                        break
                    places.append(_Place(begin, close, cue))
        return places

    def _found(self, places: "list[_Place]", start: int) -> Iterator[Found]:
        last: dict[str, tuple[int, Cue]] = {}
        for begin, close, cue in places:
            before = last.get(cue.group)
            last[cue.group] = begin, cue
            if begin < start or (before and before[0] >= begin - _WINDOW):
                continue
            near = [known for place, known in last.values() if place >= begin - _WINDOW]
            near.sort(key=_rank)  # not by what was met first, which a stream may not know
            score = _score(known.weight for known in near)
            others = _score(known.weight for known in near if known is not cue)
            if score >= _LEAST and others < _MOST:
                yield Found(near[-1].type, begin, close, round(score, 2))

    def unfinished(self, data: bytes, start: int) -> int:
        """See `Finder`."""
        size = len(data)
        hits = self._anchors.hits(data, max(start, size - self.longest))
        for begin, end, number in sorted(hits) if hits else ():
            if end + _RIGHT > size and any(cue.right for cue in self._cues[number]):
                return begin
        return self._anchors.unfinished(data, start)


class _Place(NamedTuple):
    """Where a cue is, from its anchor on."""

    start: int
    end: int
    cue: Cue


def _worth_a_look(hits: list[Hit], size: int) -> Iterator[Hit]:
    """Without anchors that stand too often in a window. Raises BodyError `too_complex`."""
    starts: dict[int, deque[int]] = defaultdict(lambda: deque(maxlen=_MOST_ALIKE))
    most = _MOST_HITS + size // _BYTES_PER_HIT
    for hit in hits:
        begin, _, number = hit
        alike = starts[number]
        often = len(alike) == _MOST_ALIKE and alike[0] >= begin - _WINDOW
        alike.append(begin)
        if often:
            continue
        most -= 1
        if most < 0:
            message = "text holds too many candidates for detection; send it in parts"
            raise BodyError("too_complex", message)
        yield hit


def _begin(place: _Place) -> int:
    return place.start


def _weight(cue: Cue) -> float:
    return cue.weight


def _rank(cue: Cue) -> tuple[float, str, str]:
    return cue.weight, cue.type, cue.group


def _score(weights: Iterable[float]) -> float:
    against = 1.0
    for weight in weights:
        against *= 1 - weight
    return 1 - against
