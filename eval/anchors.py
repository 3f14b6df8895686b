"""What must hold, and what others reach: the figures that each row stands beside."""

from collections.abc import Mapping
from typing import NamedTuple


class Bounds(NamedTuple):
    """What must hold on data that nothing was tuned on; None is not asked for."""

    recall: float | None = None
    precision: float | None = None
    f1: float | None = None
    false_rate: float | None = None
    per_10k: float | None = None

    def text(self) -> str:
        """As a cell."""
        parts = []
        for name, value in self._asdict().items():
            if value is not None:
                parts.append(f"{name} {'≤' if name in AT_MOST else '≥'} {value:g}")
        return ", ".join(parts)

    def verdict(self, row: Mapping[str, object]) -> str:
        """In one word; a figure that a row lacks is not asked for."""
        for name, bound in self._asdict().items():
            value = row.get(name)
            if bound is None or not isinstance(value, int | float):
                continue
            if value > bound if name in AT_MOST else value < bound:
                return "MISSED"
        return "holds"


AT_MOST = frozenset({"false_rate", "per_10k"})

_CHECKED = Bounds(recall=0.995, precision=0.99, per_10k=1)
_NETWORK = Bounds(recall=0.995, precision=0.99)
_IN_CONTEXT = Bounds(recall=0.97, precision=0.97)

TARGETS: Mapping[str, Bounds] = {
    "credit_card": _CHECKED,
    "iban": _CHECKED,
    "us_ssn": _CHECKED,
    "email_address": _NETWORK,
    "ip_address": _NETWORK,
    "mac_address": _NETWORK,
    "url": _NETWORK,
    "phone_number": Bounds(recall=0.95, precision=0.95),
    "medical_record_number": _IN_CONTEXT,
    "date_of_birth": _IN_CONTEXT,
    "person": Bounds(recall=0.5, precision=0.9),
    "secret in an example of a rule": Bounds(recall=0.99, per_10k=1),
    "secret in a line of code": Bounds(f1=0.75, false_rate=0.02),
    "jailbreak or hijack": Bounds(recall=0.9, false_rate=0.01),
    "indirect injection": Bounds(recall=0.5),
    "hate or offence": Bounds(recall=0.4, false_rate=0.01),
}

PRESIDIO = "presidio-research:generated_large"

ANCHORS: Mapping[tuple[str, str], str] = {
    ("any of these", PRESIDIO): (
        "Presidio on its like: P .73 R .65 F2 .66; tuned P .91 R .90 F2 .90"
    ),
    ("phone_number", PRESIDIO): "Presidio without a model on its like: R .59 P .73",
    ("secret in a line of code", "all"): (
        "on all of CredData: CredSweeper F1 .86, gitleaks .33, detect-secrets .21"
    ),
    ("jailbreak or hijack", "all"): (
        "12 rules on 3,129 other attacks: R .40 at .008; "
        "PINT: Lakera 95, Bedrock 89, ProtectAI v2 79, Prompt Guard 2 79"
    ),
}
"""By what is measured and source. Other data sets, so to be read as orders of magnitude."""
