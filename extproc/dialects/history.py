"""Which turns of a conversation were there before: what stands in front of the last question."""

from typing import Any

from extproc.model.values import History

_MODEL = frozenset({"assistant", "model", "chatbot"})
NOTHING = History("", 0)


def history(document: Any, turns: str) -> History:
    """The turns in the list called `turns` up to the last one of the model that was answered.

    What the model is to go on with (a prefilled answer at the end) is as new as what it answers.
    """
    items = document.get(turns) if isinstance(document, dict) else None
    if not isinstance(items, list):
        return NOTHING
    size = len(items)
    while size and _is_of_model(items[size - 1]):
        size -= 1
    while size and not _is_of_model(items[size - 1]):
        size -= 1
    return History(turns, size) if size else NOTHING


def _is_of_model(item: Any) -> bool:
    """Whether the model has said this, or asked for it: a tool call, as an item of its own."""
    if not isinstance(item, dict):
        return False
    role, kind = item.get("role"), item.get("type")
    if isinstance(role, str):
        return role.strip().lower() in _MODEL
    return isinstance(kind, str) and (kind == "reasoning" or kind.endswith("_call"))
