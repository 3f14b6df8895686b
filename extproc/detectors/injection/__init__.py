"""Attacks on instructions: injections and jailbreaks."""

from extproc.detectors.injection import instructions

RECOGNIZERS = (*instructions.RECOGNIZERS,)
