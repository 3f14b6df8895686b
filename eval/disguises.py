"""How a text is written so that people or models still read it and detectors might not."""

import base64
import html
import re
import urllib.parse
from collections.abc import Callable, Mapping
from itertools import cycle

Disguise = Callable[[str], str]

_CAPITAL_A, _SMALL_A, _ZERO = ord("A"), ord("a"), ord("0")
_BOLD_CAPITAL_A, _BOLD_SMALL_A, _BOLD_ZERO = 0x1D400, 0x1D41A, 0x1D7CE
_CYRILLIC = dict(zip("ABCEHKMOPTXaceopxyis", "АВСЕНКМОРТХасеорхуіѕ", strict=True))  # noqa: RUF001
_GREEK = dict(zip("ABEZHIKMNOPTYXov", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧον", strict=True))  # noqa: RUF001
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_BIDI = "\u202a\u202c\u2066\u2069\u200e\u200f"
_MARKS = "\u0301\u0308\u0323\u0336"
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _mathematical(text: str) -> str:
    return "".join(map(_bold, text))


def _bold(character: str) -> str:
    code = ord(character)
    if "A" <= character <= "Z":
        return chr(code - _CAPITAL_A + _BOLD_CAPITAL_A)
    if "a" <= character <= "z":
        return chr(code - _SMALL_A + _BOLD_SMALL_A)
    return chr(code - _ZERO + _BOLD_ZERO) if "0" <= character <= "9" else character


def _each(letters: Mapping[str, str]) -> Disguise:
    return lambda text: "".join(letters.get(c, c) for c in text)


def _between(characters: str) -> Disguise:
    """One of the characters, in turn, behind each but the last."""

    def disguised(text: str) -> str:
        pairs = zip(text, cycle(characters), strict=False)
        return "".join(c + inserted for c, inserted in pairs)[:-1]

    return disguised


def _marked(text: str) -> str:
    pairs = zip(text, cycle(_MARKS), strict=False)
    return "".join(c + mark if c.isalnum() else c for c, mark in pairs)


def _digits(separator: str) -> Disguise:
    return lambda text: separator.join(re.sub(r"\D", "", text))


def _spaced_letters(text: str) -> str:
    return "   ".join(" ".join(word) for word in text.split())


def _number_words(text: str) -> str:
    return " ".join(_WORDS[int(digit)] for digit in re.sub(r"\D", "", text))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _hex(text: str) -> str:
    return text.encode().hex()


def _url(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _entities(text: str) -> str:
    return "".join(f"&#{ord(c)};" for c in text)


def _hex_entities(text: str) -> str:
    return "".join(f"&#x{ord(c):x};" for c in text)


def _tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(c)) if " " <= c <= "~" else c for c in text)


def _then(*steps: Disguise) -> Disguise:
    def disguised(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return disguised


ALL: Mapping[str, Disguise] = {
    "full-width": _full_width,
    "mathematical": _mathematical,
    "Cyrillic letters": _each(_CYRILLIC),
    "Greek letters": _each(_GREEK),
    "zero-width between": _between(_INVISIBLE),
    "bidi controls between": _between(_BIDI),
    "combining marks": _marked,
    "tag characters": _tags,
    "base64": _base64,
    "hex": _hex,
    "URL": _url,
    "URL, quoted": lambda text: urllib.parse.quote(text, safe=""),
    "HTML entities": _entities,
    "HTML entities, hex": _hex_entities,
    "HTML entities, named": lambda text: html.escape(text, quote=True),
    "base64 of base64": _then(_base64, _base64),
    "base64 of URL": _then(_url, _base64),
    "base64 of full-width": _then(_full_width, _base64),
    "hex of base64": _then(_base64, _hex),
    "URL of base64": _then(_base64, _url),
    "URL of URL": _then(_url, _url),
    "HTML entities of hex": _then(_hex, _entities),
}
"""For whatever is sought."""

BARE = "digits alone"

DIGITS: Mapping[str, Disguise] = {
    BARE: _digits(""),
    "digits spaced out": _digits(" "),
    "digits with dots": _digits("."),
    "digits with dashes": _digits("-"),
    "number words": _number_words,
}
"""For numbers of digits and nothing else, but for what groups them."""

LETTERS: Mapping[str, Disguise] = {
    "leetspeak": lambda text: text.translate(_LEET),
    "letters spaced out": _spaced_letters,
}
"""For sentences."""
