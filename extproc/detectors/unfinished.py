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
"""

from extproc.detectors.syntax import Assertion, Atom, Choice, Node, Repeat, Sequence, parse
from extproc.model.errors import PatternError


def unfinished(pattern: str) -> str:
    r"""Return `\A(…)` that finds, in reversed text, every non-empty prefix of a match of `pattern`.

    Raises PatternError for syntax that cannot be read.
    """
    prefix = _prefix(parse(pattern))
    if prefix is None:
        raise PatternError(f"pattern {pattern!r} matches no character; write one that does")
    return rf"\A(?:{prefix})"


_MIRRORED = {"^": "$", "$": "^", r"\A": r"\z", r"\z": r"\A", r"\Z": r"\A"}


def _reversed(node: Node) -> str:
    """The expression that matches every string of `node` read backwards."""
    match node:
        case Atom(source):
            return source
        case Assertion(source):
            return _MIRRORED.get(source, source)
        case Sequence(items):
            return "".join(map(_reversed, reversed(items)))
        case Choice(options):
            return "(?:" + "|".join(map(_reversed, options)) + ")"
        case Repeat(item, least, most):
            return _repeated(item, least, most)


def _repeated(item: Node, least: int, most: int | None) -> str:
    body = _reversed(item) if isinstance(item, Atom) else f"(?:{_reversed(item)})"
    return f"{body}{{{least},{'' if most is None else most}}}"


def _prefix(node: Node) -> str | None:
    """The reversed non-empty prefixes of `node`, or None where it matches only the empty string."""
    match node:
        case Atom(source):
            return source
        case Assertion():
            return None
        case Choice(options):
            prefixes = [prefix for option in options if (prefix := _prefix(option)) is not None]
            return "(?:" + "|".join(prefixes) + ")" if prefixes else None
        case Sequence(items):
            return _sequence_prefix(items)
        case Repeat(item, _, most):
            return _repeat_prefix(item, most)


def _sequence_prefix(items: tuple[Node, ...]) -> str | None:
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


def _repeat_prefix(item: Node, most: int | None) -> str | None:
    inner = _prefix(item)
    if inner is None or most == 0:
        return None
    if isinstance(item, Atom):
        return _repeated(item, 1, most)
    if most == 1:
        return inner
    return inner + _repeated(item, 0, None if most is None else most - 1)
