"""The native transport: HTTP/2 connections on asyncio sockets."""

import asyncio
import socket
from concurrent.futures import Executor

from extproc.model.errors import SetupError
from extproc.transport.call import UNIMPLEMENTED, Call, Status
from extproc.transport.listen import listen, socket_path
from extproc.transport.native.connection import Bounds
from extproc.transport.native.door import Door
from extproc.transport.native.health import CHECK, WATCH, CheckCall, Health, WatchCall
from extproc.transport.native.protocol import ConnectionProtocol
from extproc.transport.native.tls import Tls
from extproc.transport.session import PROCESS, SERVICE, Service

_SPARE_STREAMS = 100  # of a connection: for health checks, and for refusals that say why
_SHARE = 7 / 8  # of all exchanges, that one connection may have: others must find room
_ANNOUNCED_SECONDS = 1.0  # between the announcement of the end and the refusal of new streams


class NativeServer:
    """Serves ext_proc and grpc.health.v1 on one address, `unix:/path` or `host:port`.

    `tls` is for TCP; `peer_uids` says who may connect to a unix socket, nobody else if any.
    """

    def __init__(
        self,
        service: Service,
        executor: Executor,
        tls: Tls | None = None,
        peer_uids: frozenset[int] = frozenset(),
    ) -> None:
        self._tls = tls
        self._peer_uids = peer_uids
        self._door: Door | None = None
        self._follower: asyncio.Task[None] | None = None
        self._service = service
        self._health = Health(("", SERVICE))
        self._connections: set[ConnectionProtocol] = set()
        self._empty = asyncio.Event()
        self._address = ""
        self.executor = executor
        self.bounds = Bounds(
            max_message=service.max_message,
            max_streams=int(service.max_streams * _SHARE) + _SPARE_STREAMS,
        )
        self.port = 0

    async def start(self, address: str) -> None:
        """Listen and report SERVING. Raises SetupError when the address cannot be taken."""
        try:
            listening = listen(address)
        except OSError as error:
            message = f"cannot listen on {address}: {error}; choose another EXTPROC_LISTEN"
            raise SetupError(message) from error
        self._address = address
        if listening.family != socket.AF_UNIX:
            self.port = listening.getsockname()[1]
        self._door = Door(lambda: ConnectionProtocol(self), self._tls, self._peer_uids)
        self._door.open(listening)
        if self._tls is not None:
            self._follower = asyncio.create_task(self._tls.follow())
        self._health.set_serving(serving=True)

    async def stop(self, grace_seconds: float) -> None:
        """Report NOT_SERVING, take no new exchanges, let open ones finish for so long."""
        self._health.set_serving(serving=False)
        if self._follower is not None:
            self._follower.cancel()
        if self._door is not None:
            self._door.close()
        path = socket_path(self._address)
        if path is not None:
            path.unlink(missing_ok=True)
        for connection in list(self._connections):
            connection.announce_end()
        loop = asyncio.get_running_loop()
        refusal = loop.call_later(min(_ANNOUNCED_SECONDS, grace_seconds), self._refuse_new)
        try:
            async with asyncio.timeout(grace_seconds):
                while self._connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
        refusal.cancel()

    def _refuse_new(self) -> None:
        for connection in list(self._connections):
            connection.refuse_new()

    # What its connections ask of it

    def joined(self, connection: ConnectionProtocol) -> None:
        """A connection has been made."""
        self._connections.add(connection)

    def left(self, connection: ConnectionProtocol) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def open_call(self, path: str, number: int, connection: ConnectionProtocol) -> Call | Status:
        """Open a call by its path, or say why not."""
        if path == PROCESS:
            return self._service.open()
        if path == CHECK:
            return CheckCall(self._health)
        if path == WATCH:
            return WatchCall(self._health, lambda reply: connection.push(number, reply))
        return Status(UNIMPLEMENTED, "unknown method")
