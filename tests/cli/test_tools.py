"""The tools as people use them: what they print, and their exit codes."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.running import Run

SSN = "123-45-6789"
POLICY = """\
apiVersion: extproc.dev/v1
kind: Policy
metadata: {name: ids}
spec:
  preset: none
  maxRiskScore: 0.9
  rules:
  - {name: answers, detect: [us_ssn], action: flag, on: [response]}
  - {name: tools, detect: [us_ssn], action: flag, roles: [tool]}
  - {name: trial, detect: [us_ssn], action: block, rollout: shadow}
  - {name: ids, detect: [us_ssn, credit_card, phone_number], action: redact}
  - {name: rest, detect: [pii], action: block}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return file


# Explain


def test_an_explanation_says_of_every_rule_why(run: Run, policy: Path) -> None:
    done = run("explain", f"It is {SSN}", "-p", policy)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "redact, risk 0.425\n"
        "policy ids, request, role user; findings below 0.5 are not judged\n"
        "\n"
        "us_ssn (pii) '123-45-6789', 6 to 17, score 0.85\n"
        "  rule answers: is about a response, this is a request\n"
        "  rule tools: is about what tool says, this is user's\n"
        "  rule trial: would have blocked it, and only observes (rollout: shadow)\n"
        "  rule ids: redacts it, and as the first rule about it decides\n"
        "  rule rest: is not asked: a rule before it has decided\n"
        "\n"
        "The risk is what each finding adds, weight × score × what is left to 1:\n"
        "  0.4250  us_ssn  0.5 × 0.85 × 1.0000  (redacted)\n"
        "  0.4250\n"
        "  without what is redacted 0.0000, not above maxRiskScore 0.9\n"
        "\n"
        "What passes:\n"
        "  It is [US_SSN]\n"
    )


def test_an_explanation_tells_what_lies_within_something_surer(run: Run, policy: Path) -> None:
    shown = run("explain", "call 4111 1111 1111 1111", "-p", policy).out
    assert "left out: it lies within credit_card (5 to 24)" in shown


def test_an_explanation_of_nothing(run: Run, policy: Path) -> None:
    shown = run("explain", "hi", "-p", policy).out
    assert shown.startswith("allow, risk 0\n")
    assert shown.endswith("Nothing was found.\n\nIt passes as it is.\n")


def test_an_explanation_of_a_block_says_which_rule(run: Run, policy: Path) -> None:
    assert "Nothing passes: rule rest blocks." in run("explain", "a@b.io", "-p", policy).out
    policy.write_text(POLICY.replace("0.9", "0.1").replace("action: redact", "action: flag"))
    shown = run("explain", SSN, "-p", policy).out
    assert "0.4250, above maxRiskScore 0.1" in shown
    assert "Nothing passes: the risk is above maxRiskScore." in shown


def test_an_explanation_for_programs_from_standard_input(
    run: Run, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(SSN))
    done = run("explain", "-", "-p", policy, "--json", "--role", "tool")
    told = json.loads(done.out)
    [finding] = told["findings"]
    assert (told["verdict"], told["role"], finding["type"]) == ("flag", "tool", "us_ssn")
    assert finding["rules"][1] == {
        "policy": "ids",
        "rule": "tools",
        "action": "flag",
        "answer": "decides",
    }
    assert told["risk"][0]["added"] == told["risk_score"] == 0.425


SEVERAL = (
    POLICY
    + """\
---
apiVersion: extproc.dev/v1
kind: Policy
metadata: {name: payments}
spec:
  match: {hosts: [api.openai.com], headers: {x-team: [pay]}}
  preset: none
  rules: [{name: none, detect: [us_ssn], action: block}]
"""
)


def test_an_explanation_of_several_policies_says_which_holds(run: Run, policy: Path) -> None:
    policy.write_text(SEVERAL)
    assert run("explain", SSN, "-p", policy).out.startswith("redact, ")
    chosen = ("--host", "api.openai.com", "--header", "X-Team=pay")
    shown = run("explain", SSN, "-p", policy, *chosen).out
    assert shown.startswith("block, risk 0.425\npolicy ids+payments, request, role user\n")
    assert "rule none of payments: blocks, and as the first rule about it decides" in shown
    assert "rule ids of ids: would have redacted it; a rule of another policy is" in shown


def test_a_line_of_a_scan_chooses_its_policies(run: Run, policy: Path, tmp_path: Path) -> None:
    policy.write_text(SEVERAL)
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    about = {"host": "api.openai.com:443", "headers": {"x-team": "pay"}}
    lines = [{"text": SSN}, {"text": SSN, **about}, {"text": SSN, **about, "headers": {}}]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("scan", source, "-p", policy, "-o", output)
    results = [json.loads(line)["verdict"] for line in output.read_text().splitlines()]
    assert results == ["redact", "block", "redact"]


# Diff


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    file = tmp_path / "stricter.yaml"
    file.write_text(POLICY.replace("phone_number], action: redact", "phone_number], action: block"))
    return file


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    file = tmp_path / "traffic.jsonl"
    file.write_text("\n".join(json.dumps({"text": text}) for text in ("hi", SSN, "a@b.io")))
    return file


def test_a_difference_is_a_matrix_with_lines_and_no_content(
    run: Run, policy: Path, stricter: Path, traffic: Path
) -> None:
    done = run("diff", policy, stricter, "--on", traffic)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "1 of 3 lines are dealt with differently.\n"
        "\n"
        "Verdicts, old in rows, new in columns:\n"
        "               allow      flag    redact     block\n"
        "  allow            1         ·         ·         ·\n"
        "  redact           ·         ·         ·         1\n"
        "  block            ·         ·         ·         1\n"
        "\n"
        "  findings by rule       old       new\n"
        "  ids                      1         1\n"
        "  rest                     1         1\n"
        "\n"
        "redact → block: line 2\n"
    )


def test_a_difference_may_show_content_and_set_the_exit_code(
    run: Run, policy: Path, stricter: Path, traffic: Path
) -> None:
    done = run("diff", policy, stricter, "--on", traffic, "--show-text", "--exit-code")
    assert done.code == 1
    assert f'  2: {{"text": "{SSN}"}}' in done.out
    assert run("diff", policy, policy, "--on", traffic, "--exit-code").code == 0


def test_a_difference_for_programs(run: Run, policy: Path, stricter: Path, traffic: Path) -> None:
    told = json.loads(run("diff", policy, stricter, "--on", traffic, "--json").out)
    assert (told["lines"], told["changed"]) == (3, 1)
    assert {"old": "redact", "new": "block", "lines": 1} in told["verdicts"]
    assert told["examples"] == [{"old": "redact", "new": "block", "lines": [2]}]


# Test


def test_policy_tests_that_fail_are_shown_and_exit_code_1(
    run: Run, policy: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ids.yaml"
    file.write_text(
        "apiVersion: extproc.dev/v1\nkind: PolicyTest\npolicy: policy.yaml\ncases:\n"
        f"- {{name: taken out, text: {SSN}, expect: {{verdict: redact}}}}\n"
        f"- {{name: '[wrong]', text: {SSN}, expect: {{verdict: block}}}}\n"
    )
    done = run("test", file)
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        f"{file}:6: [wrong]\n  verdict: wanted block, got redact\n1 passed, 1 failed\n"
    )
    file.write_text(file.read_text().replace("verdict: block", "verdict: redact"))
    assert run("test", file) == (0, "2 passed, 0 failed\n", "")


def test_policy_tests_with_a_mistake_are_exit_code_1(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "ids.yaml"
    file.write_text("kind: PolicyTest\n")
    done = run("test", file)
    assert done.code == 1
    assert f"{file}:1: apiVersion is missing; add it" in done.err


# Report


def test_a_report_of_a_scan(run: Run, policy: Path, traffic: Path, tmp_path: Path) -> None:
    judged, html, folder = tmp_path / "out.jsonl", tmp_path / "report.html", tmp_path / "tables"
    run("scan", traffic, "-p", policy, "-o", judged)
    done = run("report", judged, "-o", html, "--csv", folder)
    assert done == (0, "", "3 bodies, 2 findings\n")
    text = html.read_text()
    assert text.startswith("<!doctype html>")
    assert SSN not in text
    verdicts = (folder / "verdicts.csv").read_text().splitlines()
    assert verdicts == ["direction,allow,redact,block", "scan,1,1,1"]


def test_a_report_of_nothing_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "other.log"
    file.write_text('{"message": "serving"}\n')
    done = run("report", file, "-o", tmp_path / "report.html")
    assert done.code == 1
    assert "no bodies; name output of `extproc scan`" in done.err
    assert not (tmp_path / "report.html").exists()


def test_a_report_never_overwrites_its_input(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text('{"verdict": "allow", "risk_score": 0, "findings": []}\n')
    before = file.read_bytes()
    assert run("report", file, "-o", file).code == 1
    assert file.read_bytes() == before


def test_a_report_for_nobody_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("report", tmp_path / "out.jsonl").code == 2
