"""Slow detectors put together: built from the policy, closed with it, run by `scan`."""

import gc
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from extproc.app.batch import judge_line
from extproc.app.check import check_file
from extproc.app.detectors import guardrail_of
from extproc.app.lanes import Lanes
from extproc.app.policies import load_policy
from extproc.app.selftest import self_test
from extproc.exchange.commands import Patient
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import InputError
from extproc.model.values import Direction
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry
from tests.dataplane.harness import policy
from tests.guardrail.making import rule
from tests.guardrail.slow import WORD, Words
from tests.guardrail.slow import guardrail as slow_guardrail
from tests.models.making import write_model
from tests.remote.services import free_port, grpc_service, http_service

SSN = "123-45-6789"


def built(tmp_path: Path, detector: dict[str, Any], *rules: dict[str, Any]) -> Guardrail:
    file = tmp_path / "policy.yaml"
    file.write_text(policy(*rules, detectors=[detector]))
    return guardrail_of(load_policy(file), Redactor(b"k"), Telemetry())


def verdict(guard: Guardrail, text: str) -> Any:
    return judge_line(json.dumps({"text": text}).encode(), guard, Direction.REQUEST)


def test_a_webhook_of_a_policy_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "a-key\n")
    with http_service() as service:
        declared = {
            "name": "hook",
            "kind": "webhook",
            "url": f"{service.url}/webhook",
            "apiKeyEnv": "HOOK_KEY",
            "labels": {"word": "codename"},
        }
        guard = built(tmp_path, declared, rule("hook"))
        assert verdict(guard, f"é {WORD}") == {
            "verdict": "redact",
            "risk_score": 0.45,
            "findings": [{"type": "codename", "start": 2, "end": 11, "score": 0.9, "rule": "hook"}],
            "text": "é [CODENAME]",
        }
        assert service.headers[0]["authorization"] == "Bearer a-key"


def test_a_grpc_service_of_a_policy_is_asked(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("of-a-file\n")
    with grpc_service() as service:
        declared = {
            "name": "svc",
            "kind": "grpc",
            "address": service.address,
            "apiKeyFile": str(key),
        }
        guard = built(tmp_path, declared, rule("svc", "block"))
        assert verdict(guard, WORD)["verdict"] == "block"
        assert service.metadata[0]["authorization"] == "Bearer of-a-file"


def test_a_model_of_a_policy_is_run(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m", ["O", "B-CODE"], {"x7": "B-CODE"}, per_token=True)
    declared = {
        "name": "ner",
        "kind": "token-classifier",
        "path": str(path),
        "labels": {"CODE": "us_ssn"},  # a type that is known, of the family pii
    }
    guard = built(tmp_path, declared, rule("pii"))
    assert verdict(guard, f"it is x7, {SSN}")["text"] == "it is [US_SSN], [US_SSN]"


def test_scan_runs_observers_too(tmp_path: Path) -> None:
    with http_service() as service:
        declared = {"name": "hook", "kind": "webhook", "url": f"{service.url}/webhook"}
        guard = built(tmp_path, declared, rule("hook", "flag"), rule("us_ssn", "flag"))
        result = verdict(guard, f"{WORD} {SSN}")
    assert result["verdict"] == "flag"
    assert sorted(finding["type"] for finding in result["findings"]) == ["hook", "us_ssn"]
    assert result["risk_score"] == pytest.approx(1 - (1 - 0.45) * (1 - 0.425), abs=1e-3)
    assert result["text"] == f"{WORD} {SSN}"


@pytest.mark.parametrize("action", ["flag", "block"])
def test_scan_says_which_detector_gave_no_answer(tmp_path: Path, action: str) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    declared = {"name": "hook", "kind": "webhook", "url": url}
    guard = built(tmp_path, declared, rule("hook", action))
    assert verdict(guard, "x")["failed"] == {"hook": "refused"}


@pytest.mark.parametrize("mode", ["up", "status"])
def test_detectors_are_closed_when_nobody_uses_the_policy_any_more(
    tmp_path: Path, mode: str
) -> None:
    """At once, without the garbage collector."""
    with http_service() as service:
        service.mode = mode
        declared = {"name": "hook", "kind": "webhook", "url": f"{service.url}/webhook"}
        guard = built(tmp_path, declared, rule("hook", "block"))
        verdict(guard, WORD)
        before = {thread.name for thread in threading.enumerate()}
        assert any(name.startswith("slow-hook") for name in before)
        threads = [t for t in threading.enumerate() if t.name.startswith("slow-hook")]
        gc.disable()
        try:
            del guard
            for thread in threads:
                thread.join(5)
                assert not thread.is_alive()
        finally:
            gc.enable()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"apiKeyEnv": "NO_SUCH_KEY"}, "the variable NO_SUCH_KEY holds no key"),
        ({"apiKeyFile": "/no/such/file"}, "name a readable file"),
        ({"url": "https://localhost/", "caFile": "/no/such/file"}, "name a PEM file"),
    ],
)
def test_what_cannot_be_built_is_told_by_its_name(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    declared = {"name": "hook", "kind": "webhook", "url": "http://localhost/", **changes}
    with pytest.raises(InputError, match=f"detector hook: .*{message}"):
        built(tmp_path, declared, rule("hook", "block"))


def test_the_self_test_asks_nobody() -> None:
    words = Words()
    guard = slow_guardrail(words, rule("us_ssn"), rule("slow", "block"))
    assert self_test(guard.fast).passed
    assert words.asked == []


def test_check_warns_of_detectors_that_nobody_asks(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    detectors = [
        {"name": name, "kind": "webhook", "url": "http://localhost/"} for name in ("hook", "idle")
    ]
    file.write_text(policy(rule("hook", "block"), detectors=detectors))
    assert check_file(file).split("\n") == [
        "valid: dataplane (1 rules)",
        f"{file}: warning: no rule names what detector idle finds, so it is not asked",
    ]


def test_a_policy_without_slow_detectors_imports_nothing_for_them(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(policy(rule("us_ssn")))
    code = (
        "import sys; from pathlib import Path\n"
        "from extproc.app.processor import Processor; from extproc.app.settings import Settings\n"
        f"Processor(Settings(policy=Path({str(file)!r})))\n"
        "heavy = {'numpy', 'onnx', 'onnxruntime', 'tokenizers', 'grpc'}\n"
        "heavy |= {'extproc.remote', 'extproc.models'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout == "[]\n"


def test_work_that_waits_does_not_keep_other_work_waiting() -> None:
    gate = threading.Event()
    lanes = Lanes(Telemetry())
    waiting = [lanes.submit(Patient(lambda: gate.wait(10))) for _ in range(20)]
    assert lanes.submit(lambda: "done").result(5) == "done"
    assert not any(future.done() for future in waiting)
    gate.set()
    assert all(future.result(5) for future in waiting)
    lanes.shutdown()


def test_what_finds_no_room_afterwards_is_dropped_and_counted() -> None:
    import asyncio

    telemetry, gate = Telemetry(), threading.Event()
    lanes = Lanes(telemetry)

    def work() -> None:
        gate.wait(10)

    async def main() -> None:
        lanes.later(work, 60 << 20)
        lanes.later(work, 60 << 20)
        for _ in range(300):
            lanes.later(work, 1)

    asyncio.run(main())
    assert telemetry.registry.get_sample_value("extproc_late_dropped_total") == 1 + 300 - 255
    gate.set()
    lanes.shutdown()
