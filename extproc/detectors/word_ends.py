r"""From a pattern, what tells Hyperscan to report only those ends that stand inside no word.

Hyperscan reports every end of a match, so a run of letters or digits costs a call for each of
them, and nearly all end inside it. It knows `\b`, but takes the underscore for a letter, and it
cannot look ahead. So the matches of a pattern are parted by their last character:

- those that end in a letter or digit are asked for `\b` behind it, or an underscore, which is then
  part of what is reported;
- all others end outside of words, whatever follows.

Where matches hold nothing but letters and digits, one that begins inside a word ends in it, too,
and so the beginning is asked for the same.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from extproc.detectors.syntax import Assertion, Atom, Choice, Node, Repeat, Sequence, parse, written

# Without the underscore, which is also how Markdown writes italics and people write file names.
WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_OTHERS = frozenset(range(256)) - WORD
# What Python does not read as Hyperscan does: named classes, rare escapes, and the doubled signs
# that Python keeps for operations on sets.
_FOREIGN = re.compile(r"\[:|\[\[|\\(?![dDsSwWbBAzZxnrtf])\w|\[[^\]]*([-&~|])\1")


class WordEnds(NamedTuple):
    """Expressions for the matches of a pattern; None where it has no such matches.

    A match of `words` or `ends` holds the underscore that follows it, if one does, and one of
    `words` that before it.
    """

    words: str | None  # of letters and digits alone, both ends at those of words
    ends: str | None  # of other patterns, what ends in a letter or digit at the end of a word
    others: str | None  # whatever else; of a pattern that cannot be parted, all of it


def word_ends(pattern: str) -> WordEnds:
    """The parts of `pattern`. Raises PatternError for syntax that cannot be read."""
    tree = parse(pattern)
    # Hyperscan wants nothing behind the end of a text.
    if _minds_end(tree) or _FOREIGN.search(pattern):
        return WordEnds(None, None, pattern)
    if _is_word(tree):
        return WordEnds(rf"(?:\b|_)(?:{pattern})(?:\b|_)", None, None)
    ends = _ending(tree, WORD)
    return WordEnds(None, ends and rf"(?:{ends})(?:\b|_)", _ending(tree, _OTHERS))


def _minds_end(node: Node) -> bool:
    match node:
        case Atom():
            return False
        case Assertion(source):
            return source in {"$", r"\z", r"\Z"}
        case Sequence(parts) | Choice(parts):
            return any(map(_minds_end, parts))
        case Repeat(item):
            return _minds_end(item)


def _is_word(node: Node) -> bool:
    """Whether what matches is letters and digits, and nothing is asserted."""
    match node:
        case Atom(source):
            return _class(source, _OTHERS) is None
        case Assertion():
            return False
        case Sequence(parts) | Choice(parts):
            return all(map(_is_word, parts))
        case Repeat(item):
            return _is_word(item)


def _ending(node: Node, last: frozenset[int]) -> str | None:
    """An expression for the matches of `node` that end in one of `last`, if there are any."""
    match node:
        case Atom(source):
            return _class(source, last)
        case Assertion():
            return None
        case Choice(options):
            return _any_of([_ending(option, last) for option in options])
        case Repeat(item, least, most):
            ending = _ending(item, last)
            if ending is None or most == 0:
                return None
            if most == 1:
                return ending
            before = Repeat(item, max(0, least - 1), None if most is None else most - 1)
            return written(before) + ending
        case Sequence(items):
            return _sequence_ending(items, last)


def _sequence_ending(items: tuple[Node, ...], last: frozenset[int]) -> str | None:
    """ending(x1 x2 … xn) = x1 ending(x2 … xn) | ending(x1), if x2 … xn can be empty."""
    result: str | None = None
    rest: str | None = ""  # the empty match of the items behind
    for item in reversed(items):
        longer = None if result is None else written(item) + result
        own = None if rest is None else _ending(item, last)
        result = _any_of([longer, None if own is None else f"{own}{rest}"])
        empty = _empty(item)
        rest = None if rest is None or empty is None else empty + rest
    return result


def _any_of(options: list[str | None]) -> str | None:
    some = [option for option in options if option is not None]
    if len(some) < 2:
        return some[0] if some else None
    return f"(?:{'|'.join(some)})"


def _empty(node: Node) -> str | None:
    """An expression for the empty match of `node`, if it has one: what it asserts there."""
    match node:
        case Atom():
            return None
        case Assertion(source):
            return source
        case Choice(options):
            empty = [_empty(option) for option in options]
            return "" if "" in empty else _any_of(empty)
        case Repeat(item, least, _):
            return "" if least == 0 else _empty(item)
        case Sequence(items):
            parts = [part for item in items if (part := _empty(item)) is not None]
            return "".join(parts) if len(parts) == len(items) else None


@lru_cache(maxsize=1024)
def _class(source: str, members: frozenset[int]) -> str | None:
    """The class of those that `source` matches among `members`."""
    one = re.compile(source.encode("ascii"), re.DOTALL)
    matched = [byte for byte in range(256) if one.fullmatch(bytes([byte]))]
    common = [byte for byte in matched if byte in members]
    if not common:
        return None
    if common == matched:
        return source
    return "[" + "".join(f"\\x{byte:02x}" for byte in common) + "]"
