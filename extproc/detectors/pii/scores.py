"""How sure it is that words in a row are the name of a person."""

from collections.abc import Sequence
from typing import NamedTuple

from extproc.detectors.pii import cues
from extproc.detectors.pii.names import FIRST, LAST, NAME, OFTEN, WORD


class Token(NamedTuple):
    """One word of a run."""

    start: int
    end: int
    word: bytes  # without a dot
    kind: int  # 0 where it is not known

    @property
    def initial(self) -> bool:
        return len(self.word) == 1 or self.word[1:2] == b"."

    @property
    def surely_first(self) -> bool:
        return self.kind & (FIRST | WORD) == FIRST


_KNOWN = {
    "title": 0.85,
    "strong": 0.85,
    "introduction": 0.85,
    "role": 0.7,
    "name": 0.45,
    "weak": 0.4,
}
_UNKNOWN = {"title": 0.85, "strong": 0.6, "introduction": 0.6, "role": 0.4}
_SEVERAL = {"name": 0.7, "weak": 0.6}
_SEVERAL_UNKNOWN = {"role": 0.55, "name": 0.45}
_ADDRESSED = frozenset({"greeting", "closing", "presentation", "named"})


def score(segment: Sequence[Token], cue: str) -> float:
    """0 where it is none. `cue` is that of `Context`."""
    names = [token for token in segment if not token.initial and token.word not in cues.SUFFIXES]
    known = any(token.kind & NAME for token in names)
    told = (_KNOWN if known else _UNKNOWN).get(cue, 0.0)
    if cue in _ADDRESSED:
        told = 0.6 if names[0].kind & FIRST else 0.5 if known else 0.4
    elif known and len(segment) > 1:
        told = _SEVERAL.get(cue, told)
    elif len(names) > 1:
        told = _SEVERAL_UNKNOWN.get(cue, told)
    return max(told, _bare(segment, names, cue))


def _bare(segment: Sequence[Token], names: Sequence[Token], cue: str) -> float:
    first, last = segment[0], names[-1]
    if len(segment) == 1:
        return (0.55 if cue else 0.5) if first.surely_first else 0.0
    if first.initial:
        return 0.0 if not last.kind & LAST else 0.4 if last.kind & WORD else 0.65
    if first.kind & FIRST:
        return _given_first(segment, last)
    if first.kind & LAST:  # as Chinese, Hungarians and registers write them
        if first.kind & WORD:
            return 0.55 if last.kind == LAST else 0.0
        return 0.6 if last.kind & NAME else 0.0
    if len(first.word) > 2 and first.word.isupper():
        return 0.0
    return 0.5 if last.kind in (LAST, NAME) else 0.0


def _given_first(segment: Sequence[Token], last: Token) -> float:
    first = segment[0]
    if not (segment[-1].initial or segment[-1].kind & LAST):
        return 0.7 if first.surely_first else 0.6 if last.kind == FIRST else 0.0
    if first.surely_first:
        return 0.85
    if first.kind & OFTEN:
        return 0.7
    return 0.0 if last.kind & WORD or last is first else 0.7
