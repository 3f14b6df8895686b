"""Environments change what is written; compliance switches are rules; laxer ones are told."""

from pathlib import Path
from typing import Any

import pytest

from extproc.app.check import check_file
from extproc.detectors.catalog import TYPES
from extproc.model.values import Action, Direction
from extproc.policy.comparison import laxer
from extproc.policy.document import Environment, PolicyDocument
from extproc.policy.policy import Policy, build
from tests.guardrail.making import policy, rule


def within(environment: Environment, **spec: Any) -> Policy:
    document = {
        "apiVersion": "extproc.dev/v1",
        "kind": "Policy",
        "metadata": {"name": "test"},
        "spec": {"preset": "none", **spec},
    }
    return build(PolicyDocument.model_validate(document), TYPES, environment)


SPEC: dict[str, Any] = {
    "strictness": "permissive",
    "rules": [rule("us_ssn", "flag"), rule("iban", "flag")],
    "environments": {
        "staging": {"strictness": "strict", "rules": [rule("us_ssn", "block")]},
        "production": {"maxRiskScore": 0.5, "unscanned": "block", "rules": [rule("npi")]},
    },
}


def actions(made: Policy) -> dict[str, str]:
    return {active.rule.name: str(active.rule.action) for active in made.rules}


def test_an_overlay_replaces_rules_by_name_and_adds_its_own_first() -> None:
    assert actions(within("development", **SPEC)) == {"us-ssn": "flag", "iban": "flag"}
    assert actions(within("staging", **SPEC)) == {"us-ssn": "block", "iban": "flag"}
    assert [*actions(within("production", **SPEC))] == ["npi", "us-ssn", "iban"]


def test_an_overlay_changes_what_it_names_and_nothing_else() -> None:
    assert within("development", **SPEC).least_score == 0.8
    assert within("staging", **SPEC).least_score == 0.3
    made = within("production", **SPEC)
    assert (made.least_score, made.max_risk_score, made.unscanned) == (0.8, 0.5, Action.BLOCK)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"pii": True}, {"compliance-pii": "block"}),
        ({"pii": True, "onViolation": "log"}, {"compliance-pii": "flag"}),
        (
            {"phi": True, "pci": True, "onViolation": "log", "anonymizeContent": True},
            {"compliance-phi": "redact", "compliance-pci": "redact"},
        ),
        ({"anonymizeAudit": True}, {}),
    ],
)
def test_compliance_switches_are_rules(switches: dict[str, Any], expected: dict[str, str]) -> None:
    assert actions(within("production", compliance=switches)) == expected


def test_written_rules_are_asked_before_switches_and_these_before_the_preset() -> None:
    made = within("production", preset="rag", compliance={"pii": True}, rules=[rule("us_ssn")])
    first = {
        kind: made.rules_by_type[Direction.REQUEST][kind][0].rule.name
        for kind in ("us_ssn", "email_address", "github_token")
    }
    assert first["us_ssn"] == "us-ssn"
    assert first["email_address"] == "compliance-pii"
    assert not first["github_token"].startswith("compliance")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            policy(rule("iban", "block")),
            policy(rule("iban")),
            ["request: block → redact of iban", "response: block → redact of iban"],
        ),
        (
            policy(rule("iban", on=["request"])),
            policy(rule("iban", on=["request"], rollout="shadow")),
            ["request: redact → allow of iban"],
        ),
        (
            policy(rule("iban", on=["request"])),
            policy(rule("iban", on=["request"], rollout="enforce: 50%")),
            ["request: redact → allow of iban"],
        ),
        (policy(unscanned="block"), policy(), ["unscanned block → allow"]),
        (policy(maxRiskScore=0.5), policy(), ["maxRiskScore 0.5 → none"]),
        (policy(unknownApis="block"), policy(), ["unknownApis block → scan"]),
        (
            policy(strictness="strict"),
            policy(),
            ["findings count from a score of 0.3 → 0.5"],
        ),
        (policy(rule("iban")), policy(rule("iban", "block"), maxRiskScore=0.2), []),
    ],
)
def test_what_is_laxer_is_said(one: Policy, other: Policy, expected: list[str]) -> None:
    assert list(laxer(one, other)) == expected


def test_check_warns_where_production_is_laxer_than_staging(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: p}\nspec:\n"
        "  environments:\n    staging: {maxRiskScore: 0.5}\n"
    )
    warning = "warning: p: production is laxer than staging: maxRiskScore 0.5 → none"
    assert warning in check_file(file)
    file.write_text(file.read_text().replace("staging", "production"))
    assert "warning" not in check_file(file)
