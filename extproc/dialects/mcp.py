"""Model Context Protocol over HTTP: JSON-RPC 2.0 messages, one or several in a body or a stream.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports, with the batches of
revision 2025-03-26 and the transport of 2024-11-05 (`/sse` and `/messages`).

A call that is refused is answered by a JSON-RPC error in an answer of status 200: the official
clients hand such an error to the caller of the tool, who may try otherwise. On a status of 4xx the
Python client drops its whole session, and TypeScript's shows the body as part of a transport error.
What is no call, a notification or an answer, has nobody waiting for it and is refused by status, as
the specification asks for.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn, TypeGuard

from extproc.dialects import document as json_document
from extproc.dialects import refusal as refusals
from extproc.dialects import sse
from extproc.dialects.base import Channel, StreamEvent
from extproc.dialects.framing import Frame
from extproc.dialects.sse import ServerSentEvents
from extproc.dialects.walk import ROLE, TOKEN, Media, Place, Reading, Shape, is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage

_META: Shape = {"progressToken": TOKEN}
_ANNOTATIONS: Shape = {"audience": {"*": TOKEN}, "priority": TOKEN, "lastModified": TOKEN}
_ICONS: Shape = {"*": {"src": Media("image"), "mimeType": TOKEN, "sizes": TOKEN, "theme": TOKEN}}
_RESOURCE: dict[str, Shape] = {
    "uri": None,
    "name": None,
    "mimeType": TOKEN,
    "size": TOKEN,
    "text": None,
    "blob": Media("blob"),
    "annotations": _ANNOTATIONS,
    "icons": _ICONS,
    "_meta": _META,
}
# Filled below: the result of a tool holds blocks again.
_BLOCKS: dict[str, dict[str, Shape]] = {}
_BLOCK = Place({"type": TOKEN}, _BLOCKS)
_CONTENT = Place({"*": _BLOCK}, _BLOCKS)
_COMMON: dict[str, Shape] = {"type": TOKEN, "annotations": _ANNOTATIONS, "_meta": _META}
_BLOCKS |= {
    "text": {**_COMMON, "text": None},
    "image": {**_COMMON, "data": Media("image"), "mimeType": TOKEN},
    "audio": {**_COMMON, "data": Media("audio"), "mimeType": TOKEN},
    "resource": {**_COMMON, "resource": _RESOURCE},
    "resource_link": {**_RESOURCE, **_COMMON},
    "tool_use": {**_COMMON, "id": TOKEN, "name": None, "input": None},
    "tool_result": {**_COMMON, "toolUseId": TOKEN, "content": _CONTENT, "isError": TOKEN},
}
_MESSAGES: Shape = {"*": {"role": ROLE, "content": _CONTENT}}
_PEER: Shape = {"name": None, "version": TOKEN, "icons": _ICONS}
_TOOLS: Shape = {"*": {"name": None, "description": None, "icons": _ICONS, "_meta": _META}}
_BODY: dict[str, Shape] = {  # of what is asked and of what is answered
    "_meta": _META,
    "content": _CONTENT,
    "messages": _MESSAGES,
    "model": TOKEN,
    "name": None,
    "protocolVersion": TOKEN,
    "role": ROLE,
    "tools": _TOOLS,
    "uri": None,
}
_MESSAGE: dict[str, Shape] = {
    "jsonrpc": TOKEN,
    "id": TOKEN,
    "method": TOKEN,
    "params": {
        **_BODY,
        "clientInfo": _PEER,
        "cursor": TOKEN,
        "elicitationId": TOKEN,
        "level": TOKEN,
        "maxTokens": TOKEN,
        "progress": TOKEN,
        "progressToken": TOKEN,
        "ref": {"type": TOKEN, "name": None, "uri": None},
        "requestId": TOKEN,
        "temperature": TOKEN,
        "total": TOKEN,
    },
    "result": {
        **_BODY,
        "action": TOKEN,
        "contents": {"*": _RESOURCE},
        "isError": TOKEN,
        "nextCursor": TOKEN,
        "prompts": _TOOLS,
        "resources": {"*": _RESOURCE},
        "resourceTemplates": {"*": _RESOURCE},
        "serverInfo": _PEER,
        "stopReason": TOKEN,
    },
    "error": {"code": TOKEN, "message": None, "data": None},
}
# Where to send messages, the first event of the old transport.
_ENDPOINT = re.compile(rb"(/|https?://)[!-~]{0,2048}")
_LINES = (b"event: message",)
_PARSE_ERROR = -32700  # JSON-RPC 2.0, 5.1; other codes are those of HTTP, which it leaves free


class ModelContextProtocol:
    """JSON-RPC messages between an MCP client and a server."""

    name = "mcp"

    def request(self, document: Any) -> Reading:
        reading = _read(document, role="assistant")
        reading.calls = tuple(_ids(document, "method"))
        return reading

    def response(self, document: Any) -> Reading:
        reading = _read(document, role="tool")
        reading.calls = tuple(_ids(document, "result", "error"))
        return reading

    def usage(self, document: Any) -> Usage | None:  # noqa: ARG002 - part of the protocol
        return None

    def stream(self, media_type: str) -> "MessageStream | None":
        return MessageStream() if media_type == sse.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        errors = [_error(refusal, call) for call in refusal.calls] or [_error(refusal)]
        return json_document.write(errors if len(errors) > 1 else errors[0])


class MessageStream:
    """Messages of a server, each whole in its event: answers, notifications and its own calls."""

    free: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._answered: set[str | int] = set()
        self._last: tuple[str | int, ...] = ()  # calls that the last event answers

    def framing(self, max_event: int) -> ServerSentEvents:
        return ServerSentEvents(max_event)

    def read(self, data: bytes) -> StreamEvent:
        if _ENDPOINT.fullmatch(data):
            return StreamEvent()
        document = json_document.parse(data)
        if not isinstance(document, dict | list):
            raise BodyError("invalid_event", "an event of the stream is no JSON-RPC message")
        self._answered.update(self._last)
        self._last = tuple(_ids(document, "result", "error"))
        return StreamEvent(document, whole=_read(document, role="tool"))

    def carrier(self, channel: Channel, text: str) -> NoReturn:  # noqa: ARG002
        """No text grows here, so none is ever held back."""
        raise KeyError(channel)

    def filtered_end(self) -> None:
        """There is none: a server has no filter of its own."""

    def error_end(self, refusal: Refusal) -> list[Frame]:
        """An answer to each call that has none; a stream that nobody asked for just ends."""
        calls = dict.fromkeys((*refusal.calls, *self._last))
        return [
            Frame(json_document.write(_error(refusal, call)), _LINES)
            for call in calls
            if call not in self._answered
        ]


def _read(document: Any, role: str) -> Reading:
    return read(document, {"*": _MESSAGE} if isinstance(document, list) else _MESSAGE, role)


def _ids(document: Any, *members: str) -> Iterator[str | int]:
    """The ids of the messages that have one of these members."""
    for message in document if isinstance(document, list) else [document]:
        if isinstance(message, dict) and any(member in message for member in members):
            call = message.get("id")
            if _is_id(call):
                yield call


def _is_id(value: Any) -> TypeGuard[str | int]:
    return is_token(value) if isinstance(value, str) else type(value) is int


def _error(refusal: Refusal, call: str | int | None = None) -> dict[str, Any]:
    is_malformed = (refusal.code, refusal.status) == ("invalid_json", 400)
    code = _PARSE_ERROR if is_malformed else refusal.status
    data = {**refusals.facts(refusal), "request_id": refusal.request_id}
    named = {} if call is None else {"id": call}
    message = refusals.message(refusal)
    return {"jsonrpc": "2.0", **named, "error": {"code": code, "message": message, "data": data}}
