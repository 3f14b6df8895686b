"""Health data."""

from extproc.detectors.labels import LabelFinder
from extproc.detectors.phi import clinical_dates, codes, conditions, providers, records
from extproc.detectors.recognizer import Finder

RECOGNIZERS = (*records.RECOGNIZERS, *providers.RECOGNIZERS, *codes.RECOGNIZERS)

FINDERS: tuple[Finder, ...] = (
    LabelFinder(
        "phi",
        (
            *records.LABELLED,
            *providers.LABELLED,
            *codes.LABELLED,
            *clinical_dates.LABELLED,
            *conditions.LABELLED,
        ),
    ),
)
