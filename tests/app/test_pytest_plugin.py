"""Tests of policies are tests of pytest."""

import os
import subprocess
import sys
from pathlib import Path

SUITE = """\
apiVersion: extproc.dev/v1
kind: PolicyTest
policy: policy.yaml
cases:
- {name: taken out, text: 123-45-6789, expect: {verdict: redact}}
- {name: wrong, text: 123-45-6789, expect: {verdict: block, text: hi}}
"""
POLICY = (
    "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: ids}\n"
    "spec: {preset: none, rules: [{name: ids, detect: [us_ssn], action: redact}]}\n"
)


def collected(folder: Path, suite: str) -> str:
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "ids.policy-test.yaml").write_text(suite)
    (folder / "other.yaml").write_text("{")
    command = [sys.executable, "-m", "pytest", "-p", "extproc.app.pytest_plugin"]
    command += ["-p", "no:cacheprovider", "-p", "no:randomly", "-rA"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert done.returncode in (1, 2)
    return done.stdout


def test_cases_are_items_and_fail_with_what_came_out_otherwise(tmp_path: Path) -> None:
    shown = collected(tmp_path, SUITE)
    assert "PASSED ids.policy-test.yaml::taken out" in shown
    assert "FAILED ids.policy-test.yaml::wrong" in shown
    assert "verdict: wanted block, got redact\ntext: - wanted, + got\n  - hi\n  + [US_SSN]" in shown
    assert "1 failed, 1 passed" in shown


def test_a_file_with_a_mistake_is_an_error_with_its_line(tmp_path: Path) -> None:
    shown = collected(tmp_path, SUITE.replace("verdict: redact", "verdict: deny"))
    assert "ids.policy-test.yaml:5: cases.0.expect.verdict is 'deny'; write 'allow'" in shown
    assert "Traceback" not in shown
