"""One of several processors, in a process that a supervisor has started."""

import asyncio
import contextlib
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
    with channel.makefile("rb", buffering=0) as lines:  # what follows is read later
        orders = lines.readline()
    if not orders:
        raise InputError("the supervisor ended before it gave orders; start it again")
    return Orders.model_validate_json(orders), channel


async def work(number: int, orders: Orders, channel: socket.socket) -> int:
    """Be worker `number` until the supervisor says so, or is gone, or SIGTERM comes; then drain.

    Returns the exit code. Why it could not start is told to the supervisor, which says it once for
    all workers.
    """
    memory.limit_arenas()
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
    told = asyncio.create_task(_last_word(reader))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({told, stopped}, return_when=asyncio.FIRST_COMPLETED)
    await processor.stop()
    if told.done() and not told.result():  # the supervisor died and left the folder to us
        merged.remove(orders.metrics, number)
    for task in (reports, told, stopped):
        task.cancel()
    return 0


async def _last_word(reader: asyncio.StreamReader) -> bytes:
    """What the supervisor says when this is to end; nothing when it is gone."""
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


async def _report(processor: Processor, writer: asyncio.StreamWriter) -> None:
    """Give signs of life, also while draining."""
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(line(Report(checks=processor.checks())))
            await writer.drain()
            await asyncio.sleep(_HEARTBEAT_SECONDS)
