"""Tests of policies: texts and bodies with what must become of them, in YAML."""

import difflib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from extproc.app.batch import CALLER, inspect, outcome
from extproc.app.offline import Guards, Source
from extproc.model.errors import BodyError, InputError
from extproc.model.values import Action, Direction, Verdict
from extproc.policy.document import Environment
from extproc.policy.load import remedy
from extproc.policy.source import Document, FileProblemsError, Problem, read_documents


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Expected(_Strict):
    """What must come of a case; what is left out may be anything.

    `types` and `rules` are those of all findings that a rule acts on, `shadow` the rules that would
    have; `text` and `body` what passes.
    """

    verdict: Action
    types: list[str] | None = None
    rules: list[str] | None = None
    shadow: list[str] | None = None
    text: str | None = None
    body: Any = None


class Case(_Strict):
    """A text, or a body with the path that it is sent to; policies may be chosen by the rest."""

    name: str = Field(min_length=1)
    text: str | None = None
    path: str | None = None
    body: Any = None
    host: str | None = None
    headers: dict[str, str] = {}
    direction: Direction | None = None
    role: str | None = None
    caller: str = CALLER
    expect: Expected

    @model_validator(mode="after")
    def _has_one_input(self) -> Self:
        if (self.text is None) == (self.path is None) or (self.path is None) != (self.body is None):
            raise ValueError("write either text, or path and body")
        return self


class Suite(_Strict):
    """A document of cases. `policy` is a file beside it; the default preset where there is none."""

    api_version: Literal["extproc.dev/v1"] = Field(alias="apiVersion")
    kind: Literal["PolicyTest"]
    policy: Path | None = None
    environment: Environment = "production"
    direction: Direction = Direction.REQUEST
    cases: list[Case] = Field(min_length=1)


class Mismatch(NamedTuple):
    """Something that was to come out otherwise, as text."""

    what: str
    wanted: str
    got: str

    def __str__(self) -> str:
        if self.what not in ("text", "body"):
            return f"{self.what}: wanted {self.wanted or 'none'}, got {self.got or 'none'}"
        lines = difflib.ndiff(self.wanted.splitlines(), self.got.splitlines())
        return "\n  ".join((f"{self.what}: - wanted, + got", *map(str.rstrip, lines)))


class Trial(NamedTuple):
    """A case where it stands, ready to be tried."""

    file: Path
    line: int
    case: Case
    policy: Source
    direction: Direction

    def run(self) -> list[Mismatch]:
        """What came out otherwise. Raises InputError, with file and line, for a broken policy."""
        case, direction = self.case, self.case.direction or self.direction
        line: dict[str, Any] = {"customer_id": case.caller, "role": case.role}
        line |= {"host": case.host, "headers": case.headers}
        line |= {"text": case.text} if case.path is None else {"path": case.path, "body": case.body}
        try:
            inspection, passes = inspect(line, _guardrail(self.policy), direction)
            verdict, _ = outcome(inspection)
        except (BodyError, InputError) as error:
            raise InputError(f"{self.file}:{self.line}: {case.name}: {error}") from None
        passes = "" if verdict.action is Action.BLOCK else passes
        return list(_mismatches(case.expect, verdict, passes))


def trials(file: Path) -> list[Trial]:
    """The cases of a file. Raises FileProblemsError with every mistake, its line and a remedy."""
    problems: list[Problem] = []
    found: list[Trial] = []
    for source in read_documents(file):
        suite = _validated(file, source, problems)
        if suite is None:
            continue
        path = file.parent / suite.policy if suite.policy is not None else None
        policy = Source(path, suite.environment)
        for index, case in enumerate(suite.cases):
            line = source.line(("cases", index))
            found.append(Trial(file, line, case, policy, suite.direction))
    if not found and not problems:
        problems.append(Problem(str(file), 1, "holds no tests; write some with kind: PolicyTest"))
    if problems:
        raise FileProblemsError(problems)
    return found


def _validated(file: Path, source: Document, problems: list[Problem]) -> Suite | None:
    try:
        return Suite.model_validate(source.value)
    except ValidationError as error:
        problems += [
            Problem(str(file), source.line(detail["loc"]), _remedy(detail))
            for detail in error.errors()
        ]
        return None


def _remedy(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        place = ".".join(map(str, detail["loc"]))
        return f"{place} is not a field of a policy test; remove it or correct its name"
    return remedy(detail)


@cache
def _guardrail(policy: Source) -> Guards:
    return policy.guardrails()


def _mismatches(expected: Expected, verdict: Verdict, passes: str) -> Iterator[Mismatch]:
    got = {
        "types": {judged.finding.type for judged in verdict.judged},
        "rules": {judged.rule for judged in verdict.judged},
        "shadow": {judged.rule for judged in verdict.shadowed},
    }
    if expected.verdict is not verdict.action:
        yield Mismatch("verdict", expected.verdict, verdict.action)
    for what, names in got.items():
        wanted = getattr(expected, what)
        if wanted is not None and set(wanted) != names:
            yield Mismatch(what, ", ".join(sorted(wanted)), ", ".join(sorted(names)))
    if expected.text is not None and expected.text != passes:
        yield Mismatch("text", expected.text, passes)
    if expected.body is not None and expected.body != _parsed(passes):
        yield Mismatch("body", _pretty(expected.body), _pretty(_parsed(passes)))


def _parsed(text: str) -> Any:
    return json.loads(text) if text else None


def _pretty(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True)
