"""Personal data."""

from extproc.detectors.labels import LabelFinder
from extproc.detectors.pii import (
    birth,
    coordinates,
    email,
    employees,
    national_ids,
    network,
    phone,
    travel,
    url,
    us_ids,
    vehicle,
)
from extproc.detectors.recognizer import Finder

RECOGNIZERS = (
    *email.RECOGNIZERS,
    *phone.RECOGNIZERS,
    *us_ids.RECOGNIZERS,
    *national_ids.RECOGNIZERS,
    *birth.RECOGNIZERS,
    *network.RECOGNIZERS,
    *url.RECOGNIZERS,
    *coordinates.RECOGNIZERS,
    *vehicle.RECOGNIZERS,
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
