"""Where one policy holds less strictly than another."""

from collections import defaultdict
from collections.abc import Iterator

from extproc.model.values import Action, Direction
from extproc.policy.document import UNKNOWN_APIS
from extproc.policy.policy import ActiveRule, Policy

_SHOWN = 4  # types in a line


def laxer(one: Policy, other: Policy) -> Iterator[str]:
    """What `other` lets pass and `one` does not, in words: `response: redact → flag of iban`."""
    if other.least_score > one.least_score:
        yield f"findings count from a score of {one.least_score} → {other.least_score}"
    if (other.max_risk_score or 1) > (one.max_risk_score or 1):
        yield f"maxRiskScore {one.max_risk_score} → {other.max_risk_score or 'none'}"
    if other.unscanned.severity < one.unscanned.severity:
        yield f"unscanned {one.unscanned} → {other.unscanned}"
    if UNKNOWN_APIS.index(other.unknown_apis) < UNKNOWN_APIS.index(one.unknown_apis):
        yield f"unknownApis {one.unknown_apis} → {other.unknown_apis}"
    for direction in Direction:
        yield from _weaker(one, other, direction)


def _weaker(one: Policy, other: Policy, direction: Direction) -> Iterator[str]:
    before, after = one.rules_by_type[direction], other.rules_by_type[direction]
    changes: dict[tuple[Action, Action], list[str]] = defaultdict(list)
    for name, rules in before.items():
        was, becomes = _certain(rules), _certain(after.get(name, ()))
        if becomes.severity < was.severity:
            changes[was, becomes].append(name)
    for (was, becomes), names in changes.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"{direction}: {was} → {becomes} of {', '.join(names[:_SHOWN])}{more}"


def _certain(rules: tuple[ActiveRule, ...]) -> Action:
    """What happens to everyone's findings of a type, whoever's words they are in."""
    return next((active.rule.action for active in rules if active.is_last), Action.ALLOW)
