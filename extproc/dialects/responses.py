"""OpenAI Responses and Conversations, as OpenAI and the compatible providers speak them.

https://platform.openai.com/docs/api-reference/responses
"""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import sse
from extproc.dialects.openai_chat import error_object
from extproc.dialects.responses_shapes import REQUEST, RESPONSE
from extproc.dialects.responses_stream import ResponsesStream, usage_of
from extproc.dialects.walk import Reading, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage


class Responses:
    """The dialect of responses, of their items, and of conversations."""

    name = "openai_responses"

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict):
            raise BodyError("not_a_responses_request", "the body is no request; send an object")
        return read(document, REQUEST, turns="input")

    def response(self, document: Any) -> Reading:
        return read(document, RESPONSE, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return usage_of(document)

    def stream(self, media_type: str) -> ResponsesStream | None:
        return ResponsesStream() if media_type == sse.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return json_document.write(error_object(refusal))
