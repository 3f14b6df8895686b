"""A connection on its socket."""

import asyncio
import logging
import time
from asyncio import BaseTransport, Future, TimerHandle, Transport
from concurrent.futures import Executor
from typing import Protocol, cast

from extproc.transport.call import Call, Reply, Status, Work
from extproc.transport.native.connection import Bounds, Connection

_PREFACE_SECONDS = 10.0
_AT_ONCE = 4 << 10  # bytes of a large read that are taken before the time is looked at
_TURN_SECONDS = 0.001
_UNWRITTEN_BYTES = 1 << 20  # beyond it nothing more is read, since reading makes answers

_log = logging.getLogger(__name__)


class Host(Protocol):
    """The server that a connection belongs to."""

    bounds: Bounds
    executor: Executor

    def joined(self, connection: "ConnectionProtocol") -> None:
        """A connection has been made."""

    def left(self, connection: "ConnectionProtocol") -> None:
        """A connection is gone."""

    def open_call(self, path: str, number: int, connection: "ConnectionProtocol") -> Call | Status:
        """Open a call by its path, or say why not."""


class ConnectionProtocol(asyncio.Protocol):
    """Feeds one connection: what is read goes in, what comes out is written in one piece."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._connection = Connection(
            lambda path, number: host.open_call(path, number, self), host.bounds
        )
        self._transport: Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._patience: TimerHandle | None = None
        self._working: dict[int, Future[object]] = {}
        self._unread = b""  # of a read that takes more than one turn
        self._is_written = True  # whether the peer keeps up with reading

    # What asyncio calls

    def connection_made(self, transport: BaseTransport) -> None:
        # Transports of uvloop have the methods of asyncio's, and are no subclass.
        self._transport = cast(Transport, transport)
        self._transport.set_write_buffer_limits(high=_UNWRITTEN_BYTES)
        self._host.joined(self)
        self._patience = self._loop.call_later(_PREFACE_SECONDS, self._check_preface)
        self._write(self._connection.start())

    def data_received(self, data: bytes) -> None:
        if len(data) <= _AT_ONCE and not self._unread:
            self._write(self._connection.receive(data))
            return
        # TLS may have one more read for us although reading is paused.
        is_behind = bool(self._unread)
        self._unread += data
        if not is_behind:
            self._take_turn()

    def _take_turn(self) -> None:
        """Take what was read for so long, then let other connections have the loop."""
        data, place, out = self._unread, 0, []
        until = time.monotonic() + _TURN_SECONDS
        while place < len(data):
            out.append(self._connection.receive(data[place : place + _AT_ONCE]))
            place += _AT_ONCE
            if time.monotonic() >= until:
                break
        self._unread = data[place:]
        if self._unread:
            self._pause()
        self._write(b"".join(out))
        self._go_on()

    def _go_on(self) -> None:
        """Read on, or take the rest of what was read, as far as the peer keeps up."""
        transport = self._transport
        if transport is None or transport.is_closing() or not self._is_written:
            return
        if self._unread:
            self._loop.call_soon(self._next_turn)
        else:
            transport.resume_reading()

    def _next_turn(self) -> None:
        if self._unread and self._is_written:
            self._take_turn()

    def _pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        return False  # nobody is left to be answered

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._host.left(self)
        if self._patience is not None:
            self._patience.cancel()
        self._unread = b""
        self._connection.close()
        self._cancel_abandoned()

    def pause_writing(self) -> None:
        self._is_written = False
        self._pause()

    def resume_writing(self) -> None:
        self._is_written = True
        self._go_on()

    # What the server calls

    def push(self, number: int, reply: Reply) -> None:
        """Send what a call says without having been asked."""
        self._write(self._connection.push(number, reply))

    def announce_end(self) -> None:
        """Ask the peer to open no more streams."""
        self._write(self._connection.announce_end())

    def refuse_new(self) -> None:
        """Take no more streams, and close after the last."""
        self._write(self._connection.refuse_new())

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _check_preface(self) -> None:
        if not self._connection.established:
            self.abort()

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        if data:
            transport.write(data)
        for number, work in self._connection.take_work():
            self._run(number, work)
        self._cancel_abandoned()
        if self._connection.closing and not transport.is_closing():
            if self._connection.fault:
                _log.warning("connection refused", extra={"reason": self._connection.fault})
            transport.close()

    def _run(self, number: int, work: Work) -> None:
        future = self._loop.run_in_executor(self._host.executor, work)
        self._working[number] = future
        future.add_done_callback(lambda done: self._resume(number, done))

    def _cancel_abandoned(self) -> None:
        """Take work out of the executor's queue: a client that resets streams must not fill it."""
        for number in self._connection.take_abandoned():
            working = self._working.pop(number, None)
            if working is not None:
                working.cancel()

    def _resume(self, number: int, done: "Future[object]") -> None:
        if done.cancelled():
            return  # nobody waits for it, or the executor is gone and so is the server
        self._working.pop(number, None)
        result = done.exception() or done.result()
        self._write(self._connection.resume(number, result))
