"""Numbers of those who treat and prescribe, in the United States."""

import re
from collections.abc import Iterator

from extproc.detectors.labels import Labelled, listed
from extproc.detectors.luhn import has_luhn_digit
from extproc.detectors.recognizer import Recognizer, Span

_NPI_LABELS = (
    *("npi", "provider npi", "n.p.i.", "npi#", "national provider", "provider id"),
    *("provider number", "provider no", "provider identifier", "provider #", "physician id"),
    *("prescriber id", "prescriber", "rendering provider", "referring provider", "clinician id"),
    *("billing provider", "attending physician", "attending provider", "ordering provider"),
    *("ordering physician", "referring physician", "supervising provider", "facility id"),
    "provider",
)
_NPI = re.compile(r"(?<![A-Za-z0-9])[12]\d{2}[- ]?\d{3}[- ]?\d{4}(?![A-Za-z0-9])")
# Of a provider of anything, a number is as often a time in seconds.
_SURE = {"npi": 0.97, "npi#": 0.97, "providernpi": 0.97, "nationalprovider": 0.97, "provider": 0.4}
_FARTHEST = 60  # characters between a label and its value


def _npi(label: str, text: str) -> Iterator[Span]:
    """With its check digit, which counts the prefix of the United States, 80840 (ISO 7812)."""
    for match in listed(_NPI, text, _FARTHEST):
        if has_luhn_digit("80840" + re.sub("[- ]", "", match[0])):
            yield Span(match.start(), match.end(), _SURE.get(label, 0.75))


_DEA = re.compile(r"(?<![A-Za-z0-9])[A-HJ-MPR-UX][A-Z9]-?\d{7}(?![A-Za-z0-9])", re.IGNORECASE)


def _has_dea_digit(number: str) -> bool:
    """The last digit is that of the sum of the odd places and twice the even ones."""
    digits = [int(character) for character in number[-7:]]
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


def _labelled_dea(_label: str, text: str) -> Iterator[Span]:
    for match in listed(_DEA, text, _FARTHEST):
        if _has_dea_digit(match[0]):
            yield Span(match.start(), match.end(), 0.97)


def _dea(candidate: str) -> Span | None:
    if not _has_dea_digit(candidate) or candidate[-7:] == "0000000":
        return None
    return Span(0, len(candidate), 0.75)


LABELLED = (
    Labelled(
        types=("npi",),
        labels=_NPI_LABELS,
        read=_npi,
        examples=(
            "NPI: 1234567893",
            "National Provider Identifier 1245319599",
            '{"providerNpi": 1234567893}',
            "NPI for Dr. Jane Smith is 1234567893",
            "NPIs 1234567893, 1245319599",
            "name,npi\nJane,1234567893",
        ),
        near_misses=("NPI: 1234567890", "NPI 3234567893", "1234567893", "provider 2125551234"),
    ),
    Labelled(
        types=("dea",),
        labels=("dea", "dea no", "dea #", "dea number", "drug enforcement"),
        read=_labelled_dea,
        examples=("DEA: ab1234563", "DEA number F91234563"),
        near_misses=("DEA: AB1234560", "the dea 2024"),
    ),
)

RECOGNIZERS = (
    Recognizer(
        type="dea",
        family="phi",
        patterns=(r"[A-HJ-MPR-UX][A-Z9]\d{7}",),
        longest=9,
        refine=_dea,
        examples=("AB1234563 signed",),
        near_misses=("AB1234560", "ab1234563", "NB1234563", "AB12345631"),
    ),
)
