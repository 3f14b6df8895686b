"""Text whose characters stand apart: `i g n o r e`, `1.2.3.-.4.5`."""

import re
from collections.abc import Iterator

from extproc.detectors.views.view import Decoder, Region, View

_LEAST, _MOST = 8, 384  # characters in a row
_LONGEST = 4 * _MOST  # bytes of a row
_SIGNS = rb"[ .\-_*|,/~]"
_ROW = re.compile(
    # It begins where no other letter or digit stands alone before it.
    rb"(?<![A-Za-z0-9])(?<![^A-Za-z0-9][A-Za-z0-9]%s)(?<![^A-Za-z0-9][A-Za-z0-9]%s%s)"
    rb"[A-Za-z0-9](?P<sign>%s)(?P=sign){0,2}(?!(?P=sign))[!-~](?![A-Za-z0-9])"
    rb"(?:(?P=sign){1,3}(?!(?P=sign))[!-~](?![A-Za-z0-9])){%d,%d}+"
    % (*(_SIGNS,) * 4, _LEAST - 2, _MOST - 2)
)
_OPEN = re.compile(  # of the text read backwards
    rb"(?:(?!%s)[!-~](?![A-Za-z0-9]))?(?:%s{1,3}[!-~](?![A-Za-z0-9]))*" % (_SIGNS, _SIGNS)
)
_FIRST = re.compile(rb"[A-Za-z0-9]")


class Spaced(Decoder):
    """Each row is read without the sign that stands between all characters.

    Two of them are a blank between words, and three are itself.
    """

    triggers = (r"(?:[!-~][ .\-_*|,/~]{1,3}){6}[!-~]",)

    def regions(self, data: bytes, start: int, _run: int, /) -> Iterator[Region]:
        for match in _ROW.finditer(data, start):
            row = match[0].decode("ascii")
            begin = match.start()
            yield Region(begin, match.end(), _read(row, match["sign"], begin), begin)

    def unfinished(self, data: bytes, start: int, _run: int, /) -> int:
        ending = data[-2:]
        if len(ending) == 2 and ending.isalnum():  # in the midst of a word, as most texts
            return len(data)
        match = _OPEN.match(data[: -_LONGEST - 1 : -1])
        begin = max(start, len(data) - match.end()) if match else len(data)
        first = _FIRST.search(data, begin)
        return len(data) if first is None else first.start()


def _read(row: str, sign: bytes, begin: int) -> View:
    places: list[int] = []
    text: list[str] = []
    between = sign.decode("ascii")
    gap = 0
    for index, character in enumerate(row):
        if character == between:
            gap += 1
            continue
        if gap > 1:
            places.append(index - 1)
            text.append(" " if gap == 2 else between)
        places.append(index)
        text.append(character)
        gap = 0

    def place(start: int, end: int) -> tuple[int, int]:
        return begin + places[start], begin + places[end - 1] + 1

    return View("".join(text), place)
