"""Personal data: e-mail, phone, social security number, IP address."""

import ipaddress
import re

import phonenumbers

from extproc.detectors.recognizer import Recognizer, Span

_MAX_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


def _email(candidate: str) -> Span | None:
    """The pattern takes any run before the @; an address has at most 64 characters there."""
    at = candidate.rindex("@")
    start = max(0, at - _MAX_LOCAL_PART)
    while candidate[start] in ".-":
        start += 1
    if start == at or ".." in candidate[at:]:
        return None
    return Span(start, len(candidate), 0.95)


_NATIONAL = re.compile(r"(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]?\d{4}")
_GROUP_START = re.compile(r"\+\d|\(\d|(?<!\d)\d")


def _phone(candidate: str) -> Span | None:
    """A valid number that begins at any group of the candidate and ends with it.

    Digits without a + are far more often an identifier or a code, so they must be written in the
    groups of a North American number.
    """
    for match in _GROUP_START.finditer(candidate):
        value = candidate[match.start() :]
        if sum(map(str.isdigit, value)) < 7:
            return None
        international = value.startswith("+")
        if not international and not _NATIONAL.fullmatch(value):
            continue
        try:
            number = phonenumbers.parse(value, None if international else "US")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return Span(match.start(), len(candidate), 0.9 if international else 0.75)
    return None


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


def _ipv4(candidate: str) -> Span | None:
    try:
        address = ipaddress.IPv4Address(candidate)
    except ValueError:
        return None
    if address.is_loopback or address.is_unspecified:
        return None
    return Span(0, len(candidate), 0.6)


def _ipv6(candidate: str) -> Span | None:
    """`ab::cd` is also how C++ and Perl write names, so two groups need a digit among them."""
    groups = [group for group in candidate.split(":") if group]
    if len(groups) < 2 or not any(map(str.isdigit, candidate)):
        return None
    try:
        ipaddress.IPv6Address(candidate)
    except ValueError:
        return None
    return Span(0, len(candidate), 0.7)


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|\d\d?)"

RECOGNIZERS = (
    Recognizer(
        type="email_address",
        family="pii",
        patterns=(r"[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,24}",),
        longest=320,
        refine=_email,
        whole_word=False,  # the pattern takes every character an address may begin with
        needs="@",
        examples=("write to jane.doe+x@mail.example.co.uk today", "<a@b.io>", "JANE@EXAMPLE.COM"),
        near_misses=("see @jane on example.com", "a@b", "x@y..com"),
    ),
    Recognizer(
        type="phone_number",
        family="pii",
        patterns=(r"[+(]?\d[\d .\-()]{5,20}\d",),
        longest=24,
        refine=_phone,
        examples=("call (415) 555-2671 now", "+44 20 7946 0958", "415-555-2671", "+14155552671"),
        near_misses=(
            "order 4155552671",
            "on 2026-11-21 at 10",
            "1.2.3.4.5.6.7",
            "5 18-5-1-12-9-20-25",
        ),
    ),
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
    Recognizer(
        type="ip_address",
        family="pii",
        patterns=(rf"(?:{_OCTET}\.){{3}}{_OCTET}",),
        longest=15,
        refine=_ipv4,
        examples=("from 203.0.113.7 port 22",),
        near_misses=("version 1.2.3", "127.0.0.1", "300.1.1.1"),
    ),
    Recognizer(
        type="ip_address",
        family="pii",
        patterns=(r"(?:[0-9A-Fa-f]{1,4}|:)(?::[0-9A-Fa-f]{0,4}){1,7}",),
        longest=39,
        refine=_ipv6,
        examples=("host 2001:db8::ff00:42:8329 is up", "fe80::1ff:fe23:4567:890a"),
        near_misses=("at 10:20:30", "std::cout", "abc::def", "::1"),
    ),
)
