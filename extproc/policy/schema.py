"""Policies for editors and readers: their JSON Schema, and tables of their fields.

What a field means stands in `fields.tsv`; all else comes from the documents' own models.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, get_args

from extproc.policy.document import PolicyDocument
from extproc.policy.slow import ModelDetector, RemoteDetector

_ID = "https://extproc.dev/schema/policy.schema.json"
_SEE = re.compile(r",? see (below|\[[^\]]+\]\([^)]+\))")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_DETECTORS = frozenset(kind.__name__ for kind in get_args(RemoteDetector | ModelDetector))
# As it is written; its model is what that is read into.
_ROLLOUT = {
    "anyOf": [
        {"enum": ["enforce", "shadow"]},
        {"type": "string", "pattern": r"^(sample|enforce):\s*(100|[0-9]{1,2})%$"},
    ],
    "default": "enforce",
}


class Field(NamedTuple):
    """What there is to say of a field; what is empty comes from the schema."""

    values: str
    default: str
    meaning: str


def schema(types: Mapping[str, str]) -> dict[str, Any]:
    """The JSON Schema of a policy. `types` maps every known entity type to its family.

    Editors complete the names of those; others may be a policy's own. Raises KeyError for a field
    that has no meaning in `fields.tsv`.
    """
    whole = PolicyDocument.model_json_schema(by_alias=True)
    models: dict[str, Any] = whole.pop("$defs")
    del models["Rollout"]
    for name, model in {"PolicyDocument": whole, **models}.items():
        _tidy(name, model)
    rule = models["Rule"]["properties"]
    rule["rollout"] = {"description": rule["rollout"]["description"], **_ROLLOUT}
    names = [*sorted({*types.values()}), *types]
    rule["detect"]["items"] = {"anyOf": [{"enum": names}, rule["detect"]["items"]]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": "extproc policy",
        **whole,
        "$defs": models,
    }


def table(name: str) -> str:
    """The fields of a model, e.g. `Rule`, as a table in Markdown."""
    whole = PolicyDocument.model_json_schema(by_alias=True)
    models = whole.pop("$defs")
    model = {"PolicyDocument": whole, **models}[name]
    rows = ["| field | values | default | meaning |", "| --- | --- | --- | --- |"]
    for field, found in model["properties"].items():
        known = _fields()[_owner(name), field]
        values = known.values or " ".join(_values(_bare(found), models))
        default = known.default or ("" if field in model.get("required", ()) else _default(found))
        rows.append(f"| `{field}` | {values} | {default} | {known.meaning} |")
    return "\n".join(rows).replace("  |", " |") + "\n"


def _tidy(name: str, model: dict[str, Any]) -> None:
    """Say what its fields mean, and leave out what says nothing."""
    model.pop("title", None)
    if "description" in model:
        model["description"] = " ".join(model["description"].split())
    for field, found in model.get("properties", {}).items():
        meaning = _fields()[_owner(name), field].meaning
        bare = _bare(found)
        bare.pop("title", None)
        if bare.get("default", "") is None:
            del bare["default"]
        found.clear()
        found.update({"description": _LINK.sub(r"\1", _SEE.sub("", meaning)), **bare})


def _bare(found: dict[str, Any]) -> dict[str, Any]:
    """A field's schema without the null by which its absence is told."""
    kinds = [kind for kind in found.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return dict(found)
    return {**{key: value for key, value in found.items() if key != "anyOf"}, **kinds[0]}


def _values(found: Mapping[str, Any], models: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in found:
        found = models[found["$ref"].rpartition("/")[2]]
    least, most = found.get("minimum"), found.get("maximum")
    if "enum" in found:
        yield from (f"`{value}`" for value in found["enum"])
    elif "const" in found:
        yield f"`{found['const']}`"
    elif "exclusiveMinimum" in found:
        yield f"above {found['exclusiveMinimum']:g}, to {most:g}"
    elif least is not None:
        yield f"{least:g} to {most:g}"
    elif found.get("type") == "array":
        yield "list"
    elif found.get("type") == "object":
        yield "names and values"
    elif found.get("type") == "boolean":
        yield "`true` `false`"
    else:
        yield "text"


def _default(found: Mapping[str, Any]) -> str:
    match found.get("default"):
        case None:
            return "none"
        case [] | {}:
            return "empty"
        case bool(value):
            return f"`{str(value).lower()}`"
        case str(value):
            return f"`{value}`"
        case value:
            return f"{value:g}" if isinstance(value, float | int) else "as below"


def _owner(model: str) -> str:
    return "Detector" if model in _DETECTORS else model


@cache
def _fields() -> Mapping[tuple[str, str], Field]:
    source = resources.files("extproc.policy").joinpath("fields.tsv").read_text()
    rows = (line.split("\t") for line in source.splitlines() if not line.startswith("#"))
    return {(of, name): Field(*rest) for of, name, *rest in rows}
