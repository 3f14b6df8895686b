"""A connection of the native server without its socket, with the real services behind it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from extproc.exchange.state import Limits
from extproc.guardrail.guardrail import Guardrail
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.call import Call, Reply, Status, Work
from extproc.transport.native.connection import Bounds, Connection
from extproc.transport.native.server import NativeServer
from extproc.transport.session import Service
from tests.guardrail.making import REDACT_ALL
from tests.transport.native import wire

_EXECUTOR = ThreadPoolExecutor(1)  # never used: a Peer does work itself
_TELEMETRY = Telemetry()


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Peer:
    """A client of a connection. What is sent comes back as the server's bytes.

    Work is done at once, or kept in `work` where `works` is False.
    """

    def __init__(
        self,
        bounds: Bounds | None = None,
        *,
        guard: Guardrail = REDACT_ALL,
        limits: Limits | None = None,
        max_streams: int = 4096,
        works: bool = True,
    ) -> None:
        self.service = Service(
            lambda: guard, limits or Limits(), _TELEMETRY, lambda: "made-here", max_streams
        )
        self.server = NativeServer(self.service, _EXECUTOR)
        self.server._health.set_serving(serving=True)
        self.clock = Clock()
        self.work: list[tuple[int, Work]] = []
        self.pushed = b""
        self._works = works
        self.connection = Connection(self._open, bounds or self.server.bounds, self.clock)
        self.greeting = self.connection.start()

    def _open(self, path: str, number: int) -> Call | Status:
        return self.server.open_call(path, number, cast("Any", self))

    def push(self, number: int, reply: Reply) -> None:
        """What the server's health service calls."""
        self.pushed += self.connection.push(number, reply)

    def send(self, *pieces: bytes) -> bytes:
        """Let the server take bytes; return what it writes, also for finished work."""
        return b"".join(map(self._send, pieces))

    def _send(self, piece: bytes) -> bytes:
        out = self.connection.receive(piece)
        self.work += self.connection.take_work()
        gone = self.connection.take_abandoned()
        self.work = [one for one in self.work if one[0] not in gone]
        return out + self.finish() if self._works else out

    def finish(self) -> bytes:
        """Do the work that is out."""
        out = b""
        while self.work:
            number, work = self.work.pop(0)
            out += self.connection.resume(number, outcome(work))
            self.work += self.connection.take_work()
        return out

    def opened(self) -> "Peer":
        """The same, after the prefaces of both sides."""
        self.send(wire.OPENING)
        return self

    def works(self, stream: int) -> bool:
        """Whether a health check on a new stream is still answered as it should be."""
        asked = wire.headers(stream) + wire.data(stream, wire.message(), end=True)
        words = wire.in_words(self.send(asked))
        return words == [f"{stream}: 200", f"{stream}: 7 bytes", f"{stream}: grpc 0"]

    def until_closed(self, piece: bytes, most: int) -> tuple[int, list[str]]:
        """Send `piece` until the server ends the connection; how often, and its last words."""
        return self.until_closed_by(lambda _: piece, most)

    def until_closed_by(self, piece: Callable[[int], bytes], most: int) -> tuple[int, list[str]]:
        """The same with a piece for each turn, from 0."""
        for turn in range(most):
            out = self.send(piece(turn))
            if self.connection.closing:
                return turn + 1, wire.in_words(out)[-1:]
        return most, []


def outcome(work: Work) -> object:
    """What work comes to: its result, or the exception that it raised."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - an outcome too
        return error
