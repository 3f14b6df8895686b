"""Several policies that hold for one exchange: of each the wish, and the strictest is done."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from extproc.model.errors import InputError
from extproc.policy.document import UNKNOWN_APIS, Named
from extproc.policy.policy import ActiveRule, Policy


def combined(policies: Sequence[Policy]) -> Policy:
    """A policy that does for each finding what the strictest of `policies` does.

    A rule that is `overridable` does not hold where a narrower policy has one of its name. Raises
    InputError where two policies call different things by one name.
    """
    ranked = sorted(policies, key=lambda policy: (-policy.match.width, policy.name))
    if len(ranked) == 1:
        return ranked[0]
    held = [_without_overridden(policy, ranked[:index]) for index, policy in enumerate(ranked)]
    first, *others = held
    limits = [p.max_risk_score for p in held if p.max_risk_score is not None]
    return replace(
        first,
        name="+".join(sorted(policy.name for policy in held)),
        also=tuple(others),
        max_risk_score=min(limits, default=None),
        unscanned=max((p.unscanned for p in held), key=lambda action: action.severity),
        unknown_apis=max((p.unknown_apis for p in held), key=UNKNOWN_APIS.index),
        detectors=_union("detectors", [p.detectors for p in held]),
        entities=_union("entities", [p.entities for p in held]),
        anonymize_audit=any(p.anonymize_audit for p in held),
    )


def _without_overridden(policy: Policy, narrower: Sequence[Policy]) -> Policy:
    def stands(active: ActiveRule) -> bool:
        return not active.rule.overridable or active.rule.name not in names

    names = {
        active.rule.name
        for other in narrower
        if other.match.width > policy.match.width
        for active in other.rules
    }
    return replace(policy, rules=tuple(filter(stands, policy.rules)))


_T = TypeVar("_T", bound=Named)


def _union(kind: str, lists: Sequence[Sequence[_T]]) -> tuple[_T, ...]:
    known: dict[str, _T] = {}
    for one in (item for items in lists for item in items):
        if known.setdefault(one.name, one) != one:
            message = f"two policies have {kind} called {one.name} that differ; rename one"
            raise InputError(message)
    return tuple(known.values())
