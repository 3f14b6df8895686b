"""grpc.health.v1: its two methods and the answer that they give."""

from collections.abc import Callable, Iterable

from google.protobuf.message import DecodeError
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from extproc.transport.call import INTERNAL, NOT_FOUND, OK, Reply, Status

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
_ONE_REQUEST = "the method takes one HealthCheckRequest"


class Health:
    """Whether the server serves, and who wants to be told when that changes."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset(services)
        self._serving = False
        self._watchers: set[WatchCall] = set()

    def set_serving(self, *, serving: bool) -> None:
        """Change the answer and tell those who watch."""
        self._serving = serving
        for watcher in list(self._watchers):
            watcher.tell()

    def answer(self, service: str) -> bytes | None:
        """A serialised HealthCheckResponse, or None for a service that is not known."""
        if service not in self._services:
            return None
        status = HealthCheckResponse.SERVING if self._serving else HealthCheckResponse.NOT_SERVING
        return _serialised(status)

    def watch(self, watcher: "WatchCall") -> None:
        self._watchers.add(watcher)

    def unwatch(self, watcher: "WatchCall") -> None:
        self._watchers.discard(watcher)


class CheckCall:
    """Answers once."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def receive(self, message: bytes) -> Reply:
        service = _service(message)
        if service is None:
            return Reply([], status=Status(INTERNAL, _ONE_REQUEST))
        answer = self._health.answer(service)
        if answer is None:
            return Reply([], status=Status(NOT_FOUND, "unknown service"))
        return Reply([answer], status=OK)

    def resume(self, result: object) -> Reply:  # noqa: ARG002 - it hands out no work
        return Reply([])

    def half_close(self) -> Reply:
        return Reply([], status=Status(INTERNAL, _ONE_REQUEST))

    def close(self) -> None:
        pass


class WatchCall:
    """Answers at once and whenever the answer changes, until the client has enough."""

    def __init__(self, health: Health, push: Callable[[Reply], None]) -> None:
        self._health = health
        self._push = push
        self._service: str | None = None

    def receive(self, message: bytes) -> Reply:
        if self._service is not None:
            return Reply([], status=Status(INTERNAL, _ONE_REQUEST))
        self._service = _service(message)
        if self._service is None:
            return Reply([], status=Status(INTERNAL, _ONE_REQUEST))
        self._health.watch(self)
        return Reply([self._answer()])

    def resume(self, result: object) -> Reply:  # noqa: ARG002 - it hands out no work
        return Reply([])

    def half_close(self) -> Reply:
        if self._service is None:
            return Reply([], status=Status(INTERNAL, _ONE_REQUEST))
        return Reply([])

    def close(self) -> None:
        self._health.unwatch(self)

    def tell(self) -> None:
        self._push(Reply([self._answer()]))

    def _answer(self) -> bytes:
        known = self._health.answer(self._service or "")
        return _serialised(HealthCheckResponse.SERVICE_UNKNOWN) if known is None else known


def _service(message: bytes) -> str | None:
    try:
        service: str = HealthCheckRequest.FromString(message).service
    except DecodeError:
        return None
    return service


def _serialised(status: "HealthCheckResponse.ServingStatus") -> bytes:
    data: bytes = HealthCheckResponse(status=status).SerializeToString()
    return data
