"""What an attacker sends: the same pieces for the tests of a connection and for `make floods`."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.guardrail.making import SSN
from tests.transport.making import JSON, POST, asking, headers, saying
from tests.transport.native import wire

CALM = "goaway ENHANCE_YOUR_CALM"
REFUSED = "goaway COMPRESSION_ERROR"
SERVED = ""  # is no useless frame, or too slow: the connection stays and is bounded otherwise

_DEFERRED = 70_000  # bytes of a body that is inspected off the loop
_MANY = 2000  # streams


@dataclass(frozen=True, slots=True)
class Attack:
    """Pieces for as many turns as one connection has.

    `opening` comes once, before the first turn. `ends` is how the server ends the connection. An
    attack with a `pause` is a slow one: so many seconds between the turns of each connection.
    """

    name: str
    turn: Callable[[int], bytes]
    turns: int = 20_000
    opening: bytes = wire.OPENING
    ends: str = CALM
    connections: int = 1
    pause: float = 0.0
    reads: bool = True


def _stream(turn: int) -> int:
    return 2 * turn + 1


def _message(stream: int, *said: bytes, end: bool = False) -> bytes:
    """Messages in DATA frames of at most 16 KiB."""
    content = b"".join(map(wire.message, said))
    places = range(0, len(content), 1 << 14)
    return b"".join(
        wire.data(stream, content[place : place + (1 << 14)], end=end and place == places[-1])
        for place in places
    )


_BLOCK = wire.block(wire.request(wire.PROCESS))
_HEADERS = headers("request", POST).SerializeToString()
_ASK = asking("hi").SerializeToString()
_LARGE = asking("x " * (_DEFERRED // 2)).SerializeToString()
_ANSWERED = headers("response", JSON).SerializeToString()
_LEAKY = asking((f"It is {SSN}. " + "x" * 600) * 13).SerializeToString()


def exchange(stream: int) -> list[bytes]:
    """The pieces of a whole exchange; each is answered by one message."""
    return [
        wire.headers(stream, raw=_BLOCK) + _message(stream, _HEADERS),
        _message(stream, _ASK),
        _message(stream, _ANSWERED),
        _message(stream, saying(f"It is {SSN}").SerializeToString(), end=True),
    ]


def _begun(stream: int) -> bytes:
    return wire.headers(stream, raw=_BLOCK) + _message(stream, _HEADERS)


def _silent(stream: int) -> bytes:
    return wire.headers(stream, raw=_BLOCK)


def _every(make: Callable[[int], bytes], count: int) -> bytes:
    return b"".join(make(_stream(turn)) for turn in range(count))


def _reset_with_work(turn: int) -> bytes:
    stream = _stream(turn)
    return _silent(stream) + _message(stream, _HEADERS, _LARGE) + wire.reset(stream)


def _alternating(turn: int) -> bytes:
    pairs = [*((99, n) for n in range(31)), (wire.INITIAL_WINDOW_SIZE, 65_535 - turn % 2)]
    return wire.settings(*pairs)


def _continued(turn: int) -> bytes:
    if turn == 0:
        return wire.frame(wire.HEADERS, 0, 1, _BLOCK)
    return wire.frame(wire.CONTINUATION, 0, 1, wire.literal(b"x", b"y"))


def _small_windows(count: int) -> bytes:
    """Streams whose redacted answers wait for a window."""
    made = wire.GREETING + wire.settings((wire.INITIAL_WINDOW_SIZE, 0)) + wire.SETTINGS_ACK
    for turn in range(count):
        stream = _stream(turn)
        made += _silent(stream) + _message(stream, _HEADERS, _LEAKY)
    return made


_EMPTY_CONTINUATION = wire.frame(wire.CONTINUATION, 0, 1)
_BOMB = wire.literal(b"x" * 1000, b"y" * 3000, 0x40) + b"\xbe" * 10_000
_UNDECODABLE_LIST = wire.block([(b"x", b"y" * 100)] * 155)  # in itself within a frame

ATTACKS = [
    Attack("rapid reset", lambda n: _silent(_stream(n)) + wire.reset(_stream(n))),
    Attack(
        "rapid reset behind a message",
        lambda n: _begun(_stream(n)) + wire.reset(_stream(n)),
        turns=8000,
    ),
    Attack("rapid reset behind work", _reset_with_work, turns=8000),
    Attack(
        "made you reset: WINDOW_UPDATE of 0",
        lambda n: _silent(_stream(n)) + wire.frame(wire.WINDOW_UPDATE, 0, _stream(n), bytes(4)),
    ),
    Attack(
        "made you reset: PRIORITY of a wrong size",
        lambda n: _begun(_stream(n)) + wire.frame(wire.PRIORITY, 0, _stream(n), bytes(4)),
        turns=8000,
    ),
    Attack(
        "made you reset: DATA behind the end",
        lambda n: _silent(_stream(n)) + wire.data(_stream(n), end=True) + wire.data(_stream(n)),
    ),
    Attack(
        "made you reset: malformed headers",
        lambda n: wire.headers(_stream(n), [(b"X", b"y")]),
    ),
    Attack("CONTINUATION without an end", _continued),
    Attack("CONTINUATION, empty", lambda n: _continued(0) if n == 0 else _EMPTY_CONTINUATION),
    Attack("PING", lambda _: wire.ping()),
    Attack("PING acknowledged", lambda _: wire.ping(ack=True)),
    Attack("SETTINGS", lambda _: wire.settings()),
    Attack("SETTINGS acknowledged", lambda _: wire.SETTINGS_ACK),
    Attack(
        "SETTINGS that change the windows of open streams",
        _alternating,
        opening=wire.OPENING + _every(_begun, _MANY),
        turns=8000,
    ),
    Attack(
        "SETTINGS of thousands",
        lambda _: wire.settings(*((99, number) for number in range(2700))),
        turns=100,
    ),
    Attack("DATA, empty", lambda _: wire.data(1), opening=wire.OPENING + _silent(1)),
    Attack(
        "DATA, only padding",
        lambda _: wire.frame(wire.DATA, wire.PADDED, 1, b"\x09" + bytes(9)),
        opening=wire.OPENING + _silent(1),
    ),
    Attack(
        "DATA of single bytes",
        lambda _: wire.data(1, b"x"),
        opening=wire.OPENING + _silent(1) + wire.data(1, b"\0" + (50 << 20).to_bytes(4)),
    ),
    Attack("PRIORITY", lambda n: wire.frame(wire.PRIORITY, 0, _stream(n), bytes(5))),
    Attack("unknown frames", lambda n: wire.frame(0x20 + n % 200, 0xFF, n, b"x")),
    Attack("WINDOW_UPDATE", lambda _: wire.window_update(1, 1), opening=wire.OPENING + _begun(1)),
    Attack(
        "WINDOW_UPDATE of single bytes before waiting answers",
        lambda n: wire.window_update(_stream(n % 50), 1),
        opening=_small_windows(50),
    ),
    Attack("trailers again and again", lambda n: _silent(_stream(n)) + _silent(_stream(n))),
    Attack(
        "header bomb of the table",
        lambda n: wire.headers(_stream(n), raw=_BOMB),
        opening=wire.GREETING,  # SETTINGS are not acknowledged: the table is still there
    ),
    Attack("header list too large", lambda n: wire.headers(_stream(n), raw=_UNDECODABLE_LIST)),
    Attack(
        "header block of table sizes",
        lambda n: wire.headers(_stream(n), raw=b"\x20" * (1 << 14)),
        ends=REFUSED,
    ),
    Attack("streams without messages", lambda n: _silent(_stream(n)), turns=8000),
    Attack("streams beyond the limit", lambda n: _begun(_stream(n)), turns=8000),
    Attack(
        "half a preface",
        lambda n: wire.PREFACE[n : n + 1],
        turns=20,
        opening=b"",
        ends=SERVED,
        connections=300,
        pause=1.0,
    ),
    Attack(
        "slow bodies",
        lambda n: wire.data(_stream(n % 20), b"x"),
        opening=wire.OPENING
        + _every(lambda s: _silent(s) + wire.data(s, b"\0" + (50 << 20).to_bytes(4)), 20),
        connections=100,
        pause=0.2,
    ),
    Attack(
        "answers that nobody reads",
        lambda n: _silent(_stream(n)) + _message(_stream(n), _HEADERS, _LEAKY),
        turns=3000,
        opening=wire.GREETING
        + wire.settings((wire.INITIAL_WINDOW_SIZE, (1 << 31) - 1))
        + wire.SETTINGS_ACK
        + wire.window_update(0, (1 << 31) - 1 - 65_535),
        ends=SERVED,
        connections=4,
        reads=False,
    ),
    Attack(
        "answers without a window",
        lambda n: _silent(_stream(n)) + _message(_stream(n), _HEADERS, _LEAKY),
        turns=900,  # of four connections: others still find room
        opening=_small_windows(0),
        ends=SERVED,
        connections=4,
    ),
]
