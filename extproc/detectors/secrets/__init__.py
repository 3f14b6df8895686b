"""Credentials."""

from extproc.detectors.secrets import issued

RECOGNIZERS = (*issued.RECOGNIZERS,)
