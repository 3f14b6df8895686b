"""Addresses of networks."""

import ipaddress
import re

from extproc.detectors.recognizer import Recognizer, Span


def _ipv4(candidate: str) -> Span | None:
    """Not what stands for any host, for a mask, or for a version, which may be named before it."""
    try:
        address = ipaddress.IPv4Address(candidate)
    except ValueError:
        return None
    if address.is_loopback or address.packed[0] in (0, 255) or candidate.endswith(".0.0.0"):
        return None
    few = address.packed[0] < 10 and max(address.packed) < 64
    if few or candidate.startswith(("1.2.", "1.3.", "2.5.")):
        return Span(0, len(candidate), 0.4)  # an object identifier, a section, a version
    return Span(0, len(candidate), 0.8)


def _ipv6(candidate: str) -> Span | None:
    """`ab::cd` is also how C++ and Perl write names, so two groups need a digit among them."""
    if candidate.count(":") < 2 or ("::" not in candidate and candidate.count(":") < 6):
        return None
    value = candidate.partition("/")[0]
    bare = value.partition("%")[0]
    groups = [group for group in bare.split(":") if group]
    if len(groups) < 2 or not any(map(str.isdigit, bare)):
        return None
    if bare.replace(":", "").isdecimal() and max(map(len, groups)) < 3:
        return None  # a slice: `[1::2]`
    if len(groups) == 8 and {*map(len, groups)} == {2}:
        return None  # of a fingerprint
    try:
        ipaddress.IPv6Address(bare)
    except ValueError:
        return None
    return Span(0, len(value), 0.85)


def _mac(candidate: str) -> Span | None:
    digits = re.sub(r"[:.\-]", "", candidate).lower()
    if len(set(digits)) == 1 or ("." in candidate and digits.isdecimal()):
        return None
    return Span(0, len(candidate), 0.9)


_VERSION = (
    r"(?:(?:\b|_)(?:[Vv]ersion|[Vv]er|[Rr]elease|[Bb]uild|[Ss]ection|[Cc]hapter)[ .:=\-v]{1,3})?"
)
_HEX = "[0-9A-Fa-f]"
_GROUP = rf"{_HEX}{{1,4}}"
_QUAD = r"\d{1,3}(?:\.\d{1,3}){3}"

RECOGNIZERS = (
    Recognizer(
        type="ip_address",
        family="pii",
        # With all numbers before it: longer rows are object identifiers.
        patterns=(rf"{_VERSION}(?:\d{{1,6}}\.){{3,12}}\d{{1,3}}",),
        longest=64,
        refine=_ipv4,
        examples=(
            "from 203.0.113.7 port 22",
            "http://10.218.6.131:8080/",
            "10.1.2.0/24",
            "on server 10.218.6.131",
        ),
        near_misses=(
            "version 1.2.3",
            "127.0.0.1",
            "300.1.1.1",
            "version 10.2.31.4",
            "app_version 10.2.31.4",
            "Chrome/120.0.0.0",
            "255.255.255.0",
            "1.2.840.113549.1.9.16.5.1",
        ),
    ),
    Recognizer(
        type="ip_address",
        family="pii",
        patterns=(rf"(?:{_GROUP}|:)(?::{_HEX}{{0,4}}){{2,7}}(?:{_QUAD})?(?:%[a-z0-9]{{2,12}})?",),
        longest=64,
        refine=_ipv6,
        examples=(
            "host 2001:db8::ff00:42:8329 is up",
            "fe80::1ff:fe23:4567:890a",
            "[2001:db8::7]:443",
            "fe80::1ff:fe23:4567:890a%eth0",
            "2001:db8:1::/48",
            "::ffff:203.0.113.9",
            "d80:e4b5:79da:6cf6:71f3:51f7:9161:c319",
        ),
        near_misses=(
            "at 10:20:30",
            "std::cout",
            "abc::def",
            "::1",
            "a[::2]",
            "a[1::20]",
            "12:30:00:00",
        ),
    ),
    Recognizer(
        type="mac_address",
        family="pii",
        patterns=(
            rf"{_HEX}{{2}}(?::{_HEX}{{2}}){{5}}",
            rf"{_HEX}{{2}}(?:-{_HEX}{{2}}){{5}}",
            rf"{_HEX}{{4}}\.{_HEX}{{4}}\.{_HEX}{{4}}",
        ),
        longest=17,
        refine=_mac,
        examples=("MAC: 6a:3d:97:00:1b:2c", "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e"),
        near_misses=("at 12:30:45", "ff:ff:ff:ff:ff:ff", "1234.5678.9012", "00:00:00:00:00:00"),
    ),
)
