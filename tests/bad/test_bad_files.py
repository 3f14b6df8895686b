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
    "wrong-operator": (11, "write 'mask', 'replace', 'hash', 'remove', 'pseudonym'"),
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
    "name-in-capitals": (4, "use 1 to 63 lower-case letters"),
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
    "a-list": (1, "write names and values"),
    "a-word": (1, "write names and values"),
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
    "preset-as-a-number": (6, "write 'default', 'support-bot', 'code-assistant', 'rag', 'da"),
    "preset-as-a-list": (6, "write 'default', 'support-bot', 'code-assistant', 'rag', 'da"),
    "preset-in-capitals": (6, "write 'default', 'support-bot', 'code-assistant', 'rag', 'da"),
    "preset-of-nothing": (6, "write 'default', 'support-bot', 'code-assistant', 'rag', 'da"),
    "strictness-as-a-number": (6, "write 'permissive', 'moderate' or 'strict'"),
    "strictness-in-capitals": (6, "write 'permissive', 'moderate' or 'strict'"),
    "strictness-of-nothing": (6, "write 'permissive', 'moderate' or 'strict'"),
    "risk-score-as-a-percentage": (6, "spec.maxRiskScore is '60%'; write a number"),
    "risk-score-as-a-list": (6, "spec.maxRiskScore is [0.5]; write a number"),
    "unscanned-redact": (6, "spec.unscanned is 'redact'; write 'allow', 'flag' or 'block'"),
    "unscanned-true": (6, "spec.unscanned is True; write 'allow', 'flag' or 'block'"),
    "unknown-apis-as-a-list": (6, "write 'scan', 'allow' or 'block'"),
    "unknown-apis-flag": (6, "spec.unknownApis is 'flag'; write 'scan', 'allow' or 'block'"),
    "snake-case-of-a-field": (6, "remove it or write maxRiskScore"),
    "rule-instead-of-rules": (6, "remove it or write rules"),
    "rules-as-a-word": (6, "spec.rules is 'all'; write a list, e.g. [one, two]"),
    "rules-as-a-number": (6, "spec.rules is 3; write a list, e.g. [one, two]"),
    "rules-of-a-word": (6, "write names and values under it, each with a colon"),
    "mode-of-another-product": (6, "remove it or write model"),
    "version-in-the-spec": (6, "remove it or write apiVersion"),
    "enabled-in-the-spec": (6, "remove it or correct its name"),
    "detect-outside-of-a-rule": (6, "remove it or put it where it belongs: a field of a rule"),
    "entities-as-a-mapping": (6, "write a list, e.g. [one, two]"),
    "entities-of-words": (6, "write names and values under it, each with a colon"),
    "detectors-as-a-word": (6, "spec.detectors is 'guard'; write a list, e.g. [one, two]"),
    "detectors-of-words": (6, "write names and values under it, each with a colon"),
    "environments-as-a-list": (6, "write names and values under it, each with a colon"),
    "compliance-as-a-list": (6, "write names and values under it, each with a colon"),
    "compliance-true": (6, "write names and values under it, each with a colon"),
    "compliance-unknown-switch": (8, "remove it or correct its name"),
    "compliance-pii-as-a-word": (8, "spec.compliance.pii is 'sometimes'; write true or false"),
    "compliance-on-violation-redact": (8, "write 'block' or 'log'"),
    "compliance-on-violation-in-capitals": (8, "write 'block' or 'log'"),
    "compliance-anonymize-as-a-word": (8, "write true or false"),
    "compliance-british-spelling": (8, "remove it or write anonymizeContent"),
    "compliance-audit-as-a-number": (8, "spec.compliance.anonymizeAudit is 7; write true or false"),
    "compliance-pci-as-a-list": (8, "spec.compliance.pci is ['cards']; write true or false"),
    "compliance-anonymizes-what-it-blocks": (6, "write onViolation: log"),
    "environment-unknown": (7, "write 'development', 'staging' or 'production'"),
    "environment-abbreviated": (7, "write 'development', 'staging' or 'production'"),
    "environment-in-capitals": (7, "write 'development', 'staging' or 'production'"),
    "environment-with-a-preset": (8, "remove it or put it where it belongs: a field of spec"),
    "environment-unknown-field": (8, "remove it or write maxRiskScore"),
    "environment-wrong-strictness": (8, "write 'permissive', 'moderate' or 'strict'"),
    "environment-risk-score-of-2": (8, "input should be less than or equal to 1"),
    "environment-wrong-unscanned": (8, "write 'allow', 'flag' or 'block'"),
    "environment-wrong-unknown-apis": (8, "write 'scan', 'allow' or 'block'"),
    "environment-rules-as-a-word": (8, "write a list, e.g. [one, two]"),
    "environment-with-entities": (8, "remove it or put it where it belongs: a field of spec"),
    "environment-in-an-environment": (8, "remove it or put it where it belongs: a field of spec"),
    "environment-rule-unknown-detector": (10, "use what `extproc types` lists"),
    "environment-rule-wrong-action": (11, "write 'allow', 'flag', 'redact' or 'block'"),
    "environment-two-rules-with-one-name": (12, "two rules are called own; rename one"),
    "environment-rule-without-a-name": (
        9,
        "spec.environments.production.rules.0.name is missing; add it",
    ),
    "environment-rule-wrong-rollout": (
        12,
        "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'",
    ),
    "on-as-a-word": (10, "spec.rules.0.on is 'request'; write a list, e.g. [one, two]"),
    "on-of-both": (10, "spec.rules.0.on.0 is 'both'; write 'request' or 'response'"),
    "on-in-capitals": (10, "write 'request' or 'response'"),
    "on-as-a-mapping": (10, "write a list, e.g. [one, two]"),
    "roles-as-a-word": (10, "spec.rules.0.roles is 'user'; write a list, e.g. [one, two]"),
    "roles-of-numbers": (10, "a number goes in quotes"),
    "roles-as-a-mapping": (10, "write a list, e.g. [one, two]"),
    "redaction-of-another-kind": (10, "write 'mask', 'replace', 'hash', 'remove', 'pseudonym'"),
    "redaction-in-capitals": (10, "write 'mask', 'replace', 'hash', 'remove', 'pseudonym'"),
    "redaction-as-a-list": (10, "write 'mask', 'replace', 'hash', 'remove', 'pseudonym'"),
    "redaction-of-nothing": (10, "write 'mask', 'replace', 'hash', 'remove', 'pseudonym'"),
    "on-error-redact": (10, "write 'allow', 'flag' or 'block'"),
    "on-error-open": (10, "write 'allow', 'flag' or 'block'"),
    "on-error-in-snake-case": (10, "remove it or write onError"),
    "on-error-as-a-list": (10, "write 'allow', 'flag' or 'block'"),
    "rollout-as-a-number": (10, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rollout-negative": (10, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rollout-as-a-fraction": (10, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rollout-of-two": (10, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rollout-true": (10, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rollout-in-capitals": (10, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rollout-with-a-typo": (10, "write shadow, enforce, 'sample: 20%' or 'enforce: 10%'"),
    "rule-threshold": (10, "remove it or put it where it belongs: a field of a detector"),
    "rule-priority": (10, "remove it or correct its name"),
    "rule-enabled": (10, "remove it or correct its name"),
    "rule-message": (10, "remove it or correct its name"),
    "rule-direction": (10, "remove it or write redaction"),
    "rule-detectors": (10, "remove it or put it where it belongs: a field of spec"),
    "detect-a-number": (8, "a number goes in quotes"),
    "detect-empty-name": (8, "rule own: nothing detects ''; use what `extproc types` lists"),
    "detect-in-capitals": (8, "use pii or phi or pci or what `extproc types` lists"),
    "detect-with-a-hyphen": (8, "use credit_card or de_id_card or pt_citizen_card or what `ex"),
    "detect-of-another-product": (
        8,
        "use us_ssn or us_ein or us_itin or what `extproc types` list",
    ),
    "detect-a-wildcard": (8, "use what `extproc types` lists"),
    "detect-a-mapping": (8, "write a list, e.g. [one, two]"),
    "action-as-a-list": (9, "write 'allow', 'flag', 'redact' or 'block'"),
    "action-mask": (9, "write 'allow', 'flag', 'redact' or 'block'"),
    "action-of-nothing": (9, "write 'allow', 'flag', 'redact' or 'block'"),
    "action-in-capitals": (9, "write 'allow', 'flag', 'redact' or 'block'"),
    "action-allow-list": (9, "write 'allow', 'flag', 'redact' or 'block'"),
    "rule-name-with-a-blank": (7, "use 1 to 63 lower-case letters, digits, '-' and '.', a lette"),
    "rule-name-with-an-underscore": (
        7,
        "use 1 to 63 lower-case letters, digits, '-' and '.', a lette",
    ),
    "rule-name-of-64": (7, "use 1 to 63 lower-case letters, digits, '-' and '.', a lette"),
    "rule-name-that-ends-in-a-hyphen": (
        7,
        "use 1 to 63 lower-case letters, digits, '-' and '.', a lette",
    ),
    "rule-name-as-a-list": (7, "a number goes in quotes"),
    "rule-name-as-a-number": (7, "a number goes in quotes"),
    "match-as-a-word": (6, "write names and values under it, each with a colon"),
    "match-unknown-field": (6, "remove it or write examples"),
    "match-hosts-as-a-word": (6, "write a list, e.g. [one, two]"),
    "match-empty-list": (6, "list should have at least 1 item after validation, not 0"),
    "match-host-with-a-blank": (6, "use a text without blanks, in which * stands for any charact"),
    "match-header-in-capitals": (6, "use the name of a header in lower-case letters, digits and '"),
    "match-header-as-a-word": (6, "write a list, e.g. [one, two]"),
    "match-regular-expression": (6, "use a text without blanks, in which * stands for any charact"),
    "only-a-policy-with-a-match": (6, "add one without, for all that they do not match"),
    "rule-overridable-as-a-word": (
        10,
        "spec.rules.0.overridable is 'sometimes'; write true or false",
    ),
    "rule-overrides": (10, "remove it or write overridable"),
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
