"""Readings of a whole text, character for character: leetspeak, and the tags of Unicode."""

import re

from extproc.detectors.views.view import View

_SIGNS = "0134578@$!|+"
_AS_I = bytes.maketrans(_SIGNS.encode(), b"oieastbasiit")
_AS_L = bytes.maketrans(_SIGNS.encode(), b"oleastbasllt")
_FIRST_ONE = re.compile(rb"(?<![0-9A-Za-z@$!|+])1(?=[0-9A-Za-z@$!|+])")
LEET_TRIGGERS = (
    r"[A-Za-z][0134578@$!|+]{1,3}[A-Za-z]",
    r"(?:^|[^0-9A-Za-z])[0134578@$!|+]{1,2}[A-Za-z]{2}",
    r"[A-Za-z]{2}[0134578$]{1,2}(?:[^0-9A-Za-z]|$)",
)
_LEET_WORD = re.compile("|".join(LEET_TRIGGERS))
_OPEN_WORD = re.compile(r"(?:[A-Za-z]*[0134578@$!|+]){1,16}[A-Za-z]*\Z")
_LONGEST = 64  # characters of a word
_TAGS = re.compile("[\U000e0020-\U000e007e]")


class _TagsOnly(dict[int, str]):
    """The letters of tags, and a line end for everything else."""

    def __missing__(self, code_point: int) -> str:
        return "\n"


_SHOWN = _TagsOnly({0xE0000 + ascii_code: chr(ascii_code) for ascii_code in range(0x20, 0x7F)})


def has_leet(text: str) -> bool:
    """Whether a word of `text` may be leetspeak."""
    return _LEET_WORD.search(text) is not None


def leet(text: str) -> tuple[View, ...]:
    """`text` with letters for the digits and signs that look like them.

    A 1 is an i in one reading; in the other only where it begins a word, and else an l.
    """
    raw = text.encode("utf-8", "surrogatepass")  # the signs are bytes of ASCII, and so stay
    readings = raw.translate(_AS_I), _FIRST_ONE.sub(b"i", raw).translate(_AS_L)
    return tuple(
        View(reading.decode("utf-8", "surrogatepass"), itself)
        for reading in dict.fromkeys(readings)
    )


def unfinished(text: str) -> int:
    """Where the last word of `text` begins if it may become one of leetspeak, else its end."""
    offset = max(0, len(text) - _LONGEST)
    match = _OPEN_WORD.search(text, offset)
    return len(text) if match is None else match.start()


def tags(text: str) -> View | None:
    """What `text` says in the invisible characters that spell out ASCII; None where nothing."""
    if text.isascii() or not _TAGS.search(text):
        return None
    return View(text.translate(_SHOWN), itself)


def itself(start: int, end: int) -> tuple[int, int]:
    """The way back from a reading that is character for character."""
    return start, end
