"""From a pattern, the pattern of its unfinished matches.

A stream can be released up to the first character that may still turn out to be part of a match.
For a pattern P that character is where the leftmost suffix of the text begins that is a
non-empty prefix of some string in L(P). `unfinished(P)` is an expression for those prefixes:

    unfinished("abc")    ->  a, ab, abc
    unfinished("x{2,4}") ->  x, xx, xxx, xxxx

The expression is written for the text read backwards and anchored at its end, because "does a
suffix of this text begin a match" is then a search that starts in one known place and dies after
a few characters, and needs no start-of-match tracking, which Hyperscan refuses for large patterns.

The language may be somewhat larger than the true one (an assertion at the cut is dropped), which
holds text back a little longer; it is never smaller, so no match is ever cut.

Only the syntax that the detectors use is read: single-character atoms, classes, groups,
alternation, greedy quantifiers, and the assertions that Hyperscan knows.
"""

import re
from dataclasses import dataclass

from extproc.model.errors import PatternError


@dataclass(frozen=True, slots=True)
class _Atom:
    """One character: a literal, an escape or a class, kept as written."""

    source: str


@dataclass(frozen=True, slots=True)
class _Assertion:
    source: str


@dataclass(frozen=True, slots=True)
class _Sequence:
    items: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Choice:
    options: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Repeat:
    item: "_Node"
    least: int
    most: int | None


_Node = _Atom | _Assertion | _Sequence | _Choice | _Repeat

_TOKEN = re.compile(
    r"""(?P<assertion>\\[bBAzZ]|\^|\$)
      |(?P<class>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])
      |(?P<escape>\\x[0-9A-Fa-f]{2}|\\.)
      |(?P<open>\((?:\?:)?)
      |(?P<close>\))
      |(?P<bar>\|)
      |(?P<quantifier>[*+?]|\{\d+(?:,\d*)?\})
      |(?P<atom>[^*+?{}()|\[\]\\])""",
    re.VERBOSE | re.DOTALL,
)


def unfinished(pattern: str) -> str:
    r"""Return `\A(…)` that finds, in reversed text, every non-empty prefix of a match of `pattern`.

    Raises PatternError for syntax outside the subset named above.
    """
    prefix = _prefix(_Parser(pattern).parse())
    if prefix is None:
        raise PatternError(f"pattern {pattern!r} matches no character; write one that does")
    return rf"\A(?:{prefix})"


class _Parser:
    """Recursive descent over the tokens of one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0

    def parse(self) -> _Node:
        node = self._choice()
        if self._position != len(self._pattern):
            raise self._error()
        return node

    def _error(self) -> PatternError:
        return PatternError(
            f"pattern {self._pattern!r} cannot be read at offset {self._position}; use literals, "
            "classes, (?:groups), | and the quantifiers ? * + {m,n}"
        )

    def _peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self._pattern, self._position)

    def _choice(self) -> _Node:
        options = [self._sequence()]
        while (token := self._peek()) and token.lastgroup == "bar":
            self._position = token.end()
            options.append(self._sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _sequence(self) -> _Node:
        items: list[_Node] = []
        while (token := self._peek()) and token.lastgroup not in ("bar", "close"):
            item = self._item(token)
            items.append(self._quantified(item))
        return _Sequence(tuple(items))

    def _item(self, token: re.Match[str]) -> _Node:
        self._position = token.end()
        match token.lastgroup:
            case "assertion":
                return _Assertion(token[0])
            case "atom" | "escape" | "class":
                return _Atom(token[0])
            case "open":
                inner = self._choice()
                closing = self._peek()
                if closing is None or closing.lastgroup != "close":
                    raise self._error()
                self._position = closing.end()
                return inner
        raise self._error()

    def _quantified(self, item: _Node) -> _Node:
        token = self._peek()
        if token is None or token.lastgroup != "quantifier":
            return item
        self._position = token.end()
        following = self._peek()
        if following is not None and following.lastgroup == "quantifier":
            raise self._error()  # lazy and possessive forms mean nothing to Hyperscan
        return _Repeat(item, *_bounds(token[0]))


def _bounds(quantifier: str) -> tuple[int, int | None]:
    match quantifier:
        case "?":
            return 0, 1
        case "*":
            return 0, None
        case "+":
            return 1, None
    least, comma, most = quantifier[1:-1].partition(",")
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None


_MIRRORED = {"^": "$", "$": "^", r"\A": r"\z", r"\z": r"\A", r"\Z": r"\A"}


def _reversed(node: _Node) -> str:
    """The expression that matches every string of `node` read backwards."""
    match node:
        case _Atom(source):
            return source
        case _Assertion(source):
            return _MIRRORED.get(source, source)
        case _Sequence(items):
            return "".join(map(_reversed, reversed(items)))
        case _Choice(options):
            return "(?:" + "|".join(map(_reversed, options)) + ")"
        case _Repeat(item, least, most):
            return _repeated(item, least, most)


def _repeated(item: _Node, least: int, most: int | None) -> str:
    body = _reversed(item) if isinstance(item, _Atom) else f"(?:{_reversed(item)})"
    return f"{body}{{{least},{'' if most is None else most}}}"


def _prefix(node: _Node) -> str | None:
    """The reversed non-empty prefixes of `node`, or None where it matches only the empty string."""
    match node:
        case _Atom(source):
            return source
        case _Assertion():
            return None
        case _Choice(options):
            prefixes = [prefix for option in options if (prefix := _prefix(option)) is not None]
            return "(?:" + "|".join(prefixes) + ")" if prefixes else None
        case _Sequence(items):
            return _sequence_prefix(items)
        case _Repeat(item, _, most):
            return _repeat_prefix(item, most)


def _sequence_prefix(items: tuple[_Node, ...]) -> str | None:
    """prefix(x1 x2 … xn) = prefix(x1) | x1 ( prefix(x2) | x2 ( … ) ), written backwards."""
    result: str | None = None
    for item in reversed(items):
        own, whole = _prefix(item), _reversed(item)
        if result is None:
            result = own
        elif own is None:
            result += whole
        elif own == whole:
            result = f"(?:{result})?{own}"
        else:
            result = f"(?:{own}|{result}{whole})"
    return result


def _repeat_prefix(item: _Node, most: int | None) -> str | None:
    inner = _prefix(item)
    if inner is None or most == 0:
        return None
    if isinstance(item, _Atom):
        return _repeated(item, 1, most)
    if most == 1:
        return inner
    return inner + _repeated(item, 0, None if most is None else most - 1)
