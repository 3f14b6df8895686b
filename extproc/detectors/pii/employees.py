"""Numbers by which employers know people: of any form, so a word must say what they are."""

import re
from collections.abc import Iterator

from extproc.detectors.labels import Labelled, listed
from extproc.detectors.recognizer import Span

_LABELS = (
    *("employee id", "employee number", "employee no", "employee #", "employee code", "emp id"),
    *("emp no", "emp number", "emp", "staff id", "staff number", "staff no", "personnel number"),
    *("personnel id", "personnel no", "worker id", "payroll id", "payroll number", "badge number"),
    *("badge id", "badge no", "personalnummer", "mitarbeiternummer", "mitarbeiter-id"),
    *("matricule", "numéro d'employé", "número de empleado", "legajo", "matricola"),
    *("personeelsnummer", "社員番号", "工号"),
)
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{1,5}[-_ ]?\d{3,10}[A-Z]?|\d{4,10}|[A-Z]{1,4}-\d{2,4}-\d{2,6})"
    r"(?![A-Za-z0-9]|[./-]\d)",
    re.IGNORECASE,
)
_FARTHEST = 24  # characters between a label and its value
_MARK = re.compile(r"[^A-Za-z0-9]*[:#=,|][^A-Za-z0-9]*")
_BETWEEN = re.compile(
    r"[^A-Za-z0-9]*(?:(?:is|number|no|num|id|was)\b[^A-Za-z0-9]*){0,2}", re.IGNORECASE
)


def _employee(label: str, text: str) -> Iterator[Span]:
    """The number right behind the label, and those of a list that begins there."""
    start = 0
    for match in listed(_NUMBER, text, _FARTHEST):
        if start == 0 and not _BETWEEN.fullmatch(text, 0, match.start()):
            return
        if label == "emp" and match[0].isdigit() and not _MARK.match(text, start):
            return
        start = match.end()
        yield Span(match.start(), match.end(), 0.8)


LABELLED = (
    Labelled(
        types=("employee_id",),
        labels=_LABELS,
        read=_employee,
        examples=(
            '{"employee_id": "EMP-36493"}',
            "emp_id,name\nEMP-43687,Patricia Lee\nEMP-72795,Lisa Brown",
            "Wayne Enterprises (EMP: EMP-37806)",
            "employee number is 482913",
            "badge no. B10442",
        ),
        near_misses=("an employee of 2004", "employees: 12000 in 4 towns", "emp 2"),
    ),
)
