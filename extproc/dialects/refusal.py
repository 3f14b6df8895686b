"""What every API's error form says of a refusal beside its own members."""

from typing import Any

from extproc.model.values import Refusal

_VIOLATION = "policy_violation"


def is_violation(refusal: Refusal) -> bool:
    """Whether a policy's verdict is the reason."""
    return refusal.code == _VIOLATION


def message(refusal: Refusal) -> str:
    """The reason in one line; its code comes first, since some clients show nothing else."""
    return f"{refusal.code}: {refusal.message}"


def facts(refusal: Refusal) -> dict[str, Any]:
    """What a caller may know of a verdict: never the value that was found."""
    known: dict[str, Any] = {"code": refusal.code}
    if refusal.risk_score is not None:
        known["risk_score"] = refusal.risk_score
    if is_violation(refusal):
        known["violations"] = [violation._asdict() for violation in refusal.violations]
    return known
