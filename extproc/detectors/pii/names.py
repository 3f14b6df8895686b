"""Given and family names, and the words that only look like them.

The lists are in names.txt, in groups whose headings are the kinds of `Kind`.
"""

import re
from enum import IntFlag
from functools import lru_cache
from importlib.resources import files


class Kind(IntFlag):
    """What a capitalised word may be: WORD is an ordinary word, and alone is nobody's name.

    With OFTEN it is a name nevertheless where a family name follows.
    """

    FIRST = 1
    LAST = 2
    WORD = 4
    OFTEN = 8


FIRST, LAST, WORD, OFTEN = (int(kind) for kind in Kind)
NAME = FIRST | LAST

_GROUP = re.compile(rb"^\[([a-z ]+)\]\n([^\[]*)", re.MULTILINE)


def _load() -> tuple[dict[bytes, int], dict[bytes, int]]:
    certain: dict[bytes, int] = {}
    doubtful: dict[bytes, int] = {}
    text = files("extproc.detectors.pii").joinpath("names.txt").read_bytes()
    for kinds, members in _GROUP.findall(text):
        kind = sum(Kind[word.upper()] for word in kinds.decode().split())
        (doubtful if kind & (WORD | OFTEN) == WORD else certain).update(
            dict.fromkeys(members.split(), kind)
        )
    return certain, doubtful


CERTAIN, _DOUBTFUL = _load()
"""Names that are seldom anything else, folded and with a capital first letter, by kind."""


def _figures() -> frozenset[bytes]:
    text = files("extproc.detectors.pii").joinpath("figures.txt").read_bytes()
    return frozenset(line for line in text.splitlines() if not line.startswith(b"#"))


FIGURES = _figures()
"""Full names, folded, that are nobody's private data."""


def _listed(word: bytes) -> int:
    return CERTAIN.get(word) or _DOUBTFUL.get(word, 0)


# Letters that folding leaves as they are, in UTF-8, and how lists write them.
_PLAIN = str.maketrans(
    {
        "\u0131": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "æ": "ae",
        "ß": "ss",
        "ð": "d",
        "þ": "th",
        "ə": "a",
    }
    | {"Ł": "L", "Ø": "O", "Đ": "D", "Æ": "Ae", "Þ": "Th", "Ə": "A", "œ": "oe", "Œ": "Oe"}
)
_NAME_LIKE = re.compile(
    rb"(?:Mc|Mac|Fitz|O'|D'|De|Di|Van|Al-|El-|Abd)[A-Z][a-z]+"
    rb"|[A-Z][a-z]{2,}(?:ov|ova|ev|eva|enko|chuk|ski|sky|ska|wicz|czyk|vich|ovic|evic|sson|dottir"
    rb"|idis|akis|poulos|poulou|escu|yan|shvili|adze|oglu|zadeh|pour|nejad|singh|bhai|moto|mura"
    rb"|ssen|stad|gaard|quist|qvist|berg|stein|feld|mann|baum|elli|etti|ucci|inho|eiro|ez)"
)


@lru_cache(4096)
def kind_of(word: bytes) -> int:
    """What a capitalised word, of one part or with hyphens, may be; 0 where that is not known."""
    kind = _listed(word)
    if kind:
        return kind
    if not word.isascii():
        return _listed(word.decode("utf-8", "replace").translate(_PLAIN).encode())
    if b"-" in word and not _NAME_LIKE.fullmatch(word):
        kinds = [_listed(part.capitalize()) for part in word.split(b"-")]
        if WORD in kinds:
            return WORD
        return kinds[0] & kinds[-1] or kinds[0] & NAME
    if word.isupper():
        return _listed(word.capitalize())
    return LAST if _NAME_LIKE.fullmatch(word) else 0
