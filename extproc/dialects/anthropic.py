"""Anthropic Messages, whole: requests, token counts, batches, answers and errors.

https://platform.claude.com/docs/en/api/messages. The same bodies travel over Vertex AI and, inside
another envelope, over Bedrock.

A thinking block is signed. Where its text is redacted the signature no longer fits, and Anthropic
refuses the block when a client sends it back. That is the lesser harm: the text stays redacted and
the signature passes as it is. Who needs thinking replayed must not redact what a model thinks.
"""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import sse
from extproc.dialects.anthropic_documents import REQUEST, RESPONSE, counted, error_object
from extproc.dialects.anthropic_stream import MessageStream
from extproc.dialects.walk import Reading, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage


class AnthropicMessages:
    """The Messages dialect."""

    name = "anthropic_messages"

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict) or not any(
            isinstance(document.get(name), list) for name in ("messages", "requests")
        ):
            raise BodyError(
                "not_a_messages_request",
                "the body is not a Messages request; send an object with messages",
            )
        return read(document, REQUEST, turns="messages")

    def response(self, document: Any) -> Reading:
        return read(document, RESPONSE, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        counts = counted(document.get("usage")) if isinstance(document, dict) else {}
        return Usage(counts["input"], counts["output"]) if len(counts) == 2 else None

    def stream(self, media_type: str) -> MessageStream | None:
        return MessageStream() if media_type == sse.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return json_document.write(error_object(refusal))
