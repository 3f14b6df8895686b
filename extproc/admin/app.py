"""`/health/live`, `/health/ready` and `/metrics`."""

from collections.abc import Callable
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Check(NamedTuple):
    """One condition of readiness; `detail` says what is wrong, or what was seen."""

    name: str
    passed: bool
    detail: str


def create_app(registry: CollectorRegistry, checks: Callable[[], list[Check]]) -> Starlette:
    """The admin application. `checks` is asked anew for every readiness probe.

    What it says is in `registry` as `extproc_ready`.
    """
    gauge = Gauge("extproc_ready", "Outcome of the last readiness probe", registry=registry)

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_request: Request) -> Response:
        results = checks()
        is_ready = all(check.passed for check in results)
        gauge.set(is_ready)
        body = {
            "status": "ready" if is_ready else "not_ready",
            "checks": [check._asdict() for check in results],
        }
        return JSONResponse(body, status_code=200 if is_ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/health/live", live),
            Route("/health/ready", ready),
            Route("/metrics", metrics),
        ]
    )
