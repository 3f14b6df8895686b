"""A quick look at the end of a text: most streams are in the midst of a sentence."""

import re
import string
from collections.abc import Iterable

_SMALL = string.ascii_lowercase.encode()
_STOPS = b",.;!?"
_LOOKED_AT = 40  # bytes at the end
# What stands before a word that does not begin there.
_JOINED = frozenset(byte for byte in range(256) if byte >= 0x80 or chr(byte).isalnum()).union(
    b"'.-"
)
# Small words that stand within names and addresses, or before the number of a house.
_PARTS = frozenset(
    b"des van von vom der den ten ter de da do dos das del della delle dei di du la las le les "
    b"lo los bin ibn binti al el af av zu zur zum op st ap bis rue avenue av boulevard bd place "
    b"allee chemin impasse route quai cours square rua calle et no nr bus utca ut tie".split()
)


def ends_in_small_words(data: bytes) -> bool:
    """Whether the last full word of `data` and what follows it are small and of no name."""
    tail = data[-_LOOKED_AT:]
    blank = tail.rfind(b" ")
    begun = tail[blank + 1 :].rstrip(_STOPS)
    if blank < 0 or (begun and (begun.strip(_SMALL) or begun.startswith(b"u"))):
        return False
    earlier = tail[:blank].rstrip(_STOPS)
    before = earlier.rstrip(_SMALL)
    word = earlier[len(before) :]
    if word in _PARTS or (len(word) <= 1 and word != b"a"):
        return False
    return before[-1] not in _JOINED if before else len(data) <= _LOOKED_AT


def last_small_word(data: bytes, begin: int) -> int:
    """Where the last full word begins that is small and of no name, or `begin` without one.

    No name or address goes on from before it.
    """
    end = data.rfind(b" ", begin)
    while end > begin:
        start = data.rfind(b" ", begin, end) + 1
        if start == 0:
            break
        word = data[start:end]
        if word.isalpha() and word.islower() and word not in _PARTS:
            return start
        end = start - 1
    return begin


def beginnings(words: Iterable[bytes]) -> bytes:
    """An expression for what one of `words` may begin with: nothing, a part of it, or all."""
    parts = {word[:size] for word in words for size in range(len(word) + 1)}
    return rb"(?:%s)" % b"|".join(map(re.escape, sorted(parts, reverse=True)))
