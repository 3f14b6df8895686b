"""Forms: `multipart/form-data` in and out (RFC 7578), so strict that every parser reads the same.

What two parsers could read differently is refused: text before the first or after the last
boundary, a boundary that also stands inside a part, bare line feeds, folded or unknown headers,
backslashes and extended parameters, other transfer encodings than none. A form that was not
changed is never written again; one that was keeps its boundary and the order of its parts.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from extproc.model.errors import BodyError

MEDIA_TYPE = "multipart/form-data"

_MAX_PARTS = 1024
_MAX_HEAD = 16 << 10  # bytes of the headers of one part
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_./:=?-]{1,70}")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*({_WORD})=(?:"([^"\\\r\n\0]*)"|({_WORD}))')
_VALUE = re.compile(rf"({_WORD}(?:/{_WORD})?)((?:{_PARAMETER.pattern})*)[ \t]*;?[ \t]*")
_LINE = re.compile(rf"({_WORD}):[ \t]*([^\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]*)")
_PLAIN_ENCODINGS = ("7bit", "8bit", "binary")
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "%5C", "\0": "%00"})


class Part(NamedTuple):
    """One part of a form. `content_type` is its header as it came, "" where it has none.

    Names are as a server understands them; how they were written is in `written`.
    """

    name: str
    filename: str | None
    content_type: str
    content: bytes
    written: tuple[str, str | None]


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A header's value in lower case, and its parameters. Raises BodyError `invalid_multipart`."""
    match = _VALUE.fullmatch(value)
    if match is None:
        raise _invalid('a header cannot be read in one way only; write `name="value"` plainly')
    found: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall(match[2]):
        if name.lower() in found or "*" in name:
            raise _invalid("a header has a parameter twice or an extended one; send it plainly")
        found[name.lower()] = quoted or token
    return match[1].lower(), found


def boundary(content_type: str) -> bytes:
    """The boundary that the header of a form names. Raises BodyError `invalid_multipart`."""
    named, found = parameters(content_type.strip())
    if named != MEDIA_TYPE or _BOUNDARY.fullmatch(found.get("boundary", "")) is None:
        raise _invalid("its header names no plain boundary; send boundary=LETTERS-AND-DIGITS")
    return found["boundary"].encode()


def parse(body: bytes, bound: bytes) -> list[Part]:
    """The parts of a form. Raises BodyError `invalid_multipart` or `charset`."""
    mark = b"--" + bound
    marks = body.count(mark)
    if marks > _MAX_PARTS + 1:
        raise _invalid(f"it has more than {_MAX_PARTS} parts; send fewer")
    first, *pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if first or not pieces:
        raise _invalid("it does not begin with its boundary; send nothing before it")
    if marks != len(pieces):
        raise _invalid("its boundary stands inside a part; choose another one")
    if pieces.pop() not in (b"--", b"--\r\n"):
        raise _invalid("it does not end with its last boundary; send it whole, and nothing behind")
    return [_part(piece) for piece in pieces]


def write(parts: list[Part], bound: bytes) -> bytes:
    """The bytes of a form that was changed.

    Raises BodyError `invalid_multipart` where a part now holds the boundary.
    """
    mark = b"--" + bound
    pieces: list[bytes] = []
    for part in parts:
        head, content = _head(part), part.content
        if mark in head or mark in content:
            raise _invalid("its boundary would stand inside a part; choose another one")
        pieces.append(mark + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(pieces) + mark + b"--\r\n"


def _part(piece: bytes) -> Part:
    head, end, content = piece.partition(b"\r\n\r\n")
    if not (end and head.startswith(b"\r\n")) or len(head) > _MAX_HEAD:
        raise _invalid("a part has no head, or a large one; send plain headers and an empty line")
    headers = _headers(head[2:])
    disposition, names = parameters(headers.pop("content-disposition", ""))
    if disposition != "form-data" or not {"name"} <= names.keys() <= {"name", "filename"}:
        message = 'a part is not named plainly; send `form-data; name="…"; filename="…"`'
        raise _invalid(message)
    content_type = headers.pop("content-type", "")
    _check_readable(content_type)
    if headers.pop("content-transfer-encoding", "binary").lower() not in _PLAIN_ENCODINGS:
        raise _invalid("a part has a content-transfer-encoding; send it as it is")
    if headers.pop("content-length", str(len(content))) != str(len(content)):
        raise _invalid("a part is not as long as it says; leave out its content-length")
    if headers or names["name"] == "_charset_":
        raise _invalid("a part has a header or field that changes how it is read; leave it out")
    filename = names.get("filename")
    plain = None if filename is None else unquote(filename)
    return Part(unquote(names["name"]), plain, content_type, content, (names["name"], filename))


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise _invalid("the headers of a part are not UTF-8; send them as UTF-8") from None
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or match[1].lower() in headers:
            raise _invalid("a part has an unusual header; send each once, in one line")
        headers[match[1].lower()] = match[2].rstrip(" \t")
    return headers


def _check_readable(content_type: str) -> None:
    if not content_type:
        return
    media_type, found = parameters(content_type)
    if media_type.startswith("multipart/"):
        raise _invalid("a part holds parts itself; send them one by one")
    if found.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise BodyError("charset", "a part is not declared as UTF-8; send charset=utf-8")


def _head(part: Part) -> bytes:
    name, filename = part.written
    if unquote(name) != part.name:
        name = part.name.translate(_ESCAPES)
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if part.filename is not None:
        if filename is None or unquote(filename) != part.filename:
            filename = part.filename.translate(_ESCAPES)
        disposition += f'; filename="{filename}"'
    lines = [disposition]
    if part.content_type:
        lines.append(f"Content-Type: {part.content_type}")
    return "\r\n".join(lines).encode()


def _invalid(what: str) -> BodyError:
    return BodyError("invalid_multipart", f"the form cannot be read: {what}")
