"""Metrics of several processes, each of them real."""

import subprocess
import sys
from pathlib import Path

from prometheus_client import generate_latest

from extproc.telemetry import merged

COUNT = """
import os, sys, signal
from pathlib import Path
from extproc.telemetry import merged
merged.write_to(Path(sys.argv[1]), int(sys.argv[2]))
from extproc.telemetry.telemetry import Telemetry
telemetry = Telemetry()
telemetry.reload("loaded")
telemetry.holdback.observe(0.002)
telemetry.exchange_opened()
os.kill(os.getpid(), signal.SIGKILL)
"""


def count(folder: Path, worker: int) -> None:
    """Be a worker that is killed while an exchange is open."""
    subprocess.run([sys.executable, "-c", COUNT, folder, str(worker)], check=False)


def samples(folder: Path) -> dict[str, float]:
    text = generate_latest(merged.read_from(folder)).decode()
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_what_workers_count_is_one_number_and_goes_on_after_them(tmp_path: Path) -> None:
    count(tmp_path, 0)
    count(tmp_path, 1)
    before = samples(tmp_path)
    assert before['extproc_policy_reloads_total{result="loaded"}'] == 2
    assert before['extproc_stream_holdback_seconds_bucket{le="0.0025"}'] == 2
    assert before["extproc_exchanges_open"] == 2
    assert not [name for name in before if "pid" in name]

    merged.worker_ended(tmp_path, 1)
    files = len(list(tmp_path.iterdir()))
    assert samples(tmp_path)["extproc_exchanges_open"] == 1
    count(tmp_path, 1)
    after = samples(tmp_path)
    assert after['extproc_policy_reloads_total{result="loaded"}'] == 3
    assert after["extproc_stream_holdback_seconds_count"] == 3
    assert after["extproc_exchanges_open"] == 2
    assert len(list(tmp_path.iterdir())) == files + 1  # the gauges', again


def test_the_last_one_to_leave_removes_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    for worker in (1, 11):
        (folder / f"counter_{worker}.db").touch()
    merged.remove(folder, 1)
    assert [file.name for file in folder.iterdir()] == ["counter_11.db"]
    merged.remove(folder, 11)
    assert not folder.exists()
