"""Amazon Bedrock Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from typing import Any

from extproc.dialects import bedrock_errors, event_stream
from extproc.dialects import bedrock_shapes as shapes
from extproc.dialects.bedrock_stream import ConverseStream
from extproc.dialects.walk import Reading, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage


class BedrockConverse:
    """The dialect of `/model/{id}/converse` and `/model/{id}/converse-stream`."""

    name = "bedrock_converse"

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict) or not isinstance(document.get("messages", []), list):
            raise BodyError("not_a_chat_request", "the body is no Converse request; send an object")
        return shapes.with_roles(read(document, shapes.REQUEST, turns="messages"))

    def response(self, document: Any) -> Reading:
        return shapes.with_roles(read(document, shapes.RESPONSE, role="assistant"))

    def usage(self, document: Any) -> Usage | None:
        return shapes.usage(document)

    def stream(self, media_type: str) -> ConverseStream | None:
        return ConverseStream() if media_type == event_stream.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return bedrock_errors.error(refusal)
