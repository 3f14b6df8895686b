"""A quick look at the end of a text: most streams are in the midst of a sentence."""

import string

_SMALL = string.ascii_lowercase.encode()
_LOOKED_AT = 40  # bytes at the end
# What stands before a word that does not begin there.
_JOINED = frozenset(byte for byte in range(256) if byte >= 0x80 or chr(byte).isalnum()).union(
    b"'.-"
)
# Small words that stand within names and addresses, or before the number of a house.
_PARTS = frozenset(
    b"des van von vom der den ten ter de da do dos das del della delle dei di du la las le les "
    b"lo los bin ibn binti al el af av zu zur zum op st ap bis rue avenue boulevard bd place "
    b"allee chemin impasse route quai cours square rua calle et no nr bus utca ut tie".split()
)


def ends_in_small_words(data: bytes) -> bool:
    """Whether the last full word of `data` and what follows it are small and of no name."""
    tail = data[-_LOOKED_AT:]
    blank = tail.rfind(b" ")
    begun = tail[blank + 1 :]
    if blank < 0 or (begun and (begun.strip(_SMALL) or begun.startswith(b"u"))):
        return False
    before = tail[:blank].rstrip(_SMALL)
    word = tail[len(before) : blank]
    if len(word) <= 1 or word in _PARTS:
        return False
    return before[-1] not in _JOINED if before else len(data) <= _LOOKED_AT
