"""The processor put together: transport, admin HTTP, policy, signals."""

import asyncio
import contextlib
import logging
import secrets
import signal
import uuid
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from extproc import __version__
from extproc.admin.app import Check
from extproc.app import memory
from extproc.app.admin import Admin
from extproc.app.cache import Cache, default_directory
from extproc.app.lanes import Lanes
from extproc.app.policies import PolicyInForce
from extproc.app.selftest import self_test
from extproc.app.settings import Settings
from extproc.detectors.compiler import Compiler
from extproc.exchange.events import BodyMode
from extproc.exchange.state import Limits
from extproc.model.errors import InputError
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.listen import is_exposed
from extproc.transport.session import Service

if TYPE_CHECKING:
    from extproc.transport.grpcio import GrpcServer
    from extproc.transport.native.server import NativeServer
    from extproc.transport.native.tls import Tls

_log = logging.getLogger(__name__)


class Processor:
    """Everything that one process of `extproc serve` runs.

    Without `admin` it has no admin HTTP: a worker tells its supervisor. Raises InputError for
    settings that cannot work.
    """

    def __init__(self, settings: Settings, *, admin: bool = True) -> None:
        self._settings = settings
        self._telemetry = Telemetry()
        self._policy = PolicyInForce(
            settings.policy,
            Redactor(_key(settings)),
            self._telemetry,
            _compiler(settings),
            settings.environment,
        )
        self._executor = Lanes(self._telemetry)
        self._draining = False
        service = Service(
            guardrail=lambda: self._policy.guardrail,
            limits=_limits(settings),
            telemetry=self._telemetry,
            new_request_id=lambda: str(uuid.uuid4()),
            max_streams=settings.max_streams,
            background=self._executor,
        )
        self._server = _server(settings, service, self._executor)
        self._admin = Admin(settings, self._telemetry.registry, self.checks) if admin else None
        self._follower: asyncio.Task[None] | None = None

    @property
    def admin_port(self) -> int | None:
        return self._admin.port if self._admin is not None else None

    @property
    def port(self) -> int:
        """TCP port of the ext_proc server; 0 or 1 on a unix socket."""
        return self._server.port

    def checks(self) -> list[Check]:
        """The conditions of readiness."""
        tested = self_test(self._policy.guardrail.fast)
        error = self._policy.last_error
        name = self._policy.guardrail.policy.name
        problem = self._telemetry.contract_problem
        return [
            tested,
            Check("policy", True, f"refused edit, {name} stays: {error}" if error else name),
            Check("filter_contract", not problem, problem or "no mistake seen"),
            Check("serving", not self._draining, "draining" if self._draining else "serving"),
        ]

    async def start(self) -> None:
        """Serve. Raises SetupError when an address cannot be taken."""
        if self._admin is not None:
            await self._admin.start()
        _warn_if_exposed(self._settings)
        await self._server.start(self._settings.listen)
        self._follower = asyncio.create_task(
            self._policy.follow(self._settings.policy_poll_seconds)
        )
        fields = {
            "listen": self._settings.listen,
            "admin_port": self.admin_port,
            "policy": self._policy.guardrail.policy.name,
            "version": __version__,
        }
        _log.info("serving", extra=fields)

    async def stop(self) -> None:
        """Drain: not ready at once, open exchanges finish up to the deadline."""
        self._draining = True
        self._telemetry.flush()
        _log.info("draining", extra={"seconds": self._settings.drain_seconds})
        if self._follower is not None:
            self._follower.cancel()
        await self._server.stop(self._settings.drain_seconds)
        if self._admin is not None:
            await self._admin.stop()
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._telemetry.flush()
        _log.info("stopped")


async def serve(settings: Settings) -> None:
    """Run a processor until SIGTERM or SIGINT, then drain it."""
    memory.limit_arenas()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    processor = Processor(settings)
    await processor.start()
    memory.settle()
    with contextlib.suppress(asyncio.CancelledError):
        await stopping.wait()
    await processor.stop()


def _compiler(settings: Settings) -> Compiler:
    directory = settings.cache_dir or default_directory()
    return Compiler(Cache(directory) if directory is not None else None)


def _limits(settings: Settings) -> Limits:
    full_duplex = settings.stream_mode == "full_duplex"
    return Limits(
        max_body=settings.max_body_bytes,
        max_event=settings.max_event_bytes,
        stream_mode=BodyMode.FULL_DUPLEX_STREAMED if full_duplex else BodyMode.STREAMED,
        customer_header=settings.customer_header,
    )


def _server(
    settings: Settings, service: Service, executor: Executor
) -> "NativeServer | GrpcServer":
    """The server of the transport. Imported where it is chosen, since grpcio is heavy."""
    if settings.transport == "native":
        from extproc.transport.native.server import NativeServer

        return NativeServer(service, executor, _tls(settings), settings.peer_uids)
    from extproc.transport.grpcio import GrpcServer

    return GrpcServer(service, executor)


def _warn_if_exposed(settings: Settings) -> None:
    if settings.tls_cert_file is None and is_exposed(settings.listen):
        remedy = "set EXTPROC_TLS_CERT_FILE, or listen on a unix socket or on loopback"
        fields = {"listen": settings.listen, "remedy": remedy}
        _log.warning("content from Envoy arrives in the clear: no TLS", extra=fields)


def _tls(settings: Settings) -> "Tls | None":
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    from extproc.transport.native.tls import Tls, TlsFiles

    files = TlsFiles(
        cert=settings.tls_cert_file,
        key=settings.tls_key_file,
        client_ca=settings.tls_client_ca_file,
        client_sans=settings.tls_client_sans,
    )
    return Tls(files)


def _key(settings: Settings) -> bytes:
    """The redaction key. Without one, hashes cannot be compared across restarts and replicas."""
    if settings.redaction_key_file is not None:
        name, variable = settings.redaction_key_file, "EXTPROC_REDACTION_KEY_FILE"
        try:
            key = name.read_bytes().strip()
        except OSError as error:
            message = f"{variable}: {name}: {error.strerror}; name a readable file"
            raise InputError(message) from error
    elif settings.redaction_key is not None:
        variable = "EXTPROC_REDACTION_KEY"
        key = settings.redaction_key.get_secret_value().strip().encode()
    else:
        return secrets.token_bytes(32)
    if not key:
        raise InputError(f"{variable}: the key is empty; put at least 32 random bytes there")
    return key
