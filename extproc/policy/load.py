"""Reading policy files: every mistake with its file, its line and what to write instead."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from extproc.policy.document import PolicyDocument
from extproc.policy.policy import Policy, all_types, build, unknown_detector
from extproc.policy.slow import TYPE_PATTERN, VARIABLE_PATTERN
from extproc.policy.source import Document, FileProblemsError, Problem, read_documents

_ALLOWED = {
    TYPE_PATTERN: "lower-case letters, digits and '_'",
    VARIABLE_PATTERN: "the name of an environment variable; its value never stands in a policy",
}


_DELICATE = ("apiKeyEnv", "url", "address")


class PolicyFileError(FileProblemsError):
    """A policy file cannot be used."""


def load_policies(path: Path, types: Mapping[str, str]) -> list[Policy]:
    """Read all policies of a YAML file. `types` maps every entity type to its family.

    Raises PolicyFileError with all mistakes at once.
    """
    try:
        sources = read_documents(path)
    except FileProblemsError as error:
        raise PolicyFileError(error.problems) from None
    problems: list[Problem] = []
    policies: dict[str, Policy] = {}
    for source in sources:
        document = _validated(path, source, problems)
        if document is None or _misnamed(path, source, document, types, problems):
            continue
        name = document.metadata.name
        if name in policies:
            line = source.line(("metadata", "name"))
            problems.append(Problem(str(path), line, "two policies have one name; rename one"))
        policies[name] = build(document, types)
    if not sources:
        problems.append(Problem(str(path), 1, "holds no policy; write one with kind: Policy"))
    if problems:
        raise PolicyFileError(problems)
    return list(policies.values())


def _validated(path: Path, source: Document, problems: list[Problem]) -> PolicyDocument | None:
    try:
        return PolicyDocument.model_validate(source.value)
    except ValidationError as error:
        for detail in error.errors():
            detail["loc"] = _written(detail["loc"])
            problems.append(Problem(str(path), source.line(detail["loc"]), _remedy(detail)))
        return None


def _misnamed(
    path: Path,
    source: Document,
    document: PolicyDocument,
    types: Mapping[str, str],
    problems: list[Problem],
) -> bool:
    """Note detectors that do not exist and rules that share a name; return whether there were."""
    detectors = document.spec.detectors
    types = all_types(document, types)
    known = {*types, *types.values(), *(each.name for each in detectors)}
    before = len(problems)
    names: set[str] = set()
    for index, detector in enumerate(detectors):
        if detector.name in names:
            line = source.line(("spec", "detectors", index, "name"))
            message = f"two detectors are called {detector.name}; rename one"
            problems.append(Problem(str(path), line, message))
        names.add(detector.name)
        if not detector.types:
            line = source.line(("spec", "detectors", index))
            message = f"{detector.name} looks for nothing; give it classifiers or topics"
            problems.append(Problem(str(path), line, message))
    seen: set[str] = set()
    for index, rule in enumerate(document.spec.rules):
        if rule.name in seen:
            line = source.line(("spec", "rules", index, "name"))
            message = f"two rules are called {rule.name}; rename one"
            problems.append(Problem(str(path), line, message))
        seen.add(rule.name)
        for position, name in enumerate(rule.detect):
            if name not in known:
                line = source.line(("spec", "rules", index, "detect", position))
                problems.append(Problem(str(path), line, unknown_detector(rule.name, name, known)))
    return len(problems) > before


def _written(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A location as it is in the file: of a detector pydantic also names the kind."""
    if location[:2] == ("spec", "detectors"):
        return (*location[:3], *location[4:])
    return location


def _remedy(detail: ErrorDetails) -> str:
    place = ".".join(str(step) for step in detail["loc"]) or "document"
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing" | "union_tag_not_found" as kind:
            what = place if kind == "missing" else f"{place}.kind"
            return f"{what} is missing; add it"
        case "extra_forbidden":
            return f"{place} is not a field of a policy; remove it or correct its name"
        case "literal_error" | "enum":
            return f"{place} is {detail['input']!r}; write {context['expected']}"
        case "union_tag_invalid":
            return f"{place}.kind is {context['tag']!r}; write {context['expected_tags']}"
        case "string_pattern_mismatch":
            allowed = _ALLOWED.get(context["pattern"], "lower-case letters, digits, '-' and '.'")
            return f"{place} is {_shown(detail)}; use {allowed}"
        case "value_error":
            return f"{place} is {_shown(detail)}; {context['error']}"
        case _:
            return f"{place}: {detail['msg'].lower()}"


def _shown(detail: ErrorDetails) -> str:
    """A wrong value, but for one that may be a secret in the wrong place."""
    return "wrong" if detail["loc"][-1] in _DELICATE else repr(detail["input"])
