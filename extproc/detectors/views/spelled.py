"""Digits that are written as words: `four one one one …`."""

import re
from collections.abc import Iterator

from extproc.detectors.views.view import CONTEXT, Decoder, Region, View

_DIGITS = (
    "zero null cero nul oh",
    "one eins ein un uno um une",
    "two zwei zwo deux dos due dois",
    "three drei trois tres tre",
    "four vier quatre cuatro quattro quatro",
    "five funf fuenf cinq cinco cinque vijf",
    "six sechs seis sei zes",
    "seven sieben sept siete sette sete zeven",
    "eight acht huit ocho otto oito",
    "nine neun neuf nueve nove negen",
)
_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SIGNS = {"dash": "-", "hyphen": "-", "minus": "-", "dot": ".", "point": ".", "space": " "}

_WORDS = (
    {word: str(digit) for digit, words in enumerate(_DIGITS) for word in words.split()}
    | {word: str(number) for number, word in enumerate(_TEENS, 10)}
    | {word: f"{tens}0" for tens, word in enumerate(_TENS, 2)}
    | _SIGNS
)
_LEAST, _MOST = 7, 40  # words and digits in a row
_LONGEST = 400  # bytes of a row

_ANY = "|".join(sorted(_WORDS, key=len, reverse=True))
_TOKEN = re.compile(rf"{_ANY}|[0-9]+", re.IGNORECASE)
_BETWEEN = r"[ ,.\-\n]{1,3}"
_FIRST_LETTERS = "".join(sorted({word[0] for word in _WORDS}))
_ROW = re.compile(  # of text in lower case, which takes a third of the time
    rf"(?<![a-z0-9])(?=[0-9{_FIRST_LETTERS}])(?:{_ANY}|[0-9])"
    rf"(?:{_BETWEEN}(?:{_ANY}|[0-9])(?![a-z0-9])){{{_LEAST - 1},{_MOST - 1}}}+".encode()
)
# Two of the longer words: the short ones are dear to look for.
_LONG = [word for word in _WORDS if len(word) > 2]
_ANY_LONG = "|".join(_LONG)
_PULLED = re.compile(rf"(?:{_ANY_LONG}){_BETWEEN}(?:{_ANY_LONG})".encode())
_BACKWARD = "|".join(word[::-1] for word in sorted(_WORDS, key=len, reverse=True))
_BEHIND = re.compile(rf"(?<![A-Za-z0-9])(?:{_ANY}|[0-9]){_BETWEEN}\Z".encode(), re.IGNORECASE)
_FIRST = r"(?:(?:[A-Za-z]{0,9}|[0-9])(?![A-Za-z0-9]))?"
_LAST_TWO = re.compile(  # also of the text read backwards: nearly all are no numbers
    rf"({_FIRST})(?:{_BETWEEN}([A-Za-z]{{1,9}}|[0-9])(?![A-Za-z0-9]))?".encode()
)
_REVERSED = frozenset(word[::-1].encode() for word in (*_WORDS, *"0123456789"))
_OPEN = re.compile(  # of the text read backwards
    rf"{_FIRST}(?:{_BETWEEN}(?:{_BACKWARD}|[0-9])(?![A-Za-z0-9]))*".encode(), re.IGNORECASE
)


class Spelled(Decoder):
    """Each row of words and single digits is read as the digits that it says."""

    # Hyperscan finds many words at once, but looks at every byte for a pattern with all of them.
    triggers = tuple(rf"(?i){word}{_BETWEEN}(?:{_ANY_LONG})" for word in _LONG)

    def regions(self, data: bytes, start: int, _run: int, /) -> Iterator[Region]:
        left = max(0, start - 1)
        for match in _ROW.finditer(data[left:].lower(), start - left):
            row, begin = match[0], left + match.start()
            if not _PULLED.search(row) or _BEHIND.search(data[max(0, begin - CONTEXT) : begin]):
                continue
            view = _read(row.decode("ascii"), begin)
            if view is not None:
                yield Region(begin, begin + len(row), view, begin)

    def unfinished(self, data: bytes, start: int, _run: int, /) -> int:
        backward = data[: -_LONGEST - 1 : -1]
        match = _LAST_TWO.match(backward)
        if match and (match[2] is None or match[2].lower() not in _REVERSED):
            return max(start, len(data) - match.end(1))
        match = _OPEN.match(backward)
        return max(start, len(data) - match.end()) if match else len(data)


def _read(row: str, begin: int) -> View | None:
    """`forty one` is 41; what stands between words stays where it is more than a blank."""
    places: list[tuple[int, int]] = []
    digits = ""
    behind, was_tens = 0, False
    for match in _TOKEN.finditer(row):
        said = _WORDS.get(match[0].lower(), match[0])
        between = row[behind : match.start()].strip()
        if was_tens and len(said) == 1 and said in "123456789" and not between.strip("-"):
            digits = digits[:-1] + said
            places[-1] = (places[-1][0], match.end())
        else:
            if between and behind:
                digits += between[0]
                places.append((behind, match.start()))
            digits += said
            places += [match.span()] * len(said)
        was_tens = match[0].lower() in _TENS
        behind = match.end()
    if sum(map(str.isdigit, digits)) < _LEAST:
        return None

    def place(start: int, end: int) -> tuple[int, int]:
        return begin + places[start][0], begin + places[end - 1][1]

    return View(digits, place)
