"""Credentials."""

from extproc.detectors.secrets import issued, url_credentials

RECOGNIZERS = (*issued.RECOGNIZERS, *url_credentials.RECOGNIZERS)
