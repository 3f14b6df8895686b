"""Placeholders by themselves: derived, of three styles, and of the form of the value."""

import ipaddress
import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.redaction.styles import (
    LOOKALIKE,
    OPAQUE,
    READABLE,
    STYLES,
    candidates,
    passes_luhn,
    passes_mod_97,
)

KEY = b"key of a tenant"
DIGITS = "0123456789"


def first(style: str, entity_type: str, value: str, key: bytes = KEY) -> str:
    return next(candidates(key, style, entity_type, value)).text


def shape(text: str) -> str:
    return re.sub("[a-z]", "a", re.sub("[A-Z]", "A", re.sub(r"\d", "0", text)))


def grouped(sizes: list[int]) -> st.SearchStrategy[str]:
    groups = [st.text(DIGITS, min_size=size, max_size=size) for size in sizes]
    return st.builds(
        lambda separator, *parts: separator.join(parts), st.sampled_from(" -."), *groups
    )


@pytest.mark.parametrize(
    ("entity_type", "placeholder"),
    [
        ("email_address", r"EMAIL_[0-9A-F]{4}"),
        ("us_ssn", r"SSN_[0-9A-F]{4}"),
        ("aws_access_key_id", r"AWS_ACCESS_KEY_ID_[0-9A-F]{4}"),
        ("our.own-type", r"OUR_OWN_TYPE_[0-9A-F]{4}"),
    ],
)
def test_a_readable_one_says_what_it_stands_for(entity_type: str, placeholder: str) -> None:
    assert re.fullmatch(placeholder, first(READABLE, entity_type, "value"))


def test_an_opaque_one_does_not() -> None:
    assert re.fullmatch(r"T_[0-9A-F]{16}", first(OPAQUE, "email_address", "jane@example.com"))


@pytest.mark.parametrize("style", sorted(STYLES))
@given(st.sampled_from(["email_address", "credit_card", "person", "github_token"]), st.text())
def test_it_depends_on_value_and_tenant_alone(style: str, entity_type: str, value: str) -> None:
    assert first(style, entity_type, value) == first(style, entity_type, value)
    if style == OPAQUE:  # the others are short enough to agree by chance
        assert first(style, entity_type, value) != first(style, entity_type, value, b"another")
        assert first(style, entity_type, value) != first(style, entity_type, value + "x")


@pytest.mark.parametrize(
    ("entity_type", "one", "other", "is_same"),
    [
        ("email_address", "JANE@X.COM", "jane@x.com", True),
        ("credit_card", "4111 1111 1111 1111", "4111-1111-1111-1111", True),
        ("iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000", True),
        ("ip_address", "1.11.1.1", "11.1.1.1", False),
        ("github_token", "ghp_ABC", "ghp_abc", False),
        ("password", "a b", "ab", False),
    ],
)
def test_spellings_of_one_value_agree(
    entity_type: str, one: str, other: str, is_same: bool
) -> None:
    alike = first(OPAQUE, entity_type, one) == first(OPAQUE, entity_type, other)
    assert alike is is_same


@pytest.mark.parametrize("style", [READABLE, OPAQUE])
def test_later_candidates_are_longer(style: str) -> None:
    drawn = islice(candidates(KEY, style, "email_address", "jane@example.com"), 4)
    names = [candidate.text for candidate in drawn]
    assert sorted(names, key=len) == names
    assert len(set(map(len, names))) == 4


@given(grouped([4, 4, 4, 4]) | grouped([4, 6, 5]) | st.text(DIGITS, min_size=13, max_size=19))
def test_a_card_stays_a_card_that_fails_its_check(card: str) -> None:
    for placeholder in islice(candidates(KEY, LOOKALIKE, "credit_card", card), 3):
        assert shape(placeholder.text) == shape(card)
        assert not passes_luhn(placeholder.text)


@given(grouped([3, 2, 4]) | st.text(DIGITS, min_size=9, max_size=9))
def test_a_social_security_number_stays_one_that_is_never_issued(number: str) -> None:
    placeholder = first(LOOKALIKE, "us_ssn", number)
    assert shape(placeholder) == shape(number)
    digits = re.sub(r"\D", "", placeholder)
    assert digits[0] == "9"
    assert 1 <= int(digits[3:5]) <= 49  # from 50 on it would be an ITIN


@given(st.from_regex(r"\A[A-Z]{2}[0-9]{2} [0-9A-Z]{4}( [0-9]{4}){2,4} [0-9]{2}\Z"))
def test_an_iban_stays_one_that_fails_its_check(iban: str) -> None:
    placeholder = first(LOOKALIKE, "iban", iban)
    assert shape(placeholder) == shape(iban)
    assert placeholder[:2] == iban[:2]
    assert not passes_mod_97(placeholder)


@pytest.mark.parametrize(
    "number", ["+1 212 555 0187", "(212) 555-0187", "0171 2345678", "+49 171 2345678"]
)
def test_a_phone_number_stays_one_of_no_country(number: str) -> None:
    placeholder = first(LOOKALIKE, "phone_number", number)
    assert shape(placeholder) == shape(number)
    assert re.sub(r"\D", "", placeholder).startswith("000")


@given(st.emails())
def test_an_address_is_at_a_reserved_domain(address: str) -> None:
    assert re.fullmatch(
        r"user\.[a-z]{8}@example\.invalid", first(LOOKALIKE, "email_address", address)
    )


@given(st.ip_addresses().map(str))
def test_an_ip_address_is_nobodys(address: str) -> None:
    placeholder = ipaddress.ip_address(first(LOOKALIKE, "ip_address", address))
    assert placeholder.is_reserved or placeholder in ipaddress.ip_network("2001:db8::/32")
    assert placeholder.version == ipaddress.ip_address(address).version


@pytest.mark.parametrize(("entity_type", "value"), [("cvv", "123"), ("person", "Jane Doe")])
def test_a_short_value_or_words_have_no_lookalike(entity_type: str, value: str) -> None:
    assert re.fullmatch(r"[A-Z]+_[0-9A-F]{4}", first(LOOKALIKE, entity_type, value))
