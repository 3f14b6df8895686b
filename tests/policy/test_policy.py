"""Presets, strictness, and which rules apply where."""

from typing import get_args

import pytest

from extproc.detectors.catalog import TYPES
from extproc.model.values import Action, Direction
from extproc.policy.document import Preset
from extproc.policy.policy import preset_rules
from tests.guardrail.making import policy, rule

PRESETS = [name for name in get_args(Preset) if name != "none"]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_looks_for_something_on_both_sides(preset: str) -> None:
    made = policy(preset=preset)
    for direction in Direction:
        assert {"credit_card", "us_ssn", "aws_access_key_id"} <= made.watched(direction)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_keeps_credentials_and_cards_in(preset: str) -> None:
    for direction in Direction:
        for kind in ("credit_card", "aws_access_key_id"):
            first = policy(preset=preset).rules_by_type[direction][kind][0].rule
            assert first.action in (Action.REDACT, Action.BLOCK)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_names_a_rule_twice(preset: str) -> None:
    names = [rule.name for rule in preset_rules(preset)]
    assert len(set(names)) == len(names)


def test_the_preset_none_has_no_rules() -> None:
    assert policy(preset="none").rules == ()
    assert policy(preset="none").watched(Direction.REQUEST) == frozenset()


def test_without_a_word_the_preset_is_the_default() -> None:
    assert [active.rule.name for active in policy(preset="default").rules] == [
        "names",
        "personal-data",
        "payment-data",
        "credentials",
        "instruction-attacks",
    ]


def test_own_rules_are_asked_before_those_of_the_preset() -> None:
    made = policy(rule("us_ssn", "block", name="own"), preset="default")
    assert [active.rule.name for active in made.rules][:2] == ["own", "names"]
    assert made.rules_by_type[Direction.REQUEST]["us_ssn"][0].rule.name == "own"


def test_an_own_rule_replaces_that_of_its_name() -> None:
    made = policy(rule("us_ssn", "flag", name="personal-data"), preset="default")
    assert [active.rule.name for active in made.rules].count("personal-data") == 1
    assert "email_address" not in made.watched(Direction.REQUEST)


@pytest.mark.parametrize(
    ("strictness", "least", "unscanned"),
    [
        ("permissive", 0.8, Action.ALLOW),
        ("moderate", 0.5, Action.FLAG),
        ("strict", 0.3, Action.BLOCK),
    ],
)
def test_strictness_moves_the_thresholds(strictness: str, least: float, unscanned: Action) -> None:
    made = policy(rule("pci"), strictness=strictness)
    assert (made.least_score, made.unscanned) == (least, unscanned)


def test_unscanned_can_be_said_apart() -> None:
    assert policy(rule("pci"), strictness="strict", unscanned="allow").unscanned is Action.ALLOW
    assert policy(unscanned="block").unscanned is Action.BLOCK


@pytest.mark.parametrize("strictness", ["permissive", "moderate", "strict"])
def test_without_rules_nothing_is_unscanned(strictness: str) -> None:
    assert policy(strictness=strictness).unscanned is Action.ALLOW


def test_a_family_stands_for_its_types() -> None:
    made = policy(rule("pci"))
    assert made.rules[0].types == {name for name, family in TYPES.items() if family == "pci"}


def test_what_is_only_allowed_is_not_watched() -> None:
    made = policy(rule("us_ssn", "allow"), rule("pii", "flag", on=["request"]))
    assert "us_ssn" not in made.watched(Direction.RESPONSE)
    assert "us_ssn" in made.watched(Direction.REQUEST)


def test_a_stream_waits_only_for_what_may_change_or_end_it() -> None:
    made = policy(
        rule("us_ssn"),
        rule("credit_card", "block"),
        rule("email_address", "flag"),
        rule("iban", rollout="shadow"),
        rule("jwt", rollout="enforce: 10%"),
        rule("ip_address", on=["request"]),
    )
    assert made.holding(Direction.RESPONSE) == {"us_ssn", "credit_card", "jwt"}


def test_with_a_risk_limit_a_stream_waits_for_everything_watched() -> None:
    made = policy(rule("email_address", "flag"), maxRiskScore=0.5)
    assert made.holding(Direction.RESPONSE) == {"email_address"}


def test_a_risk_limit_of_one_limits_nothing() -> None:
    assert (
        policy(rule("email_address", "flag"), maxRiskScore=1).holding(Direction.RESPONSE) == set()
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], Action.FLAG),
        ([rule("us_ssn", "flag")], Action.FLAG),
        ([rule("us_ssn", "allow")], Action.FLAG),
        ([rule("us_ssn")], Action.BLOCK),
        ([rule("us_ssn", onError="allow")], Action.ALLOW),
        ([rule("us_ssn", onError="flag")], Action.FLAG),
        ([rule("us_ssn", onError="allow"), rule("iban", "block")], Action.BLOCK),
        ([rule("us_ssn", rollout="shadow")], Action.FLAG),
        ([rule("us_ssn", on=["response"])], Action.FLAG),
    ],
)
def test_on_error_is_the_strictest_wish_of_what_is_enforced(
    rules: list[dict[str, object]], expected: Action
) -> None:
    assert policy(*rules).on_error(Direction.REQUEST) is expected


def test_a_stream_waits_for_no_rule_that_is_never_asked() -> None:
    flagged = rule("email_address", "flag", name="mail")
    made = policy(flagged, rule("pii", name="all"))
    assert "email_address" not in made.holding(Direction.RESPONSE)
    assert "us_ssn" in made.holding(Direction.RESPONSE)
    by_role = policy(flagged | {"roles": ["user"]}, rule("pii", name="all"))
    assert "email_address" in by_role.holding(Direction.RESPONSE)
