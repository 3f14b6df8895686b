"""The syntax of patterns, as a tree.

Only what the detectors use is read: single-character atoms, classes, groups, alternation, greedy
quantifiers, and the assertions that Hyperscan knows.
"""

import re
from dataclasses import dataclass

from extproc.model.errors import PatternError


@dataclass(frozen=True, slots=True)
class Atom:
    """One character: a literal, an escape or a class, kept as written."""

    source: str


@dataclass(frozen=True, slots=True)
class Assertion:
    source: str


@dataclass(frozen=True, slots=True)
class Sequence:
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    options: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    item: "Node"
    least: int
    most: int | None


Node = Atom | Assertion | Sequence | Choice | Repeat

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


def parse(pattern: str) -> Node:
    """The tree of `pattern`. Raises PatternError for syntax outside the subset named above."""
    return _Parser(pattern).parse()


def written(node: Node) -> str:
    """The pattern that a tree stands for."""
    match node:
        case Atom(source) | Assertion(source):
            return source
        case Sequence(items):
            return "".join(map(written, items))
        case Choice(options):
            return f"(?:{'|'.join(map(written, options))})"
        case Repeat(item, least, most):
            body = written(item) if isinstance(item, Atom) else f"(?:{written(item)})"
            return f"{body}{{{least},{'' if most is None else most}}}"


class _Parser:
    """Recursive descent over the tokens of one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0

    def parse(self) -> Node:
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

    def _choice(self) -> Node:
        options = [self._sequence()]
        while (token := self._peek()) and token.lastgroup == "bar":
            self._position = token.end()
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        items: list[Node] = []
        while (token := self._peek()) and token.lastgroup not in ("bar", "close"):
            item = self._item(token)
            items.append(self._quantified(item))
        return Sequence(tuple(items))

    def _item(self, token: re.Match[str]) -> Node:
        self._position = token.end()
        match token.lastgroup:
            case "assertion":
                return Assertion(token[0])
            case "atom" | "escape" | "class":
                return Atom(token[0])
            case "open":
                inner = self._choice()
                closing = self._peek()
                if closing is None or closing.lastgroup != "close":
                    raise self._error()
                self._position = closing.end()
                return inner
        raise self._error()

    def _quantified(self, item: Node) -> Node:
        token = self._peek()
        if token is None or token.lastgroup != "quantifier":
            return item
        self._position = token.end()
        following = self._peek()
        if following is not None and following.lastgroup == "quantifier":
            raise self._error()  # lazy and possessive forms mean nothing to Hyperscan
        return Repeat(item, *_bounds(token[0]))


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
