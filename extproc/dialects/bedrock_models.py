"""Bodies of the models behind Amazon Bedrock's InvokeModel that have no dialect of their own.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html: Titan, Llama, Mistral,
Cohere, AI21, Nova's embeddings and images, Stability. Their members have different names, so one
shape serves all of them; what none of them names is text.
"""

from typing import Any

from extproc.dialects import bedrock_errors
from extproc.dialects.bedrock_chunks import Chunks
from extproc.dialects.numbers import is_count
from extproc.dialects.pieces import Form
from extproc.dialects.walk import JSON, ROLE, TOKEN, Media, Shape
from extproc.model.values import Usage

_IMAGES: Shape = {"*": Media("image")}
_CALLS: Shape = {
    "*": {"id": TOKEN, "type": TOKEN, "index": TOKEN, "function": {"name": None, "arguments": JSON}}
}


def _embedded(kind: str) -> Shape:
    place: Shape = {"uri": Media("file_url")}
    return {"format": TOKEN, "source": {"bytes": Media(kind), "s3Location": place}}


_EMBEDDED: Shape = {
    "embeddingPurpose": TOKEN,
    "embeddingDimension": TOKEN,
    "text": {"value": None, "truncationMode": TOKEN},
    "image": _embedded("image"),
    "audio": _embedded("audio"),
    "video": _embedded("video"),
}
REQUEST: Shape = {
    "inputText": None,
    "inputImage": Media("image"),
    "textGenerationConfig": {
        "maxTokenCount": TOKEN,
        "temperature": TOKEN,
        "topP": TOKEN,
        "stopSequences": None,
    },
    "dimensions": TOKEN,
    "normalize": TOKEN,
    "embeddingTypes": {"*": TOKEN},
    "embeddingConfig": {"outputEmbeddingLength": TOKEN},
    "taskType": TOKEN,
    "singleEmbeddingParams": _EMBEDDED,
    "segmentedEmbeddingParams": _EMBEDDED,
    "prompt": None,
    "images": _IMAGES,
    "image": Media("image"),
    "max_gen_len": TOKEN,
    "max_tokens": TOKEN,
    "temperature": TOKEN,
    "top_p": TOKEN,
    "top_k": TOKEN,
    "texts": None,
    "inputs": {"*": {"content": {"*": {"type": TOKEN, "image_url": {"url": Media("image")}}}}},
    "input_type": TOKEN,
    "truncate": TOKEN,
    "embedding_types": {"*": TOKEN},
    "chat_history": {"*": {"role": ROLE, "message": None}},
}
_COUNTS: dict[str, Shape] = dict.fromkeys(
    (
        "inputTextTokenCount",
        "totalOutputTextTokenCount",
        "prompt_token_count",
        "generation_token_count",
    ),
    TOKEN,
)
_METRICS = "amazon-bedrock-invocationMetrics"
_FINISH = frozenset(
    {"completionReason", "stop_reason", "finish_reason", "is_finished", "finishReason"}
)
_ITEM: dict[str, Shape] = {
    "id": TOKEN,
    "index": TOKEN,
    "text": None,
    "outputText": None,
    "tokenCount": TOKEN,
    **dict.fromkeys(_FINISH, TOKEN),
}
_MESSAGE: Shape = {"role": ROLE, "content": None, "tool_calls": _CALLS}
ANSWER: Shape = {
    **_COUNTS,
    **_ITEM,
    "type": TOKEN,
    "kind": TOKEN,
    "event": TOKEN,
    "status": TOKEN,
    "role": TOKEN,
    "event_type": TOKEN,
    "response_type": TOKEN,
    "response_id": TOKEN,
    "generation_id": TOKEN,
    "object": TOKEN,
    "model": TOKEN,
    "created": TOKEN,
    "generation": None,
    "completion": None,
    "outputs": {"*": _ITEM},
    "results": {"*": _ITEM},
    "generations": {"*": _ITEM},
    "choices": {"*": {**_ITEM, "message": _MESSAGE, "delta": _MESSAGE}},
    "images": _IMAGES,
    "artifacts": {"*": {"base64": Media("image")}},
    "embedding": None,
    "embeddings": {"*": {"embeddingType": TOKEN}},
    "embeddingsByType": None,
    "amazon-bedrock-guardrailAction": TOKEN,
    _METRICS: dict.fromkeys(
        ("inputTokenCount", "outputTokenCount", "invocationLatency", "firstByteLatency"), TOKEN
    ),
}
"""Of a whole answer, and of an event of a streamed one."""

# Members that count what went in and what came out, and where.
_COUNTED = (
    (_METRICS, "inputTokenCount", "outputTokenCount"),
    ("usage", "input_tokens", "output_tokens"),
    ("usage", "inputTokens", "outputTokens"),
    ("usage", "prompt_tokens", "completion_tokens"),
    ("", "prompt_token_count", "generation_token_count"),
)


def usage(document: Any) -> Usage | None:
    """Tokens counted in a whole answer, or at the end of a stream."""
    if not isinstance(document, dict):
        return None
    for place, given, made in _COUNTED:
        holder = document.get(place) if place else document
        if isinstance(holder, dict):
            before, after = holder.get(given), holder.get(made)
            if is_count(before) and is_count(after):
                return Usage(before, after)
    return None


_FILTERED = "content_filter"
FORM = Form(
    shape=ANSWER,
    framing=Chunks,
    error=bedrock_errors.error_event,
    usage=usage,
    whole=frozenset({"response", "citations", "name", ("message",)}),
    finish=_FINISH,
    kept=frozenset({"id", "index", "type", "event_type", "object", "created", "model"}),
    filtered={
        "generation": {"generation": "", "stop_reason": _FILTERED},
        "outputText": {"outputText": "", "completionReason": "CONTENT_FILTERED"},
        "outputs": {"outputs": [{"text": "", "stop_reason": _FILTERED}]},
        "choices": {"choices": [{"index": 0, "stop_reason": _FILTERED}]},
        "completion": {"completion": "", "stop_reason": _FILTERED},
        "text": {"text": "", "is_finished": True, "finish_reason": "ERROR_TOXIC"},
        "generations": {"generations": [], "is_finished": True, "finish_reason": "ERROR_TOXIC"},
    },
)
