"""A real server on a socket, spoken to by the h2 library: another reading of the same RFC."""

import asyncio
import json
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Self

import h2.events
from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from extproc.exchange.state import Limits
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.native.server import NativeServer
from extproc.transport.pb import external_processor_pb2 as pb
from extproc.transport.session import Service
from tests.guardrail.making import REDACT_ALL, SSN
from tests.transport.making import JSON, POST, asking, headers, saying
from tests.transport.native import wire

SECONDS = 60.0  # far more than anything here takes
OPEN = [(name.decode(), value.decode()) for name, value in wire.request(wire.PROCESS)]
MIB = 1 << 20


class Client:
    """What the h2 library makes of a connection. `windows` False grants nothing by itself."""

    def __init__(self) -> None:
        self.windows = True
        self.h2 = H2Connection(H2Configuration(client_side=True))
        self.received: dict[int, bytearray] = defaultdict(bytearray)
        self.status: dict[int, str] = {}
        self.resets: dict[int, ErrorCodes | int] = {}
        self.goaways: list[int] = []
        self.is_greeted = False
        self.acknowledged = 0
        self.closed = False
        self._changed = asyncio.Event()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._task: asyncio.Task[None]

    async def connect(self, path: str, settings: dict[int, int] | None = None) -> Self:
        self._reader, self._writer = await asyncio.open_unix_connection(path)
        self.h2.initiate_connection()
        self.h2.update_settings(settings or {})
        self.flush()
        self._task = asyncio.create_task(self._read())
        # Before it has heard of windows that are smaller, a client may send 65,535 bytes.
        await self.until(lambda: self.is_greeted and self.acknowledged == 2)
        return self

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()

    def flush(self) -> None:
        self._writer.write(self.h2.data_to_send())

    def open(self) -> int:
        """Begin an exchange."""
        number: int = self.h2.get_next_available_stream_id()
        self.h2.send_headers(number, OPEN)
        self.flush()
        return number

    async def send(self, number: int, message: pb.ProcessingRequest) -> None:
        """Send a message as far as the windows allow, and the rest when they do."""
        content = memoryview(wire.message(message.SerializeToString()))
        while content:
            await self.until(lambda: self.h2.local_flow_control_window(number) > 0)
            room = self.h2.local_flow_control_window(number)
            size = min(room, self.h2.max_outbound_frame_size, len(content))
            self.h2.send_data(number, bytes(content[:size]))
            content = content[size:]
            self.flush()
            await self._writer.drain()

    async def answer(self, number: int) -> pb.ProcessingResponse:
        """The next message of a stream."""
        got = self.received[number]
        await self.until(lambda: len(got) >= 5 + int.from_bytes(got[1:5] or b"\xff" * 4))
        size = 5 + int.from_bytes(got[1:5])
        message = pb.ProcessingResponse.FromString(bytes(got[5:size]))
        del got[:size]
        return message

    async def ask(self, number: int, message: pb.ProcessingRequest) -> pb.ProcessingResponse:
        await self.send(number, message)
        answer = await self.answer(number)
        if answer.HasField("override_message_timeout"):
            answer = await self.answer(number)  # the work takes its time
        return answer

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if self.closed:
                await self._task
                raise ConnectionResetError
            self._changed.clear()
            await self._changed.wait()

    async def _read(self) -> None:
        """One frame at a time, since the library does not read on behind a GOAWAY."""
        rest = b""
        try:
            while data := await self._reader.read(1 << 16):
                rest += data
                while len(rest) >= 9 and len(rest) >= (end := 9 + int.from_bytes(rest[:3])):
                    for event in self.h2.receive_data(rest[:end]):
                        self._take(event)
                    rest = rest[end:]
                self.flush()
                self._changed.set()
        finally:
            self.closed = True
            self._changed.set()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.DataReceived):
            self.received[event.stream_id] += event.data
            if self.windows:
                # By hand: the library waits for more than a window that it has made smaller.
                self.h2.increment_flow_control_window(event.flow_controlled_length)
                self.h2.increment_flow_control_window(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.is_greeted = True
        elif isinstance(event, h2.events.SettingsAcknowledged):
            self.acknowledged += 1
        elif isinstance(event, h2.events.TrailersReceived):
            self.status[event.stream_id] = dict(event.headers)[b"grpc-status"].decode()
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = event.error_code
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append(event.last_stream_id or 0)
            # The library calls every GOAWAY the end; open streams may be finished all the same.
            self.h2.state_machine.state = ConnectionState.CLIENT_OPEN


class Rig:
    """A server on a socket, and clients of it."""

    def __init__(self, folder: str) -> None:
        self.path = f"{folder}/x.sock"
        self.executor = ThreadPoolExecutor(1)
        self.service = Service(lambda: REDACT_ALL, Limits(), Telemetry(), lambda: "made-here")
        self.server = NativeServer(self.service, self.executor)
        self._clients: list[Client] = []

    async def client(self, settings: dict[int, int] | None = None) -> Client:
        client = await Client().connect(self.path, settings)
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


@asynccontextmanager
async def rig(**bounds: int) -> AsyncIterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="x") as folder:
        running = Rig(folder)
        running.server.bounds = replace(running.server.bounds, **bounds)
        await running.server.start(f"unix:{running.path}")
        try:
            async with asyncio.timeout(SECONDS):
                yield running
        finally:
            await running.close()
            await running.server.stop(0)
            running.executor.shutdown()


def run(use: Callable[[Rig], Awaitable[None]], **bounds: int) -> None:
    async def main() -> None:
        async with rig(**bounds) as running:
            await use(running)

    asyncio.run(main())


async def finish(client: Client, number: int) -> None:
    """The second half of an exchange."""
    await client.ask(number, headers("response", JSON))
    answer = await client.ask(number, saying(f"It is {SSN}"))
    body = answer.response_body.response.body_mutation.body
    assert json.loads(body)["choices"][0]["message"]["content"] == "It is [US_SSN]"
    await client.until(lambda: number in client.status)
    assert client.status[number] == "0"


async def begin(client: Client) -> int:
    number = client.open()
    await client.ask(number, headers("request", POST))
    return number


def redacted(answer: pb.ProcessingResponse) -> str:
    body = answer.request_body.response.body_mutation.body
    text: str = json.loads(body)["messages"][0]["content"]
    return text


def test_exchanges_side_by_side() -> None:
    async def use(rig: Rig) -> None:
        client = await rig.client()
        numbers = [client.open() for _ in range(40)]
        for number in numbers:
            await client.send(number, headers("request", POST))
        for number in reversed(numbers):
            await client.send(number, asking(f"{number} {SSN}"))
        for number in numbers:
            await client.answer(number)
            assert redacted(await client.answer(number)) == f"{number} [US_SSN]"
        await asyncio.gather(*(finish(client, number) for number in numbers))
        assert client.resets == {}
        assert rig.service.open_streams == 0

    run(use)


def test_a_body_of_32_mib_passes_both_ways_through_small_windows() -> None:
    """While the client changes the window that streams begin with, in both directions."""
    text = f"It is {SSN}. " + "x" * (32 * MIB - 1000)

    async def use(rig: Rig) -> None:
        client = await rig.client({SettingCodes.INITIAL_WINDOW_SIZE: 20_000})
        number = await begin(client)
        sizes = [3000, 65_535, 1 << 20, 20_000]

        async def change() -> None:
            for size in sizes * 3:
                got = len(client.received[number])
                await client.until(lambda got=got: len(client.received[number]) > got + 2 * MIB)  # type: ignore[misc]
                client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: size})
                client.flush()

        changing = asyncio.create_task(change())
        answer = redacted(await client.ask(number, asking(text)))
        assert answer == text.replace(SSN, "[US_SSN]")
        await changing
        await finish(client, number)

    run(use, stream_window=40_000, connection_window=65_535)


def test_single_bytes_both_ways() -> None:
    """An exchange through windows of one byte; more of it would be taken for an attack."""

    async def use(rig: Rig) -> None:
        client = await rig.client({SettingCodes.INITIAL_WINDOW_SIZE: 1})
        client.windows = False
        number = client.open()
        answering = asyncio.create_task(client.ask(number, headers("request", POST)))
        for _ in range(400):
            await asyncio.sleep(0)
            if answering.done():
                break
            got = len(client.received[number])
            await client.until(
                lambda got=got: len(client.received[number]) > got or answering.done()  # type: ignore[misc]
            )
            client.h2.increment_flow_control_window(1, number)
            client.flush()
        assert (await answering).HasField("request_headers")

    run(use, stream_window=1)


def test_a_client_that_does_not_read_is_not_read() -> None:
    """What the server keeps for it is bounded, and all of it comes when it reads again."""

    async def use(rig: Rig) -> None:
        reader, writer = await asyncio.open_unix_connection(rig.path, limit=1024)
        settings = wire.settings((wire.INITIAL_WINDOW_SIZE, 0x7FFFFFFF))
        writer.write(wire.GREETING + settings + wire.SETTINGS_ACK)
        writer.write(wire.window_update(0, 0x7FFFFFFF - 65_535))
        request = wire.message(headers("request", POST).SerializeToString())
        asked = wire.message(asking(f"{SSN} " + "x" * 10_000).SerializeToString())
        block = wire.block(wire.request(wire.PROCESS))
        calls = 1500
        for number in range(1, 2 * calls, 2):
            writer.write(wire.headers(number, raw=block) + wire.data(number, request + asked))
        while not rig.server._connections:
            await asyncio.sleep(0)
        [protocol] = rig.server._connections
        while protocol._is_written:
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        transport = protocol._transport
        assert transport is not None
        assert transport.get_write_buffer_size() < 2 * MIB
        assert rig.service.open_streams < calls // 2

        left = await drained(reader, calls)
        assert left == b""
        assert rig.service.open_streams == calls
        writer.close()

    run(use)


async def drained(reader: asyncio.StreamReader, calls: int) -> bytes:
    """Read until so many streams have had both their answers; what came behind that."""
    answered: dict[int, int] = defaultdict(int)
    rest = b""
    while sum(answered.values()) < 2 * calls:
        rest += await reader.read(1 << 16)
        while len(rest) >= 9 and len(rest) >= (end := 9 + int.from_bytes(rest[:3])):
            if rest[3] == wire.DATA:
                answered[int.from_bytes(rest[5:9])] += 1
            rest = rest[end:]
    return rest


def test_a_stream_that_is_cancelled_ends() -> None:
    async def use(rig: Rig) -> None:
        client = await rig.client()
        numbers = [await begin(client) for _ in range(3)]
        await client.send(numbers[0], asking("x " * 100_000))
        for number in numbers[:2]:
            client.h2.reset_stream(number, ErrorCodes.CANCEL)
        client.flush()
        await client.ask(numbers[2], asking("hi"))
        await finish(client, numbers[2])
        assert rig.service.open_streams == 0

    run(use)


def test_a_drain_finishes_what_is_open_and_refuses_what_is_new() -> None:
    async def use(rig: Rig) -> None:
        client = await rig.client()
        number = await begin(client)
        stopping = asyncio.create_task(rig.server.stop(20))
        await client.until(lambda: len(client.goaways) == 2)
        assert client.goaways == [0x7FFFFFFF, number]
        late = client.open()
        await client.until(lambda: late in client.resets)
        assert client.resets[late] is ErrorCodes.REFUSED_STREAM
        assert redacted(await client.ask(number, asking(SSN))) == "[US_SSN]"
        assert not stopping.done()
        await finish(client, number)
        await stopping
        while not client.closed:
            await asyncio.sleep(0)

    run(use)
