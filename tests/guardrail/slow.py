"""Slow detectors for tests, in this process: they do as they are told."""

import threading
from collections.abc import Sequence
from typing import Any

from extproc.detectors.catalog import TYPES
from extproc.detectors.slow import Deadline, DetectorError, Failure, Text
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.supervised import Bounds, Supervised
from extproc.model.values import Direction, Finding
from extproc.policy.document import PolicyDocument
from extproc.policy.policy import Policy, build
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry

WORD = "forbidden"
BOUNDS = Bounds(timeout=5.0, cache=0.0, retry=60.0, concurrency=4, queue=4)


class Words:
    """Finds a word. It can fail, and it can wait for `gate` to open."""

    def __init__(self, *, is_joint: bool = False, found: str = "slow") -> None:
        self.is_joint = is_joint
        self.found = found
        self.failure: Failure | Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[list[Text]] = []
        self.closed = False

    def detect(
        self, texts: Sequence[Text], direction: Direction, deadline: Deadline
    ) -> list[list[Finding]]:
        self.asked.append(list(texts))
        if not self.gate.wait(max(deadline.left, 0)):
            raise DetectorError(Failure.TIMEOUT)
        if isinstance(self.failure, Failure):
            raise DetectorError(self.failure)
        if self.failure is not None:
            raise self.failure
        return [self._findings(text.text) for text in texts]

    def _findings(self, text: str) -> list[Finding]:
        at = text.find(WORD)
        family = TYPES.get(self.found, "custom")
        return [Finding(self.found, family, at, at + len(WORD), 0.9)] if at >= 0 else []

    def close(self) -> None:
        self.closed = True


def supervised(
    words: Words, name: str = "slow", telemetry: Telemetry | None = None, **changes: Any
) -> Supervised:
    bounds = {name: getattr(BOUNDS, name) for name in Bounds.__slots__} | changes
    metrics = (telemetry or Telemetry()).detectors
    return Supervised(name, words, Bounds(**bounds), metrics)


def policy(
    *rules: dict[str, Any],
    detectors: Sequence[str] = ("slow",),
    declared: Sequence[dict[str, Any]] = (),
    **spec: Any,
) -> Policy:
    url = "http://127.0.0.1:1/"
    written = list(declared) or [{"name": n, "kind": "webhook", "url": url} for n in detectors]
    document = {
        "apiVersion": "extproc.dev/v1",
        "kind": "Policy",
        "metadata": {"name": "test"},
        "spec": {"preset": "none", "detectors": written, "rules": list(rules), **spec},
    }
    return build(PolicyDocument.model_validate(document), TYPES)


def guardrail(words: Words, *rules: dict[str, Any], **spec: Any) -> Guardrail:
    """A guardrail of these rules with one slow detector, called `slow`."""
    return Guardrail(policy(*rules, **spec), Redactor(b"key"), slow=[supervised(words)])
