"""Load, and what it cost: wrk for whole answers, our own listener for streams."""

import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import httpx

from bench import machine
from bench.apis import CHAT
from bench.payloads import CANARY, SECRET, request_body
from bench.processes import ROOT, Stack, Upstream
from bench.timeline import FIRST_TEXT, REQUESTED, SENT, Cells, arrived_at

KEY = f"sk-{secrets.token_hex(32)}"
"""What every request shows as its API key. LiteLLM serves nobody without one."""

_LISTENER_SECONDS = 60.0


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
    """One run of the listener; CPU times are per event, and `rss_mib` with all streams open.

    Times are in milliseconds, None when nothing arrived.
    """

    broken: int
    first_token_ms: float | None
    first_text_ms: float | None
    event_p50_ms: float | None
    event_p99_ms: float | None
    worst_stream_p99_ms: float | None
    cpu_us: dict[str, float]
    rss_mib: float


def listen(
    stack: Stack,
    upstream: Upstream,
    *,
    opened: int,
    repeats: int,
    events: int,
    rate: int,
    api: str = CHAT,
) -> Streamed:
    """Keep `opened` streams open, `repeats` times `events` on each, `rate` a second."""
    streams = opened * repeats
    upstream.timeline.clear(streams, events)
    pids = {"envoy": stack.gateway.pid, "upstream": upstream.pid}
    if stack.processor is not None:
        pids["processor"] = stack.processor.pid
    arguments = [stack.gateway.port, upstream.timeline_file, opened, repeats, events, rate, api]
    before = {name: machine.cpu_seconds(pid) for name, pid in pids.items()}
    listener = subprocess.Popen(
        [sys.executable, "-m", "bench.listener", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    rss, deadline = 0.0, time.monotonic() + _LISTENER_SECONDS
    while listener.poll() is None:
        if stack.processor is not None:
            rss = max(rss, machine.resident_mib(stack.processor.pid))
        if time.monotonic() > deadline:
            listener.kill()
        time.sleep(0.2)
    spent = {name: machine.cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    output = listener.communicate()[0]
    cells = [upstream.timeline.stream(index, events) for index in range(streams)]
    all_open = max(first[REQUESTED] for first in cells[::repeats])
    delays = Delays(cells, events, all_open)
    return Streamed(
        broken=streams - int(output) if listener.returncode == 0 else streams,
        first_token_ms=percentile(delays.first_token, 50),
        first_text_ms=percentile(delays.first_text, 50),
        event_p50_ms=percentile(list(chain(*delays.late)), 50),
        event_p99_ms=percentile(list(chain(*delays.late)), 99),
        worst_stream_p99_ms=max((percentile(one, 99) or 0 for one in delays.late), default=None),
        cpu_us={name: seconds * 1e6 / max(1, delays.arrived) for name, seconds in spent.items()},
        rss_mib=rss,
    )


class Delays:
    """What the cells of a run tell, in milliseconds, of the events that arrived.

    The first two events leave with the head of the answer and are not among the late ones, nor is
    what was sent before `all_open`.
    """

    def __init__(self, streams: Iterable[Cells], events: int, all_open: float) -> None:
        self.first_token: list[float] = []  # from the request to the arrival, one a stream
        self.first_text: list[float] = []
        self.late: list[list[float]] = []  # from sending to arrival, for each stream
        self.arrived = 0
        for cells in streams:
            sent, arrived = cells[SENT : SENT + events], cells[arrived_at(events) :]
            if arrived[1]:
                self.first_token.append((arrived[1] - cells[REQUESTED]) * 1e3)
            if cells[FIRST_TEXT]:
                self.first_text.append((cells[FIRST_TEXT] - cells[REQUESTED]) * 1e3)
            self.arrived += sum(map(bool, arrived))
            pairs = zip(sent[2:], arrived[2:], strict=True)
            self.late.append(
                [(there - here) * 1e3 for here, there in pairs if there and here >= all_open]
            )


def percentile(values: Sequence[float], rank: int) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    return sorted(values)[min(len(values) - 1, len(values) * rank // 100)] if values else None


def check_filter(url: str, upstream: Upstream) -> None:
    """Raise RuntimeError unless a canary is kept from the provider and from the caller."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    mark = secrets.token_hex(4)
    body = request_body(f"My SSN is {SECRET}, please keep it. {CANARY} {mark}")
    answer = httpx.post(url, content=body, headers=headers, trust_env=False, timeout=60)
    seen = httpx.get(f"{upstream.url}/canary", trust_env=False).text
    if mark not in seen or SECRET in seen:
        raise RuntimeError(f"{url} must pass the canary to the provider with its number redacted")
    if answer.status_code != 200 or CANARY not in answer.text or SECRET in answer.text:
        raise RuntimeError(
            f"{url} answered {answer.status_code}; the canary must come back, its number redacted"
        )
