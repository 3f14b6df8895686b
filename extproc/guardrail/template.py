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
from extproc.dialects.framing import Frame, Framing
from extproc.model.errors import BodyError

_FREE = rb'"[!#-\[\]-~]{0,256}"|0|[1-9][0-9]{0,5}'  # an identifier without escapes, or a count
_IS_FREE = re.compile(_FREE)
_MARK = "text-of-a-template"
_FREE_MARK: dict[type, Any] = {str: "value-of-a-free-member", int: 987654}
_ENDS = (b"\n\n", b"\r\n\r\n", b"\n", b"\r\n")  # behind the data of one event
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
    """An event with a hole for its text, and one for each free member.

    It is the form of a whole event where `is_whole` says so, and else that of its data.
    """

    __slots__ = ("_behind", "_received", "_written", "channel", "frame", "is_whole", "text_at")

    def __init__(
        self, channel: Channel, frame: Frame, received: _Form, written: _Form, *, is_whole: bool
    ) -> None:
        self.channel = channel
        self.frame = frame  # that it was learned from
        self.is_whole = is_whole
        self.text_at = received.text_at
        self._behind = len(received.end) - received.end.rfind(b"}")  # from the last brace on
        self._received = received
        self._written = written  # of an event written again

    def split(self, data: bytes) -> list[bytes] | None:
        """What stands in the holes, or None for an event that is not of this form.

        In the hole of the text it is anything: see `text`.
        """
        start, between, end, text_at = self._received
        if not data.startswith(start):
            return None
        if not data.endswith(end):
            data = _unpadded(data, self._behind)
            if not data.endswith(end):
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
        return values

    def write(self, values: list[bytes]) -> bytes:
        """An event of this form as it is written when its text has changed."""
        start, between, end, _ = self._written
        if not between:  # nearly always
            return b"".join((start, values[0], end))
        pieces = [start, values[0]]
        for literal, value in zip(between, values[1:], strict=True):
            pieces += (literal, value)
        pieces.append(end)
        return b"".join(pieces)


def _unpadded(data: bytes, behind: int) -> bytes:
    """Without the blanks before its last brace, by which some APIs hide the length of a text."""
    return data[:-behind].rstrip(b" ") + data[-behind:]


def text_of(spelled: bytes) -> str | None:
    """The text that is spelled in a hole, or None where no string of JSON is spelled so."""
    try:
        text = json_document.parse(b'"%b"' % spelled)
    except BodyError:
        return None
    return text if isinstance(text, str) else None


def spelling(text: str) -> bytes:
    """How a text is spelled in its hole."""
    return json_document.write(text)[1:-1]


def is_repeatable(read: StreamEvent) -> bool:
    """Whether there is nothing in an event but one text."""
    return (
        len(read.deltas) == 1
        and not read.whole.segments
        and not read.whole.skipped
        and not read.closed_scopes
        and not read.closes_all
    )


def learn(
    frame: Frame, read: StreamEvent, reader: StreamReader, framing: Framing
) -> Template | None:
    """The template of a repeatable event that `reader` has just read.

    The places of its text and of the reader's free members are guessed from their usual spelling
    and then proven: the event with marks there must be the same document with the marks as their
    values, and be read as such. Takes the document of `read` for its own.
    """
    padded = frame.data or b""
    data = _unpadded(padded, 1)
    channel, segment = read.deltas[0]
    document = read.document
    if len(data) > _LARGEST:
        return None
    spelled = spelling(segment.text)
    place = data.find(b'"%b"' % spelled) + 1
    marks = [(place, place + len(spelled), _MARK.encode())]
    for name in reader.free:
        *outer, last = name.split(".")
        holder = _member(document, outer)
        value = holder.get(last)
        if value is None:
            continue
        found = re.search(rb'"%b"\s*:\s*(%b)(?=\s*[,}])' % (re.escape(last.encode()), _FREE), data)
        mark = _FREE_MARK.get(type(value))
        if found is None or mark is None:
            return None
        holder[last] = mark
        marks.append((*found.span(1), json_document.write(mark)))
    marks.sort()
    text_at = next(index for index, mark in enumerate(marks) if mark[0] == place)
    document = json_document.replace(document, segment.path, _MARK)
    written = json_document.write(document)
    marked = _marked(data, marks)
    if not place or marked is None or not _is_same(marked, written):
        return None
    again = reader.read(marked)
    if not is_repeatable(again) or again.deltas != [Delta(channel, segment._replace(text=_MARK))]:
        return None
    encoded = framing.encode(written, frame.lines, frame.head)
    begin = encoded.find(written)
    is_whole = framing.is_literal and any(
        frame.raw == encoded[:begin] + padded + end for end in _ENDS
    )
    if is_whole:
        data, written = encoded[:begin] + data + frame.raw[begin + len(padded) :], encoded
        marks = [(start + begin, end + begin, mark) for start, end, mark in marks]
    places = _places(written, [mark[2] for mark in marks])
    if not places:
        return None
    received = _form(data, [mark[:2] for mark in marks], text_at)
    return Template(channel, frame, received, _form(written, places, text_at), is_whole=is_whole)


def _member(document: Any, path: list[str]) -> dict[str, Any]:
    """The object at `path`, an empty one where there is none."""
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


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
