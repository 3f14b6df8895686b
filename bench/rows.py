"""The measurements: each yields rows, plain dictionaries as they stand in results/latest.json."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bench import machine
from bench.apis import APIS
from bench.load import Streamed, Whole, check_filter, listen, post
from bench.payloads import prose, request_body
from bench.processes import Processor, Stack, Upstream, cache_in

Row = dict[str, object]
Say = Callable[[str], None]

PROMPT = request_body(prose(2048))
CONNECTIONS = (1, 16, 64)
STREAMS = ((1, 20, 50), (100, 300, 50), (1000, 200, 20))  # open, events of each, events a second
API_EVENTS = 200
GROWTH_KIB = (1, 32, 1024, 8192)
MANY_REQUESTS = 100_000


def pids(stack: Stack, upstream: Upstream) -> dict[str, int]:
    """The processes whose CPU time is taken."""
    found = {"envoy": stack.gateway.pid, "upstream": upstream.pid}
    return found | ({"processor": stack.processor.pid} if stack.processor else {})


def requests(
    stacks: Sequence[Stack], upstream: Upstream, rounds: int, seconds: float, say: Say
) -> Iterator[Row]:
    """Requests in `rounds`, all stacks in each, so that a slow minute of the machine hits all."""
    for stack in stacks:
        if stack.processor is not None and stack.policy == "default":
            check_filter(stack.gateway.chat_url, upstream)
    runs: dict[tuple[str, int], list[Whole]] = {}
    for number in range(rounds):
        for stack in stacks:
            for connections in CONNECTIONS:
                say(f"round {number + 1}: {stack.label}, {connections} connections")
                url = stack.gateway.chat_url
                if number == 0 and connections == 1:
                    post(url, PROMPT, 16, 1, {})
                run = post(url, PROMPT, connections, seconds, pids(stack, upstream))
                runs.setdefault((stack.label, connections), []).append(run)
    for stack in stacks:
        for connections in CONNECTIONS:
            yield _request_row(stack, connections, runs[stack.label, connections])


def _request_row(stack: Stack, connections: int, runs: Sequence[Whole]) -> Row:
    return {
        "kind": "request",
        "name": stack.name,
        "policy": stack.policy,
        "connections": connections,
        **whole(runs),
        "rss_mib": stack.processor and round(machine.resident_mib(stack.processor.pid), 1),
    }


def whole(runs: Sequence[Whole]) -> Row:
    """The fields of a request row; medians over the rounds."""

    def cpu(name: str) -> float | None:
        return _median((run.cpu_us[name] for run in runs), 1) if name in runs[0].cpu_us else None

    return {
        "processor_us_per_request": cpu("processor"),
        "envoy_us_per_request": cpu("envoy"),
        "requests_per_second": _median((run.requests_per_second for run in runs), 0),
        "p50_ms": _median((run.p50_ms for run in runs), 3),
        "p99_ms": _median((run.p99_ms for run in runs), 3),
        "upstream_us_per_request": cpu("upstream"),
        "requests": sum(run.requests for run in runs),
    }


def memory(stack: Stack, say: Say) -> Iterator[Row]:
    """Resident memory after 100,000 requests, whatever was served before."""
    assert stack.processor is not None
    served = 0
    while served < MANY_REQUESTS:
        say(f"memory: {stack.label}, {served} of {MANY_REQUESTS} requests")
        served += post(stack.gateway.chat_url, PROMPT, 16, 5, {}).requests
    rss = round(machine.resident_mib(stack.processor.pid), 1)
    yield {
        "kind": "memory",
        "name": stack.name,
        "policy": stack.policy,
        "requests": served,
        "rss_mib": rss,
    }


def streams(
    stacks: Sequence[Stack], upstream: Upstream, plans: Sequence[tuple[int, int, int]], say: Say
) -> Iterator[Row]:
    """Event streams. The first stack is Envoy alone; what is added is the difference to it."""
    for opened, events, rate in plans:
        alone: Streamed | None = None
        for stack in stacks:
            say(f"streams: {stack.label}, {opened} open at {rate} events/s")
            repeats = 20 if opened == 1 else 1
            run = listen(stack, upstream, opened=opened, repeats=repeats, events=events, rate=rate)
            alone = alone or run
            yield {
                "kind": "stream",
                "name": stack.name,
                "policy": stack.policy,
                "streams": opened,
                "events_per_second": rate,
                "processor_us_per_event": _rounded(run.cpu_us.get("processor"), 1),
                "envoy_us_per_event": _rounded(run.cpu_us["envoy"], 1),
                "added_first_token_ms": _added(run.first_token_ms, alone.first_token_ms),
                "added_first_text_ms": _added(run.first_text_ms, alone.first_text_ms),
                "added_event_p99_ms": _added(run.event_p99_ms, alone.event_p99_ms),
                "event_p50_ms": _rounded(run.event_p50_ms, 3),
                "event_p99_ms": _rounded(run.event_p99_ms, 3),
                "worst_stream_p99_ms": _rounded(run.worst_stream_p99_ms, 3),
                "rss_mib": _rounded(run.rss_mib or None, 1),
                "broken": run.broken,
            }


def apis(stack: Stack, upstream: Upstream, events: int, say: Say) -> Iterator[Row]:
    """A streamed event of each API, with 100 streams open at 50 events a second."""
    for api in APIS:
        say(f"APIs: {stack.label}, {api}")
        run = listen(stack, upstream, opened=100, repeats=1, events=events, rate=50, api=api)
        yield {
            "kind": "api",
            "name": stack.name,
            "policy": stack.policy,
            "api": api,
            "processor_us_per_event": _rounded(run.cpu_us.get("processor"), 1),
            "envoy_us_per_event": _rounded(run.cpu_us["envoy"], 1),
            "event_p99_ms": _rounded(run.event_p99_ms, 3),
            "broken": run.broken,
        }


def growth(stack: Stack, upstream: Upstream, seconds: float, say: Say) -> Iterator[Row]:
    """CPU of one request by the size of its prompt."""
    for kib in GROWTH_KIB:
        say(f"growth: {stack.label}, prompt of {kib} KiB")
        body = request_body(prose(kib << 10))
        run = post(stack.gateway.chat_url, body, 1, seconds, pids(stack, upstream))
        yield {
            "kind": "growth",
            "name": stack.name,
            "policy": stack.policy,
            "prompt_kib": kib,
            **whole([run]),
        }


def start(name: str, settings: Mapping[str, str], rounds: int, say: Say) -> Iterator[Row]:
    """Seconds from `extproc serve` to ready, without and with compiled patterns in the cache."""
    taken: dict[str, list[float]] = {"cold": [], "warm": []}
    for number in range(rounds):
        say(f"start: {name}, round {number + 1}")
        with tempfile.TemporaryDirectory(prefix="b-") as folder:
            cached = {**settings, **cache_in(Path(folder))}
            for seconds in taken.values():
                begin = time.perf_counter()
                processor = Processor(Path(folder), cached)
                try:
                    processor.wait_ready()
                    seconds.append(time.perf_counter() - begin)
                finally:
                    processor.stop()
    for cache, all_rounds in taken.items():
        yield {
            "kind": "start",
            "name": name,
            "policy": "default",
            "cache": cache,
            "start_s": _median(all_rounds, 3),
        }


def _median(values: Iterable[float], digits: int) -> float:
    return round(statistics.median(values), digits)


def _added(value: float | None, alone: float | None) -> float | None:
    return None if value is None or alone is None else round(value - alone, 3)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
