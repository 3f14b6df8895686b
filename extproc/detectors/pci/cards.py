"""Card numbers."""

import re

from extproc.detectors.recognizer import Recognizer, Span

_DIGITS = re.compile(r"\d+")
_SHORTEST, _LONGEST = 13, 19  # digits of a card number, ISO/IEC 7812-1
_MAX_GROUPS = 5

# Issuer prefixes and the lengths they are issued in (ISO/IEC 7812 registries of the brands).
_ISSUERS = (
    (re.compile(r"4"), (13, 16, 19)),  # Visa
    (re.compile(r"5[1-5]|2(?:2[2-9]|[3-6]|7[01]|720)"), (16,)),  # Mastercard
    (re.compile(r"3[47]"), (15,)),  # American Express
    (re.compile(r"6(?:011|4[4-9]|5)"), (16, 17, 18, 19)),  # Discover
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),  # JCB
    (re.compile(r"3(?:0[0-5]|[689])"), (14, 15, 16, 17, 18, 19)),  # Diners Club
    (re.compile(r"62|81"), (16, 17, 18, 19)),  # UnionPay
    (re.compile(r"5[06-9]|6[37]"), (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    (re.compile(r"220[0-4]"), (16, 17, 18, 19)),  # Mir
)
_DOUBLED = str.maketrans("0123456789", "0246813579")  # twice the digit, its digits added up


def _has_luhn_digit(digits: str) -> bool:
    """As stdnum.luhn, at a fifth of its time: crafted text can ask this often."""
    total = sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))
    return total % 10 == 0


def _is_card(digits: str) -> bool:
    return (
        _has_luhn_digit(digits)
        and len(set(digits)) > 1
        and any(p.match(digits) and len(digits) in lengths for p, lengths in _ISSUERS)
    )


def _are_decimals(candidate: str) -> bool:
    """Whether points stand beside other separators and around groups that no card has.

    The coordinates of a drawing are such rows: `5712 9.3736 13.7563`.
    """
    groups = _DIGITS.findall(candidate)
    separators = set(_DIGITS.sub("", candidate))
    return "." in separators and len(separators) > 1 and min(map(len, groups[:-1])) < 3


def _credit_card(candidate: str) -> Span | None:
    """The longest run of whole digit groups up to the candidate's end that is a card number.

    In a few groups, or spaced out digit by digit; other rows of numbers are lists and codes.
    """
    groups = [match.span() for match in _DIGITS.finditer(candidate)]
    digits = "".join(candidate[start:end] for start, end in groups)
    spaced_out = len(groups) == len(digits)
    skipped = 0  # digits before the group that the number may begin with
    for index, (start, end) in enumerate(groups):
        count = len(digits) - skipped
        if count < _SHORTEST:
            break
        few = len(groups) - index <= _MAX_GROUPS and not _are_decimals(candidate[start:])
        if (spaced_out or few) and count <= _LONGEST and _is_card(digits[skipped:]):
            return Span(start, len(candidate), 0.95)
        skipped += end - start
    return None


RECOGNIZERS = (
    Recognizer(
        type="credit_card",
        family="pci",
        patterns=(r"\d(?:[ .\-]?\d){12,18}",),
        longest=37,
        refine=_credit_card,
        examples=(
            "card 4111 1111 1111 1111 exp",
            "5555-5555-5555-4444",
            "378282246310005",
            "4111 1111 1111 1111 123",
            "12 4111111111111111",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "4111.1111-1111 1111",
        ),
        near_misses=(
            "4111 1111 1111 1112",
            "0000 0000 0000 0000",
            "1234567890123456",
            "14-23 16-18-9-13-5 18-5-1-12-9-20-25 9-19",
            "26.3109 9.3736C19.5712 9.3736 13.7563 13.245",
            "37.7213C40.9814 36.677 42.8622 32.2571 42.8622",
        ),
    ),
)
