"""One of several processors, in a process that a supervisor has started."""

import asyncio
import contextlib
import os
import signal
import socket

from extproc.app import memory
from extproc.app.channel import Orders, Report, line
from extproc.app.processor import Processor
from extproc.model.errors import ExtprocError, InputError
from extproc.telemetry import merged

_HEARTBEAT_SECONDS = 1.0
_STDIN = 0


def take_orders() -> tuple[Orders, socket.socket]:
    """Read what the supervisor wants from standard input, a socket.

    Raises InputError when there is no supervisor.
    """
    try:
        channel = socket.socket(fileno=_STDIN)
    except OSError:
        raise InputError("a worker is started by `extproc serve`; start that") from None
    with channel.makefile("rb") as lines:
        return Orders.model_validate_json(lines.readline()), channel


async def work(number: int, orders: Orders, channel: socket.socket) -> int:
    """Be worker `number` until the supervisor closes the channel or SIGTERM comes, then drain.

    Returns the exit code. Why it could not start is told to the supervisor, which says it once for
    all workers.
    """
    memory.limit_arenas()
    supervisor = os.getppid()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    merged.write_to(orders.metrics, number)
    try:
        processor = Processor(orders.settings, admin=False)
        await processor.start()
    except ExtprocError as error:
        code = 1 if isinstance(error, InputError) else 3
        writer.write(line(Report(failure=str(error), exit_code=code)))
        await writer.drain()
        writer.close()
        return code
    memory.settle()
    reports = asyncio.create_task(_report(processor, writer))
    told = {asyncio.create_task(_ended(reader)), asyncio.create_task(stopping.wait())}
    _, waiting = await asyncio.wait(told, return_when=asyncio.FIRST_COMPLETED)
    await processor.stop()
    for task in (reports, *waiting):
        task.cancel()
    if os.getppid() != supervisor:  # it died, so the folder is left to us
        merged.remove(orders.metrics, number)
    return 0


async def _ended(reader: asyncio.StreamReader) -> None:
    """Return when the supervisor has closed its side, or is gone."""
    with contextlib.suppress(ConnectionError):
        await reader.read()


async def _report(processor: Processor, writer: asyncio.StreamWriter) -> None:
    """Give signs of life, also while draining."""
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(line(Report(checks=processor.checks())))
            await writer.drain()
            await asyncio.sleep(_HEARTBEAT_SECONDS)
