"""One line of a corpus, judged."""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

from extproc.app.offline import Guards
from extproc.dialects import document as json_document
from extproc.dialects.contents import Body, read_text
from extproc.dialects.registry import find
from extproc.guardrail.guardrail import Inspection
from extproc.guardrail.slow import Failed
from extproc.model.errors import BodyError
from extproc.model.values import Action, Direction, Judged, Verdict

CALLER = "scan"
_COPIED = ("custom_id", "customer_id")  # by which results are told apart
_OWN_REASONS = ("unscanned_", "max_risk_score", "detector_")  # all others are names of rules
# Where what a batch answers comes from, by what it says it is.
_ANSWERS = {
    "chat.completion": "/v1/chat/completions",
    "response": "/v1/responses",
    "text_completion": "/v1/completions",
}
_FORMS = (
    'write {"text": "…"}, {"path": "/…", "body": {…}} or a line of an OpenAI batch, '
    '{"custom_id": "…", "method": "POST", "url": "/…", "body": {…}}'
)


def judge_line(line: bytes, guardrails: Guards, direction: Direction) -> dict[str, Any]:
    """The output line for an input line, `{"text"}`, `{"path", "body"}` or one of a batch file.

    Raises BodyError for a line that cannot be judged.
    """
    value = json_document.parse(line)
    inspection, text = inspect(value, guardrails, direction)
    result = _result(inspection, text)
    for name in _COPIED:
        if isinstance(value.get(name), str):
            result[name] = value[name]
    return result


def inspect(value: Any, guardrails: Guards, direction: Direction) -> tuple[Inspection, str]:
    """What becomes of a parsed line, and what it says then. Raises BodyError.

    Policies are chosen by its `path`, `host` and `headers`, rollouts decided for its
    `customer_id`. A text is its `role`'s, of the user or the assistant where it names none.
    """
    caller = _caller(value)
    guardrail = guardrails.select(_headers(value))
    match value:
        case {"text": str(text)}:
            raw = text.encode()
            read = partial(_read, raw, value.get("role"))
            inspection = guardrail.inspect_body(direction, read, caller)
        case {"path": str(path), "body": body}:
            raw = body.encode() if isinstance(body, str) else json_document.write(body)
            inspection = guardrail.inspect_json(find("POST", path), direction, raw, caller)
        case {"method": str(method), "url": str(url), "body": dict(body)}:
            raw = json_document.write(body)
            inspection = guardrail.inspect_json(find(method, url), direction, raw, caller)
        case {"custom_id": str(), "response": {"body": dict(body)}}:
            raw = json_document.write(body)
            path = _ANSWERS.get(str(body.get("object")), "")
            inspection = guardrail.inspect_json(find("POST", path), direction, raw, caller)
        case _:
            raise BodyError("bad_line", _FORMS)
    inspection = inspection.finished()
    return inspection, (raw if inspection.body is None else inspection.body).decode()


def _read(content: bytes, role: object, usual: str) -> Body:
    return read_text(content, role if isinstance(role, str) else usual)


def _headers(value: Any) -> dict[str, str]:
    """Those of a request, pseudo-headers among them, as far as a line names them."""
    if not isinstance(value, dict):
        return {}
    headers = value.get("headers")
    named = {":authority": value.get("host"), ":path": value.get("path", value.get("url"))}
    named |= headers if isinstance(headers, dict) else {}
    return {name: text for name, text in named.items() if isinstance(text, str)}


def _caller(value: Any) -> str:
    caller = value.get("customer_id") if isinstance(value, dict) else None
    return caller if isinstance(caller, str) else CALLER


def outcome(inspection: Inspection) -> tuple[Verdict, tuple[Failed, ...]]:
    """The verdict with what slow detectors have observed, and those that gave no answer."""
    late = inspection.later() if inspection.later is not None else None
    if late is None:
        return inspection.verdict, inspection.failed
    return _together(inspection.verdict, late.verdict), (*inspection.failed, *late.failed)


def _result(inspection: Inspection, text: str) -> dict[str, Any]:
    verdict, failed = outcome(inspection)
    result: dict[str, Any] = {
        "verdict": verdict.action.value,
        "risk_score": verdict.risk_score,
        "findings": [_entry(judged) for judged in verdict.judged],
        # Of a blocked text nothing passes, and judging stopped at the block.
        "text": "" if verdict.action is Action.BLOCK else text,
    }
    if verdict.reason.startswith(_OWN_REASONS):
        result["reason"] = verdict.reason
    if verdict.shadowed:
        shadow = [_entry(judged) | {"action": judged.action.value} for judged in verdict.shadowed]
        result["shadow"] = shadow
    if inspection.skipped:
        result["skipped"] = dict(Counter(skipped.reason for skipped in inspection.skipped))
    if failed:
        result["failed"] = {each.detector: each.kind.value for each in failed}
    return result


def _entry(judged: Judged) -> dict[str, Any]:
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
    return entry


def _together(verdict: Verdict, late: Verdict) -> Verdict:
    """One verdict of what was known at once and what slow detectors have observed."""
    action = max(verdict.action, late.action, key=lambda each: each.severity)
    risk = 1 - (1 - verdict.risk_score) * (1 - late.risk_score)
    judged = (*verdict.judged, *late.judged)
    return replace(verdict, action=action, risk_score=round(risk, 4), judged=judged)
