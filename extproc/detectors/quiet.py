"""A proof, made once for a set of patterns, that ordinary text need not be scanned.

Most tokens of an answer are letters, blanks and commas, and say nothing to any detector. `Quiet`
derives from the patterns which text is such that all that is unfinished in it is its last word:

- *word* bytes W: some pattern begins with any number of them (an address with its local part), so
  every run of them at the end of a text is the beginning of a match. Digits are left out, since
  with them short words match already.
- *gap* bytes G: no match begins with one.
Where a text holds only W and G, every match, and every beginning of one, either lies inside a word
or has a first gap byte with nothing but W before it. *Signs* are expressions for both: the matches
that hold no gap, and the beginnings up to the first gap. Where a text holds no sign, all that is
unfinished in it lies in its last word.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Compiler, Expression
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.syntax import Assertion, Atom, Choice, Node, Repeat, Sequence, parse

_Bytes = frozenset[int]
_Context = tuple[_Bytes, ...]

_ALL = bytes(range(256))
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
_DIGITS = frozenset(b"0123456789")
_REACH = 3  # bytes before a gap that tell whether any word may stand there
_LONGEST_WORD = 64
_LONGEST_TEXT = 256  # beyond it a scan is as quick
_SIGN_FLAGS = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH


@dataclass(frozen=True, slots=True)
class _Pattern:
    recognizer: Recognizer
    tree: Node
    flags: re.RegexFlag


class Quiet:
    """What `recognizers` make of ordinary text."""

    def __init__(self, recognizers: Iterable[Recognizer], compiler: Compiler = IN_MEMORY) -> None:
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
        signs = (_Signs(word, gaps, p.flags).of(p.tree) for p in patterns)
        self._signs = [Expression(sign, _SIGN_FLAGS, 0) for sign in sorted({*filter(None, signs)})]
        self._database = compiler.database(self._signs) if self._signs else None
        self._local = threading.local()
        most = min(longest, _LONGEST_WORD)
        self._text = re.compile(_expression(word, gaps, most))
        plain = _expression(word & _PLAIN, gaps & _PLAIN, most)
        self._plain_text = re.compile(plain.decode("ascii"))

    def last_word(self, data: bytes) -> int | None:
        """Offset of the only thing in `data` that is unfinished, its end if nothing is.

        None where that is not known. Otherwise `data` holds no match either.
        """
        match = self._text.fullmatch(data) if len(data) <= _LONGEST_TEXT else None
        return None if match is None or self._holds_sign(data) else match.start(1)

    def last_plain_word(self, text: str) -> int | None:
        """The same for text that JSON writes as it is: ASCII, and nothing that is escaped."""
        match = self._plain_text.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
        return None if match is None or self._holds_sign(text.encode()) else match.start(1)

    def _holds_sign(self, data: bytes) -> bool:
        if self._database is None:
            return False
        scratch: hyperscan.Scratch | None = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        try:
            self._database.scan(data, match_event_handler=_stop, scratch=scratch)
        except hyperscan.ScanTerminated:
            return True
        return False


def _stop(_number: int, _start: int, _end: int, _flags: int, _context: object) -> bool:
    return True


def _expression(word: _Bytes, gaps: _Bytes, most: int) -> bytes:
    gap = b"%s*+" % _class(gaps)
    if not word:
        return b"%s()" % gap
    run = b"%s{1,%d}+" % (_class(word), most)
    return b"%s(?:%s%s+)*+((?:%s)?)" % (gap, run, _class(gaps), run)


def _class(members: _Bytes) -> bytes:
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


class _Signs:
    """From a pattern, what gives away a match or its beginning in text of words and gaps."""

    def __init__(self, word: _Bytes, gaps: _Bytes, flags: re.RegexFlag) -> None:
        self._word = word
        self._gaps = gaps
        self._flags = flags

    def of(self, tree: Node) -> str | None:
        """An expression, or None where there is no such match."""
        return _either(self._inside(tree), self._to_gap(tree))

    def _of(self, atom: Atom, members: _Bytes) -> str | None:
        found = _bytes(atom.source, self._flags) & members
        return _class(found).decode("ascii") if found else None

    def _inside(self, node: Node) -> str | None:
        """The strings of `node` that are nothing but word bytes."""
        match node:
            case Atom():
                return self._of(node, self._word)
            case Assertion(source):
                return source if source == r"\b" else ""
            case Sequence(items):
                parts = [*map(self._inside, items)]
                return None if None in parts else "".join(filter(None, parts))
            case Choice(options):
                return _either(*map(self._inside, options))
            case Repeat(item, least, most):
                inner = self._inside(item)
                if inner:
                    return _times(inner, least, most)
                return None if inner is None and least else ""

    def _to_gap(self, node: Node) -> str | None:
        """The beginnings of `node` in which nothing but the last byte is a gap."""
        match node:
            case Atom():
                return self._of(node, self._gaps)
            case Assertion():
                return None
            case Sequence(items):
                result: str | None = None
                for item in reversed(items):
                    inside = self._inside(item)
                    rest = None if inside is None or result is None else inside + result
                    result = _either(self._to_gap(item), rest)
                return result
            case Choice(options):
                return _either(*map(self._to_gap, options))
            case Repeat(item, _, most):
                end, inside = self._to_gap(item), self._inside(item)
                if end is None or not inside or most == 1:
                    return end
                return _times(inside, 0, None if most is None else most - 1) + end


def _either(*expressions: str | None) -> str | None:
    """Any of them; None is one that matches nothing."""
    options = [*dict.fromkeys(option for option in expressions if option is not None)]
    if len(options) < 2:
        return options[0] if options else None
    return f"(?:{'|'.join(options)})"


def _times(expression: str, least: int, most: int | None) -> str:
    return f"(?:{expression}){{{least},{'' if most is None else most}}}"
