"""Bedrock Converse, whole: what is inspected, what is skipped and why, how an error looks."""

import json
from typing import Any

import pytest

from extproc.dialects.bedrock_converse import BedrockConverse
from extproc.dialects.walk import Reading
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Segment, Usage, Violation
from tests.guardrail.making import texts

CONVERSE = BedrockConverse()
BLOCKED = Refusal(403, "policy_violation", "m", "r", 0.9, (Violation("us_ssn", "pii"),))


def in_block(block: dict[str, Any]) -> Reading:
    return CONVERSE.request({"messages": [{"role": "user", "content": [block]}]})


TEXT_BLOCKS: list[tuple[dict[str, Any], list[str]]] = [
    ({"text": "x"}, ["x"]),
    ({"document": {"format": "txt", "name": "x", "context": "y"}}, ["x", "y"]),
    ({"document": {"name": "x", "source": {"text": "y"}}}, ["x", "y"]),
    ({"document": {"name": "x", "source": {"content": [{"text": "y"}]}}}, ["x", "y"]),
    ({"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": ["x"]}}}, ["f", "x"]),
    ({"toolResult": {"toolUseId": "t", "status": "success", "content": [{"text": "x"}]}}, ["x"]),
    ({"toolResult": {"toolUseId": "t", "content": [{"json": {"a": "x"}}]}}, ["x"]),
    ({"toolResult": {"content": [{"document": {"name": "x", "format": "pdf"}}]}}, ["x"]),
    ({"guardContent": {"text": {"text": "x", "qualifiers": ["query"]}}}, ["x"]),
    ({"reasoningContent": {"reasoningText": {"text": "x", "signature": "s"}}}, ["x"]),
    ({"citationsContent": {"content": [{"text": "x"}], "citations": [{"title": "y"}]}}, ["x", "y"]),
    ({"citationsContent": {"citations": [{"location": {"web": {"url": "x"}}}]}}, ["x"]),
    ({"searchResult": {"source": "x", "title": "y", "content": [{"text": "z"}]}}, ["x", "y", "z"]),
    ({"cachePoint": {"type": "default", "ttl": "5m"}}, []),
    ({"tomorrow": {"word": "x"}}, ["tomorrow", "x"]),
]


@pytest.mark.parametrize(("block", "found"), TEXT_BLOCKS)
def test_text_of_a_block_is_inspected(block: dict[str, Any], found: list[str]) -> None:
    assert texts(in_block(block)) == found


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ({"image": {"format": "png", "source": {"bytes": "AAAA"}}}, "image"),
        ({"video": {"format": "mp4", "source": {"bytes": "AAAA"}}}, "video"),
        ({"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}}, "audio"),
        ({"document": {"format": "pdf", "source": {"bytes": "AAAA"}}}, "file"),
        ({"image": {"source": {"s3Location": {"uri": "s3://b/k"}}}}, "file_url"),
        ({"toolResult": {"content": [{"image": {"source": {"bytes": "AAAA"}}}]}}, "image"),
        ({"guardContent": {"image": {"format": "png", "source": {"bytes": "AAAA"}}}}, "image"),
        ({"reasoningContent": {"reasoningText": {"signature": "AAAA"}}}, "signature"),
        ({"reasoningContent": {"redactedContent": "AAAA"}}, "encrypted_reasoning"),
    ],
)
def test_what_is_no_text_is_skipped_with_its_reason(block: dict[str, Any], reason: str) -> None:
    reading = in_block(block)
    assert [skipped.reason for skipped in reading.skipped] == [reason]
    assert reading.segments == []


@pytest.mark.parametrize(
    ("request_", "role"),
    [
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "user"),
        ({"messages": [{"role": "assistant", "content": [{"text": "x"}]}]}, "assistant"),
        ({"messages": [{"role": "user", "content": [{"toolResult": {"a": "x"}}]}]}, "tool"),
        ({"system": [{"text": "x"}]}, "system"),
        ({"system": [{"guardContent": {"text": {"text": "x"}}}]}, "system"),
        ({"promptVariables": {"name": {"text": "x"}}}, "user"),
    ],
)
def test_text_belongs_to_whoever_said_it(request_: dict[str, Any], role: str) -> None:
    [segment] = [each for each in CONVERSE.request(request_).segments if each.text == "x"]
    assert segment.role == role


@pytest.mark.parametrize(
    "fields",
    [
        {"toolConfig": {"tools": [{"toolSpec": {"description": "x"}}]}},
        {"toolConfig": {"tools": [{"toolSpec": {"inputSchema": {"json": {"title": "x"}}}}]}},
        {"toolConfig": {"toolChoice": {"tool": {"name": "x"}}}},
        {"inferenceConfig": {"stopSequences": ["x"]}},
        {"additionalModelRequestFields": {"note": "x"}},
        {"requestMetadata": {"team": "x"}},
        {"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"name": "x"}}}}},
    ],
)
def test_text_beside_messages_is_inspected(fields: dict[str, Any]) -> None:
    assert "x" in texts(CONVERSE.request(fields))


def test_schema_in_a_string_is_read_as_json() -> None:
    schema = {"textFormat": {"structure": {"jsonSchema": {"schema": '{"title":"x"}'}}}}
    [segment] = CONVERSE.request({"outputConfig": schema}).segments
    assert segment.format is Format.JSON


def test_settings_and_identifiers_are_no_text() -> None:
    request = {
        "messages": [{"role": "user", "content": []}],
        "inferenceConfig": {"maxTokens": 4111111111111111, "temperature": 0.5, "topP": 1},
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1", "trace": "full"},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
    }
    assert CONVERSE.request(request) == Reading()


@pytest.mark.parametrize("document", [[], "x", 1, None, {"messages": "x"}])
def test_what_is_no_request_is_refused(document: Any) -> None:
    with pytest.raises(BodyError):
        CONVERSE.request(document)


ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "x"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
    "metrics": {"latencyMs": 189},
}


def test_answer_is_read_as_the_assistants() -> None:
    path = ("output", "message", "content", 0, "text")
    assert CONVERSE.response(ANSWER).segments == [Segment(path, "x", Format.TEXT, "assistant")]


def test_usage_is_that_of_the_provider() -> None:
    assert CONVERSE.usage(ANSWER) == Usage(3, 5)


@pytest.mark.parametrize("document", [None, [], {}, {"usage": 1}, {"usage": {"inputTokens": -1}}])
def test_usage_that_is_none(document: Any) -> None:
    assert CONVERSE.usage(document) is None


def test_trace_of_a_guardrail_is_text() -> None:
    trace = {"guardrail": {"modelOutput": ["x"], "actionReason": "y"}}
    assert {"x", "y"} <= set(texts(CONVERSE.response({"trace": trace})))


def test_error_message_of_the_provider_is_text() -> None:
    assert texts(CONVERSE.response({"message": "x"})) == ["message", "x"]


def test_block_is_denied_access_with_the_facts() -> None:
    assert json.loads(CONVERSE.error(BLOCKED)) == {
        "__type": "AccessDeniedException",
        "code": "AccessDeniedException",
        "message": "policy_violation: m",
        "type": "policy_violation",
        "risk_score": 0.9,
        "violations": [{"type": "us_ssn", "rule": "pii"}],
        "request_id": "r",
    }


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "ValidationException"), (502, "ServiceUnavailableException")]
)
def test_other_refusals_have_the_kind_of_their_status(status: int, kind: str) -> None:
    error = json.loads(CONVERSE.error(Refusal(status, "code", "m", "r")))
    assert (error["__type"], error["message"]) == (kind, "code: m")


@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream", ""])
def test_other_answers_are_no_stream(media_type: str) -> None:
    assert CONVERSE.stream(media_type) is None
