r"""Values that a word beside them tells: `SSN: …`, `"dob": "…"`, `… is my NPI`, a column `MRN`.

Hyperscan finds the words, which is nearly free; what stands beside one is read in Python, which is
rare. Patterns of word, gap and value would be too large for it.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import hyperscan

from extproc.detectors import tables
from extproc.detectors.compiler import IN_MEMORY, Expression
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Finder, Found, Span

_WINDOW = 112  # bytes behind a label that are read
_BEFORE_DIGIT = 48  # bytes of a value before its first digit, or of one without
_PAST_NEXT = 40  # of them behind the next label that the same function reads
_REMEMBERED = _WINDOW + 2 * tables.LONGEST_CELL
_MOST_COLUMNS = 16
_SHORT = 4  # letters of labels that words contain by chance
_SHORTEST_JOINED = 6  # letters of words that are written as one
_BLANKS = (" ", "_", "-", "")
_APOSTROPHES = ("'", "\u2019", "")

_JOINTS = re.compile(r"[ _.'\-]")
_DIGIT = re.compile(rb"[0-9]")
_SUFFIX = re.compile(rb"(?:s|number|num|no|nr|code|value)(?![A-Za-z])", re.IGNORECASE)
_BEFORE_LABELS = (b" ", b"(", b"[")

# A value before its label: `1234567893 is my NPI`, `1234567893 (NPI)`. One word, so that little
# waits in a stream for a label that does not come.
_WORD = rb"(?:[A-Za-z]{1,5}-?)?[0-9][A-Za-z0-9./+\-]{3,20}"
_BEFORE = re.compile(
    rb"(?<![A-Za-z0-9])(%s)(?: ?[(\[]| (?:is|was|as) (?:my|his|her|our|their|your|the|a) )\Z"
    % _WORD
)
_MAYBE_BEFORE = re.compile(
    rb"%s(?: ?[(\[][A-Za-z '.\-]{0,40}| (?:i|w|a|wa)?| (?:is|was|as)(?: [A-Za-z '.\-]{0,48})?)?\Z"
    % _WORD
)
_REACH = 48  # bytes of a value and what stands between it and its label
_LONGEST_LABEL = 40  # that values stand before

Read = Callable[[str, str], Iterable[Span]]
"""From the key of a label and the folded text behind it, or of a cell, to the values in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Types of values that one function reads beside any of `labels`.

    A blank in a label is a blank, a hyphen, an underscore or nothing. With `digits` every value
    holds one.
    `examples` must be found and `near_misses` must not, with any type of the family.
    """

    types: tuple[str, ...]
    labels: tuple[str, ...]
    read: Read
    digits: bool = True
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]


def label_key(label: str) -> str:
    """What is the same for all spellings of a label."""
    return _JOINTS.sub("", _folded(label).lower())


class _Label(NamedTuple):
    """One spelling of a label."""

    labelled: Labelled
    key: str
    spelling: bytes

    def stands(self, data: bytes, end: int) -> bool:
        """Whether it is no part of a word where it ends at `end`; long ones may be."""
        start = end - len(self.spelling)
        short = len(self.key) <= _SHORT and self.spelling.isascii()
        return not (short and start and data[start - 1 : start].isalnum())

    def read(self, piece: bytes) -> Iterator[Found]:
        """The values in what stands beside it."""
        text = piece.decode("utf-8", "replace")
        for span in self.labelled.read(self.key, text):
            first, last = span.start, span.end
            if not piece.isascii():
                first, last = (len(text[:place].encode()) for place in (first, last))
            name = span.type or self.labelled.types[0]
            yield Found(name, first, last, span.score)


_Hit = tuple[int, _Label]


class LabelFinder(Finder):
    """All values that are labelled in one family."""

    context = tables.CONTEXT
    longest = _REMEMBERED

    def __init__(self, family: str, labelled: Iterable[Labelled]) -> None:
        items = tuple(labelled)
        self.family = family
        self.types = tuple(dict.fromkeys(name for item in items for name in item.types))
        self.examples = tuple(text for item in items for text in item.examples)
        self.near_misses = tuple(text for item in items for text in item.near_misses)
        self._labels = [
            _Label(item, label_key(label), spelling)
            for item in items
            for label in item.labels
            for spelling in sorted(_spellings(label))
        ]
        self._local = threading.local()

    @cached_property
    def _database(self) -> hyperscan.Database:
        return IN_MEMORY.database(
            [
                Expression(_literal(label.spelling), hyperscan.HS_FLAG_CASELESS, number)
                for number, label in enumerate(self._labels)
            ]
        )

    def find(self, data: bytes, start: int) -> list[Found]:
        """What begins at `start` or later, in order."""
        hits = self._hits(data, start)
        if not hits:
            return []
        reading = _Reading(data)
        found: set[Found] = set()
        headers: dict[tables.Header, list[tuple[int, _Label]]] = {}
        following: dict[int, int] = {}  # by what reads it, where the next label ends
        for end, label in reversed(hits):
            stop = min(end + _WINDOW, following.get(id(label.labelled), len(data)) + _PAST_NEXT)
            following[id(label.labelled)] = end
            header = tables.header(data, end)
            if header is None:
                if end + _WINDOW > start:
                    found.update(reading.beside(end, stop, label))
                continue
            columns = headers.setdefault(header, [])
            if len(columns) < _MOST_COLUMNS:
                columns.append((header.column(data, end), label))
        for header, columns in headers.items():
            found.update(reading.below(header, columns))
        return sorted((value for value in found if value.start >= start), key=_order)

    def unfinished(self, data: bytes, start: int) -> int:
        """A value whose label may follow, behind a label, or a cell that is not closed."""
        size = len(data)
        tail = max(start, size - _REACH - _LONGEST_LABEL)
        value = _DIGIT.search(data, tail) and _MAYBE_BEFORE.search(data, tail)
        place = value.start() if value else size
        for end, label in self._hits(data, start):
            if end + _WINDOW + tables.LONGEST_CELL >= size:
                digit = _DIGIT.search(data, end) if label.labelled.digits else None
                reached = digit.start() if digit else size
                place = min(place, max(end, reached - _BEFORE_DIGIT))
            header = tables.header(data, end)
            if header is not None:
                place = min(place, header.open_cell(data))
        return max(start, place)

    def _hits(self, data: bytes, start: int) -> list[_Hit]:
        """Where labels end that matter for what begins at `start`, and which they are."""
        known: tuple[bytes, int, list[_Hit]] | None = getattr(self._local, "known", None)
        if known is not None and known[1] == start and known[0] == data:
            return known[2]
        hits = self._ends(data, _labels_from(data, start))
        if len(data) <= 2 * tables.CONTEXT:
            self._local.known = data, start, hits
        return hits

    def _ends(self, data: bytes, start: int) -> list[_Hit]:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        ends: list[tuple[int, int]] = []

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends.append((start + end, number))

        piece = data[start:] if start else data
        self._database.scan(piece, match_event_handler=on_match, scratch=scratch)
        labels = self._labels
        return [(end, labels[number]) for end, number in ends if labels[number].stands(data, end)]


def _labels_from(data: bytes, start: int) -> int:
    """From where on labels matter for what begins at `start`: those of tables are far away."""
    if start <= _REMEMBERED:
        return 0
    above = tables.above(data, start)
    return max(0, min(above, start - _REMEMBERED))


class _Reading:
    """One text being read, which remembers what it has read: crafted text repeats itself."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[tuple[int, str, bytes], list[Found]] = {}

    def beside(self, end: int, stop: int, label: _Label) -> Iterator[Found]:
        """The values behind a label that ends at `end`, or the one before it."""
        data = self._data
        if data[end : end + 1].isalpha():
            suffix = _SUFFIX.match(data, end)
            if suffix is None:
                return
            behind = suffix.end()
        else:
            behind = end
        if not label.labelled.digits or _DIGIT.search(data, behind, stop):
            yield from self._read(behind, stop, label)
        begin = end - len(label.spelling)
        if data[begin - 1 : begin] in _BEFORE_LABELS and len(label.spelling) <= _LONGEST_LABEL:
            before = _BEFORE.search(data, max(0, begin - _REACH), begin)
            if before is not None:
                found = self._read(*before.span(1), label)
                yield from (value for value in found if value.end == before.end(1))

    def below(self, header: tables.Header, columns: list[tuple[int, _Label]]) -> Iterator[Found]:
        """The values in the columns of a table that are labelled."""
        for column, start, end in header.cells(self._data):
            for labelled, label in columns:
                if labelled == column:
                    yield from self._read(start, end, label)

    def _read(self, start: int, end: int, label: _Label) -> Iterator[Found]:
        piece = self._data[start:end]
        key = (id(label.labelled), label.key, piece)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = list(label.read(piece))
        for found in known:
            yield found._replace(start=start + found.start, end=start + found.end)


def _order(found: Found) -> tuple[int, int, float, str]:
    return found.start, -found.end, -found.score, found.type


def _spellings(label: str) -> set[bytes]:
    """Folded, and in each case where Hyperscan knows nothing of case: beyond ASCII."""
    cases = {label} if label.isascii() else {label.lower(), label.upper(), label.capitalize()}
    return {
        _folded(case.replace(" ", blank).replace("'", apostrophe)).encode()
        for case in cases
        for blank in (_BLANKS if len(label) >= _SHORTEST_JOINED else _BLANKS[:-1])
        for apostrophe in _APOSTROPHES
    }


def _folded(label: str) -> str:
    return NormalText(label).data.decode()


def _literal(spelling: bytes) -> str:
    """As a pattern: other than letters and digits as the bytes that they are."""
    return "".join(
        chr(byte) if byte < 0x80 and chr(byte).isalnum() else f"\\x{byte:02x}" for byte in spelling
    )


_LIST = re.compile(r"[\s,;/&|\"'\]\[]{1,6}(?:(?:and|or|und|et|y|e) )?")


def listed(expression: "re.Pattern[str]", text: str, farthest: int) -> Iterator["re.Match[str]"]:
    """The first match within `farthest` characters, and those that follow it as in a list."""
    match = expression.search(text)
    if match is None or match.start() > farthest:
        return
    yield match
    while (between := _LIST.match(text, match.end())) is not None:
        match = expression.match(text, between.end())
        if match is None:
            return
        yield match
