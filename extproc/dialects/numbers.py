"""Numbers that a document states, believed only where every client reads them alike."""

from typing import Any, TypeGuard

from extproc.model.errors import BodyError

_MAX_COUNT = 1 << 53  # beyond it a number is no count of tokens


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a value can be a count of tokens."""
    return isinstance(value, int) and 0 <= value < _MAX_COUNT


def stated_index(holder: Any, position: int | None, name: str = "index") -> int:
    """The index that an item of a stream states as its member `name`, else its position.

    Raises BodyError `invalid_event` where there is neither, or where clients could read another.
    """
    stated = holder.get(name) if isinstance(holder, dict) else None
    if stated is None:
        stated = position
    if isinstance(stated, bool) or not isinstance(stated, int) or stated < 0:
        raise BodyError("invalid_event", "an index in the stream is not a whole number")
    return stated
