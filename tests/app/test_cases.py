"""Tests of policies: what they ask, how they fail, and what a mistake in one is told."""

from pathlib import Path

import pytest

from extproc.app.cases import Mismatch, trials
from extproc.app.offline import Source
from extproc.model.errors import InputError
from extproc.policy.source import FileProblemsError

HEAD = "apiVersion: extproc.dev/v1\nkind: PolicyTest\npolicy: policy.yaml\n"
POLICY = """\
apiVersion: extproc.dev/v1
kind: Policy
metadata: {name: ids}
spec:
  preset: none
  rules:
  - {name: trial, detect: [us_ssn], action: block, rollout: 'enforce: 50%', on: [response]}
  - {name: hidden, detect: [us_ssn], action: block, rollout: shadow}
  - {name: ids, detect: [us_ssn, email_address], action: redact}
  - {name: cards, detect: [credit_card], action: block, roles: [tool]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    return tmp_path / "ids.policy-test.yaml"


def mismatches(file: Path, case: str) -> list[Mismatch]:
    file.write_text(f"{HEAD}cases:\n- {{name: one, {case}}}\n")
    [trial] = trials(file)
    return trial.run()


@pytest.mark.parametrize(
    "case",
    [
        "text: hi, expect: {verdict: allow, types: [], rules: [], shadow: [], text: hi}",
        "text: 123-45-6789, expect: {verdict: redact}",
        "text: 123-45-6789, expect: {verdict: redact, types: [us_ssn], rules: [ids]}",
        "text: 123-45-6789, expect: {verdict: redact, shadow: [hidden], text: '[US_SSN]'}",
        "text: 123-45-6789 a@b.io, expect: {verdict: redact, types: [email_address, us_ssn]}",
        "text: 4111 1111 1111 1111, expect: {verdict: allow}",
        "text: 4111 1111 1111 1111, role: tool, expect: {verdict: block, text: ''}",
        "path: /x, body: {a: a@b.io}, expect: {verdict: redact, body: {a: '[EMAIL_ADDRESS]'}}",
        "text: 123-45-6789, direction: response, caller: c1, expect: {verdict: redact}",
        "text: 123-45-6789, direction: response, caller: c0, expect: {verdict: block}",
    ],
)
def test_what_comes_out_as_wanted_is_no_mismatch(file: Path, case: str) -> None:
    assert mismatches(file, case) == []


def test_everything_that_came_out_otherwise_is_told(file: Path) -> None:
    expected = "{verdict: block, types: [jwt], rules: [], shadow: [], text: It is}"
    told = mismatches(file, f"text: It is 123-45-6789, expect: {expected}")
    assert [str(each) for each in told] == [
        "verdict: wanted block, got redact",
        "types: wanted jwt, got us_ssn",
        "rules: wanted none, got ids",
        "shadow: wanted none, got hidden",
        "text: - wanted, + got\n  - It is\n  + It is [US_SSN]",
    ]


def test_bodies_differ_line_by_line(file: Path) -> None:
    case = "path: /x, body: {a: 1, b: a@b.io}, expect: {verdict: redact, body: {a: 1, b: c}}"
    [told] = mismatches(file, case)
    assert str(told).splitlines() == [
        "body: - wanted, + got",
        "    {",
        '      "a": 1,',
        '  -   "b": "c"',
        '  +   "b": "[EMAIL_ADDRESS]"',
        "    }",
    ]


def test_a_case_knows_its_line_and_the_direction_of_its_suite(file: Path) -> None:
    case = "{name: one, text: hi, expect: {verdict: allow}}"
    file.write_text(f"{HEAD}direction: response\ncases:\n- {case}\n\n- {case}\n")
    found = trials(file)
    assert [(trial.line, trial.direction.value) for trial in found] == [
        (6, "response"),
        (8, "response"),
    ]


def test_without_a_policy_the_default_preset_is_tried(file: Path) -> None:
    suite = HEAD.replace("policy: policy.yaml\n", "")
    file.write_text(f"{suite}cases:\n- {{name: one, text: hi, expect: {{verdict: allow}}}}\n")
    assert [trial.policy for trial in trials(file)] == [Source(None, "production")]


def test_a_suite_may_be_about_another_environment(file: Path) -> None:
    policy = file.parent / "policy.yaml"
    case = "cases: [{name: one, text: a@b.io, expect: {verdict: redact}}]\n"
    rule = "{name: ids, detect: [us_ssn], action: redact}"
    policy.write_text(f"{POLICY}  environments: {{staging: {{rules: [{rule}]}}}}\n")
    found = {}
    for environment in ("production", "staging"):
        file.write_text(f"{HEAD}environment: {environment}\n{case}")
        found[environment] = [str(each) for each in trials(file)[0].run()]
    assert found == {"production": [], "staging": ["verdict: wanted redact, got allow"]}


@pytest.mark.parametrize(
    ("cases", "line", "message"),
    [
        ("[{name: a, text: b}]", 4, "cases.0.expect is missing; add it"),
        ("\n- name: a\n  txt: b\n  expect: {verdict: allow}", 6, "not a field of a policy test"),
        ("[{name: a, text: b, expect: {verdict: deny}}]", 4, "write 'allow', 'flag'"),
        ("[{name: a, expect: {verdict: allow}}]", 4, "write either text, or path and body"),
        ("[{name: a, path: /x, expect: {verdict: allow}}]", 4, "write either text, or path"),
        ("[{name: a, text: b, path: /x, body: {}, expect: {verdict: allow}}]", 4, "write either"),
        ("[]", 4, "at least 1 item"),
    ],
)
def test_a_mistake_is_told_with_its_line(file: Path, cases: str, line: int, message: str) -> None:
    file.write_text(f"{HEAD}cases: {cases}\n")
    with pytest.raises(FileProblemsError) as caught:
        trials(file)
    told = [str(problem) for problem in caught.value.problems]
    assert any(each.startswith(f"{file}:{line}: ") and message in each for each in told), told


def test_a_file_of_nothing_is_told(file: Path) -> None:
    file.write_text("")
    with pytest.raises(FileProblemsError, match="holds no tests; write some with kind: PolicyTest"):
        trials(file)


@pytest.mark.parametrize(
    ("head", "case", "message"),
    [
        (HEAD.replace("policy.yaml", "none.yaml"), "text: a", r":5: one: .*none\.yaml:1: "),
        (HEAD, "path: /v1/chat/completions, body: '{'", ":5: one: "),
    ],
)
def test_what_cannot_be_tried_is_told_with_its_line(
    file: Path, head: str, case: str, message: str
) -> None:
    file.write_text(f"{head}cases:\n- {{name: one, {case}, expect: {{verdict: allow}}}}\n")
    [trial] = trials(file)
    with pytest.raises(InputError, match=message):
        trial.run()
