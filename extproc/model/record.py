"""What goes on record of a judged body or stream: everything but its content."""

from dataclasses import dataclass
from enum import StrEnum

from extproc.model.values import Direction, Skipped, Usage, Verdict


class Outcome(StrEnum):
    """How a body was dealt with."""

    JUDGED = "judged"
    REFUSED = "refused"  # it could not be inspected and did not pass
    FAIL_OPEN = "fail_open"  # it could not be inspected and the policy let it pass


@dataclass(slots=True, kw_only=True)
class Record:
    """One line of the log. `scanned` counts segments, or events of a stream."""

    request_id: str
    direction: Direction
    dialect: str
    outcome: Outcome
    policy: str
    customer_id: str = ""
    lane: str = "inline"
    verdict: Verdict | None = None
    reason: str = ""
    status: int = 0
    scanned: int = 0
    body_bytes: int = 0
    skipped: tuple[Skipped, ...] = ()
    usage: Usage | None = None
    stepped_back: tuple[str, ...] = ()
    """Rules that observe from now on, since they block more than their bound."""
