"""Personal data."""

from extproc.detectors.labels import LabelFinder
from extproc.detectors.pii import (
    birth,
    email,
    employees,
    national_ids,
    network,
    phone,
    travel,
    us_ids,
)
from extproc.detectors.recognizer import Finder

RECOGNIZERS = (
    *email.RECOGNIZERS,
    *phone.RECOGNIZERS,
    *us_ids.RECOGNIZERS,
    *national_ids.RECOGNIZERS,
    *birth.RECOGNIZERS,
    *network.RECOGNIZERS,
)

FINDERS: tuple[Finder, ...] = (
    LabelFinder(
        "pii",
        (
            *us_ids.LABELLED,
            *national_ids.LABELLED,
            *travel.LABELLED,
            *birth.LABELLED,
            *employees.LABELLED,
        ),
    ),
)
