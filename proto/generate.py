"""Generate extproc/transport/pb from external_processor.proto; --check only compares."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().with_name("external_processor.proto")
OUTPUT = SOURCE.parents[1] / "extproc/transport/pb"
# The compiler's style is not ours to hold to our rules.
HEADER = '# ruff: noqa\n# fmt: off\n# mypy: disable-error-code="type-arg"\n'
# The compiler stamps its own version; another release of it is no change of the contract.
STAMP = re.compile(r"^# Protobuf Python Version: .*$|^    \d+,$", re.MULTILINE)


def generate(folder: Path) -> None:
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={SOURCE.parent}"]
    outputs = [f"--python_out={folder}", f"--pyi_out={folder}"]
    subprocess.run([*protoc, *outputs, SOURCE.name], check=True)
    for path in folder.glob("*_pb2.py*"):
        path.write_text(HEADER + path.read_text())


def differ(fresh: Path) -> bool:
    kept = OUTPUT / fresh.name
    return not kept.exists() or STAMP.sub("", kept.read_text()) != STAMP.sub("", fresh.read_text())


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        generate(OUTPUT)
        sys.exit()
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = [path.name for path in Path(folder).glob("*_pb2.py*") if differ(path)]
    if stale:
        sys.exit(f"{', '.join(stale)} out of sync with proto/: run `make proto`")
