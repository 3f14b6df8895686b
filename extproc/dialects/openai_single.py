"""OpenAI's APIs of one question and one answer: embeddings, moderations and images.

https://platform.openai.com/docs/api-reference/embeddings and the pages beside it.
"""

from functools import partial
from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import sse
from extproc.dialects.base import StreamReader
from extproc.dialects.numbers import is_count
from extproc.dialects.openai_chat import error_object
from extproc.dialects.openai_completions import TOKEN_IDS
from extproc.dialects.responses_stream import TypedStream
from extproc.dialects.walk import TOKEN, Media, Place, Shape
from extproc.dialects.whole import WholeBodies
from extproc.model.values import Refusal, Usage

_USAGE: Shape = {
    "prompt_tokens": TOKEN,
    "total_tokens": TOKEN,
    "input_tokens": TOKEN,
    "output_tokens": TOKEN,
    "input_tokens_details": {"image_tokens": TOKEN, "text_tokens": TOKEN},
    "output_tokens_details": {"image_tokens": TOKEN, "text_tokens": TOKEN},
}
_VECTOR = Place(string=Media("embedding"), numbers=TOKEN)


def _usage(document: Any) -> Usage | None:
    usage = document.get("usage") if isinstance(document, dict) else None
    if not isinstance(usage, dict):
        return None
    given = usage.get("input_tokens", usage.get("prompt_tokens"))
    said = usage.get("output_tokens", 0)
    return Usage(int(given), int(said)) if is_count(given) and is_count(said) else None


def _stream(media_type: str) -> StreamReader | None:
    return TypedStream() if media_type == sse.MEDIA_TYPE else None


def _error(refusal: Refusal) -> bytes:
    return json_document.write(error_object(refusal))


_single = partial(WholeBodies, error=_error, usage=_usage, stream=_stream)

EMBEDDINGS = _single(
    "openai_embeddings",
    request={
        "model": TOKEN,
        "input": TOKEN_IDS,
        "encoding_format": TOKEN,
        "dimensions": TOKEN,
    },
    response={
        "object": TOKEN,
        "model": TOKEN,
        "id": TOKEN,
        "data": {"*": {"object": TOKEN, "index": TOKEN, "embedding": _VECTOR}},
        "usage": _USAGE,
    },
)
MODERATIONS = _single(
    "openai_moderations",
    request={
        "model": TOKEN,
        "input": {"*": {"type": TOKEN, "text": None, "image_url": {"url": Media("image")}}},
    },
    response={"id": TOKEN, "model": TOKEN, "results": {"*": {"flagged": TOKEN}}},
)
IMAGES = _single(
    "openai_images",
    request={
        "model": TOKEN,
        "prompt": None,
        **dict.fromkeys(
            (
                "background",
                "moderation",
                "output_compression",
                "output_format",
                "partial_images",
                "quality",
                "response_format",
                "stream",
            ),
            TOKEN,
        ),
    },
    response={
        "created": TOKEN,
        "background": TOKEN,
        "output_format": TOKEN,
        "quality": TOKEN,
        "data": {
            "*": {"b64_json": Media("image"), "url": Media("image"), "revised_prompt": None},
        },
        "usage": _USAGE,
    },
)
