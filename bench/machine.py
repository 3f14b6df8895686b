"""What the operating system knows of processes: CPU time and memory; and what machine this is."""

import os
import platform
import re
import time
from pathlib import Path


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its descendants, of all their threads, also ended ones.

    The process's CPU clock: the sum behind utime + stime of /proc/PID/stat, in nanoseconds
    instead of ticks of 10 ms.
    """
    return sum(time.clock_gettime((~one << 3) | 2) for one in family(pid))  # CPUCLOCK_SCHED


def resident_mib(pid: int) -> float:
    """Resident memory of a process and its descendants; what they share counts for each."""
    total = 0
    for one in family(pid):
        status = Path(f"/proc/{one}/status").read_text()
        total += int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])
    return total / 1024


def facts() -> dict[str, object]:
    """The machine of this run."""
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": models[0] if models else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }
