"""Hate, harassment, threats and other unsafe words."""

from extproc.detectors.recognizer import Finder, Recognizer

RECOGNIZERS: tuple[Recognizer, ...] = ()

FINDERS: tuple[Finder, ...] = ()
