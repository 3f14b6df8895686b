"""Keys and tokens that begin with letters of their issuer, by the table in formats.tsv.

Few patterns serve all lines: each seeks any of some prefixes with a run of the characters that may
follow, and the table says whether that is a key, and whose.
"""

import re
from collections import defaultdict

from extproc.detectors.recognizer import Recognizer
from extproc.detectors.secrets.formats import FORMATS, Format, issued

_RUNS = {
    "w": r"[A-Za-z0-9_\-]",
    "d": r"[A-Za-z0-9_\-.=+/%]",
    "p": r"[A-Za-z0-9]",
    "u": r"[A-Z0-9]",
    "h": r"[0-9a-f]",
}
_OWN = "own"  # of lines that say how they are sought
# Characters of a candidate. Words that are shorter need no scan in a stream (see `quiet`).
_LEAST = {"u": 20, "h": 34, "p": 19}
_LEAST_OF_OTHERS = 17
_LEAST_OF_RUN = 6
_LONGEST = {"w": 512, "d": 2400, _OWN: 2400}
_LONGEST_OF_OTHERS = 256

# Hyperscan takes time for each character of a prefix, and more than linearly for those of one
# pattern.
_LETTERS = 6
_PREFIXES_IN_PATTERN = 10

_EXAMPLES = {
    "w": (("ghp_" + "a1B2" * 9, "github_pat_" + "A1b2_" * 16), ("ghp_short", "ghp_" + "x" * 36)),
    "d": (
        ("glpat-kSaPeOD_-T0JxMi3p28B", "PRIVATE-TOKEN: glpat-kSaPeOD_T0JxMi3p28B4."),
        ("glpat-short", "glpat-xxxxxxxxxxxxxxxxxxxx"),
    ),
    "p": (("v1.9a1c0b2f9a1c0b2f9a1c0b2f9a1c0b2f9a1c0b2f",), ("v1.0-rc1",)),
    "u": (("octopus API-ZNRMR7SL6L3ATMOIK7GKJDKLPY",), ("API-GATEWAY",)),
    "h": (("dapif21ee53d2b3648c2a1ed38953312a203",), ("dapif21ee53d2b3648c2a1ed3895331",)),
    _OWN: (
        ("sdk-4f9a1c0b-2f9a-4c0b-8f9a-1c0b2f9a1c0b",),
        ("sdk-version", "sdk-00000000-0000-0000-0000-000000000000"),
    ),
}


def _beginning(prefix: str, run: str) -> str:
    """Of a long prefix enough to know it by, which is not a mere word."""
    for size in range(_LETTERS, len(prefix)):
        if not prefix[:size].isalpha() and re.fullmatch(f"{run}+", prefix[size:]):
            return prefix[:size]
    return prefix


def _any_of(words: list[str]) -> str:
    """An expression for `words`, of which none begins with another, with common beginnings once."""
    if words == [""]:
        return ""
    tails: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        tails[word[0]].append(word[1:])
    options = [re.escape(head) + _any_of(rest) for head, rest in tails.items()]
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _without_longer(words: set[str]) -> list[str]:
    return sorted(w for w in words if not any(w[:n] in words for n in range(1, len(w))))


def _patterns(run: str, formats: list[Format]) -> tuple[str, ...]:
    if run == _OWN:
        return tuple(_any_of(_without_longer(set(f.prefixes))) + f.sought for f in formats)
    beginnings = _without_longer({_beginning(p, _RUNS[run]) for f in formats for p in f.prefixes})
    beginnings.sort(key=len)
    patterns = []
    for first in range(0, len(beginnings), _PREFIXES_IN_PATTERN):
        some = beginnings[first : first + _PREFIXES_IN_PATTERN]
        more = max(_LEAST.get(run, _LEAST_OF_OTHERS) - len(some[-1]), _LEAST_OF_RUN)
        patterns.append(f"{_any_of(sorted(some))}{_RUNS[run]}{{{more},}}")
    return tuple(patterns)


def _recognizer(run: str) -> Recognizer:
    formats = [f for f in FORMATS if (f.sought if f.sought in _RUNS else _OWN) == run]
    types = tuple(dict.fromkeys(f.type for f in formats))
    examples, near_misses = _EXAMPLES[run]
    return Recognizer(
        type=types[0],
        also=types[1:],
        family="secrets",
        patterns=_patterns(run, formats),
        longest=_LONGEST.get(run, _LONGEST_OF_OTHERS),
        refine=issued,
        examples=examples,
        near_misses=near_misses,
    )


RECOGNIZERS = tuple(map(_recognizer, (*_RUNS, _OWN)))
