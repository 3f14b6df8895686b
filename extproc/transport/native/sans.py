"""Subject alternative names: which clients' certificates are welcome."""

from collections.abc import Iterable

_URI = "://"
_KINDS = ("DNS", "URI")


def check_san(pattern: str) -> str:
    """A name as written in settings, if it can be used. Raises ValueError with the remedy."""
    exact = pattern.removesuffix("/*") if _URI in pattern else pattern.removeprefix("*.")
    if not exact or "*" in exact or exact != exact.strip() or exact.endswith(_URI):
        raise ValueError(
            f"{pattern!r}: write a DNS name (gateway.example.org, *.example.org) "
            "or a URI (spiffe://example.org/gateway, spiffe://example.org/ns/*)"
        )
    return pattern


def is_allowed(names: Iterable[tuple[str, str]], patterns: Iterable[str]) -> bool:
    """Whether one of a certificate's names, pairs of kind and value, is among the patterns.

    `*.` before a DNS name stands for one or more labels, `/*` behind a URI for any path below it.
    """
    names = tuple(names)
    return any(_matches(kind, name, pattern) for pattern in patterns for kind, name in names)


def shown(names: Iterable[tuple[str, str]]) -> str:
    """A certificate's names for a log."""
    return ", ".join(name for kind, name in names if kind in _KINDS) or "none"


def _matches(kind: str, name: str, pattern: str) -> bool:
    if _URI in pattern:
        if kind != "URI":
            return False
        return name.startswith(pattern[:-1]) if pattern.endswith("/*") else name == pattern
    if kind != "DNS":
        return False
    name, pattern = name.lower(), pattern.lower()
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern
