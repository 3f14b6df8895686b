"""`extproc run`: Envoy, the processor and, unless an upstream is named, the simulator."""

import asyncio
import contextlib
import signal
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from extproc.app.envoy import Envoy, can_full_duplex, find_envoy
from extproc.app.envoy_config import render
from extproc.app.processor import Processor
from extproc.app.settings import Settings, load_settings
from extproc.app.supervisor import Supervisor
from extproc.httpd import HttpServer
from extproc.model.errors import InputError, SetupError
from extproc.simulator.app import create_app

TEMPLATE = Path(__file__).with_name("gateway.yaml")
_DEBIAN_CA = Path("/etc/ssl/certs/ca-certificates.crt")
_STOP_SECONDS = 1.0
_DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose. `port` None takes 10000 or, where that is taken, a free one.

    `workers` None takes what the settings say, `envoy` None the one that is installed.
    """

    upstream: str | None = None
    policy: Path | None = None
    port: int | None = None
    workers: int | None = None
    envoy: Path | None = None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where things listen once they run."""

    gateway: str
    admin: str
    envoy_admin: str
    upstream: str
    simulated: bool
    directory: Path


Progress = Callable[[str], None]


@asynccontextmanager
async def gateway(options: Options, progress: Progress) -> AsyncIterator[tuple[Endpoints, Envoy]]:
    """Start everything in order, tell `progress` of each step, and stop it all on exit."""
    binary = find_envoy(options.envoy)
    port = _choose_port(options.port)
    admin_port = _free_port()
    async with contextlib.AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="extproc-")))
        upstream = options.upstream
        if upstream is None:
            progress("starting the provider simulator")
            simulator = HttpServer(create_app(), "127.0.0.1", 0)
            await simulator.start()
            stack.push_async_callback(simulator.stop, _STOP_SECONDS)
            upstream = f"http://127.0.0.1:{simulator.port}"
        progress("starting the policy processor")
        settings = load_settings(
            listen=f"unix:{directory}/extproc.sock",
            admin_listen="127.0.0.1:0",
            policy=options.policy,
            stream_mode="full_duplex" if await can_full_duplex(binary) else "streamed",
            drain_seconds=_DRAIN_SECONDS,
            **({} if options.workers is None else {"workers": options.workers}),
        )
        several = settings.workers > 1
        processor = Supervisor(settings, console=True) if several else Processor(settings)
        await processor.start()
        stack.push_async_callback(processor.stop)
        progress("starting Envoy")
        envoy = Envoy(
            binary,
            _config(port, admin_port, settings, upstream),
            directory,
            admin_port,
        )
        await envoy.start()
        stack.push_async_callback(envoy.stop)
        yield (
            Endpoints(
                gateway=f"http://127.0.0.1:{port}",
                admin=f"http://127.0.0.1:{processor.admin_port}",
                envoy_admin=f"http://127.0.0.1:{admin_port}",
                upstream=upstream,
                simulated=options.upstream is None,
                directory=directory,
            ),
            envoy,
        )


async def run(options: Options, progress: Progress, announce: Callable[[Endpoints], None]) -> None:
    """Run until SIGINT or SIGTERM. Raises SetupError when Envoy ends by itself."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with gateway(options, progress) as (endpoints, envoy):
        announce(endpoints)
        stopped = asyncio.create_task(stopping.wait())
        ended = asyncio.create_task(envoy.wait())
        await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        crashed = ended.done()
        for task in (stopped, ended):
            task.cancel()
        if crashed:
            raise SetupError("Envoy ended by itself; start again")
        progress("stopping")


def _config(port: int, admin_port: int, settings: Settings, upstream: str) -> str:
    try:
        return render(
            TEMPLATE.read_text(),
            port=port,
            admin_port=admin_port,
            processor=settings.listen,
            workers=settings.workers,
            upstream=upstream,
            trusted_ca=_trusted_ca(),
        )
    except ValueError as error:
        raise InputError(str(error)) from error


def _trusted_ca() -> str | None:
    """Where this system keeps its CAs, if not where Debian does."""
    if _DEBIAN_CA.exists():
        return None
    return ssl.get_default_verify_paths().cafile


def _choose_port(wanted: int | None) -> int:
    if wanted is not None:
        if not _is_free(wanted):
            raise SetupError(f"port {wanted} is taken; choose another with --port")
        return wanted
    return 10000 if _is_free(10000) else _free_port()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
