"""Hate, harassment, threats and other unsafe words."""

from extproc.detectors.recognizer import Finder, Recognizer
from extproc.detectors.toxicity.finder import TOXICITY

RECOGNIZERS: tuple[Recognizer, ...] = ()
FINDERS: tuple[Finder, ...] = (TOXICITY,)
