"""Protobuf messages to events, commands to protobuf messages.

Messages are read with protobuf's own library, and written by hand: building message objects took
longer than all else that an exchange without findings costs.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError

from extproc.exchange.commands import (
    Command,
    ContinueBody,
    ContinueHeaders,
    ContinueTrailers,
    HeaderList,
    Reject,
    SendBody,
)
from extproc.exchange.events import (
    BodyMode,
    Event,
    FilterContract,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
)
from extproc.model.errors import ProtocolError
from extproc.model.values import Direction
from extproc.transport.pb import external_processor_pb2 as pb

# Messages to events


def to_event(data: bytes) -> Event:
    """The event that a serialised ProcessingRequest stands for.

    Raises ProtocolError for an empty message, and for what is none.
    """
    try:
        message = pb.ProcessingRequest.FromString(data)
    except DecodeError:
        raise ProtocolError("a message that is no ProcessingRequest") from None
    name = message.WhichOneof("request")
    if name is None:
        raise ProtocolError("a message without an event")
    return _EVENTS[name](message)


def _request_headers(message: pb.ProcessingRequest) -> Event:
    sent = message.request_headers
    return RequestHeaders(_headers(sent.headers), sent.end_of_stream, _contract(message))


def _request_body(message: pb.ProcessingRequest) -> Event:
    sent = message.request_body
    return RequestBody(sent.body, sent.end_of_stream)


def _response_headers(message: pb.ProcessingRequest) -> Event:
    sent = message.response_headers
    return ResponseHeaders(_headers(sent.headers), sent.end_of_stream)


def _response_body(message: pb.ProcessingRequest) -> Event:
    sent = message.response_body
    return ResponseBody(sent.body, sent.end_of_stream)


_EVENTS: dict[str, Callable[[pb.ProcessingRequest], Event]] = {
    "request_headers": _request_headers,
    "request_body": _request_body,
    "request_trailers": lambda _: RequestTrailers(),
    "response_headers": _response_headers,
    "response_body": _response_body,
    "response_trailers": lambda _: ResponseTrailers(),
}


def _headers(sent: pb.HeaderMap) -> dict[str, str]:
    """Envoy sends lower-case keys and, by default, values as bytes."""
    headers = sent.headers
    result = {h.key: h.raw_value.decode("latin-1") or h.value for h in headers}
    if len(result) == len(headers):
        return result
    result.clear()
    for header in headers:
        value = header.raw_value.decode("latin-1") or header.value
        known = result.get(header.key)
        result[header.key] = value if known is None else f"{known},{value}"
    return result


def _contract(message: pb.ProcessingRequest) -> FilterContract | None:
    if not message.HasField("protocol_config"):
        return None
    config = message.protocol_config
    contract = _CONTRACTS.get((config.request_body_mode, config.response_body_mode))
    if contract is None:
        raise ProtocolError("the filter is configured with a body mode that is not known")
    return contract


_CONTRACTS: dict[tuple[int, int], FilterContract] = {
    (one, two): FilterContract(one, two) for one in BodyMode for two in BodyMode
}

# Commands to messages


def to_bytes(command: Command) -> bytes:
    """The message that performs a command, serialised. Raises ProtocolError where none does."""
    write = _WRITERS.get(type(command))
    if write is None:
        raise ProtocolError(f"no message performs {type(command).__name__}")
    return write(command)


def _continue_headers(command: ContinueHeaders) -> bytes:
    kind = _REQUEST_HEADERS if command.direction is Direction.REQUEST else _RESPONSE_HEADERS
    answer = _answer(kind, _changes(command.set_headers) + _removed(command.remove_headers))
    return answer if command.body_mode is None else answer + _OVERRIDES[command.body_mode]


def _continue_body(command: ContinueBody) -> bytes:
    kind = _REQUEST_BODY if command.direction is Direction.REQUEST else _RESPONSE_BODY
    changes, body = _changes(command.set_headers), command.body
    if body is None:
        return _answer(kind, changes)
    changes += _removed(command.remove_headers)
    mutation = _head((_HEADER_MUTATION,), len(changes)) + changes if changes else b""
    start = mutation + _head((_BODY, _BODY_MUTATION), len(body))
    return _within((_RESPONSE, kind), start, body)


def _answer(kind: bytes, changes: bytes) -> bytes:
    """An answer that changes headers, or nothing."""
    if not changes:
        return _head((_RESPONSE, kind), 0)
    return _head((_HEADER_MUTATION, _RESPONSE, kind), len(changes)) + changes


def _changes(set_headers: HeaderList) -> bytes:
    """The fields of a HeaderMutation that set headers."""
    changes = b""
    for key, value in set_headers:
        raw = value.encode("latin-1", "replace")
        changes += _change_head(key, len(raw)) + raw + _OVERWRITE
    return changes


@lru_cache(maxsize=256)
def _change_head(key: str, size: int) -> bytes:
    """What stands before the value when a header is set."""
    pair = _field(_KEY, key.encode()) + _head((_RAW_VALUE,), size)
    option = _head((_HEADER,), len(pair) + size) + pair
    return _head((_SET_HEADERS,), len(option) + size + len(_OVERWRITE)) + option


@lru_cache(maxsize=64)
def _removed(names: tuple[str, ...]) -> bytes:
    return b"".join(_field(_REMOVE_HEADERS, name.encode()) for name in names)


def _send_body(command: SendBody) -> bytes:
    end = _END_OF_STREAM if command.end_of_stream else b""
    body = command.body
    head = _head((_STREAMED_BODY,), len(body)) if body else b""
    path = (_STREAMED_RESPONSE, _BODY_MUTATION, _RESPONSE, _RESPONSE_BODY)
    return _within(path, head, body + end if end else body)


def _continue_trailers(command: ContinueTrailers) -> bytes:
    requested = command.direction is Direction.REQUEST
    return _head((_REQUEST_TRAILERS if requested else _RESPONSE_TRAILERS,), 0)


def _reject(command: Reject) -> bytes:
    message = pb.ProcessingResponse(
        immediate_response=pb.ImmediateResponse(
            status=pb.HttpStatus(code=command.status),
            headers=pb.HeaderMutation.FromString(_changes(command.set_headers)),
            body=command.body,
            details=command.details,
        )
    )
    return message.SerializeToString()


_WRITERS: dict[type[Command], Callable[[Any], bytes]] = {
    ContinueHeaders: _continue_headers,
    ContinueBody: _continue_body,
    SendBody: _send_body,
    ContinueTrailers: _continue_trailers,
    Reject: _reject,
}


# For work that may take longer than the filter's message_timeout. Envoy grants it up to its
# max_message_timeout, and otherwise ignores it.
MORE_TIME = pb.ProcessingResponse(override_message_timeout=Duration(seconds=30)).SerializeToString()


# Protobuf's wire format: a tag, a length, the content


def _field(tag: bytes, content: bytes) -> bytes:
    return _head((tag,), len(content)) + content


@lru_cache(maxsize=1024)  # sizes repeat from one exchange to the next
def _head(path: tuple[bytes, ...], size: int) -> bytes:
    """What stands before a content of that size in fields within fields, the innermost first."""
    head = b""
    for tag in path:
        head = tag + _varint(size + len(head)) + head
    return head


def _within(path: tuple[bytes, ...], start: bytes, rest: bytes) -> bytes:
    """A content in two parts, in fields within fields. The large second one is copied once."""
    return _head(path, len(start) + len(rest)) + start + rest


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def _tag(number: int, wire_type: int = 2) -> bytes:
    return _varint(number << 3 | wire_type)


_REQUEST_HEADERS = _tag(pb.ProcessingResponse.REQUEST_HEADERS_FIELD_NUMBER)
_RESPONSE_HEADERS = _tag(pb.ProcessingResponse.RESPONSE_HEADERS_FIELD_NUMBER)
_REQUEST_BODY = _tag(pb.ProcessingResponse.REQUEST_BODY_FIELD_NUMBER)
_RESPONSE_BODY = _tag(pb.ProcessingResponse.RESPONSE_BODY_FIELD_NUMBER)
_REQUEST_TRAILERS = _tag(pb.ProcessingResponse.REQUEST_TRAILERS_FIELD_NUMBER)
_RESPONSE_TRAILERS = _tag(pb.ProcessingResponse.RESPONSE_TRAILERS_FIELD_NUMBER)
_RESPONSE = _tag(pb.HeadersResponse.RESPONSE_FIELD_NUMBER)  # BodyResponse has the same
_HEADER_MUTATION = _tag(pb.CommonResponse.HEADER_MUTATION_FIELD_NUMBER)
_BODY_MUTATION = _tag(pb.CommonResponse.BODY_MUTATION_FIELD_NUMBER)
_SET_HEADERS = _tag(pb.HeaderMutation.SET_HEADERS_FIELD_NUMBER)
_REMOVE_HEADERS = _tag(pb.HeaderMutation.REMOVE_HEADERS_FIELD_NUMBER)
_HEADER = _tag(pb.HeaderValueOption.HEADER_FIELD_NUMBER)
_KEY = _tag(pb.HeaderValue.KEY_FIELD_NUMBER)
_RAW_VALUE = _tag(pb.HeaderValue.RAW_VALUE_FIELD_NUMBER)
_BODY = _tag(pb.BodyMutation.BODY_FIELD_NUMBER)
_STREAMED_RESPONSE = _tag(pb.BodyMutation.STREAMED_RESPONSE_FIELD_NUMBER)
_STREAMED_BODY = _tag(pb.StreamedBodyResponse.BODY_FIELD_NUMBER)

_END_OF_STREAM = pb.StreamedBodyResponse(end_of_stream=True).SerializeToString()
_OVERWRITE = pb.HeaderValueOption(
    append_action=pb.HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
).SerializeToString()


def _override(mode: BodyMode) -> bytes:
    override = pb.ProcessingMode(response_body_mode=_BODY_MODES[mode])
    if mode is BodyMode.FULL_DUPLEX_STREAMED:
        override.response_trailer_mode = pb.ProcessingMode.SEND  # Envoy insists on it in this mode
    return pb.ProcessingResponse(mode_override=override).SerializeToString()


_BODY_MODES = {
    BodyMode.NONE: pb.ProcessingMode.NONE,
    BodyMode.STREAMED: pb.ProcessingMode.STREAMED,
    BodyMode.BUFFERED: pb.ProcessingMode.BUFFERED,
    BodyMode.BUFFERED_PARTIAL: pb.ProcessingMode.BUFFERED_PARTIAL,
    BodyMode.FULL_DUPLEX_STREAMED: pb.ProcessingMode.FULL_DUPLEX_STREAMED,
}
_OVERRIDES = {mode: _override(mode) for mode in BodyMode}
