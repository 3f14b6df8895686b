"""International bank account numbers."""

from stdnum import iban

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

# `A[DE]|GB` for AD, AE and GB: the same, in half of the time of compiling.
_COUNTRY = "|".join(
    first + "[" + "".join(country[1] for country in _IBAN_LENGTHS if country[0] == first) + "]"
    for first in dict.fromkeys(country[0] for country in _IBAN_LENGTHS)
)


def _iban(candidate: str) -> Span | None:
    """Length and modulo 97 first (ISO 13616): the full check takes ten times as long."""
    compact = candidate.replace(" ", "").replace("-", "")
    if len(compact) != _IBAN_LENGTHS.get(compact[:2]):
        return None
    rearranged = compact[4:] + compact[:4]
    if int("".join(str(int(character, 36)) for character in rearranged)) % 97 != 1:
        return None
    return Span(0, len(candidate), 0.95) if iban.is_valid(compact) else None


RECOGNIZERS = (
    Recognizer(
        type="iban",
        family="pci",
        patterns=(rf"(?:{_COUNTRY})\d{{2}}(?:[ \-]?[A-Z0-9]){{11,30}}",),
        longest=64,
        refine=_iban,
        examples=("DE89 3704 0044 0532 0130 00", "to GB82WEST12345698765432 AND THEN"),
        near_misses=("DE88 3704 0044 0532 0130 00", "AB12 CDEF GHIJ KLMN"),
    ),
)
