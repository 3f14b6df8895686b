"""The JSON Schema of policies: editors hold a policy to it, documents are made of it."""

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from extproc.detectors.catalog import TYPES
from extproc.policy import yaml12
from extproc.policy.document import PolicyDocument
from extproc.policy.schema import schema, table
from tests.guardrail.making import rule

ROOT = Path(__file__).parents[2]
SCHEMA = schema(TYPES)
VALIDATOR = Draft202012Validator(SCHEMA)
EXAMPLES = [
    text
    for file in ("docs/policy.md", "docs/detectors.md")
    for text in re.findall(r"```yaml\n(.*?)```", (ROOT / file).read_text(), re.DOTALL)
    if text.startswith(("apiVersion: extproc.dev/v1\nkind: Policy\n", "# yaml-language-server"))
]


def document(*rules: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "extproc.dev/v1",
        "kind": "Policy",
        "metadata": {"name": "a"},
        "spec": {"rules": list(rules), **spec},
    }


def is_policy(value: Any) -> bool:
    """Whether a processor takes it."""
    try:
        PolicyDocument.model_validate(value)
    except ValidationError:
        return False
    return True


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", [*EXAMPLES, (ROOT / "k8s/base/policy.yaml").read_text()])
def test_documented_policies_follow_it(text: str) -> None:
    VALIDATOR.validate(yaml12.parse(text))


@pytest.mark.parametrize("preset", ["default", "support-bot", "data-analysis", "code-assistant"])
def test_the_rules_of_presets_follow_it(preset: str) -> None:
    file = resources.files("extproc.policy").joinpath("presets", f"{preset}.yaml")
    VALIDATOR.validate(document(*yaml12.parse(file.read_text())["rules"]))


@pytest.mark.parametrize(
    "value",
    [
        document(),
        document(rule("us_ssn")),
        document(rule("a_type_of_its_own")),
        document(rule("pii", roles=["tool"], on=["response"], redaction="mask", onError="flag")),
        *(
            document(rule("pii", rollout=rollout))
            for rollout in ("shadow", "enforce", "sample: 20%", "enforce: 0%", "enforce: 100%")
        ),
        document(maxRiskScore=0.5, strictness="strict", unscanned="block", unknownApis="allow"),
        document(compliance={"pii": True, "onViolation": "log"}),
        document(environments={"staging": {"strictness": "strict", "rules": [rule("pii")]}}),
        document(entities=[{"name": "badge", "patterns": ["EMP-[0-9]{5}"], "ignoreCase": False}]),
        document(detectors=[{"name": "hook", "kind": "webhook", "url": "https://x/"}]),
        # Mistakes
        {},
        [],
        document() | {"kind": "policy"},
        document() | {"metadata": {}},
        document(preset="paranoid"),
        document(maxRisk=0.5),
        document(maxRiskScore=2),
        document(rule("us_ssn", "deny")),
        document(rule("us_ssn", name="Cards")),
        document(rule("us_ssn", severity=1)),
        document({"name": "none", "detect": [], "action": "flag"}),
        document(rule("us_ssn", on=["answer"])),
        *(
            document(rule("us_ssn", rollout=rollout))
            for rollout in ("canary", "sample: 101%", "sample", "shadow: 5%", 20)
        ),
        document(environments={"test": {}}),
        document(environments={"staging": {"preset": "rag"}}),
        document(compliance={"hipaa": True}),
        document(entities=[{"name": "Badge"}]),
        document(detectors=[{"name": "hook", "kind": "webhook"}]),
        document(detectors=[{"name": "hook", "kind": "oracle", "url": "https://x/"}]),
    ],
    ids=repr,
)
def test_an_editor_takes_what_a_processor_takes(value: Any) -> None:
    assert VALIDATOR.is_valid(value) is is_policy(value)


def test_editors_complete_types_and_families() -> None:
    [names, _] = SCHEMA["$defs"]["Rule"]["properties"]["detect"]["items"]["anyOf"]
    assert {*names["enum"]} == {*TYPES, *TYPES.values()}


def test_every_field_says_what_it_means() -> None:
    models = [SCHEMA, *SCHEMA["$defs"].values()]
    fields = [(m, name, f) for m in models for name, f in m.get("properties", {}).items()]
    assert len(fields) > 60
    for _, name, field in fields:
        assert field["description"], name
        assert "](" not in field["description"], name


def test_nothing_is_explained_that_is_no_field() -> None:
    file = resources.files("extproc.policy").joinpath("fields.tsv").read_text()
    rows = [line.split("\t") for line in file.splitlines()[1:]]
    named = {
        name
        for model in [SCHEMA, *SCHEMA["$defs"].values()]
        for name in model.get("properties", {})
    }
    assert {row[1] for row in rows} == named
    assert {len(row) for row in rows} == {5}


def test_a_table_says_values_and_defaults() -> None:
    rows = {line.split("|")[1].strip(): line for line in table("Spec").splitlines()}
    assert rows["`strictness`"].startswith(
        "| `strictness` | `permissive` `moderate` `strict` | `moderate` | findings below"
    )
    assert "| 0 to 1 | none |" in rows["`maxRiskScore`"]


def test_documents_are_in_sync() -> None:
    command = [sys.executable, "docs/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_file_for_editors_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "extproc", "schema"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "docs/policy.schema.json").read_text()
    assert json.loads(done.stdout) == SCHEMA
