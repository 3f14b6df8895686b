"""An HTTP server inside the running event loop, for the admin pages and the simulator."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send


class HttpServer:
    """Serves one ASGI application; start and stop it once each.

    `port` 0 takes a free port; `port` holds the real one after `start`.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._app = app
        config = uvicorn.Config(
            self._answer,
            interface="asgi3",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            access_log=False,
            log_config=None,
            log_level=logging.WARNING,
            server_header=False,
            # Longer than a proxy in front keeps idle connections: whoever closes first should be
            # the side that sends requests, or it meets a closing connection now and then.
            timeout_keep_alive=75,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises OSError, naming host and port, when the address cannot be taken.
        """
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        started = asyncio.create_task(self._server.answering.wait())
        await asyncio.wait({self._serving, started}, return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            started.cancel()
            self._serving.result()

    async def stop(self, grace_seconds: float) -> None:
        """Refuse new connections, let open requests finish for so long, then cut them."""
        if self._serving is None:
            return
        self._server.leave()
        await asyncio.wait({self._serving}, timeout=grace_seconds)
        if not self._serving.done():
            self._server.cut()
        await self._serving
        self._serving = None

    @property
    def open_requests(self) -> int:
        """Requests that are being answered right now."""
        return len(self._server.server_state.tasks)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # Cut on purpose: not worth the traceback that uvicorn would log.
            if not self._server.should_exit:
                raise


class _Server(uvicorn.Server):
    """Uvicorn that tells when it is up and leaves the signals to the process it is part of."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        self.should_exit = True
        self._leaving.set()

    def cut(self) -> None:
        # Connections first: a task that finds its client gone ends without a word.
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    async def main_loop(self) -> None:
        # Uvicorn looks ten times a second whether to exit; being told wakes less and stops sooner.
        # The tick that is left keeps the Date header right.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), 1)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    try:
        kind, flags = socket.SOCK_STREAM, socket.AI_PASSIVE
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=flags)[0]
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        # A failed look-up of the host has a negative number of its own.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {reason}") from error
