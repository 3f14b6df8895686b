"""The form that one event of a stream shares with the next.

Most events of an answer differ in one text only. Once one of them has been read, the next need not
be: where all its other bytes are the same, and what stands between them is the inside of one JSON
string, a parser finds the same document with that string in it.
"""

import re
from typing import NamedTuple

from extproc.dialects import document as json_document
from extproc.dialects import sse
from extproc.dialects.base import Channel, Delta, StreamEvent, StreamReader
from extproc.model.errors import BodyError

_FIELD = b"data: "
_ENDS = (b"\n\n", b"\r\n\r\n")
_TOKEN = rb"[!#-\[\]-~]{0,256}"  # written without escapes, and an identifier to every reader
_IS_TOKEN = re.compile(_TOKEN)
_MARK = "text-of-a-template"
_LARGEST = 4096  # bytes of an event that is kept as a template


class _Around(NamedTuple):
    """The bytes before the text, between text and padding (empty where none is), and behind."""

    head: bytes
    middle: bytes
    foot: bytes


class Template:
    """An event with a hole for its text, and perhaps one for padding behind it."""

    __slots__ = ("_received", "_written", "channel")

    def __init__(self, channel: Channel, received: _Around, written: _Around) -> None:
        self.channel = channel
        self._received = received  # around the insides of the strings
        self._written = written  # of an event written again; around the quoted text

    def read(self, raw: bytes) -> tuple[str, bytes] | None:
        """Text and padding of an event, or None for one that is not of this form."""
        head, middle, foot = self._received
        if not (raw.startswith(head) and raw.endswith(foot)):
            return None
        end, padding = len(raw) - len(foot), b""
        if middle:
            padding_end, end = end, raw.find(middle, len(head), end)
            padding = raw[end + len(middle) : padding_end]
            if not _IS_TOKEN.fullmatch(padding):
                return None
        if end <= len(head):  # no place for a text, and none of an empty text
            return None
        try:
            return json_document.parse(raw[len(head) - 1 : end + 1]), padding
        except BodyError:
            return None

    def write(self, text: str, padding: bytes) -> bytes:
        """An event of this form as it is written when its text has changed."""
        head, middle, foot = self._written
        return b"".join((head, json_document.write(text), middle, padding, foot))


def is_repeatable(read: StreamEvent) -> bool:
    """Whether there is nothing in an event but one text."""
    return (
        len(read.deltas) == 1
        and not read.whole.segments
        and not read.whole.skipped
        and not read.closed_scopes
        and not read.closes_all
    )


def learn(event: sse.Event, read: StreamEvent, reader: StreamReader) -> Template | None:
    """The template of a repeatable event that `reader` has just read.

    The place of the text is guessed from its usual spelling and then proven: the event with a mark
    there must be the same document with the mark as its text, and be read as such. Takes the
    document of `read` for its own.
    """
    data = event.data or b""
    channel, segment = read.deltas[0]
    spelled = json_document.write(segment.text)
    end = event.raw[len(_FIELD) + len(data) :]
    known = event.raw == _FIELD + data + end and end in _ENDS and len(data) <= _LARGEST
    if not known or spelled not in data:
        return None
    head, _, rest = data.partition(spelled)
    middle, foot = _around_padding(b'"' + rest, reader.padding)
    mark = _MARK.encode()
    marked = b"".join((head, b'"', mark, middle, mark if middle else b"", foot))
    document = json_document.replace(read.document, segment.path, _MARK)
    if middle:
        document[reader.padding] = _MARK
    written = json_document.write(document)
    if not _is_same(marked, written) or written.count(mark) != 1 + bool(middle):
        return None
    again = reader.read(marked)
    if not is_repeatable(again) or again.deltas != [Delta(channel, segment._replace(text=_MARK))]:
        return None
    before, _, behind = sse.encode(written).partition(json_document.write(_MARK))
    between, _, last = behind.rpartition(mark)
    return Template(
        channel,
        _Around(_FIELD + head + b'"', middle, foot + end),
        _Around(before, between, last),
    )


def _around_padding(rest: bytes, name: str) -> tuple[bytes, bytes]:
    """What stands before the padding, quote included, and behind it; all behind for none."""
    found = re.search(rb'"%s"\s*:\s*"(%s)"' % (re.escape(name.encode()), _TOKEN), rest)
    return (rest[: found.start(1)], rest[found.end(1) :]) if name and found else (b"", rest)


def _is_same(data: bytes, written: bytes) -> bool:
    try:
        return json_document.write(json_document.parse(data)) == written
    except BodyError:
        return False
