"""From findings to a verdict. Pure: what a judge needs to know comes in as arguments."""

from functools import lru_cache

from extproc.model.values import Action, Direction, Finding, History, Judged, Path, Verdict
from extproc.policy.policy import Policy, mode

# The rest is `custom`.
_WEIGHTS = {
    "pii": 0.5,
    "phi": 0.7,
    "pci": 0.8,
    "secrets": 0.9,
    "injection": 0.9,
    "jailbreak": 0.9,
    "toxicity": 0.7,
    "custom": 0.5,
}
_NO_HISTORY = History("", 0)
_MAX_JUDGED = 1000  # kept for the record of one verdict; all are acted on and counted


def weight_of(family: str) -> float:
    """How much a certain finding of a family adds to the risk of a text, 0 to 1."""
    return _WEIGHTS.get(family, _WEIGHTS["custom"])


class Judge:
    """Judges the findings of one direction of one exchange, as they come.

    `risk_score` is 1 - Π(1 - weight x score) over all findings that a rule does not allow. What an
    enforced rule redacts does not reach the other side, so it does not count against
    `maxRiskScore`.

    A block is decided on what is new. A text of the `history` that would be blocked is `withheld`
    as a whole, and each of its turns has a risk of its own.
    """

    __slots__ = (
        "_action",
        "_caller",
        "_clean",
        "_direction",
        "_history",
        "_judged",
        "_policies",
        "_policy",
        "_reason",
        "_residual",
        "_shadowed",
        "withheld",
    )

    def __init__(
        self, policy: Policy, direction: Direction, caller: str, history: History = _NO_HISTORY
    ) -> None:
        self.withheld: dict[Path, str] = {}
        """Texts of the history that must not pass, and the type of what was found there."""
        self._history = history
        self._policy = policy
        self._policies = (policy, *policy.also)
        self._direction = direction
        self._caller = caller
        self._action = Action.ALLOW
        self._clean = 1.0  # probability-like product over all findings
        # The same over what is not redacted: of each turn of the history, and of all that is new.
        self._residual: dict[int | None, float] = {}
        self._judged: list[Judged] = []
        self._shadowed: list[Judged] = []
        self._reason = ""

    def blocked(self) -> bool:
        """Whether nothing may pass any more."""
        return self._action is Action.BLOCK

    def decide(self, finding: Finding, path: Path, role: str) -> Judged | None:
        """Judge one finding; None when no rule acts on it. Updates the running verdict."""
        judged = [self._judged_by(policy, finding, path, role) for policy in self._policies]
        strictest = max(filter(None, judged), key=_severity, default=None)
        if strictest is None:
            return None
        return self._count(strictest, self._history.turn(path, role))

    def _judged_by(self, policy: Policy, finding: Finding, path: Path, role: str) -> Judged | None:
        """What the first rule of a policy says that decides on a finding."""
        if finding.score < policy.least_score:
            return None
        for active in policy.rules_by_type[self._direction].get(finding.type, ()):
            rule = active.rule
            if rule.roles and role not in rule.roles:
                continue
            acts = mode(active, self._caller)
            judged = Judged(finding, rule.name, rule.action, rule.redaction, path)
            if acts == "enforce":
                return judged
            if acts == "shadow" and len(self._shadowed) < _MAX_JUDGED:
                self._shadowed.append(judged)
        return None

    def refuse(self, action: Action, reason: str) -> None:
        """Take into account what is not a finding, e.g. a part that cannot be scanned."""
        self._raise_to(action, reason)

    def verdict(self) -> Verdict:
        """What has been decided so far."""
        if self._action is Action.ALLOW and not (self._judged or self._shadowed):
            return _nothing_found(self._policy.name)
        return Verdict(
            action=self._action,
            risk_score=round(1 - self._clean, 4),
            policy=self._policy.name,
            judged=tuple(self._judged),
            shadowed=tuple(self._shadowed),
            reason=self._reason,
        )

    def _count(self, judged: Judged, turn: int | None) -> Judged:
        """Take a judged finding into account; return it as it is acted on."""
        if judged.action is Action.ALLOW:
            return judged
        finding, limit = judged.finding, self._policy.max_risk_score
        share = 1 - weight_of(finding.family) * finding.score
        self._clean *= share
        residual = self._residual.get(turn, 1.0)
        left = residual if judged.action is Action.REDACT else residual * share
        is_over = limit is not None and 1 - left > limit
        if turn is not None and (judged.action is Action.BLOCK or is_over):
            self.withheld.setdefault(judged.path, finding.type)
            judged = judged._replace(action=Action.REDACT, operator="replace")
        else:
            self._residual[turn] = left
        if len(self._judged) < _MAX_JUDGED:
            self._judged.append(judged)
        self._raise_to(judged.action, judged.rule)
        if turn is None and is_over:
            self._raise_to(Action.BLOCK, "max_risk_score")
        return judged

    def _raise_to(self, action: Action, reason: str) -> None:
        if action.severity > self._action.severity:
            self._action, self._reason = action, reason


@lru_cache(maxsize=64)
def _nothing_found(policy: str) -> Verdict:
    return Verdict(Action.ALLOW, 0.0, policy)


def _severity(judged: Judged) -> int:
    return judged.action.severity
