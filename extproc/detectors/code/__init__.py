"""Dangerous code and markup in answers and in the arguments of tools."""

from extproc.detectors.recognizer import Recognizer

RECOGNIZERS: tuple[Recognizer, ...] = ()
