"""Shadow, then a share, then everyone: what was observed is what is done later."""

import pytest

from extproc.guardrail.guardrail import Guardrail
from extproc.model.values import Action, Direction, Verdict
from tests.guardrail.making import SSN, TEXT, guardrail, rule

CALLERS = [f"customer-{number}" for number in range(20_000)]
TRAFFIC = [TEXT, "Hello", f"SSN {SSN}", "what is an SSN?", f"twice {SSN} and {SSN}"] * 40


def under(rollout: str) -> Guardrail:
    return guardrail(rule("us_ssn", "block", rollout=rollout))


SHADOW, ENFORCED = under("shadow"), under("enforce")


def verdict(guard: Guardrail, text: str, caller: str) -> Verdict:
    return guard.inspect_text(Direction.REQUEST, text.encode(), caller).verdict


def blocked(guard: Guardrail) -> set[str]:
    return {c for c in CALLERS if verdict(guard, TEXT, c).action is Action.BLOCK}


@pytest.mark.parametrize("percent", [1, 20, 50])
def test_the_share_of_callers_is_as_written(percent: int) -> None:
    assert abs(len(blocked(under(f"enforce: {percent}%"))) / len(CALLERS) - percent / 100) < 0.01


def test_who_is_in_a_share_is_in_every_larger_one() -> None:
    shares = [blocked(under(rollout)) for rollout in ("enforce: 5%", "enforce: 20%", "enforce")]
    assert shares[0] < shares[1] < shares[2] == set(CALLERS)


def test_what_a_shadow_would_have_blocked_is_blocked_on_replay() -> None:
    observed, acted = [], []
    for text, caller in zip(TRAFFIC, CALLERS, strict=False):
        shadow = verdict(SHADOW, text, caller)
        assert shadow.action is Action.ALLOW
        observed.append(any(judged.action is Action.BLOCK for judged in shadow.shadowed))
        acted.append(verdict(ENFORCED, text, caller).action is Action.BLOCK)
    assert observed == acted
    assert sum(acted) == len(TRAFFIC) * 3 // 5


def test_a_share_observes_what_it_does_not_act_on() -> None:
    guard = under("enforce: 20%")
    for caller in CALLERS[:500]:
        seen = verdict(guard, TEXT, caller)
        assert (seen.action is Action.BLOCK) != bool(seen.shadowed)
