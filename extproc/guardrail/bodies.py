"""Inspection and redaction of a whole document."""

from typing import Any

from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner
from extproc.dialects.document import rename, replace
from extproc.guardrail.filters import Context
from extproc.guardrail.json_filter import JsonFilter
from extproc.model.values import Action, Edit, Finding, Format, Path, Segment
from extproc.redaction.operators import apply


def is_clean(segments: list[Segment], scanner: Scanner) -> bool:
    """Whether nothing is found in any segment: nearly always, and told sooner than why not."""
    texts = []
    for segment in segments:
        if segment.format is Format.JSON:  # what is in it must be read first
            return False
        texts.append(NormalText(segment.text))
    return not any(scanner.find_each(texts))


def redact_document(
    document: Any,
    segments: list[Segment],
    context: Context,
    scanner: Scanner,
    stale: frozenset[Path] = frozenset(),
) -> tuple[Any, bool]:
    """Judge every segment and rewrite those that must not pass; return document and whether.

    The document is changed in place, except where it is a bare string. Stops at a block. What
    spells a text out again is removed where that was changed, and at the paths in `stale`.
    """
    judge = context.judge
    changed: list[Segment] = []
    names: dict[Path, dict[str, str]] = {}  # of members, by the object that holds them
    plain = [NormalText(s.text) for s in segments if s.format is not Format.JSON]
    found = scanner.find_each(plain)
    for segment in segments:
        if segment.format is Format.JSON:
            inner = JsonFilter(context, segment.path, segment.role)
            text = inner.feed(segment.text, final=True)
        else:
            text = _edited(segment.text, next(found), segment, context)
        if judge.blocked():
            return document, False
        if text == segment.text:
            continue
        changed.append(segment)
        if segment.format is Format.KEY:
            names.setdefault(segment.path[:-1], {})[segment.text] = text
        else:
            document = replace(document, segment.path, text)
    dropped = stale | _changed_repeats(segments, changed)
    for path in dropped:
        document = replace(document, path, None)
    for holder in sorted(names, key=len, reverse=True):  # a path leads through outer names
        if dropped.isdisjoint(holder[:size] for size in range(len(holder) + 1)):
            rename(document, holder, names[holder])
    return document, bool(changed or dropped)


def redacted_text(text: str, segment: Segment, context: Context, scanner: Scanner) -> str:
    """`text` with what an enforced rule redacts; findings are judged as those of `segment`."""
    return _edited(text, scanner.find(NormalText(text)), segment, context)


def _edited(text: str, findings: list[Finding], segment: Segment, context: Context) -> str:
    if not findings:
        return text
    edits: list[Edit] = []
    covered = 0  # of two that overlap, the later one gets the rest
    for finding in findings:
        judged = context.judge.decide(finding, segment.path, segment.role)
        if judged is not None and judged.action is Action.REDACT and finding.end > covered:
            start, covered = max(finding.start, covered), finding.end
            value = text[start:covered]
            replacement = context.redactor.replacement(judged.operator, finding.type, value)
            edits.append(Edit(start, covered, replacement))
    return apply(text, edits)


def _changed_repeats(segments: list[Segment], changed: list[Segment]) -> frozenset[Path]:
    """Where a text is spelled out again that was changed, or stands beside one that was."""
    if not changed:
        return frozenset()
    repeats = [segment.path for segment in segments if segment.format is Format.REPEAT]
    sizes = {len(path) - 1 for path in repeats}  # few, however large the document
    around = {segment.path[:size] for segment in changed for size in sizes}
    return frozenset(path for path in repeats if path[:-1] in around)
