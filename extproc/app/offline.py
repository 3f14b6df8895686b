"""Policies for tools: nobody waits, and what was compiled for one start serves the next."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from extproc.app.cache import Cache, default_directory
from extproc.app.detectors import guardrails_of
from extproc.app.policies import policies_of
from extproc.detectors.compiler import Compiler
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.selection import Guardrails
from extproc.policy.document import Environment
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry

Guards: TypeAlias = Guardrail | Guardrails
"""A policy made ready, or several of which a request chooses."""


class Source(NamedTuple):
    """Where policies are written, None for the default preset, and the environment they are for."""

    path: Path | None
    environment: Environment = "production"

    def guardrails(self) -> Guards:
        """The policies made ready. Raises InputError."""
        policies = policies_of(self.path, self.environment)
        return guardrails_of(policies, Redactor(b"scan"), Telemetry(), compiler(), offline=True)


@cache
def compiler() -> Compiler:
    """Keeps what it compiles where the processor does."""
    named = os.environ.get("EXTPROC_CACHE_DIR")
    directory = Path(named) if named else default_directory()
    return Compiler(Cache(directory) if directory is not None else None)
