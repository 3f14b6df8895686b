"""Why a finding is decided on as it is: every rule that names it, and what became of each."""

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
    NOT_ASKED = "not_asked"  # a rule before it has decided
    TOO_UNSURE = "too_unsure"  # the finding is below the strictness


class Asked(NamedTuple):
    """A rule that names a finding's type, and its answer. `rollout` is spelled as in a policy."""

    rule: str
    action: Action
    answer: Answer
    rollout: str
    on: tuple[str, ...]
    roles: tuple[str, ...]


def trace(
    policy: Policy, direction: Direction, caller: str, role: str, finding: Finding
) -> list[Asked]:
    """The rules that name the finding's type, in the order in which they are asked."""
    asked: list[Asked] = []
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
        asked.append(_asked(rule, answer))
    return asked


_MODES = {"enforce": Answer.DECIDES, "shadow": Answer.OBSERVES, "off": Answer.OFF}


def _asked(rule: Rule, answer: Answer) -> Asked:
    on = tuple(each.value for each in rule.on)
    return Asked(rule.name, rule.action, answer, _spelled(rule.rollout), on, tuple(rule.roles))


def _spelled(rollout: Rollout) -> str:
    if rollout.share >= 1:
        return rollout.mode
    word = "sample" if rollout.mode == "shadow" else "enforce"
    return f"{word}: {rollout.share:.0%}"
