"""Who is asked of the slow detectors, what waits for them, and what their failure means."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from typing import NamedTuple

from extproc.detectors.slow import Deadline, DetectorError, Failure, Text
from extproc.guardrail.filters import Context
from extproc.guardrail.json_filter import JsonFilter
from extproc.guardrail.supervised import Answers, Supervised
from extproc.model.values import Action, Direction, Finding, Format, Segment, Verdict
from extproc.policy.judge import Judge
from extproc.policy.policy import BITES, ActiveRule, Policy, mode

_READ = (Format.TEXT, Format.JSON)
_HIDDEN = "*"


class Asking(NamedTuple):
    """A detector with the rules that want to know of what it finds, for one caller.

    What rules `besides` them are about is left to another asking.
    """

    detector: Supervised
    rules: tuple[ActiveRule, ...]
    besides: tuple[ActiveRule, ...] = ()

    def wants(self, text: Text) -> bool:
        """Whether some rule is about whoever said this."""
        return (
            bool(text.text.strip())
            and _about(self.rules, text.role)
            and not _about(self.besides, text.role)
        )


class Plan(NamedTuple):
    """For one body: whom it waits for, and who only looks on."""

    awaited: tuple[Asking, ...]
    observing: tuple[Asking, ...]


class Failed(NamedTuple):
    """A detector that gave no answer, and the strictest wish of the rules that needed it.

    None where no rule would have redacted or blocked.
    """

    detector: str
    kind: Failure
    action: Action | None

    @property
    def reason(self) -> str:
        return f"detector_{self.kind}"


class Heard(NamedTuple):
    """What slow detectors have said, by the index of the text, and which of them failed."""

    findings: dict[int, list[Finding]]
    failed: tuple[Failed, ...] = ()


class Question(NamedTuple):
    """What a detector was asked: texts by their indexes, and when the answer is due."""

    asking: Asking
    chosen: list[int]
    deadline: Deadline
    asked: "Future[Answers]"

    def answer(self) -> Answers:
        """Wait for it. Raises DetectorError."""
        try:
            # Raising what it holds would tie the future to our frames, and them to the policy.
            error = self.asked.exception(max(self.deadline.left, 0.0))
        except FutureTimeoutError:
            self.asked.cancel()
            raise DetectorError(Failure.TIMEOUT) from None
        if error is not None:
            kind = error.kind if isinstance(error, DetectorError) else Failure.ERROR
            raise DetectorError(kind)
        return self.asked.result()


NOTHING = Plan((), ())
SILENCE = Heard({})


class Slow:
    """The slow detectors of a policy."""

    def __init__(self, policy: Policy, detectors: Iterable[Supervised]) -> None:
        types = {each.name: each.types.keys() for each in policy.detectors}
        self._policy = policy
        self._wanting = {
            direction: [
                Asking(detector, rules)
                for detector in detectors
                if (rules := _naming(policy, direction, frozenset(types[detector.name])))
            ]
            for direction in Direction
        }

    def plan(self, direction: Direction, caller: str) -> Plan:
        """Whom to ask about a body of this caller."""
        wanting = self._wanting[direction]
        if not wanting:
            return NOTHING
        awaited: list[Asking] = []
        observing: list[Asking] = []
        for asking in wanting:
            modes = [(active, mode(active, caller)) for active in asking.rules]
            acting = tuple(
                active for active, how in modes if how == "enforce" and active.rule.action in BITES
            )
            looking = tuple(a for a, how in modes if how != "off" and a not in acting)
            if acting:
                awaited.append(Asking(asking.detector, acting))
            if looking and all(active.rule.roles for active in acting):
                observing.append(Asking(asking.detector, looking, acting))
        return Plan(tuple(awaited), tuple(observing)) if awaited or observing else NOTHING

    def judge(self, direction: Direction, caller: str) -> Judge:
        """One that has judged nothing."""
        return Judge(self._policy, direction, caller)

    def ask(
        self, askings: Sequence[Asking], texts: Sequence[Text], direction: Direction
    ) -> list[Question]:
        """Ask each about the texts that its rules are about. Waits for nobody."""
        questions = []
        for asking in askings:
            chosen = [index for index, text in enumerate(texts) if asking.wants(text)]
            if chosen:
                deadline = Deadline(asking.detector.bounds.timeout)
                asked = asking.detector.ask([texts[index] for index in chosen], direction)
                questions.append(Question(asking, chosen, deadline, asked))
        return questions

    def hear(self, questions: Iterable[Question], texts: Sequence[Text], caller: str) -> Heard:
        """Wait for each answer within its time."""
        findings: dict[int, list[Finding]] = {}
        failed: list[Failed] = []
        for question in questions:
            try:
                answers = question.answer()
            except DetectorError as error:
                asking = question.asking
                roles = {texts[index].role for index in question.chosen}
                wish = _on_error(asking.rules, roles, caller)
                failed.append(Failed(asking.detector.name, error.kind, wish))
                continue
            for index, found in zip(question.chosen, answers, strict=True):
                if found:
                    findings.setdefault(index, []).extend(found)
        return Heard(findings, tuple(failed))

    def observe(
        self, askings: Sequence[Asking], texts: Sequence[Text], direction: Direction, caller: str
    ) -> "Late | None":
        """What is found in texts that have passed; None for nothing."""
        heard = self.hear(self.ask(askings, texts, direction), texts, caller)
        judge = self.judge(direction, caller)
        for index, found in sorted(heard.findings.items()):
            for finding in found:
                judge.decide(finding, (), texts[index].role)
        verdict = _that_came_late(judge.verdict())
        if not (verdict.judged or verdict.shadowed or heard.failed):
            return None
        return Late(verdict, heard.failed, len(texts))


class Late(NamedTuple):
    """What became known of texts after they had passed."""

    verdict: Verdict
    failed: tuple[Failed, ...]
    texts: int


def preview(
    segments: Sequence[Segment], found: Sequence[list[Finding]], context: Context
) -> list[Text] | None:
    """Each text with what is taken out of it hidden, in its place; None where all is blocked.

    Nobody needs to see what does not pass. What slow detectors do not read is empty.
    """
    texts: list[Text] = []
    findings = iter(found)
    for segment in segments:
        if segment.format is Format.JSON:
            text = JsonFilter(context, segment.path, segment.role).feed(segment.text, final=True)
        else:
            text = _hidden(segment, next(findings), context)
        if context.judge.blocked():
            return None
        if segment.path in context.judge.withheld:
            text = ""
        texts.append(Text(text if segment.format in _READ else "", segment.role))
    return texts


def _hidden(segment: Segment, findings: list[Finding], context: Context) -> str:
    text = segment.text
    for finding in findings:
        judged = context.judge.decide(finding, segment.path, segment.role)
        if judged is not None and judged.action is Action.REDACT:
            start, end = finding.start, finding.end
            text = text[:start] + _HIDDEN * (end - start) + text[end:]
    return text


def _about(rules: Iterable[ActiveRule], role: str) -> bool:
    return any(not active.rule.roles or role in active.rule.roles for active in rules)


def _naming(policy: Policy, direction: Direction, types: frozenset[str]) -> tuple[ActiveRule, ...]:
    """The rules that want to know of some of these types."""
    return tuple(
        active
        for active in policy.all_rules
        if direction in active.rule.on
        and active.rule.action is not Action.ALLOW
        and not types.isdisjoint(active.types)
    )


def _on_error(rules: Iterable[ActiveRule], roles: set[str], caller: str) -> Action | None:
    """The strictest wish of the rules that would have redacted or blocked."""
    wishes = [
        Action(active.rule.on_error)
        for active in rules
        if active.rule.action in BITES
        and mode(active, caller) == "enforce"
        and (not active.rule.roles or not roles.isdisjoint(active.rule.roles))
    ]
    return max(wishes, key=lambda action: action.severity, default=None)


def _that_came_late(verdict: Verdict) -> Verdict:
    """A verdict on what has passed: what would have been done is observed, as by a shadow rule."""
    done = tuple(item for item in verdict.judged if item.action not in BITES)
    missed = tuple(item for item in verdict.judged if item.action in BITES)
    action = Action.FLAG if verdict.judged else Action.ALLOW
    return replace(
        verdict, action=action, judged=done, shadowed=(*verdict.shadowed, *missed), reason=""
    )
