r"""Text with escapes, of URLs (`%40`), HTML (`&#64;`, `&amp;`) and strings (`\u0040`, `\x40`)."""

import html
import re
from bisect import bisect_right
from typing import NamedTuple

from extproc.detectors.views.view import View
from extproc.model.errors import BodyError

_ESCAPES = re.compile(
    r"(?P<url>(?:%[0-9A-Fa-f]{2})++)"
    r"|(?P<number>(?:&#[0-9]{1,7};)++)"
    r"|(?P<entity>&(?:#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<string>\\(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}))"
)
_UNFINISHED = re.compile(
    r"(?:%[0-9A-Fa-f]{2})*+(?:%[0-9A-Fa-f]?)?+\Z"
    r"|&#?[A-Za-z0-9]{0,31}\Z"
    r"|\\(?:u\{?[0-9A-Fa-f]{0,6}|x[0-9A-Fa-f]?)?\Z"
)
_LONGEST = 96  # characters of the end that are looked at
_MOST = 50_000  # runs of escapes in a text

_MARKS = ("%", "&", "\\")


class _Run(NamedTuple):
    """A run of escapes: where it stands in the view and in the original, and both sizes."""

    start: int
    end: int
    outer_start: int
    outer_end: int
    kind: str


def may_hold(text: str) -> bool:
    """Whether escapes may be in `text`. Quick."""
    return "%" in text or "&" in text or "\\" in text


def _holds(text: str) -> bool:
    """Whether there is an escape in `text`. Its signs alone are far more frequent."""
    for mark in _MARKS:
        place = text.find(mark)
        while place >= 0:
            if _ESCAPES.match(text, place):
                return True
            place = text.find(mark, place + 1)
    return False


def view(text: str) -> View | None:
    """`text` with what its escapes stand for; None where it has none. Raises BodyError."""
    if not _holds(text):
        return None
    runs: list[_Run] = []
    parts: list[str] = []
    position = size = 0
    for match in _ESCAPES.finditer(text):
        kind = match.lastgroup or ""
        plain = _decoded(kind, match[0])
        start, end = match.span()
        parts += text[position:start], plain
        begin = size + start - position
        size = begin + len(plain)
        position = end
        runs.append(_Run(begin, size, start, end, kind))
        if len(runs) > _MOST:
            raise BodyError("too_complex", "text holds too many escapes; send it in parts")
    parts.append(text[position:])
    read = "".join(parts)
    return View(read, _Way(read, runs).place)


def unfinished(text: str) -> int:
    """Where an escape begins that the end of `text` may cut, or its end."""
    offset = max(0, len(text) - _LONGEST)
    match = _UNFINISHED.search(text, offset)
    return len(text) if match is None else match.start()


class _Way:
    """The way back from a view."""

    def __init__(self, text: str, runs: list[_Run]) -> None:
        self._text = text
        self._runs = runs
        self._starts = [run.start for run in runs]

    def place(self, start: int, end: int) -> tuple[int, int]:
        return self._outer(start)[0], self._outer(end - 1)[1]

    def _outer(self, index: int) -> tuple[int, int]:
        """The span of the original that the character at `index` came from."""
        position = bisect_right(self._starts, index) - 1
        if position < 0:
            return index, index + 1
        run = self._runs[position]
        if index >= run.end:
            outer = run.outer_end + index - run.end
            return outer, outer + 1
        before, own = self._text[run.start : index], self._text[index]
        start = run.outer_start + _width(run.kind, before)
        return start, min(run.outer_end, start + (_width(run.kind, own) or run.outer_end))


def _decoded(kind: str, escapes: str) -> str:
    match kind:
        case "url":
            return bytes.fromhex(escapes.replace("%", "")).decode("utf-8", "replace")
        case "number":
            return "".join(map(_character, map(int, escapes[2:-1].split(";&#"))))
        case "entity":
            return html.unescape(escapes)
    return _character(int(escapes[2:].strip("{}"), 16))


def _character(code_point: int) -> str:
    return chr(code_point) if code_point < 0x110000 else "\N{REPLACEMENT CHARACTER}"


def _width(kind: str, plain: str) -> int:
    """Characters that escapes of `plain` take."""
    match kind:
        case "url":
            return 3 * len(plain.encode("utf-8", "replace"))
        case "number":
            return sum(len(str(ord(character))) + 3 for character in plain)
    return 0
