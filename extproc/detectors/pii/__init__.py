"""Personal data."""

from extproc.detectors.pii import coordinates, email, network, phone, url, us_ids, vehicle
from extproc.detectors.recognizer import Finder

RECOGNIZERS = (
    *email.RECOGNIZERS,
    *phone.RECOGNIZERS,
    *us_ids.RECOGNIZERS,
    *network.RECOGNIZERS,
    *url.RECOGNIZERS,
    *coordinates.RECOGNIZERS,
    *vehicle.RECOGNIZERS,
)

FINDERS: tuple[Finder, ...] = ()
