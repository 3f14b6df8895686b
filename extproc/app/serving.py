"""`extproc serve`: the processor alone, as a container runs it."""

import asyncio

import uvloop

from extproc.app.settings import load_settings
from extproc.telemetry.logs import configure


def serve() -> None:
    """Run until SIGTERM. Raises InputError for wrong settings, SetupError for what is missing."""
    settings = load_settings()
    configure(settings.log_level)
    if settings.workers > 1:
        from extproc.app.supervisor import supervise

        asyncio.run(supervise(settings))
        return
    from extproc.app.processor import serve as serve_processor

    uvloop.run(serve_processor(settings))
