"""A policy that catches what it looks for is ready."""

from typing import Any

import pytest

from extproc.app.selftest import self_test
from tests.guardrail.making import guardrail, rule

READY: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "default": ([], {"preset": "default"}),
    "support-bot": ([], {"preset": "support-bot"}),
    "code-assistant": ([], {"preset": "code-assistant"}),
    "rag": ([], {"preset": "rag"}),
    "data-analysis": ([], {"preset": "data-analysis"}),
    "creative-writing": ([], {"preset": "creative-writing"}),
    "redact": ([rule("us_ssn")], {}),
    "block": ([rule("us_ssn", "block")], {}),
    "flag": ([rule("us_ssn", "flag")], {}),
    "shadow": ([rule("us_ssn", rollout="shadow")], {}),
    "enforced for some": ([rule("us_ssn", rollout="enforce: 1%")], {}),
    "another type": ([rule("iban")], {}),
    "attacks": ([rule("injection", "block", roles=["user"])], {}),
    "strict": ([rule("us_ssn")], {"strictness": "strict"}),
    "permissive": ([rule("us_ssn")], {"strictness": "permissive"}),
    # Policies that are right and catch nothing of a plain user's social security number.
    "observed for some": ([rule("us_ssn", rollout="sample: 1%")], {}),
    "for the answers of tools": ([rule("us_ssn", roles=["tool"])], {}),
    "with an exception": ([rule("us_ssn", "allow")], {"preset": "default"}),
    "weak types under permissive": ([rule("ip_address")], {"strictness": "permissive"}),
}


@pytest.mark.parametrize("name", READY)
def test_a_working_policy_is_ready(name: str) -> None:
    rules, spec = READY[name]
    check = self_test(guardrail(*rules, **spec))
    assert check.name == "self_test"
    assert check.passed, check.detail


def test_what_was_caught_is_said() -> None:
    assert self_test(guardrail(rule("us_ssn", "block"))).detail == "us_ssn was caught: block"
    assert self_test(guardrail(rule("iban"))).detail == "iban was caught: redact"


def test_a_policy_that_looks_for_nothing_is_ready() -> None:
    assert self_test(guardrail()).detail == "the policy looks for nothing"


def test_a_policy_for_answers_only_is_ready() -> None:
    assert self_test(guardrail(rule("us_ssn", on=["response"]))).passed
