"""Tables in text, as far as finders need them: what stands in the columns below a header."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

CONTEXT = 2048  # bytes from the beginning of a header to the cells that it is the header of
LONGEST_CELL = 64
_LONGEST_HEADER = 512

_DIGIT = re.compile(rb"[0-9]")
_NUMBER = re.compile(rb"(?<![A-Za-z_])[0-9]")
_DELIMITER = re.compile(rb"[,;\t|]")
_CELL = {
    delimiter: re.compile(rb' *(?:"[^"]*"|[^%s]*)' % re.escape(delimiter))
    for delimiter in (b",", b";", b"\t", b"|")
}


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a table: where it begins and ends, and what parts its cells."""

    start: int
    end: int
    delimiter: bytes

    def column(self, data: bytes, place: int) -> int:
        """Number of the column that `place`, in the header, is in."""
        return data.count(self.delimiter, self.start, place)

    def cells(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Column, start and end of the cells below, as far as the table and the context reach."""
        line = self.end + 1
        while line < min(len(data), self.start + CONTEXT):
            end = data.find(b"\n", line)
            closed, end = end >= 0, end if end >= 0 else len(data)
            row, whole = list(self._split(data, line, end)), data[line:end]
            if closed and not _is_rule(whole) and (len(row) == 1 or not _DIGIT.search(whole)):
                return
            for column, (start, stop) in enumerate(row):
                if start < self.start + CONTEXT and stop - start <= LONGEST_CELL:
                    yield column, start, stop
            line = end + 1

    def open_cell(self, data: bytes) -> int:
        """Where the last cell begins if it may be one that counts; else the end of `data`."""
        if len(data) >= self.start + CONTEXT + LONGEST_CELL:
            return len(data)
        behind = max(data.rfind(mark, self.end) for mark in (self.delimiter, b"\n")) + 1
        return behind if len(data) - behind <= LONGEST_CELL else len(data)

    def _split(self, data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        cell = _CELL[self.delimiter]
        while start <= end:
            match = cell.match(data, start, end)
            stop = data.find(self.delimiter, match.end() if match else start, end)
            stop = end if stop < 0 else stop
            yield start, stop
            start = stop + 1


def header(data: bytes, place: int) -> Header | None:
    """The header of a table that `place` is in: a line of words, above a row."""
    end = data.find(b"\n", place, place + _LONGEST_HEADER)
    if end < 0:
        return None
    start = data.rfind(b"\n", max(0, place - _LONGEST_HEADER), place) + 1
    if (start == 0 and place > _LONGEST_HEADER) or not _DELIMITER.search(data, start, end):
        return None
    line = data[start:end]
    delimiter = max(_CELL, key=line.count)
    if _NUMBER.search(line):
        return None
    below = data[end + 1 : end + 1 + LONGEST_CELL].partition(b"\n")[0]
    return Header(start, end, delimiter) if delimiter in below or _is_rule(below) else None


def above(data: bytes, place: int) -> int:
    """Where the header of a table that `place` may be in begins at the earliest.

    Every line below a header has figures, or is drawn right below it.
    """
    line = data.rfind(b"\n", 0, place) + 1
    is_last = data.find(b"\n", place) < 0  # there is nothing below the line of `place`
    own = place if is_last else max(line, place - _LONGEST_HEADER)
    if line == 0:
        return own
    begin = data.rfind(b"\n", 0, line - 1) + 1
    previous = data[begin : line - 1]
    if not _DELIMITER.search(previous):
        return 0 if _is_rule(previous) else own
    return 0 if _DIGIT.search(previous) or _is_rule(previous) else begin


def _is_rule(line: bytes) -> bool:
    """Whether it is drawn, as below the header of a table in Markdown or of a database."""
    return bool(line) and not line.strip(b"|-:+= \r")
