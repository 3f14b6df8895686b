r"""Text with escapes, of URLs (`%40`), HTML (`&#64;`, `&amp;`) and strings (`\u0040`, `\x40`)."""

import html
import re
from array import array
from bisect import bisect_right
from itertools import accumulate

from extproc.detectors.views.view import View

# A run of any length has to be walked to find a place in it, so it is cut, where no character is.
_ESCAPES = re.compile(
    r"(%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2}){0,63}+(?:%[89ABab][0-9A-Fa-f])*+"
    r"|&(?:#[0-9]{1,7};(?:&#[0-9]{1,7};){0,63}+"
    r"|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)"
    r"|\\(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}))"
)
_UNFINISHED = re.compile(
    r"(?:%[0-9A-Fa-f]{2})*+(?:%[0-9A-Fa-f]?)?+\Z"
    r"|&#?[A-Za-z0-9]{0,31}\Z"
    r"|\\(?:u\{?[0-9A-Fa-f]{0,6}|x[0-9A-Fa-f]?)?\Z"
)
_LONGEST = 96  # characters of the end that are looked at

_MARKS = ("%", "&", "\\")


def may_hold(text: str) -> bool:
    """Whether escapes may be in `text`. Quick."""
    return "%" in text or "&" in text or "\\" in text


def view(text: str) -> View | None:
    """`text` with what its escapes stand for; None where it has none."""
    if _ESCAPES.search(text) is None:
        return None
    pieces = _ESCAPES.split(text)  # every second one is a run of escapes
    read = pieces.copy()
    read[1::2] = map(_Decoded().__getitem__, pieces[1::2])
    return View("".join(read), _Way(pieces, read).place)


def unfinished(text: str) -> int:
    """Where an escape begins that the end of `text` may cut, or its end."""
    offset = max(0, len(text) - _LONGEST)
    match = _UNFINISHED.search(text, offset)
    return len(text) if match is None else match.start()


class _Way:
    """The way back from a view. Pieces of the original, and what is read in each."""

    def __init__(self, pieces: list[str], read: list[str]) -> None:
        self._pieces = pieces
        self._read = read
        self._starts = array("I", accumulate(map(len, read[:-1]), initial=0))
        self._outer_starts = array("I", accumulate(map(len, pieces[:-1]), initial=0))

    def place(self, start: int, end: int) -> tuple[int, int]:
        return self._outer(start)[0], self._outer(end - 1)[1]

    def _outer(self, index: int) -> tuple[int, int]:
        """The span of the original that the character at `index` came from."""
        number = bisect_right(self._starts, index) - 1
        inner, start = index - self._starts[number], self._outer_starts[number]
        if number % 2 == 0:
            return start + inner, start + inner + 1
        piece, read = self._pieces[number], self._read[number]
        end = start + len(piece)
        start += _width(piece, read[:inner])
        return start, min(end, start + (_width(piece, read[inner]) or end))


class _Decoded(dict[str, str]):
    """What runs of escapes stand for, by the run; most are often repeated."""

    def __missing__(self, escapes: str) -> str:
        decoded = self[escapes] = _decoded(escapes)
        return decoded


def _decoded(escapes: str) -> str:
    if escapes[0] == "%":
        return bytes.fromhex(escapes.replace("%", "")).decode("utf-8", "replace")
    if escapes[0] == "\\":
        return _character(int(escapes[2:].strip("{}"), 16))
    if _is_number(escapes):
        return "".join(map(_character, map(int, escapes[2:-1].split(";&#"))))
    return html.unescape(escapes)


def _is_number(escapes: str) -> bool:
    return escapes[1] == "#" and escapes[2].isdigit()


def _character(code_point: int) -> str:
    return chr(code_point) if code_point < 0x110000 else "\N{REPLACEMENT CHARACTER}"


def _width(escapes: str, plain: str) -> int:
    """Characters that `plain` takes in a run of such escapes; 0 for one that is always alone."""
    if escapes[0] == "%":
        return 3 * len(plain.encode("utf-8", "replace"))
    if escapes[0] == "&" and _is_number(escapes):
        return sum(len(str(ord(character))) + 3 for character in plain)
    return 0
