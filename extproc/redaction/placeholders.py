"""Placeholders found again in text, whoever has rewritten them.

A model may write one in other letters, with a backslash before its underscore, in other groups, or
with characters that nobody sees in it.
"""

import re
from functools import lru_cache
from typing import NamedTuple

_UNSEEN = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\\")
_SEPARATORS = frozenset(" -_./()@:+\u00a0\u2010\u2011\u2013")
_SIGNS = re.compile(r"[\W_]+")
_ASCII_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
_MOST_SKIPPED = 4  # characters in a row


class _Node:
    """A place in the tree of all placeholders; `index` is that of the one that ends here."""

    __slots__ = ("index", "is_loose", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.index = -1
        self.is_loose = False  # whether separators may follow


class Found(NamedTuple):
    """Where a placeholder stands, and which one. -1 for one that may yet become one."""

    start: int
    end: int
    number: int


class Placeholders:
    """A set of placeholders, none of which begins with another."""

    def __init__(self) -> None:
        self._root = _Node()
        self._begin: re.Pattern[str] | None = None

    def add(self, placeholder: str, index: int) -> bool:
        """Take one more; False where it could be mistaken for one that is there."""
        spelled = folded(placeholder)
        node: _Node | None = self._root
        for character in spelled:
            node = node.next.get(character) if node is not None else None
            if node is not None and node.index >= 0:
                return False
        if node is not None:
            return False
        self._begin = None
        self._insert(placeholder, index)
        if not placeholder[0].isalnum():  # perhaps written without
            self._insert(placeholder.lstrip(placeholder[0]), index)
        return True

    def _insert(self, placeholder: str, index: int) -> None:
        node = self._root
        for place, character in enumerate(placeholder.lower()):
            if place and not character.isalnum():
                node.is_loose = True
                continue
            node = node.next.setdefault(character, _Node())
            node.is_loose = node.is_loose or character.isdecimal()
        node.index = index

    def find(self, text: str, start: int) -> Found | None:
        """The first placeholder from `start` on, or what the end of the text may begin."""
        if self._begin is None:
            self._begin = self._beginning()
        for begin in self._begin.finditer(text, start):
            found = self._walk(text, begin.start())
            if found is not None:
                return found
        return None

    def _beginning(self) -> re.Pattern[str]:
        """What every placeholder begins with: its first character, and what may follow that."""
        told = []
        for first, node in sorted(self._root.next.items()):
            following = {*node.next, *_UNSEEN, *(_SEPARATORS if node.is_loose else ())}
            others = "".join(sorted(map(re.escape, following)))
            told.append(f"{re.escape(first)}(?=[{others}]|\\Z)")
        return _beginnings("|".join(told) or "(?!)")

    def _walk(self, text: str, start: int) -> Found | None:
        node, skipped = self._root, 0
        for place in range(start, len(text)):
            character = text[place]
            step = node.next.get(character.lower())
            if step is not None:
                node, skipped = step, 0
                if node.index >= 0:
                    return Found(start, place + 1, node.index)
            elif character in _UNSEEN or (node.is_loose and character in _SEPARATORS):
                skipped += 1
                if skipped > _MOST_SKIPPED:
                    return None
            else:
                return None
        return Found(start, len(text), -1)


def folded(text: str) -> str:
    """Letters and digits in lower case: texts that could be taken for each other are equal so."""
    if text.isascii():  # nearly always, and many times as fast
        return text.encode().translate(None, _ASCII_SIGNS).decode().lower()
    return _SIGNS.sub("", text).lower()


@lru_cache(maxsize=256)  # placeholders of a style and a few types begin alike
def _beginnings(told: str) -> re.Pattern[str]:
    return re.compile(told, re.IGNORECASE)
