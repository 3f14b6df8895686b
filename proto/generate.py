"""Generate Python of the contracts in this folder; --check only compares."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "extproc"
OUTPUTS = {"external_processor": PACKAGE / "transport/pb", "detector": PACKAGE / "remote/pb"}
# The compiler's style is not ours to hold to our rules.
HEADER = '# ruff: noqa\n# fmt: off\n# mypy: disable-error-code="type-arg"\n'
# The compiler stamps its own version; another release of it is no change of the contract.
STAMP = re.compile(r"^# Protobuf Python Version: .*$|^    \d+,$", re.MULTILINE)


def generate(name: str, folder: Path) -> None:
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={HERE}"]
    outputs = [f"--python_out={folder}", f"--pyi_out={folder}"]
    subprocess.run([*protoc, *outputs, f"{name}.proto"], check=True)
    for path in folder.glob(f"{name}_pb2.py*"):
        path.write_text(HEADER + path.read_text())


def differ(fresh: Path, kept: Path) -> bool:
    return not kept.exists() or STAMP.sub("", kept.read_text()) != STAMP.sub("", fresh.read_text())


def stale(name: str, output: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        generate(name, Path(folder))
        fresh = Path(folder).glob("*_pb2.py*")
        return [path.name for path in fresh if differ(path, output / path.name)]


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        for name, output in OUTPUTS.items():
            generate(name, output)
        sys.exit()
    behind = [path for name, output in OUTPUTS.items() for path in stale(name, output)]
    if behind:
        sys.exit(f"{', '.join(behind)} out of sync with proto/: run `make proto`")
