"""`extproc explain`: what a policy makes of one text, finding by finding, and why not more."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from extproc.app.batch import CALLER, inspect, outcome
from extproc.app.offline import compiler
from extproc.detectors import catalog
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner
from extproc.guardrail.entities import recognizer_of
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError, InputError
from extproc.model.values import Action, Direction, Finding, Verdict
from extproc.policy.judge import weight_of
from extproc.policy.policy import Policy
from extproc.policy.trace import Answer, Asked, trace

USUAL_ROLE = {Direction.REQUEST: "user", Direction.RESPONSE: "assistant"}


class Seen(NamedTuple):
    """Something that was found, the rules that name it, and a finding that lies over it."""

    finding: Finding
    asked: list[Asked]
    overlapped: Finding | None = None

    @property
    def decision(self) -> Asked | None:
        """The rule that decided on it."""
        if self.overlapped is not None:
            return None
        return next((each for each in self.asked if each.answer is Answer.DECIDES), None)


class Risk(NamedTuple):
    """What a finding adds to the risk: weight x score x what was `left` to 1 before it."""

    finding: Finding
    weight: float
    left: float
    reaches: bool  # the other side, since nothing redacts it

    @property
    def added(self) -> float:
        return self.weight * self.finding.score * self.left


@dataclass
class Explanation:
    """What became of a text and why. `text` is what passes, empty where nothing does."""

    verdict: Verdict
    policy: Policy
    direction: Direction
    role: str
    text: str
    seen: list[Seen]
    risks: list[Risk] = field(default_factory=list)
    residual: float = 0.0  # the risk without what is redacted, which maxRiskScore bounds
    failed: dict[str, str] = field(default_factory=dict)  # detectors without an answer


def explain(
    text: str, guardrail: Guardrail, direction: Direction, role: str = "", caller: str = CALLER
) -> Explanation:
    """Judge `text` as the processor would, and say why. Raises InputError."""
    policy = guardrail.policy
    role = role or USUAL_ROLE[direction]
    line = {"text": text, "role": role, "customer_id": caller}
    try:
        inspection, passes = inspect(line, guardrail, direction)
        verdict, failed = outcome(inspection)
        found = _found(text, policy, direction)
    except BodyError as error:
        raise InputError(f"the text cannot be judged: {error}") from None
    slow = [judged.finding for judged in (*verdict.judged, *verdict.shadowed)]
    seen = [
        Seen(finding, trace(policy, direction, caller, role, finding), above)
        for finding, above in {**dict.fromkeys(slow), **found}.items()
    ]
    seen.sort(key=lambda each: (each.finding.start, -each.finding.end, each.finding.type))
    explanation = Explanation(
        verdict,
        policy,
        direction,
        role,
        "" if verdict.action is Action.BLOCK else passes,
        seen,
        failed={each.detector: each.kind.value for each in failed},
    )
    _add_up(explanation)
    return explanation


def _add_up(explanation: Explanation) -> None:
    clean = residual = 1.0
    for judged in explanation.verdict.judged:
        weight = weight_of(judged.finding.family)
        reaches = judged.action is not Action.REDACT
        explanation.risks.append(Risk(judged.finding, weight, clean, reaches))
        clean *= 1 - weight * judged.finding.score
        if reaches:
            residual *= 1 - weight * judged.finding.score
    explanation.residual = 1 - residual


def _found(text: str, policy: Policy, direction: Direction) -> dict[Finding, Finding | None]:
    """All that any detector finds, each with what takes its place under this policy."""
    own = tuple(map(recognizer_of, policy.entities))
    known = {*catalog.TYPES, *(recognizer.type for recognizer in own)}
    sought = policy.watched(direction) & known
    kept = catalog.scanner(sought, compiler(), own).find(NormalText(text)) if sought else []
    found: dict[Finding, Finding | None] = dict.fromkeys(kept)
    for finding in _Everything(own).find(NormalText(text)):
        if finding not in found and not _is_double(finding, found):
            found[finding] = _above(finding, kept) if finding.type in sought else None
    return found


class _Everything(Scanner):
    """Finds what any detector knows, also what lies within something better."""

    def __init__(self, own: Iterable[Recognizer]) -> None:
        super().__init__((*catalog.RECOGNIZERS, *own), compiler(), finders=catalog.FINDERS)

    def _settled(self, findings: list[Finding]) -> list[Finding]:
        return sorted(set(findings), key=lambda each: (each.start, -each.end, -each.score))


def _is_double(finding: Finding, found: Iterable[Finding]) -> bool:
    """Whether the same type is on the list at this place already."""
    return any(
        each.type == finding.type and each.start <= finding.start and each.end >= finding.end
        for each in found
    )


def _above(finding: Finding, kept: Iterable[Finding]) -> Finding | None:
    around = [each for each in kept if each.start <= finding.start and each.end >= finding.end]
    return max(around, key=lambda each: each.score, default=None)
