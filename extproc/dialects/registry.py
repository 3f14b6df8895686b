"""Which dialect a request is written in, by method and path."""

import re

from extproc.dialects.base import Dialect
from extproc.dialects.generic import GenericJson
from extproc.dialects.openai_chat import OpenAIChat

_GENERIC = GenericJson()

FALLBACK = _GENERIC.name
"""Name of the dialect of what no other dialect knows."""

# The last segments decide, so that a provider's prefix, version or deployment does not matter.
_ROUTES: tuple[tuple[re.Pattern[str], Dialect], ...] = (
    (re.compile(r"(?:^|/)chat/completions/?$"), OpenAIChat()),
)


def find(method: str, path: str) -> Dialect:
    """The dialect of a request line; the generic one where no API is known by it."""
    bare = path.partition("?")[0].partition("#")[0]
    if method == "POST":
        for pattern, dialect in _ROUTES:
            if pattern.search(bare):
                return dialect
    return _GENERIC
