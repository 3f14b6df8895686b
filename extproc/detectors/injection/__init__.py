"""Attacks on instructions: injections and jailbreaks."""

from extproc.detectors.injection import instructions
from extproc.detectors.recognizer import Finder

RECOGNIZERS = (*instructions.RECOGNIZERS,)

FINDERS: tuple[Finder, ...] = ()
