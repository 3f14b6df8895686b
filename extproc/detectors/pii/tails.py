"""A quick look at the end of a text: most streams are in the midst of a sentence."""

import re

_LAST_WORDS = re.compile(rb"(?<![A-Za-z0-9\x80-\xff'.-])([a-z]{2,}) (?:[a-tv-z][a-z]*)?\Z")
# Small words that stand within names and addresses, or before the number of a house.
_PARTS = frozenset(
    b"des van von vom der den ten ter de da do dos das del della delle dei di du la las le les "
    b"lo los bin ibn binti al el af av zu zur zum op st ap bis rue avenue boulevard bd place "
    b"allee chemin impasse route quai cours square rua calle et no nr bus utca ut tie".split()
)


def ends_in_small_words(data: bytes) -> bool:
    """Whether the last full word of `data` and what follows it are small and of no name."""
    match = _LAST_WORDS.search(data, max(0, len(data) - 40))
    return match is not None and match[1] not in _PARTS
