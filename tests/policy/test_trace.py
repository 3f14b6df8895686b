"""Why a finding is decided on: each rule that names it has its answer, and the judge agrees."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from extproc.model.values import Direction, Finding
from extproc.policy.combination import combined
from extproc.policy.judge import Judge
from extproc.policy.trace import Answer, trace
from tests.guardrail.making import policy, rule

FOUND = Finding("us_ssn", "pii", 0, 11, 0.85)


def answers(
    *rules: dict[str, Any],
    role: str = "user",
    direction: Direction = Direction.REQUEST,
    finding: Finding = FOUND,
    **spec: Any,
) -> list[Answer]:
    made = policy(*rules, **spec)
    return [each.answer for each in trace(made, direction, "caller", role, finding)]


def test_the_first_rule_decides_and_the_next_is_not_asked() -> None:
    rules = rule("us_ssn", "flag", name="a"), rule("pii", "block", name="b")
    assert answers(*rules) == [Answer.DECIDES, Answer.NOT_ASKED]


def test_rules_about_other_types_are_not_named() -> None:
    assert answers(rule("email_address"), rule("us_ssn")) == [Answer.DECIDES]


def test_rules_about_others_pass_it_on() -> None:
    rules = (
        rule("us_ssn", name="a", on=["response"]),
        rule("us_ssn", name="b", roles=["tool"]),
        rule("us_ssn", name="c", rollout="shadow"),
        rule("us_ssn", name="d", rollout="sample: 0%"),
        rule("us_ssn", name="e", rollout="enforce: 0%"),
        rule("us_ssn", name="f"),
    )
    assert answers(*rules) == [
        Answer.OTHER_DIRECTION,
        Answer.OTHER_ROLE,
        Answer.OBSERVES,
        Answer.OFF,
        Answer.OBSERVES,
        Answer.DECIDES,
    ]


def test_a_rollout_is_spelled_as_in_a_policy() -> None:
    rollouts = ["shadow", "sample: 20%", "enforce: 10%", "enforce"]
    made = policy(*(rule("us_ssn", name=f"r{i}", rollout=r) for i, r in enumerate(rollouts)))
    traced = trace(made, Direction.REQUEST, "c", "user", FOUND)
    assert [each.rollout for each in traced] == rollouts


def test_what_is_below_the_strictness_is_not_judged() -> None:
    unsure = FOUND._replace(score=0.6)
    assert answers(rule("us_ssn"), finding=unsure, strictness="permissive") == [Answer.TOO_UNSURE]
    assert answers(rule("us_ssn"), finding=unsure) == [Answer.DECIDES]


RULES = st.builds(
    lambda action, on, roles, rollout: {
        "detect": ["us_ssn"],
        "action": action,
        "on": on,
        "roles": roles,
        "rollout": rollout,
    },
    st.sampled_from(["allow", "flag", "redact", "block"]),
    st.sampled_from([["request"], ["response"], ["request", "response"]]),
    st.sampled_from([[], ["user"], ["tool"]]),
    st.sampled_from(["enforce", "shadow", "sample: 50%", "enforce: 50%", "enforce: 10%"]),
)


@given(
    st.lists(st.lists(RULES, max_size=4), min_size=1, max_size=3),
    st.sampled_from(Direction),
    st.sampled_from(["user", "tool", ""]),
    st.sampled_from("abcdefgh"),
    st.sampled_from([0.2, 0.6, 0.9]),
)
def test_the_judge_decides_by_the_rule_that_is_said_to_decide(
    written: list[list[dict[str, Any]]], direction: Direction, role: str, caller: str, score: float
) -> None:
    named = [
        [{"name": f"r{n}-{i}", **each} for i, each in enumerate(rules)]
        for n, rules in enumerate(written)
    ]
    made = combined([replace(policy(*rules), name=f"p{n}") for n, rules in enumerate(named)])
    finding = FOUND._replace(score=score)
    judge = Judge(made, direction, caller)
    judged = judge.decide(finding, (), role)
    traced = trace(made, direction, caller, role, finding)
    decided = [each.rule for each in traced if each.answer is Answer.DECIDES]
    assert decided == ([judged.rule] if judged is not None else [])
    observed = [each.rule for each in traced if each.answer is Answer.OBSERVES]
    assert observed == [each.rule for each in judge.verdict().shadowed]
