"""Where results go: tables on the terminal, JSON, and a comparison with what is recorded."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.table import table, write
from eval.corpus import ROOT
from eval.evasions import matrix
from eval.rows import Row

RECORD = ROOT / "eval" / "results.json"
LATEST = ROOT / "build" / "eval.json"
HELD_OUT = ROOT / "eval" / "held_out.json"

Results = dict[str, list[Row]]

_TITLES = {
    "pii": "Personal data (on the corpora it may have been tuned on)",
    "phi": "Health data",
    "pci": "Payment data",
    "secrets": "Secrets",
    "injection": "Injection and jailbreak",
    "toxicity": "Toxicity",
    "benign": "Found in benign prompts, some of which do hold such values, and in empty forms",
}

# By how much a figure may be worse than the recorded one: half a point; one benign prompt. What
# is in disguise may be so too, as long as that holds: what is sampled depends on what is found.
_HIGHER_IS_BETTER = {"recall": 0.005, "precision": 0.005, "f1": 0.005, "f2": 0.005}
_LOWER_IS_BETTER = {"false_rate": 0.005, "per_10k": 1.1}
_COMPARED = ("detection", "evasions")
_KEYS = ("family", "of", "what", "source", "values", "disguise")


def recorded() -> Results:
    """What the repository has; empty before the first record."""
    found: Results = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return found


def save(results: Mapping[str, object], *, record: bool) -> Path:
    """Write the results, as the record where that is wanted."""
    file = RECORD if record else LATEST
    file.parent.mkdir(exist_ok=True)
    write(file, results)
    return file


def markdown(results: Results) -> str:
    """Everything as tables."""
    detection = results.get("detection", [])
    parts = []
    for family, title in _TITLES.items():
        chosen = [row for row in detection if row["family"] == family]
        parts += _titled(title, [_shown(row, chosen) for row in chosen])
    parts += _titled("Fitted detectors, each source held out of the fitting", _held_out())
    evasions = results.get("evasions", [])
    parts += _titled("Recall in disguise, of what is found in plain text", matrix(evasions))
    missed = [row for row in evasions if row["verdict"] == "MISSED"]
    parts += _titled("Disguises that cost more than two points", missed)
    parts += _titled("Time for 2 KB, all families, µs of CPU", results.get("times", []))
    parts += _titled("Worst texts of 1 MB, ms of CPU", results.get("worst", []))
    return "\n".join(parts)


def _titled(title: str, rows: Sequence[Row]) -> list[str]:
    return [f"**{title}**\n", table(rows)] if rows else []


def _shown(row: Row, others: Sequence[Row]) -> Row:
    """Without the family, and without columns that are empty in the whole table."""
    used = {name for other in others for name, value in other.items() if value is not None}
    return {name: value for name, value in row.items() if name in used and name != "family"}


def _held_out() -> list[Row]:
    """What those who fit detectors write there: source, n, recall, false_rate, fitted on."""
    rows: list[Row] = json.loads(HELD_OUT.read_text()) if HELD_OUT.exists() else []
    return rows


def falls(now: Results, before: Results) -> Iterator[str]:
    """A line for each figure that is worse than recorded by more than its tolerance."""
    for part in _COMPARED:
        if part not in now or part not in before:
            continue
        measured = {_key(row): row for row in now[part]}
        for old in before[part]:
            new = measured.pop(_key(old), None)
            held = part == "evasions" and new is not None and new["verdict"] == "holds"
            unseen = old["family"] == "benign" and new is None
            if not held and not unseen:
                yield from _worse(old, new)
        for row in measured.values():  # of benign prompts, only those with findings have rows
            if row["family"] == "benign":
                yield from _worse({**row, "per_10k": 0.0}, row)


def _worse(old: Row, new: Row | None) -> Iterator[str]:
    name = " / ".join(part for part in _key(old) if part)
    if new is None:
        yield f"{name}: recorded, not measured any more"
        return
    for field, tolerance in (_HIGHER_IS_BETTER | _LOWER_IS_BETTER).items():
        was, value = old.get(field), new.get(field)
        if not isinstance(was, int | float) or not isinstance(value, int | float):
            continue  # e.g. the precision of what is not found at all: its recall has fallen
        loss = was - value if field in _HIGHER_IS_BETTER else value - was
        if loss > tolerance + 1e-9:
            yield f"{name}: {field} recorded {was:g}, now {value:g}"


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")) for name in _KEYS)
