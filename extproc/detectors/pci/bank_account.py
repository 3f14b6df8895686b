"""Account numbers, sort codes and routing numbers: digits that only their names tell."""

import re

from extproc.detectors.label_patterns import labelled
from extproc.detectors.recognizer import Recognizer, Span

_AT_END = re.compile(r"\d(?:[ \-]?\d)+$")
_BANK = re.compile(
    r"bank|acct|number|no|#|konto|compte|cuenta|check|saving|iban|sort", re.IGNORECASE
)
_OTHER = re.compile(r"account[ _\-]?(?:id|manager|balance|type|since)", re.IGNORECASE)

_ACCOUNT = (
    r"(?:(?:bank|checking|savings?)[ _\-]?)?(?:account|acct|a/c)(?:[ _\-]?(?:number|no))?[.#]?"
    r"|konto(?:nummer)?|compte(?: bancaire)?|cuenta(?: bancaria)?|conto|rekening(?:nummer)?|conta"
)


def _account(candidate: str) -> Span | None:
    match = _AT_END.search(candidate)
    if match is None or _OTHER.match(candidate):
        return None
    digits = re.sub(r"\D", "", match[0])
    if not 6 <= len(digits) <= 17 or len(set(digits)) == 1:
        return None
    start = len(candidate[: match.start()].encode())
    named = _BANK.search(candidate[: match.start()])
    return Span(start, start + len(match[0]), 0.8 if named else 0.55)


def _sort_code(candidate: str) -> Span | None:
    match = _AT_END.search(candidate)
    if match is None or len(re.sub(r"\D", "", match[0])) != 6:
        return None
    start = len(candidate[: match.start()].encode())
    return Span(start, start + len(match[0]), 0.85)


def _routing(candidate: str) -> Span | None:
    """Nine digits with the weights 3, 7, 1 (ABA); the first two name a district or its like."""
    digits = candidate[-9:]
    weighed = sum(int(digit) * weight for digit, weight in zip(digits, (3, 7, 1) * 3, strict=True))
    area = int(digits[:2])
    known = area <= 12 or 21 <= area <= 32 or 61 <= area <= 72 or area == 80
    if weighed % 10 or not known or len(set(digits)) == 1:
        return None
    size = len(candidate.encode())
    return Span(size - 9, size, 0.9)


_ROUTING = r"(?:bank )?routing(?: transit)?|aba(?:[ /]?rtn)?(?:[ _]routing)?|rtn"

RECOGNIZERS = (
    Recognizer(
        type="bank_account",
        family="pci",
        patterns=(rf"\b{labelled(_ACCOUNT)}\d(?:[ \-]?\d){{5,16}}",),
        longest=112,
        refine=_account,
        caseless=True,
        examples=(
            "account number: 12345678",
            "Account: 10373776 | Card",
            '"account_number": "000123456789"',
            "acct # 1234-5678-90",
            "Kontonummer 1234567890",
            "checking account 000123456",
        ),
        near_misses=(
            "account: 12345",
            "account id: 12345678",
            "on account of 2",
            "accountant 1234567",
        ),
    ),
    Recognizer(
        type="sort_code",
        family="pci",
        patterns=(rf"\b{labelled('sort[ _]?code|sortcode')}\d\d[ \-]?\d\d[ \-]?\d\d",),
        longest=64,
        refine=_sort_code,
        caseless=True,
        examples=("sort code: 20-45-77", "Sort Code 204577"),
        near_misses=("sort code: bubble", "20-45-77"),
    ),
    Recognizer(
        type="routing_number",
        family="pci",
        patterns=(rf"\b{labelled(_ROUTING)}\d{{9}}",),
        longest=72,
        refine=_routing,
        caseless=True,
        examples=("routing number: 021000021", "ABA: 011401533", '"routing_number": "121000358"'),
        near_misses=("routing number: 021000022", "021000021", "routing 12345"),
    ),
)
