"""Which names in a client's certificate are welcome."""

import pytest

from extproc.transport.native.sans import check_san, is_allowed

DNS = "DNS"
URI = "URI"


@pytest.mark.parametrize(
    ("kind", "name", "pattern"),
    [
        (DNS, "gateway.example.org", "gateway.example.org"),
        (DNS, "Gateway.Example.ORG", "gateway.example.org"),
        (DNS, "gateway.example.org", "*.example.org"),
        (DNS, "a.gateway.example.org", "*.Example.org"),
        (URI, "spiffe://example.org/gateway", "spiffe://example.org/gateway"),
        (URI, "spiffe://example.org/ns/a/sa/b", "spiffe://example.org/ns/*"),
        (URI, "spiffe://example.org/gateway", "spiffe://example.org/*"),
    ],
)
def test_a_name_that_is_written_is_welcome(kind: str, name: str, pattern: str) -> None:
    assert check_san(pattern) == pattern
    others = [(DNS, "other.invalid"), (URI, "https://other.invalid/"), (kind, name)]
    assert is_allowed(others, ["first.invalid", pattern])


@pytest.mark.parametrize(
    ("kind", "name", "pattern"),
    [
        (DNS, "example.org", "*.example.org"),
        (DNS, "evilexample.org", "*.example.org"),
        (DNS, "gateway.example.org.evil", "*.example.org"),
        (DNS, "gateway.example.org.", "gateway.example.org"),
        (DNS, "gateway.example.or", "gateway.example.org"),
        (DNS, "spiffe://example.org/gateway", "spiffe://example.org/gateway"),
        (URI, "gateway.example.org", "gateway.example.org"),
        (URI, "spiffe://example.org/Gateway", "spiffe://example.org/gateway"),
        (URI, "spiffe://example.org/gateway/", "spiffe://example.org/gateway"),
        (URI, "spiffe://example.org/ns-evil/a", "spiffe://example.org/ns/*"),
        (URI, "spiffe://example.org.evil/a", "spiffe://example.org/*"),
        ("IP Address", "10.0.0.1", "10.0.0.1"),
        ("email", "gateway.example.org", "gateway.example.org"),
    ],
)
def test_a_name_that_only_looks_like_it_is_not(kind: str, name: str, pattern: str) -> None:
    assert not is_allowed([(kind, name)], [check_san(pattern)])


def test_a_certificate_without_names_is_not_welcome() -> None:
    assert not is_allowed([], ["gateway.example.org"])


@pytest.mark.parametrize(
    "pattern",
    ["", "*", "*.", "*.*.org", "gate*.org", "spiffe://example.org/n*", "spiffe://*/a", "://", " a"],
)
def test_a_pattern_that_would_surprise_is_refused_with_examples(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"write a DNS name .* or a URI"):
        check_san(pattern)
