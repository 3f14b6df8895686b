"""Policies for tools: nobody waits, and what was compiled for one start serves the next."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from extproc.app.cache import Cache, default_directory
from extproc.app.detectors import guardrail_of
from extproc.app.policies import load_policy
from extproc.detectors.compiler import Compiler
from extproc.guardrail.guardrail import Guardrail
from extproc.policy.document import Environment
from extproc.policy.policy import Policy
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry


class Source(NamedTuple):
    """Where a policy is written, None for the default preset, and the environment it is for."""

    path: Path | None
    environment: Environment = "production"

    def policy(self) -> Policy:
        """Raises InputError."""
        return load_policy(self.path, self.environment)

    def guardrail(self) -> Guardrail:
        """The policy made ready. Raises InputError."""
        return guardrail_for(self.policy())


def guardrail_for(policy: Policy) -> Guardrail:
    """A policy made ready. Raises InputError for a detector that cannot be built."""
    return guardrail_of(policy, Redactor(b"scan"), Telemetry(), compiler(), offline=True)


@cache
def compiler() -> Compiler:
    """Keeps what it compiles where the processor does."""
    named = os.environ.get("EXTPROC_CACHE_DIR")
    directory = Path(named) if named else default_directory()
    return Compiler(Cache(directory) if directory is not None else None)
