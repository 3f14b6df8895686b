"""Which exchanges a policy is about."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

WILDCARD_PATTERN = r"^[^\s\[\]?]{1,256}$"
HEADER_PATTERN = r"^[a-z0-9-]{1,64}$"

_Wildcard = Annotated[str, StringConstraints(pattern=WILDCARD_PATTERN)]
_Header = Annotated[str, StringConstraints(pattern=HEADER_PATTERN)]
_PORT = re.compile(r":[0-9]+\Z")
_Any = Annotated[list[_Wildcard], Field(min_length=1, max_length=100)]


class Match(BaseModel):
    """All that is named must hold, and of a list any one; `*` stands for any characters.

    `hosts` are without a port. `paths` are as the caller wrote them, with the provider's prefix
    and without the query.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: _Any | None = None
    paths: _Any | None = None
    headers: dict[_Header, _Any] = Field(default={}, max_length=16)


class Matcher:
    """A `Match` made ready."""

    def __init__(self, match: Match) -> None:
        self._host = _expression(match.hosts)
        self._path = _expression(match.paths)
        self._headers = [(name, _expression(values)) for name, values in match.headers.items()]
        named = (match.hosts is not None, match.paths is not None, *match.headers)
        self.width = len([one for one in named if one])
        """How many things are asked for: the more, the narrower."""

    def holds(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers, pseudo-headers among them, is meant."""
        if self._host is not None:
            host = _PORT.sub("", headers.get(":authority", "").lower())
            if not self._host.fullmatch(host):
                return False
        if self._path is not None:
            path = headers.get(":path", "").partition("?")[0]
            if not self._path.fullmatch(path):
                return False
        return all(
            expression is None or expression.fullmatch(headers.get(name, ""))
            for name, expression in self._headers
        )


def _expression(wildcards: Iterable[str] | None) -> re.Pattern[str] | None:
    if wildcards is None:
        return None
    return re.compile("|".join(map(translate, wildcards)))


ALWAYS = Matcher(Match())
"""Holds for every exchange."""
