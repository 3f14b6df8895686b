"""Evidence that adds up: phrases that say little each and much together."""

import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import product
from math import prod
from typing import NamedTuple

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Expression
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Finder, Found
from extproc.detectors.syntax import Atom, Choice, Node, Repeat, Sequence, parse
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

_FLAGS = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL

# Quotation marks, brackets and line ends between words count as blanks.
_BLANKS = bytes(
    byte if chr(byte).isalnum() or byte > 127 or chr(byte) in ".!?'" else 32 for byte in range(256)
)

_EDGE = r"\b"
_LAST_EDGE = r"(?:\b|\Z)"

# The notation of phrases: what its signs stand for. A phrase stays within a sentence.
_SIGNS = {
    " ": r"(?:[^\w.!?]{1,4})",
    "~": rf"[^.!?]{{0,24}}{_EDGE}",
    "~~": rf"[^.!?]{{0,60}}{_EDGE}",
    "'": r"(?:(?:'|\xe2\x80\x99|`)?)",
    "…": r"[^\n.!?]{0,48}",
    "«": r"[\x22'(\[*<\x80-\xe2]{0,4}",
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
    left: re.Pattern[bytes] | None
    right: re.Pattern[bytes] | None
    exact: bool  # upper and lower case matter

    def end(self, data: bytes, start: int, end: int) -> int | None:
        """Where the cue ends that has its anchor at `start` to `end`; None where there is none."""
        if self.exact and data[start:end].translate(_BLANKS) not in self.anchors:
            return None
        if self.left is not None and not self.left.search(data, max(0, start - _LEFT), start):
            return None
        if self.right is None:
            return end
        match = self.right.match(data, end, end + _RIGHT)
        return match and match.end()


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
        re.compile(f"(?:{_expression(left).replace(_EDGE, _LAST_EDGE)})\\Z".encode(), flags)
        if left
        else None,
        re.compile(_expression(right).encode(), flags) if right else None,
        bool(exact),
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


def _anchors(written: str, *, exact: bool) -> Iterator[bytes]:
    for literal in _strings(parse(written)):
        for apostrophe in ("'", "\u2019", "") if "'" in literal else ("",):
            form = literal.replace("'", apostrophe)
            for cased in (
                (form,) if exact else {form, form.lower(), form.capitalize(), form.upper()}
            ):
                yield NormalText(cased).data.translate(_BLANKS)


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
    ) -> None:
        self.family = family
        self.examples = examples
        self.near_misses = near_misses
        by_anchor: dict[bytes, list[Cue]] = defaultdict(list)
        for cue in cues:
            for anchor in {anchor.lower() for anchor in cue.anchors}:
                by_anchor[anchor].append(cue)
        self.types = tuple(sorted({cue.type for found in by_anchor.values() for cue in found}))
        self._anchors = Anchors(by_anchor)
        self._cues = [sorted(found, key=_weight) for found in by_anchor.values()]
        self.longest = _RIGHT + self._anchors.longest

    def find(self, data: bytes, start: int) -> Iterable[Found]:
        hits = self._anchors.hits(data, start, len(data))
        if not hits:
            return ()
        if start:
            hits = self._anchors.hits(data, max(0, start - _WINDOW), start) + hits
        weights = {cue.group: cue.weight for hit in hits for cue in self._cues[hit.number]}
        return self._found(data, hits, start) if _score(weights.values()) >= _LEAST else ()

    def _found(self, data: bytes, hits: "list[Hit]", start: int) -> Iterator[Found]:
        last: dict[str, tuple[int, Cue]] = {}
        for begin, end, number in _worth_a_look(hits, len(data)):
            for cue in self._cues[number]:
                close = cue.end(data, begin, end)
                if close is None:
                    continue
                if not cue.weight:  # a reason against all others of this anchor
                    break
                before = last.get(cue.group)
                last[cue.group] = begin, cue
                if begin < start or (before and before[0] >= begin - _WINDOW):
                    continue
                near = [known for place, known in last.values() if place >= begin - _WINDOW]
                score = _score(known.weight for known in near)
                others = _score(known.weight for known in near if known is not cue)
                if score >= _LEAST and others < _MOST:
                    strongest = max(near, key=lambda known: known.weight)
                    yield Found(strongest.type, begin, close, round(score, 2))

    def unfinished(self, data: bytes, start: int) -> int:
        size = len(data)
        for hit in self._anchors.hits(data, max(start, size - self.longest), size):
            if hit.end + _RIGHT > size and any(cue.right for cue in self._cues[hit.number]):
                return hit.start
        return self._anchors.unfinished(data, start)


def _worth_a_look(hits: "list[Hit]", size: int) -> Iterator["Hit"]:
    """Without anchors that stand too often in a window. Raises BodyError `too_complex`."""
    starts: dict[int, deque[int]] = defaultdict(lambda: deque(maxlen=_MOST_ALIKE))
    most = _MOST_HITS + size // _BYTES_PER_HIT
    for hit in hits:
        alike = starts[hit.number]
        often = len(alike) == _MOST_ALIKE and alike[0] >= hit.start - _WINDOW
        alike.append(hit.start)
        if often:
            continue
        most -= 1
        if most < 0:
            message = "text holds too many candidates for detection; send it in parts"
            raise BodyError("too_complex", message)
        yield hit


def _weight(cue: Cue) -> float:
    return cue.weight


def _score(weights: Iterable[float]) -> float:
    return 1 - prod(1 - weight for weight in weights)


class Hit(NamedTuple):
    """An anchor in a text, in bytes, end exclusive."""

    start: int
    end: int
    number: int


class Anchors:
    """Literals that begin words, all sought at once. Safe to use from several threads."""

    def __init__(self, literals: Iterable[bytes]) -> None:
        self._literals = tuple(literals)
        self.longest = max(map(len, self._literals))
        self._beginnings = {word[:size] for word in self._literals for size in range(1, len(word))}
        self._local = threading.local()

    def hits(self, data: bytes, start: int, end: int) -> list[Hit]:
        """Those that begin from `start` to `end`, in order."""
        plain = data[start : end + self.longest].translate(_BLANKS)
        found: list[Hit] = []

        def on_match(number: int, _start: int, close: int, _flags: int, _context: object) -> None:
            begin = start + close - len(self._literals[number])
            if begin < end and not _inside_word(data, begin):
                found.append(Hit(begin, start + close, number))

        self._scan(plain, on_match)
        found.sort()
        return found

    def unfinished(self, data: bytes, start: int) -> int:
        """Where a literal begins that the end of `data` may cut off."""
        tail = data[max(start, len(data) - self.longest) :].translate(_BLANKS).lower()
        for size in range(len(tail), 0, -1):
            begin = len(data) - size
            if tail[-size:] in self._beginnings and not _inside_word(data, begin):
                return begin
        return len(data)

    def _scan(self, data: bytes, on_match: Callable[..., None]) -> None:
        ready = getattr(self._local, "ready", None)
        if ready is None:
            ready = self._local.ready = self._database, hyperscan.Scratch(self._database)
        ready[0].scan(data, match_event_handler=on_match, scratch=ready[1])

    @cached_property
    def _database(self) -> hyperscan.Database:
        return IN_MEMORY.database(
            [
                Expression("".join(f"\\x{byte:02x}" for byte in literal), _FLAGS, number)
                for number, literal in enumerate(self._literals)
            ]
        )


def _inside_word(data: bytes, place: int) -> bool:
    """Whether what begins at `place` is the rest of a word; only told of Latin letters."""
    return place > 0 and data[place] < 128 and data[place - 1 : place].isalnum()
