"""Dangerous code and markup in answers and in the arguments of tools."""

from extproc.detectors.code import markup, shell, sql

RECOGNIZERS = (*markup.RECOGNIZERS, *sql.RECOGNIZERS, *shell.RECOGNIZERS)
