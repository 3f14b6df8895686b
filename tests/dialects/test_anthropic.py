"""Anthropic Messages, whole: what is inspected, what is skipped and why, how an error looks."""

import json
from typing import Any

import pytest

from extproc.dialects.anthropic import AnthropicMessages
from extproc.dialects.registry import find
from extproc.dialects.walk import Reading
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Skipped, Usage, Violation
from tests.guardrail.making import texts

MESSAGES = AnthropicMessages()


def in_request(*content: Any, role: str = "user", **fields: Any) -> Reading:
    """The content blocks of one message."""
    message = {"role": role, "content": list(content)}
    return MESSAGES.request({"model": "claude", "max_tokens": 9, "messages": [message], **fields})


def in_response(*content: Any, **fields: Any) -> Reading:
    return MESSAGES.response(
        {"id": "msg_1", "type": "message", "role": "assistant", "content": list(content), **fields}
    )


def said(reading: Reading) -> list[tuple[str, str]]:
    return [(segment.text, segment.role) for segment in reading.segments]


@pytest.mark.parametrize("role", ["user", "assistant", "system"])
def test_content_belongs_to_the_role_of_its_message(role: str) -> None:
    document = {"messages": [{"role": role, "content": "hi"}]}
    assert said(MESSAGES.request(document)) == [("hi", role)]
    assert said(in_request({"type": "text", "text": "hi"}, role=role)) == [("hi", role)]


@pytest.mark.parametrize(
    "system", ["hi", [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]]
)
def test_the_system_prompt_is_the_systems(system: Any) -> None:
    assert said(in_request(system=system)) == [("hi", "system")]


@pytest.mark.parametrize(
    "content",
    [
        "out",
        [{"type": "text", "text": "out"}],
        [{"type": "document", "source": {"type": "text", "media_type": "x", "data": "out"}}],
        [{"type": "search_result", "source": "out", "content": []}],
    ],
    ids=["string", "text", "document", "search result"],
)
def test_a_tools_result_is_the_tools(content: Any) -> None:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": False, "content": content}
    assert said(in_request(block)) == [("out", "tool")]


def test_the_input_of_a_tool_is_text_with_its_names_and_numbers() -> None:
    given = {"to": "jane", "recipient": ["john", {"n": 4111111111111111}], "x": None, "y": True}
    block = {"type": "tool_use", "id": "toolu_1", "name": "mail", "input": given}
    assert texts(in_request(block)) == ["mail", "jane", "recipient", "john", "4111111111111111"]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"type": "thinking", "thinking": "hm", "signature": "x="}, ["hm"]),
        (
            {"type": "text", "text": "a", "citations": [{"type": "t", "cited_text": "b"}]},
            ["a", "b"],
        ),
        ({"type": "document", "title": "a", "context": "b", "source": {"type": "url"}}, ["a", "b"]),
        ({"type": "document", "source": {"type": "content", "content": "a"}}, ["a"]),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [{"type": "text", "text": "a"}]},
            },
            ["a"],
        ),
        (
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "a"}},
            ...,
        ),
        ({"type": "mcp_tool_use", "id": "m", "name": "n", "server_name": "s", "input": {}}, ...),
        ({"type": "container_upload", "file_id": "file_1"}, []),
        ({"type": "compaction", "content": "a"}, ["a"]),
        ({"type": "hologram", "caption": "a"}, ["caption", "a"]),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_the_text_of_a_block_is_inspected(block: dict[str, Any], expected: Any) -> None:
    if expected is ...:
        expected = [
            block["name"],
            *filter(None, [block.get("server_name")]),
            *block["input"].values(),
        ]
    for reading in (in_request(block), in_response(block)):
        assert texts(reading) == expected


@pytest.mark.parametrize(
    ("block", "path", "reason"),
    [
        ({"type": "thinking", "signature": "AA"}, ("signature",), "signature"),
        ({"type": "redacted_thinking", "data": "AA"}, ("data",), "encrypted_reasoning"),
        ({"type": "image", "source": {"type": "base64", "data": "A"}}, ("source", "data"), "image"),
        ({"type": "image", "source": {"type": "url", "url": "A"}}, ("source", "url"), "file_url"),
        (
            {"type": "document", "source": {"type": "base64", "data": "A"}},
            ("source", "data"),
            "file",
        ),
        (
            {"type": "web_search_tool_result", "content": [{"encrypted_content": "A"}]},
            ("content", 0, "encrypted_content"),
            "encrypted_content",
        ),
        (
            {
                "type": "tool_result",
                "content": {"type": "document", "source": {"type": "url", "url": "A"}},
            },
            ("content", "source", "url"),
            "file_url",
        ),
    ],
)
def test_what_no_detector_can_read_is_skipped_and_says_why(
    block: dict[str, Any], path: tuple[str | int, ...], reason: str
) -> None:
    assert in_request(block) == Reading([], [Skipped(("messages", 0, "content", 0, *path), reason)])
    assert in_response(block) == Reading([], [Skipped(("content", 0, *path), reason)])


def test_a_file_of_another_encoding_is_text() -> None:
    source = {"type": "base32", "data": "hello"}
    assert texts(in_request({"type": "document", "source": source})) == ["hello"]


def test_the_result_of_a_server_tool_is_inspected_at_any_depth() -> None:
    page = {
        "type": "document",
        "title": "Page",
        "source": {"type": "text", "media_type": "text/plain", "data": "words"},
    }
    found = {"type": "web_fetch_result", "url": "https://e.org", "content": page}
    block = {"type": "web_fetch_tool_result", "tool_use_id": "s_1", "content": found}
    assert said(in_response(block)) == [
        ("https://e.org", "tool"),
        ("Page", "tool"),
        ("words", "tool"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"container": "container_1"},
        {"container": {"id": "c_1", "skills": [{"type": "x", "skill_id": "s", "version": "1"}]}},
        {"thinking": {"type": "enabled", "budget_tokens": 12345678}},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {"anthropic_version": "vertex-2023-10-16", "anthropic_beta": ["a-2025", "b-2025"]},
        {"cache_control": {"type": "ephemeral", "ttl": "5m"}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_names_from_fixed_lists_are_not_text(fields: dict[str, Any]) -> None:
    assert in_request(**fields) == Reading()


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {"user_id": "x y"}},
        {"stop_sequences": ["x y"]},
        {"tools": [{"name": "x y"}]},
        {"tools": [{"description": "x y"}]},
        {"tools": [{"input_schema": {"properties": {"a": {"description": "x y"}}}}]},
        {"output_config": {"format": {"schema": {"title": "x y"}}}},
        {"new_in_2030": {"deep": ["x y"]}},
        {"model": "x y"},
    ],
    ids=str,
)
def test_text_beside_the_messages_is_inspected(fields: dict[str, Any]) -> None:
    assert "x y" in texts(in_request(**fields))


def test_the_credential_of_a_tools_server_is_skipped() -> None:
    server = {"type": "url", "url": "https://e.org/mcp", "name": "e", "authorization_token": "s3c"}
    reading = in_request(mcp_servers=[server])
    assert texts(reading) == ["e"]
    assert [skipped.reason for skipped in reading.skipped] == ["credential"]


def test_every_request_of_a_batch_is_inspected() -> None:
    params = {"model": "m", "system": "a", "messages": [{"role": "user", "content": "b"}]}
    reading = MESSAGES.request({"requests": [{"custom_id": "1", "params": params}] * 2})
    assert said(reading) == [("a", "system"), ("b", "user")] * 2


@pytest.mark.parametrize(
    "document", [None, [], "hi", 7, {}, {"messages": None}, {"messages": "hi"}, {"requests": {}}]
)
def test_what_is_no_messages_request_is_refused(document: Any) -> None:
    with pytest.raises(BodyError) as caught:
        MESSAGES.request(document)
    assert caught.value.code == "not_a_messages_request"


@pytest.mark.parametrize(
    "content",
    [[], [None], ["hi"], [[]], 7, {}, {"type": 7}, [{"type": ["x"]}], [{"source": []}], None],
)
def test_content_of_wrong_types_is_read_through(content: Any) -> None:
    MESSAGES.request({"messages": [{"role": "user", "content": content}]})
    MESSAGES.response({"content": content, "usage": content, "container": content})


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 3, "output_tokens": 5}, Usage(3, 5)),
        (
            {
                "input_tokens": 3,
                "cache_creation_input_tokens": 10,
                "cache_read_input_tokens": 100,
                "output_tokens": 5,
            },
            Usage(113, 5),
        ),
        ({"input_tokens": 3, "cache_read_input_tokens": None, "output_tokens": 5}, Usage(3, 5)),
        ({"input_tokens": 3, "cache_read_input_tokens": "1", "output_tokens": 5}, None),
        ({"input_tokens": 3}, None),
        ({"input_tokens": -3, "output_tokens": 5}, None),
        ({"input_tokens": "3", "output_tokens": 5}, None),
        (None, None),
        ([], None),
    ],
)
def test_usage_counts_what_was_cached_too(usage: Any, expected: Usage | None) -> None:
    assert MESSAGES.usage({"usage": usage}) == expected


@pytest.mark.parametrize("document", [None, [], "x", {}, {"input_tokens": 7}])
def test_usage_of_anything_else_is_unknown(document: Any) -> None:
    assert MESSAGES.usage(document) is None


def test_a_block_has_the_documented_form() -> None:
    refusal = Refusal(
        403, "policy_violation", "blocked", "request-1", 0.93, (Violation("us_ssn", "ids"),)
    )
    assert json.loads(MESSAGES.error(refusal)) == {
        "type": "error",
        "error": {
            "type": "permission_error",
            "message": "policy_violation: blocked",
            "code": "policy_violation",
            "risk_score": 0.93,
            "violations": [{"type": "us_ssn", "rule": "ids"}],
        },
        "request_id": "request-1",
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (413, "request_too_large"), (502, "api_error")],
)
def test_a_body_that_cannot_be_read_is_told_in_the_words_of_the_api(status: int, kind: str) -> None:
    error = json.loads(MESSAGES.error(Refusal(status, "invalid_json", "no JSON", "request-1")))
    assert error["error"] == {
        "type": kind,
        "message": "invalid_json: no JSON",
        "code": "invalid_json",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/v1/messages",
        "/anthropic/v1/messages?beta=true",
        "/v1/messages/count_tokens",
        "/v1/messages/batches",
        "/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:rawPredict",
        "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict",
        "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
    ],
)
def test_messages_are_known_by_their_path(path: str) -> None:
    assert find("POST", path).name == "anthropic_messages"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/threads/t/messages",
        "/xv1/messages",
        "/v1/messages/batches/b/cancel",
        "/v1/publishers/meta/models/llama:rawPredict",
    ],
)
def test_other_paths_are_not_messages(path: str) -> None:
    assert find("POST", path).name != "anthropic_messages"
