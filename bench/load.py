"""Load, and what it cost: wrk for whole answers, our own listener for streams."""

import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import httpx

from bench import machine
from bench.payloads import CANARY, SECRET, request_body
from bench.processes import ROOT, Stack, Upstream
from bench.timeline import FIRST_TEXT, REQUESTED, SENT, arrived_at

KEY = f"sk-{secrets.token_hex(32)}"
"""What every request shows as its API key. LiteLLM serves nobody without one."""

_LISTENER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Whole:
    """One run of wrk; CPU times are per request."""

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: dict[str, float]


def post(url: str, body: bytes, connections: int, seconds: float, pids: dict[str, int]) -> Whole:
    """Post `body` as fast as answers come. Raises RuntimeError if one answer was not a success."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = ["wrk", f"-c{connections}", "-t1", f"-d{round(seconds)}s", "--timeout", "60s"]
        command += ["-s", str(ROOT / "bench" / "chat.lua"), url, "--", file.name, KEY]
        before = {name: machine.cpu_seconds(pid) for name, pid in pids.items()}
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        after = {name: machine.cpu_seconds(pid) for name, pid in pids.items()}
    result = json.loads(done.stdout.splitlines()[-1])
    if result["failed"] or not result["requests"]:
        raise RuntimeError(f"{result['failed']} of {result['requests']} requests to {url} failed")
    return Whole(
        requests=result["requests"],
        requests_per_second=result["requests"] / result["seconds"],
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
        cpu_us={name: (after[name] - before[name]) * 1e6 / result["requests"] for name in pids},
    )


@dataclass(frozen=True, slots=True)
class Streamed:
    """One run of the listener; CPU times are per event, and `rss_mib` with all streams open."""

    broken: int
    first_token_ms: float
    first_text_ms: float
    event_p50_ms: float
    event_p99_ms: float
    worst_stream_p99_ms: float
    cpu_us: dict[str, float]
    rss_mib: float


def listen(
    stack: Stack, upstream: Upstream, *, opened: int, repeats: int, events: int, rate: int
) -> Streamed:
    """Keep `opened` streams open, `repeats` times `events` on each, `rate` a second."""
    streams = opened * repeats
    upstream.timeline.clear(streams, events)
    pids = {"envoy": stack.gateway.pid, "upstream": upstream.pid}
    if stack.processor is not None:
        pids["processor"] = stack.processor.pid
    arguments = [stack.gateway.port, upstream.timeline_file, opened, repeats, events, rate]
    before = {name: machine.cpu_seconds(pid) for name, pid in pids.items()}
    listener = subprocess.Popen(
        [sys.executable, "-m", "bench.listener", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    rss, deadline = 0.0, time.monotonic() + _LISTENER_SECONDS
    cpu: dict[str, float] = {}
    while listener.poll() is None:
        if stack.processor is not None:
            rss = max(rss, machine.resident_mib(stack.processor.pid))
        if time.monotonic() > deadline:
            listener.kill()
        time.sleep(0.2)
    cpu = {name: machine.cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    output = listener.communicate()[0]
    complete = int(output) if listener.returncode == 0 else 0
    times = _delays(upstream, streams, events)
    return Streamed(
        broken=streams - complete,
        **times,
        cpu_us={name: seconds * 1e6 / (streams * events) for name, seconds in cpu.items()},
        rss_mib=rss,
    )


def _delays(upstream: Upstream, streams: int, events: int) -> dict[str, float]:
    """Milliseconds, of what arrived. The first two events leave with the head: they are apart."""
    first: list[float] = []
    text: list[float] = []
    delays: list[float] = []
    worst = 0.0
    for index in range(streams):
        cells = upstream.timeline.stream(index, events)
        arrived = arrived_at(events)
        if cells[arrived + 1]:
            first.append(cells[arrived + 1] - cells[REQUESTED])
        if cells[FIRST_TEXT]:
            text.append(cells[FIRST_TEXT] - cells[REQUESTED])
        late = [
            cells[arrived + event] - cells[SENT + event]
            for event in range(2, events)
            if cells[arrived + event]
        ]
        if late:
            worst = max(worst, percentile(late, 99))
            delays += late
    return {
        "first_token_ms": statistics.median(first) * 1e3,
        "first_text_ms": statistics.median(text) * 1e3,
        "event_p50_ms": percentile(delays, 50) * 1e3,
        "event_p99_ms": percentile(delays, 99) * 1e3,
        "worst_stream_p99_ms": worst * 1e3,
    }


def percentile(values: list[float], rank: int) -> float:
    """The nearest-rank percentile."""
    return sorted(values)[min(len(values) - 1, len(values) * rank // 100)]


def check_filter(url: str, upstream: Upstream) -> None:
    """Raise RuntimeError unless a canary is kept from the provider and from the caller."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    body = request_body(f"My SSN is {SECRET}, please keep it. {CANARY}")
    answer = httpx.post(url, content=body, headers=headers, trust_env=False, timeout=60)
    seen = httpx.get(f"{upstream.url}/last", trust_env=False).text
    if CANARY not in seen or SECRET in seen:
        raise RuntimeError(f"{url} must pass the canary to the provider with its number redacted")
    if answer.status_code != 200 or CANARY not in answer.text or SECRET in answer.text:
        raise RuntimeError(
            f"{url} answered {answer.status_code}; the canary must come back, its number redacted"
        )
