"""The reference transport: grpc.aio."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from extproc.model.errors import SetupError
from extproc.transport.call import OK, Status, Work
from extproc.transport.listen import claim, open_to_group, socket_path
from extproc.transport.session import SERVICE, Service

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcServer:
    """Serves ext_proc and grpc.health.v1 on one address, `unix:/path` or `host:port`."""

    def __init__(self, service: Service, executor: Executor) -> None:
        self._service = service
        self._executor = executor
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            options=(
                ("grpc.max_receive_message_length", service.max_message),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
            ),
        )
        self._server.add_generic_rpc_handlers((self._handler(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = 0

    def _handler(self) -> grpc.GenericRpcHandler:
        process = grpc.stream_stream_rpc_method_handler(self._process)
        return grpc.method_handlers_generic_handler(SERVICE, {"Process": process})

    async def start(self, address: str) -> None:
        """Listen and report SERVING. Raises SetupError when the address cannot be taken."""
        path = socket_path(address)
        try:
            if path is not None:
                claim(path)
            self.port = self._server.add_insecure_port(address)
            await self._server.start()
            if path is not None:
                open_to_group(path)
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
        requests: AsyncIterator[bytes],
        context: "grpc.aio.ServicerContext[bytes, bytes]",
    ) -> AsyncIterator[bytes]:
        session = self._service.open()
        if isinstance(session, Status):
            await context.abort(_CODES[session.code], session.message)
            return
        try:
            async for request in requests:
                reply = session.receive(request)
                while True:
                    for response in reply.messages:
                        yield response
                    if reply.status == OK:
                        return
                    if reply.status is not None:
                        await context.abort(_CODES[reply.status.code], reply.status.message)
                    if reply.work is None:
                        break
                    reply = session.resume(await self._run(reply.work))
        finally:
            session.close()

    async def _run(self, work: Work) -> object:
        """Outcome of deferred work; an exception is an outcome too."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except Exception as error:  # noqa: BLE001 - the exchange knows what it means
            return error
