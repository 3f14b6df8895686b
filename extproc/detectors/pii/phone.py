"""Phone numbers."""

import re

import phonenumbers

from extproc.detectors.recognizer import Recognizer, Span

_NATIONAL = re.compile(r"(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]?\d{4}")
_GROUP_START = re.compile(r"\+\d|\(\d|(?<!\d)\d")


def _phone(candidate: str) -> Span | None:
    """A valid number that begins at any group of the candidate and ends with it.

    Digits without a + are far more often an identifier or a code, so they must be written in the
    groups of a North American number.
    """
    for match in _GROUP_START.finditer(candidate):
        value = candidate[match.start() :]
        if sum(map(str.isdigit, value)) < 7:
            return None
        international = value.startswith("+")
        if not international and not _NATIONAL.fullmatch(value):
            continue
        try:
            number = phonenumbers.parse(value, None if international else "US")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return Span(match.start(), len(candidate), 0.9 if international else 0.75)
    return None


RECOGNIZERS = (
    Recognizer(
        type="phone_number",
        family="pii",
        patterns=(r"[+(]?\d[\d .\-()]{5,20}\d",),
        longest=24,
        refine=_phone,
        examples=("call (415) 555-2671 now", "+44 20 7946 0958", "415-555-2671", "+14155552671"),
        near_misses=(
            "order 4155552671",
            "on 2026-11-21 at 10",
            "1.2.3.4.5.6.7",
            "5 18-5-1-12-9-20-25",
        ),
    ),
)
