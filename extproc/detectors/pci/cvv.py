"""Card verification values: three or four digits that are one only where they are named so."""

import re

from extproc.detectors.label_patterns import labelled
from extproc.detectors.recognizer import Recognizer, Span

_VALUE = re.compile(r"\d{3,4}$")
_YEAR = re.compile(r"(?:19|20)\d\d$")
_SAID = re.compile(r"(?:[ ,]+[a-z]+){3,}[^a-z]*$", re.IGNORECASE)  # a sentence, and no form

_LABEL = (
    r"(?:\b|_|card)cv[vcn]2?|\bcsc|c\.v\.v"
    r"|card[ _\-]?(?:verification|security|validation)(?:[ _\-]?(?:value|code))?"
    r"|(?:security|verification)[ _\-]?(?:code|value|digits)|(?:karten)?pruf(?:nummer|ziffer)"
    r"|sicherheitscode|codigo de seguri?(?:dad|anca)|code de securite|cryptogramme(?: visuel)?"
    r"|codice di sicurezza|beveiligingscode"
)
_ON_IT = r"(?:[ ,]{1,2}[a-z]{1,8}){2,5}[^A-Za-z0-9]{1,3}"  # `cvv on the back is`


def _cvv(candidate: str) -> Span | None:
    match = _VALUE.search(candidate)
    if match is None or candidate[match.start() - 1].isdecimal():
        return None
    said = _SAID.search(candidate[: match.start()])
    if said and _YEAR.match(match[0]):
        return None
    start = len(candidate[: match.start()].encode())
    return Span(start, start + len(match[0]), 0.85)


def _cid(candidate: str) -> Span | None:
    """American Express' word; it also abbreviates a customer's, a correlation's, a cell's id."""
    span = _cvv(candidate)
    return span._replace(score=0.6 if candidate.startswith("CID") else 0.4) if span else None


RECOGNIZERS = (
    Recognizer(
        type="cvv",
        family="pci",
        patterns=(
            labelled(_LABEL) + r"\d{3,4}",
            rf"(?:cv[vc]2?|security code){_ON_IT}\d{{3,4}}",
        ),
        longest=96,
        refine=_cvv,
        caseless=True,
        examples=(
            "CVV: 123",
            '"cvv2": "9876"',
            "cvc=123",
            "card_verification_value: 123",
            "| CVV | 123 |",
            "security code: 123",
            "<cvv>123</cvv>",
            "cvv on the back is 123",
            "Prüfziffer: 123",
            "CVV #123",
            "security code 2027",
            '{"securityCode": 123}',
        ),
        near_misses=(
            "CVV: 12",
            "cvv 12345",
            "enter the cvv",
            "CVC was founded in 1981",
            "TCVN 5712",
        ),
    ),
    Recognizer(
        type="cvv",
        family="pci",
        patterns=(r"\b" + labelled("CID") + r"\d{3,4}",),
        longest=64,
        refine=_cid,
        caseless=True,
        examples=("CID: 1234",),
        near_misses=("CID: 12", "acid: 1234", "cid=12345"),
    ),
)
