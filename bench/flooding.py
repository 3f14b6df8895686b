"""The attacking side of `bench/floods.py`: as many bytes as the server takes, from one process."""

import contextlib
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.transport.native.attacks import ATTACKS, Attack

_BLOCK = 1 << 18
_READ = 1 << 18
_RETRY_SECONDS = 0.05  # before a connection that could not be made is tried again


@dataclass(slots=True)
class Sent:
    """What an attack came to. A connection that the server ended is made again."""

    connections: int = 0
    ended: int = 0  # by the server
    mebibytes: float = 0.0


def attack(name: str, path: str, seconds: float) -> Sent:
    """Attack the server on a unix socket for so long."""
    attack, blocks = _prepared(name)
    until = time.monotonic() + seconds
    sent = Sent()
    with selectors.DefaultSelector() as selector:
        lines = [_Line(attack, blocks, path, selector, sent) for _ in range(attack.connections)]
        while (now := time.monotonic()) < until:
            for line in lines:
                line.wake(now)
            for key, events in selector.select(min(0.05, until - now)):
                key.data.handle(events)
        for line in lines:
            line.close()
    return sent


def prepare(name: str) -> None:
    """Make beforehand what the attack of that name sends."""
    _prepared(name)


@cache
def _prepared(name: str) -> tuple[Attack, list[bytes]]:
    """An attack, and what one connection sends: by turns, or in pieces as large as a write."""
    [attack] = [one for one in ATTACKS if one.name == name]
    return attack, _blocks(attack)


def _blocks(attack: Attack) -> list[bytes]:
    turns = [attack.turn(turn) for turn in range(attack.turns)]
    if attack.pause:
        return [attack.opening + turns[0], *turns[1:]]
    whole = attack.opening + b"".join(turns)
    return [whole[place : place + _BLOCK] for place in range(0, len(whole), _BLOCK)]


class _Line:
    """One connection at a time, and the next when it is over."""

    def __init__(
        self,
        attack: Attack,
        blocks: list[bytes],
        path: str,
        selector: selectors.BaseSelector,
        sent: Sent,
    ) -> None:
        self._attack = attack
        self._blocks = blocks
        self._path = path
        self._selector = selector
        self._sent = sent
        self._socket: socket.socket | None = None
        self._waits_until = 0.0
        self._writes = False
        self._rest: Iterator[bytes] = iter(())
        self._piece = memoryview(b"")

    def wake(self, now: float) -> None:
        """Connect, or go on with a slow attack, when it is time."""
        if now < self._waits_until:
            return
        if self._socket is None:
            self._connect(now)
        elif not self._writes:
            self._listen(writes=True)

    def handle(self, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                self._read()
            if events & selectors.EVENT_WRITE and self._socket is not None:
                self._write()
        except BlockingIOError:
            pass
        except OSError:
            self._sent.ended += 1
            self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _connect(self, now: float) -> None:
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        try:
            line.connect(self._path)
        except OSError:
            line.close()
            self._waits_until = now + _RETRY_SECONDS
            return
        self._sent.connections += 1
        self._socket = line
        self._writes = True
        self._rest = iter(self._blocks)
        self._piece = memoryview(b"")
        self._selector.register(line, self._wanted(), self)

    def _wanted(self) -> int:
        reads = selectors.EVENT_READ if self._attack.reads else 0
        return reads | (selectors.EVENT_WRITE if self._writes else 0)

    def _listen(self, *, writes: bool) -> None:
        self._writes = writes
        if self._socket is not None and self._wanted():
            self._selector.modify(self._socket, self._wanted(), self)

    def _read(self) -> None:
        if self._socket is not None and not self._socket.recv(_READ):
            raise ConnectionResetError

    def _write(self) -> None:
        if self._socket is None:
            return
        if not self._piece:
            following = next(self._rest, None)
            if following is None:
                self.close()  # it has said all; the next one begins
                return
            self._piece = memoryview(following)
        written = self._socket.send(self._piece)
        self._sent.mebibytes += written / (1 << 20)
        self._piece = self._piece[written:]
        if self._attack.pause and not self._piece:
            self._waits_until = time.monotonic() + self._attack.pause
            with contextlib.suppress(KeyError):
                self._listen(writes=False)
