"""The picture of docs/performance.md: who spends how much CPU on a request."""

from collections.abc import Sequence
from html import escape

from bench.processes import ROOT
from bench.rows import Row

PICTURE = ROOT / "docs" / "bench.svg"

_WIDTH, _LEFT, _RIGHT = 760, 190, 90
_BAR, _GAP, _TOP = 22, 10, 64
_COLOURS = {"processor": "#2f6fde", "envoy": "#9aa5b1"}
_STYLE = "text{font:13px system-ui,sans-serif;fill:#57606a} .title{font-weight:600;font-size:15px}"


def save(rows: Sequence[Row]) -> None:
    """Draw what was measured at 16 connections; nothing if that was not measured."""
    bars = [
        (
            f"{row['name']}, {row['policy']}" if row["name"] != "envoy" else "Envoy alone",
            {part: _number(row[f"{part}_us_per_request"]) for part in _COLOURS},
        )
        for row in rows
        if row["kind"] == "request" and row["connections"] == 16
    ]
    if bars:
        PICTURE.write_text(_svg(bars))


def _svg(bars: Sequence[tuple[str, dict[str, float]]]) -> str:
    height = _TOP + len(bars) * (_BAR + _GAP) + _GAP
    scale = (_WIDTH - _LEFT - _RIGHT) / max(sum(parts.values()) for _, parts in bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text x="16" y="26" class="title">CPU µs of one request, 16 connections</text>',
    ]
    for number, (part, colour) in enumerate(_COLOURS.items()):
        left = _LEFT + number * 110
        lines += [
            f'<rect x="{left}" y="39" width="12" height="12" fill="{colour}"/>',
            f'<text x="{left + 18}" y="50">{part}</text>',
        ]
    for number, (name, parts) in enumerate(bars):
        y, x = _TOP + number * (_BAR + _GAP), float(_LEFT)
        text_y = y + _BAR - 6
        lines.append(f'<text x="{_LEFT - 10}" y="{text_y}" text-anchor="end">{escape(name)}</text>')
        for part, value in parts.items():
            width = value * scale
            lines.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" '
                f'fill="{_COLOURS[part]}"/>'
            )
            x += width
        figures = " + ".join(f"{value:.0f}" for value in parts.values() if value)
        lines.append(f'<text x="{x + 8:.1f}" y="{text_y}">{figures}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
