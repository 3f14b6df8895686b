"""Tables as plots: SVG by hand, so that a page needs no script and no network."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate, pairwise

from extproc.app.report.tables import Cell, Plot, Table

COLOURS = {
    "allow": "#7fb294",
    "flag": "#e0b040",
    "redact": "#4a86c5",
    "block": "#c24a3f",
    "refused": "#7a5195",
    "fail_open": "#e07b39",
    "shadow": "#b9c4d6",
    "response": "#9dbfe3",
}
_PLAIN = "#4a86c5"
_MOST_BARS = 25
_WIDTH = 1000
_LABEL = 260  # for the names of bars
_BAR = 22
_HEIGHT = 260  # of columns
_TICKS = 4
_CHARACTER = 8  # room for one below a column


def drawn(table: Table) -> str:
    """An `<svg>`, with a legend where it needs one; nothing for a table that is its own plot."""
    match table.plot:
        case Plot.BARS:
            return _legend(table) + _bars(table)
        case Plot.GROUPS:
            return _legend(table) + _groups(table)
        case Plot.COLUMNS:
            return _legend(table) + _columns(table)
        case Plot.SHADES:
            return ""


def shade(value: Cell, most: float) -> str:
    """The attribute of a cell whose number is to be seen by its shade."""
    strength = float(value) / most if most else 0.0
    return f' style="background: rgba(74, 134, 197, {0.75 * strength:.2f})"'


def _bars(table: Table) -> str:
    rows = table.rows[:_MOST_BARS]
    most = max((sum(_numbers(table, row)) for row in rows), default=0) or 1
    room = _WIDTH - _LABEL - 90
    parts: list[str] = []
    for index, row in enumerate(rows):
        top = index * _BAR
        numbers = _numbers(table, row)
        name = " · ".join(str(cell) for cell in row[: table.keys] if cell != "")
        parts.append(_text(_LABEL - 8, top + 15, name, "end"))
        for (start, end), series in zip(
            pairwise([0, *accumulate(numbers)]), _series(table), strict=True
        ):
            x, width = _LABEL + start / most * room, (end - start) / most * room
            title = f"{name}, {series}: {end - start:,.6g}"
            parts.append(_rectangle(x, top + 3, width, _BAR - 6, _colour(series), title))
        end = _LABEL + sum(numbers) / most * room
        parts.append(_text(end + 6, top + 15, f"{sum(numbers):,.6g}"))
    more = len(table.rows) - len(rows)
    if more > 0:
        parts.append(_text(_LABEL - 8, len(rows) * _BAR + 15, f"and {more:,} more", "end"))
    return _svg(parts, (len(rows) + (more > 0)) * _BAR + 4, table.title)


def _groups(table: Table) -> str:
    most = max((max(_numbers(table, row)) for row in table.rows), default=0) or 1
    room = _WIDTH - _LABEL - 90
    parts: list[str] = []
    top = 0
    for row in table.rows:
        numbers = _numbers(table, row)
        parts.append(_text(_LABEL - 8, top + len(numbers) * 8 + 4, str(row[0]), "end"))
        for series, number in zip(_series(table), numbers, strict=True):
            title = f"{row[0]}, {series}: {number:,.6g}"
            width = number / most * room
            parts.append(_rectangle(_LABEL, top, width, 14, _colour(series), title))
            parts.append(_text(_LABEL + width + 6, top + 12, f"{number:,.6g}"))
            top += 16
        top += 10
    return _svg(parts, top, table.title)


def _columns(table: Table) -> str:
    left, bottom = 60, _HEIGHT - 24
    rows = table.rows
    most = _rounded(max(sum(_numbers(table, row)) for row in rows))
    step = (_WIDTH - left) / len(rows)
    parts = list(_grid(most, left, bottom))
    every = math.ceil(max(len(str(row[0])) for row in rows) * _CHARACTER / step)
    for index, row in enumerate(rows):
        x = left + index * step
        numbers = _numbers(table, row)
        for (start, end), series in zip(
            pairwise([0, *accumulate(numbers)]), _series(table), strict=True
        ):
            height = (end - start) / most * (bottom - 10)
            y = bottom - end / most * (bottom - 10)
            title = f"{row[0]}, {series}: {end - start:,.6g}"
            parts.append(_rectangle(x + 1, y, max(step - 2, 1), height, _colour(series), title))
        if index % every == 0:
            parts.append(_text(x, _HEIGHT - 6, str(row[0])))
    return _svg(parts, _HEIGHT, table.title)


def _stacked(table: Table, numbers: Sequence[float]) -> Iterator[tuple[str, float, float]]:
    """Each series with where its number begins and ends."""
    for series, (start, end) in zip(
        _series(table), pairwise([0.0, *accumulate(numbers)]), strict=True
    ):
        yield series, start, end


def _grid(most: float, left: float, bottom: float) -> Iterator[str]:
    for tick in range(_TICKS + 1):
        y = bottom - tick / _TICKS * (bottom - 10)
        yield f'<line x1="{left}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        yield _text(left - 6, y + 4, f"{most * tick / _TICKS:,.6g}", "end")


def _rounded(most: float) -> float:
    """The next number above that is easy to read, in fours."""
    step = 4.0
    while step < most:
        for factor in (2, 2.5, 5, 10):
            if step * factor >= most:
                return step * factor
        step *= 10
    return step


def _legend(table: Table) -> str:
    series = _series(table)
    if len(series) < 2:
        return ""
    items = "".join(
        f'<span><i style="background: {_colour(name)}"></i>{escape(name)}</span>' for name in series
    )
    return f'<p class="legend">{items}</p>'


def _series(table: Table) -> Sequence[str]:
    return table.columns[table.keys :]


def _numbers(table: Table, row: tuple[Cell, ...]) -> list[float]:
    return [float(cell) for cell in row[table.keys :]]


def _colour(series: str) -> str:
    return COLOURS.get(series, _PLAIN)


def _rectangle(x: float, y: float, width: float, height: float, colour: str, title: str) -> str:
    if width <= 0 or height <= 0:
        return ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{colour}"><title>{escape(title)}</title></rect>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    shown = text if len(text) <= 40 else text[:39] + "…"
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(shown)}</text>'


def _svg(parts: Sequence[str], height: float, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
