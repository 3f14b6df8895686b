"""From findings to a verdict."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.model.values import Action, Direction, Finding, Verdict
from extproc.policy.judge import Judge
from extproc.policy.policy import Policy
from tests.guardrail.making import policy, rule

SSN = Finding("us_ssn", "pii", 3, 14, 0.85)
MAIL = Finding("email_address", "pii", 0, 6, 0.95)
CARD = Finding("credit_card", "pci", 0, 16, 0.95)
KEY = Finding("github_token", "secrets", 0, 40, 0.98)


def judge(made: Policy, caller: str = "caller", direction: Direction = Direction.REQUEST) -> Judge:
    return Judge(made, direction, caller)


def verdict(
    made: Policy, *findings: Finding, role: str = "user", caller: str = "caller"
) -> Verdict:
    deciding = judge(made, caller)
    for finding in findings:
        deciding.decide(finding, ("x",), role)
    return deciding.verdict()


def test_without_findings_everything_is_allowed() -> None:
    assert verdict(policy(rule("us_ssn"))) == Verdict(Action.ALLOW, 0.0, "test")


@pytest.mark.parametrize("action", list(Action))
def test_a_verdict_is_the_action_of_the_rule(action: Action) -> None:
    seen = verdict(policy(rule("us_ssn", action.value)), SSN)
    assert seen.action is action
    assert bool(seen.judged) is (action is not Action.ALLOW)


def test_a_decision_names_rule_operator_and_place() -> None:
    made = policy(rule("us_ssn", name="ids", redaction="mask"))
    judged = judge(made).decide(SSN, ("messages", 0), "user")
    assert judged is not None
    assert (judged.finding, judged.rule, judged.action) == (SSN, "ids", Action.REDACT)
    assert (judged.operator, judged.path) == ("mask", ("messages", 0))


def test_the_first_rule_that_matches_decides() -> None:
    made = policy(
        rule("us_ssn", "allow", name="first"),
        rule("pii", "block", name="second"),
    )
    assert verdict(made, SSN).action is Action.ALLOW
    assert verdict(made, MAIL).action is Action.BLOCK


def test_the_most_severe_action_wins_and_gives_the_reason() -> None:
    made = policy(rule("us_ssn", "flag"), rule("email_address"), rule("credit_card", "block"))
    seen = verdict(made, MAIL, CARD, SSN)
    assert (seen.action, seen.reason) == (Action.BLOCK, "credit-card")
    assert len(seen.judged) == 3


def test_a_finding_that_no_rule_names_is_nothing() -> None:
    assert verdict(policy(rule("us_ssn")), MAIL) == Verdict(Action.ALLOW, 0.0, "test")


def test_a_rule_of_the_other_side_is_nothing() -> None:
    deciding = judge(policy(rule("us_ssn", on=["response"])))
    assert deciding.decide(SSN, (), "user") is None


@pytest.mark.parametrize(
    ("strictness", "action"),
    [("permissive", Action.ALLOW), ("moderate", Action.FLAG), ("strict", Action.FLAG)],
)
def test_a_weak_finding_is_nothing_to_a_lenient_policy(strictness: str, action: Action) -> None:
    weak = Finding("ip_address", "pii", 0, 7, 0.6)
    assert verdict(policy(rule("pii", "flag"), strictness=strictness), weak).action is action


def test_the_least_score_is_inclusive() -> None:
    made = policy(rule("pii", "flag"))
    for score, action in ((0.5, Action.FLAG), (0.4999, Action.ALLOW)):
        assert verdict(made, Finding("us_ssn", "pii", 0, 9, score)).action is action


@pytest.mark.parametrize(
    ("role", "action"),
    [("user", Action.BLOCK), ("tool", Action.FLAG), ("system", Action.FLAG), ("", Action.FLAG)],
)
def test_a_rule_for_roles_leaves_others_to_the_next(role: str, action: Action) -> None:
    made = policy(rule("us_ssn", "block", roles=["user"]), rule("pii", "flag"))
    assert verdict(made, SSN, role=role).action is action


# Risk


def test_the_risk_of_one_finding_is_its_weight_times_its_score() -> None:
    made = policy(rule(["pii", "pci", "secrets"], "flag"))
    assert verdict(made, SSN).risk_score == pytest.approx(0.5 * 0.85)
    assert verdict(made, CARD).risk_score == pytest.approx(0.8 * 0.95)
    assert verdict(made, KEY).risk_score == pytest.approx(0.9 * 0.98, abs=1e-4)


@given(
    st.lists(st.floats(0.5, 1), max_size=30),
    st.sampled_from(["flag", "redact", "block"]),
)
def test_risks_add_up_like_independent_chances(scores: list[float], action: str) -> None:
    made = policy(rule("pii", action))
    seen = verdict(made, *(Finding("us_ssn", "pii", 0, 9, score) for score in scores))
    assert seen.risk_score == pytest.approx(
        1 - math.prod(1 - 0.5 * score for score in scores), abs=1e-4
    )
    assert 0 <= seen.risk_score <= 1


def test_an_allowed_finding_adds_no_risk() -> None:
    assert verdict(policy(rule("us_ssn", "allow")), SSN).risk_score == 0


def test_a_finding_that_is_only_observed_adds_no_risk() -> None:
    assert verdict(policy(rule("us_ssn", rollout="shadow")), SSN).risk_score == 0


def test_a_family_without_a_weight_counts_as_custom() -> None:
    made = policy(rule("us_ssn", "flag"))
    other = Finding("us_ssn", "new_family", 0, 9, 1.0)
    assert verdict(made, other).risk_score == pytest.approx(0.5)


def test_more_risk_than_allowed_is_a_block() -> None:
    made = policy(rule("pii", "flag"), maxRiskScore=0.6)
    assert verdict(made, SSN).action is Action.FLAG
    seen = verdict(made, SSN, SSN)
    assert (seen.action, seen.reason) == (Action.BLOCK, "max_risk_score")


def test_exactly_as_much_risk_as_allowed_is_none() -> None:
    made = policy(rule("pii", "flag"), maxRiskScore=0.5)
    assert verdict(made, Finding("us_ssn", "pii", 0, 9, 1.0)).action is Action.FLAG


def test_what_is_redacted_does_not_count_against_the_limit() -> None:
    made = policy(rule("us_ssn"), rule("email_address", "flag"), maxRiskScore=0.6)
    assert verdict(made, SSN, SSN, SSN, MAIL).action is Action.REDACT
    assert verdict(made, SSN, MAIL, MAIL).action is Action.BLOCK


def test_a_limit_of_zero_blocks_whatever_is_flagged() -> None:
    assert verdict(policy(rule("pii", "flag"), maxRiskScore=0), SSN).action is Action.BLOCK


def test_a_block_by_a_rule_keeps_its_own_reason() -> None:
    made = policy(rule("us_ssn", "block"), maxRiskScore=0.1)
    assert verdict(made, SSN).reason == "us-ssn"


# Rollout


def test_a_shadow_rule_observes_and_leaves_the_finding_to_the_next() -> None:
    made = policy(rule("us_ssn", "block", name="new", rollout="shadow"), rule("pii", "flag"))
    seen = verdict(made, SSN)
    assert seen.action is Action.FLAG
    assert [(item.rule, item.action) for item in seen.shadowed] == [("new", Action.BLOCK)]
    assert [item.rule for item in seen.judged] == ["pii"]


CALLERS = [f"caller-{number}" for number in range(2000)]


def share(rollout: object, name: str = "r") -> tuple[float, float]:
    """Shares of callers for whom a rule is enforced, and for whom it observes."""
    made = policy(rule("us_ssn", "block", name=name, rollout=rollout))
    seen = [verdict(made, SSN, caller=caller) for caller in CALLERS]
    return (
        sum(v.action is Action.BLOCK for v in seen) / len(seen),
        sum(bool(v.shadowed) for v in seen) / len(seen),
    )


@pytest.mark.parametrize(
    ("rollout", "enforced", "observed"),
    [
        ("enforce", 1, 0),
        ("shadow", 0, 1),
        ("enforce: 100%", 1, 0),
        ("enforce: 10%", 0.1, 0.9),
        ({"enforce": "10%"}, 0.1, 0.9),
        ("enforce: 0%", 0, 1),
        ("sample: 20%", 0, 0.2),
        ({"sample": "20%"}, 0, 0.2),
        ("sample:20%", 0, 0.2),
        ("sample: 0%", 0, 0),
        ("sample: 100%", 0, 1),
    ],
)
def test_a_rollout_reaches_its_share_of_callers(
    rollout: object, enforced: float, observed: float
) -> None:
    assert share(rollout) == pytest.approx((enforced, observed), abs=0.03)


@pytest.mark.parametrize("rollout", ["enforce: 0%", "enforce: 100%", "sample: 0%", "sample: 100%"])
def test_none_and_all_mean_exactly_that(rollout: str) -> None:
    assert set(share(rollout)) <= {0.0, 1.0}


def test_a_caller_stays_on_its_side() -> None:
    made = policy(rule("us_ssn", "block", rollout="enforce: 50%"))
    for caller in CALLERS[:50]:
        assert len({verdict(made, SSN, caller=caller).action for _ in range(3)}) == 1


def test_a_larger_share_keeps_the_callers_of_a_smaller_one() -> None:
    small, large = (
        policy(rule("us_ssn", "block", rollout=rollout))
        for rollout in ("enforce: 10%", "enforce: 30%")
    )
    for caller in CALLERS[:500]:
        if verdict(small, SSN, caller=caller).action is Action.BLOCK:
            assert verdict(large, SSN, caller=caller).action is Action.BLOCK


def test_rules_draw_their_shares_apart() -> None:
    made = policy(
        rule("us_ssn", "block", rollout="enforce: 50%"),
        rule("email_address", "block", rollout="enforce: 50%"),
    )
    both = [
        (verdict(made, SSN, caller=c).action, verdict(made, MAIL, caller=c).action)
        for c in CALLERS[:200]
    ]
    assert len(set(both)) == 4


# Bounds and the rest


def test_a_verdict_keeps_a_bounded_record_and_counts_all_risk() -> None:
    made = policy(rule("us_ssn", "flag"), rule("email_address", rollout="shadow"))
    seen = verdict(made, *[SSN] * 1500, *[MAIL] * 1500)
    assert len(seen.judged) == len(seen.shadowed) == 1000
    assert seen.risk_score == 1


def test_an_action_beyond_the_record_still_counts() -> None:
    made = policy(rule("us_ssn", "flag"), rule("email_address", "block"))
    assert verdict(made, *[SSN] * 1500, MAIL).action is Action.BLOCK


def test_what_cannot_be_scanned_raises_the_verdict() -> None:
    deciding = judge(policy(rule("us_ssn", "flag")))
    deciding.refuse(Action.FLAG, "unscanned_image")
    deciding.decide(SSN, (), "user")
    assert (deciding.verdict().action, deciding.verdict().reason) == (
        Action.FLAG,
        "unscanned_image",
    )
    deciding.refuse(Action.BLOCK, "unscanned_audio")
    assert deciding.verdict().reason == "unscanned_audio"


def test_a_verdict_is_a_value_of_its_moment() -> None:
    deciding = judge(policy(rule("us_ssn", "flag")))
    before = deciding.verdict()
    deciding.decide(SSN, (), "user")
    assert before == Verdict(Action.ALLOW, 0.0, "test")
