"""What a caller is told in place of what a policy blocked."""

from extproc.model.values import Action, Direction, Refusal, Verdict, Violation

_FAILED = "detector_"


def is_failure(verdict: Verdict) -> bool:
    """Whether a body does not pass since a detector that a rule relies on gave no answer."""
    return verdict.reason.startswith(_FAILED)


def of_verdict(
    verdict: Verdict, direction: Direction, request_id: str, calls: tuple[str | int, ...] = ()
) -> Refusal:
    """A block: which rules found which types, never what they found."""
    violations = dict.fromkeys(
        Violation(judged.finding.type, judged.rule)
        for judged in verdict.judged
        if judged.action is not Action.ALLOW
    )
    code = "policy_violation"
    types = ", ".join(sorted({violation.type for violation in violations}))
    if verdict.reason.startswith("unscanned_"):
        what = verdict.reason.removeprefix("unscanned_").replace("_", " ")
        message = f"the policy does not let pass what it cannot inspect ({what}); leave it out"
    elif is_failure(verdict):
        code = "detector_unavailable"
        why = verdict.reason.removeprefix(_FAILED).replace("_", " ")
        message = f"a detector that the policy relies on gave no answer ({why}); try again later"
    elif direction is Direction.REQUEST:
        message = f"blocked by rule {verdict.reason} ({types}); remove it and send again"
    else:
        message = f"the answer was blocked by rule {verdict.reason} ({types}); ask differently"
    return Refusal(
        403,
        code,
        message,
        request_id,
        verdict.risk_score,
        tuple(violations),
        calls,
    )
