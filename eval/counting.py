"""From findings to figures. Pure: documents and what was found in them come in as arguments."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eval.corpus import Document, Gold
from eval.detection import Found
from eval.mapping import INCOMPLETE, KINDS
from extproc.model.values import Finding

HALF = 0.5  # of a value that a finding must cover


class Span(NamedTuple):
    """Code points `start` to `end`, exclusive."""

    start: int
    end: int


def shared(one: Gold | Finding | Span, other: Gold | Finding | Span) -> int:
    """How many code points two spans have in common."""
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def covers(finding: Finding, gold: Gold | Span) -> bool:
    """Whether a finding is as good as the value."""
    return shared(finding, gold) >= HALF * (gold.end - gold.start)


def right(finding: Finding, gold: Gold) -> bool:
    """Whether a finding is of this value, be it of a part or with what stands around it."""
    return covers(finding, gold) or shared(finding, gold) >= HALF * (finding.end - finding.start)


def f_score(precision: float | None, recall: float | None, beta: float) -> float | None:
    """The weighted harmonic mean; 2 values recall over precision, 1 neither.

    0 where nothing is found, though nothing can be said of precision then.
    """
    if recall == 0:
        return 0.0
    if precision is None or recall is None:
        return None
    squared = beta * beta
    return (1 + squared) * precision * recall / (squared * precision + recall)


def share(part: int, whole: int) -> float | None:
    """None of nothing."""
    return part / whole if whole else None


@dataclass(slots=True)
class SpanCounts:
    """Values of one type in one source, and findings of the types that answer to it."""

    values: int = 0
    found: int = 0
    exact: int = 0  # of those found
    valid_values: int = 0
    valid_found: int = 0
    findings: int = 0
    right: int = 0
    missed: list[tuple[Document, Gold]] = field(default_factory=list)
    wrong: list[tuple[Document, Finding]] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        return share(self.right, self.findings)


def count_spans(
    documents: Iterable[Document], found: Iterable[Found]
) -> dict[tuple[str, str], SpanCounts]:
    """By source and type of the source. No precision where a source does not annotate all."""
    counts: dict[tuple[str, str], SpanCounts] = {}
    pairs = list(zip(documents, found, strict=True))
    annotated: dict[str, set[str]] = {}
    for document, _ in pairs:
        kinds = {gold.type for gold in document.spans if gold.type in KINDS}
        annotated.setdefault(document.source, set()).update(kinds)
    for document, findings in pairs:
        for gold in document.spans:
            if gold.type in KINDS:
                key = (document.source, gold.type)
                _count_gold(counts.setdefault(key, SpanCounts()), document, gold, findings)
        for kind in annotated[document.source]:
            if (document.source, kind) not in INCOMPLETE:
                counts_of = counts.setdefault((document.source, kind), SpanCounts())
                _count_findings(counts_of, document, kind, findings)
    return counts


def _count_gold(counts: SpanCounts, document: Document, gold: Gold, findings: Found) -> None:
    kind = KINDS[gold.type]
    good = [f for f in findings if f.type in kind.accepts and covers(f, gold)]
    valid = kind.valid is None or kind.valid(document.text[gold.start : gold.end])
    counts.values += 1
    counts.valid_values += valid
    counts.found += bool(good)
    counts.valid_found += bool(good) and valid
    counts.exact += any((f.start, f.end) == (gold.start, gold.end) for f in good)
    if not good and valid:
        counts.missed.append((document, gold))


def _count_findings(counts: SpanCounts, document: Document, kind: str, findings: Found) -> None:
    for finding in findings:
        if finding.type not in KINDS[kind].accepts:
            continue
        counts.findings += 1
        if any(
            finding.type in KINDS[gold.type].accepts and right(finding, gold)
            for gold in document.spans
            if gold.type in KINDS
        ):
            counts.right += 1
        else:
            counts.wrong.append((document, finding))


@dataclass(slots=True)
class TextCounts:
    """Texts of which some hold what is sought: how many do, and how many of each were flagged."""

    positives: int = 0
    found: int = 0
    negatives: int = 0
    flagged: int = 0
    missed: list[Document] = field(default_factory=list)
    wrong: list[tuple[Document, Finding]] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        return share(self.found, self.positives)

    @property
    def precision(self) -> float | None:
        """Where there are both kinds of texts."""
        if not self.positives or not self.negatives:
            return None
        return share(self.found, self.found + self.flagged)

    @property
    def false_rate(self) -> float | None:
        return share(self.flagged, self.negatives)


def count_texts(
    documents: Sequence[Document],
    found: Sequence[Found],
    families: frozenset[str],
    negative: str,
) -> TextCounts:
    """A text counts as flagged when it holds any finding of the families."""
    counts = TextCounts()
    for document, findings in zip(documents, found, strict=True):
        hit = next((f for f in findings if f.family in families), None)
        if document.label == negative:
            counts.negatives += 1
            if hit is not None:
                counts.flagged += 1
                counts.wrong.append((document, hit))
        else:
            counts.positives += 1
            counts.found += hit is not None
            if hit is None:
                counts.missed.append(document)
    return counts


def percentile(values: Sequence[float], percent: int) -> float:
    """Of at least two values; between the two that are nearest."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
