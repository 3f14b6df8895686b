"""Protobuf messages to events, commands to protobuf messages."""

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

_OVERWRITE = pb.HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
_SEND = pb.ProcessingMode.HeaderSendMode.SEND


_BODY_MODES = {
    BodyMode.NONE: pb.ProcessingMode.NONE,
    BodyMode.STREAMED: pb.ProcessingMode.STREAMED,
    BodyMode.BUFFERED: pb.ProcessingMode.BUFFERED,
    BodyMode.BUFFERED_PARTIAL: pb.ProcessingMode.BUFFERED_PARTIAL,
    BodyMode.FULL_DUPLEX_STREAMED: pb.ProcessingMode.FULL_DUPLEX_STREAMED,
}


def to_event(message: pb.ProcessingRequest) -> Event:
    """The event that a message of Envoy stands for. Raises ProtocolError for an empty message."""
    match message.WhichOneof("request"):
        case "request_headers":
            return RequestHeaders(
                _headers(message.request_headers.headers),
                message.request_headers.end_of_stream,
                _contract(message),
            )
        case "request_body":
            return RequestBody(message.request_body.body, message.request_body.end_of_stream)
        case "request_trailers":
            return RequestTrailers()
        case "response_headers":
            return ResponseHeaders(
                _headers(message.response_headers.headers), message.response_headers.end_of_stream
            )
        case "response_body":
            return ResponseBody(message.response_body.body, message.response_body.end_of_stream)
        case "response_trailers":
            return ResponseTrailers()
    raise ProtocolError("a message without an event")


def _headers(headers: pb.HeaderMap) -> dict[str, str]:
    """Envoy sends lower-case keys and, by default, values as bytes."""
    result: dict[str, str] = {}
    for header in headers.headers:
        value = header.raw_value.decode("latin-1") or header.value
        known = result.get(header.key)
        result[header.key] = value if known is None else f"{known},{value}"
    return result


def _contract(message: pb.ProcessingRequest) -> FilterContract | None:
    if not message.HasField("protocol_config"):
        return None
    config = message.protocol_config
    try:
        return FilterContract(
            BodyMode(config.request_body_mode), BodyMode(config.response_body_mode)
        )
    except ValueError:
        raise ProtocolError("the filter is configured with a body mode that is not known") from None


def to_bytes(command: Command) -> bytes:
    """The message that performs a command, serialised. Raises ProtocolError where none does."""
    return _message(command).SerializeToString()


def _message(command: Command) -> pb.ProcessingResponse:
    match command:
        case ContinueHeaders():
            return _continue_headers(command)
        case ContinueBody():
            return _continue_body(command)
        case SendBody(body, end_of_stream):
            streamed = pb.StreamedBodyResponse(body=body, end_of_stream=end_of_stream)
            common = pb.CommonResponse(body_mutation=pb.BodyMutation(streamed_response=streamed))
            return pb.ProcessingResponse(response_body=pb.BodyResponse(response=common))
        case ContinueTrailers(Direction.REQUEST):
            return pb.ProcessingResponse(request_trailers=pb.TrailersResponse())
        case ContinueTrailers():
            return pb.ProcessingResponse(response_trailers=pb.TrailersResponse())
        case Reject():
            return pb.ProcessingResponse(
                immediate_response=pb.ImmediateResponse(
                    status=pb.HttpStatus(code=command.status),
                    headers=_mutation(command.set_headers),
                    body=command.body,
                    details=command.details,
                )
            )
    raise ProtocolError(f"no message performs {type(command).__name__}")


def _continue_headers(command: ContinueHeaders) -> pb.ProcessingResponse:
    common = pb.CommonResponse(
        header_mutation=_mutation(command.set_headers, command.remove_headers)
    )
    answer = pb.HeadersResponse(response=common)
    if command.direction is Direction.REQUEST:
        return pb.ProcessingResponse(request_headers=answer)
    message = pb.ProcessingResponse(response_headers=answer)
    if command.body_mode is not None:
        message.mode_override.response_body_mode = _BODY_MODES[command.body_mode]
        if command.body_mode is BodyMode.FULL_DUPLEX_STREAMED:
            message.mode_override.response_trailer_mode = _SEND  # Envoy insists on it in this mode
    return message


def _continue_body(command: ContinueBody) -> pb.ProcessingResponse:
    common = pb.CommonResponse(header_mutation=_mutation(command.set_headers))
    if command.body is not None:
        common.body_mutation.body = command.body
    answer = pb.BodyResponse(response=common)
    if command.direction is Direction.REQUEST:
        return pb.ProcessingResponse(request_body=answer)
    return pb.ProcessingResponse(response_body=answer)


def _mutation(set_headers: HeaderList, remove: tuple[str, ...] = ()) -> pb.HeaderMutation | None:
    if not set_headers and not remove:
        return None
    return pb.HeaderMutation(
        set_headers=[
            pb.HeaderValueOption(
                header=pb.HeaderValue(key=key, raw_value=value.encode("latin-1", "replace")),
                append_action=_OVERWRITE,
            )
            for key, value in set_headers
        ],
        remove_headers=remove,
    )
