"""Slow detectors behind a real Envoy: what waits, what does not, and what failures mean."""

import json
import time
from typing import Any

import httpx
import pytest

from tests.dataplane.harness import CHAT, FULL_DUPLEX, Stack, eventually, policy, stack
from tests.dataplane.recorder import Answer, Received, Recorder, document, stream
from tests.remote.services import WORD, free_port, grpc_service, http_service

ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}}]}
SECRET = "AKIAIOSFODNN7EXAMPLE"


def reply(_request: Received) -> Answer:
    return document(ANSWER)


def ask(running: Stack, text: str, request_id: str = "") -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    headers = {"x-request-id": request_id} if request_id else {}
    return running.client.post(CHAT, json=body, headers=headers)


def hook(url: str, **more: Any) -> dict[str, Any]:
    return {"name": "hook", "kind": "webhook", "url": f"{url}/webhook", **more}


def rule(action: str, **more: Any) -> dict[str, Any]:
    named = {"name": "slow-rule", "detect": ["hook"], "on": ["request"]}
    return {**named, "action": action, **more}


def late_lines(running: Stack) -> list[dict[str, Any]]:
    return [line for line in running.processor.logs() if line["message"] == "judged afterwards"]


def _messages(running: Stack, request_id: str) -> set[str]:
    lines = running.processor.logs()
    return {line["message"] for line in lines if line.get("request_id") == request_id}


def test_a_block_waits_for_the_service(recorder: Recorder) -> None:
    with http_service() as service:
        text = policy(rule("block"), detectors=[hook(service.url)])
        with stack(recorder, text) as running, recorder.answering(reply) as received:
            assert ask(running, "hello").status_code == 200
            refused = ask(running, f"this is {WORD}")
            assert refused.status_code == 403
            assert refused.json()["error"]["violations"] == [{"type": "hook", "rule": "slow-rule"}]
            assert len(received) == 1
            ask(running, f"this is {WORD}")
            cached = running.processor.metric("extproc_detector_cached_texts_total")
            assert (cached, len(service.asked)) == (1, 2)


def test_spans_of_a_service_are_redacted_and_it_sees_no_secret(recorder: Recorder) -> None:
    secrets = {"name": "keys", "detect": ["secrets"], "action": "redact"}
    with grpc_service() as service:
        svc = {"name": "hook", "kind": "grpc", "address": service.address}
        text = policy(rule("redact"), secrets, detectors=[svc])
        with stack(recorder, text) as running, recorder.answering(reply) as received:
            assert ask(running, f"é {SECRET} and {WORD}").status_code == 200
            [sent] = received
            content = sent.json["messages"][0]["content"]
            assert content == "é [AWS_ACCESS_KEY_ID] and [HOOK]"
            [asked] = service.asked
            assert SECRET not in asked.texts[0].text


def test_what_only_observes_delays_nothing(recorder: Recorder) -> None:
    with http_service() as service:
        text = policy(rule("flag"), detectors=[hook(service.url, timeoutSeconds=5)])
        with stack(recorder, text) as running, recorder.answering(reply):
            service.mode = "slow"
            started = time.monotonic()
            assert ask(running, f"this is {WORD} too").status_code == 200
            assert time.monotonic() - started < 2
            service.mode = "up"
            request_id = "4f3a9a0e-0000-4000-8000-000000000001"
            assert ask(running, f"this is {WORD}", request_id).status_code == 200
            assert eventually(lambda: bool(late_lines(running)))
            [line] = late_lines(running)
            both = {"judged", "judged afterwards"}  # the first is written a little later
            assert eventually(lambda: _messages(running, line["request_id"]) == both)
            assert (line["rules"], line["findings"]) == (["slow-rule"], {"hook": 1})
            found = running.processor.metric("extproc_rule_matches_total", rule="slow-rule")
            assert found == 1


@pytest.mark.parametrize(
    ("on_error", "status", "mode"), [("block", 403, "block"), ("allow", 200, "fail_open")]
)
def test_a_slow_service_means_what_the_rule_says(
    recorder: Recorder, on_error: str, status: int, mode: str
) -> None:
    with http_service() as service:
        service.mode = "slow"
        declared = hook(service.url, timeoutSeconds=0.2, retrySeconds=0.5, cacheSeconds=0)
        text = policy(rule("block", onError=on_error), detectors=[declared])
        with stack(recorder, text) as running, recorder.answering(reply):
            metric = running.processor.metric
            for number in range(8):
                started = time.monotonic()
                response = ask(running, f"hello {number}")
                assert response.status_code == status
                assert time.monotonic() - started < 2
            if status == 403:
                assert response.json()["error"]["code"] == "detector_unavailable"
            kinds = "extproc_detector_failures_total"
            assert metric(kinds, kind="timeout") + metric(kinds, kind="breaker_open") == 8
            assert metric(kinds, kind="breaker_open") >= 1
            assert 5 <= len(service.asked) <= 7
            assert metric("extproc_failures_total", mode=mode) == 8
            service.mode = "up"
            assert eventually(lambda: ask(running, f"not {WORD}").status_code == 403)
            assert eventually(lambda: ask(running, "a fine text").status_code == 200)
            assert metric("extproc_detector_breaker_open") == 0
            states = [
                line["state"]
                for line in running.processor.logs()
                if line["message"] == "breaker changed"
            ]
            assert states[:2] == ["open", "half-open"]
            assert states[-1] == "closed"


def test_a_processor_is_ready_without_its_services(recorder: Recorder) -> None:
    declared = hook(f"http://127.0.0.1:{free_port()}")
    flagged = {"name": "ssn", "detect": ["us_ssn"], "action": "flag"}
    text = policy(flagged, rule("block"), detectors=[declared])
    with stack(recorder, text) as running, recorder.answering(reply):
        assert running.processor.get("/health/ready").status_code == 200
        assert ask(running, "hello").status_code == 403


def streamed(*pieces: str) -> Answer:
    events = [
        {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
        for piece in pieces
    ]
    chunks = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    return stream([*chunks, b"data: [DONE]\n\n"])


def test_a_streamed_answer_that_is_observed_is_on_record_afterwards(recorder: Recorder) -> None:
    with http_service() as service:
        text = policy(rule("flag", on=["response"]), detectors=[hook(service.url)])
        with stack(recorder, text) as running:
            with recorder.answering(lambda _: streamed("this is ", WORD[:3], WORD[3:])):
                response = ask(running, "hello")
            assert response.status_code == 200
            assert WORD[3:] in response.text
            assert eventually(lambda: bool(late_lines(running)))
            [line] = late_lines(running)
            assert line["rules"] == ["slow-rule"]


@pytest.mark.parametrize("mode", ["full_duplex", "streamed"])
def test_a_streamed_answer_waits_in_windows(recorder: Recorder, mode: str) -> None:
    if mode == "full_duplex" and not FULL_DUPLEX:
        mode = "streamed"
    sentences = [f"A sentence that says nothing in particular, number {n}. " for n in range(30)]
    with http_service() as service:
        text = policy(rule("redact", on=["response"]), detectors=[hook(service.url)])
        with stack(recorder, text, stream_mode=mode) as running:
            said = [*sentences, f"It is {WORD[:4]}", f"{WORD[4:]}. ", *sentences]
            with recorder.answering(lambda _: streamed(*said)):
                response = ask(running, "hello")
            events = [line[6:] for line in response.text.splitlines() if line[:7] == "data: {"]
            passed = [json.loads(event)["choices"][0]["delta"]["content"] for event in events]
            assert "".join(passed) == "".join(said).replace(WORD, "[HOOK]")
            assert len(service.asked) > 5


def test_a_reload_puts_other_detectors_in_force(recorder: Recorder) -> None:
    with http_service() as service:
        text = policy(rule("block"), detectors=[hook(service.url)])
        with stack(recorder, text) as running, recorder.answering(reply):
            assert ask(running, WORD).status_code == 403
            without = policy(rule("block") | {"detect": ["us_ssn"]})
            running.processor.policy_file.write_text(without)
            assert eventually(lambda: ask(running, WORD).status_code == 200)
            running.processor.policy_file.write_text(text)
            assert eventually(lambda: ask(running, WORD).status_code == 403)
