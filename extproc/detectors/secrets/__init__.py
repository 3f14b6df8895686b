"""Credentials."""

from extproc.detectors.secrets import (
    assignments,
    authorization,
    connections,
    issued,
    jwt,
    marked,
    private_keys,
    url_credentials,
)

RECOGNIZERS = (
    *issued.RECOGNIZERS,
    *marked.RECOGNIZERS,
    *jwt.RECOGNIZERS,
    *private_keys.RECOGNIZERS,
    *connections.RECOGNIZERS,
    *authorization.RECOGNIZERS,
    *assignments.RECOGNIZERS,
    *url_credentials.RECOGNIZERS,
)
