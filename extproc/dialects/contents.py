"""Bodies that are not one JSON document: files, JSON Lines, forms.

What a file holds is decided by its bytes: whatever is UTF-8 is read as text, or as JSON where it
is JSON, however it is declared. Only what is neither is skipped, with a reason.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from extproc.dialects import document as json_document
from extproc.dialects import multipart, ndjson, registry
from extproc.dialects.walk import TOKEN, Reading, Shape, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Path, Segment, Skipped

LINE_TYPES = ndjson.MEDIA_TYPES
SUBTITLE_TYPES = frozenset({"application/x-subrip", "application/srt"})

_MAX_LINES = 1 << 18  # an empty one costs many times its byte
_ESCAPE = re.compile(rb"\\u[0-9A-Fa-f]{4}")
_MEDIA = ("image", "audio", "video")
_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"\xff\xfb", "audio"),
    (b"\xff\xf3", "audio"),
)
_FORMS_OF_RIFF = {b"WEBP": "image", b"WAVE": "audio", b"AVI ": "video"}
_BATCH_LINE: Shape = {"custom_id": TOKEN, "method": TOKEN, "url": TOKEN}


class Body(NamedTuple):
    """A body, read. Paths of its reading lead through `document`; `write` makes bytes of it."""

    document: Any
    reading: Reading
    write: Callable[[Any], bytes]


def is_json(media_type: str) -> bool:
    """Whether a media type, in lower case and without parameters, is that of JSON."""
    return media_type == "application/json" or media_type.endswith("+json")


def read_text(content: bytes, role: str) -> Body:
    """A text. Raises BodyError `not_utf8`."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise BodyError("not_utf8", "the text is not UTF-8; send it as UTF-8") from None
    return Body(text, Reading([Segment((), text, Format.TEXT, role)] if text else []), str.encode)


def read_lines(content: bytes, role: str) -> Body:
    """JSON Lines; the body of each request of a batch is read by the dialect of its URL.

    Raises BodyError as JSON does, and `too_many_lines`.
    """
    if content.count(b"\n") > _MAX_LINES:
        message = f"the body has more than {_MAX_LINES} lines; send it in parts"
        raise BodyError("too_many_lines", message)
    values: list[Any] = []
    reading = Reading()
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip(b" \t\r"):
            continue
        try:
            value = json_document.parse(line)
            inner = _read_line(value, role)
        except BodyError as error:
            raise BodyError(error.code, f"line {number}: {error}") from None
        _add(reading, (len(values),), inner)
        values.append(value)
    end = b"\n" if content.endswith(b"\n") else b""
    return Body(values, reading, lambda lines: b"\n".join(map(json_document.write, lines)) + end)


def _read_line(value: Any, role: str) -> Reading:
    match value:
        case {"method": str(method), "url": str(url), "body": dict(body)}:
            reading = read({**value, "body": None}, _BATCH_LINE, role)
            _add(reading, ("body",), registry.find(method, url).request(body))
            return reading
    return read(value, None, role)


def read_file(content: bytes, media_type: str, role: str) -> Body:
    """What a file holds. The media type is in lower case and without parameters, or "".

    Raises BodyError `not_utf8` for what is declared as text, and as JSON does for what is JSON for
    some parsers only.
    """
    if is_json(media_type) and content:
        document = json_document.parse(content)
        return Body(document, read(document, None, role), json_document.write)
    if media_type in LINE_TYPES:
        return read_lines(content, role)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        if media_type.startswith("text/") or media_type in SUBTITLE_TYPES:
            raise BodyError("not_utf8", "a text is not UTF-8; send it as UTF-8") from None
        skipped = Skipped((), _kind(content, media_type))
        return Body(content, Reading(skipped=[skipped]), _as_it_is)
    if text.lstrip("\ufeff \t\r\n\0").startswith(("{", "[")):
        try:
            return read_lines(content, role) if _is_lines(content) else _read_json(content, role)
        except BodyError as error:
            # Others may read as JSON what is none for us: then escapes would hide its text, or the
            # zero bytes of UTF-16.
            if error.code != "invalid_json" or "\0" in text or _ESCAPE.search(content):
                raise
    return read_text(content, role)


def _is_lines(content: bytes) -> bool:
    """Whether the first line with something in it is a JSON document by itself."""
    first = content.lstrip(b" \t\r\n").partition(b"\n")[0]
    try:
        json_document.parse(first)
    except BodyError as error:
        return error.code == "duplicate_key"
    return True


def _read_json(content: bytes, role: str) -> Body:
    document = json_document.parse(content)
    return Body(document, read(document, None, role), json_document.write)


def _as_it_is(content: bytes) -> bytes:
    return content


def _kind(content: bytes, media_type: str) -> str:
    """Why a file is not scanned."""
    declared = media_type.partition("/")[0]
    if declared in _MEDIA:
        return declared
    if content.startswith(b"RIFF"):
        return _FORMS_OF_RIFF.get(content[8:12], "file")
    return next((kind for sign, kind in _SIGNS if content.startswith(sign)), "file")


def read_form(content: bytes, content_type: str, role: str) -> Body:
    """A form: names, fields and files. `content_type` is the header of the body.

    Raises BodyError `invalid_multipart`, `charset`, and what reading a file raises.
    """
    bound = multipart.boundary(content_type)
    parts = multipart.parse(content, bound)
    bodies: list[Body] = []
    document: list[dict[str, Any]] = []
    reading = Reading()
    for index, part in enumerate(parts):
        media_type = part.content_type.partition(";")[0].strip().lower()
        if part.filename is None and not media_type:
            media_type = "text/plain"  # RFC 7578, 4.4
        body = read_file(part.content, media_type, role)
        bodies.append(body)
        document.append({"name": part.name, "filename": part.filename, "content": body.document})
        for key in ("name", "filename"):
            if text := document[index][key]:
                reading.segments.append(Segment((index, key), text, Format.TEXT, role))
        _add(reading, (index, "content"), body.reading)

    def write(document: list[dict[str, Any]]) -> bytes:
        written = [
            part._replace(
                name=new["name"], filename=new["filename"], content=body.write(new["content"])
            )
            for part, body, new in zip(parts, bodies, document, strict=True)
        ]
        return multipart.write(written, bound)

    return Body(document, reading, write)


def _add(reading: Reading, place: Path, inner: Reading) -> None:
    """Take into `reading` what was read of the value at `place`."""
    reading.segments += [s._replace(path=place + s.path) for s in inner.segments]
    reading.skipped += [s._replace(path=place + s.path) for s in inner.skipped]
