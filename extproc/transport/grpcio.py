"""The reference transport: grpc.aio."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from extproc.model.errors import SetupError
from extproc.transport.pb import external_processor_pb2 as pb
from extproc.transport.session import SERVICE, Service, Session, Work

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_SOCKET_MODE = 0o660
# Above the largest body, so that a body that is somewhat too large gets its 413 and not a 503.
_MESSAGE_OVERHEAD = 64 << 20


class GrpcServer:
    """Serves ext_proc and grpc.health.v1 on one address, `unix:/path` or `host:port`.

    More than `max_streams` exchanges at once are refused with RESOURCE_EXHAUSTED, which Envoy
    answers as if the processor were down.
    """

    def __init__(self, service: Service, executor: Executor, max_streams: int) -> None:
        self._service = service
        self._max_streams = max_streams
        self._streams = 0
        self._executor = executor
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            options=(
                ("grpc.max_receive_message_length", service.limits.max_body + _MESSAGE_OVERHEAD),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
            ),
        )
        self._server.add_generic_rpc_handlers((self._handler(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = 0

    def _handler(self) -> grpc.GenericRpcHandler:
        process = grpc.stream_stream_rpc_method_handler(
            self._process,
            request_deserializer=pb.ProcessingRequest.FromString,
            response_serializer=pb.ProcessingResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(SERVICE, {"Process": process})

    async def start(self, address: str) -> None:
        """Listen and report SERVING. Raises SetupError when the address cannot be taken."""
        path = Path(address.removeprefix("unix:")) if address.startswith("unix:") else None
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.is_socket():  # of a processor that was killed
                    path.unlink()
                elif path.exists():
                    raise FileExistsError(f"{path} is a file and no socket")
            self.port = self._server.add_insecure_port(address)
            await self._server.start()
            if path is not None:
                path.chmod(_SOCKET_MODE)
        except (OSError, RuntimeError) as error:
            message = f"cannot listen on {address}: {error}; choose another EXTPROC_LISTEN"
            raise SetupError(message) from error
        await self._set(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_seconds: float) -> None:
        """Report NOT_SERVING, take no new exchanges, let open ones finish for so long."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._server.stop(grace_seconds)

    async def _set(self, status: "health_pb2.HealthCheckResponse.ServingStatus") -> None:
        for name in ("", SERVICE):
            await self._health.set(name, status)

    async def _process(
        self,
        requests: AsyncIterator[pb.ProcessingRequest],
        context: "grpc.aio.ServicerContext[pb.ProcessingRequest, pb.ProcessingResponse]",
    ) -> AsyncIterator[pb.ProcessingResponse]:
        if self._streams >= self._max_streams:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many exchanges at once")
        self._streams += 1
        session = Session(self._service)
        try:
            async for request in requests:
                outcome = session.receive(request)
                while True:
                    for response in outcome.messages:
                        yield response
                    if outcome.failure is not None:
                        await context.abort(_CODES[outcome.failure.code], outcome.failure.message)
                    if outcome.work is None:
                        break
                    outcome = session.resume(await self._run(outcome.work))
        finally:
            self._streams -= 1
            session.close()

    async def _run(self, work: Work) -> object:
        """Outcome of deferred work; an exception is an outcome too."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except Exception as error:  # noqa: BLE001 - the exchange knows what it means
            return error
