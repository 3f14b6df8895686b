"""OpenAI's APIs of one question and one answer: embeddings, moderations and images.

https://platform.openai.com/docs/api-reference/embeddings and the pages beside it.
"""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import sse
from extproc.dialects.numbers import is_count
from extproc.dialects.openai_chat import error_object
from extproc.dialects.openai_completions import TOKEN_IDS
from extproc.dialects.responses_stream import TypedStream
from extproc.dialects.walk import TOKEN, Media, Place, Reading, Shape, read
from extproc.model.errors import BodyError
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


class OpenAISingle:
    """The dialect of one of them, by what its documents hold that is no text."""

    def __init__(self, name: str, request: Shape, response: Shape) -> None:
        self.name = name
        self._request = request
        self._response = response

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict):
            raise BodyError("not_an_object", "the body is no request; send an object")
        return read(document, self._request, role="user")

    def response(self, document: Any) -> Reading:
        return read(document, self._response, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        usage = document.get("usage") if isinstance(document, dict) else None
        if not isinstance(usage, dict):
            return None
        given = usage.get("input_tokens", usage.get("prompt_tokens"))
        said = usage.get("output_tokens", 0)
        return Usage(int(given), int(said)) if is_count(given) and is_count(said) else None

    def stream(self, media_type: str) -> TypedStream | None:
        return TypedStream() if media_type == sse.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return json_document.write(error_object(refusal))


EMBEDDINGS = OpenAISingle(
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
MODERATIONS = OpenAISingle(
    "openai_moderations",
    request={
        "model": TOKEN,
        "input": {"*": {"type": TOKEN, "text": None, "image_url": {"url": Media("image")}}},
    },
    response={"id": TOKEN, "model": TOKEN, "results": {"*": {"flagged": TOKEN}}},
)
IMAGES = OpenAISingle(
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
