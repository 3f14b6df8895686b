"""The admin HTTP of a process, where the settings want it."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry

from extproc.admin.app import Check, create_app
from extproc.app.settings import Settings
from extproc.httpd import HttpServer
from extproc.model.errors import SetupError

_GRACE_SECONDS = 1.0


class Admin:
    """Health and metrics; start and stop it once each. `port` is the real one after `start`."""

    def __init__(
        self, settings: Settings, registry: CollectorRegistry, checks: Callable[[], list[Check]]
    ) -> None:
        host, _, port = settings.admin_listen.rpartition(":")
        self._server = HttpServer(create_app(registry, checks), host.strip("[]"), int(port))

    @property
    def port(self) -> int:
        return self._server.port

    async def start(self) -> None:
        """Answer. Raises SetupError when the address cannot be taken."""
        try:
            await self._server.start()
        except OSError as error:
            raise SetupError(f"{error}; choose another EXTPROC_ADMIN_LISTEN") from error

    async def stop(self) -> None:
        await self._server.stop(_GRACE_SECONDS)
