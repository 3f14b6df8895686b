"""What is not text in the documents of Cohere and Voyage.

https://docs.cohere.com/reference/chat, https://docs.voyageai.com/reference/embeddings-api
"""

from typing import Any

from extproc.dialects.numbers import is_count
from extproc.dialects.walk import APART, JSON, ROLE, TOKEN, Media, Place, Repeat, Shape
from extproc.model.values import Usage

_PART: dict[str, Shape] = {
    "type": TOKEN,
    "text": None,
    "thinking": None,
    "image_url": {"url": Media("image"), "detail": TOKEN},
    "image_base64": Media("image"),
    "video_base64": Media("video"),
    "video_url": Media("file_url"),
    "document": {"id": TOKEN, "data": None},
}
_CALL: dict[str, Shape] = {
    "id": TOKEN,
    "type": TOKEN,
    "function": {"name": None, "arguments": JSON},
}
_CITATION: dict[str, Shape] = {
    "start": TOKEN,
    "end": TOKEN,
    "text": None,
    "type": TOKEN,
    "content_index": TOKEN,
    "sources": {"*": {"type": TOKEN, "id": TOKEN, "document": None, "tool_output": None}},
}
# In an event of a stream a part, a call or a citation stands in the place of their list.
_MESSAGE: Shape = {
    "role": ROLE,
    "content": {**_PART, "*": _PART},
    "tool_plan": None,
    "tool_calls": {**_CALL, "*": _CALL},
    "tool_call_id": TOKEN,
    "citations": {**_CITATION, "*": _CITATION},
}
_TUNING: dict[str, Shape] = dict.fromkeys(
    (
        "model",
        "stream",
        "temperature",
        "max_tokens",
        "frequency_penalty",
        "presence_penalty",
        "safety_mode",
        "tool_choice",
        "strict_tools",
        "logprobs",
        "priority",
    ),
    TOKEN,
)
REQUEST: Shape = {
    **_TUNING,
    "messages": {"*": _MESSAGE},
    "tools": {"*": {"type": TOKEN, "function": {"name": None, "description": None}}},
    "documents": {"*": {"id": TOKEN, "data": None}},
    "citation_options": {"mode": TOKEN},
    "stop_sequences": None,
    "response_format": None,
}
_UNITS: Shape = dict.fromkeys(
    ("input_tokens", "output_tokens", "image_tokens", "search_units", "classifications"), TOKEN
)
_USAGE: Shape = {
    "billed_units": _UNITS,
    "tokens": _UNITS,
    "cached_tokens": TOKEN,
    "total_tokens": TOKEN,
    "text_tokens": TOKEN,
    "image_pixels": TOKEN,
}
_LOGPROB: dict[str, Shape] = {"text": APART, "token_ids": None, "logprobs": None}


def _spelled(listed: Any) -> str:
    """What the tokens of log-probabilities say, which are a list or, in an event, one of it."""
    entries = listed if isinstance(listed, list) else [listed]
    return "".join(
        entry["text"]
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("text"), str)
    )


_ABOUT: dict[str, Shape] = {
    "id": TOKEN,
    "generation_id": TOKEN,
    "finish_reason": TOKEN,
    "usage": _USAGE,
    "logprobs": Repeat({**_LOGPROB, "*": _LOGPROB}, _spelled),
}
RESPONSE: Shape = {**_ABOUT, "message": _MESSAGE}
EVENT: Shape = {
    **_ABOUT,
    "type": TOKEN,
    "index": TOKEN,
    "delta": {"message": _MESSAGE, "finish_reason": TOKEN, "usage": _USAGE, "error": None},
}

INPUTS: Shape = {
    **_TUNING,
    "texts": None,
    "text": None,
    "input": None,
    "inputs": {"*": {**_PART, "content": {"*": _PART}}},
    "images": {"*": Media("image")},
    "tokens": Media("token_ids"),
    "query": None,
    "documents": None,
    "input_type": TOKEN,
    "truncate": TOKEN,
    "truncation": TOKEN,
    "top_n": TOKEN,
    "top_k": TOKEN,
    "return_documents": TOKEN,
    "max_tokens_per_doc": TOKEN,
    "embedding_types": {"*": TOKEN},
    "encoding_format": TOKEN,
    "output_dimension": TOKEN,
    "output_dtype": TOKEN,
}
"""Of a request for embeddings, a ranking or tokens."""

_RESULT: Shape = {
    "object": TOKEN,
    "index": TOKEN,
    "embedding": Place(string=Media("embedding")),
    "relevance_score": TOKEN,
    "document": None,
}
RESULTS: Shape = {
    "id": TOKEN,
    "object": TOKEN,
    "model": TOKEN,
    "response_type": TOKEN,
    "data": {"*": _RESULT},
    "results": {"*": _RESULT},
    "embeddings": {"base64": {"*": Media("embedding")}},
    "texts": None,
    "images": None,
    "tokens": None,
    "token_strings": None,
    "text": None,
    "meta": {"api_version": {"version": TOKEN}, "billed_units": _UNITS, "tokens": _UNITS},
    "usage": _USAGE,
}
"""Of the answer to it."""


def usage(document: Any) -> Usage | None:
    """Tokens counted in a whole answer, or at the end of a stream."""
    for path in (("usage", "tokens"), ("delta", "usage", "tokens"), ("meta", "billed_units")):
        holder = document
        for step in path:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            given, made = holder.get("input_tokens"), holder.get("output_tokens", 0)
            if is_count(given) and is_count(made):
                return Usage(given, made)
    return None
