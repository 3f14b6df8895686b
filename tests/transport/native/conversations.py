"""Valid conversations of clients, and what must hold of a server whatever it is told."""

import itertools
import logging
from typing import Self

from extproc.exchange.state import Limits
from extproc.transport.native.connection import Bounds
from tests.guardrail.making import DONE, SSN, said
from tests.transport.making import EVENTS, JSON, POST, asking, body, headers, saying
from tests.transport.native import wire
from tests.transport.native.peer import Peer

# Small, so that every bound is met by few bytes.
BOUNDS = Bounds(
    max_message=20_000,
    max_streams=6,
    stream_window=4096,
    connection_window=65_535 + 4096,
    max_unsent=2000,
    max_unread=8000,
    max_held=10_000,
    patience=40,
)
LIMITS = Limits(inline_body=300, max_body=18_000)


OPENED = 0x80  # of the first byte of a fuzzer's input: the prefaces were exchanged before


def process(stream: int, *messages: bytes, end: bool = True) -> bytes:
    """A call of ext_proc, each message in a frame of its own."""
    last = len(messages) - 1
    return wire.headers(stream, wire.request(wire.PROCESS)) + b"".join(
        wire.data(stream, wire.message(one), end=end and index == last)
        for index, one in enumerate(messages)
    )


def health(stream: int, path: bytes = wire.CHECK, service: bytes = b"") -> bytes:
    asked = b"\x0a" + bytes([len(service)]) + service if service else b""
    return wire.headers(stream, wire.request(path)) + wire.data(
        stream, wire.message(asked), end=path == wire.CHECK
    )


REQUEST = headers("request", POST).SerializeToString()
ASKED = asking(f"It is {SSN}").SerializeToString()
LARGE = asking("x " * 300 + SSN).SerializeToString()
ANSWERED = headers("response", JSON).SerializeToString()
SAID = saying(f"It is {SSN}").SerializeToString()
STREAMED = headers("response", EVENTS).SerializeToString()
PIECES = [
    body("response", data, end=end).SerializeToString()
    for data, end in ((said("It is 123-45"), False), (said("-6789! "), False), (DONE, True))
]

_WINDOWLESS = wire.settings((wire.INITIAL_WINDOW_SIZE, 3), (wire.ENABLE_PUSH, 0))
_BLOCK = wire.block(wire.request(wire.PROCESS))
_ASKED_IN_FOUR = wire.message(REQUEST) + wire.message(ASKED)
_CUT = [_ASKED_IN_FOUR[place : place + 40] for place in range(0, len(_ASKED_IN_FOUR), 40)]

CONVERSATIONS = {
    "check": health(1) + health(3, service=b"x"),
    "watch": health(1, wire.WATCH) + wire.reset(1),
    "whole": process(1, REQUEST, ASKED, ANSWERED, SAID),
    "streamed": process(1, REQUEST, ASKED, STREAMED, *PIECES),
    "deferred": process(1, REQUEST, LARGE, ANSWERED, SAID) + health(3),
    "interleaved": process(1, REQUEST, end=False)
    + process(3, REQUEST, LARGE, end=False)
    + b"".join(
        wire.data(stream, wire.message(one), end=one == SAID)
        for one in (ANSWERED, SAID)
        for stream in (3, 1)
    ),
    "cut": wire.headers(1, wire.request(wire.PROCESS)) + b"".join(wire.data(1, p) for p in _CUT),
    "small windows": _WINDOWLESS
    + process(1, REQUEST, ASKED, end=False)
    + wire.window_update(1, 5)
    + wire.settings((wire.INITIAL_WINDOW_SIZE, 1000))
    + wire.reset(1),
    "continued": wire.frame(wire.HEADERS, wire.PADDED, 1, b"\x03" + _BLOCK[:20] + bytes(3))
    + wire.frame(wire.CONTINUATION, 0, 1, _BLOCK[20:40])
    + wire.frame(wire.CONTINUATION, wire.END_HEADERS, 1, _BLOCK[40:])
    + wire.frame(wire.DATA, wire.PADDED, 1, b"\x02" + wire.message(REQUEST) + bytes(2))
    + wire.headers(1, [(b"x", b"y")], end=True),
    "about the connection": wire.ping()
    + wire.frame(wire.PRIORITY, 0, 9, bytes(5))
    + wire.frame(0xEE, 0, 0, b"unknown")
    + wire.headers(1, wire.request(b"/other"))
    + wire.headers(3, wire.request(content_type=b"text/plain"), end=True)
    + wire.goaway()
    + health(5),
}


def answer(conversation: bytes, cuts: list[int] | None = None, *, late: bool = False) -> bytes:
    """All that a server says to bytes that arrive in pieces, cut at these places.

    Work ends after the piece that began it, or `late`: after the last one.

    Raises AssertionError where it says no legal frames, keeps more than its bounds, or where
    something inside went wrong.
    """
    peer = Peer(BOUNDS, limits=LIMITS, max_streams=8, works=not late)
    places = [0, *sorted(cuts or ()), len(conversation)]
    out = bytearray(peer.greeting)
    with _Watch() as watch:
        for start, end in itertools.pairwise(places):
            out += peer.send(conversation[start:end])
            check_bounds(peer)
        out += peer.finish()
        out += peer.connection.announce_end() + peer.connection.refuse_new()
        peer.connection.close()
    wire.split(bytes(out))
    assert watch.problems == []
    assert peer.service.open_streams == 0
    assert peer.connection.open_streams == 0
    return bytes(out)


def check_bounds(peer: Peer) -> None:
    """The state of a connection is within BOUNDS."""
    inside = peer.connection
    if inside.closing:
        return
    streams = inside._streams.values()
    assert len(streams) <= BOUNDS.max_streams
    assert len(inside._rest) < wire.LARGEST_FRAME + 9
    assert inside._unread == sum(one.reader.held for one in streams)
    # One message may go over a bound before it is looked at.
    assert inside._unread <= BOUNDS.max_unread + wire.LARGEST_FRAME
    most = BOUNDS.max_held + 2 * BOUNDS.connection_window + BOUNDS.max_message
    assert sum(one.held for one in streams) <= most
    assert all(number in inside._streams for number in inside._blocked)


class _Watch(logging.Handler):
    """Sees what calls report instead of raising it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        _log.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        _log.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.message != "exchange refused":
            self.problems.append(f"{record.message}: {vars(record).get('reason')}")

    def handle(self, record: logging.LogRecord) -> bool:
        record.message = record.getMessage()
        self.emit(record)
        return True


_log = logging.getLogger("extproc")
