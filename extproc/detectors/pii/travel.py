"""Passports and driver licences: their numbers have forms but no check digit, so a word says it."""

import re
from collections.abc import Iterator

from extproc.detectors.labels import Labelled
from extproc.detectors.recognizer import Span

_PASSPORT_LABELS = (
    *("passport", "travel document", "reisepass", "reisepassnummer", "passnummer", "passeport"),
    *("pasaporte", "passaporto", "passaporte", "paspoort", "paspoortnummer", "pasaport"),
    "paszport",
    *("paszportu", "cestovní pas", "passi number", "pașaport", "útlevél", "putovnica", "паспорт"),
    *(
        "паспорта",
        "διαβατήριο",
        "护照",
        "護照",
        "旅券番号",
        "パスポート",
        "여권번호",
        "หนังสือเดินทาง",
    ),
    *("جواز سفر", "דרכון", "पासपोर्ट", "hộ chiếu", "paspor"),
)
_US_PASSPORT = re.compile(r"(?<![A-Za-z0-9\-])(?:\d{9}|[A-Z]\d{8})(?![A-Za-z0-9\-])", re.IGNORECASE)
# Letters and digits of other countries' passports: GB 9, DE C01X00T47, FR 12AB34567, IT YA1234567,
# CN E12345678, IN A1234567, RU 45 12 345678.
_PASSPORT = re.compile(
    r"(?<![A-Za-z0-9\-])(?:[A-Z]{1,3} ?\d{6,9}|\d{2}[A-Z]{2}\d{5}|[CFGHJK][0-9A-Z]{8}"
    r"|\d{2} ?\d{2} ?\d{6}|\d{7,8}|[A-Z]{2}\d{2}[A-Z]{2}\d{3,4}|[A-Z]\d{6}[A-Z])(?![A-Za-z0-9\-])",
    re.IGNORECASE,
)
_FARTHEST = 45  # characters between a label and its value


_ONLY_NUMBER = re.compile(
    r"(?:[^A-Za-z0-9/]|</?t[dh]>|(?<![A-Za-z])(?:is|was|number|no|num|nr|a|on|file|of)(?![A-Za-z]))*",
    re.IGNORECASE,
)


def _passport(_label: str, text: str) -> Iterator[Span]:
    for name, expression, score in (
        ("us_passport", _US_PASSPORT, 0.85),
        ("passport_number", _PASSPORT, 0.8),
    ):
        match = expression.search(text)
        if match is None or match.start() > _FARTHEST or _digits(match[0]) < 4:
            continue
        if len(match[0]) >= 9 or _ONLY_NUMBER.fullmatch(text, 0, match.start()):
            yield Span(match.start(), match.end(), score, name)
            return


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


_LICENCE_LABELS = (
    *("driver's license", "driver's licence", "drivers license", "drivers licence"),
    *("driver license", "driver licence", "driving license", "driving licence", "driver's lic"),
    *("drivers lic", "dl", "dl#", "dln", "d.l.", "dl no", "operator's license", "cdl", "driver id"),
    *("führerschein", "führerscheinnummer", "permis de conduire", "licencia de conducir"),
    *("permiso de conducir", "carnet de conducir", "patente di guida", "carta de condução"),
    *("rijbewijs", "rijbewijsnummer", "körkort", "kørekort", "førerkort", "prawo jazdy", "cnh"),
    *("carteira de motorista", "ehliyet", "運転免許", "驾驶证", "водительское удостоверение"),
)

# What the licences of the states look like (AAMVA): all digits; a letter and digits; and those of
# Colorado, Hawaii, Kansas, Missouri, Nevada, New Hampshire, North Dakota, Ohio, Washington.
_STATES = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]\d{2,4}(?:[- ]\d{1,5}){1,4}|\d{4,14}|[A-Z]{1,2}\d{3,14}"
    r"|\d{2,3}-\d{2,3}-\d{3,4}|[A-Z]\d{2}-\d{2}-\d{4}|\d{2}[A-Z]{3}\d{5}|[A-Z]{3}-?\d{2}-?\d{4}"
    r"|[A-Z]{1,2}\d{6}[A-Z]|[A-Z][0-9][A-Z][0-9][A-Z]|\d{8}[A-Z]{1,2}|\d{3}[A-Z]{2}\d{4}|X\d{8}"
    r"|[A-Z]{3}[A-Z*]{2}[A-Z*]{2}\d{3}[A-Z0-9]{2}|\d{7}[A-Z]|[A-Z]\d{6}R|\d{9}[A-Z])(?![A-Za-z0-9])",
    re.IGNORECASE,
)
# GB: surname, birth date, initials and check; DE: authority, number, check; others digits, letters.
_LICENCE = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z9]{5}\d{6}[A-Z9]{2}[A-Z0-9]{3}|[A-Z0-9]{3,4}[A-Z0-9]{6}\d[A-Z0-9]"
    r"|[A-Z0-9]{7,18})(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def _driver_license(label: str, text: str) -> Iterator[Span]:
    short = len(label) <= 4
    for name, expression, score in (
        ("us_driver_license", _STATES, 0.85),
        ("driver_license", _LICENCE, 0.7),
    ):
        for match in expression.finditer(text):
            between = text[: match.start()]
            if len(between) > _FARTHEST or (short and not _ONLY_NUMBER.fullmatch(between)):
                break
            least = 5 if match[0].isdigit() or name == "driver_license" else 4
            if _digits(match[0]) >= least:
                yield Span(match.start(), match.end(), score, name)
                return


LABELLED = (
    Labelled(
        types=("us_passport", "passport_number"),
        labels=_PASSPORT_LABELS,
        read=_passport,
        examples=(
            "my passport number is 406812415",
            "Passport No.: P06690743",
            '{"passportNumber": "123456789"}',
            "US passport #A12345678",
            "Reisepass: C01X00T47",
        ),
        near_misses=(
            "passport fee 130 dollars",
            "passport application of 2024-01-01",
            "406812415",
            "passport renewal takes 6 weeks",
        ),
    ),
    Labelled(
        types=("us_driver_license", "driver_license"),
        labels=_LICENCE_LABELS,
        read=_driver_license,
        examples=(
            "My driver's license number is 755600751",
            "Driver License: D123-4567-8901-23",
            "DL# LH329609T",
            '{"driversLicense": "A1234567"}',
            "driver\u2019s licence M943688896309",
            "driving licence MORGA657054SM9IJ",
        ),
        near_misses=(
            "a driver's license costs 35 dollars",
            "license 12345678",
            "DL model 12",
            "drivers license since 2004",
        ),
    ),
)
