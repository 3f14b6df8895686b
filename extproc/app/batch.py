"""`extproc scan`: a policy over a corpus, line by line."""

import contextlib
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import orjson

from extproc.dialects import document as json_document
from extproc.dialects.registry import find
from extproc.guardrail.guardrail import Guardrail, Inspection
from extproc.model.errors import BodyError, InputError
from extproc.model.values import Action, Direction, Verdict

_CALLER = "scan"


def scan_file(
    source: Path,
    target: IO[bytes],
    guardrail: Guardrail,
    direction: Direction,
    progress: Callable[[int], None],
) -> dict[str, int]:
    """Judge every line of a JSONL file (also .gz); return how often each verdict was given.

    `progress` is told how many bytes of the file were read. Raises InputError, with file and line,
    for a line that cannot be judged.
    """
    counts: dict[str, int] = {}
    for number, line in _lines(source, progress):
        try:
            result = judge_line(line, guardrail, direction)
        except BodyError as error:
            raise InputError(f"{source}:{number}: {error}") from None
        counts[result["verdict"]] = counts.get(result["verdict"], 0) + 1
        target.write(orjson.dumps(result) + b"\n")
    return counts


def judge_line(line: bytes, guardrail: Guardrail, direction: Direction) -> dict[str, Any]:
    """The output line for an input line, `{"text"}` or `{"path", "body"}`."""
    value = json_document.parse(line)
    match value:
        case {"text": str(text)}:
            inspection = guardrail.inspect_text(direction, text.encode(), _CALLER).finished()
            redacted = inspection.body.decode() if inspection.body is not None else text
        case {"path": str(path), "body": body}:
            raw = body.encode() if isinstance(body, str) else json_document.write(body)
            inspected = guardrail.inspect_json(find("POST", path), direction, raw, _CALLER)
            inspection = inspected.finished()
            redacted = (inspection.body if inspection.body is not None else raw).decode()
        case _:
            raise BodyError("bad_line", 'write {"text": "…"} or {"path": "/…", "body": {…}}')
    return _result(inspection, redacted)


def _result(inspection: Inspection, text: str) -> dict[str, Any]:
    verdict, failed = inspection.verdict, inspection.failed
    late = inspection.later() if inspection.later is not None else None
    if late is not None:
        verdict, failed = _together(verdict, late.verdict), (*failed, *late.failed)
    findings = []
    for judged in verdict.judged:
        finding = judged.finding
        entry: dict[str, Any] = {
            "type": finding.type,
            "start": finding.start,
            "end": finding.end,
            "score": finding.score,
            "rule": judged.rule,
        }
        if judged.path:
            entry["path"] = ".".join(map(str, judged.path))
        findings.append(entry)
    result: dict[str, Any] = {
        "verdict": verdict.action.value,
        "risk_score": verdict.risk_score,
        "findings": findings,
        # Of a blocked text nothing passes, and judging stopped at the block.
        "text": "" if verdict.action is Action.BLOCK else text,
    }
    if failed:
        result["failed"] = {each.detector: each.kind.value for each in failed}
    return result


def _together(verdict: Verdict, late: Verdict) -> Verdict:
    """One verdict of what was known at once and what slow detectors have observed."""
    action = max(verdict.action, late.action, key=lambda each: each.severity)
    risk = 1 - (1 - verdict.risk_score) * (1 - late.risk_score)
    judged = (*verdict.judged, *late.judged)
    return replace(verdict, action=action, risk_score=round(risk, 4), judged=judged)


def _lines(source: Path, progress: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line that is not blank."""
    try:
        with source.open("rb") as raw, contextlib.ExitStack() as stack:
            lines: Iterable[bytes] = raw
            if source.suffix == ".gz":
                lines = stack.enter_context(gzip.GzipFile(fileobj=raw))
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line
                progress(raw.tell())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{source}: cannot be read ({error}); name a JSONL file") from error
