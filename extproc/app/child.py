"""A worker process as its supervisor sees it."""

import asyncio
import contextlib
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from enum import StrEnum

from pydantic import ValidationError

from extproc.app.channel import DRAIN, Orders, Report, line
from extproc.model.errors import ExtprocError, InputError, SetupError

_TICK_SECONDS = 1.0
_TICKS_TO_START = 60
_TICKS_OF_SILENCE = 10  # work in another thread may keep the interpreter for two seconds
_LONGEST_LINE = 1 << 20


class End(StrEnum):
    """How a worker ended."""

    DRAINED = "drained"
    DIED = "died"
    HUNG = "hung"


class Child:
    """One worker process, from its start to its end.

    `report` is the newest; `serving` is called at the first. `lived` counts the seconds since.
    """

    def __init__(self, arguments: Sequence[str], serving: Callable[[], None]) -> None:
        self._arguments = arguments
        self._serving = serving
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.told_to_leave = False
        self._silent = 0
        self.report: Report | None = None
        self.lived = 0
        self.ended = asyncio.Event()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def exit_code(self) -> int | None:
        """Negative: the number of the signal that ended it."""
        return self._process.returncode if self._process is not None else None

    @property
    def served(self) -> bool:
        return self.report is not None and not self.report.failure

    async def run(self, orders: Orders) -> End:
        """Start this program again with these orders, and return when it has ended.

        It is killed when it gives no sign of life. Time is counted in turns of our own loop, so
        that a machine that was suspended does not make workers look hung.
        """
        try:
            process, reader, writer = await self._start()
        except OSError as error:  # no memory, no process number, no descriptor
            self.report = Report(failure=f"cannot start a worker: {error}", exit_code=3)
            self.ended.set()
            return End.DIED
        self._process, self._writer = process, writer
        writer.write(line(orders))
        if self.told_to_leave:
            writer.write(DRAIN)
        listening = asyncio.create_task(self._listen(reader))
        ending = asyncio.create_task(process.wait())
        hung = False
        while not ending.done():
            await asyncio.wait({ending}, timeout=_TICK_SECONDS)
            self._silent += 1
            self.lived += self.report is not None
            if self._silent > (_TICKS_OF_SILENCE if self.report else _TICKS_TO_START):
                hung = True
                self.kill()
        await listening
        writer.close()
        self.ended.set()
        if hung:
            return End.HUNG
        return End.DRAINED if process.returncode == 0 else End.DIED

    def drain(self) -> None:
        """Let it finish what is open, and end."""
        self.told_to_leave = True
        if self._writer is not None and not self.ended.is_set():
            self._writer.write(DRAIN)

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def problem(self) -> ExtprocError:
        """Why it never served."""
        if self.report is None:
            return SetupError(f"a worker ended with {self.exit_code}; its output says why")
        error = InputError if self.report.exit_code == 1 else SetupError
        return error(self.report.failure)

    async def _start(self) -> tuple[Process, asyncio.StreamReader, asyncio.StreamWriter]:
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undo:
            undo.enter_context(ours)
            process = await asyncio.create_subprocess_exec(
                # -P: what lies in the current folder is no part of the program.
                *(sys.executable, "-P", "-m", "extproc", *self._arguments),
                stdin=theirs.fileno(),
                start_new_session=True,  # Ctrl-C is for the supervisor alone
            )
            undo.pop_all()
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_LONGEST_LINE)
        return process, reader, writer

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Keep the newest report. What is no report is no sign of life either."""
        with contextlib.suppress(ConnectionError, ValueError, ValidationError):
            while data := await reader.readline():
                first, self.report = self.report is None, Report.model_validate_json(data)
                self._silent = 0
                if first and self.served:
                    self._serving()
