"""A proof, made once for a set of patterns, that ordinary text need not be scanned.

Most tokens of an answer are letters, blanks and commas, and say nothing to any detector. `Quiet`
derives from the patterns which text is such that all that is unfinished in it is its last word:

- *word* bytes W: some pattern begins with any number of them (an address with its local part), so
  every run of them at the end of a text is the beginning of a match. Digits are left out, since
  with them short words match already.
- *gap* bytes G: no match begins with one.
- *contexts*: the word bytes that can stand before the first gap byte of a match, at most three.

Where a text holds only W and G, and no gap follows a context, no match and no beginning of one
holds a gap byte: its first one would follow a context, or be its first byte. So all of them lie
inside words, and words shorter than the shortest match in W hold none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from extproc.detectors.recognizer import Recognizer
from extproc.detectors.syntax import Assertion, Atom, Choice, Node, Repeat, Sequence, parse

_Bytes = frozenset[int]
_Context = tuple[_Bytes, ...]

_ALL = bytes(range(256))
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
_DIGITS = frozenset(b"0123456789")
_REACH = 3  # bytes of a context
_LONGEST_WORD = 64
_LONGEST_TEXT = 256  # beyond it a scan is as quick
_NOWHERE = float("inf")


@dataclass(frozen=True, slots=True)
class _Pattern:
    recognizer: Recognizer
    tree: Node
    flags: re.RegexFlag


class Quiet:
    """What `recognizers` make of ordinary text."""

    def __init__(self, recognizers: Iterable[Recognizer]) -> None:
        patterns = [
            _Pattern(r, parse(pattern), re.IGNORECASE if r.caseless else re.NOFLAG)
            for r in recognizers
            for pattern in r.patterns
        ]
        word, longest = max(map(_leading_run, patterns), key=_size, default=(frozenset(), 0))
        contexts: dict[int, set[_Context]] = {byte: set() for byte in _ALL if byte not in word}
        for pattern in patterns:
            _Walk(word, contexts, pattern.flags).visit(pattern.tree, frozenset({()}))
        gaps = frozenset(b for b, found in contexts.items() if not _anywhere(found, word))
        before = {context for byte in gaps for context in contexts[byte]}
        shortest = min((_shortest(p.tree, word, p.flags) for p in patterns), default=_NOWHERE)
        most = int(min(shortest - 1, longest, _LONGEST_WORD))
        word = word if most else frozenset()
        self._text = re.compile(_expression(word, gaps, before, most))
        plain = _expression(word & _PLAIN, gaps & _PLAIN, before, most)
        self._plain_text = re.compile(plain.decode("ascii"))

    def last_word(self, data: bytes) -> int | None:
        """Offset of the only thing in `data` that is unfinished, its end if nothing is.

        None where that is not known. Otherwise `data` holds no match either.
        """
        match = self._text.fullmatch(data) if len(data) <= _LONGEST_TEXT else None
        return None if match is None else match.start(1)

    def last_plain_word(self, text: str) -> int | None:
        """The same for text that JSON writes as it is: ASCII, and nothing that is escaped."""
        match = self._plain_text.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
        return None if match is None else match.start(1)


def _expression(word: _Bytes, gaps: Iterable[int], before: set[_Context], most: int) -> bytes:
    gap = b"%s*+" % _class(gaps)
    if not word:
        return b"%s()" % gap
    run = b"%s{1,%d}+" % (_class(word), most)
    barred = b"".join(b"(?<!%s)" % b"".join(map(_class, context)) for context in before)
    return b"%s(?:%s%s%s+)*+((?:%s)?)" % (gap, run, barred, _class(gaps), run)


def _class(members: Iterable[int]) -> bytes:
    escaped = b"".join(b"\\x%02x" % byte for byte in sorted(members))
    return b"[%s]" % escaped if escaped else rb"[^\s\S]"


# What Python reads as Hyperscan does: no POSIX classes, no escapes of letters but these, and none
# of the doubled characters that Python keeps for set operations.
_SHARED = re.compile(
    r"\[?(?:\\[dDsSwW]|\\x[0-9A-Fa-f]{2}|\\[^0-9A-Za-z]|([-&~|])(?!\1)|[^-&~|\\\[])+"
)


@lru_cache(maxsize=1024)
def _bytes(source: str, flags: re.RegexFlag) -> _Bytes:
    """What an atom matches, or every byte where that is not known."""
    if not _SHARED.fullmatch(source):
        return frozenset(_ALL)
    return frozenset(b"".join(re.findall(source.encode("ascii"), _ALL, flags | re.DOTALL)))


def _size(run: tuple[_Bytes, int]) -> int:
    return len(run[0])


def _leading_run(pattern: _Pattern) -> tuple[_Bytes, int]:
    """Bytes of which any number begins a match wherever it stands, and how many at most."""
    tree, recognizer = pattern.tree, pattern.recognizer
    match tree:
        case Sequence(items=(Repeat(item=Atom(source), most=None), *_)):
            anywhere = recognizer.refine is not None or not recognizer.whole_word
            if anywhere and _SHARED.fullmatch(source):
                return _bytes(source, pattern.flags) - _DIGITS, recognizer.longest
    return frozenset(), 0


def _anywhere(contexts: set[_Context], word: _Bytes) -> bool:
    """Whether one of them is no hindrance: the beginning of a match, or any word."""
    return any(all(len(place) > len(word) // 2 for place in context) for context in contexts)


class _Walk:
    """Follows one pattern through its word bytes up to the first other byte."""

    def __init__(
        self, word: _Bytes, contexts: dict[int, set[_Context]], flags: re.RegexFlag
    ) -> None:
        self._word = word
        self._contexts = contexts  # by the byte that they stand before
        self._flags = flags

    def visit(self, node: Node, before: frozenset[_Context]) -> frozenset[_Context]:
        """From what may stand before `node`, what may stand behind it; empty for nothing."""
        match node:
            case Atom():
                return self._atom(node, before)
            case Assertion():
                return before
            case Sequence(items):
                for item in items:
                    if before:
                        before = self.visit(item, before)
                return before
            case Choice(options):
                return frozenset().union(*(self.visit(option, before) for option in options))
            case Repeat(item, least, most):
                return self._repeat(item, least, most, before)

    def _atom(self, atom: Atom, before: frozenset[_Context]) -> frozenset[_Context]:
        members = _bytes(atom.source, self._flags)
        for byte in members - self._word:
            self._contexts[byte] |= before
        inside = members & self._word
        if not inside:
            return frozenset()
        return frozenset((*context, inside)[-_REACH:] for context in before)

    def _repeat(
        self, item: Node, least: int, most: int | None, before: frozenset[_Context]
    ) -> frozenset[_Context]:
        behind = frozenset() if least else before
        count = 0
        while before and (most is None or count < most):
            before, count = self.visit(item, before), count + 1
            if count >= least:
                if before <= behind:
                    break
                behind |= before
        return behind


def _shortest(node: Node, word: _Bytes, flags: re.RegexFlag) -> float:
    """Bytes of the shortest match in nothing but word bytes."""
    match node:
        case Atom(source):
            return 1 if _bytes(source, flags) & word else _NOWHERE
        case Assertion():
            return 0
        case Sequence(items):
            return sum(_shortest(item, word, flags) for item in items)
        case Choice(options):
            return min(_shortest(option, word, flags) for option in options)
        case Repeat(item, least, _):
            return least * _shortest(item, word, flags) if least else 0
