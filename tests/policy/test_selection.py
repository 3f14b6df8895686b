"""Policies that match hold together: the strictest decides, unless a wider one lets it be."""

from typing import Any

import pytest

from extproc.model.errors import InputError
from extproc.model.values import Action, Direction, Finding
from extproc.policy.combination import combined
from extproc.policy.judge import Judge
from extproc.policy.match import ALWAYS, Match, Matcher
from extproc.policy.policy import Policy
from tests.guardrail.making import policy, rule

REQUEST = {
    ":authority": "API.openai.com:443",
    ":path": "/openai/v1/chat/completions?a=b",
    "x-team": "sales-emea",
}


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, True),
        ({"hosts": ["api.openai.com"]}, True),
        ({"hosts": ["*.openai.com", "else"]}, True),
        ({"hosts": ["openai.com"]}, False),
        ({"hosts": ["api.openai.com*evil"]}, False),
        ({"paths": ["/openai/*"]}, True),
        ({"paths": ["/openai/v1/chat/completions"]}, True),
        ({"paths": ["/anthropic/*"]}, False),
        ({"headers": {"x-team": ["support", "sales-*"]}}, True),
        ({"headers": {"x-team": ["sales"]}}, False),
        ({"headers": {"x-app": ["*"]}}, True),
        ({"hosts": ["*"], "paths": ["/anthropic/*"]}, False),
    ],
)
def test_all_that_is_named_must_hold(match: dict[str, Any], expected: bool) -> None:
    assert Matcher(Match.model_validate(match)).holds(REQUEST) is expected


def test_a_header_that_is_not_there_is_empty() -> None:
    missing = Matcher(Match.model_validate({"headers": {"x-app": ["chat*"]}}))
    assert not missing.holds(REQUEST)


def test_many_wildcards_cost_little() -> None:
    match = Matcher(Match.model_validate({"paths": ["*a" * 100 + "b"]}))
    assert not match.holds({":path": "a" * 8000})


def named(name: str, *rules: dict[str, Any], match: dict[str, Any] | None = None) -> Policy:
    made = policy(*rules)
    matcher = Matcher(Match.model_validate(match)) if match else ALWAYS
    return Policy(**{**vars(made), "name": name, "match": matcher})


def decided(made: Policy, kind: str) -> str:
    judge = Judge(made, Direction.REQUEST, "caller")
    judged = judge.decide(Finding(kind, "pii", 0, 5, 1.0), (), "user")
    return "" if judged is None else f"{judged.action} by {judged.rule}"


NARROW = {"headers": {"x-team": ["a"]}}


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (rule("iban"), rule("iban", "block"), "block by iban"),
        (rule("iban", "block"), rule("iban", "flag", name="mine"), "block by iban"),
        (rule("iban"), rule("iban", "allow", name="mine"), "redact by iban"),
        (rule("iban", overridable=True), rule("iban", "allow"), "allow by iban"),
        (rule("iban", overridable=True), rule("npi", "block"), "redact by iban"),
        (rule("iban", "block", rollout="shadow"), rule("iban", "flag"), "flag by iban"),
        (rule("npi"), rule("npi"), ""),
    ],
)
def test_a_narrower_policy_may_only_tighten_unless_it_is_let(
    wide: dict[str, Any], narrow: dict[str, Any], expected: str
) -> None:
    both = combined([named("mesh", wide), named("team", narrow, match=NARROW)])
    assert both.name == "mesh+team"
    assert decided(both, "iban") == expected


def test_of_two_that_are_as_narrow_neither_overrides_the_other() -> None:
    one = named("a", rule("iban", overridable=True), match=NARROW)
    other = named("b", rule("iban", "allow"), match=NARROW)
    assert decided(combined([one, other]), "iban") == "redact by iban"


def test_everything_else_is_as_strict_as_in_the_strictest() -> None:
    both = combined(
        [
            policy(rule("iban"), maxRiskScore=0.9, unscanned="flag", unknownApis="allow"),
            policy(rule("npi", onError="allow"), maxRiskScore=0.5, unknownApis="block"),
        ]
    )
    assert (both.max_risk_score, both.unscanned, both.unknown_apis) == (0.5, Action.FLAG, "block")
    assert both.on_error(Direction.REQUEST) is Action.BLOCK
    assert both.watched(Direction.REQUEST) == {"iban", "npi"}
    assert both.holding(Direction.RESPONSE) == {"iban", "npi"}


def test_each_counts_by_its_own_strictness() -> None:
    strict = policy(rule("iban"), strictness="strict")
    doubtful = Finding("iban", "pci", 0, 5, 0.4)
    both = combined([policy(rule("iban", "block")), strict])
    judged = Judge(both, Direction.REQUEST, "caller").decide(doubtful, (), "user")
    assert judged is not None
    assert judged.action is Action.REDACT


def test_two_things_with_one_name_are_refused() -> None:
    one = policy(rule("badge"), entities=[{"name": "badge", "words": ["falcon"]}])
    other = policy(rule("badge"), entities=[{"name": "badge", "words": ["condor"]}])
    with pytest.raises(InputError, match="entities called badge that differ; rename one"):
        combined([one, other])
