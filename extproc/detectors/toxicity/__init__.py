"""Hate, harassment, threats and other unsafe words."""

from extproc.detectors.recognizer import Recognizer

RECOGNIZERS: tuple[Recognizer, ...] = ()
