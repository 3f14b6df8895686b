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
    postal_code,
    travel,
    url,
    us_ids,
    vehicle,
)
from extproc.detectors.pii.address import AddressFinder
from extproc.detectors.pii.person import PersonFinder
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
    *postal_code.RECOGNIZERS,
)

FINDERS: tuple[Finder, ...] = (
    PersonFinder(),
    AddressFinder(),
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
