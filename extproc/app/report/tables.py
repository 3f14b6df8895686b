"""The tables of a report, in their order; plots and CSV files are made of them."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from extproc.app.report.totals import BAD_LINE, BINS, Totals, latency
from extproc.detectors.catalog import TYPES
from extproc.model.errors import InputError

VERDICTS = ("allow", "flag", "redact", "block", "refused", "fail_open")
PERCENTILES = (50, 75, 90, 95, 99, 99.9)
_MOST_TENANTS, _MOST_COLUMNS = 20, 8
_FORMULAS = ("=", "+", "-", "@", "\t")
_MOST_HOURS = 72  # beyond them a column is a day

Cell = str | int | float


class Plot(Enum):
    """How a table is drawn: a bar for each row, one for each number, a column, or shades."""

    BARS = "bars"
    GROUPS = "groups"
    COLUMNS = "columns"
    SHADES = "shades"


class Table(NamedTuple):
    """Rows of names and numbers, `keys` of them names. Numbers of a bar or column are stacked."""

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    plot: Plot = Plot.BARS
    keys: int = 1


def tables(totals: Totals) -> list[Table]:
    """Those with something in them."""
    made = (
        _verdicts(totals),
        _hours(totals),
        _findings(totals),
        _rules(totals),
        _scores(totals),
        _latency(totals),
        _tenants(totals),
        _tenant_rules(totals),
        _coverage(totals),
    )
    return [table for table in made if table.rows] if totals.bodies else []


def write_csv(made: Iterable[Table], folder: Path) -> None:
    """A file for each table. Raises InputError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in made:
            with (folder / f"{table.name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([table.columns, *map(_plain, table.rows)])
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; name a folder to write in") from error


def _plain(row: tuple[Cell, ...]) -> list[Cell]:
    """Without what a spreadsheet would run: names come from callers."""
    return [f"'{cell}" if str(cell).startswith(_FORMULAS) else cell for cell in row]


def _stacked(
    name: str, first: str, note: str, counts: Counter[tuple[str, str]], order: Iterable[str]
) -> Table:
    """Verdicts of each of what is in `order`, which the column `first` names."""
    there = {verdict for _, verdict in counts}
    verdicts = [verdict for verdict in VERDICTS if verdict in there]
    verdicts += sorted(there.difference(VERDICTS))
    rows: list[tuple[Cell, ...]] = [
        (each, *(counts[each, verdict] for verdict in verdicts)) for each in order
    ]
    return Table(name, name.capitalize(), note, (first, *verdicts), rows)


def _verdicts(totals: Totals) -> Table:
    note = "Bodies and streams. Refused: they could not be inspected. Fail open: they passed so."
    order = sorted({direction for direction, _ in totals.verdicts})
    return _stacked("verdicts", "direction", note, totals.verdicts, order)


def _hours(totals: Totals) -> Table:
    hours = {hour for hour, _ in totals.hours}
    width = 13 if len(hours) <= _MOST_HOURS else 10
    counts: Counter[tuple[str, str]] = Counter()
    for (hour, verdict), count in totals.hours.items():
        counts[hour[:width].replace("T", " "), verdict] += count
    unit = "hour" if width == 13 else "day"
    order = sorted({time for time, _ in counts})
    made = _stacked("times", unit, f"Bodies by {unit}, UTC.", counts, order)
    return made._replace(title="Over time", plot=Plot.COLUMNS)


def _findings(totals: Totals) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (name, TYPES.get(name, "custom"), count) for name, count in totals.findings.most_common()
    ]
    note = "By entity type; those that a rule acted on."
    return Table("findings", "Findings", note, ("type", "family", "findings"), rows, keys=2)


def _rules(totals: Totals) -> Table:
    names = Counter[str]()
    for (_, rule), count in totals.rules.items():
        names[rule] += count
    rows: list[tuple[Cell, ...]] = [
        (rule, totals.rules["enforced", rule], totals.rules["shadow", rule])
        for rule, _ in names.most_common()
    ]
    note = "Bodies in which a rule acted; shadow: in which it would have."
    return Table("rules", "Rules", note, ("rule", "enforced", "shadow"), rows)


def _scores(totals: Totals) -> Table:
    if not totals.scores:
        return Table("scores", "", "", (), [])
    width = 1 / BINS
    rows: list[tuple[Cell, ...]] = [
        (f"{number * width:.2f}", totals.scores[number]) for number in range(BINS)
    ]
    note = f"Bodies by risk score, above 0; {totals.scores[-1]:,} have none."
    title = "Risk scores"
    return Table("scores", title, note, ("score from", "bodies"), rows, Plot.COLUMNS)


def _latency(totals: Totals) -> Table:
    directions = sorted({direction for direction, _ in totals.latencies})
    rows: list[tuple[Cell, ...]] = []
    for percent in PERCENTILES:
        values = (_percentile(totals.latencies, each, percent) for each in directions)
        rows.append((f"p{percent:g}", *values))
    note = "Milliseconds from a body to its answer, within 1 %; of a stream its whole length."
    columns = ("percentile", *directions)
    return Table("latency", "Latency", note, columns, rows if directions else [], Plot.GROUPS)


def _percentile(counts: Counter[tuple[str, int]], direction: str, percent: float) -> float:
    bins = sorted((number, count) for (each, number), count in counts.items() if each == direction)
    wanted = sum(count for _, count in bins) * percent / 100
    passed = 0
    for number, count in bins:
        passed += count
        if passed >= wanted:
            return float(f"{latency(number):.3g}")
    return 0.0


def _tenants(totals: Totals) -> Table:
    note = "Bodies by the customer who sent them."
    return _stacked("customers", "customer", note, totals.tenants, _largest(totals.tenants))


def _largest(counts: Counter[tuple[str, str]]) -> list[str]:
    sizes = Counter[str]()
    for (tenant, _), count in counts.items():
        sizes[tenant] += count
    return [tenant for tenant, _ in sizes.most_common()]


def _tenant_rules(totals: Totals) -> Table:
    sizes = Counter[str]()
    for (_, rule), count in totals.tenant_rules.items():
        sizes[rule] += count
    rules = [rule for rule, _ in sizes.most_common(_MOST_COLUMNS)]
    rows: list[tuple[Cell, ...]] = [
        (tenant, *(totals.tenant_rules[tenant, rule] for rule in rules))
        for tenant in _largest(totals.tenant_rules)[:_MOST_TENANTS]
    ]
    note = "Bodies in which a rule acted, by customer; the most frequent of both."
    title = "Customers and rules"
    return Table("customers-and-rules", title, note, ("customer", *rules), rows, Plot.SHADES)


def _coverage(totals: Totals) -> Table:
    lost = sum(count for (outcome, _), count in totals.unjudged.items() if outcome != BAD_LINE)
    rows: list[tuple[Cell, ...]] = [("bodies judged", "", totals.bodies - lost)]
    if totals.scanned:
        rows.append(("parts scanned", "", totals.scanned))
    rows += _ranked("parts skipped", totals.skipped)
    for (outcome, reason), count in totals.unjudged.most_common():
        rows.append((outcome.replace("_", " "), reason, count))
    rows += _ranked("detector without an answer", totals.failed)
    note = (
        f"What was not looked at, and why. Of {totals.bodies:,} bodies {totals.partly:,} had parts "
        "that were skipped."
    )
    return Table("coverage", "Coverage", note, ("what", "why", "count"), rows, keys=2)


def _ranked(what: str, counts: Counter[str]) -> Sequence[tuple[Cell, ...]]:
    return [(what, name, count) for name, count in counts.most_common()]
