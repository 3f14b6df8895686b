"""Addresses of networks."""

import ipaddress

from extproc.detectors.recognizer import Recognizer, Span


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
