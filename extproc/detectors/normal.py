r"""Text as detectors see it: compatibility forms folded, marks and invisible characters removed.

Every code point is folded on its own, so folding the pieces of a stream gives the same result as
folding the whole, and each folded byte knows the code point that it came from. But for one thing:
the escapes of white space, `\n` and the like, are blanks. Much text is JSON or code, where a value
that follows one would otherwise seem to begin with its letter. A letter needs to know no more than
whether a backslash stands before it, which is what a stream remembers of its text.
"""

import re
import unicodedata
from array import array

# Cyrillic and Greek letters that print like Latin ones, and the dashes of prose.
_LOOKALIKES = dict(
    zip(
        map(ord, "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧορν‐‑‒–—―−"),  # noqa: RUF001
        "ABESIJKMHOPCTYXaesijopcyxdqwABEZHIKMNOPTYXopv-------",
        strict=True,
    )
)
_WHITE_SPACE_ESCAPE = re.compile(r"\\[nrtbf]")
_INVISIBLE = frozenset({"Mn", "Me", "Cf"})  # Unicode categories: marks and format characters


_MOST_FOLDED = 1 << 15  # about 4 MiB; living scripts have fewer characters than that


class _Folding(dict[int, str]):
    """A `str.translate` table that fills itself as code points are met, up to a bound."""

    def __missing__(self, code_point: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code_point))
        visible = [part for part in decomposed if unicodedata.category(part) not in _INVISIBLE]
        folded = "".join(map(_plain, visible))
        if len(self) < _MOST_FOLDED:
            self[code_point] = folded
        return folded


def _plain(character: str) -> str:
    """Digits of any script as those of ASCII, lookalikes as what they look like."""
    digit = unicodedata.decimal(character, None)
    return _LOOKALIKES.get(ord(character), character) if digit is None else str(digit)


_FOLDING = _Folding()


class NormalText:
    """Folded text in UTF-8 with the way back to the code points of the original."""

    __slots__ = ("_known_sources", "data", "original")

    def __init__(self, original: str) -> None:
        self.original = original
        self._known_sources: array[int] | None = None  # worked out when first asked for
        seen = _WHITE_SPACE_ESCAPE.sub("  ", original) if "\\" in original else original
        if original.isascii():
            self.data = seen.encode()
        else:
            self.data = seen.translate(_FOLDING).encode("utf-8", "replace")

    def start(self, offset: int) -> int:
        """Code point of the original that the folded byte at `offset` came from."""
        if offset >= len(self.data):
            return len(self.original)
        return offset if self.original.isascii() else self._sources()[offset]

    def end(self, offset: int) -> int:
        """Code point just behind the one that the folded byte before `offset` came from."""
        if offset == 0 or self.original.isascii():
            return offset
        return self._sources()[offset - 1] + 1

    def _sources(self) -> "array[int]":
        if self._known_sources is None:
            self._known_sources = _sources(self.original)
        return self._known_sources

    def folded(self, start: int, end: int) -> str:
        """The folded bytes `start` to `end` as text."""
        return self.data[start:end].decode("utf-8", "replace")


def last_visible(text: str) -> str:
    r"""The shortest tail of `text` that folds to something, within its last 64 characters.

    It is all the left context that an assertion such as `\b` needs at the start of what follows.
    """
    if text.isascii():
        return text[-2:] if _WHITE_SPACE_ESCAPE.fullmatch(text[-2:]) else text[-1:]
    tail = text[-64:]
    for index in range(len(tail) - 1, -1, -1):
        if _FOLDING[ord(tail[index])]:
            escaped = index and _WHITE_SPACE_ESCAPE.match(tail, index - 1)
            return tail[index - 1 :] if escaped else tail[index:]
    return tail


def folded_size(text: str) -> int:
    """How many bytes `text` folds to."""
    return len(text) if text.isascii() else len(NormalText(text).data)


def _sources(original: str) -> "array[int]":
    """For each folded byte the index of its code point."""
    sources: array[int] = array("I")
    for index, character in enumerate(original):
        width = len(_FOLDING[ord(character)].encode("utf-8", "replace"))
        sources.extend((index,) * width)
    return sources
