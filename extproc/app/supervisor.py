"""Several workers as one program: started, watched, replaced, measured and drained together.

It imports nothing that judges, so that it stays small.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path

from prometheus_client import Counter, Gauge
from pydantic import SecretStr

from extproc import __version__
from extproc.admin.app import Check
from extproc.app.addresses import worker_addresses
from extproc.app.admin import Admin
from extproc.app.channel import Orders
from extproc.app.child import Child, End
from extproc.app.readiness import serving, together
from extproc.app.settings import Settings
from extproc.model.errors import ExtprocError, SetupError
from extproc.telemetry import merged

_STABLE_SECONDS = 60  # a worker that lived for so long does not keep dying
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_DOUBLINGS = 6  # more than it takes from the first to the longest
_SETTLE_SECONDS = 2.0  # until Envoy's health check, once a second, has found a new worker
_KILL_AFTER_SECONDS = 5.0  # beyond the time that a worker has to drain

_log = logging.getLogger(__name__)


class Supervisor:
    """Runs `settings.workers` processes. `console` lets them write for people, not JSON."""

    def __init__(self, settings: Settings, *, console: bool = False) -> None:
        if settings.redaction_key is None and settings.redaction_key_file is None:
            # One for all, and for those that take their places: hashes can be compared.
            key = SecretStr(secrets.token_hex(32))
            settings = settings.model_copy(update={"redaction_key": key})
        self._settings = settings
        self._options = ["--console"] if console else []
        self._addresses = worker_addresses(settings.listen, settings.workers)
        self._folder = _metrics_folder()
        registry = merged.read_from(self._folder)
        self._restarts = Counter(
            "extproc_worker_restarts",
            "Workers that were replaced: drained when told to, died, or hung and were killed",
            ("reason",),
            registry=registry,
        )
        for reason in End:
            self._restarts.labels(reason)
        running = Gauge("extproc_workers_serving", "Workers that take exchanges", registry=registry)
        running.set_function(lambda: len(serving(self._reports())))
        self._admin = Admin(settings, registry, self.checks)
        self._children: dict[int, Child] = {}
        self._up = [asyncio.Event() for _ in self._addresses]
        self._keepers: list[asyncio.Task[None]] = []
        self._rolling: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def admin_port(self) -> int:
        return self._admin.port

    def checks(self) -> list[Check]:
        """The conditions of readiness; what workers say of themselves is a second old at most."""
        draining = self._stopping.is_set()
        return together(self._reports(), self._settings.workers, draining=draining)

    async def start(self) -> None:
        """Return when all workers serve. Raises what the first one failed by."""
        try:
            await self._admin.start()
            workers = range(len(self._addresses))
            self._keepers = [asyncio.create_task(self._keep(worker)) for worker in workers]
            up = asyncio.create_task(self._all_up())
            await asyncio.wait({up, *self._keepers}, return_when=asyncio.FIRST_COMPLETED)
            if not up.done():
                up.cancel()
                await asyncio.gather(*(keeper for keeper in self._keepers if keeper.done()))
        except ExtprocError:
            await self._end()
            raise
        fields = {
            "listen": self._addresses,
            "admin_port": self.admin_port,
            "workers": self._settings.workers,
            "version": __version__,
        }
        _log.info("serving", extra=fields)

    def restart(self) -> None:
        """Replace the workers one after the other, each when Envoy uses the one before again."""
        if self._rolling is None or self._rolling.done():
            self._rolling = asyncio.create_task(self._roll())

    async def stop(self) -> None:
        """Drain all workers at once; kill those that take longer than they may."""
        _log.info("draining", extra={"seconds": self._settings.drain_seconds})
        await self._end()
        _log.info("stopped")

    async def _end(self) -> None:
        self._stopping.set()
        if self._rolling is not None:
            self._rolling.cancel()
        for child in self._children.values():
            child.drain()
        if self._keepers:
            allowed = self._settings.drain_seconds + _KILL_AFTER_SECONDS
            await asyncio.wait(self._keepers, timeout=allowed)
            for child in self._children.values():
                child.kill()
            await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._admin.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _all_up(self) -> None:
        for up in self._up:
            await up.wait()

    async def _roll(self) -> None:
        _log.info("replacing the workers one by one")
        for worker, up in enumerate(self._up):
            if worker > 0:
                await asyncio.sleep(_SETTLE_SECONDS)
            if child := self._children.get(worker):
                child.drain()
                await child.ended.wait()
            await up.wait()
        _log.info("all workers replaced")

    async def _keep(self, worker: int) -> None:
        """Have this worker running until we stop. Raises what its first process failed by."""
        orders = self.orders(worker)
        served, failures = False, 0
        while True:
            child = Child(["worker", str(worker), *self._options], self._up[worker].set)
            self._children[worker] = child
            end = await child.run(orders)
            del self._children[worker]
            self._up[worker].clear()
            merged.worker_ended(self._folder, worker)
            if self._stopping.is_set():
                return
            served = served or child.served
            if not served:
                raise child.problem()
            told = child.told_to_leave
            failures = 0 if told or child.lived > _STABLE_SECONDS else failures + 1
            pause = _pause(failures)
            self._restarts.labels(end).inc()
            fields = {"worker": worker, "reason": end, "exit_code": child.exit_code}
            if not child.served:
                fields["problem"] = str(child.problem())
            _log.log(
                logging.INFO if end is End.DRAINED else logging.ERROR,
                "worker ended and is replaced",
                extra={**fields, "pid": child.pid, "pause_seconds": pause},
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
                return

    def orders(self, worker: int) -> Orders:
        """What this worker is told, each time."""
        listen = self._addresses[worker]
        return Orders.of(self._settings.model_copy(update={"listen": listen}), self._folder)

    def _reports(self) -> dict[int, list[Check]]:
        return {
            worker: child.report.checks
            for worker, child in sorted(self._children.items())
            if child.report is not None
        }


async def supervise(settings: Settings) -> None:
    """Run workers until SIGTERM or SIGINT, then drain them. SIGHUP replaces them one by one."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    supervisor = Supervisor(settings)
    await supervisor.start()
    loop.add_signal_handler(signal.SIGHUP, supervisor.restart)
    await stopping.wait()
    await supervisor.stop()


def _pause(failures: int) -> float:
    """Seconds until a worker is replaced: none at first, more when it keeps dying."""
    if failures < 2:
        return 0.0
    doublings = min(failures - 2, _DOUBLINGS)
    return min(_FIRST_PAUSE_SECONDS * 2.0**doublings, _LONGEST_PAUSE_SECONDS)


def _metrics_folder() -> Path:
    try:
        prefix = f"extproc-metrics-{os.getpid()}-"
        return Path(tempfile.mkdtemp(prefix=prefix, dir=merged.parent_folder()))
    except OSError as error:
        message = f"no folder for the metrics of workers: {error.strerror}; set TMPDIR to one"
        raise SetupError(message) from error
