"""Google's Gemini, on its own API and on Vertex AI: content, tokens, embeddings, predictions.

https://ai.google.dev/api
"""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import json_array, sse
from extproc.dialects.gemini_documents import error_object, usage
from extproc.dialects.gemini_shapes import REQUEST, RESPONSE, SUBJECTS
from extproc.dialects.gemini_stream import GeminiStream
from extproc.dialects.walk import Reading, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage


class Gemini:
    """The Gemini dialect.

    `streams` says that the method called is one that streams: then its JSON is an array that grows.
    """

    name = "gemini"

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict) or SUBJECTS.isdisjoint(document):
            raise BodyError(
                "not_a_gemini_request",
                "the body is not a request of Gemini; send an object with contents",
            )
        return read(document, REQUEST, turns="contents")

    def response(self, document: Any) -> Reading:
        return read(document, RESPONSE, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return usage(document)

    def stream(self, media_type: str) -> GeminiStream | None:
        if not self._streams or media_type not in (sse.MEDIA_TYPE, json_array.MEDIA_TYPE):
            return None
        return GeminiStream(is_array=media_type == json_array.MEDIA_TYPE)

    def error(self, refusal: Refusal) -> bytes:
        return json_document.write(error_object(refusal))
