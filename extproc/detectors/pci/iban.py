"""International bank account numbers."""

import re

from stdnum import iban

from extproc.detectors.label_patterns import part
from extproc.detectors.recognizer import Recognizer, Span

# Length of an IBAN by country, SWIFT's IBAN registry.
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in (
        ("15", "NO"),
        ("16", "BE"),
        ("18", "DK FI FO GL NL SD"),
        ("19", "MK SI"),
        ("20", "AT BA EE KZ LT LU XK"),
        ("21", "CH HR LI LV"),
        ("22", "BG BH CR DE GB GE IE ME RS VA"),
        ("23", "AE GI IL IQ OM SO TL"),
        ("24", "AD CZ ES MD PK RO SA SE SK TN VG"),
        ("25", "LY PT ST"),
        ("26", "IS TR"),
        ("27", "BI DJ FR GR IT MC MR SM"),
        ("28", "AL AZ BY CY DO GT HN HU LB NI PL SV"),
        ("29", "BR EG PS QA UA"),
        ("30", "JO KW MN MU YE"),
        ("31", "MT SC"),
        ("32", "LC"),
        ("33", "RU"),
    )
    for country in countries.split()
}

_SHORTEST = 14  # characters of the shortest IBAN and a little less, since more are registered
_LABEL = re.compile(r"iban[^a-z0-9]+", re.IGNORECASE)
_SEPARATORS = re.compile(r"[ .\-]")


def _iban(candidate: str) -> Span | None:
    """Length and modulo 97 first (ISO 13616): the full check takes ten times as long."""
    label = _LABEL.match(candidate)
    start = label.end() if label else 0
    compact = _SEPARATORS.sub("", candidate[start:]).upper()
    known = len(compact) == _IBAN_LENGTHS.get(compact[:2])
    if (not known and not label) or len(compact) < _SHORTEST:
        return None
    rearranged = compact[4:] + compact[:4]
    if int("".join(str(int(character, 36)) for character in rearranged)) % 97 != 1:
        return None
    if not known:
        return part(candidate, start, len(candidate), 0.6)
    # The structure of a country may be newer than its table, and test data seldom keeps to it.
    return part(candidate, start, len(candidate), 0.95 if iban.is_valid(compact) else 0.85)


RECOGNIZERS = (
    Recognizer(
        type="iban",
        family="pci",
        patterns=(
            r"[A-Z][A-Z]\d{2}[A-Z0-9]{11,30}",
            r"[A-Z][A-Z]\d{2}(?:[ .\-][A-Z0-9]{4}){2,7}(?:[ .\-][A-Z0-9]{1,3})?",
            r"iban[^A-Z0-9]{1,8}[A-Z][A-Z]\d{2}(?:[ .\-]?[A-Z0-9]){11,30}",
        ),
        longest=80,
        refine=_iban,
        caseless=True,
        examples=(
            "DE89 3704 0044 0532 0130 00",
            "to GB82WEST12345698765432 AND THEN",
            "my iban is gb82west12345698765432",
            "IBAN: de89 370400440532 013000",
            "DE89-3704-0044-0532-0130-00",
        ),
        near_misses=("DE88 3704 0044 0532 0130 00", "AB12 CDEF GHIJ KLMN"),
    ),
)
