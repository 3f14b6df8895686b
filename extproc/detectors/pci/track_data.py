"""What is read from a card's magnetic stripe: tracks 1 and 2, ISO/IEC 7813."""

import re

from extproc.detectors.luhn import has_luhn_digit
from extproc.detectors.recognizer import Recognizer, Span

_NUMBER = re.compile(r"\d{12,19}")


def _track(candidate: str) -> Span | None:
    """The number in it must have its check digit, and the date a month."""
    number = _NUMBER.search(candidate)
    if number is None or not has_luhn_digit(number[0]):
        return None
    separator = "^" if "^" in candidate else "="
    month = candidate.rpartition(separator)[2][2:4]
    return Span(0, len(candidate), 0.97) if "01" <= month <= "12" else None


RECOGNIZERS = (
    Recognizer(
        type="track_data",
        family="pci",
        patterns=(r"%?B\d{12,19}\^[A-Z0-9 /.'\-]{2,26}\^\d{7,40}\??",),
        longest=96,
        refine=_track,
        caseless=True,
        examples=("%B4111111111111111^DOE/JANE^27121010000000000000?",),
        near_misses=("%B4111111111111112^DOE/JANE^2712101?", "B4111111111111111^DOE"),
    ),
    Recognizer(
        type="track_data",
        family="pci",
        patterns=(r";?\d{12,19}[=D]\d{7,20}\??",),
        longest=42,
        refine=_track,
        examples=(";4111111111111111=27121010000000000000?", "4111111111111111=2712101123"),
        near_misses=("4111111111111111=5", ";4111111111111112=27121010000000000000?"),
    ),
)
