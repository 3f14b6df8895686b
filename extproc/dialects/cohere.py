"""Cohere, version 2 of its API: chat, embed, rerank, tokenize; and Voyage, which is like it.

https://docs.cohere.com/reference/chat, https://docs.voyageai.com/reference/embeddings-api
"""

from typing import Any

from extproc.dialects import cohere_shapes as shapes
from extproc.dialects import document as json_document
from extproc.dialects import refusal as refusals
from extproc.dialects import sse
from extproc.dialects.cohere_stream import CohereStream
from extproc.dialects.walk import Reading, read
from extproc.dialects.whole import WholeBodies
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage


class CohereChat:
    """The dialect of `/v2/chat`."""

    name = "cohere_chat"

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
            raise BodyError(
                "not_a_chat_request", "the body is not a chat request; send an object with messages"
            )
        return read(document, shapes.REQUEST, turns="messages")

    def response(self, document: Any) -> Reading:
        return read(document, shapes.RESPONSE, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return shapes.usage(document)

    def stream(self, media_type: str) -> CohereStream | None:
        return CohereStream() if media_type == sse.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return _error(refusal)


def _error(refusal: Refusal) -> bytes:
    return json_document.write({"message": refusals.message(refusal), **_known(refusal)})


def _voyage_error(refusal: Refusal) -> bytes:
    return json_document.write({"detail": refusals.message(refusal), **_known(refusal)})


def _known(refusal: Refusal) -> dict[str, Any]:
    return {**refusals.facts(refusal), "request_id": refusal.request_id}


COHERE = WholeBodies("cohere", shapes.INPUTS, shapes.RESULTS, _error, shapes.usage)
"""The dialect of `/v1` and `/v2` `embed`, `rerank`, `tokenize`, `detokenize`, `classify`."""

VOYAGE = WholeBodies("voyage", shapes.INPUTS, shapes.RESULTS, _voyage_error, shapes.usage)
"""The dialect of Voyage's embeddings and rerank."""
