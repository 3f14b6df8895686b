"""Ollama: chat, generate and embed, whole and streamed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.ollama import Ollama
from extproc.dialects.pieces import PieceStream
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Direction, Refusal, Skipped, Usage, Violation
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    FLAG_ALL,
    MAX_EVENT,
    REDACT_ALL,
    REDACTED,
    TEXT,
    pieces,
    texts,
)

OLLAMA = Ollama()
ENVELOPE = {"model": "llama3.2", "created_at": "2025-10-17T23:14:07.414671Z"}


def reader() -> PieceStream:
    made = OLLAMA.stream("application/x-ndjson")
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"model": "m", "messages": [{"role": "user", "content": "x"}]}, ["x"]),
        ({"messages": [{"role": "assistant", "thinking": "x"}]}, ["x"]),
        (
            {"messages": [{"tool_calls": [{"function": {"name": "f", "arguments": {"a": "x"}}}]}]},
            ["f", "x"],
        ),
        ({"messages": [{"role": "tool", "tool_name": "x", "content": "y"}]}, ["x", "y"]),
        ({"prompt": "x", "suffix": "y", "system": "z"}, ["x", "y", "z"]),
        ({"input": ["x", "y"]}, ["x", "y"]),
        ({"prompt": "x", "options": {"temperature": 0.5, "stop": ["y"]}}, ["x", "y"]),
        ({"tools": [{"type": "function", "function": {"description": "x"}}]}, ["x"]),
    ],
)
def test_text_of_a_request_is_inspected(request_: dict[str, Any], found: list[str]) -> None:
    assert texts(OLLAMA.request(request_)) == found


def test_system_prompt_is_the_systems() -> None:
    [segment] = OLLAMA.request({"system": "x"}).segments
    assert segment.role == "system"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"messages": [{"role": "user", "images": ["AAAA"]}]}, "image"),
        ({"prompt": "", "images": ["AAAA"]}, "image"),
        ({"prompt": "", "context": [1, 2, 3]}, "token_ids"),
    ],
)
def test_what_is_no_text_is_skipped(request_: dict[str, Any], reason: str) -> None:
    reading = OLLAMA.request(request_)
    assert ([each.reason for each in reading.skipped], reading.segments) == ([reason], [])


def test_answer_and_its_usage() -> None:
    answer = {**ENVELOPE, "response": "x", "done": True, "context": [1, 2], "eval_count": 5}
    reading = OLLAMA.response({**answer, "prompt_eval_count": 3})
    assert texts(reading) == ["x"]
    assert reading.skipped == [Skipped(("context",), "token_ids")]
    assert OLLAMA.usage({**answer, "prompt_eval_count": 3}) == Usage(3, 5)


def test_embeddings_are_no_text() -> None:
    vector = ",".join(["0.010071029"] * 1000)
    body = f'{{"model":"m","embeddings":[[{vector}]],"prompt_eval_count":8}}'.encode()
    inspection = REDACT_ALL.inspect_json(OLLAMA, Direction.RESPONSE, body, "caller")
    assert (inspection.scanned, inspection.skipped, inspection.body) == (0, (), None)
    assert inspection.usage == Usage(8, 0)


def test_error_is_what_the_sdk_reads() -> None:
    refusal = Refusal(403, "policy_violation", "m", "r", 0.9, (Violation("us_ssn", "pii"),))
    assert json.loads(OLLAMA.error(refusal)) == {
        "error": "policy_violation: m",
        "code": "policy_violation",
        "risk_score": 0.9,
        "violations": [{"type": "us_ssn", "rule": "pii"}],
        "request_id": "r",
    }


# Streams


def line(**members: Any) -> bytes:
    return json.dumps({**ENVELOPE, **members}).encode() + b"\n"


def chat(done: bool = False, **message: Any) -> bytes:
    return line(message={"role": "assistant", **message}, done=done)


def chat_stream(text: str, seed: int = 1) -> bytes:
    call = {"function": {"name": "send", "arguments": {"to": text}}}
    return b"".join(
        [
            *(chat(content="", thinking=piece) for piece in pieces(text, seed)),
            *(chat(content=piece) for piece in pieces(text, seed + 1)),
            chat(content="", tool_calls=[call]),
            line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop"),
        ]
    )


def generate_stream(text: str) -> bytes:
    said = [line(response=piece, done=False) for piece in pieces(text, 1)]
    return b"".join(said) + line(response="", done=True, context=[1, 2, 3])


def through(guard: Guardrail, data: bytes, size: int = 1 << 20) -> bytes:
    stream = guard.open_stream(reader(), "caller", MAX_EVENT)
    steps = [
        stream.feed(data[place : place + size], BROKEN, final=place + size >= len(data))
        for place in range(0, len(data), size)
    ]
    return b"".join(step.data for step in steps)


def documents(data: bytes) -> list[Any]:
    return [json.loads(each) for each in data.splitlines()]


def joined(data: bytes, name: str) -> str:
    return "".join(
        value.get(name) or value.get("message", {}).get(name) or "" for value in documents(data)
    )


@pytest.mark.parametrize("seed", range(5))
def test_streamed_texts_are_redacted(seed: int) -> None:
    passed = through(REDACT_ALL, chat_stream(TEXT, seed))
    assert joined(passed, "content") == joined(passed, "thinking") == REDACTED
    [call] = [x["message"]["tool_calls"] for x in documents(passed) if "tool_calls" in x["message"]]
    assert call[0]["function"]["arguments"] == {"to": REDACTED}


def test_generated_text_is_redacted() -> None:
    assert joined(through(REDACT_ALL, generate_stream(TEXT)), "response") == REDACTED


@pytest.mark.parametrize("data", [chat_stream(TEXT), generate_stream(TEXT)])
def test_stream_is_the_same_wherever_it_is_cut(data: bytes) -> None:
    assert {through(REDACT_ALL, data, size) for size in (1, 2, 7, 100)} == {
        through(REDACT_ALL, data)
    }


@pytest.mark.parametrize("data", [chat_stream(TEXT), generate_stream(TEXT)])
def test_stream_that_is_only_observed_passes_as_it_came(data: bytes) -> None:
    assert through(FLAG_ALL, data, 11) == data


def test_every_event_is_one_of_the_same_answer() -> None:
    data = chat(content="It is 123-45") + chat(done=True, content="")
    for value in documents(through(REDACT_ALL, data)):
        assert (value["model"], value["message"]["role"]) == ("llama3.2", "assistant")


def test_held_back_text_comes_before_the_end() -> None:
    data = chat(content="It is 123-45") + chat(done=True, content="-67")
    passed = documents(through(REDACT_ALL, data))
    assert [value["done"] for value in passed[:-1]] in ([False], [False, False])
    assert joined(through(REDACT_ALL, data), "content") == "It is 123-45-67"
    assert passed[-1]["done"] is True


@pytest.mark.parametrize(
    ("data", "name"), [(chat_stream(TEXT), "message"), (generate_stream(TEXT), "response")]
)
def test_blocked_stream_ends_as_done(data: bytes, name: str) -> None:
    passed = documents(through(BLOCK_SSN, data))
    assert "123-45" not in str(passed)
    assert (passed[-1]["done"], passed[-1]["done_reason"]) == (True, "content_filter")
    assert name in passed[-1]
    assert [value["done"] for value in passed[:-1]] == [False] * (len(passed) - 1)


def test_log_probabilities_go_where_they_would_tell_what_was_redacted() -> None:
    data = b"".join(
        line(response=piece, done=False, logprobs=[{"token": piece, "logprob": -0.1}])
        for piece in ("It is ", "123-45", "-67", "89", " or so")
    )
    passed = through(REDACT_ALL, data + line(response="", done=True))
    assert joined(passed, "response") == "It is [US_SSN] or so"
    assert "123-45" not in passed.decode()
    whole = json.dumps({"response": TEXT, "logprobs": [{"token": t} for t in pieces(TEXT, 3)]})
    inspection = REDACT_ALL.inspect_json(OLLAMA, Direction.RESPONSE, whole.encode(), "caller")
    assert json.loads(inspection.body or b"") == {"response": REDACTED, "logprobs": None}


def test_error_in_a_stream_is_redacted_whole() -> None:
    passed = through(REDACT_ALL, json.dumps({"error": TEXT}).encode() + b"\n")
    assert documents(passed) == [{"error": REDACTED}]


def test_stream_that_cannot_be_read_ends_in_an_error() -> None:
    [error] = documents(through(REDACT_ALL, b"[]\n"))
    assert error["error"] == "unreadable_stream: it cannot be inspected"


@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream", ""])
def test_other_answers_are_no_stream(media_type: str) -> None:
    assert OLLAMA.stream(media_type) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "content", "response", "done", "logprobs", "token"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(VALUES)
def test_any_document_is_read_or_refused(document: Any) -> None:
    made = reader()
    try:
        found = made.read(json.dumps(document).encode())
    except BodyError:
        return
    assert all(made.carrier(delta.channel, "more").data for delta in found.deltas)
    assert made.filtered_end() is not None


@pytest.mark.parametrize("name", ["x-ndjson", "ndjson", "x-jsonl", "jsonl", "x-jsonlines"])
def test_json_lines_are_a_stream_under_each_of_their_names(name: str) -> None:
    assert OLLAMA.stream(f"application/{name}") is not None
