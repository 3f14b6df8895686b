"""The gRPC mapping on HTTP/2: what a call may look like, and how it is refused."""

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from extproc.transport.native.connection import Bounds
from tests.transport.making import asking
from tests.transport.native import wire
from tests.transport.native.conversations import ANSWERED, ASKED, LIMITS, REQUEST, SAID
from tests.transport.native.peer import Peer
from tests.transport.native.wire import data, headers, message, request

OK, NOT_FOUND, EXHAUSTED, PRECONDITION, UNIMPLEMENTED, INTERNAL = 0, 5, 8, 9, 12, 13

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
CHECKED = ["1: 200", "1: 7 bytes", "1: grpc 0"]
PROCESS = headers(1, request(wire.PROCESS))


def refused(status: int) -> list[str]:
    return ["1: 200", f"1: grpc {status}"]


def ask(service: str) -> bytes:
    asked: bytes = HealthCheckRequest(service=service).SerializeToString()
    return message(asked)


def says(sent: bytes, peer: Peer | None = None) -> list[str]:
    peer = peer or Peer().opened()
    words = wire.in_words(peer.send(sent))
    assert peer.works(901)
    return words


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"OPTIONS", b"post", b""])
def test_another_method_is_405(method: bytes) -> None:
    assert says(headers(1, request(_method=method), end=True)) == ["1: 405"]


@pytest.mark.parametrize(
    "kind",
    [
        b"application/grpc",
        b"application/grpc+proto",
        b"application/grpc;charset=utf-8",
        b"application/grpc; x=y",
        b"application/grpc+proto; x=y",
    ],
)
def test_content_types_of_grpc(kind: bytes) -> None:
    assert says(headers(1, request(content_type=kind)) + data(1, message(), end=True)) == CHECKED


# +json is gRPC too, in a form that is not spoken here: 415 like all others.
@pytest.mark.parametrize(
    "kind",
    [None, b"", b"application/json", b"application/grpc+json", b"application/grpcx", b"text/plain"],
)
def test_another_content_type_is_415(kind: bytes | None) -> None:
    assert says(headers(1, request(content_type=kind), end=True)) == ["1: 415"]


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"x",
        b"/grpc.health.v1.Health/Other",
        b"/grpc.health.v1.Health/check",
        wire.CHECK + b"/",
        wire.CHECK + b"?x=y",
        b"/\xff",
    ],
)
def test_an_unknown_method_is_unimplemented(path: bytes) -> None:
    assert says(headers(1, request(path), end=True)) == refused(UNIMPLEMENTED)


def test_what_is_refused_may_go_on_until_its_end() -> None:
    sent = headers(1, request(b"/other")) + data(1, message(b"x" * 9)) + data(1, end=True)
    assert says(sent) == refused(UNIMPLEMENTED)


def test_a_message_in_single_bytes() -> None:
    whole = message(HealthCheckRequest(service=SERVICE).SerializeToString())
    assert says(headers(1) + b"".join(data(1, bytes([byte])) for byte in whole)) == CHECKED


def test_messages_of_one_frame_are_answered_in_order() -> None:
    together = b"".join(map(message, (REQUEST, ASKED, ANSWERED, SAID)))
    one_by_one = Peer(limits=LIMITS).opened()
    said = one_by_one.send(
        PROCESS, *(data(1, message(each)) for each in (REQUEST, ASKED, ANSWERED, SAID))
    )
    at_once = Peer(limits=LIMITS).opened()
    assert at_once.send(PROCESS + data(1, together)) == said
    assert wire.in_words(said)[0] == "1: 200"


def test_a_compressed_message_is_unimplemented() -> None:
    sent = headers(1, request(grpc_encoding=b"gzip")) + data(1, message(b"x", flag=1))
    assert says(sent) == refused(UNIMPLEMENTED)


@pytest.mark.parametrize("flag", [2, 0x80, 0xFF])
def test_a_message_with_an_unknown_flag_is_an_internal_error(flag: int) -> None:
    assert says(headers(1) + data(1, message(b"", flag=flag))) == refused(INTERNAL)


def test_an_encoding_is_no_fault_while_nothing_is_compressed() -> None:
    sent = headers(1, request(grpc_encoding=b"gzip")) + data(1, message(), end=True)
    assert says(sent) == CHECKED


@pytest.mark.parametrize(("size", "status"), [(100, PRECONDITION), (101, EXHAUSTED)])
def test_a_message_beyond_the_bound_is_refused(size: int, status: int) -> None:
    peer = Peer(Bounds(max_message=100)).opened()
    # It is refused by its head, before its content has come. One that fits is read, and no
    # ProcessingRequest.
    assert says(PROCESS + data(1, message(b"\xff" * size)[: 5 + 100]), peer) == refused(status)


def test_partial_messages_of_all_streams_together_have_a_bound() -> None:
    peer = Peer(Bounds(max_message=100, max_unread=150)).opened()
    begun = b"\0\0\0\0\x64" + bytes(80)
    words = wire.in_words(
        peer.send(*(headers(n, request(wire.PROCESS)) + data(n, begun) for n in (1, 3)))
    )
    assert words == ["3: 200", f"3: grpc {EXHAUSTED}"]
    assert peer.connection.open_streams == 1


@pytest.mark.parametrize("begun", [b"\0", b"\0\0\0\0", b"\0\0\0\0\x02x"])
def test_an_end_within_a_message_is_an_internal_error(begun: bytes) -> None:
    assert says(headers(1) + data(1, begun, end=True)) == refused(INTERNAL)


def test_an_empty_message_is_a_message() -> None:
    assert says(headers(1) + data(1, message(), end=True)) == CHECKED
    assert says(PROCESS + data(1, message())) == refused(PRECONDITION)


def test_a_process_call_without_messages_is_fine() -> None:
    assert says(PROCESS + data(1, end=True)) == refused(OK)


def test_a_half_close_ends_an_exchange() -> None:
    words = says(PROCESS + data(1, message(REQUEST)) + data(1, end=True))
    assert words == ["1: 200", "1: 28 bytes", "1: grpc 0"]


def test_a_half_close_waits_for_work() -> None:
    peer = Peer(works=False).opened()
    content = message(REQUEST) + message(asking("x" * 70_000).SerializeToString())
    pieces = [content[place : place + 16_384] for place in range(0, len(content), 16_384)]
    sent = PROCESS + b"".join(data(1, piece) for piece in pieces) + data(1, end=True)
    more_time = "1: 9 bytes"
    assert wire.in_words(peer.send(sent)) == ["1: 200", "1: 28 bytes", more_time]
    assert len(peer.work) == 1
    assert wire.in_words(peer.finish()) == ["1: 9 bytes", "1: grpc 0"]


def test_a_status_has_its_message_in_percent_encoding() -> None:
    peer = Peer().opened()
    sent = wire.split(peer.send(headers(1, request(b"/other"), end=True)))
    answer, trailers = (wire.fields(one.payload) for one in sent)
    assert answer == {":status": "200", "content-type": "application/grpc"}
    assert trailers == {"grpc-status": "12", "grpc-message": "unknown method"}
    assert [one.flags & wire.END_STREAM for one in sent] == [0, wire.END_STREAM]


def test_what_a_server_sends_uses_no_table() -> None:
    """So that no block depends on what the client decoded before."""
    peer = Peer().opened()
    out = peer.send(headers(1) + data(1, message(), end=True))
    for one in wire.split(out):
        if one.kind == wire.HEADERS:
            assert one.payload[0] & 0xC0 != 0x40
            assert wire.fields(one.payload)


# Health


@pytest.mark.parametrize("service", ["", SERVICE])
def test_known_services_are_serving(service: str) -> None:
    peer = Peer().opened()
    out = peer.send(headers(1) + data(1, ask(service), end=True))
    assert status_in(out) == [HealthCheckResponse.SERVING]


def status_in(out: bytes) -> list[int]:
    payloads = [one.payload[5:] for one in wire.split(out) if one.kind == wire.DATA]
    return [HealthCheckResponse.FromString(payload).status for payload in payloads]


def test_an_unknown_service_is_not_found() -> None:
    assert says(headers(1) + data(1, ask("x"), end=True)) == refused(NOT_FOUND)


def test_a_check_of_two_messages_is_answered_once() -> None:
    assert says(headers(1) + data(1, message() * 2, end=True)) == CHECKED


@pytest.mark.parametrize("path", [wire.CHECK, wire.WATCH])
def test_a_health_call_without_a_message_is_an_internal_error(path: bytes) -> None:
    assert says(headers(1, request(path)) + data(1, end=True)) == refused(INTERNAL)


@pytest.mark.parametrize("path", [wire.CHECK, wire.WATCH])
def test_a_health_call_of_other_bytes_is_an_internal_error(path: bytes) -> None:
    assert says(headers(1, request(path)) + data(1, message(b"\xff"))) == refused(INTERNAL)


def test_a_watch_tells_every_change_until_it_is_reset() -> None:
    peer = Peer().opened()
    watch = headers(1, request(wire.WATCH)) + data(1, ask(SERVICE), end=True)
    assert status_in(peer.send(watch)) == [HealthCheckResponse.SERVING]
    peer.server._health.set_serving(serving=False)
    assert status_in(peer.pushed) == [HealthCheckResponse.NOT_SERVING]
    peer.server._health.set_serving(serving=True)
    assert status_in(peer.pushed)[-1] == HealthCheckResponse.SERVING
    peer.send(wire.reset(1))
    before = peer.pushed
    peer.server._health.set_serving(serving=False)
    assert peer.pushed == before


def test_a_watch_of_an_unknown_service_says_so() -> None:
    peer = Peer().opened()
    out = peer.send(headers(1, request(wire.WATCH)) + data(1, ask("x")))
    assert status_in(out) == [HealthCheckResponse.SERVICE_UNKNOWN]
    assert peer.connection.open_streams == 1


def test_a_second_message_ends_a_watch() -> None:
    sent = headers(1, request(wire.WATCH)) + data(1, message() * 2)
    assert says(sent) == ["1: 200", "1: 7 bytes", f"1: grpc {INTERNAL}"]


# Drain


def test_a_drain_has_two_steps() -> None:
    peer = Peer().opened()
    peer.send(PROCESS + data(1, message(REQUEST)))
    first = wire.split(peer.connection.announce_end())
    assert [one.kind for one in first] == [wire.GOAWAY, wire.PING]
    assert int.from_bytes(first[0].payload[:4]) == 0x7FFFFFFF
    # What was on its way is taken; the answered PING shows that nothing else is.
    taken = wire.in_words(peer.send(headers(3, request(wire.PROCESS)) + data(3, message(REQUEST))))
    assert taken == ["3: 200", "3: 28 bytes"]
    [second] = wire.split(peer.send(wire.ping(first[1].payload, ack=True)))
    assert second.kind == wire.GOAWAY
    assert int.from_bytes(second.payload[:4]) == 3
    assert wire.in_words(peer.send(headers(5))) == ["5: reset REFUSED_STREAM"]
    for stream in (1, 3):
        assert not peer.connection.closing
        assert wire.in_words(peer.send(data(stream, end=True))) == [f"{stream}: grpc 0"]
    assert peer.connection.closing
    assert peer.connection.fault == ""


def test_an_idle_connection_is_closed_with_the_second_step() -> None:
    peer = Peer().opened()
    peer.connection.announce_end()
    assert wire.in_words(peer.connection.refuse_new()) == ["goaway NO_ERROR"]
    assert peer.connection.closing
    assert peer.connection.announce_end() == peer.connection.refuse_new() == b""


def test_a_connection_that_is_gone_says_nothing_and_closes_its_calls() -> None:
    peer = Peer(works=False).opened()
    peer.send(PROCESS + data(1, message(REQUEST)))
    assert peer.service.open_streams == 1
    peer.connection.close()
    assert peer.service.open_streams == 0
    assert peer.send(wire.ping()) == peer.connection.resume(1, None) == b""
