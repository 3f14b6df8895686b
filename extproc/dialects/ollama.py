"""Ollama's own API: chat, generate and embed, whole and streamed.

https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import ndjson
from extproc.dialects import refusal as refusals
from extproc.dialects.framing import Frame
from extproc.dialects.logprobs import LOGPROBS
from extproc.dialects.numbers import is_count
from extproc.dialects.pieces import Form, PieceStream
from extproc.dialects.walk import ROLE, TOKEN, Media, Reading, Shape, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage

_IMAGES: Shape = {"*": Media("image")}
_CALL: Shape = {
    "id": TOKEN,
    "function": {"name": None, "index": TOKEN, "arguments": None},
}
_MESSAGE: Shape = {
    "role": ROLE,
    "content": None,
    "thinking": None,
    "images": _IMAGES,
    "tool_name": None,
    "tool_calls": {
        "*": {"id": TOKEN, "function": {"name": None, "index": TOKEN, "arguments": None}}
    },
}
_REQUEST: Shape = {
    "model": TOKEN,
    "messages": {"*": _MESSAGE},
    "prompt": None,
    "suffix": None,
    "system": None,
    "template": None,
    "input": None,
    "images": _IMAGES,
    "context": Media("token_ids"),
    "stream": TOKEN,
    "keep_alive": TOKEN,
    "dimensions": TOKEN,
    "truncate": TOKEN,
    "options": dict.fromkeys(("temperature", "num_predict", "num_ctx", "seed"), TOKEN),
    "tools": {"*": {"type": TOKEN, "function": {"name": None, "description": None}}},
}
_ANSWER: Shape = {
    "model": TOKEN,
    "created_at": TOKEN,
    "message": _MESSAGE,
    "response": None,
    "thinking": None,
    "done": TOKEN,
    "done_reason": TOKEN,
    "context": Media("token_ids"),
    "total_duration": TOKEN,
    "load_duration": TOKEN,
    "prompt_eval_count": TOKEN,
    "prompt_eval_duration": TOKEN,
    "eval_count": TOKEN,
    "eval_duration": TOKEN,
    "embedding": None,
    "embeddings": None,
    "logprobs": LOGPROBS,
}


class Ollama:
    """The dialect of `/api/chat`, `/api/generate`, `/api/embed` and `/api/embeddings`."""

    name = "ollama"

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict):
            raise BodyError("not_a_model_request", "the body is no JSON object; send one")
        reading = read(document, _REQUEST, role="user", turns="messages")
        for place, segment in enumerate(reading.segments):
            if segment.path == ("system",):
                reading.segments[place] = segment._replace(role="system")
        return reading

    def response(self, document: Any) -> Reading:
        return read(document, _ANSWER, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return _usage(document)

    def stream(self, media_type: str) -> PieceStream | None:
        return PieceStream(_FORM) if media_type in ndjson.MEDIA_TYPES else None

    def error(self, refusal: Refusal) -> bytes:
        return json_document.write(_error(refusal))


def _error(refusal: Refusal) -> dict[str, Any]:
    return {
        "error": refusals.message(refusal),
        **refusals.facts(refusal),
        "request_id": refusal.request_id,
    }


def _usage(document: Any) -> Usage | None:
    if not isinstance(document, dict):
        return None
    given, made = document.get("prompt_eval_count"), document.get("eval_count", 0)
    return Usage(given, made) if is_count(given) and is_count(made) else None


_ENDED = {"done": True, "done_reason": "content_filter"}
_FORM = Form(
    shape=_ANSWER,
    framing=ndjson.NdJson,
    error=lambda refusal: Frame(json_document.write(_error(refusal))),
    usage=_usage,
    whole=frozenset({"tool_calls", "logprobs", "error"}),
    finish=frozenset({"done"}),
    kept=frozenset({"model", "created_at", "role"}),
    filtered={
        "message": {"message": {"role": "assistant", "content": ""}, **_ENDED},
        "response": {"response": "", **_ENDED},
    },
    more={"done": False},
    free=("created_at",),
)
