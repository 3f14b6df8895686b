"""A policy that changes under load: no request fails, and each is judged by one policy."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.dataplane.canaries import SSN
from tests.dataplane.harness import CHAT, eventually, policy, stack
from tests.dataplane.load import Load
from tests.dataplane.recorder import Answer, Received, Recorder, document

RATE = 50  # requests a second
SWAPS = 100
OPERATORS = {"replace": "[US_SSN]", "mask": "***-**-****"}


def by(operator: str) -> str:
    rule = {"name": "take-out", "detect": ["us_ssn"], "action": "redact", "redaction": operator}
    return policy(rule, name=operator)


def echo(request: Received) -> Answer:
    """Says what arrived, and the number itself."""
    arrived = request.json["messages"][0]["content"]
    message = {"role": "assistant", "content": f"{arrived} | {SSN}"}
    return document({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def test_a_hundred_swaps_under_load(recorder: Recorder) -> None:
    request = {"model": "m", "messages": [{"role": "user", "content": SSN}]}
    seen: list[tuple[str, str]] = []
    with stack(recorder, by("replace"), policy_poll_seconds="0.05") as running:

        def send(_number: int) -> httpx.Response:
            response = running.client.post(CHAT, json=request)
            seen.append((response.headers["x-extproc-policy"], said(response)))
            return response

        def loaded(times: int) -> bool:
            name = "extproc_policy_reloads_total"
            return running.processor.metric(name, result="loaded") >= times

        with recorder.answering(echo), Load(send, RATE) as load:
            for number in range(SWAPS):
                swap(running.processor.policy_file, by(("mask", "replace")[number % 2]))
                assert eventually(partial(loaded, number + 2))
    assert load.errors == []
    assert {outcome.status for outcome in load.outcomes} == {200}
    assert {name for name, _ in seen} == set(OPERATORS)
    for name, text in seen:
        assert text == f"{OPERATORS[name]} | {OPERATORS[name]}"


def said(response: httpx.Response) -> str:
    answer: dict[str, Any] = json.loads(response.content)
    return str(answer["choices"][0]["message"]["content"])


def swap(file: Path, text: str) -> None:
    """As a ConfigMap does: the whole file at once."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)
