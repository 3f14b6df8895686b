"""Reading policy files: every mistake with its file, its line and what to write instead."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from extproc.policy.document import Environment, Named, PolicyDocument, Rule
from extproc.policy.entities import Entity
from extproc.policy.match import HEADER_PATTERN, WILDCARD_PATTERN
from extproc.policy.policy import Policy, all_types, build, unknown_detector
from extproc.policy.slow import TYPE_PATTERN, VARIABLE_PATTERN
from extproc.policy.source import Document, FileProblemsError, Problem, read_documents

_ALLOWED = {
    WILDCARD_PATTERN: "a text without blanks, in which * stands for any characters",
    HEADER_PATTERN: "the name of a header in lower-case letters, digits and '-'",
    TYPE_PATTERN: "lower-case letters, digits and '_'",
    VARIABLE_PATTERN: "the name of an environment variable; its value never stands in a policy",
}
_NAME_ALLOWED = "1 to 63 lower-case letters, digits, '-' and '.', a letter or digit at both ends"
_MOST_SHOWN = 60  # characters of a wrong value

_DELICATE = frozenset({"apiKeyEnv", "url", "address"})


EntityProblems = Callable[[Entity], Iterable[tuple[tuple[str | int, ...], str]]]
"""Says what is wrong with an entity, and where in it."""


class PolicyFileError(FileProblemsError):
    """A policy file cannot be used."""


def load_policies(
    path: Path,
    types: Mapping[str, str],
    entity_problems: EntityProblems,
    environment: Environment = "production",
) -> list[Policy]:
    """Read all policies of a YAML file. `types` maps every built-in entity type to its family.

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
        if document is None:
            continue
        review = _Review(path, source, document)
        review.names(all_types(document, types))
        review.entities(types, entity_problems)
        problems += review.problems
        if review.problems:
            continue
        name = document.metadata.name
        if name in policies:
            line = source.line(("metadata", "name"))
            problems.append(Problem(str(path), line, "two policies have one name; rename one"))
        policies[name] = build(document, types, environment)
    if policies and all(policy.match.width for policy in policies.values()):
        line = sources[0].line(("spec", "match"))
        message = "every policy has a match; add one without, for all that they do not match"
        problems.append(Problem(str(path), line, message))
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
            problems.append(Problem(str(path), source.line(detail["loc"]), remedy(detail)))
        return None


class _Review:
    """Looks in one document for what its form allows and its meaning does not."""

    def __init__(self, path: Path, source: Document, document: PolicyDocument) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._source = source
        self._spec = document.spec

    def _add(self, message: str, *location: str | int) -> None:
        line = self._source.line(("spec", *location))
        self.problems.append(Problem(str(self._path), line, message))

    def names(self, types: Mapping[str, str]) -> None:
        """Note what two things are called, and what a rule names that is not there."""
        known = {*types, *types.values(), *(each.name for each in self._spec.detectors)}
        self._twice("detectors", self._spec.detectors)
        self._twice("entities", self._spec.entities)
        for index, detector in enumerate(self._spec.detectors):
            if not detector.types:
                message = f"{detector.name} looks for nothing; give it classifiers or topics"
                self._add(message, "detectors", index)
        self._rules(self._spec.rules, known)
        for environment, overlay in self._spec.environments.items():
            self._rules(overlay.rules, known, "environments", environment)

    def _rules(self, rules: list[Rule], known: set[str], *place: str) -> None:
        self._twice("rules", rules, *place)
        for index, rule in enumerate(rules):
            for position, name in enumerate(rule.detect):
                if name not in known:
                    message = unknown_detector(rule.name, name, known)
                    self._add(message, *place, "rules", index, "detect", position)

    def _twice(self, kind: str, things: Sequence[Named], *place: str) -> None:
        seen: set[str] = set()
        for index, thing in enumerate(things):
            if thing.name in seen:
                message = f"two {kind} are called {thing.name}; rename one"
                self._add(message, *place, kind, index, "name")
            seen.add(thing.name)

    def entities(self, types: Mapping[str, str], entity_problems: EntityProblems) -> None:
        """Note entities that cannot be sought, or that take the name of a built-in type."""
        taken = {*types, *types.values()}
        for index, entity in enumerate(self._spec.entities):
            if entity.name in taken:
                message = f"{entity.name} is a built-in name; call yours otherwise"
                self._add(message, "entities", index, "name")
            for location, message in entity_problems(entity):
                self._add(message, "entities", index, *location)


def _written(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A location as it is in the file: of a detector pydantic also names the kind."""
    if location[:2] == ("spec", "detectors"):
        return (*location[:3], *location[4:])
    return location


_THINGS = {
    "PolicyDocument": "the document",
    "Metadata": "metadata",
    "Spec": "spec",
    "Rule": "a rule",
    "Match": "match",
    "Entity": "an entity",
    "Compliance": "compliance",
    "Overlay": "an environment",
}

_WANTED = {
    "list_type": "write a list, e.g. [one, two]",
    "dict_type": "write names and values under it, each with a colon",
    "model_type": "write names and values under it, each with a colon",
    "model_attributes_type": "write names and values under it, each with a colon",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "string_type": "write a text; a number goes in quotes",
}


def remedy(detail: ErrorDetails) -> str:
    """What to write instead of what pydantic refuses."""
    steps = [str(step) for step in detail["loc"] if step != "[key]"]
    place = ".".join(steps) or "document"
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing" | "union_tag_not_found" as kind:
            what = place if kind == "missing" else f"{place}.kind"
            return f"{what} is missing; add it"
        case "extra_forbidden":
            return f"{place} is not a field of a policy; remove it or {_meant(steps[-1])}"
        case "literal_error" | "enum":
            return f"{place} is {_shown(detail)}; write {context['expected']}"
        case "union_tag_invalid":
            return f"{place}.kind is {context['tag']!r}; write {context['expected_tags']}"
        case "string_pattern_mismatch":
            allowed = _ALLOWED.get(context["pattern"], _NAME_ALLOWED)
            return f"{place} is {_shown(detail)}; use {allowed}"
        case "value_error":
            return f"{place} is {_shown(detail)}; {context['error']}"
        case kind if kind in _WANTED:
            return f"{place} is {_shown(detail)}; {_WANTED[kind]}"
        case _:
            return f"{place} is {_shown(detail)}; {detail['msg'].lower()}"


def _meant(name: str) -> str:
    """What to write for a field that is misspelt, or stands in the wrong place."""
    fields = _fields()
    if name in fields:
        return f"put it where it belongs: {fields[name]}"
    meant = get_close_matches(name.lower(), [field.lower() for field in fields], n=1)
    names = [field for field in fields if [field.lower()] == meant]
    return f"write {names[0]}" if names else "correct its name"


@cache
def _fields() -> dict[str, str]:
    """Every field that a policy may have, and of what it is one."""
    schema = PolicyDocument.model_json_schema(by_alias=True)
    models = {"PolicyDocument": schema, **schema["$defs"]}
    return {
        field: f"a field of {_THINGS.get(title, 'a detector')}"
        for title, model in models.items()
        if title != "Rollout"  # nobody writes it so
        for field in model.get("properties", ())
    }


def _shown(detail: ErrorDetails) -> str:
    """A wrong value, but for one that may be a secret in the wrong place, or is long."""
    value = detail["input"]
    if _DELICATE.intersection(detail["loc"]):
        return "wrong"
    if value is None:
        return "empty"
    shown = repr(value)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
