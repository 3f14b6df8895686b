"""The page of a report and its tables: whole by themselves, and right."""

import csv
import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from extproc.app.report.page import page
from extproc.app.report.tables import Table, tables, write_csv
from extproc.app.report.totals import Totals, add
from extproc.model.errors import InputError

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
_VOID = {"meta", "link", "br"}
_LINKS = {"href", "src", "xlink:href"}


def totals(count: int = 100) -> Totals:
    found = Totals()
    for number in range(count):
        add(
            found,
            {
                "timestamp": f"2026-11-21T{number % 24:02d}:00:00.000Z",
                "test_type": "request",
                "outcome": "judged",
                "verdict": ("allow", "flag", "redact", "block")[number % 4],
                "response_time_ms": float(number + 1),
                "score": number / 100,
                "findings": {"us_ssn": 1, "own": 2} if number % 4 else {},
                "rules": ["<ids>"] if number % 4 else [],
                "customer_id": f"=c{number % 3}",
                "scanned": 1,
                "skipped": {"image": 1} if number % 10 == 0 else {},
            },
        )
    return found


def html(found: Totals) -> str:
    return page(found, tables(found), ["<audit>.log"], NOW)


def named(found: Totals) -> dict[str, Table]:
    return {table.name: table for table in tables(found)}


class _Outline(HTMLParser):
    """Fails where elements do not nest; keeps what could load or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.links += [
            value or "" for name, value in attrs if name in ("href", "src", "xlink:href")
        ]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> _Outline:
    parser = _Outline()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def test_the_page_needs_no_script_and_no_network() -> None:
    seen = outline(html(totals()))
    assert not seen.seen.keys() & {"script", "iframe", "object", "img", "form"}
    assert seen.links == ["data:,"]
    text = html(totals())
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_every_section_has_its_plot() -> None:
    found = totals()
    seen = outline(html(found))
    names = [table.name for table in tables(found)]
    assert names == [
        "verdicts",
        "times",
        "findings",
        "rules",
        "scores",
        "latency",
        "customers",
        "customers-and-rules",
        "coverage",
    ]
    assert (seen.seen["section"], seen.seen["svg"], seen.seen["table"]) == (9, 8, 9)


def test_plots_are_svg_with_nothing_outside() -> None:
    for drawing in re.findall(r"<svg.*?</svg>", html(totals()), re.DOTALL):
        root = ET.fromstring(drawing)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        rectangles = list(root.iter("rect"))
        assert rectangles
        for each in rectangles:
            x, y, w, h = (float(each.attrib[name]) for name in ("x", "y", "width", "height"))
            assert x >= 0
            assert x + w <= width
            assert y >= -0.1
            assert y + h <= height


def test_names_are_text_and_never_markup() -> None:
    text = html(totals())
    assert "&lt;ids&gt;" in text
    assert "<ids>" not in text
    assert "&lt;audit&gt;.log" in text


def test_tables_say_what_was_counted() -> None:
    made = named(totals())
    assert made["verdicts"].columns == ("direction", "allow", "flag", "redact", "block")
    assert made["verdicts"].rows == [("request", 25, 25, 25, 25)]
    assert made["findings"].rows == [("own", "custom", 150), ("us_ssn", "pii", 75)]
    assert made["rules"].rows == [("<ids>", 75, 0)]
    assert made["coverage"].rows == [
        ("bodies judged", "", 100),
        ("parts scanned", "", 100),
        ("parts skipped", "image", 10),
    ]
    assert len(made["times"].rows) == 24
    assert sum(int(row[1]) for row in made["scores"].rows) == 99


def test_percentiles_are_those_of_the_input() -> None:
    found = {str(row[0]): float(row[1]) for row in named(totals())["latency"].rows}
    assert found.keys() == {"p50", "p75", "p90", "p95", "p99", "p99.9"}
    for name in ("p50", "p90", "p99"):
        assert found[name] == pytest.approx(float(name[1:]), rel=0.03)


def test_many_hours_are_shown_as_days() -> None:
    found = totals(0)
    found.bodies = 1
    for hour in range(100):
        found.hours[f"2026-11-{1 + hour // 24:02d}T{hour % 24:02d}", "allow"] += 1
    table = named(found)["times"]
    assert (table.columns[0], [row[0] for row in table.rows][:2]) == (
        "day",
        ["2026-11-01", "2026-11-02"],
    )


def test_what_the_input_does_not_have_is_left_out() -> None:
    found = Totals()
    add(found, {"verdict": "allow", "risk_score": 0.0, "findings": []})
    assert named(found).keys() == {"verdicts", "scores", "customers", "coverage"}
    outline(html(found))


def test_a_file_for_each_table_and_nothing_that_a_spreadsheet_runs(tmp_path: Path) -> None:
    made = tables(totals())
    write_csv(made, tmp_path / "out")
    assert {file.stem for file in (tmp_path / "out").iterdir()} == {table.name for table in made}
    with (tmp_path / "out" / "customers.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["customer", "allow", "flag", "redact", "block"]
    assert {row[0] for row in rows[1:]} == {"'=c0", "'=c1", "'=c2"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="name a folder to write in"):
        write_csv(tables(totals()), tmp_path / "file" / "out")
