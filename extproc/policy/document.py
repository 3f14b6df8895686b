"""The policy document as its author writes it (`apiVersion: extproc.dev/v1`, `kind: Policy`)."""

import re
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from extproc.model.values import Action, Direction
from extproc.policy.entities import Entity
from extproc.policy.match import Match
from extproc.policy.slow import SlowDocument

_PERCENT = re.compile(r"(sample|enforce):\s*(\d{1,3})%")
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]

Preset = Literal[
    "default",
    "support-bot",
    "code-assistant",
    "rag",
    "data-analysis",
    "creative-writing",
    "none",
]
Strictness = Literal["permissive", "moderate", "strict"]
UnknownApis = Literal["scan", "allow", "block"]
UNKNOWN_APIS: tuple[UnknownApis, ...] = ("allow", "scan", "block")
"""Mildest first."""
Unscanned = Literal["allow", "flag", "block"]
Environment = Literal["development", "staging", "production"]
ENVIRONMENTS: tuple[Environment, ...] = ("development", "staging", "production")
"""In the order in which a policy is meant to tighten."""
Operator = Literal[
    "mask", "replace", "hash", "remove", "pseudonym", "pseudonym-format", "pseudonym-opaque"
]


class Named(Protocol):
    """Whatever a policy calls by a name."""

    @property
    def name(self) -> str: ...


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Rollout(_Strict):
    """How much of the traffic a rule sees (`share`, 0 to 1), and whether it acts on it."""

    mode: Literal["shadow", "enforce"] = "enforce"
    share: float = 1.0
    rest: Literal["off", "shadow"] = "off"


def _rollout(value: Any) -> Any:
    """Read `shadow`, `enforce`, `sample: 20%` (observe a fifth) or `enforce: 10%`."""
    if isinstance(value, dict) and len(value) == 1:
        [(mode, percent)] = value.items()
        value = f"{mode}: {percent}"
    if value in ("shadow", "enforce"):
        return {"mode": value}
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[2]) > 100:
        raise ValueError("write shadow, enforce, 'sample: 20%' or 'enforce: 10%'")
    share = int(match[2]) / 100
    if match[1] == "sample":
        return {"mode": "shadow", "share": share}
    return {"mode": "enforce", "share": share, "rest": "shadow"}


class Rule(_Strict):
    """What to look for and what to do about it. The first rule that matches a finding decides."""

    name: _Name
    detect: list[str] = Field(min_length=1)
    on: list[Direction] = Field(default=[Direction.REQUEST, Direction.RESPONSE], min_length=1)
    roles: list[str] = Field(default=[])
    action: Action
    redaction: Operator = "replace"
    rollout: Annotated[Rollout, BeforeValidator(_rollout)] = Rollout()
    on_error: Literal["allow", "flag", "block"] = Field(default="block", alias="onError")
    overridable: bool = False
    max_block_rate: float | None = Field(default=None, gt=0, lt=1, alias="maxBlockRate")


class Overlay(_Strict):
    """What is different in one environment; a rule takes the place of the one with its name."""

    strictness: Strictness | None = None
    max_risk_score: float | None = Field(default=None, ge=0, le=1, alias="maxRiskScore")
    unscanned: Unscanned | None = None
    unknown_apis: UnknownApis | None = Field(default=None, alias="unknownApis")
    rules: list[Rule] = []


class Compliance(_Strict):
    """The switches of a compliance form; they are rules behind those that are written out."""

    pii: bool = False
    phi: bool = False
    pci: bool = False
    on_violation: Literal["block", "log"] = Field(default="block", alias="onViolation")
    anonymize_content: bool = Field(default=False, alias="anonymizeContent")
    anonymize_audit: bool = Field(default=False, alias="anonymizeAudit")

    @property
    def rules(self) -> list[Rule]:
        """What passes in spite of a violation may be anonymized, so that it is none."""
        action = Action.BLOCK
        if self.on_violation == "log":
            action = Action.REDACT if self.anonymize_content else Action.FLAG
        wanted = {"pii": self.pii, "phi": self.phi, "pci": self.pci}
        return [
            Rule(name=f"compliance-{family}", detect=[family], action=action)
            for family, is_wanted in wanted.items()
            if is_wanted
        ]

    @model_validator(mode="after")
    def _is_not_both(self) -> Self:
        if self.anonymize_content and self.on_violation == "block":
            raise ValueError("what is blocked is not anonymized; write onViolation: log")
        return self


class Spec(_Strict):
    """The body of a policy."""

    match: Match | None = None
    preset: Preset = "default"
    strictness: Strictness = "moderate"
    max_risk_score: float | None = Field(default=None, ge=0, le=1, alias="maxRiskScore")
    unscanned: Unscanned | None = None
    unknown_apis: UnknownApis = Field(default="scan", alias="unknownApis")
    compliance: Compliance = Compliance()
    detectors: list[SlowDocument] = []
    entities: list[Entity] = Field(default=[], max_length=100)
    rules: list[Rule] = []
    environments: dict[Environment, Overlay] = {}

    def within(self, environment: Environment) -> "Spec":
        """What holds in one environment."""
        overlay = self.environments.get(environment)
        if overlay is None:
            return self
        changes = {
            name: value
            for name in ("strictness", "max_risk_score", "unscanned", "unknown_apis")
            if (value := getattr(overlay, name)) is not None
        }
        replaced = {rule.name for rule in overlay.rules}
        kept = [rule for rule in self.rules if rule.name not in replaced]
        return self.model_copy(update={**changes, "rules": [*overlay.rules, *kept]})


class Metadata(_Strict):
    """How a policy is called in headers, logs and metrics."""

    name: _Name


class PolicyDocument(_Strict):
    """One YAML document."""

    api_version: Literal["extproc.dev/v1"] = Field(alias="apiVersion")
    kind: Literal["Policy"]
    metadata: Metadata
    spec: Spec


class PresetDocument(_Strict):
    """A preset file: rules only."""

    rules: list[Rule]
