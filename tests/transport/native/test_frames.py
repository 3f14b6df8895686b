"""Every legal and illegal sequence of frames of RFC 9113, and what the server makes of it.

Where the RFC leaves a choice, the comment says which was made. A connection that is not ended must
go on working.
"""

from typing import NamedTuple

import pytest

from extproc.transport.native.connection import Bounds
from tests.transport.native import wire
from tests.transport.native.peer import Peer
from tests.transport.native.wire import data, frame, headers, message, request, settings


class Case(NamedTuple):
    name: str
    sent: bytes
    says: list[str]


ANSWERED = ["1: 200", "1: 7 bytes", "1: grpc 0"]
WATCHED = ["1: 200", "1: 7 bytes"]
ASKED = data(1, message(), end=True)
OPEN = headers(1, request(wire.WATCH))  # a call that neither side has ended
WATCH = OPEN + data(1, message())
HALF = WATCH + data(1, end=True)  # half-closed by the client
OVER = headers(1) + ASKED  # closed: both sides have ended it
CUT = OPEN + wire.reset(1)  # closed by the client's reset
BLOCK = wire.block(request())
PROTOCOL = ["goaway PROTOCOL_ERROR"]
SIZE = ["goaway FRAME_SIZE_ERROR"]
FLOW = ["goaway FLOW_CONTROL_ERROR"]
CALM = ["goaway ENHANCE_YOUR_CALM"]
HPACK = ["goaway COMPRESSION_ERROR"]
MALFORMED = ["1: reset PROTOCOL_ERROR"]


def check(pairs: wire.Pairs) -> bytes:
    return headers(1, pairs) + ASKED


def with_field(name: bytes, value: bytes) -> bytes:
    return check([*request(), (name, value)])


PREFACES = [
    Case("preface and SETTINGS", wire.PREFACE + settings(), []),
    Case("SETTINGS with values", wire.PREFACE + settings((wire.ENABLE_PUSH, 0)), []),
    Case("HTTP/1.1", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", PROTOCOL),
    Case("one wrong byte at the end", wire.PREFACE[:-1] + b"x" + settings(), PROTOCOL),
    Case("TLS on a plain socket", b"\x16\x03\x01\x02\x00\x01\x00", PROTOCOL),
    Case("first PING", wire.PREFACE + wire.ping(), PROTOCOL),
    Case("first HEADERS", wire.PREFACE + OVER, PROTOCOL),
    Case("first SETTINGS acknowledged", wire.PREFACE + wire.SETTINGS_ACK + settings(), PROTOCOL),
    Case("first SETTINGS on a stream", wire.PREFACE + frame(wire.SETTINGS, 0, 1), PROTOCOL),
    Case("first SETTINGS too large", wire.PREFACE + frame(wire.SETTINGS, 0, 0, b"", 16_386), SIZE),
    Case("a second preface", wire.PREFACE + settings() + wire.PREFACE, SIZE),  # "PRI": 5,263,945
]


@pytest.mark.parametrize("case", PREFACES, ids=lambda case: case.name)
def test_preface(case: Case) -> None:
    assert_says(Peer(), case)


def assert_says(peer: Peer, case: Case) -> None:
    sent = peer.send(case.sent)
    assert wire.in_words(sent) == case.says
    ended = bool(case.says) and case.says[-1].startswith("goaway")
    assert peer.connection.closing == ended
    if ended:
        assert peer.connection.open_streams == 0
        assert peer.send(wire.ping()) == b""
    else:
        assert peer.works(901)


SETTINGS = [
    Case("SETTINGS, empty", settings(), []),
    Case("SETTINGS of unknown names", settings((0, 1), (7, 2), (0xFFFF, 3)), []),
    Case("SETTINGS of 32 values", settings(*[(99, 1)] * 32), []),
    # The RFC names no bound.
    Case("SETTINGS of 33 values", settings(*[(99, 1)] * 33), CALM),
    Case("SETTINGS of 5 bytes", frame(wire.SETTINGS, 0, 0, bytes(5)), SIZE),
    Case("SETTINGS on a stream", frame(wire.SETTINGS, 0, 1), PROTOCOL),
    Case("SETTINGS acknowledged with content", frame(wire.SETTINGS, 1, 0, bytes(6)), SIZE),
    # Too much is ignored, as by most servers.
    Case("SETTINGS acknowledged twice", wire.SETTINGS_ACK * 2, []),
    Case("ENABLE_PUSH 1", settings((wire.ENABLE_PUSH, 1)), []),
    Case("ENABLE_PUSH 2", settings((wire.ENABLE_PUSH, 2)), PROTOCOL),
    Case("ENABLE_PUSH 2, then 0", settings((wire.ENABLE_PUSH, 2), (wire.ENABLE_PUSH, 0)), PROTOCOL),
    Case("INITIAL_WINDOW_SIZE 2^31-1", settings((wire.INITIAL_WINDOW_SIZE, (1 << 31) - 1)), []),
    Case("INITIAL_WINDOW_SIZE 2^31", settings((wire.INITIAL_WINDOW_SIZE, 1 << 31)), FLOW),
    Case(
        "INITIAL_WINDOW_SIZE that makes a window overflow",
        WATCH + wire.window_update(1, 1 << 20) + settings((wire.INITIAL_WINDOW_SIZE, 0x7FFFFFFF)),
        [*WATCHED, *FLOW],
    ),
    Case("MAX_FRAME_SIZE 16383", settings((wire.MAX_FRAME_SIZE, 16_383)), PROTOCOL),
    Case("MAX_FRAME_SIZE 16384", settings((wire.MAX_FRAME_SIZE, 16_384)), []),
    Case("MAX_FRAME_SIZE 2^24-1", settings((wire.MAX_FRAME_SIZE, (1 << 24) - 1)), []),
    Case("MAX_FRAME_SIZE 2^24", settings((wire.MAX_FRAME_SIZE, 1 << 24)), PROTOCOL),
    Case("HEADER_TABLE_SIZE 0", settings((wire.HEADER_TABLE_SIZE, 0)), []),
    Case("HEADER_TABLE_SIZE 2^32-1", settings((wire.HEADER_TABLE_SIZE, (1 << 32) - 1)), []),
    Case("MAX_CONCURRENT_STREAMS 0", settings((wire.MAX_CONCURRENT_STREAMS, 0)), []),
    # A server that has a few short fields to send needs no more.
    Case("MAX_HEADER_LIST_SIZE 0", settings((wire.MAX_HEADER_LIST_SIZE, 0)), []),
]

HEADERS = [
    Case("a request", OVER, ANSWERED),
    Case("a request with padding", frame(1, 0xC, 1, b"\x03" + BLOCK + bytes(3)) + ASKED, ANSWERED),
    Case("no padding, but its length", frame(1, 0xC, 1, b"\0" + BLOCK) + ASKED, ANSWERED),
    Case("a request with priority", frame(1, 0x24, 1, bytes(5) + BLOCK) + ASKED, ANSWERED),
    # Priorities are not read, so that a stream may depend on itself.
    Case("dependent on itself", frame(1, 0x24, 1, b"\0\0\0\1\0" + BLOCK) + ASKED, ANSWERED),
    Case(
        "padding and priority",
        frame(1, 0x2C, 1, b"\1" + bytes(5) + BLOCK + b"\0") + ASKED,
        ANSWERED,
    ),
    Case("padding beyond the frame", frame(1, 0xC, 1, b"\xff" + BLOCK), PROTOCOL),
    Case("padding of all but nothing", frame(1, 0xC, 1, b"\x01"), PROTOCOL),
    Case("padded, without a length", frame(1, 0xC, 1), SIZE),
    Case("priority cut short", frame(1, 0x24, 1, bytes(4)), SIZE),
    Case("padding into the priority", frame(1, 0x2C, 1, b"\x04" + bytes(6)), PROTOCOL),
    Case("undefined flags", frame(1, 0xD2 | 0x4, 1, BLOCK) + ASKED, ANSWERED),
    Case("the reserved bit", frame(1, 4, 1 | 1 << 31, BLOCK) + ASKED, ANSWERED),
    Case("on stream 0", headers(0), PROTOCOL),
    Case("on an even stream", headers(2), PROTOCOL),
    Case(
        "streams left out",
        headers(7) + data(7, message(), end=True),
        ["7: 200", "7: 7 bytes", "7: grpc 0"],
    ),
    # An error of the connection, and STREAM_CLOSED, since the stream was closed unused.
    Case(
        "on a stream left out before",
        headers(7, request(wire.WATCH)) + headers(5),
        ["goaway STREAM_CLOSED"],
    ),
    Case("on a closed stream", OVER + headers(1), [*ANSWERED, "goaway STREAM_CLOSED"]),
    Case("on a stream that the client reset", CUT + headers(1), ["goaway STREAM_CLOSED"]),
    # It may have been on its way.
    Case(
        "on a stream that the server reset",
        OPEN + wire.window_update(1, 0) + headers(1),
        ["1: reset PROTOCOL_ERROR"],
    ),
    Case(
        "on a half-closed stream",
        HALF + headers(1, [], end=True),
        [*WATCHED, "1: reset STREAM_CLOSED"],
    ),
    Case("a request that ends at once", headers(1, end=True), ["1: 200", "1: grpc 13"]),
    Case("an empty block", headers(1, raw=wire.NO_TABLE), MALFORMED),
]

FIELDS = [
    *(
        Case(f"without {left_out[0].decode()}", check(pairs), MALFORMED)
        for place, left_out in enumerate(request()[:3])
        for pairs in [request()[:place] + request()[place + 1 :]]
    ),
    Case("without :authority", check(request(_authority=None)), ANSWERED),
    *(
        Case(f"two {name.decode()}", check([(name, b"x"), *request()]), MALFORMED)
        for name in (b":method", b":scheme", b":path", b":authority")
    ),
    Case("an empty :path", check(request(b"")), MALFORMED),
    Case("an unknown pseudo-field", check([(b":protocol", b"x"), *request()]), MALFORMED),
    Case("a pseudo-field of answers", check([(b":status", b"200"), *request()]), MALFORMED),
    Case("a pseudo-field behind others", check([(b"x", b"y"), *request()]), MALFORMED),
    Case("CONNECT", check([(b":method", b"CONNECT"), (b":authority", b"x")]), MALFORMED),
    *(
        Case(f"the name {name!r}", with_field(name, b"x"), MALFORMED)
        for name in (b"X-Upper", b"", b"with space", b"with:colon", b"\x00", b"\x7f", b"n\xe9")
    ),
    *(
        Case(f"the value {value!r}", with_field(b"x", value), MALFORMED)
        for value in (b" x", b"x ", b"\tx", b"a\nb", b"a\rb", b"a\0b", b"\x7f")
    ),
    *(
        Case(f"the value {value!r}", with_field(b"x", value), ANSWERED)
        for value in (b"", b"a b", b"a\tb", b"\xff", b"~")
    ),
    *(
        Case(f"{name.decode()}", with_field(name, b"x"), MALFORMED)
        for name in (
            b"connection",
            b"keep-alive",
            b"proxy-connection",
            b"transfer-encoding",
            b"upgrade",
        )
    ),
    Case("te: trailers", OVER, ANSWERED),
    Case("te: gzip", check(request(te=b"gzip")), MALFORMED),
    # The gRPC mapping asks for it; whoever leaves it out is answered all the same.
    Case("without te", check(request(te=None)), ANSWERED),
    Case("content-length that fits", with_field(b"content-length", b"5"), ANSWERED),
    Case("content-length too small", with_field(b"content-length", b"4"), MALFORMED),
    Case("content-length too large", with_field(b"content-length", b"6"), MALFORMED),
    *(
        Case(f"content-length {value!r}", with_field(b"content-length", value), MALFORMED)
        for value in (b"", b"-1", b"+5", b"5,5", b"0x5", b"\xb2", b"9" * 16)
    ),
    # Also when both say the same.
    Case("content-length twice", check([*request(), *[(b"content-length", b"5")] * 2]), MALFORMED),
    Case(
        "content-length of a request that ends at once",
        headers(1, [*request(), (b"content-length", b"5")], end=True),
        MALFORMED,
    ),
    Case(
        "content-length, ended by trailers",
        headers(1, [*request(wire.WATCH), (b"content-length", b"6")])
        + data(1, message())
        + headers(1, [], end=True),
        [*WATCHED, *MALFORMED],
    ),
    Case("fields of the largest size", check([*request(), (b"x", b"y" * 15_000)]), ANSWERED),
    Case("fields of more", headers(1, [*request(), (b"x", b"y" * 16_100)]), CALM),
]

TRAILERS = [
    Case("trailers", WATCH + headers(1, [(b"x", b"y")], end=True), WATCHED),
    Case("trailers without an end", WATCH + headers(1, [(b"x", b"y")]), [*WATCHED, *MALFORMED]),
    Case(
        "trailers with a pseudo-field",
        WATCH + headers(1, [(b":path", b"/")], end=True),
        [*WATCHED, *MALFORMED],
    ),
    Case(
        "trailers with a wrong name",
        WATCH + headers(1, [(b"X", b"y")], end=True),
        [*WATCHED, *MALFORMED],
    ),
    Case(
        "trailers with a field of connections",
        WATCH + headers(1, [(b"upgrade", b"x")], end=True),
        [*WATCHED, *MALFORMED],
    ),
    Case("trailers alone", OPEN + headers(1, [], end=True), ["1: 200", "1: grpc 13"]),
    Case(
        "trailers within a message",
        OPEN + data(1, b"\0\0") + headers(1, [], end=True),
        ["1: 200", "1: grpc 13"],
    ),
    Case(
        "trailers that cannot be decoded",
        WATCH + headers(1, raw=b"\xff\xff\xff\xff\xff\xff\xff", end=True),
        [*WATCHED, *HPACK],
    ),
]

_REST = frame(wire.CONTINUATION, wire.END_HEADERS, 1, BLOCK[20:])
_BEGUN = frame(wire.HEADERS, 0, 1, BLOCK[:20])
_EMPTY = frame(wire.CONTINUATION, 0, 1)
CONTINUATIONS = [
    Case("in two pieces", _BEGUN + _REST + ASKED, ANSWERED),
    Case(
        "in single bytes",
        frame(wire.HEADERS, 0, 1, BLOCK[:-15])
        + b"".join(frame(wire.CONTINUATION, 0, 1, bytes([byte])) for byte in BLOCK[-15:])
        + frame(wire.CONTINUATION, 4, 1)
        + ASKED,
        ANSWERED,
    ),
    Case("an empty piece", _BEGUN + _EMPTY + _REST + ASKED, ANSWERED),
    Case(
        "HEADERS without a byte",
        frame(wire.HEADERS, 0, 1) + frame(wire.CONTINUATION, 4, 1, BLOCK) + ASKED,
        ANSWERED,
    ),
    Case(
        "the end in HEADERS",
        frame(wire.HEADERS, 1, 1, BLOCK[:20]) + _REST,
        ["1: 200", "1: grpc 13"],
    ),
    Case("16 pieces", _BEGUN + _EMPTY * 15 + _REST + ASKED, ANSWERED),
    Case("17 pieces", _BEGUN + _EMPTY * 16 + _REST, CALM),
    Case(
        "pieces of too much",
        frame(wire.HEADERS, 0, 1, bytes(16_384)) + frame(wire.CONTINUATION, 0, 1, b"x"),
        CALM,
    ),
    Case("out of nothing", frame(wire.CONTINUATION, 4, 1, BLOCK), PROTOCOL),
    Case("behind the end", headers(1) + _REST, PROTOCOL),
    Case("on stream 0", frame(wire.CONTINUATION, 4, 0), PROTOCOL),
    Case("of another stream", _BEGUN + frame(wire.CONTINUATION, 4, 3, BLOCK[20:]), PROTOCOL),
    *(
        Case(f"interrupted by {kind}", _BEGUN + between, PROTOCOL)
        for kind, between in {
            "PING": wire.ping(),
            "SETTINGS": settings(),
            "HEADERS": headers(3),
            "DATA": data(1, b"x"),
            "an unknown frame": frame(0x99, 0, 1),
        }.items()
    ),
]

DATA = [
    Case("on stream 0", data(0, b"x"), PROTOCOL),
    Case("on an idle stream", data(1, b"x"), PROTOCOL),
    Case("on an idle stream of the server", OPEN + data(2, b"x"), PROTOCOL),
    Case("on a half-closed stream", HALF + data(1, b"x"), [*WATCHED, "1: reset STREAM_CLOSED"]),
    Case("on a closed stream", OVER + data(1, b"x"), [*ANSWERED, "1: reset STREAM_CLOSED"]),
    Case("on a stream that the client reset", CUT + data(1, b"x"), ["1: reset STREAM_CLOSED"]),
    # It may have been on its way.
    Case(
        "on a stream that the server reset",
        OPEN + wire.window_update(1, 0) + data(1, b"x"),
        MALFORMED,
    ),
    Case(
        "behind an answer without an end",
        headers(1) + data(1, message()) + data(1, b"x", end=True),
        ANSWERED,
    ),
    Case("padded", headers(1) + frame(0, 0x9, 1, b"\x02" + message() + bytes(2)), ANSWERED),
    Case("only padding", headers(1) + frame(0, 0x8, 1, b"\x02" + bytes(2)) + ASKED, ANSWERED),
    # What padding holds is not looked at.
    Case(
        "padding that is not zero",
        headers(1) + frame(0, 0x9, 1, b"\x02" + message() + b"xx"),
        ANSWERED,
    ),
    Case("padding beyond the frame", OPEN + frame(0, 0x8, 1, b"\x02\0"), PROTOCOL),
    Case("padded, without a length", OPEN + frame(0, 0x8, 1), SIZE),
    Case("empty", headers(1) + data(1) + ASKED, ANSWERED),
    Case("empty, with the end", HALF, WATCHED),
    Case(
        "of the largest size",
        headers(1, request(wire.PROCESS)) + data(1, b"\0\0\0\xff\0" + bytes(16_379)),
        [],
    ),
    Case("too large", OPEN + frame(0, 0, 1, bytes(16_385)), SIZE),
    Case("announced too large", OPEN + frame(0, 0, 1, b"", 16_385), SIZE),
]

OTHERS = [
    Case("PRIORITY", frame(wire.PRIORITY, 0, 1, bytes(5)), []),
    Case("PRIORITY of a closed stream", OVER + frame(wire.PRIORITY, 0, 1, bytes(5)), ANSWERED),
    Case("PRIORITY of an even stream", frame(wire.PRIORITY, 0, 2, bytes(5)), []),
    Case("PRIORITY on stream 0", frame(wire.PRIORITY, 0, 0, bytes(5)), PROTOCOL),
    Case(
        "PRIORITY of 4 bytes",
        WATCH + frame(wire.PRIORITY, 0, 1, bytes(4)),
        [*WATCHED, "1: reset FRAME_SIZE_ERROR"],
    ),
    # An idle stream cannot be reset.
    Case("PRIORITY of 4 bytes on an idle stream", frame(wire.PRIORITY, 0, 1, bytes(4)), SIZE),
    Case("RST_STREAM", CUT, []),
    Case("RST_STREAM of an unknown code", OPEN + wire.reset(1, 0xFFFF), []),
    Case("RST_STREAM twice", CUT + wire.reset(1), []),
    Case("RST_STREAM of a closed stream", OVER + wire.reset(1), ANSWERED),
    Case("RST_STREAM of an idle stream", wire.reset(1), PROTOCOL),
    Case("RST_STREAM of an idle stream of the server", OPEN + wire.reset(2), PROTOCOL),
    Case("RST_STREAM on stream 0", wire.reset(0), PROTOCOL),
    Case("RST_STREAM of 3 bytes", OPEN + frame(wire.RST_STREAM, 0, 1, bytes(3)), SIZE),
    Case("PING", wire.ping(), ["pong"]),
    Case("PING acknowledged", wire.ping(ack=True), []),
    Case("PING with other flags", frame(wire.PING, 0xFE, 0, bytes(8)), ["pong"]),
    Case("PING of 7 bytes", frame(wire.PING, 0, 0, bytes(7)), SIZE),
    Case("PING on a stream", frame(wire.PING, 0, 1, bytes(8)), PROTOCOL),
    Case("GOAWAY on a stream", frame(wire.GOAWAY, 0, 1, bytes(8)), PROTOCOL),
    Case("GOAWAY of 7 bytes", frame(wire.GOAWAY, 0, 0, bytes(7)), SIZE),
    Case("PUSH_PROMISE", OPEN + frame(wire.PUSH_PROMISE, 4, 1, bytes(4) + BLOCK), PROTOCOL),
    Case("WINDOW_UPDATE", WATCH + wire.window_update(1, 1), WATCHED),
    Case(
        "WINDOW_UPDATE of 0 on a stream", WATCH + wire.window_update(1, 0), [*WATCHED, *MALFORMED]
    ),
    Case("WINDOW_UPDATE of 0 on the connection", wire.window_update(0, 0), PROTOCOL),
    Case(
        "WINDOW_UPDATE beyond 2^31-1 on a stream",
        WATCH + wire.window_update(1, 0x7FFFFFFF),
        [*WATCHED, "1: reset FLOW_CONTROL_ERROR"],
    ),
    Case("WINDOW_UPDATE beyond 2^31-1 on the connection", wire.window_update(0, 0x7FFFFFFF), FLOW),
    Case("WINDOW_UPDATE of a closed stream", OVER + wire.window_update(1, 1), ANSWERED),
    # A stream that is gone has no window to be wrong about.
    Case("WINDOW_UPDATE of 0 on a closed stream", OVER + wire.window_update(1, 0), ANSWERED),
    Case("WINDOW_UPDATE of an idle stream", wire.window_update(1, 1), PROTOCOL),
    Case(
        "WINDOW_UPDATE of an idle stream of the server", OPEN + wire.window_update(2, 1), PROTOCOL
    ),
    Case("WINDOW_UPDATE of 3 bytes", frame(wire.WINDOW_UPDATE, 0, 0, bytes(3)), SIZE),
    Case("an unknown frame", frame(0x0B, 0xFF, 0, b"x" * 100), []),
    Case(
        "an unknown frame on a stream",
        OPEN + frame(0xFF, 0xFF, 1, b"x") + data(1, message()),
        WATCHED,
    ),
    Case("an unknown frame too large", frame(0x0B, 0, 0, b"", 16_385), SIZE),
]

CASES = {
    "settings": SETTINGS,
    "headers": HEADERS,
    "fields": FIELDS,
    "trailers": TRAILERS,
    "continuation": CONTINUATIONS,
    "data": DATA,
    "others": OTHERS,
}


@pytest.mark.parametrize(
    "case", [pytest.param(one, id=f"{kind}-{one.name}") for kind in CASES for one in CASES[kind]]
)
def test_frames(case: Case) -> None:
    assert_says(Peer().opened(), case)


def test_a_client_that_says_goaway_may_finish_and_begin_nothing() -> None:
    peer = Peer().opened()
    peer.send(WATCH)
    # It would be legal to begin more; a refused stream can safely be sent elsewhere.
    assert wire.in_words(peer.send(wire.goaway() + headers(3))) == ["3: reset REFUSED_STREAM"]
    assert peer.works(5) is False
    assert peer.connection.open_streams == 1
    peer.send(wire.reset(1))
    assert peer.connection.closing
    assert peer.connection.fault == ""


def test_streams_beyond_the_announced_number_are_refused() -> None:
    peer = Peer(Bounds(max_message=100, max_streams=2)).opened()
    assert wire.in_words(peer.send(OPEN, headers(3, request(wire.WATCH)), headers(5))) == [
        "5: reset REFUSED_STREAM"
    ]
    peer.send(wire.reset(1))
    assert peer.works(7)


def test_data_beyond_the_window_of_a_stream_resets_it() -> None:
    peer = Peer(Bounds(max_message=1000, stream_window=10)).opened()
    words = wire.in_words(peer.send(OPEN + data(1, message(bytes(6)))))
    assert words == ["1: reset FLOW_CONTROL_ERROR"]
    assert peer.works(3)


def test_the_last_stream_there_can_be() -> None:
    assert Peer().opened().works(0x7FFFFFFF)


def test_padding_counts_against_windows() -> None:
    peer = Peer(Bounds(max_message=1000, stream_window=10)).opened()
    words = wire.in_words(peer.send(OPEN + frame(0, 0x8, 1, b"\x0a" + bytes(10))))
    assert words == ["1: reset FLOW_CONTROL_ERROR"]


def test_data_beyond_the_window_of_the_connection_ends_it() -> None:
    # One that keeps too much is granted nothing, and 65,535 bytes come to nothing then.
    bounds = Bounds(max_message=1 << 20, connection_window=65_535, max_held=-1)
    peer = Peer(bounds).opened()
    full = data(1, b"\0" + (1 << 20).to_bytes(4) + bytes(16_379)) + data(1, bytes(16_384)) * 2
    assert peer.send(OPEN + full + data(1, bytes(16_383))) == b""
    assert wire.in_words(peer.send(data(1, b"x"))) == FLOW


def test_data_of_closed_streams_is_given_back_to_the_connection() -> None:
    peer = Peer(Bounds(max_message=1 << 20, connection_window=65_535)).opened()
    peer.send(OPEN + wire.window_update(1, 0))
    granted = 0
    for _ in range(20):
        sent = wire.split(peer.send(data(1, bytes(10_000))))
        assert {one.stream for one in sent if one.kind == wire.WINDOW_UPDATE} <= {0}
        granted += sum(int.from_bytes(one.payload) for one in sent)
    assert granted >= 20 * 10_000 - 65_535 // 2


# Header tables: the server asks for none, and allows 4,096 bytes until that is acknowledged.


def test_the_table_may_be_used_before_settings_are_acknowledged() -> None:
    peer = Peer()
    peer.send(wire.GREETING)
    first = b"".join(wire.literal(*pair, 0x40) for pair in request())
    assert wire.in_words(peer.send(headers(1, raw=first) + ASKED)) == ANSWERED
    again = bytes(0x80 | (62 + index) for index in reversed(range(len(request()))))
    words = wire.in_words(peer.send(headers(3, raw=again) + data(3, message(), end=True)))
    assert words == ["3: 200", "3: 7 bytes", "3: grpc 0"]


TABLES = [
    Case("a block without a word on the size", headers(1, raw=BLOCK[1:]), HPACK),
    Case("a size that was not allowed", headers(1, raw=b"\x3f\xe1\x1f" + BLOCK[1:]), HPACK),
    Case("two sizes", headers(1, raw=b"\x20\x20" + BLOCK[1:]) + ASKED, ANSWERED),
    Case("three sizes", headers(1, raw=b"\x20\x20\x20" + BLOCK[1:]), HPACK),
    Case("a size within the block", headers(1, raw=BLOCK + b"\x20"), HPACK),
    Case("an entry that is not there", headers(1, raw=b"\x20\xbe"), HPACK),
    Case("index 0", headers(1, raw=b"\x20\x80"), HPACK),
    Case("an endless number", headers(1, raw=b"\x20\x7f" + b"\xff" * 20), HPACK),
    Case("a text cut short", headers(1, raw=b"\x20\x00\x05ab"), HPACK),
    Case("Huffman code with EOS", headers(1, raw=b"\x20\x00\x84\xff\xff\xff\xff\x00"), HPACK),
    Case(
        "an entry that was not kept",
        headers(1, raw=BLOCK + wire.literal(b"x", b"y", 0x40)) + headers(3, raw=b"\xbe"),
        HPACK,
    ),
]


@pytest.mark.parametrize("case", TABLES, ids=lambda case: case.name)
def test_table(case: Case) -> None:
    """After the acknowledgement there is none."""
    assert_says(Peer().opened(), case)


def test_a_block_that_was_seen_before_means_the_same() -> None:
    peer = Peer().opened()
    assert all(peer.works(stream) for stream in range(1, 401, 2))
    assert (
        wire.in_words(peer.send(headers(403, request(b"/other"), end=True)))[-1] == "403: grpc 12"
    )
    assert peer.works(405)
