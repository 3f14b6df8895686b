"""The table of key formats in formats.tsv, and what of a candidate is a key."""

import re
from collections import defaultdict
from importlib import resources
from typing import NamedTuple

from extproc.detectors.recognizer import Span

_CLASSES = {
    "a": "[A-Za-z0-9]",
    "b": "[A-Za-z0-9+/]",
    "d": "[0-9]",
    "h": "[0-9a-f]",
    "H": "[0-9A-Fa-f]",
    "l": "[a-z0-9]",
    "u": "[0-9A-Za-z]{8}-(?:[0-9A-Za-z]{4}-){3}[0-9A-Za-z]{12}",
    "w": r"[A-Za-z0-9_\-]",
    "X": "[A-Z0-9]",
}
_CLASS = re.compile(r"<(\w)>")

_DISTINCT = 4  # characters that a key has at least; `ghp_xxxxxxxx` is a picture of one
_PICTURE = re.compile(r"[xX]{5}|[*.]{3}|(?i:your|placehold|redacted|changeme|insert|dummy)")
_WORDS = 16  # lower-case letters alone, that no generator brings forth
_SURE = 0.95


class Format(NamedTuple):
    """One line of the table. `body` is an expression that follows one of `prefixes`."""

    type: str
    prefixes: tuple[str, ...]
    body: str
    sought: str  # a run of `issued`, or an expression for patterns


def _read() -> tuple[Format, ...]:
    text = resources.files(__package__).joinpath("formats.tsv").read_text("ascii")
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        Format(name, tuple(prefixes.split()), _expanded(body), _expanded(sought))
        for name, prefixes, body, sought in lines
    )


def _expanded(expression: str) -> str:
    return _CLASS.sub(lambda match: _CLASSES[match[1]], expression)


FORMATS = _read()


class _Format:
    """A line of the table, compiled when a candidate first asks for it."""

    __slots__ = ("_body", "_format", "_prefix")

    def __init__(self, format_: Format, prefix: str) -> None:
        self._format = format_
        self._prefix = prefix
        self._body: re.Pattern[str] | None = None

    def value(self, candidate: str) -> Span | None:
        prefix = self._prefix
        if not candidate.startswith(prefix):
            return None
        if self._body is None:
            self._body = re.compile(rf"(?:{self._format.body})(?![A-Za-z0-9_])")
        match = self._body.match(candidate, len(prefix))
        if match is None or is_picture(match[0]):
            return None
        return Span(0, match.end(), _SURE, self._format.type)


def is_picture(body: str) -> bool:
    """Whether it only stands for a key, as in documentation."""
    if len(set(body)) < _DISTINCT or _PICTURE.search(body) is not None:
        return True
    return len(body) >= _WORDS and body.isalpha() and body.islower()


_HEAD = 2  # characters by which lines are looked up


def _by_head() -> dict[str, list[_Format]]:
    heads: defaultdict[str, list[_Format]] = defaultdict(list)
    for format_ in FORMATS:
        for prefix in format_.prefixes:
            heads[prefix[:_HEAD]].append(_Format(format_, prefix))
    return dict(heads)


_HEADS = _by_head()


def issued(candidate: str) -> Span | None:
    """The key that `candidate` begins with, by the first line of the table that fits."""
    for format_ in _HEADS.get(candidate[:_HEAD], ()):
        span = format_.value(candidate)
        if span is not None:
            return span
    return None
