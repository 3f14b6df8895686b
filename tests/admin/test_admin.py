"""Health and metrics over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from extproc.admin.app import Check, create_app
from extproc.httpd import HttpServer
from extproc.telemetry.telemetry import Telemetry

GOOD = [Check("self_test", True, "us_ssn was caught: redact")]
BAD = [*GOOD, Check("serving", False, "draining")]


def serving(
    use: Callable[[httpx.AsyncClient, Telemetry], Awaitable[None]],
    checks: Callable[[], list[Check]] = lambda: GOOD,
) -> None:
    async def main() -> None:
        telemetry = Telemetry()
        server = HttpServer(create_app(telemetry.registry, checks), "127.0.0.1", 0)
        await server.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
            await use(client, telemetry)
        await server.stop(1)

    asyncio.run(main())


def test_a_process_that_answers_is_live() -> None:
    async def use(client: httpx.AsyncClient, _: Telemetry) -> None:
        answer = await client.get("/health/live")
        assert (answer.status_code, answer.json()) == (200, {"status": "live"})

    serving(use)


def test_live_does_not_ask_for_readiness() -> None:
    async def use(client: httpx.AsyncClient, _: Telemetry) -> None:
        assert (await client.get("/health/live")).status_code == 200

    serving(use, lambda: pytest.fail("not asked"))


def test_ready_says_what_was_checked() -> None:
    async def use(client: httpx.AsyncClient, _: Telemetry) -> None:
        answer = await client.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json() == {
            "status": "ready",
            "checks": [
                {"name": "self_test", "passed": True, "detail": "us_ssn was caught: redact"}
            ],
        }

    serving(use)


def test_one_failed_check_is_not_ready() -> None:
    async def use(client: httpx.AsyncClient, _: Telemetry) -> None:
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")

    serving(use, lambda: BAD)


def test_each_probe_checks_anew_and_is_a_metric() -> None:
    results = iter([GOOD, BAD, GOOD])

    async def use(client: httpx.AsyncClient, _: Telemetry) -> None:
        for status, gauge in ((200, 1), (503, 0), (200, 1)):
            assert (await client.get("/health/ready")).status_code == status
            assert f"extproc_ready {gauge}.0" in (await client.get("/metrics")).text

    serving(use, lambda: next(results))


def test_metrics_are_those_of_the_processor() -> None:
    async def use(client: httpx.AsyncClient, telemetry: Telemetry) -> None:
        telemetry.reload("loaded")
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert 'extproc_policy_reloads_total{result="loaded"} 1.0' in answer.text
        assert "# TYPE extproc_stream_holdback_seconds histogram" in answer.text

    serving(use)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/metrics/x", 404),
        ("POST", "/metrics", 405),
        ("GET", "/docs", 404),
    ],
)
def test_there_is_nothing_else(method: str, path: str, status: int) -> None:
    async def use(client: httpx.AsyncClient, _: Telemetry) -> None:
        assert (await client.request(method, path)).status_code == status

    serving(use)
