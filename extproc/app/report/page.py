"""The page of a report: one file of HTML without scripts, links to others or content of traffic."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from extproc import __version__
from extproc.app.report.charts import drawn, shade
from extproc.app.report.tables import Cell, Plot, Table
from extproc.app.report.totals import Totals

_SHORT = 8  # rows of a table that says more than its plot and is shown unasked
_RIGHT = ' class="n"'
_MOST_ROWS = 200  # of a table on the page; a CSV file has all

_STYLE = """
:root { color-scheme: light; font: 15px/1.45 system-ui, sans-serif; color: #1c2733; }
body { margin: 0 auto; padding: 24px 32px 48px; max-width: 1216px; box-sizing: border-box; }
h1 { margin: 0; font-size: 26px; } h2 { margin: 0 0 2px; font-size: 18px; }
.about, .note { color: #586878; margin: 2px 0 12px; }
.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: 12px; margin: 20px 0; }
.tiles div { border: 1px solid #d8e0e8; border-radius: 8px; padding: 10px 14px; }
.tiles b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.tiles span { color: #586878; font-size: 13px; }
section { border: 1px solid #d8e0e8; border-radius: 8px; padding: 16px 20px; margin: 0 0 16px; }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: #1c2733; } svg .grid { stroke: #e4eaf0; }
.legend { margin: 0 0 8px; } .legend span { margin-right: 16px; font-size: 13px; }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 5px; }
summary { cursor: pointer; color: #35608f; margin-top: 8px; font-size: 13px; }
table { border-collapse: collapse; margin-top: 8px; font-size: 13px; }
th, td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid #e4eaf0; }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; padding: 3px 10px; }
td { overflow-wrap: anywhere; max-width: 360px; }
@media print {
  @page { size: A4; margin: 14mm; }
  :root { font-size: 11px; } body { padding: 0; max-width: none; }
  section, .tiles div { break-inside: avoid; }
  details:not([open]), summary { display: none; }
  svg text { font-size: 14px; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def page(totals: Totals, made: Sequence[Table], sources: Sequence[str], now: datetime) -> str:
    """The HTML. `sources` are the names of the files that were read."""
    written = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    about = f"{', '.join(sources)} · {_period(totals)}written {written} by extproc {__version__}"
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="content-security-policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
        '<link rel="icon" href="data:,">'
        f"<title>extproc report</title><style>{_STYLE}</style></head><body>\n"
        f'<h1>extproc report</h1><p class="about">{escape(about)}</p>\n'
    )
    return f"{head}{_tiles(totals)}{''.join(map(_section, made))}</body></html>\n"


def _period(totals: Totals) -> str:
    hours = sorted({hour for hour, _ in totals.hours})
    if not hours:
        return ""
    first, last = (hour.replace("T", " ") + " h" for hour in (hours[0], hours[-1]))
    return f"{first} to {last} · "


def _tiles(totals: Totals) -> str:
    def share(*verdicts: str) -> str:
        count = sum(n for (_, verdict), n in totals.verdicts.items() if verdict in verdicts)
        return f"{count / totals.bodies:.2%}" if totals.bodies else "–"  # noqa: RUF001

    tiles = (
        (f"{totals.bodies:,}", "bodies"),
        (share("block"), "blocked"),
        (share("redact"), "redacted"),
        (share("flag"), "flagged"),
        (share("refused", "fail_open"), "not inspected"),
        (f"{totals.findings.total():,}", "findings"),
    )
    shown = "".join(f"<div><b>{number}</b><span>{what}</span></div>" for number, what in tiles)
    ignored = ""
    if totals.ignored:
        ignored = f'<p class="note">{totals.ignored:,} lines say nothing of a body.</p>'
    return f'<div class="tiles">{shown}</div>{ignored}\n'


def _section(table: Table) -> str:
    cells = _cells(table)
    if table.plot is not Plot.SHADES:
        is_short = len(table.rows) <= _SHORT and len(table.columns) > table.keys + 1
        cells = (
            f"<details{' open' if is_short else ''}><summary>as a table</summary>{cells}</details>"
        )
    return (
        f'<section id="{table.name}"><h2>{escape(table.title)}</h2>'
        f'<p class="note">{escape(table.note)}</p>{drawn(table)}{cells}</section>\n'
    )


def _cells(table: Table) -> str:
    head = "".join(
        f"<th{'' if index < table.keys else _RIGHT}>{escape(name)}</th>"
        for index, name in enumerate(table.columns)
    )
    most = max((float(c) for row in table.rows for c in row[table.keys :]), default=0.0)
    rows = "".join(_row(table, row, most) for row in table.rows[:_MOST_ROWS])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(table: Table, row: tuple[Cell, ...], most: float) -> str:
    names = "".join(f"<td>{escape(str(cell))}</td>" for cell in row[: table.keys])
    is_shaded = table.plot is Plot.SHADES
    numbers = "".join(
        f"<td{_RIGHT}{shade(cell, most) if is_shaded else ''}>{cell:,}</td>"
        for cell in row[table.keys :]
    )
    return f"<tr>{names}{numbers}</tr>"
