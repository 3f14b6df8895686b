"""One mistake per file, and the message that it must give: file, line, what to write instead."""

import subprocess
import sys
from pathlib import Path

import pytest

from extproc.app.check import check_file
from extproc.detectors.catalog import TYPES
from extproc.guardrail.entities import problems_of
from extproc.model.errors import InputError
from extproc.policy.load import PolicyFileError, load_policies

HERE = Path(__file__).parent

# File, line, and what the message says. An empty fragment: any message that is one.
POLICIES: dict[str, tuple[int, str]] = {
    "tabs": (7, "'\\t'"),
    "duplicate-key": (8, "'preset' again; keep one"),
    "duplicate-key-in-a-rule": (11, "'action' again; keep one"),
    "unknown-field": (7, "spec.maxRisk is not a field of a policy"),
    "unknown-field-in-a-rule": (11, "severity is not a field of a policy"),
    "wrong-action": (10, "write 'allow', 'flag', 'redact' or 'block'"),
    "wrong-direction": (11, "write 'request' or 'response'"),
    "wrong-operator": (11, "write 'mask', 'replace', 'hash' or 'remove'"),
    "wrong-on-error": (11, "write 'allow', 'flag' or 'block'"),
    "unknown-detector": (9, "nothing detects 'credit_cards'; use credit_card or"),
    "wrong-unknown-apis": (7, "spec.unknownApis is 'refuse'; write 'scan', 'allow' or 'block'"),
    "unknown-preset": (6, "is 'paranoid'; write 'default', 'support-bot'"),
    "unknown-strictness": (7, "write 'permissive', 'moderate' or 'strict'"),
    "rollout-over-100": (11, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rollout-without-percent": (11, "write shadow, enforce, 'sample: 20%'"),
    "rollout-of-another-kind": (11, "'canary'"),
    "rollout-as-a-list": (11, "write shadow, enforce, 'sample: 20%'"),
    "rollout-without-quotes": (11, "quotes"),
    "risk-score-of-2": (7, "less than or equal to 1"),
    "risk-score-below-0": (7, "greater than or equal to 0"),
    "risk-score-not-a-number": (7, "maxRiskScore"),
    "risk-score-as-a-word": (7, "maxRiskScore"),
    "no-kind": (1, "kind is missing; add it"),
    "no-name": (3, "metadata.name is missing; add it"),
    "no-spec": (1, "spec is missing; add it"),
    "spec-of-nothing": (5, "spec"),
    "wrong-kind": (2, "write 'Policy'"),
    "wrong-api-version": (1, "write 'extproc.dev/v1'"),
    "name-in-capitals": (4, "use lower-case letters"),
    "name-as-a-number": (4, "metadata.name"),
    "rule-without-a-name": (8, "spec.rules.0.name is missing; add it"),
    "rule-that-detects-nothing": (9, "spec.rules.0.detect"),
    "rule-on-nothing": (11, "spec.rules.0.on"),
    "detect-as-a-word": (9, "list"),
    "rules-as-a-mapping": (7, "list"),
    "two-rules-with-one-name": (11, "cards"),
    "two-policies-with-one-name": (15, "two policies have one name; rename one"),
    "empty": (1, "holds no policy; write one with kind: Policy"),
    "only-a-comment": (1, "holds no policy; write one with kind: Policy"),
    "a-list": (1, "dictionary"),
    "a-word": (1, "dictionary"),
    "unclosed-bracket": (10, "not YAML"),
    "unclosed-quote": (7, "not YAML"),
    "wrong-indentation": (10, "check indentation"),
    "undefined-alias": (7, "undefined alias"),
    "a-tag-that-runs-code": (7, "tag"),
    "a-key-that-is-a-list": (7, ""),
    "an-alias-of-itself": (7, ""),
    "a-date-that-is-none": (4, ""),
    "a-number-that-is-none": (7, ""),
    "nested-too-deeply": (7, ""),
    "one-setting-twice-by-two-names": (8, "max_risk_score"),
    "a-control-character": (7, "#x0007"),
    "detector-of-unknown-kind": (
        8,
        "spec.detectors.0.kind is 'http'; write 'grpc', 'openai-moderation'",
    ),
    "detector-without-kind": (8, "spec.detectors.0.kind is missing; add it"),
    "detector-without-url": (8, "spec.detectors.0.url is missing; add it"),
    "detector-url-with-a-password": (10, "keys belong in apiKeyEnv or apiKeyFile"),
    "detector-address-without-port": (10, "write HOST:PORT or unix:/PATH"),
    "detector-key-in-the-policy": (11, "spec.detectors.0.apiKey is not a field of a policy"),
    "detector-key-as-variable": (11, "use the name of an environment variable"),
    "detector-timeout-too-long": (11, "less than or equal to 25"),
    "detector-label-in-capitals": (12, "use lower-case letters, digits and '_'"),
    "detector-model-on-a-relative-path": (10, "write an absolute path"),
    "detector-that-looks-for-nothing": (
        11,
        "meant looks for nothing; give it classifiers or topics",
    ),
    "detector-without-labels": (11, "spec.detectors.1.labels is missing; add it"),
    "two-detectors-with-one-name": (11, "two detectors are called hook; rename one"),
    "detector-misspelt-in-a-rule": (13, "nothing detects 'hooks'; use hook or"),
    "entity-without-words": (7, "badge looks for nothing; give it words or patterns"),
    "entity-with-a-built-in-name": (7, "us_ssn is a built-in name; call yours otherwise"),
    "two-entities-with-one-name": (8, "two entities are called badge; rename one"),
    "entity-in-capitals": (7, "use lower-case letters, digits and '_'"),
    "entity-score-of-2": (9, "less than or equal to 1"),
    "entity-score-of-0": (9, "greater than 0"),
    "entity-unknown-field": (8, "spec.entities.0.regex is not a field of a policy"),
    "entity-pattern-too-short": (9, "is found in 1 characters"),
    "entity-pattern-of-anything": (10, "is found in 0 characters"),
    "entity-pattern-with-lookahead": (9, "cannot be read at offset 5"),
    "entity-pattern-with-backreference": (9, "write a simpler one"),
    "entity-pattern-lazy": (9, "cannot be read at offset 5"),
    "entity-pattern-anchored": (9, "leave out ^ $"),
    "entity-pattern-unclosed": (9, "cannot be read at offset 4"),
    "entity-pattern-too-long": (9, "write one of at most 512"),
    "entity-pattern-not-ascii": (9, "put other letters under words"),
    "entity-word-too-short": (10, "is found in 2 characters"),
    "entity-word-empty": (9, "at least 1 character"),
    "entity-example-not-found": (11, "badge is not found in 'EMP-1'"),
    "entity-near-miss-found": (10, "narrow the pattern"),
    "entity-words-as-a-word": (8, "list"),
    "entity-misspelt-in-a-rule": (10, "nothing detects 'badges'; use badge or"),
    "not-utf8": (1, "save it as UTF-8"),
    "utf16": (1, "save it as UTF-8"),
}
SETTINGS: dict[str, tuple[int, str]] = {
    "unknown-name": (2, "listen_on: is not a setting; use one of admin_listen"),
    "no-port": (2, "write unix:/PATH or HOST:PORT"),
    "port-out-of-range": (1, "write unix:/PATH or HOST:PORT"),
    "admin-on-a-socket": (2, "write HOST:PORT"),
    "no-streams": (2, "greater than or equal to 1"),
    "wrong-mode": (2, "'full_duplex' or 'streamed'"),
    "wrong-level": (3, "'debug', 'info', 'warning' or 'error'"),
    "header-in-capitals": (2, "customer_header"),
    "a-name-that-is-a-number": (2, "1"),
    "one-name-twice": (3, "max_streams"),
    "certificate-without-key": (2, "its private key is missing; set EXTPROC_TLS_KEY_FILE too"),
    "tls-on-a-socket": (1, "a unix socket has no TLS; set EXTPROC_LISTEN to HOST:PORT"),
    "users-on-tcp": (2, "only a unix socket knows the users of its peers"),
    "surprising-san": (2, "write a DNS name"),
}
BOMB = HERE / "policy-alias-bomb.yaml"


def path(kind: str, name: str) -> Path:
    return HERE / f"{kind}-{name}.yaml"


def lines_of(error: InputError, file: Path) -> list[tuple[int, str]]:
    """Line and message of every mistake; each must name the file and be one line."""
    found = []
    for line in str(error).split("\n"):
        assert line.startswith(f"{file}:"), line
        number, _, message = line.removeprefix(f"{file}:").partition(": ")
        found.append((int(number), message))
    return found


@pytest.mark.parametrize("name", POLICIES)
def test_a_wrong_policy_is_refused_with_line_and_remedy(name: str) -> None:
    file = path("policy", name)
    line, fragment = POLICIES[name]
    with pytest.raises(PolicyFileError) as caught:
        load_policies(file, TYPES, problems_of)
    [(number, message)] = lines_of(caught.value, file)
    assert fragment in message
    assert number == line
    assert message
    assert "sk-0123456789" not in message
    assert "hunter2" not in message


@pytest.mark.parametrize("name", SETTINGS)
def test_wrong_settings_are_refused_with_line_and_remedy(name: str) -> None:
    file = path("settings", name)
    line, fragment = SETTINGS[name]
    with pytest.raises(InputError) as caught:
        check_file(file)
    [(number, message)] = lines_of(caught.value, file)
    assert fragment in message
    assert number == line


def test_aliases_that_grow_without_bound_are_refused_in_bounded_time() -> None:
    command = [sys.executable, "-m", "extproc", "check", str(BOMB)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{BOMB}:")
    assert len(done.stderr) < 10_000


def test_every_file_here_has_its_message() -> None:
    named = {path("policy", name) for name in POLICIES}
    named |= {path("settings", name) for name in SETTINGS}
    assert {*HERE.glob("*.yaml")} == {*named, BOMB}
