"""Both transports, spoken to by a real gRPC client over a unix socket."""

import asyncio
import json
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from extproc.exchange.state import Limits
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import SetupError
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.grpcio import GrpcServer
from extproc.transport.native.server import NativeServer
from extproc.transport.pb import external_processor_pb2 as pb
from extproc.transport.session import Service
from tests.guardrail.making import BLOCK_SSN, DONE, REDACT_ALL, SSN, said, text_of
from tests.transport.making import EVENTS, JSON, POST, asking, body, headers, saying

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
Code = grpc.StatusCode
Status = health_pb2.HealthCheckResponse
SECONDS = 10.0  # far more than anything here takes

Server = type[GrpcServer] | type[NativeServer]


class Rig:
    """A server of its own, and clients for it."""

    def __init__(
        self, server: Server, directory: Path, guard: Guardrail, limits: Limits, max_streams: int
    ) -> None:
        self.telemetry = Telemetry()
        self.guard = guard
        self.path = directory / "sub" / "x.sock"
        self.executor = ThreadPoolExecutor(1)
        service = Service(
            lambda: self.guard, limits, self.telemetry, lambda: "made-here", max_streams
        )
        self.server = server(service, self.executor)
        self.channel: Any = None

    def call(self) -> Any:
        """An exchange, as Envoy opens it."""
        return self.channel.stream_stream(
            f"/{SERVICE}/Process",
            request_serializer=pb.ProcessingRequest.SerializeToString,
            response_deserializer=pb.ProcessingResponse.FromString,
        )()

    async def health(self, name: str = "") -> int:
        stub = health_pb2_grpc.HealthStub(self.channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        status: int = answer.status
        return status

    def metric(self, name: str, **labels: str) -> float:
        return self.telemetry.registry.get_sample_value(name, labels) or 0.0


Use = Callable[[Rig], Awaitable[None]]
Serve = Callable[..., None]


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder with a short path: that of a unix socket has at most 103 bytes."""
    path = Path(tempfile.mkdtemp(prefix="x"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=[NativeServer, GrpcServer])
def server(request: pytest.FixtureRequest) -> Server:
    chosen: Server = request.param
    return chosen


@pytest.fixture
def serve(server: Server, directory: Path) -> Serve:
    def serve(
        use: Use,
        guard: Guardrail = REDACT_ALL,
        limits: Limits | None = None,
        max_streams: int = 10,
    ) -> None:
        async def main() -> None:
            rig = Rig(server, directory, guard, limits or Limits(), max_streams)
            await rig.server.start(f"unix:{rig.path}")
            try:
                async with grpc.aio.insecure_channel(f"unix:{rig.path}") as rig.channel:
                    async with asyncio.timeout(SECONDS):
                        await use(rig)
            finally:
                await rig.server.stop(0)
                rig.executor.shutdown()

        asyncio.run(main())

    return serve


async def ask(call: Any, message: pb.ProcessingRequest) -> pb.ProcessingResponse:
    await call.write(message)
    answer = await call.read()
    if answer != grpc.aio.EOF and answer.HasField("override_message_timeout"):
        answer = await call.read()  # the work takes its time, and Envoy is told so
    assert answer is not grpc.aio.EOF, "no answer"
    assert isinstance(answer, pb.ProcessingResponse)
    return answer


async def failure(call: Any, *messages: pb.ProcessingRequest) -> tuple[grpc.StatusCode, list[Any]]:
    """The status of an exchange that is ended from the other side, and what came before."""
    before = []
    try:
        for message in messages:
            await call.write(message)
        while (answer := await call.read()) is not grpc.aio.EOF:
            if not answer.HasField("override_message_timeout"):
                before.append(answer)
    except grpc.aio.AioRpcError:
        pass
    return await call.code(), before


async def open_exchange(rig: Rig) -> Any:
    call = rig.call()
    await ask(call, headers("request", POST))
    return call


# Exchanges


def test_a_buffered_exchange(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        request = await ask(call, asking(f"It is {SSN}"))
        sent = json.loads(request.request_body.response.body_mutation.body)
        assert sent["messages"][0]["content"] == "It is [US_SSN]"
        answer = await ask(call, headers("response", JSON))
        assert answer.mode_override.response_body_mode == pb.ProcessingMode.BodySendMode.BUFFERED
        assert not (await ask(call, saying("fine"))).response_body.response.HasField(
            "body_mutation"
        )
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is Code.OK

    serve(use)


def test_a_streamed_exchange(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        await ask(call, asking("hi"))
        await ask(call, headers("response", EVENTS))
        out = b""
        for data, end in ((said("It is 123-45"), False), (said("-6789! "), False), (DONE, True)):
            answer = await ask(call, body("response", data, end=end))
            out += answer.response_body.response.body_mutation.streamed_response.body
        assert text_of(out) == "It is [US_SSN]! "
        await call.done_writing()
        assert await call.code() is Code.OK

    serve(use)


def test_a_block_is_an_immediate_response(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        answer = await ask(call, asking(SSN))
        assert answer.immediate_response.status.code == 403
        error = json.loads(answer.immediate_response.body)["error"]
        assert (error["code"], error["request_id"]) == ("policy_violation", "made-here")

    serve(use, guard=BLOCK_SSN)


def test_exchanges_do_not_know_each_other(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        calls = [await open_exchange(rig) for _ in range(5)]
        answers = await asyncio.gather(*(ask(call, asking(SSN)) for call in calls))
        assert len(answers) == 5
        assert rig.metric("extproc_exchanges_open") == 5

    serve(use)


def test_a_new_policy_is_for_new_exchanges(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        before = await open_exchange(rig)
        rig.guard = BLOCK_SSN
        after = await open_exchange(rig)
        assert (await ask(before, asking(SSN))).HasField("request_body")
        assert (await ask(after, asking(SSN))).HasField("immediate_response")

    serve(use)


def test_more_time_is_asked_for_a_large_body(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        await call.write(asking("x " * 50_000))
        asked = await call.read()
        assert asked.override_message_timeout.seconds == 30
        assert asked.WhichOneof("response") is None
        assert (await call.read()).HasField("request_body")

    serve(use)


def test_a_large_body_is_inspected_off_the_loop(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        answer = await ask(call, asking("x " * 50_000 + f"It is {SSN}"))
        assert answer.request_body.response.body_mutation.body.endswith(b'[US_SSN]"}]}')
        name = "extproc_phase_duration_seconds_count"
        assert rig.metric(name, direction="request", lane="deferred") == 1

    serve(use)


def test_the_loop_goes_on_while_a_large_body_is_inspected(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        busy = threading.Event()
        rig.executor.submit(busy.wait)  # the only thread there is
        slow = await open_exchange(rig)
        await slow.write(asking("x " * 50_000))
        quick = await open_exchange(rig)
        assert (await ask(quick, asking("hi"))).HasField("request_body")
        busy.set()
        answer = await slow.read()
        assert isinstance(answer, pb.ProcessingResponse)

    serve(use)


def test_a_large_body_that_cannot_be_read_is_refused(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        answer = await ask(call, body("request", b"[" * 100_000))
        assert answer.immediate_response.status.code == 400

    serve(use)


def test_a_body_of_the_largest_size_gets_through_to_us(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        size = 6 << 20  # beyond what gRPC takes unless told
        content = b'{"messages": [], "x": "' + b"x" * size + b'"}'
        assert (await ask(call, body("request", content))).HasField("request_body")

    serve(use, limits=Limits(max_body=7 << 20))


def test_a_body_just_over_the_limit_is_refused_in_words(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        answer = await ask(call, body("request", b"x" * 2001))
        assert answer.immediate_response.status.code == 413

    serve(use, limits=Limits(max_body=2000))


# What ends an exchange


def test_a_message_out_of_order_is_a_failed_precondition(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        code, before = await failure(rig.call(), asking("hi"))
        assert (code, before) == (Code.FAILED_PRECONDITION, [])
        assert rig.metric("extproc_failures_total", mode="error", reason="protocol") == 1

    serve(use)


def test_an_empty_message_is_a_failed_precondition(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        assert (await failure(rig.call(), pb.ProcessingRequest()))[0] is Code.FAILED_PRECONDITION

    serve(use)


def test_a_wrong_filter_is_a_failed_precondition_that_says_what_to_do(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        message = headers("request", POST)
        message.protocol_config.request_body_mode = pb.ProcessingMode.BodySendMode.STREAMED
        call = rig.call()
        assert (await failure(call, message))[0] is Code.FAILED_PRECONDITION
        assert "BUFFERED" in await call.details()
        assert "BUFFERED" in rig.telemetry.contract_problem

    serve(use)


def test_bytes_that_are_no_message_end_the_exchange(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = rig.channel.stream_stream(f"/{SERVICE}/Process")()
        with pytest.raises(grpc.aio.AioRpcError):
            await call.write(b"\xff\xff\xff")
            await call.read()
            await call.read()
        assert await call.code() is not Code.OK

    serve(use)


class Broken(Guardrail):
    """A guardrail with a bug, whose error quotes content."""

    def inspect_json(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(f"bug at {SSN}")

    def open_stream(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(f"bug at {SSN}")


@pytest.mark.parametrize("inline", [True, False])
def test_an_internal_error_lets_nothing_pass_and_quotes_nothing(
    serve: Serve, caplog: pytest.LogCaptureFixture, inline: bool
) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        code, before = await failure(call, asking("hi"))
        assert (code, before) == (Code.INTERNAL, [])
        assert SSN not in await call.details()
        assert rig.metric("extproc_failures_total", mode="error", reason="internal") == 1

    broken = Broken(REDACT_ALL.policy, REDACT_ALL._redactor)
    serve(use, guard=broken, limits=Limits(inline_body=1 << 20 if inline else 0))
    assert SSN not in caplog.text


def test_an_internal_error_in_a_stream_ends_it_in_an_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        await ask(call, asking("hi"))
        await ask(call, headers("response", EVENTS))
        await ask(call, body("response", said("Hi. "), end=False))

        def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError(f"bug at {SSN}")

        monkeypatch.setattr("extproc.guardrail.stream.StreamGuard.feed", broken)
        code, before = await failure(call, body("response", said("secret. "), end=False))
        assert code is Code.INTERNAL
        [last] = before
        streamed = last.response_body.response.body_mutation.streamed_response
        assert streamed.end_of_stream
        assert b"unreadable_stream" in streamed.body
        assert b"secret" not in streamed.body

    serve(use)


def test_an_exchange_that_is_cancelled_is_on_record(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        await ask(call, asking("hi"))
        await ask(call, headers("response", EVENTS))
        assert rig.metric("extproc_streams_open") == 1
        await ask(call, body("response", said("Hi. "), end=False))
        call.cancel()
        while rig.metric("extproc_exchanges_open") > 0:
            await asyncio.sleep(0)
        assert rig.metric("extproc_streams_open") == 0
        labels = {"dialect": "openai_chat", "direction": "response", "outcome": "judged"}
        assert rig.metric("extproc_requests_total", **labels) == 1

    serve(use)


def test_an_exchange_that_is_cancelled_while_its_work_runs_ends(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        busy = threading.Event()
        rig.executor.submit(busy.wait)
        call = await open_exchange(rig)
        await call.write(asking("x " * 50_000))
        call.cancel()
        while rig.metric("extproc_exchanges_open") > 0:
            await asyncio.sleep(0)
        busy.set()

    serve(use)


def test_more_exchanges_than_allowed_are_refused(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        calls = [await open_exchange(rig) for _ in range(3)]
        # Without a message: grpc.aio calls a write that comes too late an internal error.
        code, before = await failure(rig.call())
        assert (code, before) == (Code.RESOURCE_EXHAUSTED, [])
        for call in calls:
            assert (await ask(call, asking("hi"))).HasField("request_body")

    serve(use, max_streams=3)


def test_an_exchange_that_ended_makes_room(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        for _ in range(5):
            call = await open_exchange(rig)
            await call.done_writing()
            assert await call.read() is grpc.aio.EOF
            assert await call.code() is Code.OK

    serve(use, max_streams=1)


def test_health_is_told_even_when_there_is_no_room(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        calls = [await open_exchange(rig) for _ in range(2)]
        assert await rig.health() == Status.SERVING
        assert len(calls) == 2

    serve(use, max_streams=2)


# Start and stop


@pytest.mark.parametrize("name", ["", SERVICE])
def test_a_server_that_runs_is_serving(serve: Serve, name: str) -> None:
    async def use(rig: Rig) -> None:
        assert await rig.health(name) == Status.SERVING

    serve(use)


def test_an_unknown_service_has_no_health(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await rig.health("other")
        assert caught.value.code() is Code.NOT_FOUND

    serve(use)


def test_a_server_that_stops_says_so_before_it_is_gone(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        stub = health_pb2_grpc.HealthStub(rig.channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=""))
        assert (await watch.read()).status == Status.SERVING
        stopping = asyncio.create_task(rig.server.stop(5))
        assert (await watch.read()).status == Status.NOT_SERVING
        watch.cancel()
        call.cancel()
        await stopping

    serve(use)


def test_an_open_exchange_may_finish(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        stopping = asyncio.create_task(rig.server.stop(5))
        await asyncio.sleep(0)
        assert (await ask(call, asking(SSN))).HasField("request_body")
        assert not stopping.done()
        await ask(call, headers("response", JSON))
        await ask(call, saying("fine"))
        assert await call.read() is grpc.aio.EOF
        await stopping
        assert await call.code() is Code.OK

    serve(use)


def test_a_server_that_stops_takes_nothing_new(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        stopping = asyncio.create_task(rig.server.stop(5))
        while rig.path.exists():
            await asyncio.sleep(0)
        options = [("grpc.use_local_subchannel_pool", 1)]  # else the open connection is used
        path = f"unix:{rig.path}"
        async with grpc.aio.insecure_channel(path, options=options) as rig.channel:
            code, before = await failure(rig.call(), headers("request", POST))
        # A connection that was accepted just before the listener closed is cancelled, not refused.
        assert code in (Code.UNAVAILABLE, Code.CANCELLED)
        assert before == []
        call.cancel()
        await stopping

    serve(use)


def test_an_exchange_that_does_not_finish_is_cut(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        call = await open_exchange(rig)
        await rig.server.stop(0.05)
        code, _ = await failure(call)
        assert code in (Code.UNAVAILABLE, Code.CANCELLED)
        assert rig.metric("extproc_exchanges_open") == 0

    serve(use)


def test_the_socket_is_for_its_owner_and_group(serve: Serve) -> None:
    async def use(rig: Rig) -> None:
        assert stat.S_IMODE(rig.path.stat().st_mode) == 0o660

    serve(use)


def started(server: Server, directory: Path, address: str) -> int:
    async def main() -> int:
        rig = Rig(server, directory, REDACT_ALL, Limits(), 1)
        try:
            await rig.server.start(address)
            return rig.server.port
        finally:
            await rig.server.stop(0)

    return asyncio.run(main())


def test_a_socket_that_was_left_behind_is_replaced(server: Server, directory: Path) -> None:
    path = directory / "x.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    started(server, directory, f"unix:{path}")


def test_a_socket_that_is_served_is_not_taken_over(server: Server, directory: Path) -> None:
    path = directory / "x.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(SetupError, match="another process serves"):
            started(server, directory, f"unix:{path}")


def test_a_file_that_is_no_socket_is_not_replaced(server: Server, directory: Path) -> None:
    path = directory / "notes.txt"
    path.write_text("important")
    with pytest.raises(SetupError, match="EXTPROC_LISTEN"):
        started(server, directory, f"unix:{path}")
    assert path.read_text() == "important"


def test_a_free_port_can_be_taken(server: Server, directory: Path) -> None:
    assert started(server, directory, "127.0.0.1:0") > 0


@pytest.mark.parametrize("address", ["unix:/proc/none/x.sock", "unix:/" + "x" * 200, "256.0.0.1:0"])
def test_an_address_that_cannot_be_taken_is_told(
    server: Server, directory: Path, address: str
) -> None:
    with pytest.raises(SetupError, match="choose another EXTPROC_LISTEN"):
        started(server, directory, address)
