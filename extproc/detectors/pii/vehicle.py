"""Vehicles: identification numbers (ISO 3779) and licence plates."""

import re

from extproc.detectors.label_patterns import labelled_word
from extproc.detectors.recognizer import Recognizer, Span

_CHARACTER = "[A-HJ-NPR-Z0-9]"  # no I, O or Q
_VIN = re.compile(rf"{_CHARACTER}{{17}}$", re.IGNORECASE)
# What a letter counts, and what each place weighs: 49 CFR 565.15(c).
_VALUES = dict(
    zip(
        "0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        map(int, "012345678912345678123457923456789"),
        strict=True,
    )
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_PLATE = re.compile(r"[A-Z0-9]+(?:[ \-][A-Z0-9]+){0,2}$")


def _has_check_digit(vin: str) -> bool:
    total = sum(weight * _VALUES[c] for weight, c in zip(_WEIGHTS, vin, strict=True))
    return vin[8] == "0123456789X"[total % 11]


def _vin(candidate: str) -> Span | None:
    """Unlabelled it needs the check digit of North America, which Europe has not."""
    match = _VIN.search(candidate)
    if match is None or sum(map(str.isalpha, match[0])) < 2 or not any(map(str.isdigit, match[0])):
        return None
    checked = _has_check_digit(match[0].upper())
    start = len(candidate[: match.start()].encode())
    if start == 0:
        return Span(0, 17, 0.8) if checked else None
    return Span(start, start + 17, 0.95 if checked else 0.8)


def _plate(candidate: str) -> Span | None:
    match = _PLATE.search(candidate)
    if match is None:
        return None
    characters = re.sub(r"[ \-]", "", match[0])
    if not 4 <= len(characters) <= 9 or sum(map(str.isdigit, characters)) < 2:
        return None
    start = len(candidate[: match.start()].encode())
    return Span(start, start + len(match[0]), 0.7)


_VIN_LABEL = "vin|vehicle identification|fahrgestellnummer|fin"
_PLATE_LABEL = (
    r"(?:licen[cs]e|registration|number)[ _\-]?plate|plate (?:number|no)"
    r"|(?:vehicle|car) registration|kennzeichen|immatriculation|matricula|kenteken"
)
_PLATE_CHARACTERS = r"(?:[A-Z]{1,3}[ \-]?){0,2}\d[A-Z0-9]{0,6}(?:[ \-][A-Z0-9]{1,4}){0,2}"

RECOGNIZERS = (
    Recognizer(
        type="vin",
        family="pii",
        patterns=(rf"{_CHARACTER}{{13}}\d{{4}}",),
        longest=17,
        refine=_vin,
        examples=("drives 1HGCM82633A004352 since", "1M8GDM9AXKP042788"),
        near_misses=("1HGCM82633A004353", "11111111111111111", "A1HGCM82633A004352"),
    ),
    Recognizer(
        type="vin",
        family="pii",
        patterns=(rf"\b{labelled_word(_VIN_LABEL)}{_CHARACTER}{{17}}",),
        longest=72,
        refine=_vin,
        caseless=True,
        examples=("VIN: WVWZZZ1JZXW000001", '"vin": "1HGCM82633A004352"'),
        near_misses=("vin: rouge", "VIN: ABCDEFGHJKLMNPRST"),
    ),
    Recognizer(
        type="license_plate",
        family="pii",
        patterns=(rf"{labelled_word(_PLATE_LABEL)}{_PLATE_CHARACTERS}",),
        longest=80,
        refine=_plate,
        caseless=True,
        examples=(
            "licence plate: AB12 CDE",
            "Kennzeichen: B-MW 1234",
            '"license_plate": "7ABC123"',
        ),
        near_misses=("license plate is missing", "license plate 7", "matricula gratis"),
    ),
)
