"""Personal data."""

from extproc.detectors.pii import email, network, phone, postal_code, us_ids
from extproc.detectors.pii.address import AddressFinder
from extproc.detectors.pii.person import PersonFinder
from extproc.detectors.recognizer import Finder

RECOGNIZERS = (
    *email.RECOGNIZERS,
    *phone.RECOGNIZERS,
    *us_ids.RECOGNIZERS,
    *network.RECOGNIZERS,
    *postal_code.RECOGNIZERS,
)

FINDERS: tuple[Finder, ...] = (PersonFinder(), AddressFinder())
