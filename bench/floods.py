"""What a well-behaved client notices while another one attacks, and what it costs in memory.

A real `extproc serve` on a unix socket. One row for each attack: the latency of whole exchanges
(four messages each way, one after the other) on a connection of their own, and the resident memory
of the server before, at most, and after. Run it with `make floods`.
"""

import argparse
import json
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.flooding import Sent, attack, prepare
from tests.dataplane.harness import REDACT, Processor
from tests.transport.native import wire
from tests.transport.native.attacks import ATTACKS, Attack, exchange

RESULTS = Path(__file__).parent / "results" / "floods.json"
MOST_P99_MS = 50.0
MOST_GROWTH_MIB = 32.0
PAUSE_SECONDS = 0.02  # between the exchanges of the well-behaved client
SETTLE_SECONDS = 2.0  # after an attack, before memory is looked at
PATIENCE_SECONDS = 10.0
PREPARE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    attack: str
    exchanges: int
    failed: int
    p50_ms: float
    p99_ms: float
    rss_before_mib: float
    rss_most_mib: float
    rss_after_mib: float
    connections: int
    ended_by_server: int
    sent_mib: float

    @property
    def holds(self) -> bool:
        """Whether the client noticed little, and the memory came back."""
        grown = self.rss_after_mib - self.rss_before_mib
        return not self.failed and self.p99_ms < MOST_P99_MS and grown < MOST_GROWTH_MIB


class Client:
    """Does exchanges on one connection, which it makes again if the server ends it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stream = -1
        self._socket: socket.socket | None = None

    def exchange(self) -> bool:
        """Whether a whole exchange went well."""
        try:
            return self._exchange()
        except OSError:
            self.close()
            return False

    def _exchange(self) -> bool:
        line = self._connected()
        self._stream += 2
        for piece in exchange(self._stream):
            line.sendall(piece)
            if not self._answered(line):
                return False
        return True

    def _answered(self, line: socket.socket) -> bool:
        """Whether DATA came on the stream; what came with it is read too."""
        rest = b""
        while True:
            while len(rest) < 9 or len(rest) < 9 + int.from_bytes(rest[:3]):
                more = line.recv(1 << 16)
                if not more:
                    raise ConnectionResetError
                rest += more
            end = 9 + int.from_bytes(rest[:3])
            kind, stream = rest[3], int.from_bytes(rest[5:9])
            rest = rest[end:]
            if kind == wire.GOAWAY or (stream == self._stream and kind == wire.RST_STREAM):
                self.close()
                return False
            if stream == self._stream and kind == wire.DATA:
                return True

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(PATIENCE_SECONDS)
            self._socket.connect(self._path)
            self._socket.sendall(wire.OPENING)
            self._stream = -1
        return self._socket

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def measure(
    processor: Processor, path: str, flood: Attack | None, seconds: float, pool: ProcessPoolExecutor
) -> Row:
    if flood is not None:
        pool.submit(prepare, flood.name).result(PREPARE_SECONDS)
    client = Client(path)
    client.exchange()
    before = most = _mebibytes(processor)
    until = time.monotonic() + seconds
    attacking = None if flood is None else pool.submit(attack, flood.name, path, seconds)
    took, failed = [], 0
    while time.monotonic() < until:
        start = time.perf_counter()
        if client.exchange():
            took.append((time.perf_counter() - start) * 1e3)
        else:
            failed += 1
        most = max(most, _mebibytes(processor))
        time.sleep(PAUSE_SECONDS)
    sent = Sent() if attacking is None else attacking.result(PATIENCE_SECONDS)
    client.close()
    time.sleep(SETTLE_SECONDS)
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else [float("inf")] * 99
    return Row(
        attack="nothing" if flood is None else flood.name,
        exchanges=len(took),
        failed=failed,
        p50_ms=round(cuts[49], 2),
        p99_ms=round(cuts[98], 2),
        rss_before_mib=round(before, 1),
        rss_most_mib=round(most, 1),
        rss_after_mib=round(_mebibytes(processor), 1),
        connections=sent.connections,
        ended_by_server=sent.ended,
        sent_mib=round(sent.mebibytes, 1),
    )


def _mebibytes(processor: Processor) -> float:
    return processor.resident_bytes / (1 << 20)


_HEAD = f"{'attack':<54}{'p50':>8}{'p99 ms':>8}{'failed':>8}{'RSS':>7}{'most':>7}{'after':>7}"


def show(row: Row) -> None:
    print(
        f"{row.attack:<54}{row.p50_ms:>8.2f}{row.p99_ms:>8.2f}{row.failed:>8}"
        f"{row.rss_before_mib:>7.0f}{row.rss_most_mib:>7.0f}{row.rss_after_mib:>7.0f}"
        f"{row.connections:>9}{row.ended_by_server:>7}{row.sent_mib:>10.1f}"
        f"  {'' if row.holds else 'DOES NOT HOLD'}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Attack a real `extproc serve`.")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each attack")
    parser.add_argument(
        "--only", nargs="*", default=[""], help="attacks whose names hold these; not written down"
    )
    options = parser.parse_args()
    chosen = [one for one in ATTACKS if any(part in one.name for part in options.only)]
    rows = []
    print(f"{_HEAD}{'made':>9}{'ended':>7}{'MiB sent':>10}")
    with (
        tempfile.TemporaryDirectory(prefix="fl-") as name,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        path = f"{name}/p.sock"
        for flood in (None, *chosen):
            # A server of its own for each, so that no row starts from another's memory.
            processor = Processor(Path(name), REDACT, {"log_level": "info"})
            processor.start()
            try:
                processor.wait_ready()
                rows.append(measure(processor, path, flood, options.seconds, pool))
            finally:
                processor.kill()
            show(rows[-1])
    if len(chosen) == len(ATTACKS):
        RESULTS.parent.mkdir(exist_ok=True)
        written = {
            "seconds": options.seconds,
            "cpus": os.cpu_count(),
            "rows": list(map(asdict, rows)),
        }
        RESULTS.write_text(json.dumps(written, indent=1) + "\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
