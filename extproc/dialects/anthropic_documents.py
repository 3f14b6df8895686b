"""The documents of Anthropic Messages: what in them is not plain text, their counts and errors.

https://platform.claude.com/docs/en/api/messages
"""

from typing import Any

from extproc.dialects import refusal as refusals
from extproc.dialects.numbers import is_count
from extproc.dialects.walk import JSON, ROLE, TOKEN, Media, Place, Shape
from extproc.model.values import Refusal

_ENCRYPTED = Media("encrypted_content")
_CACHE: Shape = {"type": TOKEN, "ttl": TOKEN, "scope": TOKEN}
_CITATION: dict[str, Shape] = {
    "type": TOKEN,
    "cited_text": None,
    "title": None,
    "document_title": None,
    "document_index": TOKEN,
    "search_result_index": TOKEN,
    "start_char_index": TOKEN,
    "end_char_index": TOKEN,
    "start_page_number": TOKEN,
    "end_page_number": TOKEN,
    "start_block_index": TOKEN,
    "end_block_index": TOKEN,
    "file_id": TOKEN,
    "source": None,
    "url": None,
    "encrypted_index": _ENCRYPTED,
}
# The shapes of blocks by their type, and the members of a content that is one object with `*` for
# one that is a list; both are filled below, since results hold blocks again.
_KINDS: dict[str, dict[str, Shape]] = {}
_CONTENT: dict[str, Shape] = {}
_BLOCK: dict[str, Shape] = {
    "type": TOKEN,
    "id": TOKEN,
    "text": None,
    "name": None,
    "input": None,
    "content": Place(_CONTENT, _KINDS),
    "tool_use_id": TOKEN,
    "server_name": None,
    "is_error": TOKEN,
    "error_code": TOKEN,
    "error_message": None,
    "caller": {"type": TOKEN, "tool_id": TOKEN},
    "thinking": None,
    "signature": Media("signature"),
    "citations": {**_CITATION, "enabled": TOKEN, "*": _CITATION},
    "cache_control": _CACHE,
    "title": None,
    "context": None,
    "source": None,
    "url": None,
    "page_age": None,
    "retrieved_at": TOKEN,
    "file_id": TOKEN,
    "file_type": TOKEN,
    "tool_name": None,
    "tool_references": {"*": {"type": TOKEN, "tool_name": None}},
    "stop_reason": TOKEN,
    "stdout": None,
    "stderr": None,
    "return_code": TOKEN,
    "encrypted_stdout": _ENCRYPTED,
    "encrypted_content": _ENCRYPTED,
}
_TOOL_RESULTS = (
    "tool_result",
    "mcp_tool_result",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
)


def _with_source(kind: str) -> dict[str, Shape]:
    """A block whose source is media of that kind, or a text where it says so."""
    other: dict[str, Shape] = {
        "type": TOKEN,
        "media_type": TOKEN,
        "data": None,
        "content": Place(_CONTENT, _KINDS),
        "file_id": TOKEN,
        "url": Media("file_url"),
    }
    base64: dict[str, Shape] = {**other, "data": Media(kind)}
    return {**_BLOCK, "source": Place(other, {"base64": base64})}


_RESULT: dict[str, Shape] = {**_BLOCK, "content": Place(_CONTENT, _KINDS, role="tool")}
_KINDS |= {
    "image": _with_source("image"),
    "document": _with_source("file"),
    "redacted_thinking": {**_BLOCK, "data": Media("encrypted_reasoning")},
    **dict.fromkeys(_TOOL_RESULTS, _RESULT),
}
BLOCK = Place(_BLOCK, _KINDS)
"""A content block of a message, of a tool's result, or of a stream's beginning block."""
_CONTENT |= {**_BLOCK, "*": BLOCK}

_CONTAINER = Place(
    {
        "id": TOKEN,
        "expires_at": TOKEN,
        "skills": {"*": {"type": TOKEN, "skill_id": TOKEN, "version": TOKEN}},
    },
    string=TOKEN,
)
_MESSAGE: dict[str, Shape] = {
    "model": TOKEN,
    "messages": {"*": {"role": ROLE, "content": Place(_CONTENT, _KINDS)}},
    "system": Place(_CONTENT, _KINDS, role="system"),
    "max_tokens": TOKEN,
    "stream": TOKEN,
    "temperature": TOKEN,
    "top_k": TOKEN,
    "top_p": TOKEN,
    "speed": TOKEN,
    "service_tier": TOKEN,
    "inference_geo": TOKEN,
    "stop_sequences": None,
    "metadata": {"user_id": None},
    "thinking": {"type": TOKEN, "budget_tokens": TOKEN, "display": TOKEN},
    "output_config": {"effort": TOKEN, "format": None},
    "cache_control": _CACHE,
    "container": _CONTAINER,
    "context_management": None,
    "tool_choice": {"type": TOKEN, "name": None, "disable_parallel_tool_use": TOKEN},
    "tools": {
        "*": {
            "type": TOKEN,
            "name": None,
            "description": None,
            "input_schema": None,
            "cache_control": _CACHE,
            "strict": TOKEN,
            "defer_loading": TOKEN,
            "max_uses": TOKEN,
            "max_tokens": TOKEN,
            "model": TOKEN,
        }
    },
    "mcp_servers": {
        "*": {
            "type": TOKEN,
            "name": None,
            "url": TOKEN,
            "authorization_token": Media("credential"),  # of the caller, for the tool's server
            "tool_configuration": None,
        }
    },
    "anthropic_version": TOKEN,
    "anthropic_beta": {"*": TOKEN},
}
REQUEST: Shape = {
    **_MESSAGE,
    "requests": {"*": {"custom_id": TOKEN, "params": _MESSAGE}},  # of a batch
}

_COUNTS: dict[str, Shape] = {
    "type": TOKEN,
    "model": TOKEN,
    "input_tokens": TOKEN,
    "output_tokens": TOKEN,
    "cache_creation_input_tokens": TOKEN,
    "cache_read_input_tokens": TOKEN,
    "cache_creation": {"ephemeral_5m_input_tokens": TOKEN, "ephemeral_1h_input_tokens": TOKEN},
    "output_tokens_details": {"thinking_tokens": TOKEN},
    "server_tool_use": {"web_search_requests": TOKEN, "web_fetch_requests": TOKEN},
    "service_tier": TOKEN,
    "inference_geo": TOKEN,
    "speed": TOKEN,
}
_END: dict[str, Shape] = {
    "stop_reason": TOKEN,
    "stop_sequence": None,
    "stop_details": {"type": TOKEN, "category": TOKEN, "explanation": None},
    "container": _CONTAINER,
    "usage": {**_COUNTS, "iterations": {"*": _COUNTS}},
}
_BATCH: dict[str, Shape] = {
    "processing_status": TOKEN,
    "request_counts": None,
    "created_at": TOKEN,
    "expires_at": TOKEN,
    "ended_at": TOKEN,
    "cancel_initiated_at": TOKEN,
    "archived_at": TOKEN,
    "results_url": TOKEN,
}
RESPONSE: dict[str, Shape] = {
    **_END,
    **_BATCH,
    "id": TOKEN,
    "type": TOKEN,
    "role": ROLE,
    "model": TOKEN,
    "content": Place(_CONTENT, _KINDS),
    "input_tokens": TOKEN,
    "error": {"type": TOKEN, "message": None},
    "request_id": TOKEN,
}
EVENT: Shape = {
    "type": TOKEN,
    "index": TOKEN,
    "message": RESPONSE,
    "content_block": BLOCK,
    "delta": {
        **_END,
        "type": TOKEN,
        "text": None,
        "thinking": None,
        "partial_json": JSON,
        "signature": Media("signature"),
        "citation": _CITATION,
        "encrypted_content": _ENCRYPTED,
    },
    "usage": _END["usage"],
    "error": RESPONSE["error"],
    "request_id": TOKEN,
}

_ERRORS = {
    400: "invalid_request_error",
    403: "permission_error",
    413: "request_too_large",
    415: "invalid_request_error",
}


def error_object(refusal: Refusal) -> dict[str, Any]:
    """The error form of Anthropic, with what a caller may know of a policy's verdict."""
    error = {
        "type": _ERRORS.get(refusal.status, "api_error"),
        "message": refusals.message(refusal),
        **refusals.facts(refusal),
    }
    return {"type": "error", "error": error, "request_id": refusal.request_id}


def counted(usage: Any) -> dict[str, int]:
    """The counts of a `usage`: `input`, with what was read from and written to a cache, `output`.

    Left out is what it does not count, or not in whole numbers.
    """
    if not isinstance(usage, dict):
        return {}
    totals: dict[str, int] = {}
    for total, names in _TOTALS.items():
        counts = [usage[name] for name in names if usage.get(name) is not None]
        if usage.get(names[0]) is not None and all(map(is_count, counts)):
            totals[total] = sum(counts)
    return totals


_TOTALS = {
    "input": ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    "output": ("output_tokens",),
}
