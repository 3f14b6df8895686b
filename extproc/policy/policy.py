"""A policy made ready for judging: which rules apply to an entity type, in order."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib import resources
from typing import Literal

from extproc.model.errors import InputError
from extproc.model.values import Action, Direction, Verdict
from extproc.policy import yaml12
from extproc.policy.brakes import Brake, note
from extproc.policy.document import (
    Environment,
    PolicyDocument,
    PresetDocument,
    Rule,
    UnknownApis,
)
from extproc.policy.entities import Entity
from extproc.policy.match import ALWAYS, Matcher
from extproc.policy.slow import SlowDocument

_LEAST_SCORE = {"permissive": 0.8, "moderate": 0.5, "strict": 0.3}
_UNSCANNED = {"permissive": Action.ALLOW, "moderate": Action.FLAG, "strict": Action.BLOCK}
_MOST_ALIKE = 4  # names in a suggestion
BITES = (Action.REDACT, Action.BLOCK)
"""Actions that change what passes."""


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule with its families resolved to entity types."""

    rule: Rule
    types: frozenset[str]
    brake: Brake | None = field(default=None, compare=False)

    @property
    def enforced(self) -> bool:
        return self.rule.rollout.mode == "enforce"

    @property
    def is_last(self) -> bool:
        """Whether it decides on whatever it is asked, so that no rule behind it is.

        What a rule allows is looked for all the same where another rule names it: a card that may
        pass is no phone number.
        """
        rule = self.rule
        acts = self.enforced and rule.action is not Action.ALLOW
        return acts and rule.rollout.share >= 1 and not rule.roles and self.brake is None


@dataclass(frozen=True)
class Policy:
    """`rules` in the order in which they are asked; a document's own come before its preset's.

    What `also` holds is judged beside them, and the strictest decides.
    """

    name: str
    rules: tuple[ActiveRule, ...]
    least_score: float
    max_risk_score: float | None
    unscanned: Action
    unknown_apis: UnknownApis
    detectors: tuple[SlowDocument, ...] = ()
    entities: tuple[Entity, ...] = ()
    anonymize_audit: bool = False
    match: Matcher = ALWAYS
    also: "tuple[Policy, ...]" = ()

    @property
    def all_rules(self) -> Iterator[ActiveRule]:
        """Its own, and those of all that holds beside it."""
        for policy in (self, *self.also):
            yield from policy.rules

    @cached_property
    def brakes(self) -> tuple[Brake, ...]:
        """Those of all its rules that may step back."""
        return tuple(active.brake for active in self.all_rules if active.brake is not None)

    def note(self, verdict: Verdict) -> tuple[str, ...]:
        """Take the verdict on one body into account; return the rules that step back now."""
        return tuple(note(self.brakes, verdict)) if self.brakes else ()

    @cached_property
    def rules_by_type(self) -> Mapping[Direction, Mapping[str, tuple[ActiveRule, ...]]]:
        """For each direction and entity type the rules that name it, in order."""
        return {direction: self._by_type(direction) for direction in Direction}

    def _by_type(self, direction: Direction) -> Mapping[str, tuple[ActiveRule, ...]]:
        rules = [active for active in self.rules if direction in active.rule.on]
        types = frozenset[str]().union(*(active.types for active in rules))
        return {name: _asked(a for a in rules if name in a.types) for name in sorted(types)}

    def watched(self, direction: Direction) -> frozenset[str]:
        """Entity types that some rule wants to know of."""
        own = frozenset(
            name
            for name, rules in self.rules_by_type[direction].items()
            if any(active.rule.action is not Action.ALLOW for active in rules)
        )
        return own.union(*(policy.watched(direction) for policy in self.also))

    def holding(self, direction: Direction) -> frozenset[str]:
        """Entity types for which a stream must wait, since a finding may change or end it."""
        if self.max_risk_score is not None and self.max_risk_score < 1:
            return self.watched(direction)
        own = frozenset(
            name
            for name, rules in self.rules_by_type[direction].items()
            if any(active.enforced and active.rule.action in BITES for active in rules)
        )
        return own.union(*(policy.holding(direction) for policy in self.also))

    def on_error(self, direction: Direction) -> Action:
        """What to do with a body that cannot be inspected: the strictest wish of enforced rules."""
        wishes = [
            Action(active.rule.on_error)
            for active in self.all_rules
            if direction in active.rule.on and active.enforced and active.rule.action in BITES
        ]
        return max(wishes, key=lambda action: action.severity, default=Action.FLAG)


def _asked(rules: Iterable[ActiveRule]) -> tuple[ActiveRule, ...]:
    """Those of `rules` that can be asked: up to the first one that always decides."""
    asked: list[ActiveRule] = []
    for active in rules:
        asked.append(active)
        if active.is_last:
            break
    return tuple(asked)


def build(
    document: PolicyDocument, types: Mapping[str, str], environment: Environment = "production"
) -> Policy:
    """Make a policy of its document. `types` maps every known entity type to its family.

    Raises InputError for a name under `detect` that is neither, nor a detector.
    """
    spec = document.spec.within(environment)
    types = all_types(document, types)
    by_detector = {each.name: each.types.keys() for each in spec.detectors}
    own = {rule.name for rule in spec.rules}
    given = (*spec.compliance.rules, *preset_rules(spec.preset))
    rules = [*spec.rules, *(rule for rule in given if rule.name not in own)]
    # Who looks for nothing does not mind what cannot be looked at.
    unscanned = _UNSCANNED[spec.strictness] if rules else Action.ALLOW
    return Policy(
        name=document.metadata.name,
        rules=tuple(_activate(rule, types, by_detector) for rule in rules),
        least_score=_LEAST_SCORE[spec.strictness],
        max_risk_score=spec.max_risk_score,
        unscanned=Action(spec.unscanned) if spec.unscanned else unscanned,
        unknown_apis=spec.unknown_apis,
        detectors=tuple(spec.detectors),
        entities=tuple(spec.entities),
        anonymize_audit=spec.compliance.anonymize_audit,
        match=Matcher(spec.match) if spec.match else ALWAYS,
    )


def all_types(document: PolicyDocument, types: Mapping[str, str]) -> Mapping[str, str]:
    """`types` and the policy's own; a type that is known keeps its family."""
    own = {entity.name: entity.family for entity in document.spec.entities}
    for detector in document.spec.detectors:
        own |= detector.types
    return own | dict(types)


@lru_cache
def preset_rules(name: str) -> tuple[Rule, ...]:
    """The rules of a built-in preset; `none` has none."""
    if name == "none":
        return ()
    source = resources.files("extproc.policy").joinpath("presets", f"{name}.yaml").read_text()
    return tuple(PresetDocument.model_validate(yaml12.parse(source)).rules)


def _activate(
    rule: Rule, types: Mapping[str, str], by_detector: Mapping[str, Collection[str]]
) -> ActiveRule:
    known = {*types, *types.values(), *by_detector}
    for name in rule.detect:
        if name not in known:
            raise InputError(unknown_detector(rule.name, name, known))
    wanted = set(rule.detect)
    chosen = {t for t, family in types.items() if t in wanted or family in wanted}
    types_of_rule = frozenset(chosen.union(*(by_detector.get(n, ()) for n in wanted)))
    most = rule.max_block_rate
    return ActiveRule(rule, types_of_rule, None if most is None else Brake(rule.name, most))


def mode(active: ActiveRule, caller: str) -> Literal["enforce", "shadow", "off"]:
    """What a rule does for this caller: the same in every request and replica."""
    if active.brake is not None and active.brake.stepped_back:
        return "shadow"
    rollout = active.rule.rollout
    if rollout.share >= 1 or _bucket(active.rule.name, caller) < rollout.share:
        return rollout.mode
    return rollout.rest


def _bucket(rule: str, caller: str) -> float:
    digest = hashlib.blake2b(f"{rule}\0{caller}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def unknown_detector(rule: str, name: str, known: set[str]) -> str:
    """The message for a name under `detect` that is no entity type, family or detector."""
    remedies = [*names_like(name, known), "what `extproc types` lists"]
    return f"rule {rule}: nothing detects {name!r}; use {' or '.join(remedies)}"


def names_like(name: str, known: Collection[str]) -> list[str]:
    """A few of `known` that may have been meant by `name`, the likeliest first."""
    wanted = name.lower().replace("-", "_")
    stem = wanted.removesuffix("s")
    names = sorted(known, key=lambda each: (len(each), each))
    holding = [each for each in names if len(stem) > 2 and stem in each]
    return list(dict.fromkeys([*get_close_matches(wanted, names), *holding]))[:_MOST_ALIKE]
