"""Personal data."""

from extproc.detectors.pii import email, network, phone, us_ids

RECOGNIZERS = (
    *email.RECOGNIZERS,
    *phone.RECOGNIZERS,
    *us_ids.RECOGNIZERS,
    *network.RECOGNIZERS,
)
