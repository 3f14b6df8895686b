"""What operators rely on: draining, reloading, health, metrics, logs."""

import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dataplane import sse
from tests.dataplane.canaries import EMAIL, REDACTED, SSN, TEXT, leaks
from tests.dataplane.harness import (
    BLOCK,
    CHAT,
    FLAG,
    REDACT,
    Filters,
    Stack,
    eventually,
    stack,
)
from tests.dataplane.recorder import Recorder, document, stream

REQUEST = {"model": "m", "messages": [{"role": "user", "content": TEXT}]}
RELOADS = "extproc_policy_reloads_total"


def sent_upstream(running: Stack) -> Any:
    """What the provider gets of the canary text."""
    with running.recorder.answering(document({"choices": []})) as received:
        response = running.client.post(CHAT, json=REQUEST)
    if response.status_code != 200:
        return response.status_code
    return received[0].json["messages"][0]["content"]


def test_open_stream_is_finished_before_a_terminated_processor_exits(
    recorder: Recorder, gate: threading.Event
) -> None:
    def answer() -> Iterator[bytes]:
        yield sse.chunk({"content": "Hello. "})
        assert gate.wait(20)
        yield sse.chunk({"content": TEXT})
        yield sse.END

    passed = bytearray()
    with stack(recorder, REDACT, drain_seconds="20") as running:
        with (
            recorder.answering(stream(answer())),
            running.client.stream("POST", CHAT, json=REQUEST) as response,
        ):
            chunks = response.iter_raw()
            passed += next(chunks)
            running.processor.terminate()
            assert eventually(lambda: running.processor.logs()[-1]["message"] == "draining")
            assert eventually(lambda: refused(running), 5), "new exchanges are still taken"
            assert running.processor.get("/health/ready").status_code == 503
            assert running.processor.get("/health/live").status_code == 200
            gate.set()
            for data in chunks:
                passed += data
        assert running.processor.wait() == 0
        assert running.processor.logs()[-1]["message"] == "stopped"
    events = sse.parse(bytes(passed))
    assert list(sse.texts(events).values()) == [f"Hello. {REDACTED}"]
    assert events[-1].data == sse.DONE


def refused(running: Stack) -> bool:
    response = running.client.post(CHAT, json=REQUEST)
    return response.status_code == 503 and response.json()["error"]["code"] == "policy_unavailable"


def test_stream_that_outlasts_the_drain_is_cut(recorder: Recorder, gate: threading.Event) -> None:
    def answer() -> Iterator[bytes]:
        yield sse.chunk({"content": "Hello. "})
        gate.wait(20)

    with stack(recorder, REDACT, drain_seconds="0.5") as running:
        with (
            recorder.answering(stream(answer(), cut=True)),
            running.client.stream("POST", CHAT, json=REQUEST) as response,
        ):
            chunks = response.iter_raw()
            next(chunks)
            running.processor.terminate()
            with pytest.raises(httpx.RemoteProtocolError):
                list(chunks)
            gate.set()
        assert running.processor.wait() == 0


@pytest.fixture(scope="module")
def reloading(recorder: Recorder) -> Iterator[Stack]:
    """Looks at its policy file ten times a second; tests begin by writing theirs."""
    with stack(recorder, FLAG, policy_poll_seconds="0.1") as running:
        yield running


def reload(running: Stack, policy_text: str, result: str) -> None:
    """Change the policy file and wait for what becomes of it."""
    seen = running.processor.metric(RELOADS, result=result)
    running.processor.policy_file.write_text(f"{policy_text}\n# {uuid.uuid4()}\n")
    assert eventually(lambda: running.processor.metric(RELOADS, result=result) == seen + 1)


def in_force(running: Stack, policy_text: str) -> None:
    """Begin with this policy; compiling it anew takes a second, so only where it is another."""
    [check] = [one for one in readiness(running) if one["name"] == "policy"]
    if json.loads(policy_text)["metadata"]["name"] not in check["detail"].partition(":")[0]:
        reload(running, policy_text, "loaded")


def test_edited_policy_is_in_force_at_once(reloading: Stack) -> None:
    for text, upstream in ((FLAG, TEXT), (REDACT, REDACTED), (BLOCK, 403)):
        reload(reloading, text, "loaded")
        assert sent_upstream(reloading) == upstream
        [check] = [one for one in readiness(reloading) if one["name"] == "policy"]
        assert check["detail"] == json.loads(text)["metadata"]["name"]


@pytest.mark.parametrize(
    ("edit", "mistake"),
    [
        (REDACT.replace("redact", "reduct"), "'reduct'"),
        (REDACT.replace("us_ssn", "us_snn"), "'us_snn'"),
        (REDACT[:-3], "not YAML"),
        ("", "holds no policy"),
        (f"{REDACT}\n---\n{REDACT}", "two policies have one name"),
    ],
    ids=["word", "detector", "yaml", "empty", "two"],
)
def test_broken_edit_keeps_the_last_good_policy(reloading: Stack, edit: str, mistake: str) -> None:
    in_force(reloading, REDACT)
    reload(reloading, edit, "refused")
    assert sent_upstream(reloading) == REDACTED
    [check] = [one for one in readiness(reloading) if one["name"] == "policy"]
    assert check["detail"].startswith("refused edit, redacting stays: ")
    assert str(reloading.processor.policy_file) in check["detail"]
    assert mistake in check["detail"]
    line = [x for x in reloading.processor.logs() if x["message"].startswith("policy refused")][-1]
    assert line["level"] == "error"
    assert mistake in line["reason"]


def test_removed_policy_file_keeps_the_last_good_policy(reloading: Stack) -> None:
    in_force(reloading, REDACT)
    refused = reloading.processor.metric(RELOADS, result="refused")
    reloading.processor.policy_file.unlink()
    assert eventually(lambda: reloading.processor.metric(RELOADS, result="refused") == refused + 1)
    assert sent_upstream(reloading) == REDACTED


def readiness(running: Stack) -> list[dict[str, Any]]:
    response = running.processor.get("/health/ready")
    assert response.status_code == 200
    checks: list[dict[str, Any]] = response.json()["checks"]
    return checks


def test_policy_behind_a_swapped_link_is_followed(recorder: Recorder, tmp_path: Path) -> None:
    """As Kubernetes updates a ConfigMap: the path stays, a link in its middle changes.

    By default it looks once a second; compiling the new policy takes about another.
    """
    for name, text in (("old", FLAG), ("new", REDACT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.yaml").write_text(text)
    data = tmp_path / "data"
    data.symlink_to("old")
    with stack(recorder, FLAG, policy=str(data / "policy.yaml")) as running:
        assert sent_upstream(running) == TEXT
        (tmp_path / "next").symlink_to("new")
        (tmp_path / "next").replace(data)
        assert eventually(lambda: sent_upstream(running) == REDACTED, 4)


def test_open_stream_keeps_the_policy_that_it_began_with(
    reloading: Stack, gate: threading.Event
) -> None:
    def answer() -> Iterator[bytes]:
        yield sse.chunk({"content": "Hello. "})
        assert gate.wait(20)
        yield sse.chunk({"content": TEXT})
        yield sse.END

    in_force(reloading, REDACT)
    with (
        reloading.recorder.answering(stream(answer())),
        reloading.client.stream("POST", CHAT, json=REQUEST) as response,
    ):
        chunks = response.iter_raw()
        passed = bytearray(next(chunks))
        reload(reloading, FLAG, "loaded")
        gate.set()
        for data in chunks:
            passed += data
    assert list(sse.texts(sse.parse(bytes(passed))).values()) == [f"Hello. {REDACTED}"]


def test_ready_when_the_self_test_is_caught(redacting: Stack) -> None:
    response = redacting.processor.get("/health/ready")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ready"
    checks = {check["name"]: check for check in body["checks"]}
    assert checks["self_test"] == {
        "name": "self_test",
        "passed": True,
        "detail": "us_ssn was caught: redact",
    }
    assert checks["policy"]["detail"] == "redacting"
    assert redacting.processor.metric("extproc_ready") == 1
    assert redacting.processor.get("/health/live").json() == {"status": "live"}


def test_metrics_count_what_was_decided(redacting: Stack) -> None:
    processor = redacting.processor
    samples: dict[str, tuple[str, dict[str, str], float]] = {
        "requests": ("extproc_requests_total", {"direction": "request", "outcome": "judged"}, 2),
        "answers": ("extproc_requests_total", {"direction": "response", "outcome": "judged"}, 2),
        "refused": ("extproc_requests_total", {"outcome": "refused"}, 1),
        "redacted": ("extproc_verdicts_total", {"direction": "request", "action": "redact"}, 2),
        "streamed": ("extproc_verdicts_total", {"direction": "response", "action": "redact"}, 1),
        "rule": ("extproc_rule_matches_total", {"rule": "take-out", "mode": "enforced"}, 12),
        "emails": ("extproc_findings_total", {"type": "email_address"}, 3),
        "cards": ("extproc_findings_total", {"type": "credit_card", "direction": "response"}, 1),
        "failures": ("extproc_failures_total", {"mode": "block", "reason": "invalid_json"}, 1),
        "skipped": ("extproc_skipped_total", {"reason": "image"}, 1),
        "tokens": ("extproc_tokens_total", {"kind": "output"}, 7),
        "inline": ("extproc_phase_duration_seconds_count", {"lane": "inline"}, 4),
        "streams": ("extproc_phase_duration_seconds_count", {"lane": "stream"}, 1),
    }
    assert redacting.idle()
    before = {key: processor.metric(name, **labels) for key, (name, labels, _) in samples.items()}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with redacting.recorder.answering(
        document({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 7}})
    ):
        redacting.client.post(
            CHAT, json={"messages": [*REQUEST["messages"], {"role": "user", "content": [image]}]}
        )
        redacting.client.post(CHAT, content=b"oops", headers={"content-type": "application/json"})
    with redacting.recorder.answering(stream([sse.chunk({"content": TEXT}), sse.END])):
        redacting.client.post(CHAT, json=REQUEST)
    assert redacting.idle()
    after = {key: processor.metric(name, **labels) for key, (name, labels, _) in samples.items()}
    assert {key: after[key] - before[key] for key in samples} == {
        key: increase for key, (_, _, increase) in samples.items()
    }


def test_open_stream_is_counted(redacting: Stack, gate: threading.Event) -> None:
    def answer() -> Iterator[bytes]:
        yield sse.chunk({"content": "Hello. "})
        assert gate.wait(20)
        yield sse.END

    assert redacting.idle()
    held = redacting.processor.metric("extproc_stream_holdback_seconds_count")
    with (
        redacting.recorder.answering(stream(answer())),
        redacting.client.stream("POST", CHAT, json=REQUEST) as response,
    ):
        chunks = response.iter_raw()
        next(chunks)
        assert redacting.processor.metric("extproc_streams_open") == 1
        assert redacting.processor.metric("extproc_exchanges_open") == 1
        gate.set()
        list(chunks)
    assert redacting.idle()
    assert redacting.processor.metric("extproc_stream_holdback_seconds_count") >= held


def test_log_line_says_what_was_decided_and_never_what_was_said(redacting: Stack) -> None:
    headers = {"x-request-id": "log-line-1", "x-customer-id": "acme"}
    with redacting.recorder.answering(document({"choices": []})):
        redacting.client.post(CHAT, json=REQUEST, headers=headers)

    def lines() -> list[dict[str, Any]]:
        return [x for x in redacting.processor.logs() if x.get("request_id") == "log-line-1"]

    assert eventually(lambda: len(lines()) == 2)  # they are written behind the answers
    asked, answered = lines()
    assert asked["service"] == "extproc"
    assert asked["level"] == "info"
    assert asked["timestamp"].endswith("+00:00")
    assert (asked["test_type"], answered["test_type"]) == ("request", "response")
    assert (asked["verdict"], answered["verdict"]) == ("redact", "allow")
    assert (asked["flagged"], answered["flagged"]) == (True, False)
    assert 0.9 < asked["score"] <= 1
    assert asked["customer_id"] == "acme"
    assert asked["rules"] == ["take-out"]
    assert asked["findings"] == {
        "email_address": 1,
        "us_ssn": 1,
        "credit_card": 1,
        "aws_access_key_id": 1,
    }
    assert asked["response_time_ms"] > 0
    assert asked["scanned"] == 1


def test_access_log_names_the_verdict_and_holds_no_query(flagging: Stack) -> None:
    with flagging.recorder.answering(document({"choices": []})):
        flagging.client.post(
            f"{CHAT}?key={SSN}", json=REQUEST, headers={"x-request-id": "access-log-1"}
        )

    def lines() -> list[dict[str, Any]]:
        log = flagging.gateway.access_log()
        return [line for line in log if line["request_id"] == "access-log-1"]

    assert eventually(lambda: bool(lines()))
    [line] = lines()
    assert line["path"] == "/v1/chat/completions"
    assert (line["status"], line["verdict"], line["policy"]) == (200, "flag", "flagging")
    assert SSN not in json.dumps(line)


@pytest.mark.parametrize("name", ["flagging", "redacting", "redacting_chunks", "blocking"])
def test_no_log_holds_content(request: pytest.FixtureRequest, name: str) -> None:
    """At debug level, whatever ran before; each data plane is looked at again when it stops."""
    running: Stack = request.getfixturevalue(name)
    with running.recorder.answering(document({"error": {"message": TEXT}})):
        running.client.post(CHAT, json=REQUEST)
        running.client.post(CHAT, json={"model": "m", "messages": []})
        running.client.post(CHAT, content=TEXT, headers={"content-type": "application/json"})
        running.client.post(CHAT, json={"messages": [], TEXT: {TEXT: 1}})
        running.client.post(f"/openai/v1/x?q={EMAIL}", json={"a": 1}, headers={"x-note": TEXT})
    for line in running.processor.logs():
        assert line["level"] in ("debug", "info", "warning", "error")
    for log in (
        running.processor.log_file,
        running.gateway.log_file,
        running.gateway.access_log_file,
    ):
        assert leaks(log.read_bytes()) == []


def test_more_exchanges_than_allowed_are_refused_and_none_is_lost(
    recorder: Recorder, gate: threading.Event
) -> None:
    """What is over the limit gets an answer at once; nothing of it is forwarded."""

    def answer() -> Iterator[bytes]:
        yield sse.chunk({"content": "Hello. "})
        assert gate.wait(20)
        yield sse.END

    def ask(_number: int) -> httpx.Response:
        return running.client.post(CHAT, json=REQUEST)

    with (
        stack(recorder, REDACT, max_streams="4") as running,
        recorder.answering(lambda _request: stream(answer())) as received,
        ThreadPoolExecutor(12) as pool,
    ):
        pending = [pool.submit(ask, number) for number in range(12)]
        assert eventually(lambda: sum(one.done() for one in pending) == 8)
        gate.set()
        statuses = sorted(one.result().status_code for one in pending)
        assert statuses == [200] * 4 + [503] * 8
        assert len(received) == 4
        assert running.idle()
        assert sent_upstream(running) == REDACTED


def test_filter_with_another_body_mode_is_refused_by_name(recorder: Recorder) -> None:
    """A wrong filter would let bodies pass in pieces that nobody judges."""

    def edit(filters: Filters) -> None:
        mode = filters["ext_proc"]["typed_config"]["processing_mode"]
        mode["request_body_mode"] = "STREAMED"

    with stack(recorder, REDACT, edit) as running:
        assert sent_upstream(running) == 503
        logs = running.processor.logs
        assert eventually(lambda: any(x["message"] == "exchange refused" for x in logs()))
        [line] = [x for x in logs() if x["message"] == "exchange refused"]
        assert line["level"] == "error"
        assert "must be configured with request_body_mode" in line["reason"]
        failures = "extproc_failures_total"
        assert running.processor.metric(failures, mode="error", reason="protocol") == 1
