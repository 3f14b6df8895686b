"""Card numbers."""

import re
from itertools import pairwise

from extproc.detectors.label_patterns import labelled, part
from extproc.detectors.luhn import has_luhn_digit
from extproc.detectors.recognizer import Recognizer, Span

_DIGITS = re.compile(r"\d+")
_SEPARATORS = b" .-/_\t\r\n"
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")  # what it adds to the sum of Luhn
_ZERO = ord("0")
_SHORTEST, _LONGEST = 12, 19  # digits of a card number, ISO/IEC 7812-1 and the brands' registries

# Issuer prefixes and the lengths they are issued in (ISO/IEC 7812 registries of the brands).
_ISSUERS = (
    (re.compile(rb"4"), (13, 16, 19)),  # Visa
    (re.compile(rb"5[1-5]|2(?:2[2-9]|[3-6]|7[01]|720)"), (16,)),  # Mastercard
    (re.compile(rb"3[47]"), (15,)),  # American Express
    (re.compile(rb"6(?:011|4[4-9]|5)"), (16, 17, 18, 19)),  # Discover
    (re.compile(rb"35"), (16, 17, 18, 19)),  # JCB
    (re.compile(rb"2131|1800"), (15,)),  # JCB, of old
    (re.compile(rb"3(?:0[0-5]|[689])"), (14, 16, 19)),  # Diners Club
    (re.compile(rb"62|81"), (16, 17, 18, 19)),  # UnionPay
    (re.compile(rb"5[06-8]|63|6[78]|0604"), (12, 13, 15, 16, 18, 19)),  # Maestro
    (re.compile(rb"220[0-4]"), (16, 17, 18, 19)),  # Mir
    (re.compile(rb"6(?:06282|370|38|521|522)|60|8[12]|508"), (16,)),  # Hipercard, RuPay
    (re.compile(rb"9792|65"), (16,)),  # Troy
    (re.compile(rb"1"), (15,)),  # UATP
)
_ISSUED = {  # prefixes by length
    length: re.compile(b"|".join(p.pattern for p, lengths in _ISSUERS if length in lengths))
    for length in sorted({length for _, lengths in _ISSUERS for length in lengths})
}
# Digits in each group as cards are embossed, and as people read them out.
_EMBOSSED = frozenset(
    (
        (4, 4, 4, 4),
        (4, 6, 5),
        (4, 6, 4),
        (4, 4, 4, 4, 3),
        (4, 4, 4, 4, 2),
        (4, 4, 4, 4, 1),
        (4, 4, 4, 1),
        (4, 4, 4, 3),
        (4, 4, 4, 2),
        (4, 4, 4),
        (4, 4, 5),
        (4, 5, 4),
        (4, 3, 3, 3),
        (4, 4, 4, 6),
        (6, 13),
        (6, 10),
        (8, 8),
        (4, 12),
        (5, 5, 5),
        (2, 4, 4, 4, 2),
    )
)
_MAX_GROUPS = 6


def is_card(digits: str) -> bool:
    """Whether an issuer has numbers of this beginning and length, and the check digit is right."""
    return has_luhn_digit(digits) and _is_issued(digits.encode(), len(digits))


def _is_issued(digits: bytes, count: int) -> bool:
    """Whether the last `count` of `digits`, not all equal, begin as a number of an issuer."""
    issued, start = _ISSUED.get(count), len(digits) - count
    return (
        issued is not None
        and issued.match(digits, start) is not None
        and digits.count(digits[start], start) < count
    )


def _card_lengths(digits: bytes) -> list[int]:
    """How many of the last of `digits` can be a card number, of any start."""
    added = bytearray(digits.translate(_DOUBLED))
    added[::-2] = digits[::-2]
    added.reverse()
    total = sum(added[: _SHORTEST - 1]) - (_SHORTEST - 1) * _ZERO
    lengths = []
    for count, digit in enumerate(added[_SHORTEST - 1 : _LONGEST], _SHORTEST):
        total += digit - _ZERO
        if not total % 10:
            lengths.append(count)
    return lengths


def _credit_card(candidate: str) -> Span | None:
    """The longest run of whole digit groups up to the candidate's end that is a card number."""
    # Nearly always there is none, and what else is asked takes longer.
    digits = candidate.encode().translate(None, _SEPARATORS)
    lengths = [count for count in _card_lengths(digits) if _is_issued(digits, count)]
    if not lengths:
        return None
    if len(digits) == len(candidate):
        whole = lengths[-1] == len(digits)
        return Span(0, len(digits), _of_one_group(len(digits))) if whole else None
    groups = [match.span() for match in _DIGITS.finditer(candidate)]
    count = len(digits)
    for index, (start, end) in enumerate(groups):
        if count in lengths:
            score = _plausible(candidate, groups[index:], index)
            if score:
                return Span(start, len(candidate), score)
        count -= end - start
    return None


def _plausible(candidate: str, groups: list[tuple[int, int]], before: int) -> float:
    """How sure it is that these groups, `before` others, are one number; 0 where they are not.

    Rows of numbers pass the check by chance: coordinates of drawings, tables, codes, decimals.
    """
    start = groups[0][0]
    separators = [candidate[end:begin] for (_, end), (begin, _) in pairwise(groups)]
    sizes = tuple(end - begin for begin, end in groups)
    if len(groups) == 1:
        if candidate[start - 1 : start] == "." and before:  # digits of a decimal
            return 0
        return _of_one_group(sizes[0])
    same = len(set(separators)) == 1
    if before and candidate[start - 1] == "." and separators[0] != ".":
        return 0
    if sizes in _EMBOSSED:
        return 0.95 if same else 0.8 if sizes[:3] == (4, 4, 4) else 0
    if not same or len(separators[0]) > 1 or separators[0] in "\n\t./":
        return 0.95 if _spaced_out(sizes, separators) else 0
    if set(sizes) == {1}:
        return 0.95
    return 0.6 if len(groups) <= _MAX_GROUPS and min(sizes) > 1 and not before else 0


def _of_one_group(size: int) -> float:
    return 0.95 if size > 14 else 0.6


def _spaced_out(sizes: tuple[int, ...], separators: list[str]) -> bool:
    """Digit by digit, or in pairs, in one manner."""
    return set(sizes) in ({1}, {2}) and set(separators) <= {" ", "-", "."}


def _labelled_card(candidate: str) -> Span | None:
    """Named a card: then no list of issuers is needed."""
    for match in _DIGITS.finditer(candidate):
        digits = re.sub(r"\D", "", candidate[match.start() :])
        if len(digits) < _SHORTEST:
            break
        if len(digits) <= _LONGEST and len(set(digits)) > 1 and has_luhn_digit(digits):
            return part(candidate, match.start(), len(candidate), 0.9)
    return None


_GROUPED = r"\d(?:[ .\-/_\t\r\n]{0,3}\d){11,18}"

RECOGNIZERS = (
    Recognizer(
        type="credit_card",
        family="pci",
        patterns=(_GROUPED,),
        longest=73,
        refine=_credit_card,
        examples=(
            "card 4111 1111 1111 1111 exp",
            "5555-5555-5555-4444",
            "378282246310005",
            "3782 822463 10005",
            "4111 1111 1111 1111 123",
            "12 4111111111111111",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "4111.1111-1111 1111",
            "4111\t1111\t1111\t1111",
            "4111  1111  1111  1111",
            "4111/1111/1111/1111",
            "4111 1111\n1111 1111",
            '{"card": 4012888888881881}',
            "6304000000000000",
            "4222222222222",
        ),
        near_misses=(
            "4111 1111 1111 1112",
            "0000 0000 0000 0000",
            "1234567890123456",
            "14-23 16-18-9-13-5 18-5-1-12-9-20-25 9-19",
            "26.3109 9.3736C19.5712 9.3736 13.7563 13.245",
            "37.7213C40.9814 36.677 42.8622 32.2571 42.8622",
            "4111 **** **** 1111",
            "0.4111111111111111",
            "a4111111111111111",
            "1.67638_48301_83803_84940",
        ),
    ),
    Recognizer(
        type="credit_card",
        family="pci",
        patterns=(
            labelled(r"cards?|cc|pan|kreditkarte(?:nnummer)?|carte|tarjeta|cartao|carta|visa|amex")
            + _GROUPED,
        ),
        longest=112,
        refine=_labelled_card,
        caseless=True,
        examples=("card number: 7000000000000005", "Kreditkarte 9000 0000 0000 0001"),
        near_misses=("card number: 7000000000000006", "card 12"),
    ),
)
