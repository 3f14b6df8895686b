"""Who may come in: connections before a word of HTTP/2 is read."""

import asyncio
import logging
import socket
import ssl
from asyncio import BaseTransport, Transport
from collections.abc import Callable
from typing import cast

from extproc.transport.listen import peer_uid
from extproc.transport.native.tls import Tls

_HANDSHAKE_SECONDS = 10.0
_PAUSE_SECONDS = 1.0  # when no more connections can be had, of descriptors or memory

_log = logging.getLogger(__name__)

Inside = Callable[[], asyncio.Protocol]
"""Makes the protocol that takes over a connection."""


class Door:
    """Accepts connections, and lets in all, or whom the kernel or the handshake names.

    `uids` are the users of the processes that may connect to a unix socket; empty: all.
    A server of asyncio's would not do: it has one TLS context for all its life, and says nothing of
    handshakes that failed.
    """

    def __init__(self, inside: Inside, tls: Tls | None, uids: frozenset[int]) -> None:
        self._inside = inside
        self._tls = tls
        self._uids = uids
        self._loop = asyncio.get_running_loop()
        self._listening: socket.socket | None = None
        self._entering: set[asyncio.Task[None]] = set()

    def open(self, listening: socket.socket) -> None:
        """Accept on a socket that listens, which from now on belongs to the door."""
        listening.setblocking(False)
        self._listening = listening
        self._loop.add_reader(listening, self._accept)

    def close(self) -> None:
        """Accept no more, and give up those who have not come in yet."""
        if self._listening is None:
            return
        self._loop.remove_reader(self._listening)
        self._listening.close()
        self._listening = None
        for entering in self._entering:
            entering.cancel()

    def _accept(self) -> None:
        if self._listening is None:
            return
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # it went away by itself
        except OSError as error:
            _log.error("cannot accept connections", extra={"reason": str(error)})
            self._loop.remove_reader(self._listening)
            self._loop.call_later(_PAUSE_SECONDS, self._go_on)
            return
        if self._uids and (uid := peer_uid(connection)) not in self._uids:
            connection.close()
            _refused(f"user {uid} is not among EXTPROC_PEER_UIDS")
            return
        connection.setblocking(False)
        entering = self._loop.create_task(self._enter(connection))
        self._entering.add(entering)
        entering.add_done_callback(lambda done: self._entered(done, connection))

    def _go_on(self) -> None:
        if self._listening is not None:
            self._loop.add_reader(self._listening, self._accept)

    def _entered(self, entering: asyncio.Task[None], connection: socket.socket) -> None:
        self._entering.discard(entering)
        if entering.cancelled():
            connection.close()

    async def _enter(self, connection: socket.socket) -> None:
        loop, tls = self._loop, self._tls
        try:
            if tls is None:
                await loop.connect_accepted_socket(self._inside, connection)
            else:
                await loop.connect_accepted_socket(
                    lambda: _Threshold(tls, self._inside),
                    connection,
                    ssl=tls.context,
                    ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                )
        except ConnectionResetError:
            pass  # it went away by itself, as a probe of the port does
        except OSError as error:  # ssl.SSLError is one
            _refused(f"TLS handshake: {_words(error)}")


class _Threshold(asyncio.Protocol):
    """Looks at what the handshake has shown before the connection is given to the inside."""

    def __init__(self, tls: Tls, inside: Inside) -> None:
        self._tls = tls
        self._inside = inside

    def connection_made(self, transport: BaseTransport) -> None:
        connection = transport.get_extra_info("ssl_object")
        objection = self._tls.objection(connection)
        if objection:
            _refused(objection)
            cast(Transport, transport).abort()
            return
        protocol = self._inside()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def _refused(reason: str) -> None:
    _log.warning("connection refused", extra={"reason": reason})


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason
    return str(error) or type(error).__name__
