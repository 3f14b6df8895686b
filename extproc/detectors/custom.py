"""Entities of a policy's own: words and patterns of its author, made into recognizers.

A pattern is read in the subset of `syntax`, and its repeats are bounded: `+` is at most 64
characters, fewer in a pattern that would else be too large, and at most 8 of a group. Hyperscan is
only safe with match starts where repeats are bounded, and a stream must know how much may wait.
"""

from collections.abc import Iterable

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Expression
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.syntax import Assertion, Atom, Choice, Node, Repeat, Sequence, parse, written
from extproc.detectors.word_ends import word_ends
from extproc.model.errors import PatternError

_MOST_OF_ATOM = (64, 32, 16, 8)  # the first with which a pattern compiles
_MOST_OF_GROUP = 8
_LONGEST = 512  # characters of a match
_SHORTEST = 3
_WORD_EDGE = r"\b"


def recognizer(
    name: str,
    patterns: Iterable[str],
    words: Iterable[str],
    *,
    family: str = "custom",
    score: float,
    ignore_case: bool,
    whole_word: bool,
) -> Recognizer:
    """A recognizer of the entity `name`. Raises PatternError for what cannot be sought."""
    flags = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SOM_LEFTMOST
    flags |= hyperscan.HS_FLAG_CASELESS if ignore_case else 0
    trees = [*(_tree(pattern, flags) for pattern in patterns), *map(_literal, words)]
    return Recognizer(
        type=name,
        family=family,
        patterns=tuple(map(written, trees)),
        longest=max(_width(tree)[1] for tree in trees),
        score=score,
        whole_word=whole_word,
        caseless=ignore_case,
        examples=(),
        near_misses=(),
    )


def _tree(pattern: str, flags: int) -> Node:
    if not pattern.isascii():
        raise PatternError(f"pattern {pattern!r} is not ASCII; put other letters under words")
    tree = parse(pattern.removeprefix(_WORD_EDGE).removesuffix(_WORD_EDGE))
    if any(assertion != _WORD_EDGE for assertion in _assertions(tree)):
        raise PatternError(
            f"pattern {pattern!r} asks for the beginning or end of a text; leave out ^ $ \\A \\z"
        )
    for most in _MOST_OF_ATOM:
        bounded = _sized(_bounded(tree, most), f"pattern {pattern!r}")
        source = written(bounded)
        parts = filter(None, (source, *word_ends(source)))  # all that may be asked of Hyperscan
        try:
            IN_MEMORY.database([Expression(part, flags, 0) for part in parts])
        except PatternError as error:
            problem = error
        else:
            return bounded
    raise PatternError(f"pattern {pattern!r}: {problem}; write a simpler one") from None


def _literal(word: str) -> Node:
    folded = NormalText(word).data
    tree = Sequence(tuple(Atom(f"\\x{byte:02x}") for byte in folded))
    return _sized(tree, f"word {word!r}")


def _sized(tree: Node, what: str) -> Node:
    least, most = _width(tree)
    if least < _SHORTEST:
        raise PatternError(
            f"{what} is found in {least} characters, which any text holds; "
            f"write one of at least {_SHORTEST}"
        )
    if most > _LONGEST:
        raise PatternError(f"{what} can be {most} characters long; write one of at most {_LONGEST}")
    return tree


def _bounded(node: Node, most_of_atom: int) -> Node:
    match node:
        case Sequence(items):
            return Sequence(tuple(_bounded(item, most_of_atom) for item in items))
        case Choice(options):
            return Choice(tuple(_bounded(option, most_of_atom) for option in options))
        case Repeat(item, least, most):
            if most is None:
                most = max(least, most_of_atom if isinstance(item, Atom) else _MOST_OF_GROUP)
            return Repeat(_bounded(item, most_of_atom), least, most)
    return node


def _assertions(node: Node) -> Iterable[str]:
    match node:
        case Assertion(source):
            yield source
        case Sequence(parts) | Choice(parts):
            for part in parts:
                yield from _assertions(part)
        case Repeat(item):
            yield from _assertions(item)


def _width(node: Node) -> tuple[int, int]:
    """The fewest and the most characters that `node` matches."""
    match node:
        case Atom():
            return 1, 1
        case Sequence(items):
            widths = [*map(_width, items)]
            return sum(least for least, _ in widths), sum(most for _, most in widths)
        case Choice(options):
            widths = [*map(_width, options)]
            return min(least for least, _ in widths), max(most for _, most in widths)
        case Repeat(item, least, most):
            fewest, widest = _width(item)
            return fewest * least, widest * (most or 0)
    return 0, 0
