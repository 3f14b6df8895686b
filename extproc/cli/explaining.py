"""An explanation as a person would give it, and as JSON."""

from typing import Any

from rich.console import Console
from rich.text import Text

from extproc.app.explain import Explanation, Seen
from extproc.model.values import Action, Finding
from extproc.policy.trace import Answer, Asked

_COLOURS = {"allow": "green", "flag": "yellow", "redact": "cyan", "block": "red"}
_WIDEST = 60  # characters of a value that is shown
_DONE = {
    Action.ALLOW: "allowed",
    Action.FLAG: "flagged",
    Action.REDACT: "redacted",
    Action.BLOCK: "blocked",
}
_DOES = {
    Action.ALLOW: "allows it",
    Action.FLAG: "flags it",
    Action.REDACT: "redacts it",
    Action.BLOCK: "blocks",
}


def show(explanation: Explanation, text: str, console: Console) -> None:
    """Print it; `text` is what was judged."""
    verdict, policy = explanation.verdict, explanation.policy
    action = verdict.action.value
    _line(console, f"{action}, risk {verdict.risk_score:g}", _COLOURS[action])
    _line(
        console,
        f"policy {verdict.policy}, {explanation.direction.value}, role {explanation.role}"
        + ("" if policy.also else f"; findings below {policy.least_score:g} are not judged"),
    )
    for detector, failure in explanation.failed.items():
        _line(console, f"detector {detector} gave no answer ({failure})", "yellow")
    acted = [each for each in explanation.seen if each.asked]
    other = [each for each in explanation.seen if not each.asked]
    if not explanation.seen:
        _line(console, "\nNothing was found.")
    for seen in acted:
        _show_seen(seen, text, explanation, console)
    if other:
        _line(console, "\nFound, and no rule is about it:", "bold")
        for seen in other:
            _line(console, f"  {_named(seen.finding, text)}", "dim")
    _show_risk(explanation, console)
    if verdict.action is Action.BLOCK:
        _line(console, f"\nNothing passes: {_why_blocked(explanation)}.", "bold")
    elif explanation.text == text:
        _line(console, "\nIt passes as it is.", "bold")
    else:
        _line(console, "\nWhat passes:", "bold")
        _line(console, f"  {explanation.text}")


def _show_seen(seen: Seen, text: str, explanation: Explanation, console: Console) -> None:
    decision = seen.decision
    colour = _COLOURS[decision.action.value] if decision else "dim"
    _line(console, f"\n{_named(seen.finding, text)}", f"bold {colour}")
    if seen.overlapped is not None:
        above = seen.overlapped
        _line(
            console,
            f"  left out: it lies within {above.type} ({above.start} to {above.end}), "
            f"which is {'surer' if above.score > seen.finding.score else 'larger and as sure'}",
        )
        return
    for asked in seen.asked:
        _line(console, f"  {_answered(asked, seen.finding, explanation)}")
    if decision is None:
        _line(console, "  so it passes")


def _named(finding: Finding, text: str) -> str:
    value = text[finding.start : finding.end]
    shown = value if len(value) <= _WIDEST else value[: _WIDEST - 1] + "…"
    return (
        f"{finding.type} ({finding.family}) {shown!r}, {finding.start} to {finding.end}, "
        f"score {finding.score:g}"
    )


def _answered(asked: Asked, finding: Finding, explanation: Explanation) -> str:
    done = _DONE[asked.action]
    match asked.answer:
        case Answer.DECIDES:
            why = f"{_DOES[asked.action]}, and as the first rule about it decides"
        case Answer.OBSERVES if asked.rollout == "shadow":
            why = f"would have {done} it, and only observes (rollout: shadow)"
        case Answer.OBSERVES:
            why = f"would have {done} it, and only observes for this caller ({asked.rollout})"
        case Answer.OFF:
            why = f"is not asked for this caller ({asked.rollout})"
        case Answer.OTHER_DIRECTION:
            why = f"is about a {' or '.join(asked.on)}, this is a {explanation.direction.value}"
        case Answer.OTHER_ROLE:
            why = f"is about what {' or '.join(asked.roles)} says, this is {explanation.role}'s"
        case Answer.NOT_ASKED:
            why = "is not asked: a rule before it has decided"
        case Answer.TOO_UNSURE:
            why = f"is not asked: the score {finding.score:g} is below {asked.least_score:g}"
        case Answer.MILDER:
            why = f"would have {done} it; a rule of another policy is as strict or stricter"
    of = f" of {asked.policy}" if explanation.policy.also else ""
    return f"rule {asked.rule}{of}: {why}"


def _show_risk(explanation: Explanation, console: Console) -> None:
    if not explanation.risks:
        return
    heading = "\nThe risk is what each finding adds, weight × score × what is left to 1:"  # noqa: RUF001
    _line(console, heading, "bold")
    width = max(len(risk.finding.type) for risk in explanation.risks)
    for risk in explanation.risks:
        note = "" if risk.reaches else "  (redacted)"
        _line(
            console,
            f"  {risk.added:6.4f}  {risk.finding.type:<{width}}  "
            f"{risk.weight:g} × {risk.finding.score:g} × {risk.left:.4f}{note}",  # noqa: RUF001
        )
    _line(console, f"  {sum(risk.added for risk in explanation.risks):6.4f}")
    limit = explanation.policy.max_risk_score
    if limit is not None:
        over = "above" if explanation.residual > limit else "not above"
        _line(
            console,
            f"  without what is redacted {explanation.residual:.4f}, {over} maxRiskScore {limit:g}",
        )


def _why_blocked(explanation: Explanation) -> str:
    reason = explanation.verdict.reason
    if reason == "max_risk_score":
        return "the risk is above maxRiskScore"
    if reason.startswith("detector_"):
        return "a detector that a rule relies on gave no answer"
    return f"rule {reason} blocks"


def _line(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style), soft_wrap=True)


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The same for programs. It holds no value that was found, but for those that pass."""
    verdict = explanation.verdict
    return {
        "verdict": verdict.action.value,
        "reason": verdict.reason,
        "policy": verdict.policy,
        "direction": explanation.direction.value,
        "role": explanation.role,
        "risk_score": verdict.risk_score,
        "risk": [
            {
                "type": risk.finding.type,
                "weight": risk.weight,
                "score": risk.finding.score,
                "left": round(risk.left, 6),
                "added": round(risk.added, 6),
                "redacted": not risk.reaches,
            }
            for risk in explanation.risks
        ],
        "residual_risk": round(explanation.residual, 4),
        "findings": [_seen_as_json(seen) for seen in explanation.seen],
        "failed": explanation.failed,
        "text": explanation.text,
    }


def _seen_as_json(seen: Seen) -> dict[str, Any]:
    above = seen.overlapped
    return {
        **seen.finding._asdict(),
        "rules": [
            {
                "policy": each.policy,
                "rule": each.rule,
                "action": each.action.value,
                "answer": each.answer.value,
            }
            for each in seen.asked
        ],
        "overlapped": above._asdict() if above is not None else None,
    }
