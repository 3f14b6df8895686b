"""JSON in and out, so strict that every parser downstream reads what was inspected.

What two parsers could read differently is refused: duplicate keys, NaN, a byte-order mark, text
behind the document, invalid UTF-8, lone surrogates. A document that was not changed is never
written again; one that was keeps the spelling of its numbers.
"""

import re
from collections.abc import Mapping
from typing import Any

import jiter
import orjson

from extproc.model.errors import BodyError
from extproc.model.values import Path

_INT64 = 1 << 63
_PLACE = re.compile(r"at line \d+ column \d+$")


def parse(body: bytes) -> Any:
    """The value of a JSON document.

    Raises BodyError `empty_body`, `invalid_json`, `duplicate_key` or `too_deep`.
    """
    if not body:
        raise BodyError("empty_body", "the body is empty; send a JSON document")
    try:
        return jiter.from_json(
            body,
            allow_inf_nan=False,
            cache_mode="keys",
            catch_duplicate_keys=True,
            float_mode="lossless-float",
        )
    except ValueError as error:
        raise _translated(str(error)) from None


def _translated(reason: str) -> BodyError:
    if reason.startswith("Detected duplicate key"):
        place = _PLACE.search(reason)  # without the key, which is content
        where = f" ({place[0]})" if place else ""
        return BodyError("duplicate_key", f"an object names a key twice{where}; send it once")
    if reason.startswith("recursion limit"):
        return BodyError("too_deep", "the JSON is nested too deeply; send fewer levels")
    return BodyError("invalid_json", f"the body is not JSON ({reason}); send one UTF-8 document")


def write(value: Any) -> bytes:
    """The compact JSON of a parsed and perhaps changed document."""
    try:
        return orjson.dumps(value, default=_spelling)
    except TypeError:  # an integer beyond 64 bits
        return orjson.dumps(_with_spelled_integers(value), default=_spelling)


def _spelling(value: Any) -> orjson.Fragment:
    if isinstance(value, jiter.LosslessFloat):
        return orjson.Fragment(bytes(value))
    raise TypeError(f"not from a JSON document: {type(value).__name__}")


def _with_spelled_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_spelled_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_spelled_integers(item) for item in value]
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return orjson.Fragment(str(value).encode())
    return value


def replace(document: Any, path: Path, value: str | None) -> Any:
    """Put `value` at `path`; return the document, which is `value` itself for the empty path."""
    if not path:
        return value
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return document


def rename(document: Any, holder: Path, names: Mapping[str, str]) -> None:
    """Give members of the object at `holder` other names; none takes the place of another."""
    for step in holder:
        document = document[step]
    taken = {key for key in document if key not in names}
    counts: dict[str, int] = {}
    items: list[tuple[str, Any]] = []
    for key, item in document.items():
        name = names.get(key, key)
        unique = name
        while key in names and unique in taken:
            counts[name] = counts.get(name, 1) + 1
            unique = f"{name}_{counts[name]}"
        taken.add(unique)
        items.append((unique, item))
    document.clear()
    document.update(items)
