"""Health data."""

from extproc.detectors.recognizer import Recognizer

RECOGNIZERS: tuple[Recognizer, ...] = ()
