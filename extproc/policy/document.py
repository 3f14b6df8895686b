"""The policy document as its author writes it (`apiVersion: extproc.dev/v1`, `kind: Policy`)."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from extproc.model.values import Action, Direction
from extproc.policy.entities import Entity
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
Operator = Literal["mask", "replace", "hash", "remove"]


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


class Spec(_Strict):
    """The body of a policy."""

    preset: Preset = "default"
    strictness: Strictness = "moderate"
    max_risk_score: float | None = Field(default=None, ge=0, le=1, alias="maxRiskScore")
    unscanned: Literal["allow", "flag", "block"] | None = None
    unknown_apis: UnknownApis = Field(default="scan", alias="unknownApis")
    detectors: list[SlowDocument] = []
    entities: list[Entity] = Field(default=[], max_length=100)
    rules: list[Rule] = []


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
