"""Placeholders that are derived from a value with a key: the same in every turn and process.

Three styles. Readable ones say what they stand for (`EMAIL_3F9A`), opaque ones do not (`T_…`), and
lookalikes keep the form of the value but can belong to nobody: they fail its check digits, or lie
in a range that is never given out.
"""

import hashlib
import ipaddress
import re
import string
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

READABLE, LOOKALIKE, OPAQUE = "pseudonym", "pseudonym-format", "pseudonym-opaque"
STYLES = frozenset({READABLE, LOOKALIKE, OPAQUE})
SHORT = 4
"""Characters behind the name in a readable one, unless it is taken."""

# What people and models call a thing; otherwise the entity type itself.
_NAMES = {
    "email_address": "EMAIL",
    "phone_number": "PHONE",
    "us_ssn": "SSN",
    "credit_card": "CARD",
    "ip_address": "IP",
    "mac_address": "MAC",
    "street_address": "ADDRESS",
    "date_of_birth": "BIRTHDATE",
    "bank_account": "ACCOUNT",
}
_UNNAMED = re.compile(r"[^A-Z0-9]+")
_GROUPED = frozenset({"credit_card", "us_ssn", "us_itin", "iban", "phone_number"})
_CASELESS = frozenset({*_GROUPED, "email_address", "person", "street_address", "mac_address"})
_SEPARATORS = re.compile(r"[\W_]+")
_LEAST_FORM = 8  # letters and digits below which a lookalike would be met by chance
_MOST_FORM = 64
_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def normal(entity_type: str, value: str) -> str:
    """The spelling in which equal values are equal: of an address, a name or a grouped number."""
    if entity_type in _GROUPED:
        value = _SEPARATORS.sub("", value)
    return value.casefold() if entity_type in _CASELESS else value


class Candidate(NamedTuple):
    """A placeholder that a value may have.

    It can be guessed, or met by chance, where it is a lookalike, and where it is the `name` of a
    type with a short tag.
    """

    text: str
    is_lookalike: bool = False
    name: str = ""


def candidates(key: bytes, style: str, entity_type: str, value: str) -> Iterator[Candidate]:
    """Placeholders for a value, best first; the later ones are longer, or other lookalikes."""
    name = _UNNAMED.sub("_", entity_type.upper()).strip("_")
    seed = f"{name}\0{normal(entity_type, value)}".encode("utf-8", "replace")
    if style == LOOKALIKE and _has_form(entity_type, value):
        form = _FORMS.get(entity_type, _of_any_form)
        for attempt in count():
            yield Candidate(form(value, _Dice(key, seed, attempt)), is_lookalike=True)
    name = _NAMES.get(entity_type, name)
    for attempt in count():
        tag = _digest(key, seed, attempt).hex().upper()
        if style == OPAQUE:
            yield Candidate(f"T_{tag[: 16 + 8 * attempt]}")
        else:
            yield Candidate(f"{name}_{tag[: SHORT + 8 * attempt]}", name="" if attempt else name)


def _digest(key: bytes, seed: bytes, number: int) -> bytes:
    return hashlib.blake2b(seed, key=key, digest_size=32, salt=number.to_bytes(16)).digest()


class _Dice:
    """Draws that depend on nothing but key, value and attempt."""

    def __init__(self, key: bytes, seed: bytes, attempt: int) -> None:
        self._bytes = (
            byte
            for block in count()
            for byte in _digest(key, seed + block.to_bytes(4), attempt | 1 << 64)
        )

    def among(self, choices: str) -> str:
        """One of a few characters."""
        drawn = int.from_bytes(bytes(next(self._bytes) for _ in range(4)))
        return choices[drawn % len(choices)]

    def like(self, value: str) -> list[str]:
        """Digits for digits and letters for letters; the rest as it is."""
        return [self._like(character) for character in value]

    def _like(self, character: str) -> str:
        if character.isdecimal():
            return self.among(string.digits)
        if character.isalpha():
            return self.among(string.ascii_uppercase if character.isupper() else _LOWER)
        return character


_LOWER = string.ascii_lowercase


def _has_form(entity_type: str, value: str) -> bool:
    """Whether a lookalike makes sense: short values and words are better named."""
    if entity_type in ("email_address", "ip_address"):
        return True
    told = [character for character in value if character.isalnum()]
    digits = sum(map(str.isdecimal, told))
    return _LEAST_FORM <= len(told) <= len(value) <= _MOST_FORM and digits >= _LEAST_FORM - 2


def _email(_value: str, dice: _Dice) -> str:
    """At a domain that is reserved for this (RFC 2606)."""
    return "user." + "".join(dice.among(_LOWER) for _ in range(8)) + "@example.invalid"


def _ip_address(value: str, dice: _Dice) -> str:
    """In the range that is kept for the future (RFC 1112), or for documents (RFC 3849)."""
    try:
        version = ipaddress.ip_address(value.strip("[]")).version
    except ValueError:
        version = 4
    if version == 6:
        drawn = "".join(dice.among(string.hexdigits[:16]) for _ in range(12))
        return f"2001:db8:{drawn[:4]}:{drawn[4:8]}::{drawn[8:]}"
    numbers = [int("".join(dice.among(string.hexdigits[:16]) for _ in range(2)), 16) for _ in "123"]
    return ".".join(map(str, (240 + numbers[0] % 15, *numbers[1:], 1 + numbers[0] // 15)))


def _ssn(value: str, dice: _Dice) -> str:
    """An area from 900 is never given out, and a group below 50 is no ITIN there."""
    drawn = dice.like(value)
    places = [place for place, character in enumerate(value) if character.isdecimal()]
    drawn[places[0]] = "9"
    if len(places) > 4:
        drawn[places[3]], drawn[places[4]] = dice.among("01234"), dice.among("123456789")
    return _bare(drawn)


def _phone(value: str, dice: _Dice) -> str:
    """No country code and no area begins with zeros."""
    drawn = dice.like(value)
    places = [place for place, character in enumerate(value) if character.isdecimal()]
    for place in places[:3]:
        drawn[place] = "0"
    return _bare(drawn)


def _of_any_form(value: str, dice: _Dice) -> str:
    """Any number or identifier: neither Luhn's check nor that of ISO 7064 passes."""
    drawn = dice.like(value)
    if value[:2].isalpha():  # the country of an IBAN
        drawn[:2] = value[:2]
    last = max(place for place, character in enumerate(value) if character.isdecimal())
    while passes_luhn("".join(drawn)) or passes_mod_97("".join(drawn)):
        drawn[last] = string.digits[(int(drawn[last]) + 1) % 10]
    return _bare(drawn)


def _bare(drawn: list[str]) -> str:
    """Without what stands around letters and digits, where text before and after may touch it."""
    text = "".join(drawn)
    return text.rstrip("".join(set(text) - set(string.ascii_letters + string.digits)))


_FORMS: dict[str, Callable[[str, _Dice], str]] = {
    "email_address": _email,
    "ip_address": _ip_address,
    "us_ssn": _ssn,
    "phone_number": _phone,
}


def passes_luhn(value: str) -> bool:
    """Whether the digits of a value pass the check of cards (ISO/IEC 7812-1)."""
    digits = [int(character) for character in reversed(value) if character.isdecimal()]
    doubled = sum(_LUHN_DOUBLED[digit] for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def passes_mod_97(value: str) -> bool:
    """Whether a value passes the check of an IBAN (ISO 13616)."""
    told = [character for character in value.upper() if character.isascii() and character.isalnum()]
    number = "".join(str(int(character, 36)) for character in [*told[4:], *told[:4]])
    return bool(number) and int(number) % 97 == 1
