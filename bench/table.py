"""Rows, plain dictionaries, as a table and as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows in Markdown; a column for each field that any of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[name.replace("_", " ") for name in names]]
    cells += [[text(row.get(name)) for name in names] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    lines = [
        "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        for line in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * max(width, 3) for width in widths))
    return "".join(f"{line} |\n" for line in lines)


def text(value: object) -> str:
    """A cell."""
    if value is None:
        return "-"
    return f"{value:,g}" if isinstance(value, int | float) and value < 1e6 else str(value)


def write(file: Path, value: object) -> None:
    """Write JSON that a person can compare with the one before."""
    file.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
