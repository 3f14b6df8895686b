"""Inspection and redaction of a whole document."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner
from extproc.dialects.document import rename, replace, write
from extproc.guardrail.filters import Context
from extproc.guardrail.json_filter import JsonFilter
from extproc.model.values import Action, Edit, Finding, Format, Path, Segment
from extproc.redaction.operators import apply
from extproc.redaction.pseudonyms import Pseudonyms, has_mark, is_own

_NO_MORE: Mapping[int, list[Finding]] = MappingProxyType({})


def find_all(segments: list[Segment], scanner: Scanner) -> list[list[Finding]]:
    """What stands in each segment, but for strings of JSON: what is in them must be read first."""
    plain = [NormalText(s.text) for s in segments if s.format is not Format.JSON]
    return list(scanner.find_each(plain))


def marked(segments: list[Segment], pseudonyms: Pseudonyms) -> list[Segment]:
    """The segments of an answer with marks in them, but for JSON, which is to be read first."""
    return [
        segment
        if segment.format is Format.JSON
        else segment._replace(text=pseudonyms.mark(segment.text))
        for segment in segments
    ]


def redact_document(
    document: Any,
    segments: list[Segment],
    found: list[list[Finding]],
    context: Context,
    more: Mapping[int, list[Finding]] = _NO_MORE,
    stale: frozenset[Path] = frozenset(),
) -> tuple[Any, bool]:
    """Judge every segment and rewrite those that must not pass; return document and whether.

    `found` is what `find_all` says of the segments, `more` what was found otherwise, by the index
    of the segment. The document is changed in place, except where it is a bare string. Stops at a
    block. What spells a text out again is removed where that was changed, and at the paths in
    `stale`.
    """
    judge, restoring = context.judge, context.restoring is not None
    changed: list[Segment] = []
    names: dict[Path, dict[str, str]] = {}  # of members, by the object that holds them
    findings = iter(found)
    for index, segment in enumerate(segments):
        known = next(findings) if segment.format is not Format.JSON else []
        text = _passing(segment, known, more.get(index, []), context)
        if judge.blocked():
            return document, False
        if text == segment.text and not (restoring and has_mark(text)):
            continue
        changed.append(segment)
        if segment.format is Format.KEY:
            names.setdefault(segment.path[:-1], {})[str(segment.path[-1])] = text
        else:
            document = replace(document, segment.path, text)
    dropped = stale | _changed_repeats(segments, changed)
    for path in dropped:
        document = replace(document, path, None)
    for holder in sorted(names, key=len, reverse=True):  # a path leads through outer names
        if dropped.isdisjoint(holder[:size] for size in range(len(holder) + 1)):
            rename(document, holder, names[holder])
    return document, bool(changed or dropped)


def _passing(segment: Segment, known: list[Finding], more: list[Finding], context: Context) -> str:
    """What passes of a segment, in which `known` and `more` was found."""
    if segment.format is Format.JSON:
        text = _json_edited(segment, more, context)
    else:
        findings = sorted([*known, *more], key=_order) if more else known
        text = edited(segment.text, findings, segment, context)
    if (withheld := context.judge.withheld.get(segment.path)) is not None:
        text = context.redactor.replacement("replace", withheld, segment.text)
        if segment.format is Format.JSON:
            text = write(text).decode()
    elif context.pseudonyms and not context.is_answer:
        text = context.pseudonyms.replace_known(text)
    return text


def redacted_text(text: str, segment: Segment, context: Context, scanner: Scanner) -> str:
    """`text` with what an enforced rule redacts; findings are judged as those of `segment`."""
    return edited(text, scanner.find(NormalText(text)), segment, context)


def edited(text: str, findings: list[Finding], segment: Segment, context: Context) -> str:
    """The text with what an enforced rule redacts of `findings`, which are in order."""
    if not findings:
        return text
    edits: list[Edit] = []
    covered = 0  # of two that overlap, the later one gets the rest
    restoring = context.restoring is not None
    for finding in findings:
        if restoring and is_own(text[finding.start : finding.end]):
            continue
        judged = context.judge.decide(finding, segment.path, segment.role)
        if judged is not None and judged.action is Action.REDACT and finding.end > covered:
            start, covered = max(finding.start, covered), finding.end
            value = text[start:covered]
            replacement = context.replacement(judged.operator, finding.type, value)
            edits.append(Edit(start, covered, replacement))
    return apply(text, edits)


def _json_edited(segment: Segment, more: Iterable[Finding], context: Context) -> str:
    """JSON in a string. What was found in it as a whole cannot be cut out of it: all of it goes."""
    inner = JsonFilter(context, segment.path, segment.role)
    text = inner.feed(segment.text, final=True)
    for finding in more:
        judged = context.judge.decide(finding, segment.path, segment.role)
        if judged is not None and judged.action is Action.REDACT:
            value = context.replacement(judged.operator, finding.type, segment.text)
            text = write(value).decode()
    return text


def _order(finding: Finding) -> tuple[int, int]:
    return finding.start, -finding.end


def _changed_repeats(segments: list[Segment], changed: list[Segment]) -> frozenset[Path]:
    """Where a text is spelled out again that was changed, or stands beside one that was."""
    if not changed:
        return frozenset()
    repeats = [segment.path for segment in segments if segment.format is Format.REPEAT]
    sizes = {len(path) - 1 for path in repeats}  # few, however large the document
    around = {segment.path[:size] for segment in changed for size in sizes}
    return frozenset(path for path in repeats if path[:-1] in around)
