"""JSON over HTTP/1.1 with one deadline for all of a request, however slowly its bytes come."""

import contextlib
import http.client
import io
import queue
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from extproc import __version__
from extproc.detectors.slow import Deadline, DetectorError, Failure
from extproc.model.errors import InputError

_LARGEST = 8 << 20  # bytes of an answer


class HttpClient:
    """Posts documents to one URL over connections that it keeps. No proxy, no redirect.

    Safe to use from several threads. Raises InputError for authorities that cannot be read.
    """

    def __init__(self, url: str, headers: Mapping[str, str], ca_file: Path | None) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._context = _tls(ca_file) if parts.scheme == "https" else None
        self._headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": f"extproc/{__version__}",
            **headers,
        }
        self._idle: queue.SimpleQueue[_Connection] = queue.SimpleQueue()

    def post(self, document: object, deadline: Deadline) -> Any:
        """The answer to a document. Raises DetectorError for any but 200 and JSON."""
        body = orjson.dumps(document)
        try:
            status, data = self._exchange(body, deadline)
        except TimeoutError:
            raise DetectorError(Failure.TIMEOUT) from None
        except http.client.HTTPException as error:
            raise DetectorError(Failure.BAD_ANSWER, type(error).__name__) from error
        except OSError as error:
            raise DetectorError(Failure.REFUSED, error.strerror or "") from error
        if status != http.HTTPStatus.OK:
            raise DetectorError(Failure.REFUSED, f"status {status}")
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            raise DetectorError(Failure.BAD_ANSWER, "not JSON") from None

    def close(self) -> None:
        """Close what is not in use; the rest closes with its answer."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _exchange(self, body: bytes, deadline: Deadline) -> tuple[int, bytes]:
        with contextlib.suppress(queue.Empty):
            while True:
                kept = self._idle.get_nowait()
                try:
                    return self._on(kept, body, deadline)
                except (ConnectionError, http.client.RemoteDisconnected):
                    continue  # the other side had closed it meanwhile
        connection = _Connection(self._host, self._port, self._context)
        return self._on(connection, body, deadline)

    def _on(self, connection: "_Connection", body: bytes, deadline: Deadline) -> tuple[int, bytes]:
        try:
            connection.deadline = deadline
            connection.request("POST", self._path, body, self._headers)
            response = connection.getresponse()
            data = response.read(_LARGEST)
        except BaseException:
            connection.close()
            raise
        if response.will_close or not response.isclosed():
            connection.close()
        else:
            self._idle.put(connection)
        return response.status, data


class _Connection(http.client.HTTPConnection):
    """One whose socket waits no longer than to a deadline, over all that it does."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port)
        self.deadline = Deadline(0)
        self._context = context

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self._left())
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            plain.settimeout(self._left())
            plain = self._context.wrap_socket(plain, server_hostname=self.host)
        self.sock = cast(socket.socket, _Socket(plain, self))

    def _left(self) -> float:
        left = self.deadline.left
        if left <= 0:
            raise TimeoutError
        return left

    def left(self) -> float:
        """Seconds to the deadline. Raises TimeoutError."""
        return self._left()


class _Socket:
    """What http.client needs of a socket."""

    def __init__(self, plain: socket.socket, owner: _Connection) -> None:
        self._plain = plain
        self._owner = owner

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._plain.settimeout(self._owner.left())
            view = view[self._plain.send(view) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._plain, self._owner))

    def close(self) -> None:
        self._plain.close()


class _Reader(io.RawIOBase):
    """Reads a socket; closing it leaves the socket open."""

    def __init__(self, plain: socket.socket, owner: _Connection) -> None:
        self._plain = plain
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._plain.settimeout(self._owner.left())
        return self._plain.recv_into(buffer)


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"{ca_file}: holds no certificates; name a PEM file") from error
