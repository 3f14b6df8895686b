"""The pseudonyms of one exchange: values of its request give way to them, and come back.

While an answer is inspected a placeholder in it is one *mark*, a character of private use that no
detector takes for anything. So what is the caller's own is never redacted, nor shown to a service
that looks at the answer; at the end marks become values.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from extproc.model.errors import BodyError
from extproc.redaction.placeholders import Placeholders, folded
from extproc.redaction.styles import (
    LOOKALIKE,
    READABLE,
    SHORT,
    Candidate,
    candidates,
    normal,
)

BARE = 3
"""Stands for how many times a value is escaped: it stands outside of strings."""

MOST = 8000
"""Values of one exchange that get a pseudonym; those beyond are replaced by their type."""

MOST_LOOKALIKES = 256
"""Those of one exchange that are lookalikes; each is looked for in all of the request."""

_LEAST_KNOWN = 6  # letters and digits of a value that is looked for by itself
_FEW = 64  # beginnings of values that are sooner looked for one by one
_WORD = re.compile(r"(?<!\w)\w")
_FIRST, _LAST = 0x100000, 0x10FFFD
_MARK = re.compile("[\U00100000-\U0010fffd]")
_NO_WORD = re.compile(r"[\W_]+")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_SPELLINGS = 4  # of a value: escaped for JSON 0, 1 and 2 times, and outside of strings
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")


class Pseudonyms:
    """Placeholders and what they stand for. `key` is that of the tenant."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.placeholders = Placeholders()
        self._known: dict[tuple[str, str], str] = {}  # by type and normal spelling
        self._values: list[str] = []
        self._literals: dict[str, str] = {}  # characters of private use that are no marks of ours
        self._given: dict[str, str] = {}
        self._spellings: dict[str, dict[str, str]] = {}  # of values, by how their first word begins
        self._texts: Iterable[str] = ()
        self._said: str | None = None
        self._tags: dict[str, set[str]] = {}  # that stand behind a name in what was said
        self._lookalikes = 0

    def __bool__(self) -> bool:
        """Whether there is anything to bring back."""
        return bool(self._values)

    def begin(self, texts: Iterable[str]) -> None:
        """Take the texts of the request. What stands there as it is must mean nothing else."""
        self._texts = texts

    def replace(self, style: str, entity_type: str, value: str) -> str:
        """The placeholder of a value of the request; equal values have the same."""
        known = (entity_type, normal(entity_type, value))
        placeholder = self._known.get(known)
        if placeholder is None:
            if len(self._values) >= MOST:
                return f"[{entity_type.upper()}]"
            placeholder = self._choose(style, entity_type, value)
            self._known[known] = placeholder
            self._values.append(value)
        self._remember(value, placeholder)
        return placeholder

    def _remember(self, value: str, placeholder: str) -> None:
        for spelling in (value, json.dumps(value)[1:-1]):
            first = _WORD.search(spelling)
            if first is not None and sum(map(str.isalnum, spelling)) >= _LEAST_KNOWN:
                begin = spelling[first.start() : first.start() + _LEAST_KNOWN]
                self._spellings.setdefault(begin, {})[spelling] = placeholder

    def replace_known(self, text: str) -> str:
        """A text of the request without the values that have a placeholder by now.

        What was found once is hidden from there on, also where nothing around tells what it is.
        """
        if len(self._spellings) <= _FEW and not any(begin in text for begin in self._spellings):
            return text
        pieces: list[str] = []
        passed = 0
        for word in _WORD.finditer(text):
            begin = text[word.start() : word.start() + _LEAST_KNOWN]
            for spelling, placeholder in self._spellings.get(begin, {}).items():
                start = word.start() - spelling.index(begin)
                end = start + len(spelling)
                is_whole = (
                    not text[end : end + 1].isalnum() and text[max(start, 0) : end] == spelling
                )
                if start >= passed and is_whole:
                    pieces += text[passed:start], placeholder
                    passed = end
        return "".join((*pieces, text[passed:]))

    def hide(self, style: str, entity_type: str, value: str) -> str:
        """What stands for a value of the answer: itself where it is one of the request.

        Never a lookalike: a reader would take it for the value.
        """
        if (entity_type, normal(entity_type, value)) in self._known:
            return value
        style = READABLE if style == LOOKALIKE else style
        endless = candidates(self._key, style, entity_type, value)
        return next(each.text for each in endless if self.mark(each.text) == each.text)

    def _choose(self, style: str, entity_type: str, value: str) -> str:
        if style == LOOKALIKE and self._lookalikes >= MOST_LOOKALIKES:
            style = READABLE
        for each in candidates(self._key, style, entity_type, value):
            if not self._is_said(each) and self.placeholders.add(each.text, len(self._values)):
                self._lookalikes += each.is_lookalike
                break
        return each.text

    def _is_said(self, candidate: Candidate) -> bool:
        """Whether the request has it already. What nobody can guess is only there if it is it."""
        if candidate.is_lookalike:
            return folded(candidate.text) in self._everything_said()
        name = folded(candidate.name)
        if not name:
            return False
        tags = self._tags.get(name)
        if tags is None:
            said = re.finditer(f"{name}(?=([0-9a-f]{{{SHORT}}}))", self._everything_said())
            tags = self._tags[name] = {found[1] for found in said}
        return candidate.text[-SHORT:].lower() in tags

    def _everything_said(self) -> str:
        if self._said is None:
            self._said = folded("\0".join(map(_unescaped, self._texts)))
            self._texts = ()
        return self._said

    def mark(self, text: str) -> str:
        """A whole text with marks in the place of placeholders."""
        return "".join(piece.text for piece in Marking(self).feed(text, final=True))

    def restore(self, text: str) -> str:
        """A text with values in the place of marks."""
        return _MARK.sub(lambda mark: self._meaning(mark[0]), text)

    def restore_all(self, value: Any) -> Any:
        """A document with values in the place of marks, in names too."""
        match value:
            case str():
                return self.restore(value)
            case list():
                return [self.restore_all(item) for item in value]
            case dict():
                members: dict[str, Any] = {}
                for key, item in value.items():
                    name = self.restore(key)
                    while name in members:  # none takes the place of another
                        name += "_"
                    members[name] = self.restore_all(item)
                return members
        return value

    def _meaning(self, mark: str) -> str:
        literal = self._given.get(mark)
        if literal is not None:
            return literal
        index, spelling = divmod(ord(mark) - _FIRST, _SPELLINGS)
        if index >= len(self._values):
            return mark
        value = self._values[index]
        if spelling == BARE:
            return value if _NUMBER.fullmatch(value) else json.dumps(value)
        for _ in range(spelling):
            value = json.dumps(value, ensure_ascii=False)[1:-1]
        return value

    def _mark_of_literal(self, character: str) -> str:
        """A mark for a character that could be taken for one. Raises BodyError `too_complex`."""
        mark = self._literals.get(character)
        if mark is None:
            code_point = _LAST - len(self._literals)
            if code_point < _FIRST + _SPELLINGS * MOST:
                raise BodyError("too_complex", "text holds too many characters of private use")
            mark = self._literals[character] = chr(code_point)
            self._given[mark] = character
        return mark

    def ordinary(self, text: str) -> str:
        """A text without placeholders, in which nothing is taken for a mark of one."""
        return _MARK.sub(lambda found: self._mark_of_literal(found[0]), text)


class Marked(NamedTuple):
    """A piece of a text, and how many characters it was. `is_own` for a mark."""

    text: str
    size: int
    is_own: bool = False


class Marking:
    """Follows one text, in which placeholders become marks. It may be cut anywhere.

    `escapes` is how many times the text is escaped for JSON where it stands; one that is JSON
    itself is told by how it begins.
    """

    __slots__ = ("_escapes", "_json", "_pseudonyms", "_waiting")

    def __init__(self, pseudonyms: Pseudonyms, escapes: int = 0) -> None:
        self._pseudonyms = pseudonyms
        self._escapes = escapes
        self._json = _JsonText()
        self._waiting = ""

    @property
    def rest(self) -> str:
        """What was fed and may yet be a placeholder."""
        return self._waiting

    def feed(self, text: str, *, final: bool = False) -> list[Marked]:
        """Take the next piece; give what is known of it."""
        text, self._waiting = self._waiting + text, ""
        pieces: list[Marked] = []
        start = searched = 0
        while found := self._pseudonyms.placeholders.find(text, searched):
            if found.number < 0 and not final:
                self._pass(text[start : found.start], pieces)
                self._waiting = text[found.start :]
                return pieces
            searched = found.start + 1
            if found.number >= 0:
                self._pass(text[start : found.start], pieces)
                pieces.append(self._marked(text[found.start : found.end], found.number))
                start = searched = found.end
        self._pass(text[start:], pieces)
        return pieces

    def is_plain(self, text: str) -> bool:
        """Whether the next piece is known to pass as it is, with nothing before it that waits."""
        return not (self._waiting or has_mark(text) or self._pseudonyms.placeholders.find(text, 0))

    def follow(self, text: str) -> None:
        """Take a plain piece that has passed without `feed`."""
        self._json.follow(text)

    def _pass(self, text: str, pieces: list[Marked]) -> None:
        if text:
            self._json.follow(text)
            pieces.append(Marked(self._pseudonyms.ordinary(text), len(text)))

    def _marked(self, placeholder: str, index: int) -> Marked:
        self._json.follow(placeholder)
        spelling = self._escapes
        if spelling != BARE and self._json.is_in_string:
            spelling = min(spelling + 1, 2)
        mark = chr(_FIRST + _SPELLINGS * index + spelling)
        return Marked(mark, len(placeholder), is_own=True)


class _JsonText:
    """Whether a text is JSON, and whether its last character stands inside a string."""

    __slots__ = ("_begun", "_escape", "_is_json", "is_in_string")
    _TELLING = re.compile(r'"|\\.?', re.DOTALL)

    def __init__(self) -> None:
        self._begun = False
        self._is_json = False
        self._escape = False
        self.is_in_string = False

    def follow(self, text: str) -> None:
        """Take the next piece, which is not empty."""
        if not self._begun:
            first = text.lstrip()[:1]
            self._begun = bool(first)
            self._is_json = first in ("{", "[")
        if not self._is_json:
            return
        start, self._escape = int(self._escape), False
        for telling in self._TELLING.findall(text, start):
            if telling == '"':
                self.is_in_string = not self.is_in_string
            else:
                self._escape = len(telling) == 1


def is_own(text: str) -> bool:
    """Whether no letter and no digit of what was found is anything but the caller's own value."""
    return _MARK.search(text) is not None and _NO_WORD.fullmatch(text) is not None


def has_mark(text: str) -> bool:
    """Whether a value is to be put into a text."""
    return _MARK.search(text) is not None


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text) if "\\" in text else text
