"""Write what documents take from the code: policy.schema.json and the tables of policy.md.

--check only compares.
"""

import json
import re
import sys
from pathlib import Path

from extproc.detectors.catalog import TYPES
from extproc.policy.schema import schema, table

HERE = Path(__file__).resolve().parent
BLOCK = re.compile(r"(<!-- fields of (\w+), by `make docs` -->\n).*?(<!-- end -->)", re.DOTALL)


def outputs() -> dict[Path, str]:
    policy = HERE / "policy.md"
    return {
        HERE / "policy.schema.json": json.dumps(schema(TYPES), indent=1) + "\n",
        policy: BLOCK.sub(lambda found: found[1] + table(found[2]) + found[3], policy.read_text()),
    }


if __name__ == "__main__":
    behind = [
        file for file, text in outputs().items() if not file.exists() or file.read_text() != text
    ]
    if "--check" in sys.argv[1:]:
        if behind:
            names = ", ".join(file.name for file in behind)
            sys.exit(f"{names} out of sync with extproc/policy: run `make docs`")
    else:
        for file in behind:
            file.write_text(outputs()[file])
