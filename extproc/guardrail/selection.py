"""Several policies: which of them hold for an exchange."""

from collections.abc import Callable, Mapping, Sequence
from itertools import compress

from extproc.guardrail.guardrail import Guardrail
from extproc.policy.combination import combined
from extproc.policy.policy import Policy

_MOST_MADE = 256


class Guardrails:
    """Gives each exchange a guardrail of all the policies that match it.

    `make` makes one of a policy. It is asked at once for what holds where nothing matches and for
    each policy by itself, so that mistakes show, and later for what else is met.
    """

    def __init__(self, policies: Sequence[Policy], make: Callable[[Policy], Guardrail]) -> None:
        self._policies = tuple(policies)
        self._make = make
        self._made: dict[tuple[bool, ...], Guardrail] = {}
        always = [policy.match.width == 0 for policy in policies]
        self._default = self._guardrail(tuple(always))
        for index in range(len(policies)):
            self._guardrail((*always[:index], True, *always[index + 1 :]))

    @property
    def policy(self) -> Policy:
        """What holds where nothing matches."""
        return self._default.policy

    @property
    def fast(self) -> Guardrail:
        """The guardrail of that, without slow detectors."""
        return self._default.fast

    def select(self, headers: Mapping[str, str]) -> Guardrail:
        """The guardrail for a request with these headers."""
        return self._guardrail(tuple(policy.match.holds(headers) for policy in self._policies))

    def _guardrail(self, holding: tuple[bool, ...]) -> Guardrail:
        made = self._made.get(holding)
        if made is None:
            made = self._make(combined(list(compress(self._policies, holding))))
            if len(self._made) < _MOST_MADE:
                self._made[holding] = made
        return made
