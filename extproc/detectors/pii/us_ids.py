"""Identifiers of the United States."""

import re
from collections.abc import Iterator

from stdnum.us import ein

from extproc.detectors.labels import Labelled, listed
from extproc.detectors.recognizer import Recognizer, Span

_FAMILY = "pii"
_FARTHEST = 45  # characters between a label and its value
_NEAR = 8
_GROUPS = re.compile(
    r"(?<![A-Za-z0-9])(?P<area>\d{3})([-. ])(?P<group>\d{2})\2(?P<serial>\d{4})(?![A-Za-z0-9])"
)
_LOOSE = re.compile(
    r"(?<![A-Za-z0-9])(?P<area>\d{3})[ .\-/]{0,3}(?P<group>\d{2})[ .\-/]{0,3}(?P<serial>\d{4})"
    r"(?![A-Za-z0-9])"
)


def _of_person(area: str, group: str, serial: str, *, labelled: bool) -> tuple[str, float] | None:
    """The type and the score of a number in SSN format.

    Area, group and serial of an SSN are never zero, and area 666 is not issued (20 CFR 422.103).
    Areas from 900 are those of ITINs, in the groups that the IRS names (Publication 4757).
    """
    if area in ("000", "666") or group == "00" or serial == "0000":
        return None
    if area + group + serial[:3] == "98765432":  # kept free for advertisements
        return None
    if area < "900":
        return "us_ssn", 0.97 if labelled else 0.85
    if 50 <= int(group) <= 99 and group not in ("66", "67", "68", "69", "89", "93"):
        return "us_itin", 0.9 if labelled else 0.6
    return ("us_ssn", 0.5) if labelled else None


# Words before a number of the same format that say that it is one of goods. They belong to the
# pattern, since a recognizer sees nothing left of its candidate.
_GOODS = (
    "(?:part|item|sku|model|serial|invoice|tracking|ticket|catalog|product|lot|batch|order|case"
    "|stock|fax|upc)"
)
_HYPHENS = r"[0-9]{3}-[0-9]{2}-[0-9]{4}"
_GOODS_BEFORE = re.compile(rf"(?:{_GOODS})\b", re.IGNORECASE)


def _grouped(candidate: str) -> Span | None:
    """A number in its groups, not in a longer row of them and not of goods."""
    match = _GROUPS.search(candidate)
    if match is None or _GOODS_BEFORE.match(candidate):
        return None
    before = candidate[: match.start()]
    if before and before[-1] in "-." and any(map(str.isdigit, before)):
        return None
    found = _of_person(**match.groupdict(), labelled=False)
    if found is None:
        return None
    score = found[1] if match[2] == "-" else found[1] - 0.2
    return Span(match.start(), match.end(), score, found[0])


_SSN_LABELS = (
    *("ssn", "ssns", "ss#", "ss #", "ssan", "s.s.n.", "ss no", "ss number", "soc sec", "itin"),
    *("social security", "social sec", "my social", "his social", "her social", "your social"),
    *("employee ssn", "patient ssn", "member ssn", "individual taxpayer identification"),
    *("seguro social", "taxpayer id", "taxpayer identification", "tax id", "last social"),
)


_NOT_OF_PERSON = re.compile(r"benefit|media|\bact\b|network|%|\$", re.IGNORECASE)


def _labelled_ssn(label: str, text: str) -> Iterator[Span]:
    """Tax numbers may be those of companies, which are written in other groups."""
    expression = _GROUPS if label.startswith("tax") else _LOOSE
    for match in listed(expression, text, _FARTHEST):
        if "soc" in label and _NOT_OF_PERSON.search(text, 0, match.start()):
            return
        found = _of_person(**match.groupdict(), labelled=True)
        if found is not None:
            yield Span(match.start(), match.end(), found[1], found[0])


_EIN_LABELS = (
    *("ein", "fein", "employer id", "employer identification", "federal tax id", "federal id"),
    *("tax id", "tin", "taxpayer id", "taxpayer identification", "tax identification", "irs no"),
    *("federal tax identification", "employer tax id", "irs employer identification", "irs number"),
)
_EIN = re.compile(r"(?<![A-Za-z0-9\-])\d{2}-\d{7}(?![A-Za-z0-9\-])")
_OF_COMPANIES = ("ein", "fein", "employerid", "employeridentification")
_BARE_EIN = re.compile(r"(?<![A-Za-z0-9\-])\d{9}(?![A-Za-z0-9\-])")


def _us_ein(label: str, text: str) -> Iterator[Span]:
    """With its hyphen, or behind a label of nothing else and with a prefix that the IRS assigns."""
    for match in listed(_EIN, text, _FARTHEST):
        yield Span(match.start(), match.end(), 0.9 if ein.is_valid(match[0]) else 0.6)
    bare = _BARE_EIN.search(text)
    if bare and bare.start() <= _NEAR and label in _OF_COMPANIES and ein.is_valid(bare[0]):
        yield Span(bare.start(), bare.end(), 0.7)


LABELLED = (
    Labelled(
        types=("us_ssn", "us_itin"),
        labels=_SSN_LABELS,
        read=_labelled_ssn,
        examples=(
            "My SSN is 123-45-6789",
            "ssn: 123456789",
            '{"ssn":"123456789"}',
            '{"employeeSSN": 123456789}',
            "SSN123456789",
            "<ssn>919-19-9919</ssn>",
            "Social Security Number (SSN): 123 45 6789",
            "my social is 123456789",
            "SS# 123456789",
            "Social Security No. 123.45.6789",
            "social_security_number=123456789",
            "| SSN | 123 - 45 - 6789 |",
            "social security for the patient is 123456789",
            "ITIN: 912-73-4567",
        ),
        near_misses=("ssn: 000123456", "SSN: 12345678", "SSN 1234567890", "lessn 123456789"),
    ),
    Labelled(
        types=("us_ein",),
        labels=_EIN_LABELS,
        read=_us_ein,
        examples=(
            "EIN: 31-3424256",
            "Employer Identification Number 12-3456789",
            '"federalTaxId": "12-3456789"',
            "EIN 123456789",
        ),
        near_misses=("12-3456789", "EIN: 1234", "mein 123456789 mal", "protein 12-3456789"),
    ),
)

RECOGNIZERS = (
    Recognizer(
        type="us_ssn",
        also=("us_itin",),
        family=_FAMILY,
        patterns=(
            rf"(?:{_GOODS}(?: number| no\.?)?[ :#]{{1,3}}|[0-9]-)?{_HYPHENS}",
            r"[0-9]{3} [0-9]{2} [0-9]{4}",
            r"[0-9]{3}\.[0-9]{2}\.[0-9]{4}",
        ),
        longest=48,
        refine=_grouped,
        caseless=True,
        examples=("ours is 123-45-6789", "078 05 1120", "a,256-14-1095,b", "219.09.9998"),
        near_misses=(
            "000-12-3456",
            "666-12-3456",
            "123-00-4567",
            "123-45-0000",
            "123-45-67890",
            "987-65-4321",
            "123-45.6789",
            "part 123456789",
            "part no. 123-45-6789",
            "Order #123-45-6789",
            "call 555-123-4567",
            "ZIP 12345-6789",
            "1-123-45-6789",
        ),
    ),
)
