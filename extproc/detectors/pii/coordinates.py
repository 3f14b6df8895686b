"""Geographic coordinates that are exact to about ten metres: four decimals."""

import re

from extproc.detectors.label_patterns import labelled
from extproc.detectors.recognizer import Recognizer, Span

_NUMBER = re.compile(r"[+\-]?\d{1,3}\.\d{4,}")


def _decimal(candidate: str) -> Span | None:
    """One or two numbers of degrees behind a label, or between letters of the sky's quarters."""
    numbers = list(_NUMBER.finditer(candidate))
    if not numbers or abs(float(numbers[-1][0])) > 180 or abs(float(numbers[0][0])) > 180:
        return None
    start = len(candidate[: numbers[0].start()].encode())
    return Span(start, len(candidate.encode()), 0.85)


_DEGREES = r"[+\-]?\d{1,3}\.\d{4,15}"
_SIGN = r"(?: ?deg|[^A-Za-z0-9 ,;]{2})?"  # the degree sign has two bytes in UTF-8
_BETWEEN = r"[ ,;/|\t]{1,3}"
_LABEL = (
    r"coordinates?|coords?|gps(?:[ _](?:location|position))?|lat(?:itude)?(?:[ /,]{1,2}lo?ng)?"
    r"|latlng|lo?ng|lon(?:gitude)?|geo(?:location)?|location"
)

RECOGNIZERS = (
    Recognizer(
        type="coordinates",
        family="pii",
        patterns=(
            rf"\b{labelled(_LABEL)}{_DEGREES}(?:{_BETWEEN}{_DEGREES})?",
            rf"{_DEGREES}{_SIGN} ?[NS]{_BETWEEN}{_DEGREES}{_SIGN} ?[EW]",
            rf"[NS]{_DEGREES}{_SIGN}{_BETWEEN}[EW] ?{_DEGREES}",
        ),
        longest=96,
        refine=_decimal,
        caseless=True,
        examples=(
            "GPS: 52.520008, 13.404954",
            '{"lat": 40.712776, "lng": -74.005974}',
            "at 40.7128° N, 74.0060° W",
            "N40.7128, W74.0060",
            "coordinates are 48.85661, 2.35222",
        ),
        near_misses=("lat: 40.7", "3.14159, 2.71828", "location: 12", "flat: 40.712776x"),
    ),
)
