"""Where results go: JSON, the table on the terminal, the plot and the table in docs/."""

import json
from collections.abc import Sequence

from bench.processes import ROOT
from bench.rows import Row
from bench.table import table, text, write
from bench.targets import summary

RESULTS = ROOT / "bench" / "results"
DOCUMENT = ROOT / "docs" / "performance.md"

_BEGIN, _END = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"
_TITLES = {
    "request": "Requests, 2 KB prompt, 0.4 KB answer",
    "peer": "Beside LiteLLM, the same requests",
    "stream": "Streams",
    "api": "Streams of each API, 100 open at 50 events/s",
    "growth": "Growth with the prompt",
    "memory": "Memory",
    "start": "Start",
    "detection": "Detection, without wire",
}
_HIDDEN = {"kind", "upstream_us_per_request", "run"}


def save(rows: Sequence[Row], facts: Row) -> None:
    """Write both result files."""
    RESULTS.mkdir(exist_ok=True)
    write(RESULTS / "latest.json", rows)
    write(RESULTS / "summary.json", {"machine": facts, "targets": summary(rows)})


def saved() -> list[Row]:
    """The rows of the last run; none if there was none."""
    file = RESULTS / "latest.json"
    rows: list[Row] = json.loads(file.read_text()) if file.exists() else []
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """Everything as tables, the ratios first."""
    lines = [
        {
            "": line["name"],
            "measured": f"{text(line['value'])} {line['unit']}".strip(),
            "at least": text(line["at_least"]),
            "aim": text(line["aim"]),
            "verdict": line["verdict"],
        }
        for line in summary(rows)
    ]
    parts = [table(lines)]
    for kind, title in _TITLES.items():
        chosen = [row for row in rows if row["kind"] == kind]
        if chosen:
            shown = [{k: v for k, v in row.items() if k not in _HIDDEN} for row in chosen]
            parts += [f"**{title}**\n", table(shown)]
    return "\n".join(parts)


def document(rows: Sequence[Row], facts: Row) -> None:
    """Put the tables of a run into docs/performance.md."""
    before, _, rest = DOCUMENT.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    about = ", ".join(f"{name} {value}" for name, value in facts.items())
    DOCUMENT.write_text(f"{before}{_BEGIN}{about}\n\n{markdown(rows)}{_END}{after}")
