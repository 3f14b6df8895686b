"""Postal codes, which only their label tells from other numbers."""

import re

from extproc.detectors.recognizer import Recognizer, Span

_CODE = re.compile(
    r"(?:\d{5}(?:-\d{3,4})?|\d{6}|\d{4}(?: ?[A-Za-z]{2})?"
    r"|[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}|[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d)$"
)
_LABELLED = (
    r"(?:zip(?:[ _\-]?code)?|post(?:al)?[ _\-]?code|pin[ _\-]?code|plz|code postal"
    r"|codigo postal|postleitzahl|postnummer)[\x22']?(?: is|:| :|=| =)[ \x22']{0,2}"
    r"[a-z\d]{2,6}(?:[ \-][a-z\d]{2,4})?"
)


def _postal_code(candidate: str) -> Span | None:
    match = _CODE.search(candidate)
    return Span(match.start(), match.end(), 0.7) if match else None


RECOGNIZERS = (
    Recognizer(
        type="postal_code",
        family="pii",
        patterns=(_LABELLED,),
        longest=40,
        refine=_postal_code,
        caseless=True,
        examples=("My zip code is 60614", '"postcode": "SW1A 2AA"', "PLZ: 10115", "zip=94107-1234"),
        near_misses=("zip: the archive", "postal code is required", "zip 12345", "code: 12345"),
    ),
)
