"""Coverage-guided fuzzing of a connection: executions, coverage at the beginning and at the end.

What an input breaks is left in `.fuzz/` and told. Run it with `make fuzz SECONDS=600`.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from tests.transport.native import wire
from tests.transport.native.conversations import CONVERSATIONS, OPENED

RESULTS = Path(__file__).parent / "results" / "fuzz.json"
FOLDER = Path(__file__).parents[1] / ".fuzz"

_LINE = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)", re.MULTILINE)


def seeds(corpus: Path) -> None:
    """Every conversation whole, byte by byte, and with a preface of its own."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, conversation in enumerate(CONVERSATIONS.values()):
        (corpus / f"whole-{number}").write_bytes(bytes([OPENED]) + conversation)
        (corpus / f"bytes-{number}").write_bytes(bytes([OPENED | 5]) + conversation)
        (corpus / f"preface-{number}").write_bytes(b"\0" + wire.OPENING + conversation)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz a connection of the native server.")
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    corpus = FOLDER / "corpus"
    seeds(corpus)
    command = [sys.executable, "-m", "bench.fuzz_target", str(corpus)]
    command += [f"-max_total_time={options.seconds}", "-max_len=20000", "-len_control=0"]
    command += [f"-artifact_prefix={FOLDER}/", "-print_final_stats=1", "-rss_limit_mb=1024"]
    log = FOLDER / "fuzz.log"
    with log.open("w") as output:
        code = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    said = log.read_text(errors="replace")
    steps = [tuple(map(int, found)) for found in _LINE.findall(said)]
    if not steps:
        print(said[-4000:])
        return 1
    begun = next(step for step in steps if step[1] > 0)
    found = sorted(path.name for path in FOLDER.glob("*-*") if path.is_file())
    result = {
        "seconds": options.seconds,
        "executions": steps[-1][0],
        "coverage_of_seeds": begun[1],
        "coverage": steps[-1][1],
        "features_of_seeds": begun[2],
        "features": steps[-1][2],
        "corpus": steps[-1][3],
        "findings": found,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    if code or found:
        print(said[-4000:])
    return 1 if code or found else 0


if __name__ == "__main__":
    sys.exit(main())
