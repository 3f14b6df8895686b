"""Attacks on instructions: injections and jailbreaks."""

from extproc.detectors.injection import evidence, exfiltration, instructions, suffix, tokens
from extproc.detectors.recognizer import Finder

RECOGNIZERS = (
    *instructions.RECOGNIZERS,
    *tokens.RECOGNIZERS,
    *exfiltration.RECOGNIZERS,
)

FINDERS: tuple[Finder, ...] = (*evidence.FINDERS, *suffix.FINDERS)
