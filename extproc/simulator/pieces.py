"""Text in the pieces in which a model would send it."""

import re

# As tokenizers cut: a word takes the space before it, numbers come three digits at a time, marks
# stand alone. An e-mail, a card number or a key is therefore never whole in one piece. The longest
# words are cut too, since rare ones are never a single token.
_PIECE = re.compile(
    r" ?[^\W\d_]{1,8}"  # a word, or the first letters of a long one
    r"|\d{1,3}"
    r"| ?[^\w\s]{1,4}"
    r"|_+"
    r"|\s+(?!\S)"  # white space, less the last if a word follows that will take it
    r"|\s"
)


def pieces(text: str) -> list[str]:
    """Cut into token-like pieces; joined they are the text again."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many tokens the simulator bills for a text."""
    return len(pieces(text))
