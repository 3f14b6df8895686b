r"""Values that a word before them tells: `SSN: …`, `"dob": "…"`, a column of a table headed `MRN`.

Hyperscan finds the words, which is nearly free; what stands behind one is read in Python, which is
rare. Patterns of word, gap and value would be too large for it.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Expression
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Finder, Found, Span

_WINDOW = 112  # bytes behind a label that are read
_CONTEXT = 2048  # bytes from the beginning of a header to the cells that it is the header of
_LONGEST_CELL = 64
_LONGEST_HEADER = 512
_MOST_COLUMNS = 16
_SHORT = 4  # letters of labels that words contain by chance

_JOINTS = re.compile(r"[ _.'\-]")
_BLANKS = (" ", "_", "-", "")
_SHORTEST_JOINED = 6  # letters of words that are written as one
_APOSTROPHES = ("'", "\u2019", "")
_DIGIT = re.compile(rb"[0-9]")
_NUMBER = re.compile(rb"(?<![A-Za-z_])[0-9]")
_SUFFIX = re.compile(r"(?:s|number|num|no|nr|code|value)?(?![A-Za-z])", re.IGNORECASE)
_CELL = {
    delimiter: re.compile(rb' *(?:"[^"]*"|[^%s]*)' % re.escape(delimiter))
    for delimiter in (b",", b";", b"\t", b"|")
}

Read = Callable[[str, str], Iterable[Span]]
"""From the key of a label and the folded text behind it, or of a cell, to the values in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Types of values that one function reads behind any of `labels`.

    A blank in a label is a blank, a hyphen, an underscore or nothing. Every value holds a digit.
    `examples` must be found and `near_misses` must not, with any type.
    """

    types: tuple[str, ...]
    labels: tuple[str, ...]
    read: Read
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]


def label_key(label: str) -> str:
    """What is the same for all spellings of a label."""
    return _JOINTS.sub("", _folded(label).lower())


class _Label(NamedTuple):
    """One spelling of a label."""

    read: Read
    key: str
    spelling: bytes

    def stands(self, data: bytes, end: int) -> bool:
        """Whether it is no part of a word where it ends at `end`; long ones may be."""
        start = end - len(self.spelling)
        short = len(self.key) <= _SHORT and self.spelling.isascii()
        return not (short and start and data[start - 1 : start].isalnum())


@dataclass(frozen=True, slots=True)
class _Header:
    """The first line of a table: where it begins and ends, and what parts its cells."""

    start: int
    end: int
    delimiter: bytes

    def column(self, data: bytes, place: int) -> int:
        return data.count(self.delimiter, self.start, place)

    def cells(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Column, start and end of the cells below, as far as the table and the context reach."""
        line = self.end + 1
        while line < min(len(data), self.start + _CONTEXT):
            end = data.find(b"\n", line)
            closed, end = end >= 0, end if end >= 0 else len(data)
            row = [(start, stop) for start, stop in self._split(data, line, end)]
            whole = data[line:end]
            if closed and not _is_rule(whole) and (len(row) == 1 or not _DIGIT.search(whole)):
                return
            for column, (start, stop) in enumerate(row):
                if start < self.start + _CONTEXT and stop - start <= _LONGEST_CELL:
                    yield column, start, stop
            line = end + 1

    def _split(self, data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        cell = _CELL[self.delimiter]
        while start <= end:
            match = cell.match(data, start, end)
            stop = match.end() if match else end
            stop = data.find(self.delimiter, stop, end)
            stop = end if stop < 0 else stop
            yield start, stop
            start = stop + 1


class LabelFinder(Finder):
    """All values that are labelled in one family."""

    context = _CONTEXT
    longest = _WINDOW + 2 * _LONGEST_CELL

    def __init__(self, family: str, labelled: Iterable[Labelled]) -> None:
        items = tuple(labelled)
        self.family = family
        self.types = tuple(dict.fromkeys(name for item in items for name in item.types))
        self.examples = tuple(text for item in items for text in item.examples)
        self.near_misses = tuple(text for item in items for text in item.near_misses)
        self._labels = [
            _Label(item.read, label_key(label), spelling)
            for item in items
            for label in item.labels
            for spelling in sorted(_spellings(label))
        ]
        self._default = {item.read: item.types[0] for item in items}
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
        hits = self._hits(data)
        if not hits:
            return []
        found: set[Found] = set()
        headers: dict[_Header, list[tuple[int, int]]] = {}
        for end, number in hits:
            header = _header(data, end)
            if header is not None:
                columns = headers.setdefault(header, [])
                if len(columns) < _MOST_COLUMNS:
                    columns.append((header.column(data, end), number))
            elif end + _WINDOW > start and _DIGIT.search(data, end, end + _WINDOW):
                found.update(self._behind(data, end, number))
        for header, columns in headers.items():
            for column, begin, end in header.cells(data):
                if end > start:
                    for labelled, number in columns:
                        if labelled == column:
                            found.update(self._read(data, begin, end, number))
        return sorted((f for f in found if f.start >= start), key=_order)

    def unfinished(self, data: bytes, start: int) -> int:
        """Behind the first label that is not read to its end, or a cell that is not closed."""
        size = len(data)
        place = size
        for end, _ in self._hits(data):
            if end + _WINDOW + _LONGEST_CELL >= size:
                place = min(place, end)
            header = _header(data, end)
            if header is not None and size < header.start + _CONTEXT + _LONGEST_CELL:
                cell = max(
                    data.rfind(header.delimiter, header.end, size),
                    data.rfind(b"\n", header.end, size),
                )
                if size - cell <= _LONGEST_CELL:
                    place = min(place, cell + 1)
        return max(start, place)

    def _hits(self, data: bytes) -> list[tuple[int, int]]:
        """Where labels end, and which they are."""
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        hits: list[tuple[int, int]] = []

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((end, number))

        self._database.scan(data, match_event_handler=on_match, scratch=scratch)
        return [hit for hit in hits if self._labels[hit[1]].stands(data, hit[0])]

    def _behind(self, data: bytes, end: int, number: int) -> Iterator[Found]:
        text = data[end : end + _WINDOW].decode("utf-8", "replace")
        suffix = _SUFFIX.match(text)
        if suffix:
            yield from self._read(data, end + suffix.end(), end + _WINDOW, number)

    def _read(self, data: bytes, start: int, end: int, number: int) -> Iterator[Found]:
        read, key, _ = self._labels[number]
        piece = data[start:end]
        text = piece.decode("utf-8", "replace")
        for span in read(key, text):
            first, last = span.start, span.end
            if not piece.isascii():
                first, last = (len(text[:place].encode()) for place in (first, last))
            yield Found(span.type or self._default[read], start + first, start + last, span.score)


def _order(found: Found) -> tuple[int, int, float, str]:
    return found.start, -found.end, -found.score, found.type


def _header(data: bytes, place: int) -> _Header | None:
    """The header of a table in which a label ends at `place`: a line of words, above a row."""
    end = data.find(b"\n", place, place + _LONGEST_HEADER)
    if end < 0:
        return None
    start = data.rfind(b"\n", max(0, place - _LONGEST_HEADER), place) + 1
    line = data[start:end]
    delimiter = max(_CELL, key=line.count)
    if delimiter not in line or _NUMBER.search(line) or (start == 0 and place > _LONGEST_HEADER):
        return None
    below = data[end + 1 : end + 1 + _LONGEST_CELL].partition(b"\n")[0]
    return _Header(start, end, delimiter) if delimiter in below or _is_rule(below) else None


def _is_rule(line: bytes) -> bool:
    """Whether it is drawn, as below the header of a table in Markdown or of a database."""
    return bool(line) and not line.strip(b"|-:+= \r")


def _spellings(label: str) -> set[bytes]:
    """Folded, and in each case where Hyperscan knows nothing of case: beyond ASCII."""
    cases = {label} if label.isascii() else {label.lower(), label.upper(), label.capitalize()}
    return {
        _folded(case.replace(" ", blank).replace("'", apostrophe)).encode()
        for case in cases
        for blank in (_BLANKS if len(label) > _SHORTEST_JOINED else _BLANKS[:-1])
        for apostrophe in _APOSTROPHES
    }


def _folded(label: str) -> str:
    return NormalText(label).data.decode()


def _literal(spelling: bytes) -> str:
    """As a pattern: other than ASCII characters as the bytes that they are."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"\\x{byte:02x}" for byte in spelling
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
