"""Detection services for tests: real servers that do as they are told."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from extproc.httpd import HttpServer
from extproc.remote.pb import detector_pb2 as pb

WORD = "forbidden"
"""What these services find."""

_never = threading.Event()


def findings(text: str) -> list[dict[str, Any]]:
    """Every place of the word, by code points."""
    places = [at for at in range(len(text)) if text.startswith(WORD, at)]
    return [{"label": "word", "start": at, "end": at + len(WORD), "score": 0.9} for at in places]


class HttpService:
    """Answers as a webhook, a moderation and a guard. `mode` says what is wrong with it."""

    def __init__(self) -> None:
        self.mode = "up"
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self._loop = asyncio.new_event_loop()
        paths = ("webhook", "moderations", "guard")
        routes = [Route(f"/{path}", self._answer, methods=["POST"]) for path in paths]
        self._server = HttpServer(Starlette(routes=routes), "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._run(self._server.start())
        self.url = f"http://127.0.0.1:{self._server.port}"

    def stop(self) -> None:
        """Close its port, and all connections."""
        self._run(self._server.stop(0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _answer(self, request: Request) -> Response:
        document = await request.json()
        self.asked.append(document)
        self.headers.append(dict(request.headers))
        match self.mode:
            case "slow":
                await asyncio.sleep(30)
            case "garbage":
                return Response(b"\xff<html>no</html>", media_type="application/json")
            case "status":
                return JSONResponse({"results": []}, status_code=503)
            case "redirect":
                return Response(status_code=302, headers={"location": "/webhook"})
            case "schema":
                return JSONResponse({"results": [{"findings": [{"label": 7}]}]})
            case "range":
                bad = [{"label": "word", "start": 5, "end": 5000, "score": 0.9}]
                return JSONResponse({"results": [{"findings": bad}] * len(document["texts"])})
            case "fewer":
                return JSONResponse({"results": []})
            case "drip":
                return StreamingResponse(_drip(), media_type="application/json")
        return JSONResponse(self._right(request.url.path, document))

    def _right(self, path: str, document: Any) -> Any:
        if path == "/webhook":
            return {"results": [{"findings": findings(t["text"])} for t in document["texts"]]}
        if path == "/moderations":
            return {"results": [_moderated(text) for text in document["input"]]}
        return _guarded(document["messages"])


def _moderated(text: str) -> dict[str, Any]:
    score = 0.97 if WORD in text else 0.01
    return {
        "flagged": score > 0.5,
        "categories": {"violence": score > 0.5, "hate": False},
        "category_scores": {"violence": score, "hate": 0.001},
    }


def _guarded(messages: list[dict[str, str]]) -> dict[str, Any]:
    everything = " ".join(message["content"] for message in messages)
    if "attack" in everything:
        return {"decision": "block", "threat_type": "injection", "confidence": 0.95}
    if WORD in everything:
        redacted = [
            {**message, "content": message["content"].replace(WORD, "[GONE]")}
            for message in messages
        ]
        return {
            "decision": "redact",
            "threat_type": "word",
            "confidence": 0.8,
            "redacted_messages": redacted,
        }
    return {"decision": "allow", "threat_type": None, "confidence": 0.99}


async def _drip() -> Any:
    for byte in json.dumps({"results": []}).encode() * 100:
        yield bytes([byte])
        await asyncio.sleep(0.05)


@contextlib.contextmanager
def http_service() -> Iterator[HttpService]:
    service = HttpService()
    service.start()
    try:
        yield service
    finally:
        service.stop()


@contextlib.contextmanager
def raw_service(answer: bytes) -> Iterator[str]:
    """The URL of a server that sends these bytes, whatever it is asked, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):  # else the rest of the question is a reset
                        pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/webhook"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class GrpcService:
    """proto/detector.proto; `mode` says what is wrong with it."""

    def __init__(self) -> None:
        self.mode = "up"
        self.asked: list[pb.DetectRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.port = 0
        self._server: grpc.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """On the port that it had, if any."""
        self._server = grpc.server(ThreadPoolExecutor(8), options=(("grpc.so_reuseport", 0),))
        method = grpc.unary_unary_rpc_method_handler(self._detect)
        name = "extproc.detector.v1.Detector"
        handler = grpc.method_handlers_generic_handler(name, {"Detect": method})
        self._server.add_generic_rpc_handlers((handler,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def _detect(self, data: bytes, context: Any) -> bytes:
        request = pb.DetectRequest.FromString(data)
        self.asked.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        wrong: dict[str, Callable[[], bytes]] = {
            "garbage": lambda: b"\xff\xff\xff",
            "fewer": pb.DetectResponse().SerializeToString,
            "range": lambda: _spanning(len(request.texts), 5000),
        }
        if self.mode == "slow":
            _never.wait(2)
        if self.mode == "status":
            context.abort(grpc.StatusCode.INTERNAL, "broken")
        if self.mode in wrong:
            return wrong[self.mode]()
        results = [
            pb.Result(findings=[pb.Finding(**found) for found in findings(text.text)])
            for text in request.texts
        ]
        return pb.DetectResponse(results=results).SerializeToString()


def _spanning(texts: int, end: int) -> bytes:
    result = pb.Result(findings=[pb.Finding(label="word", start=0, end=end, score=0.9)])
    return pb.DetectResponse(results=[result] * texts).SerializeToString()


@contextlib.contextmanager
def grpc_service() -> Iterator[GrpcService]:
    service = GrpcService()
    service.start()
    try:
        yield service
    finally:
        service.stop()
