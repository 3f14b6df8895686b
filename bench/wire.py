"""The benchmark on the wire: real Envoy, a real processor, a real load, one table.

    python -m bench.wire                      everything, 8 to 10 minutes
    python -m bench.wire --quick              the same rows from short runs; docs/ stays as it is
    python -m bench.wire --only streams       one part; the rows of the others stay as they were
    python -m bench.wire --only peers         LiteLLM and ours, side by side (make bench-peers)

Two cores are shared by load, Envoy, processor and upstream: ratios of one run count, not figures.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import detection, machine, output, peers, plot, rows
from bench.processes import Stack, Upstream, cache_in, stack
from bench.rows import Row

_PARTS = {"requests": "request", "memory": "memory", "streams": "stream", "growth": "growth"}
_PARTS |= {"apis": "api", "start": "start", "detection": "detection", "peers": "peer"}
_TRANSPORTS = ("native", "grpcio")


class Bench:
    """One run: which parts, how long."""

    def __init__(self, parts: set[str], *, quick: bool) -> None:
        self._parts = parts
        self._quick = quick
        self._begin = time.monotonic()

    def run(self) -> list[Row]:
        """Measure. Raises RuntimeError when a part does not work as it must."""
        with contextlib.ExitStack() as closing:
            directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="b-")))
            upstream = Upstream(directory)
            closing.callback(upstream.stop)
            settings = cache_in(directory)
            stacks = {}
            for name, policy in self._needed():
                self.say(f"starting {name}, {policy}")
                transport = {} if name == "envoy" else {"EXTPROC_TRANSPORT": name}
                started = stack(name, policy, upstream, settings | transport)
                stacks[name, policy] = closing.enter_context(started)
            return list(self._measure(stacks, upstream))

    def _needed(self) -> list[tuple[str, str]]:
        if self._parts == {"peers"}:
            return [("native", "default")]
        if self._parts <= {"start", "detection"}:
            return []
        served = [(name, policy) for name in _TRANSPORTS for policy in ("no-op", "default")]
        return [("envoy", "none"), *served]

    def _measure(self, stacks: dict[tuple[str, str], Stack], upstream: Upstream) -> Iterator[Row]:
        rounds, seconds = (1, 2) if self._quick else (3, 4)
        ours = stacks.get(("native", "default"))
        if "requests" in self._parts:
            yield from rows.requests(list(stacks.values()), upstream, rounds, seconds, self.say)
        if "memory" in self._parts and ours is not None:
            yield from rows.memory(ours, self.say)
        if "streams" in self._parts:
            streamed = [found for found in stacks.values() if found.policy != "no-op"]
            yield from rows.streams(streamed, upstream, self._plans(), self.say)
        if "apis" in self._parts and ours is not None:
            yield from rows.apis(ours, upstream, rows.API_EVENTS // (1 + self._quick), self.say)
        if "growth" in self._parts and ours is not None:
            yield from rows.growth(ours, upstream, seconds, self.say)
        if "start" in self._parts:
            yield from rows.start("native", {"EXTPROC_TRANSPORT": "native"}, rounds, self.say)
        if "detection" in self._parts:
            yield from detection.rows(self.say)
        if "peers" in self._parts and ours is not None:
            yield from peers.rows(ours, upstream, rounds, seconds, self.say)

    def _plans(self) -> list[tuple[int, int, int]]:
        divisor = 3 if self._quick else 1
        return [(opened, events // divisor, rate) for opened, events, rate in rows.STREAMS]

    def say(self, what: str) -> None:
        """Progress, on stderr."""
        print(f"{time.monotonic() - self._begin:5.0f} s  {what}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.wire", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short runs; figures are rougher")
    parser.add_argument("--only", metavar="PART,…", help=f"some of {', '.join(_PARTS)}")
    arguments = parser.parse_args()
    parts = set(arguments.only.split(",")) if arguments.only else set(_PARTS) - {"peers"}
    if unknown := parts - set(_PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; use {', '.join(_PARTS)}")
    if shutil.which("wrk") is None:
        parser.error("wrk is missing; run: apt-get install wrk")
    facts = machine.facts()
    stamp = f"{datetime.now(UTC):%Y-%m-%d %H:%M}" + (" quick" if arguments.quick else "")
    measured = [{**row, "run": stamp} for row in Bench(parts, quick=arguments.quick).run()]
    kinds = {_PARTS[part] for part in parts}
    found = [row for row in output.saved() if row["kind"] not in kinds] + measured
    found.sort(key=lambda row: list(_PARTS.values()).index(str(row["kind"])))
    output.save(found, facts)
    if not arguments.quick:
        output.document(found, facts)
        plot.save(found)
    print(output.markdown(found))


if __name__ == "__main__":
    main()
