"""A canary pushed through the active policy: readiness means that it is caught."""

import json
from functools import lru_cache
from typing import NamedTuple

from extproc.admin.app import Check
from extproc.detectors import catalog
from extproc.detectors.normal import NormalText
from extproc.dialects.registry import find
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import ExtprocError
from extproc.model.values import Action, Direction, Finding
from extproc.policy.policy import Policy

_SSN = "My SSN is 123-45-6789"
_CALLER = "self-test"


class _Sample(NamedTuple):
    entity_type: str
    text: str
    role: str


def self_test(guardrail: Guardrail) -> Check:
    """Send a text through the policy that it must catch.

    That is a social security number, or for a policy that does not look for one in all traffic,
    the first example of something that it does look for.
    """
    sample = _sample(guardrail.policy)
    if sample is None:
        looks = guardrail.policy.watched(Direction.REQUEST)
        detail = "nothing that every request shows" if looks else "nothing"
        return Check("self_test", True, f"the policy looks for {detail}")
    message = {"role": sample.role, "content": sample.text}
    body = json.dumps({"model": "self-test", "messages": [message]}).encode()
    dialect = find("POST", "/v1/chat/completions")
    try:
        inspection = guardrail.inspect_json(dialect, Direction.REQUEST, body, _CALLER)
    except ExtprocError as error:
        return Check("self_test", False, f"the inspection failed: {type(error).__name__}")
    verdict = inspection.verdict
    found = {item.finding.type for item in (*verdict.judged, *verdict.shadowed)}
    if sample.entity_type in found:
        return Check("self_test", True, f"{sample.entity_type} was caught: {verdict.action.value}")
    detail = f"{sample.entity_type} was not caught; check the policy's rules"
    return Check("self_test", False, detail)


def _sample(policy: Policy) -> _Sample | None:
    for detector in sorted(catalog.DETECTORS, key=lambda each: "us_ssn" not in each.types):
        text = _SSN if "us_ssn" in detector.types else detector.examples[0]
        rules = policy.rules_by_type[Direction.REQUEST]
        if rules.keys().isdisjoint(detector.types):
            continue
        for finding in _found(detector.types, text):
            wanted = rules.get(finding.type, ())
            if not wanted or finding.score < policy.least_score:
                continue
            rule = wanted[0].rule
            if rule.action is not Action.ALLOW and rule.rollout.share >= 1:
                return _Sample(finding.type, text, rule.roles[0] if rule.roles else "user")
    return None


@lru_cache
def _found(types: tuple[str, ...], text: str) -> list[Finding]:
    return catalog.scanner(types).find(NormalText(text))
