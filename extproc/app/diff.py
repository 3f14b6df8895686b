"""`extproc diff`: what another policy would have done to the same traffic."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from extproc.app.batch import inspect, outcome
from extproc.app.corpus import Corpus, Line
from extproc.app.offline import Guards, Source
from extproc.app.parallel import in_order
from extproc.app.scan import Progress
from extproc.dialects import document as json_document
from extproc.model.errors import BodyError
from extproc.model.values import Action, Direction, Verdict

EXAMPLES = 5  # of each change of verdict


class Change(NamedTuple):
    """Verdicts before and after."""

    old: Action
    new: Action


class Example(NamedTuple):
    """A line that is dealt with differently; `text` is empty unless texts are wanted."""

    line: int
    text: str


@dataclass(slots=True)
class Difference:
    """What two policies make of the same lines.

    `matches_*` are findings by the rule that decided on them, `texts` lines with one verdict that
    pass otherwise, `bad` lines that cannot be judged.
    """

    verdicts: Counter[Change] = field(default_factory=Counter)
    old_matches: Counter[str] = field(default_factory=Counter)
    new_matches: Counter[str] = field(default_factory=Counter)
    examples: dict[Change, list[Example]] = field(default_factory=dict)
    texts: int = 0
    bad: int = 0

    @property
    def changed(self) -> int:
        """Lines that are dealt with differently."""
        moved = sum(count for (old, new), count in self.verdicts.items() if old is not new)
        return moved + self.texts

    def add(self, other: "Difference") -> None:
        """Count what came of later lines."""
        self.verdicts += other.verdicts
        self.old_matches += other.old_matches
        self.new_matches += other.new_matches
        for change, examples in other.examples.items():
            known = self.examples.setdefault(change, [])
            known += examples[: EXAMPLES - len(known)]
        self.texts += other.texts
        self.bad += other.bad


def difference(
    old: Source,
    new: Source,
    corpus: Corpus,
    direction: Direction,
    *,
    workers: int = 1,
    show_text: bool = False,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Difference:
    """Judge all lines by both policies. Raises InputError. `tell` is told after each chunk."""
    for each in (old, new):  # mistakes are told at once, and workers find patterns compiled
        each.guardrails()
    total, progress = Difference(), Progress()
    prepare = partial(_comparing, old, new, direction, show_text=show_text)
    with corpus:
        for part in in_order(corpus.chunks(), prepare, workers):
            total.add(part)
            progress.done = total.verdicts.total() + total.bad
            progress.fraction = corpus.fraction
            tell(progress)
    return total


def _comparing(
    old: Source, new: Source, direction: Direction, *, show_text: bool
) -> Callable[[list[Line]], Difference]:
    guardrails = old.guardrails(), new.guardrails()
    return partial(_compare, guardrails, direction, show_text=show_text)


def _compare(
    guardrails: tuple[Guards, Guards],
    direction: Direction,
    chunk: list[Line],
    *,
    show_text: bool,
) -> Difference:
    part = Difference()
    for line in chunk:
        try:
            before, after = (_judged(line, each, direction) for each in guardrails)
        except BodyError:
            part.bad += 1
            continue
        (old, old_text), (new, new_text) = before, after
        part.old_matches += _matches(old)
        part.new_matches += _matches(new)
        change = Change(old.action, new.action)
        part.verdicts[change] += 1
        if old.action is new.action:
            if old_text == new_text:
                continue
            part.texts += 1
        examples = part.examples.setdefault(change, [])
        if len(examples) < EXAMPLES:
            shown = (line.data or b"").decode("utf-8", "replace").strip() if show_text else ""
            examples.append(Example(line.number, shown))
    return part


def _judged(line: Line, guardrails: Guards, direction: Direction) -> tuple[Verdict, str]:
    """The verdict, and what passes."""
    if line.data is None:
        raise BodyError("bad_line", "has no text; put it right")
    inspection, text = inspect(json_document.parse(line.data), guardrails, direction)
    verdict, _ = outcome(inspection)
    return verdict, "" if verdict.action is Action.BLOCK else text


def _matches(verdict: Verdict) -> Counter[str]:
    return Counter(judged.rule for judged in verdict.judged)
