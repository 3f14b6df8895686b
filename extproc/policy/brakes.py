"""Rules that step back when they block far more than their author expected."""

from collections.abc import Iterable

from extproc.model.values import Action, Verdict

_WINDOW = 1000  # bodies over which a rate is taken
_LEAST = 200  # bodies before a rate says anything


class Brake:
    """Counts how often one rule blocks, and lets go of it above `most` (a share, 0 to 1).

    A rule that has stepped back observes, as in `shadow`, until its policy is loaded again. Each
    worker counts for itself. Safe to use from several threads: a lost count changes little.
    """

    __slots__ = ("_blocked", "_bodies", "_most", "rule", "stepped_back")

    def __init__(self, rule: str, most: float) -> None:
        self.rule = rule
        self.stepped_back = False
        self._most = most
        self._bodies = self._blocked = 0

    def note(self, *, blocked: bool) -> bool:
        """Take one body into account; return whether the rule steps back now."""
        self._bodies += 1
        self._blocked += blocked
        if self.stepped_back or self._bodies < _LEAST:
            return False
        if self._blocked > self._most * self._bodies:
            self.stepped_back = True
            return True
        if self._bodies >= _WINDOW:  # what is long ago counts half
            self._bodies //= 2
            self._blocked //= 2
        return False


def note(brakes: Iterable[Brake], verdict: Verdict) -> list[str]:
    """Tell all of one body's verdict; return the rules that step back."""
    blocking = {judged.rule for judged in verdict.judged if judged.action is Action.BLOCK}
    return [brake.rule for brake in brakes if brake.note(blocked=brake.rule in blocking)]
