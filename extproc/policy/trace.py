"""Why a finding is decided on as it is: every rule that names it, and what became of each."""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from extproc.model.values import Action, Direction, Finding
from extproc.policy.document import Rollout, Rule
from extproc.policy.policy import Policy, mode


class Answer(StrEnum):
    """What a rule says to a finding."""

    DECIDES = "decides"
    OBSERVES = "observes"  # its rollout is shadow, or the caller is not in the share
    OFF = "off"  # the caller is not in the share that is sampled
    OTHER_DIRECTION = "other_direction"
    OTHER_ROLE = "other_role"
    MILDER = "milder"  # a rule of another policy that holds too is stricter
    NOT_ASKED = "not_asked"  # a rule before it has decided
    TOO_UNSURE = "too_unsure"  # the finding is below the strictness


class Asked(NamedTuple):
    """A rule that names a finding's type, and its answer. `rollout` is spelled as in a policy.

    `least_score` is the strictness of its policy.
    """

    rule: str
    action: Action
    answer: Answer
    rollout: str
    on: tuple[str, ...]
    roles: tuple[str, ...]
    policy: str
    least_score: float


def trace(
    policy: Policy, direction: Direction, caller: str, role: str, finding: Finding
) -> list[Asked]:
    """The rules that name the finding's type, in the order in which they are asked.

    Of several policies that hold together the strictest rule decides.
    """
    asked: list[Asked] = []
    for each in (replace(policy, name=_own_name(policy)), *policy.also):
        asked += _asked_of(each, direction, caller, role, finding)
    deciding = [each for each in asked if each.answer is Answer.DECIDES]
    strictest = max(deciding, key=lambda each: each.action.severity, default=None)
    return [
        each._replace(answer=Answer.MILDER)
        if each.answer is Answer.DECIDES and each is not strictest
        else each
        for each in asked
    ]


def _own_name(policy: Policy) -> str:
    """That of the first of several policies, which bears the names of all."""
    others = {other.name for other in policy.also}
    return next(name for name in policy.name.split("+") if name not in others)


def _asked_of(
    policy: Policy, direction: Direction, caller: str, role: str, finding: Finding
) -> Iterator[Asked]:
    decided = False
    for active in policy.rules:
        rule = active.rule
        if finding.type not in active.types:
            continue
        if direction not in rule.on:
            answer = Answer.OTHER_DIRECTION
        elif finding.score < policy.least_score:
            answer = Answer.TOO_UNSURE
        elif decided:
            answer = Answer.NOT_ASKED
        elif rule.roles and role not in rule.roles:
            answer = Answer.OTHER_ROLE
        else:
            answer = _MODES[mode(active, caller)]
            decided = answer is Answer.DECIDES
        yield _asked(policy, rule, answer)


_MODES = {"enforce": Answer.DECIDES, "shadow": Answer.OBSERVES, "off": Answer.OFF}


def _asked(policy: Policy, rule: Rule, answer: Answer) -> Asked:
    return Asked(
        rule.name,
        rule.action,
        answer,
        _spelled(rule.rollout),
        tuple(each.value for each in rule.on),
        tuple(rule.roles),
        policy.name,
        policy.least_score,
    )


def _spelled(rollout: Rollout) -> str:
    if rollout.share >= 1:
        return rollout.mode
    word = "sample" if rollout.mode == "shadow" else "enforce"
    return f"{word}: {rollout.share:.0%}"
