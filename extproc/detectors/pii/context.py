"""What stands before a name: a label, a greeting, a phrase, or nothing of note."""

import string
from functools import lru_cache
from typing import NamedTuple

from extproc.detectors.pii import cues

BEFORE = 48
"""Bytes that are looked at."""

_SMALL = string.ascii_lowercase.encode()
_NOT_SMALL = bytes(byte for byte in range(256) if byte not in _SMALL)
_LONGEST_GAP = 8
_KEPT = 4096  # words and gaps whose meaning is remembered
_CODE = frozenset(b"_$#/\\.&%~^`0123456789")


class Context(NamedTuple):
    """What is told of a place by what stands before it.

    `cue` is empty or one of: strong (a key for names only), name (a key that is `name`), role, weak
    (a key such as `from`), introduction (my name is), named (also of things), presentation (I am),
    greeting, closing (of a letter), title, beside (a word that often stands beside a name).
    """

    cue: str
    code: bool  # an identifier or a path may stand here


def context_of(data: bytes, start: int) -> Context:
    """What stands in `data` before `start`."""
    left = data[max(0, start - BEFORE) : start].lower()
    code = bool(left) and left[-1] in _CODE
    words = left.rstrip(_NOT_SMALL)
    gap = left[len(words) :]
    if not words or len(gap) > _LONGEST_GAP:
        return Context("", code)
    earlier = words.rstrip(_SMALL)
    last = words[len(earlier) :]
    earlier = earlier.rstrip(_NOT_SMALL)
    return Context(_cue(earlier[len(earlier.rstrip(_SMALL)) :], last, gap), code)


@lru_cache(_KEPT)
def _cue(earlier: bytes, last: bytes, gap: bytes) -> str:
    """What two words tell of what stands behind them and a gap. `earlier` may be empty."""
    if b":" in gap or b"=" in gap or gap.startswith(b">"):
        return _label(earlier, last)
    if b"\n" in gap:
        return "closing" if last in cues.CLOSINGS and not gap.strip(b" ,.!-~\r\n\t") else ""
    if b"|" in gap and gap.strip(b" |*") == b"":
        cue = _label(earlier, last)
        return cue if cue != "weak" else ""
    if gap.strip(b" \t*\"'(\\") not in (b"", b","):
        return ""
    if b"," in gap:
        return "greeting" if last in cues.CLOSINGS else ""
    return _phrase(earlier, last)


def _label(earlier: bytes, last: bytes) -> str:
    if last in cues.NAME_KEYS:
        return "strong"
    if last == b"name":
        return "strong" if earlier in cues.NAME_WORDS else "name"
    if last in cues.ROLES:
        return "role"
    return "weak" if last in cues.WEAK_KEYS else ""


def _phrase(earlier: bytes, last: bytes) -> str:
    two = earlier + b" " + last if earlier else last
    if two in cues.INTRODUCTIONS:
        return "introduction"
    if last in (b"named", b"called") and earlier not in cues.NAMED_THINGS:
        return "named"
    if two in cues.PRESENTATIONS or last == b"soy":
        return "presentation"
    if last in (b"dear", b"hi", b"hello", b"hey"):
        return "greeting"
    if last in cues.ROLES:
        return "role"
    if last in (b"mr", b"mrs", b"ms", b"dr"):
        return "title"
    return "beside" if last in cues.BESIDE else ""
