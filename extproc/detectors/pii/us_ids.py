"""Identifiers of the United States."""

import re

from extproc.detectors.recognizer import Recognizer, Span

_SSN = re.compile(r"(\d{3})[- ]?(\d{2})[- ]?(\d{4})$")


def _us_ssn(candidate: str) -> Span | None:
    """Area, group and serial are never zero; area 666 and 900 and above are not issued."""
    match = _SSN.search(candidate)
    if match is None:
        return None
    area, group, serial = match.groups()
    if area in ("000", "666") or area >= "900" or group == "00" or serial == "0000":
        return None
    return Span(match.start(), match.end(), 0.85)


RECOGNIZERS = (
    Recognizer(
        type="us_ssn",
        family="pii",
        patterns=(
            r"\d{3}-\d{2}-\d{4}",
            r"\d{3} \d{2} \d{4}",
            r"(?:ssn|social security(?: number| no\.?)?)(?: is)?[ :=#]{1,3}\d{9}",
        ),
        longest=48,
        refine=_us_ssn,
        caseless=True,
        examples=("My SSN is 123-45-6789", "ssn: 123456789", "078 05 1120"),
        near_misses=("000-12-3456", "123-45-67890", "987-65-4321", "part 123456789"),
    ),
)
