"""Counts and errors in the documents of Google's generative APIs.

https://ai.google.dev/api/generate-content#UsageMetadata,
https://google.aip.dev/193
"""

from typing import Any

from extproc.dialects import refusal as refusals
from extproc.dialects.gemini_shapes import member
from extproc.dialects.numbers import is_count
from extproc.model.values import Refusal, Usage

_TOTALS = (
    ("promptTokenCount", "toolUsePromptTokenCount"),
    ("candidatesTokenCount", "thoughtsTokenCount"),
)
_STATUSES = {403: "PERMISSION_DENIED", 502: "INTERNAL"}


def usage(document: Any) -> Usage | None:
    """Tokens of prompt and of what tools put into it; tokens of candidates and thoughts."""
    counts = member(document, "usageMetadata")
    if member(counts, "promptTokenCount") is None:
        return None
    totals = []
    for names in _TOTALS:
        found = [member(counts, name) for name in names]
        numbers = [number for number in found if number is not None]
        if not all(map(is_count, numbers)):
            return None
        totals.append(sum(numbers))
    return Usage(*totals)


def error_object(refusal: Refusal) -> dict[str, Any]:
    """The error form of Google's APIs; what else a caller may know is one of its details."""
    facts = {**refusals.facts(refusal), "request_id": refusal.request_id}
    error = {
        "code": refusal.status,
        "message": refusals.message(refusal),
        "status": _STATUSES.get(refusal.status, "INVALID_ARGUMENT"),
        "details": [{"@type": "type.googleapis.com/google.protobuf.Struct", "value": facts}],
    }
    return {"error": error}
