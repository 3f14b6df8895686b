"""An upstream that answers what a test scripts and keeps what it receives."""

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

EVENT_STREAM = "text/event-stream"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upstream says. Each chunk is written by itself; a generator may wait between them.

    `length` None announces a chunked body. `cut` closes the connection before the body's end.
    """

    chunks: Iterable[bytes] = ()
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", JSON),)
    length: int | None = None
    cut: bool = False


@dataclass(slots=True)
class Received:
    """One request as it arrived, and how far its answer got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    sent: int = 0  # chunks
    disconnected: bool = False
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Answer | Callable[[Received], Answer]


def whole(
    body: bytes, content_type: str | None = JSON, status: int = 200, **headers: str
) -> Answer:
    """A body of announced length."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if content_type is not None:
        named.append(("content-type", content_type))
    return Answer((body,), status, tuple(named), len(body))


def document(value: Any, status: int = 200) -> Answer:
    """A JSON body."""
    return whole(json.dumps(value).encode(), status=status)


def stream(
    chunks: Iterable[bytes], content_type: str = EVENT_STREAM, *, cut: bool = False
) -> Answer:
    """A body without announced length."""
    return Answer(chunks, 200, (("content-type", content_type),), None, cut)


class Recorder:
    """A real HTTP/1.1 server on loopback. `port` is its own choice."""

    def __init__(self) -> None:
        self._errors: list[BaseException] = []
        self._script: Script = document({"error": "no test has scripted an answer"}, 500)
        self._received: list[Received] = []
        self._server = _Server(self)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def answering(self, script: Script) -> Iterator[list[Received]]:
        """Answer by `script` meanwhile; the list fills with what arrives.

        Raises what went wrong in the script.
        """
        before = self._script, self._received
        received: list[Received] = []
        self._script, self._received = script, received
        try:
            yield received
        finally:
            self._script, self._received = before
        if self._errors:
            raise self._errors.pop()

    def take(self, request: Received) -> Answer:
        """Keep a request; return what it is answered."""
        script = self._script
        self._received.append(request)
        return script if isinstance(script, Answer) else script(request)

    def keep(self, request: Received, error: BaseException) -> None:
        """For the test whose script it was, unless that is over."""
        if any(request is one for one in self._received):
            self._errors.append(error)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.discard(request)

    def hang_up(self) -> None:
        """Wake the threads that wait on idle connections."""
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """A peer that went away is what some tests are about; all else is a mistake of a test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def parse_request(self) -> bool:
        """Route every method to one place."""
        parsed = super().parse_request()
        if parsed:
            setattr(self, f"do_{self.command}", self._handle)
        return parsed

    def log_message(self, *_: object) -> None:
        """Tests print what they need."""

    def _handle(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.command, self.path, headers, self._body(headers))
        try:
            answer = self.server.recorder.take(request)
            self._send(request, answer)
        except OSError:
            request.disconnected = True
            self.close_connection = True
        except BaseException as error:
            self.server.recorder.keep(request, error)
            raise
        finally:
            request.finished.set()

    def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", ""):
            return self.rfile.read(int(headers.get("content-length", "0")))
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return bytes(body)

    def _send(self, request: Received, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.length is None:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(answer.length))
        self.end_headers()
        for chunk in answer.chunks:
            if answer.length is None and chunk:
                chunk = b"%x\r\n%s\r\n" % (len(chunk), chunk)  # noqa: PLW2901 - framed
            self.wfile.write(chunk)
            request.sent += 1
        if answer.cut:
            self.close_connection = True
        elif answer.length is None:
            self.wfile.write(b"0\r\n\r\n")
