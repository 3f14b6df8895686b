"""A rule that blocks more than its bound goes back to observing, and says so once."""

import pytest

from extproc.model.values import Action, Direction, Finding, Verdict
from extproc.policy.brakes import Brake
from extproc.policy.judge import Judge
from extproc.policy.policy import Policy
from tests.guardrail.making import policy, rule

SSN = Finding("us_ssn", "pii", 0, 11, 1.0)


def rates(bodies: int, every: int, most: float) -> list[int]:
    """At which bodies a brake lets go, where one in `every` is blocked."""
    brake = Brake("cards", most)
    return [n for n in range(1, bodies + 1) if brake.note(blocked=n % every == 0)]


@pytest.mark.parametrize(
    ("bodies", "every", "most", "expected"),
    [
        (199, 1, 0.05, []),
        (1000, 1, 0.05, [200]),
        (5000, 10, 0.11, []),
        (5000, 10, 0.09, [200]),
        (50_000, 100, 0.02, []),
    ],
)
def test_it_lets_go_above_its_bound(
    bodies: int, every: int, most: float, expected: list[int]
) -> None:
    assert rates(bodies, every, most) == expected


def test_a_jump_is_seen_after_a_long_calm() -> None:
    brake = Brake("cards", 0.05)
    assert not any(brake.note(blocked=False) for _ in range(100_000))
    blocked = next(n for n in range(1, 1000) if brake.note(blocked=True))
    assert blocked < 60


def verdict(made: Policy) -> Verdict:
    judge = Judge(made, Direction.REQUEST, "caller")
    judge.decide(SSN, (), "user")
    return judge.verdict()


def test_a_rule_that_stepped_back_observes_and_the_next_one_decides() -> None:
    made = policy(
        rule("us_ssn", "block", name="strict", maxBlockRate=0.1), rule("us_ssn", name="mild")
    )
    told: list[str] = []
    for _ in range(300):
        before = verdict(made)
        told += made.note(before)
    assert told == ["strict"]
    after = verdict(made)
    assert (after.action, after.judged[0].rule) == (Action.REDACT, "mild")
    assert [judged.rule for judged in after.shadowed] == ["strict"]


def test_a_rule_without_a_bound_never_steps_back() -> None:
    made = policy(rule("us_ssn", "block"))
    assert not any(made.note(verdict(made)) for _ in range(2000))
    assert verdict(made).action is Action.BLOCK
