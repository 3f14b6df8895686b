"""What a text says in the invisible characters that spell out ASCII, the tags of Unicode."""

import re

from extproc.detectors.views.view import View, itself

_AMID = {0xE0000 + ascii_code: chr(ascii_code) for ascii_code in range(0x20, 0x7F)}
_TAGS = re.compile("[\U000e0020-\U000e007e]")


class _Alone(dict[int, str]):
    """The letters of tags, and a line end for everything else."""

    def __missing__(self, code_point: int) -> str:
        return "\n"


_ALONE = _Alone(_AMID)


def may_hold(text: str) -> bool:
    """Whether there are invisible characters that spell out ASCII."""
    return not text.isascii() and _TAGS.search(text) is not None


def views(text: str) -> tuple[View, ...]:
    """What `text` says in the invisible characters that spell out ASCII, if it has any.

    They are read alone, with line ends for all else, and amid the text around them.
    """
    if not may_hold(text):
        return ()
    return View(text.translate(_ALONE), itself), View(text.translate(_AMID), itself)
