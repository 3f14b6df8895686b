"""Check digits of national identifiers that python-stdnum does not have, and dates within numbers.

Each function is given the characters of an identifier without separators.
"""

import re
from datetime import date

from extproc.detectors.luhn import has_luhn_digit

_UK_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]")
_LETTER_VALUES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", range(10, 36), strict=True))
# Letters of Taiwan's places of registration, in the order of their numbers 10 to 35.
_TAIWAN = {letter: number for number, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", 10)}


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def is_day(year: str, month: str, day: str) -> bool:
    """Whether there is such a day; a year of two digits is one of 2000, a leap year, or later."""
    try:
        date(int(year) if len(year) == 4 else 2000 + int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def uk_nino(value: str) -> bool:
    """Letters that HMRC gives (NIM39110); there is no check digit."""
    return _UK_NINO.fullmatch(value) is not None


def au_medicare(value: str) -> bool:
    return value[0] in "23456" and weighted(value, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(value[8])


def nz_nhi(value: str) -> bool:
    """Three letters without I and O, then digits or two of them and letters (HISO 10046)."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    values = [letters.find(c) + 1 if c.isalpha() else int(c) for c in value]
    total = sum(v * w for v, w in zip(values, (7, 6, 5, 4, 3, 2), strict=False))
    if value[6].isalpha():
        return 23 - total % 23 == values[6]
    return total % 11 != 0 and (11 - total % 11) % 10 == values[6]


def de_id_card(value: str) -> bool:
    """Weights 7, 3, 1 of ICAO 9303 over letters and digits."""
    values = [_LETTER_VALUES.get(c, -1) if c.isalpha() else int(c) for c in value]
    weights = (7, 3, 1, 7, 3, 1, 7, 3, 1)
    total = sum(v * w for v, w in zip(values, weights, strict=False))
    return any(map(str.isdigit, value[1:9])) and total % 10 == values[9]


def de_social_security(value: str) -> bool:
    """Area, birth date, letter, serial, check digit (VKVV § 2)."""
    if not (1 <= int(value[4:6]) <= 12 and 1 <= int(value[2:4]) % 50 <= 31):
        return False
    letter = ord(value[8]) - ord("A") + 1
    digits = f"{value[:8]}{letter:02}{value[9:11]}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    products = (int(d) * w for d, w in zip(digits, weights, strict=True))
    return sum(sum(divmod(product, 10)) for product in products) % 10 == int(value[11])


def pl_id_card(value: str) -> bool:
    values = [_LETTER_VALUES[c] for c in value[:3]] + [int(c) for c in value[3:]]
    weights = (7, 3, 1, 9, 7, 3, 1, 7, 3)
    return sum(v * w for v, w in zip(values, weights, strict=True)) % 10 == 0


def hu_tax_id(value: str) -> bool:
    return value[0] == "8" and weighted(value, tuple(range(1, 10))) % 11 == int(value[9])


def hu_taj(value: str) -> bool:
    return weighted(value, (3, 7) * 4) % 10 == int(value[8])


def hu_personal_id(value: str) -> bool:
    """Counted from the left, or from the right for those born before 1997."""
    if not is_day(value[1:3], value[3:5], value[5:7]):
        return False
    check = int(value[10])
    upward = weighted(value, tuple(range(1, 11))) % 11
    downward = weighted(value, tuple(range(10, 0, -1))) % 11
    return check in (upward, downward)


def cn_resident_id(value: str) -> bool:
    """GB 11643: a division of the country, a birth date, and a check by modulo 11-2."""
    if value[0] not in "12345689" or not is_day(value[6:10], value[10:12], value[12:14]):
        return False
    total = sum(int(digit) * (2 ** (17 - index) % 11) for index, digit in enumerate(value[:17]))
    return "10X98765432"[total % 11] == value[17].upper()


def hk_id_card(value: str) -> bool:
    """One letter stands for two, the first of which is 36; a check of 10 is written A."""
    letters, digits = (value[:2], value[2:]) if value[1].isalpha() else (" " + value[0], value[1:])
    values = [36 if c == " " else _LETTER_VALUES[c] for c in letters]
    values += [10 if c == "A" else int(c) for c in digits]
    return sum(v * w for v, w in zip(values, range(9, 0, -1), strict=True)) % 11 == 0


def tw_id_card(value: str) -> bool:
    tens, ones = divmod(_TAIWAN[value[0]], 10)
    total = tens + 9 * ones + weighted(value[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))
    return total % 10 == 0


def sg_nric(value: str) -> bool:
    """By the first letter an offset, and one of three rows of check letters."""
    total = weighted(value[1:8], (2, 7, 6, 5, 4, 3, 2))
    match value[0]:
        case "S" | "T":
            return "JZIHGFEDCBA"[(total + 4 * (value[0] == "T")) % 11] == value[8]
        case "F" | "G":
            return "XWUTRQPNMLK"[(total + 4 * (value[0] == "G")) % 11] == value[8]
    return "XWUTRQPNJLK"[10 - (total + 3) % 11] == value[8]


def kr_rrn(value: str) -> bool:
    """A birth date; its century and the sex. Since October 2020 there is no check digit."""
    return value[6] in "12345678" and is_day(value[:2], value[2:4], value[4:6])


def ru_snils(value: str) -> bool:
    total = weighted(value, tuple(range(9, 0, -1))) % 101
    return total % 100 == int(value[9:])


def ae_emirates_id(value: str) -> bool:
    return value.startswith("784") and value[3:5] in ("19", "20") and has_luhn_digit(value)


def sa_id(value: str) -> bool:
    return value[0] in "12" and has_luhn_digit(value)


def kz_iin(value: str) -> bool:
    if value[6] not in "0123456" or not is_day(value[:2], value[2:4], value[4:6]):
        return False
    check = weighted(value, tuple(range(1, 12))) % 11
    if check == 10:
        check = weighted(value, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)) % 11
    return check == int(value[11])


def jmbg(value: str) -> bool:
    """Of the former Yugoslavia: day, month, three digits of the year, region, serial, check."""
    year = ("1" if value[4] == "9" else "2") + value[4:7]
    total = weighted(value, (7, 6, 5, 4, 3, 2) * 2)
    return is_day(year, value[2:4], value[:2]) and (11 - total % 11) % 11 % 10 == int(value[12])


def lv_personal_code(value: str) -> bool:
    """With a birth date and a check digit, or since 2017 without either and with 32 in front."""
    if value[:2] == "32":
        return True
    total = weighted(value, (10, 5, 8, 4, 2, 1, 6, 3, 7, 9))
    return (
        1 <= int(value[2:4]) <= 12
        and 1 <= int(value[:2]) <= 31
        and (1 + total) % 11 % 10 == int(value[10])
    )


def dk_cpr(value: str) -> bool:
    """A birth date; the check by modulo 11 is not kept any more since 2007."""
    return 1 <= int(value[:2]) <= 31 and 1 <= int(value[2:4]) <= 12


def in_pan(value: str) -> bool:
    """The fourth letter is the kind of holder."""
    return value[3] in "ABCFGHJLPT"


def my_nric(value: str) -> bool:
    """A birth date and a place of birth, of which some numbers are not given."""
    place = int(value[6:8])
    return is_day(value[:2], value[2:4], value[4:6]) and place not in (
        0,
        17,
        18,
        19,
        20,
        69,
        70,
        73,
    )


def id_nik(value: str) -> bool:
    """Province, then the birth date, with 40 added to the day of women."""
    day = int(value[6:8])
    return 11 <= int(value[:2]) <= 96 and 1 <= int(value[8:10]) <= 12 and 1 <= day % 40 <= 31
