"""Rows to ratios: what must hold, and what was measured."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import ge, le

from bench.apis import APIS, CHAT
from bench.rows import Row


class MissingRowError(LookupError):
    """This run did not measure it."""


class BrokenStreamsError(ValueError):
    """Streams ended before their last event, so what arrived says nothing."""


class Rows:
    """The rows of one run, found by their fields."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)

    def number(self, field: str, **fields: object) -> float:
        """The field of the one row that has all these fields. Raises MissingRowError."""
        for row in self._rows:
            value = row.get(field)
            if isinstance(value, int | float) and fields.items() <= row.items():
                return value
        raise MissingRowError(f"{field} of {fields}")

    def request(self, field: str, name: str, policy: str, connections: int) -> float:
        """The same, of requests."""
        found = {"kind": "request", "name": name, "policy": policy, "connections": connections}
        return self.number(field, **found)

    def stream(self, field: str, streams: int) -> float:
        """Of that many streams of the native transport. Raises BrokenStreamsError as well."""
        broken = self.native("broken", "stream", streams=streams)
        if broken:
            raise BrokenStreamsError(f"{broken:g} streams broke off")
        return self.native(field, "stream", streams=streams)

    def native(self, field: str, kind: str, **fields: object) -> float:
        """The same, of the native transport with the default policy."""
        return self.number(field, kind=kind, name="native", policy="default", **fields)


@dataclass(frozen=True, slots=True)
class Target:
    """What must hold: `holds(value, at_least)`; `value` raises MissingRowError."""

    name: str
    unit: str
    holds: Callable[[float, float], bool]
    at_least: float
    aim: float | None
    value: Callable[[Rows], float]

    def verdict(self, value: float) -> str:
        """In one word."""
        if self.aim is not None and self.holds(value, self.aim):
            return "aim"
        return "holds" if self.holds(value, self.at_least) else "MISSED"


def _share(policy: str) -> Callable[[Rows], float]:
    def value(rows: Rows) -> float:
        ours = rows.request("processor_us_per_request", "native", policy, 16)
        return ours / rows.request("envoy_us_per_request", "native", policy, 16)

    return value


def _throughput(rows: Rows) -> float:
    field = "requests_per_second"
    reference = rows.request(field, "grpcio", "no-op", 16)
    return rows.request(field, "native", "no-op", 16) / reference


def _peer(rows: Rows) -> float:
    field, among = "processor_us_per_request", {"kind": "peer", "connections": 16}
    ours = rows.number(field, name="native", **among)
    ours += rows.number("envoy_us_per_request", name="native", **among)
    return rows.number(field, name="litellm", **among) / ours


def _added_p50(rows: Rows) -> float:
    alone = rows.request("p50_ms", "envoy", "none", 1)
    return rows.request("p50_ms", "native", "default", 1) - alone


def _growth(rows: Rows) -> float:
    field = "processor_us_per_request"
    small = rows.native(field, "growth", prompt_kib=32)
    return rows.native(field, "growth", prompt_kib=1024) / small


def _dearest_api(rows: Rows) -> float:
    """CPU of an event where it costs most ÷ that of chat completions."""
    costs = {api: rows.native("processor_us_per_event", "api", api=api, broken=0) for api in APIS}
    return max(costs.values()) / costs[CHAT]


def _native(field: str, kind: str, **fields: object) -> Callable[[Rows], float]:
    return lambda rows: rows.native(field, kind, **fields)


def _stream(field: str, streams: int) -> Callable[[Rows], float]:
    return lambda rows: rows.stream(field, streams)


# Name, unit, comparison, at least, aim, how.
TARGETS = (
    Target("processor CPU ÷ Envoy CPU, no-op policy", "", le, 0.35, 0.25, _share("no-op")),
    Target("processor CPU ÷ Envoy CPU, default policy", "", le, 0.80, 0.50, _share("default")),
    Target("requests/s native ÷ grpcio, no-op policy", "", ge, 2.5, 3.0, _throughput),
    Target("CPU of LiteLLM ÷ (processor + Envoy)", "", ge, 25, 40, _peer),
    Target("added p50 at 1 connection, default policy", "ms", le, 0.6, 0.35, _added_p50),
    Target(
        *("CPU per SSE event, 100 streams", "µs", le, 25, 15),
        _stream("processor_us_per_event", 100),
    ),
    Target("CPU per SSE event, dearest API ÷ OpenAI chat", "", le, 2.0, None, _dearest_api),
    Target(
        *("added time to first token, 1 stream", "ms", le, 1.0, 0.5),
        _stream("added_first_token_ms", 1),
    ),
    Target(
        *("1,000 streams: p99 of the latest stream", "ms", le, 50, 20),
        _stream("worst_stream_p99_ms", 1000),
    ),
    Target("memory after 100,000 requests", "MiB", le, 64, 48, _native("rss_mib", "memory")),
    Target(
        *("memory with 1,000 streams open", "MiB", le, 128, 96),
        _stream("rss_mib", 1000),
    ),
    Target(
        "start to ready, cold cache", "s", le, 1.0, 0.5, _native("start_s", "start", cache="cold")
    ),
    Target(
        "start to ready, warm cache", "s", le, 1.0, 0.5, _native("start_s", "start", cache="warm")
    ),
    Target("CPU of a 1 MiB prompt ÷ 32 KiB", "", le, 40, None, _growth),
)


def summary(rows: Sequence[Row]) -> list[Row]:
    """Every target that the rows can tell of: value, limits, and whether it holds."""
    found, lines = Rows(rows), list[Row]()
    for target in TARGETS:
        value: float | None = None
        try:
            value = round(target.value(found), 3)
            verdict = target.verdict(value)
        except MissingRowError:
            continue
        except BrokenStreamsError as error:
            verdict = f"MISSED: {error}"
        lines.append(
            {
                "name": target.name,
                "value": value,
                "unit": target.unit,
                "at_least": target.at_least,
                "aim": target.aim,
                "verdict": verdict,
            }
        )
    return lines
