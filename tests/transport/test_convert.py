"""Every message of Envoy is an event, and every command a message."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.exchange.commands import (
    Command,
    ContinueBody,
    ContinueHeaders,
    ContinueTrailers,
    Defer,
    Reject,
    Report,
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
from extproc.model.record import Outcome, Record
from extproc.model.values import Direction
from extproc.transport.convert import to_bytes, to_event
from extproc.transport.pb import external_processor_pb2 as pb

REQUEST, RESPONSE = Direction.REQUEST, Direction.RESPONSE


def to_message(command: Command) -> pb.ProcessingResponse:
    return pb.ProcessingResponse.FromString(to_bytes(command))


def headers(*pairs: tuple[str, bytes | str]) -> pb.HttpHeaders:
    values = [
        pb.HeaderValue(key=key, raw_value=value)
        if isinstance(value, bytes)
        else pb.HeaderValue(key=key, value=value)
        for key, value in pairs
    ]
    return pb.HttpHeaders(headers=pb.HeaderMap(headers=values))


EVENTS: list[tuple[pb.ProcessingRequest, Event]] = [
    (
        pb.ProcessingRequest(request_headers=headers((":method", b"POST"))),
        RequestHeaders({":method": "POST"}, end_of_stream=False),
    ),
    (
        pb.ProcessingRequest(request_headers=pb.HttpHeaders(end_of_stream=True)),
        RequestHeaders({}, end_of_stream=True),
    ),
    (
        pb.ProcessingRequest(request_body=pb.HttpBody(body=b"x", end_of_stream=True)),
        RequestBody(b"x", end_of_stream=True),
    ),
    (
        pb.ProcessingRequest(request_body=pb.HttpBody()),
        RequestBody(b"", end_of_stream=False),
    ),
    (pb.ProcessingRequest(request_trailers=pb.HttpTrailers()), RequestTrailers()),
    (
        pb.ProcessingRequest(response_headers=headers((":status", b"200"))),
        ResponseHeaders({":status": "200"}, end_of_stream=False),
    ),
    (
        pb.ProcessingRequest(response_body=pb.HttpBody(body=b"\xff", end_of_stream=False)),
        ResponseBody(b"\xff", end_of_stream=False),
    ),
    (pb.ProcessingRequest(response_trailers=pb.HttpTrailers()), ResponseTrailers()),
]


@pytest.mark.parametrize(("message", "event"), EVENTS, ids=lambda value: type(value).__name__)
def test_each_message_is_an_event(message: pb.ProcessingRequest, event: Event) -> None:
    assert to_event(message.SerializeToString()) == event


def test_every_kind_of_message_is_covered() -> None:
    kinds = {
        field.name for field in pb.ProcessingRequest.DESCRIPTOR.oneofs_by_name["request"].fields
    }
    assert {message.WhichOneof("request") for message, _ in EVENTS} == kinds


def test_an_empty_message_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        to_event(b"")


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("x", b"raw")], {"x": "raw"}),
        ([("x", "plain")], {"x": "plain"}),
        ([("x", b"")], {"x": ""}),
        ([("x", b"caf\xe9")], {"x": "caf\xe9"}),
        ([("x", b"1"), ("y", b"2"), ("x", b"3")], {"x": "1,3", "y": "2"}),
        ([("x", b""), ("x", b"1")], {"x": ",1"}),
    ],
)
def test_headers_are_read_as_envoy_sends_them(
    pairs: list[tuple[str, bytes | str]], expected: dict[str, str]
) -> None:
    message = pb.ProcessingRequest(request_headers=headers(*pairs))
    event = to_event(message.SerializeToString())
    assert isinstance(event, RequestHeaders)
    assert event.headers == expected


def test_the_first_message_says_how_the_filter_is_configured() -> None:
    modes = pb.ProcessingMode.BodySendMode
    config = pb.ProtocolConfiguration(
        request_body_mode=modes.BUFFERED, response_body_mode=modes.FULL_DUPLEX_STREAMED
    )
    message = pb.ProcessingRequest(request_headers=headers(), protocol_config=config)
    event = to_event(message.SerializeToString())
    assert isinstance(event, RequestHeaders)
    assert event.contract == FilterContract(BodyMode.BUFFERED, BodyMode.FULL_DUPLEX_STREAMED)


def test_body_modes_have_the_numbers_of_the_protocol() -> None:
    published = dict(pb.ProcessingMode.BodySendMode.items())
    assert {mode.name: mode.value for mode in BodyMode}.items() <= published.items()


def test_a_body_mode_that_nobody_knows_is_a_protocol_error() -> None:
    message = pb.ProcessingRequest(request_headers=headers())
    message.protocol_config.ParseFromString(b"\x08\x63")  # request_body_mode: 99
    with pytest.raises(ProtocolError):
        to_event(message.SerializeToString())


def kind(message: pb.ProcessingResponse) -> str:
    return str(message.WhichOneof("response"))


def set_headers(mutation: pb.HeaderMutation) -> dict[str, bytes]:
    overwrite = pb.HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
    assert all(option.append_action == overwrite for option in mutation.set_headers)
    assert not any(option.header.value for option in mutation.set_headers)
    return {option.header.key: option.header.raw_value for option in mutation.set_headers}


@pytest.mark.parametrize("direction", list(Direction))
def test_headers_pass_unchanged(direction: Direction) -> None:
    message = to_message(ContinueHeaders(direction))
    assert kind(message) == f"{direction.value}_headers"
    assert not message.HasField("mode_override")
    answer = getattr(message, f"{direction.value}_headers").response
    assert not answer.HasField("header_mutation")
    assert answer.status == pb.CommonResponse.ResponseStatus.CONTINUE


def test_headers_pass_changed() -> None:
    command = ContinueHeaders(REQUEST, (("a", "1"), ("b", "\xe9€")), ("accept-encoding",))
    mutation = to_message(command).request_headers.response.header_mutation
    assert set_headers(mutation) == {"a": b"1", "b": b"\xe9?"}
    assert list(mutation.remove_headers) == ["accept-encoding"]


@pytest.mark.parametrize("mode", list(BodyMode))
def test_headers_of_an_answer_choose_the_body_mode(mode: BodyMode) -> None:
    message = to_message(ContinueHeaders(RESPONSE, body_mode=mode))
    override = message.mode_override
    assert override.response_body_mode == mode.value
    sends_trailers = override.response_trailer_mode == pb.ProcessingMode.HeaderSendMode.SEND
    assert sends_trailers is (mode is BodyMode.FULL_DUPLEX_STREAMED)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_body_passes_unchanged_changed_or_emptied(direction: Direction) -> None:
    for body in (None, b"new", b""):
        message = to_message(ContinueBody(direction, body, (("content-length", "3"),)))
        assert kind(message) == f"{direction.value}_body"
        answer = getattr(message, f"{direction.value}_body").response
        assert answer.HasField("body_mutation") is (body is not None)
        assert answer.body_mutation.body == (body or b"")
        assert set_headers(answer.header_mutation) == {"content-length": b"3"}
        if body is not None:
            assert answer.body_mutation.WhichOneof("mutation") == "body"


@pytest.mark.parametrize(("body", "end"), [(b"x", False), (b"", True)])
def test_a_piece_of_a_full_duplex_body(body: bytes, end: bool) -> None:
    message = to_message(SendBody(body, end))
    assert kind(message) == "response_body"
    streamed = message.response_body.response.body_mutation.streamed_response
    assert (streamed.body, streamed.end_of_stream) == (body, end)
    assert (
        message.response_body.response.body_mutation.WhichOneof("mutation") == "streamed_response"
    )


@pytest.mark.parametrize("direction", list(Direction))
def test_trailers_pass(direction: Direction) -> None:
    assert kind(to_message(ContinueTrailers(direction))) == f"{direction.value}_trailers"


def test_a_rejection_is_an_immediate_response() -> None:
    command = Reject(403, (("content-type", "application/json"),), b"{}", "policy_violation")
    answer = to_message(command).immediate_response
    assert (answer.status.code, answer.body, answer.details) == (403, b"{}", "policy_violation")
    assert set_headers(answer.headers) == {"content-type": b"application/json"}


RECORD = Record(request_id="1", direction=REQUEST, dialect="d", outcome=Outcome.JUDGED, policy="p")


@pytest.mark.parametrize("command", [Defer(dict), Report(RECORD)], ids=["defer", "report"])
def test_what_is_not_for_envoy_has_no_message(command: Command) -> None:
    with pytest.raises(ProtocolError):
        to_message(command)


@settings(max_examples=300)
@given(st.binary(max_size=40))
def test_any_bytes_that_are_a_message_are_an_event_or_a_protocol_error(data: bytes) -> None:
    try:
        to_event(data)
    except ProtocolError:
        return
