"""The form that one event of a stream shares with the next.

Most events of an answer differ in one text only, and perhaps in members that mean nothing to it,
such as a count of the events. Once one of them has been read, the next need not be: where all its
other bytes are the same, and what stands between them is one JSON string, a parser finds the same
document with that string in it.
"""

import re
from itertools import pairwise
from typing import Any, NamedTuple

from extproc.dialects import document as json_document
from extproc.dialects.base import Channel, Delta, StreamEvent, StreamReader
from extproc.dialects.framing import Frame
from extproc.model.errors import BodyError

_FREE = rb'"[!#-\[\]-~]{0,256}"|0|[1-9][0-9]{0,5}'  # an identifier without escapes, or a count
_IS_FREE = re.compile(_FREE)
_MARK = "text-of-a-template"
_FREE_MARK: dict[type, Any] = {str: "value-of-a-free-member", int: 987654}
_LARGEST = 4096  # bytes of an event that is kept as a template


class _Form(NamedTuple):
    """The bytes before the first hole, between two, and behind the last.

    `text_at` says which hole is the text's.
    """

    start: bytes
    between: tuple[bytes, ...]
    end: bytes
    text_at: int


class Template:
    """An event with a hole for its text, and one for each free member."""

    __slots__ = ("_received", "_written", "channel", "head", "lines")

    def __init__(self, channel: Channel, frame: Frame, received: _Form, written: _Form) -> None:
        self.channel = channel
        self.lines = frame.lines
        self.head = frame.head
        self._received = received
        self._written = written  # of an event written again

    def read(self, frame: Frame) -> tuple[str, list[bytes]] | None:
        """Text and spelled values of an event, or None for one that is not of this form."""
        data, lines, head, _ = frame
        start, between, end, text_at = self._received
        if (
            data is None
            or lines != self.lines
            or head != self.head
            or not (data.startswith(start) and data.endswith(end))
        ):
            return None
        values = []
        place = len(start)
        for literal in between:
            found = data.find(literal, place)
            if found < 0:
                return None
            values.append(data[place:found])
            place = found + len(literal)
        values.append(data[place : len(data) - len(end)])
        if between and not _are_free(values, text_at):
            return None
        try:
            text = json_document.parse(values[text_at])
        except BodyError:
            return None
        # An empty text is one that readers leave out.
        return (text, values) if text and isinstance(text, str) else None

    def write(self, text: str, values: list[bytes]) -> bytes:
        """The data of an event of this form as it is written when its text has changed."""
        start, between, end, text_at = self._written
        spelled = json_document.write(text)
        if not between:  # nearly always
            return b"".join((start, spelled, end))
        values[text_at] = spelled
        pieces = [start, values[0]]
        for literal, value in zip(between, values[1:], strict=True):
            pieces += (literal, value)
        pieces.append(end)
        return b"".join(pieces)


def is_repeatable(read: StreamEvent) -> bool:
    """Whether there is nothing in an event but one text."""
    return (
        len(read.deltas) == 1
        and not read.whole.segments
        and not read.whole.skipped
        and not read.closed_scopes
        and not read.closes_all
    )


def learn(frame: Frame, read: StreamEvent, reader: StreamReader) -> Template | None:
    """The template of a repeatable event that `reader` has just read.

    The places of its text and of the reader's free members are guessed from their usual spelling
    and then proven: the event with marks there must be the same document with the marks as their
    values, and be read as such. Takes the document of `read` for its own.
    """
    data = frame.data or b""
    channel, segment = read.deltas[0]
    document = read.document
    if len(data) > _LARGEST:
        return None
    spelled = json_document.write(segment.text)
    place = data.find(spelled)
    marks = [(place, place + len(spelled), json_document.write(_MARK))]
    for name in reader.free:
        value = document.get(name)
        if value is None:
            continue
        found = re.search(rb'"%b"\s*:\s*(%b)(?=\s*[,}])' % (re.escape(name.encode()), _FREE), data)
        mark = _FREE_MARK.get(type(value))
        if found is None or mark is None:
            return None
        document[name] = mark
        marks.append((*found.span(1), json_document.write(mark)))
    marks.sort()
    text_at = next(index for index, mark in enumerate(marks) if mark[0] == place)
    document = json_document.replace(document, segment.path, _MARK)
    written = json_document.write(document)
    marked = _marked(data, marks)
    if place < 0 or marked is None or not _is_same(marked, written):
        return None
    again = reader.read(marked)
    if not is_repeatable(again) or again.deltas != [Delta(channel, segment._replace(text=_MARK))]:
        return None
    received = _form(data, [mark[:2] for mark in marks], text_at)
    places = _places(written, [mark[2] for mark in marks])
    return Template(channel, frame, received, _form(written, places, text_at)) if places else None


def _are_free(values: list[bytes], text_at: int) -> bool:
    return all(index == text_at or _IS_FREE.fullmatch(value) for index, value in enumerate(values))


def _marked(data: bytes, marks: list[tuple[int, int, bytes]]) -> bytes | None:
    """`data` with marks in their places, or None where two places overlap."""
    pieces: list[bytes] = []
    last = 0
    for start, end, mark in marks:
        if start < last:
            return None
        pieces += (data[last:start], mark)
        last = end
    return b"".join((*pieces, data[last:]))


def _places(written: bytes, marks: list[bytes]) -> list[tuple[int, int]]:
    """Where the marks stand in a document written again; none where that is not sure."""
    places, last = [], 0
    for mark in marks:
        start = written.find(mark, last)
        if start < 0 or written.count(mark) != marks.count(mark):
            return []
        last = start + len(mark)
        places.append((start, last))
    return places


def _form(data: bytes, places: list[tuple[int, int]], text_at: int) -> _Form:
    between = [data[one[1] : other[0]] for one, other in pairwise(places)]
    return _Form(data[: places[0][0]], tuple(between), data[places[-1][1] :], text_at)


def _is_same(data: bytes, written: bytes) -> bool:
    try:
        return json_document.write(json_document.parse(data)) == written
    except BodyError:
        return False
