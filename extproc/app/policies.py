"""The policy in force, reloaded when its file changes; a broken edit keeps the last good one."""

import asyncio
import hashlib
import logging
from pathlib import Path

from extproc.app import memory
from extproc.app.detectors import guardrails_of
from extproc.detectors.catalog import TYPES
from extproc.detectors.compiler import IN_MEMORY, Compiler
from extproc.guardrail.entities import problems_of
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.selection import Guardrails
from extproc.model.errors import InputError
from extproc.policy.document import Environment, Metadata, PolicyDocument, Spec
from extproc.policy.load import load_policies
from extproc.policy.policy import Policy, build
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry

_log = logging.getLogger(__name__)


def load_policy(path: Path | None, environment: Environment = "production") -> Policy:
    """The one policy of a file, or the default preset. Raises InputError."""
    policies = policies_of(path, environment)
    if len(policies) > 1:
        raise InputError(f"{path} holds {len(policies)} policies; name a file with one")
    return policies[0]


def policies_of(path: Path | None, environment: Environment = "production") -> list[Policy]:
    """All policies of a file, or the default preset. Raises InputError."""
    if path is not None:
        return load_policies(path, TYPES, problems_of, environment)
    document = PolicyDocument(
        apiVersion="extproc.dev/v1",
        kind="Policy",
        metadata=Metadata(name="default"),
        spec=Spec(),
    )
    return [build(document, TYPES)]


class PolicyInForce:
    """Holds the guardrail of the current policy. Raises InputError when the first one is broken."""

    def __init__(
        self,
        path: Path | None,
        redactor: Redactor,
        telemetry: Telemetry,
        compiler: Compiler = IN_MEMORY,
        environment: Environment = "production",
    ) -> None:
        self._path = path
        self._environment = environment
        self._redactor = redactor
        self._telemetry = telemetry
        self._compiler = compiler
        self._digest = _digest(path)
        self.guardrail = self._load(path)
        self.last_error = ""
        telemetry.reload("loaded")

    def _load(self, path: Path | None) -> Guardrail | Guardrails:
        policies = policies_of(path, self._environment)
        guardrail = guardrails_of(policies, self._redactor, self._telemetry, self._compiler)
        memory.trim()
        return guardrail

    async def follow(self, poll_seconds: float) -> None:
        """Watch the file for ever. By content, since a ConfigMap swaps a link behind the path."""
        while self._path is not None:
            await asyncio.sleep(poll_seconds)
            digest = await asyncio.to_thread(_digest, self._path)
            if digest != self._digest:
                self._digest = digest
                await self._reload(self._path)

    async def _reload(self, path: Path) -> None:
        try:
            self.guardrail = await asyncio.to_thread(self._load, path)
        except InputError as error:
            self.last_error = str(error)
            self._telemetry.reload("refused")
            _log.error("policy refused, the last good one stays", extra={"reason": str(error)})
            return
        self.last_error = ""
        self._telemetry.reload("loaded")
        _log.info("policy loaded", extra={"policy": self.guardrail.policy.name})


def _digest(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return b"unreadable"
