"""What a slow service costs those who do not wait for it: latency of other traffic beside it.

    python -m bench.beside            # a table, in about a minute

Every answer of the service takes two seconds. `other` are requests of users, ten connections at a
fixed rate; `delayed` are requests with a tool's result, which a rule has wait for the service.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.payloads import prose
from bench.processes import NO_OP, Gateway, Processor, Upstream
from extproc.httpd import HttpServer

RATE = 100  # requests a second
DELAYED = 8  # at once
SERVICE_SECONDS = 2.0

FAST = {"name": "fast", "detect": ["pii", "pci", "secrets"], "action": "redact"}
USER = {"model": "m", "messages": [{"role": "user", "content": prose(2048)}]}


def delayed_body(number: int) -> dict[str, Any]:
    result = {"role": "tool", "tool_call_id": "1", "content": f"result {number}"}
    return {"model": "m", "messages": [result]}


@contextlib.contextmanager
def slow_service() -> Iterator[str]:
    async def answer(request: Request) -> JSONResponse:
        texts = (await request.json())["texts"]
        await asyncio.sleep(SERVICE_SECONDS)
        return JSONResponse({"results": [{"findings": []}] * len(texts)})

    loop = asyncio.new_event_loop()
    server = HttpServer(Starlette(routes=[Route("/", answer, methods=["POST"])]), "127.0.0.1", 0)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    try:
        yield f"http://127.0.0.1:{server.port}/"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(0), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def policy(url: str, action: str | None) -> dict[str, Any]:
    hook = {"name": "hook", "kind": "webhook", "url": url, "timeoutSeconds": 5, "concurrency": 16}
    asking = {"name": "slow", "detect": ["hook"], "on": ["request"], "action": action}
    if action == "block":
        asking["roles"] = ["tool"]
    spec = {"preset": "none", "rules": [FAST]}
    if action is not None:
        spec = {**spec, "detectors": [hook | {"cacheSeconds": 0}], "rules": [FAST, asking]}
    return NO_OP | {"metadata": {"name": "beside"}, "spec": spec}


async def load(url: str, seconds: float, *, delayed: bool) -> tuple[list[float], int]:
    """Seconds of each request of `other`, and how many of `delayed` were answered."""
    took: list[float] = []
    answered = 0
    ending = time.monotonic() + seconds

    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:

        async def other() -> None:
            started = time.perf_counter()
            (await client.post(url, json=USER)).raise_for_status()
            took.append(time.perf_counter() - started)

        async def waiting(number: int) -> None:
            nonlocal answered
            while time.monotonic() < ending:
                (await client.post(url, json=delayed_body(number))).raise_for_status()
                answered += 1

        others = [asyncio.create_task(waiting(n)) for n in range(DELAYED)] if delayed else []
        pending: set[asyncio.Task[None]] = set()
        while time.monotonic() < ending:
            pending.add(asyncio.create_task(other()))
            await asyncio.sleep(1 / RATE)
        await asyncio.gather(*pending, *others)
    return took, answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    seconds = parser.parse_args().seconds
    print(f"{'slow detector':<34}{'other p50 ms':>14}{'p99 ms':>9}{'delayed':>9}")
    with tempfile.TemporaryDirectory(prefix="b-") as name, slow_service() as url:
        upstream = Upstream(Path(name))
        for label, action in (
            ("none", None),
            ("observes all", "flag"),
            ("delays tool results", "block"),
        ):
            directory = Path(name) / label.replace(" ", "-")
            directory.mkdir()
            file = directory / "policy.json"
            file.write_text(json.dumps(policy(url, action)))
            processor = Processor(directory, {"EXTPROC_POLICY": str(file)})
            processor.wait_ready()
            gateway = Gateway(directory, processor.address, upstream.url)
            try:
                work = load(gateway.chat_url, seconds, delayed=action == "block")
                took, answered = asyncio.run(work)
            finally:
                gateway.stop()
                processor.stop()
            cuts = statistics.quantiles(took, n=100)
            print(f"{label:<34}{cuts[49] * 1e3:>14.2f}{cuts[98] * 1e3:>9.2f}{answered:>9}")
        upstream.stop()


if __name__ == "__main__":
    main()
