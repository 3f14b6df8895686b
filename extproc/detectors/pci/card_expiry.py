"""The month in which a card expires, where it is named so or stands beside other card data."""

import re

from extproc.detectors.label_patterns import labelled
from extproc.detectors.pci.cards import is_card
from extproc.detectors.recognizer import Recognizer, Span

_MONTH = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:20)?[1-4]\d"
_DATE = rf"(?:{_MONTH} ?[/.\-] ?{_YEAR}|20[1-4]\d[/\-](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])[1-4]\d)"
_AT_END = re.compile(rf"(?<!\d){_DATE}$")
_CARD_WORD = re.compile(r"card|cc|thru|mm|carte|tarjeta|karte", re.IGNORECASE)
_ROW = re.compile(rf"(\d{{12,19}})[|;:, \t]+({_MONTH} ?[|/;:\-] ?{_YEAR})$")

_LABEL = (
    r"exp(?:iry|iration|ires?|iring|\.)?(?:[ _\-]?date)?|valid (?:thru|through|until|till|to)"
    r"|good thru|mm ?/ ?yy(?:yy)?|ablaufdatum|gultig bis|caducidad|vencimiento|vence"
    r"|scadenza|validade|vervaldatum"
)


def _named(candidate: str) -> Span | None:
    """Other things expire, too; a date without a day is what cards have."""
    match = _AT_END.search(candidate)
    if match is None:
        return None
    start = len(candidate[: match.start()].encode())
    score = 0.8 if _CARD_WORD.search(candidate) or "/" in match[0] else 0.55
    return Span(start, start + len(match[0]), score)


def _in_row(candidate: str) -> Span | None:
    match = _ROW.search(candidate)
    if match is None or not is_card(match[1]):
        return None
    return Span(match.start(2), match.end(2), 0.9)


def _before_cvv(candidate: str) -> Span | None:
    match = re.match(rf"{_MONTH} ?[/\-] ?{_YEAR}", candidate)
    return Span(0, match.end(), 0.8) if match else None


RECOGNIZERS = (
    Recognizer(
        type="card_expiry",
        family="pci",
        patterns=(rf"\b{labelled(_LABEL)}{_DATE}",),
        longest=80,
        refine=_named,
        caseless=True,
        examples=(
            "exp 12/27",
            "Expiry date: 04/2028",
            '"expiry": "09/26"',
            "valid thru 11/29",
            "exp_date=2027-05",
            "gültig bis 05/28",
            "expires on 1/27",
        ),
        near_misses=("on 12/27", "expires tomorrow", "exp 13/27", "expected 3/4"),
    ),
    Recognizer(
        type="card_expiry",
        family="pci",
        patterns=(rf"\d{{12,19}}[|;:, \t]{{1,3}}{_MONTH} ?[|/;:\-] ?{_YEAR}",),
        longest=36,
        refine=_in_row,
        examples=("4111111111111111|12|2027|123", "4111111111111111, 12/27"),
        near_misses=("4111111111111112|12|2027|123", "1234567890123456, 12/27"),
    ),
    Recognizer(
        type="card_expiry",
        family="pci",
        patterns=(rf"{_MONTH} ?[/\-] ?{_YEAR}[ ,;|]{{1,3}}(?:cv[vc]|CV[VC])",),
        longest=20,
        refine=_before_cvv,
        examples=("12/27, CVV 123",),
        near_misses=("12/27, CV", "13/27 cvv"),
    ),
)
