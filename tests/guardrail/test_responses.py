"""Streamed OpenAI Responses through a guard: what passes is the same wherever it stands."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.base import StreamEvent
from extproc.dialects.responses_stream import ResponsesStream, TypedStream
from extproc.guardrail.guardrail import Guardrail
from tests.guardrail.making import (
    BLOCK_SSN,
    MAX_EVENT,
    REDACT_ALL,
    SSN,
    byte_pieces,
    documents,
    feed_all,
    pieces,
    sse,
)

RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1757687055,
    "status": "in_progress",
    "model": "gpt-5",
    "output": [],
}
TEXT = "response.output_text"
ARGUMENTS = "response.function_call_arguments"


def event(kind: str, number: int, **members: Any) -> bytes:
    body = json.dumps({"type": kind, "sequence_number": number, **members}, ensure_ascii=False)
    return f"event: {kind}\ndata: {body}\n\n".encode()


def message(texts: list[str], logprobs: list[Any]) -> list[bytes]:
    """The events of one message that grows by `texts`."""
    at: dict[str, Any] = {"item_id": "msg_1", "output_index": 0}
    part = {"type": "output_text", "text": "".join(texts), "logprobs": logprobs}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
    number = 4 + len(texts)
    added = {**item, "content": []}
    empty = {**part, "text": "", "logprobs": []}
    at_part = {**at, "content_index": 0}
    deltas = [
        event(f"{TEXT}.delta", 4 + i, **at_part, delta=text, logprobs=[], obfuscation="x" * i)
        for i, text in enumerate(texts)
    ]
    return [
        event("response.output_item.added", 2, output_index=0, item=added),
        event("response.content_part.added", 3, **at_part, part=empty),
        *deltas,
        event(f"{TEXT}.done", number, **at_part, text=part["text"], logprobs=logprobs),
        event("response.content_part.done", number + 1, **at_part, part=part),
        event("response.output_item.done", number + 2, output_index=0, item=item),
        event("response.completed", number + 3, response={**RESPONSE, "output": [item]}),
    ]


def call(texts: list[str]) -> list[bytes]:
    """The events of one call of a function whose arguments grow by `texts`."""
    at = {"item_id": "fc_1", "output_index": 0}
    item = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""}
    done = {**item, "arguments": "".join(texts)}
    number = 3 + len(texts)
    return [
        event("response.output_item.added", 2, output_index=0, item=item),
        *(event(f"{ARGUMENTS}.delta", 3 + i, **at, delta=text) for i, text in enumerate(texts)),
        event(f"{ARGUMENTS}.done", number, **at, arguments=done["arguments"]),
        event("response.output_item.done", number + 1, output_index=0, item=done),
        event("response.completed", number + 2, response={**RESPONSE, "output": [done]}),
    ]


def stream(*events: bytes) -> list[bytes]:
    created = event("response.created", 0, response=RESPONSE)
    return [created, event("response.in_progress", 1, response=RESPONSE), *events]


def output(guard: Guardrail, parts: list[bytes]) -> bytes:
    opened = guard.open_stream(ResponsesStream(), "caller", MAX_EVENT)
    return b"".join(step.data for step in feed_all(opened, parts))


def grown(passed: list[Any]) -> str:
    return "".join(each["delta"] for each in passed if each["type"].endswith(".delta"))


def said_again(passed: list[Any], name: str) -> list[Any]:
    """What the events after the last delta say of the same text."""
    found = []
    for each in passed:
        item = each.get("item") or (each.get("response") or {}).get("output", [None])[:1]
        item = item[0] if isinstance(item, list) and item else item
        holders = [each, each.get("part"), item]
        holders += item.get("content", []) if isinstance(item, dict) else []
        found += [h[name] for h in holders if isinstance(h, dict) and h.get(name)]
    return found


@given(st.integers(0, 1000))
def test_the_text_of_a_response_is_what_was_streamed(seed: int) -> None:
    text = f"I am jane@corp.io, my SSN is {SSN}, or {SSN[:-1]}"
    passed = documents(output(REDACT_ALL, stream(*message(pieces(text, seed), []))))
    expected = f"I am [EMAIL_ADDRESS], my SSN is [US_SSN], or {SSN[:-1]}"
    assert grown(passed) == expected
    assert said_again(passed, "text") == [expected] * 4


@given(st.integers(0, 1000))
def test_the_arguments_of_a_response_are_what_was_streamed(seed: int) -> None:
    text = json.dumps({"to": "jane@corp.io", "café": [SSN, 7]})
    passed = documents(output(REDACT_ALL, stream(*call(pieces(text, seed)))))
    assert json.loads(grown(passed)) == {"to": "[EMAIL_ADDRESS]", "café": ["[US_SSN]", 7]}
    assert said_again(passed, "arguments") == [grown(passed)] * 3


@pytest.mark.parametrize("guard", [REDACT_ALL, BLOCK_SSN], ids=["redact", "block"])
def test_a_stream_passes_the_same_however_its_bytes_are_cut(guard: Guardrail) -> None:
    parts = stream(*message(["My", " SSN is 123-4", "5-6789", " jane@corp", ".io and so on"], []))
    whole = output(guard, parts)
    body = b"".join(parts)
    assert output(guard, [body[i : i + 1] for i in range(len(body))]) == whole
    for seed in range(20):
        assert output(guard, byte_pieces(body, seed)) == whole


def test_numbers_of_events_never_decrease() -> None:
    for guard in (REDACT_ALL, BLOCK_SSN):
        texts = ["My", " SSN is 123-4", "5-6789", " mail jane@corp.io"]
        passed = documents(output(guard, stream(*message(texts, []))))
        numbers = [each["sequence_number"] for each in passed]
        assert numbers == sorted(numbers)


def test_a_blocked_stream_ends_incomplete_without_the_value() -> None:
    out = output(BLOCK_SSN, stream(*message(["My SSN is ", "123-45", "-6789", " indeed"], [])))
    passed = documents(out)
    assert grown(passed) == "My SSN is "
    assert passed[-1]["type"] == "response.incomplete"
    assert passed[-1]["response"]["id"] == "resp_1"


def test_a_response_that_is_blocked_at_once_is_begun_and_ended() -> None:
    created = event("response.created", 0, response={**RESPONSE, "instructions": f"SSN {SSN}"})
    kinds = [each["type"] for each in documents(output(BLOCK_SSN, [created]))]
    assert kinds == ["response.created", "response.incomplete"]


def test_a_blocked_transcript_ends_in_an_error() -> None:
    opened = BLOCK_SSN.open_stream(TypedStream(), "caller", MAX_EVENT)
    events = [sse({"type": "transcript.text.delta", "delta": t}) for t in ("My SSN is ", SSN, ".")]
    passed = documents(b"".join(step.data for step in feed_all(opened, events)))
    assert grown(passed) == "My SSN is "
    assert passed[-1]["type"] == "error"
    assert passed[-1]["error"]["violations"] == [{"type": "us_ssn", "rule": "us-ssn"}]


TOKENS: list[Any] = [
    {"token": token, "logprob": -0.1, "top_logprobs": []} for token in ("My", " SSN")
]


def test_log_probabilities_stay_beside_a_text_that_passes() -> None:
    parts = stream(*message(["My", " SSN"], TOKENS))
    passed = documents(output(REDACT_ALL, parts))
    assert said_again(passed, "logprobs") == [TOKENS] * 4


@pytest.mark.parametrize("tokens", [["jane@", "corp.io"], ["another ", "text"]])
def test_log_probabilities_of_another_text_do_not_pass(tokens: list[str]) -> None:
    entries = [{"token": token, "logprob": -0.1} for token in tokens]
    passed = documents(output(REDACT_ALL, stream(*message(["jane@", "corp.io"], entries))))
    assert said_again(passed, "logprobs") == []


class CountingStream(ResponsesStream):
    """Knows how many events it had to read."""

    reads = 0

    def read(self, data: bytes) -> StreamEvent:
        self.reads += 1
        return super().read(data)


def test_deltas_are_known_by_their_form() -> None:
    reader = CountingStream()
    opened = REDACT_ALL.open_stream(reader, "caller", MAX_EVENT)
    parts = stream(*message([" word"] * 100, []))
    feed_all(opened, parts)
    assert opened.events == len(parts)
    assert reader.reads < 15
