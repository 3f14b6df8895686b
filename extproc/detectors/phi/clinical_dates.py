"""Dates of treatment: a date and the clinical event that it is the date of."""

import re
from collections.abc import Iterator

from extproc.detectors.dates import find_date
from extproc.detectors.labels import Labelled
from extproc.detectors.recognizer import Span

_LABELS = (
    *("admission date", "date of admission", "admit date", "admitted on", "admitted to"),
    *("admitted for", "admitted with", "discharge date", "date of discharge", "discharged on"),
    *("discharged from", "discharged home", "date of service", "service date", "dos"),
    "hospitalized",
    *("hospitalised", "date of surgery", "surgery date", "surgery on", "underwent", "operated on"),
    *("procedure date", "date of procedure", "diagnosed on", "date of diagnosis", "diagnosis date"),
    *("diagnosed with", "onset date", "date of onset", "date of death", "deceased on", "dod"),
    *("pronounced dead", "time of death", "vaccinated on", "vaccination date", "immunization date"),
    *("date of visit", "visit date", "clinic visit", "date of injury", "date of exam", "exam date"),
    *("last menstrual period", "lmp", "biopsy on", "scan on", "mri on", "treated on"),
    *("specimen collected", "collection date", "readmitted", "seen in clinic on", "follow-up on"),
    *("aufnahmedatum", "entlassungsdatum", "date d'admission", "fecha de ingreso", "fecha de alta"),
)
_FARTHEST = 60
_BROKEN = re.compile(r"[.!?;]\s+[A-Z]|\n\s*\n|\b(?:born|dob|birth)\b", re.IGNORECASE)


def _event(_label: str, text: str) -> Iterator[Span]:
    date = find_date(text)
    if date and date.start <= _FARTHEST and not _BROKEN.search(text, 0, date.start):
        yield Span(date.start, date.end, 0.75)


LABELLED = (
    Labelled(
        types=("clinical_date",),
        labels=_LABELS,
        read=_event,
        examples=(
            "Admission date: 03/04/2020",
            "was discharged on March 4, 2020",
            "DOS 2020-03-04",
            "underwent an appendectomy on 4 March 2020",
        ),
        near_misses=("admitted on TV in 2020", "released on 2020-03-04", "dos 6.22"),
    ),
)
