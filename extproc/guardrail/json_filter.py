"""Redaction inside a JSON document that is itself a string, such as a tool call's arguments.

Every string in it is decoded and filtered as a text of its own, every number as a whole, and what
passes of a valid document is valid again. It may be cut anywhere, also inside an escape.
"""

import json
import re
from collections.abc import Callable, Iterable

from extproc.dialects.walk import number_text
from extproc.guardrail.filters import Context, Redaction, TextFilter
from extproc.model.values import Path
from extproc.redaction.pseudonyms import BARE, Marking, has_mark

_ORDINARY = re.compile(r'[^"\\]+')
_BARE = re.compile(r'[^"{}\[\],:\s]+')
_NUMBER = re.compile(r"-?(?P<whole>\d+)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NOTHING = "~"  # stands for a number that no detector need see
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_MAX_BARE = 512  # characters of a number that is looked at as a whole


class JsonFilter:
    """A filter for JSON text. A text that does not begin like a JSON container is filtered as is.

    What stands outside of strings is one text too, up to the next string; a value in it gives way
    to a JSON string.
    """

    def __init__(self, context: Context, path: Path, role: str) -> None:
        self._context = context
        self._path = path
        self._role = role
        self._plain: TextFilter | None = None
        self._undecided = ""  # white space before the first character that matters
        self._is_json = False
        self._string: _StringFilter | None = None
        self._outside = self._new_outside()
        self._bare = ""  # the number or word outside of strings that has not ended

    @property
    def waiting(self) -> bool:
        if self._plain is not None:
            return self._plain.waiting
        inside = self._string is not None and self._string.waiting
        return inside or self._outside.waiting or bool(self._bare or self._undecided)

    @property
    def rest(self) -> str:
        if self._plain is not None:
            return self._plain.rest
        inside = self._string.rest if self._string is not None else ""
        return self._undecided + self._outside.rest + self._bare + inside

    def feed_plain(self, text: str) -> None:
        """What is a string and what stands between is not known without reading it."""

    def look(self) -> None:
        """Everything has been."""

    def feed(self, text: str, *, final: bool = False) -> str:
        if self._context.judge.blocked():
            return ""
        if not self._is_json and self._plain is None:
            text, self._undecided = self._undecided + text, ""
            text = self._decide(text, final=final)
        if self._plain is not None:
            return self._plain.feed(text, final=final)
        return self._feed_json(text, final=final) if self._is_json else ""

    def _decide(self, text: str, *, final: bool) -> str:
        first = text.lstrip()[:1]
        if not first and not final:
            self._undecided = text
            return ""
        if first and first in '{["':
            self._is_json = True
        else:
            self._plain = TextFilter(self._context, self._path, self._role)
        return text

    def _feed_json(self, text: str, *, final: bool) -> str:
        passed: list[str] = []
        position = 0
        while position < len(text) and not self._context.judge.blocked():
            if self._string is not None:
                position = self._inside_string(text, position, passed)
            else:
                position = self._between_strings(text, position, passed)
        if self._string is not None:
            passed.append(self._string.finish() if final else "")
        else:
            passed.append(self._release_outside(final=final))
        return "".join(passed)

    def _between_strings(self, text: str, position: int, passed: list[str]) -> int:
        match = _BARE.match(text, position)
        if match is not None:
            self._bare += match[0]
            if len(self._bare) > _MAX_BARE:
                self._end_bare()
            return match.end()
        if text[position] == '"':
            passed.append(self._release_outside(final=True))
            self._outside = self._new_outside()
            self._string = _StringFilter(self._context, self._path, self._role)
            if not self._context.judge.blocked():
                passed.append('"')
        else:
            self._end_bare()
            self._outside.add(text[position], text[position])
        return position + 1

    def _new_outside(self) -> "_WrittenText":
        return _WrittenText(self._context, self._path, self._role, json.dumps, BARE)

    def _end_bare(self) -> None:
        """Hand on the number or word. A number stands or falls as a whole, sign and all."""
        bare, self._bare = self._bare, ""
        number = _NUMBER.fullmatch(bare)
        if number is None:
            self._outside.add(bare, bare)
            return
        seen = number["whole"] or number_text(bare) or _NOTHING
        self._outside.add(seen, [bare, *[""] * (len(seen) - 1)])

    def _release_outside(self, *, final: bool) -> str:
        if final:
            self._end_bare()
        return self._outside.release(final=final)

    def _inside_string(self, text: str, position: int, passed: list[str]) -> int:
        string = self._string
        assert string is not None  # noqa: S101 - the caller looked
        position, closed, released = string.feed(text, position)
        passed.append(released)
        if closed:
            passed.append(string.finish())
            if not self._context.judge.blocked():
                passed.append('"')
            self._string = None
        return position


class _WrittenText:
    """A text whose characters are written in some other way, which is kept where they pass."""

    def __init__(
        self,
        context: Context,
        path: Path,
        role: str,
        write: Callable[[str], str],
        escapes: int = 1,
    ) -> None:
        self._redaction = Redaction(context, path, role)
        restoring = context.restoring
        self._marking = Marking(restoring, escapes) if restoring is not None else None
        self._write = write  # how a replacement is written
        self._added: list[str] = []  # characters that the redaction has not been told yet
        self._written: list[str] = []  # one item for each character that has not passed
        self._origin = 0

    @property
    def waiting(self) -> bool:
        return bool(self._written)

    @property
    def rest(self) -> str:
        """What has not passed, as written."""
        return "".join(self._written)

    def add(self, text: str, written: Iterable[str]) -> None:
        """Take characters and, one item for each, how they are written."""
        self._added.append(text)
        self._written += written

    def release(self, *, final: bool = False) -> str:
        """Return, as written, what may pass of all that was added."""
        text = "".join(self._added)
        self._added.clear()
        if self._marking is not None:
            text = self._marked(self._marking, text, final=final)
        passed: list[str] = []
        origin, end = self._origin, self._origin
        for start, end, replacement in self._redaction.feed(text, final=final):
            if replacement is None:
                passed += self._written[start - origin : end - origin]
            else:
                passed.append(self._write(replacement))
        del self._written[: end - origin]
        self._origin = end
        return "".join(passed)

    def _marked(self, marking: Marking, text: str, *, final: bool) -> str:
        """The text with marks, each of which is written as itself."""
        place = len(self._written) - len(marking.rest) - len(text)
        pieces = marking.feed(text, final=final)
        for piece in pieces:
            if piece.is_own or has_mark(piece.text):
                given = self._written[place : place + piece.size] if not piece.is_own else [""]
                self._written[place : place + piece.size] = [
                    character if has_mark(character) else written
                    for character, written in zip(piece.text, given, strict=True)
                ]
            place += len(piece.text)
        return "".join(piece.text for piece in pieces)


class _StringFilter:
    """The inside of one JSON string: escapes are decoded, and kept as written where they pass."""

    def __init__(self, context: Context, path: Path, role: str) -> None:
        self._text = _WrittenText(context, path, role, _inside_quotes)
        self._escape = ""  # an escape that has not ended

    @property
    def waiting(self) -> bool:
        return bool(self._escape) or self._text.waiting

    @property
    def rest(self) -> str:
        return self._text.rest + self._escape

    def feed(self, text: str, position: int) -> tuple[int, bool, str]:
        """Read from `position` to the closing quote or the end; return where, whether, and text."""
        closed = False
        while position < len(text) and not closed:
            if self._escape:
                position = self._continue_escape(text, position)
                continue
            character = text[position]
            if character == '"':
                closed = True
            elif character == "\\":
                self._escape = character
            elif match := _ORDINARY.match(text, position):
                self._text.add(match[0], match[0])
                position = match.end()
                continue
            position += 1
        return position, closed, self._text.release()

    def finish(self) -> str:
        """The rest of the string; an escape that never ended passes as it was written."""
        if self._escape:
            self._take(self._escape, self._escape)
            self._escape = ""
        return self._text.release(final=True)

    def _take(self, written: str, decoded: str) -> None:
        """Put one escape on record: all of its spelling belongs to its first character."""
        self._text.add(decoded, [written, *[""] * (len(decoded) - 1)])

    def _continue_escape(self, text: str, position: int) -> int:
        """Add characters to the open escape until it is whole; return where reading goes on."""
        escape = self._escape + text[position]
        self._escape = ""
        if len(escape) == 2 and escape[1] != "u":
            self._take(escape, _ESCAPES.get(escape[1], escape[1]))
        elif not _UNFINISHED_ESCAPE.fullmatch(escape):
            return self._end_unicode(escape, position)
        elif len(escape) == _PAIR or (len(escape) == _SINGLE and not _is_high(escape)):
            self._take(escape, _decode(escape))
        else:
            self._escape = escape
        return position + 1

    def _end_unicode(self, escape: str, position: int) -> int:
        """`escape` has one character too many: what came before it stands alone."""
        whole = escape[:-1]
        if len(whole) > _SINGLE:  # a high surrogate and the beginning of another escape
            self._take(whole[:_SINGLE], "\ufffd")
            self._escape = whole[_SINGLE:]
        elif len(whole) == _SINGLE:
            self._take(whole, "\ufffd")
        else:
            self._take(whole, whole)
        return position


_SINGLE, _PAIR = len(r"\uD83D"), len(r"\uD83D\uDE00")
_UNFINISHED_ESCAPE = re.compile(
    r"\\u[0-9A-Fa-f]{0,4}|\\u[Dd][89ABab][0-9A-Fa-f]{2}\\(?:u(?:[Dd](?:[C-Fc-f][0-9A-Fa-f]{0,2})?)?)?"
)


def _inside_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _is_high(escape: str) -> bool:
    return 0xD800 <= int(escape[2:6], 16) < 0xDC00


def _decode(escape: str) -> str:
    units = bytes.fromhex(escape.replace(r"\u", ""))
    return units.decode("utf-16-be", "replace")
