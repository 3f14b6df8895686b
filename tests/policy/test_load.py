"""Policy files as their authors write them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extproc.detectors.catalog import TYPES
from extproc.guardrail.entities import problems_of
from extproc.model.errors import InputError
from extproc.model.values import Action, Direction
from extproc.policy import yaml12
from extproc.policy.document import PolicyDocument
from extproc.policy.load import PolicyFileError, load_policies
from extproc.policy.policy import Policy, build

HEAD = "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: test}\n"
DESIGN = """
apiVersion: extproc.dev/v1
kind: Policy
metadata: {name: production}
spec:
  preset: default            # default | support-bot | code-assistant
  strictness: moderate       # permissive | moderate | strict
  maxRiskScore: 0.6
  rules:
  - name: cards-and-secrets
    detect: [pci, secrets]   # families or entity types
    on: [request]            # request | response
    action: redact           # allow | flag | redact | block
    redaction: mask          # mask | replace | hash | remove
    rollout: enforce         # shadow | sample: 20% | enforce: 10% | enforce
    onError: block           # what happens when this rule cannot be evaluated
"""


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(text: str) -> list[Policy]:
        file = tmp_path / "policy.yaml"
        file.write_text(text, encoding="utf-8")
        return load_policies(file, TYPES, problems_of)

    return load


def test_the_documented_example_is_a_policy(load: Any) -> None:
    [policy] = load(DESIGN)
    assert (policy.name, policy.max_risk_score) == ("production", 0.6)
    rule = policy.rules[0].rule
    assert (rule.action, rule.redaction, rule.on_error) == (Action.REDACT, "mask", "block")
    assert rule.on == [Direction.REQUEST]
    assert {"credit_card", "iban", "github_token", "jwt"} <= policy.rules[0].types


def test_on_is_a_name_and_no_truth_value(load: Any) -> None:
    [policy] = load(
        HEAD + "spec:\n  preset: none\n  rules:\n  - name: a\n    detect: [pii]\n    action: flag\n"
        "    on:\n    - response\n"
    )
    assert policy.watched(Direction.RESPONSE)
    assert not policy.watched(Direction.REQUEST)


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "On", "YES"])
def test_words_that_older_yaml_took_for_truth_values_are_words(word: str) -> None:
    assert yaml12.parse(f"{word}: {word}") == {word: word}


@pytest.mark.parametrize(("word", "value"), [("true", True), ("False", False), ("TRUE", True)])
def test_true_and_false_are_truth_values(word: str, value: bool) -> None:
    assert yaml12.parse(word) is value


def test_one_file_may_hold_several_policies(load: Any) -> None:
    text = HEAD + "spec: {}\n---\n" + HEAD.replace("test", "other") + "spec: {preset: rag}\n"
    assert [policy.name for policy in load(text)] == ["test", "other"]


def test_empty_documents_between_policies_are_nothing(load: Any) -> None:
    assert len(load("---\n" + HEAD + "spec: {}\n---\n")) == 1


def test_aliases_may_be_used(load: Any) -> None:
    [policy] = load(
        HEAD + "spec:\n  preset: none\n  rules:\n"
        "  - {name: a, detect: &d [pii], action: flag}\n  - {name: b, detect: *d, action: block}\n"
    )
    assert policy.rules[0].types == policy.rules[1].types


def test_a_mapping_may_be_merged_into_another(load: Any) -> None:
    [policy] = load(
        HEAD + "spec:\n  preset: none\n  rules:\n"
        "  - &r {name: a, detect: [pii], action: flag}\n  - {<<: *r, name: b}\n"
    )
    assert [active.rule.name for active in policy.rules] == ["a", "b"]


def test_every_mistake_of_a_file_is_told_at_once(load: Any) -> None:
    text = (
        "apiVersion: v1\nkind: Rule\nmetadata: {name: Test}\nspec:\n  preset: x\n  rules:\n"
        "  - {detect: [], action: deny}\n---\n" + HEAD + "spec: {strictness: very}\n"
    )
    with pytest.raises(PolicyFileError) as caught:
        load(text)
    assert {problem.line for problem in caught.value.problems} == {1, 2, 3, 5, 7, 12}
    assert len(str(caught.value).split("\n")) == len(caught.value.problems) == 8


def test_unknown_detectors_are_told_each_with_its_line(load: Any) -> None:
    rules = "  - name: a\n    action: flag\n    detect:\n    - pii\n    - ssn\n    - cards\n"
    with pytest.raises(PolicyFileError) as caught:
        load(HEAD + "spec:\n  rules:\n" + rules)
    assert [problem.line for problem in caught.value.problems] == [10, 11]
    assert "us_ssn" in str(caught.value)


def test_a_suggestion_is_short_and_close(load: Any) -> None:
    with pytest.raises(PolicyFileError) as caught:
        load(HEAD + "spec: {rules: [{name: a, action: flag, detect: [credit-cards, qqqq]}]}")
    close, unknown = str(caught.value).split("\n")
    assert "nothing detects 'credit-cards'; use credit_card" in close
    assert unknown.endswith("nothing detects 'qqqq'; use what `extproc types` lists")
    assert max(map(len, (close, unknown))) < 300


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="No such file"):
        load_policies(tmp_path / "none.yaml", TYPES, problems_of)


def test_a_directory_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="name a readable file"):
        load_policies(tmp_path, TYPES, problems_of)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    file.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(PolicyFileError, match="larger than 1 MiB"):
        load_policies(file, TYPES, problems_of)


def test_a_refused_file_is_an_input_error() -> None:
    assert issubclass(PolicyFileError, InputError)


@pytest.mark.parametrize("name", ["a", "a.b-c", "0", "a" * 63])
def test_names_as_kubernetes_has_them_are_accepted(load: Any, name: str) -> None:
    assert load(HEAD.replace("test", f"'{name}'") + "spec: {}")[0].name == name


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a b", "é", "a" * 64, "a\\nb"])
def test_other_names_are_refused(load: Any, name: str) -> None:
    with pytest.raises(PolicyFileError, match=r"metadata\.name"):
        load(HEAD.replace("test", f'"{name}"') + "spec: {}")


def test_building_with_an_unknown_detector_is_an_error() -> None:
    document = PolicyDocument.model_validate(
        {
            "apiVersion": "extproc.dev/v1",
            "kind": "Policy",
            "metadata": {"name": "a"},
            "spec": {"rules": [{"name": "b", "detect": ["ssn"], "action": "flag"}]},
        }
    )
    with pytest.raises(InputError, match="rule b: nothing detects 'ssn'"):
        build(document, TYPES)


FRAGMENTS = [
    "apiVersion: extproc.dev/v1\n",
    "kind: Policy\n",
    "metadata: {name: a}\n",
    "spec:\n",
    "spec: {}\n",
    "  preset: none\n",
    "  rules:\n",
    "  - {name: b, detect: [pii], action: flag}\n",
    "  - &x {name: c, detect: [pci], action: block}\n",
    "  - {<<: *x, name: d}\n",
    "*x",
    "&x ",
    "<<: *x\n",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "? [a]\n: b\n",
    "!!binary x",
    "!!set {a}",
    "!!python/name:os.system",
    "2026-02-31",
    "0x_",
    "1e999",
    ".inf",
    "~",
    "[",
    "{",
    "}",
    "]",
    "|\n",
    "\t",
    "\ufeff",
    "\x07",
    "\u2028",
    "'",
    '"',
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=12).map("".join)
    | st.binary(max_size=30)
)
def test_any_file_is_a_policy_or_a_list_of_mistakes(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        assert load_policies(file, TYPES, problems_of)
    except InputError as error:
        assert all(line.startswith(f"{file}:") for line in str(error).splitlines())  # noqa: PT017
