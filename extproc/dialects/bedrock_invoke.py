"""Amazon Bedrock InvokeModel: each model's own bodies.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html. The path may
name the model or only a profile that leads to one, so whose body it is shows in its members.
"""

from typing import Any

from extproc.dialects import bedrock_errors, bedrock_models, event_stream
from extproc.dialects import bedrock_shapes as converse
from extproc.dialects import document as json_document
from extproc.dialects.anthropic import AnthropicMessages
from extproc.dialects.anthropic_stream import MessageStream
from extproc.dialects.base import Channel, StreamEvent, StreamReader
from extproc.dialects.bedrock_chunks import Chunks
from extproc.dialects.bedrock_stream import NovaStream
from extproc.dialects.framing import Frame
from extproc.dialects.openai_chat import ChatStream, OpenAIChat
from extproc.dialects.pieces import PieceStream
from extproc.dialects.walk import Reading, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage

_ANTHROPIC = AnthropicMessages()
_CHAT = OpenAIChat()
_DONE = b"[DONE]"  # ends a stream of server-sent events only


class BedrockInvoke:
    """The dialect of `/model/{id}/invoke` and `/model/{id}/invoke-with-response-stream`."""

    name = "bedrock_invoke"

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict):
            raise BodyError("not_a_model_request", "the body is no JSON object; send one")
        if not isinstance(document.get("messages"), list):
            return read(document, bedrock_models.REQUEST, role="user")
        if "anthropic_version" in document:
            return _ANTHROPIC.request(document)
        if _is_converse(document):
            return converse.with_roles(read(document, converse.REQUEST, turns="messages"))
        return _CHAT.request(document)

    def response(self, document: Any) -> Reading:
        if isinstance(document, dict):
            if isinstance(document.get("output"), dict):
                return converse.with_roles(read(document, converse.RESPONSE, role="assistant"))
            if isinstance(document.get("content"), list):
                return _ANTHROPIC.response(document)
            if isinstance(document.get("choices"), list):
                return _CHAT.response(document)
        return read(document, bedrock_models.ANSWER, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return bedrock_models.usage(document)

    def stream(self, media_type: str) -> "InvokeStream | None":
        return InvokeStream() if media_type == event_stream.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return bedrock_errors.error(refusal)


def _is_converse(document: dict[str, Any]) -> bool:
    """Whether a request is one of Nova: of messages as Converse has them."""
    blocks = [
        block
        for message in document["messages"]
        if isinstance(message, dict) and isinstance(message.get("content"), list)
        for block in message["content"]
    ]
    return bool(blocks) and not any(isinstance(block, dict) and "type" in block for block in blocks)


def _pieces() -> StreamReader:
    return PieceStream(bedrock_models.FORM)


class InvokeStream:
    """Reads a stream as that of the model which its first event shows."""

    def __init__(self) -> None:
        self._reader: StreamReader = _pieces()
        self._is_known = False
        self.free = self._reader.free

    def framing(self, max_event: int) -> Chunks:
        return Chunks(max_event)

    def read(self, data: bytes) -> StreamEvent:
        if not self._is_known:
            self._reader = _reader(json_document.parse(data))
            self._is_known = True
            self.free = self._reader.free
        return self._reader.read(data)

    def carrier(self, channel: Channel, text: str) -> Frame:
        return self._reader.carrier(channel, text)

    def filtered_end(self) -> list[Frame]:
        return [frame for frame in self._reader.filtered_end() or [] if frame.data != _DONE]

    def error_end(self, refusal: Refusal) -> list[Frame]:
        return [bedrock_errors.error_event(refusal)]


def _reader(first: Any) -> StreamReader:
    """The reader of a stream with this first event."""
    if not isinstance(first, dict):
        return _pieces()
    if "messageStart" in first:
        return NovaStream()
    if first.get("type") == "message_start":
        return MessageStream()
    # Mistral's chunks have a whole message in the place of a delta.
    choices = first.get("choices")
    if isinstance(choices, list) and any(
        isinstance(choice, dict) and "delta" in choice for choice in choices
    ):
        return ChatStream()
    return _pieces()
