"""What stands before a name: a label, a greeting, a phrase, or nothing of note."""

import re
from typing import NamedTuple

from extproc.detectors.pii import cues

BEFORE = 48
"""Bytes that are looked at."""

_SMALL_WORDS = re.compile(rb"[a-z]+")
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
    words = _SMALL_WORDS.findall(left)
    return Context(_cue(left, words) if words else "", code)


def _cue(left: bytes, words: list[bytes]) -> str:
    last = words[-1]
    gap = left[left.rfind(last) + len(last) :]
    if len(gap) > 8:
        return ""
    if b":" in gap or b"=" in gap or gap.startswith(b">"):
        return _label(words)
    if b"\n" in gap:
        return "closing" if last in cues.CLOSINGS and not gap.strip(b" ,.!-~\r\n\t") else ""
    if b"|" in gap and gap.strip(b" |*") == b"":
        cue = _label(words)
        return cue if cue != "weak" else ""
    if gap.strip(b" \t*\"'(\\") not in (b"", b","):
        return ""
    if b"," in gap:
        return "greeting" if last in cues.CLOSINGS else ""
    return _phrase(words, last)


def _label(words: list[bytes]) -> str:
    last = words[-1]
    if last in cues.NAME_KEYS:
        return "strong"
    if last == b"name":
        return "strong" if len(words) > 1 and words[-2] in cues.NAME_WORDS else "name"
    if last in cues.ROLES:
        return "role"
    return "weak" if last in cues.WEAK_KEYS else ""


def _phrase(words: list[bytes], last: bytes) -> str:
    two = b" ".join(words[-2:])
    if two in cues.INTRODUCTIONS:
        return "introduction"
    if last in (b"named", b"called") and (len(words) < 2 or words[-2] not in cues.NAMED_THINGS):
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
