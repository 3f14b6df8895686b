"""OpenAI Responses, whole: what is inspected, what is skipped and why, and whose words it is."""

import json
from typing import Any

import pytest

from extproc.dialects.responses import Responses
from extproc.dialects.walk import Reading
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Segment, Skipped, Usage, Violation

RESPONSES = Responses()
IDENTIFIERS = {"id": "it_1", "status": "completed", "call_id": "call_1"}


def in_request(*items: Any, **fields: Any) -> Reading:
    return RESPONSES.request({"model": "gpt-5", "input": list(items), **fields})


def in_response(*items: Any, **fields: Any) -> Reading:
    return RESPONSES.response(
        {"id": "resp_1", "object": "response", "output": list(items), **fields}
    )


def said(reading: Reading) -> list[tuple[str, str]]:
    """Role and text of everything but names."""
    return [(s.role, s.text) for s in reading.segments if s.format is not Format.KEY]


def reasons(reading: Reading) -> list[str]:
    return [skipped.reason for skipped in reading.skipped]


def part(**content: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [content]}


def test_input_may_be_one_text_of_the_user() -> None:
    reading = RESPONSES.request({"model": "gpt-5", "input": "hi", "instructions": "be kind"})
    assert reading.segments == [
        Segment(("input",), "hi", Format.TEXT, "user"),
        Segment(("instructions",), "be kind", Format.TEXT, "system"),
    ]


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_content_belongs_to_the_role_of_its_message(role: str) -> None:
    assert said(in_request({"role": role, "content": "hi"})) == [(role, "hi")]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "function_call", "name": "f", "arguments": '{"a":1}'}, ["f", '{"a":1}']),
        ({"type": "custom_tool_call", "name": "sh", "input": "ls"}, ["sh", "ls"]),
        ({"type": "mcp_approval_request", "name": "f", "arguments": "{}"}, ["f", "{}"]),
        ({"type": "web_search_call", "action": {"type": "search", "query": "x y"}}, ["x y"]),
        ({"type": "file_search_call", "queries": ["x"]}, ["x"]),
        ({"type": "code_interpreter_call", "code": "print()"}, ["print()"]),
        ({"type": "computer_call", "action": {"type": "type", "text": "x"}}, ["x"]),
        ({"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"]}}, ["ls"]),
        ({"type": "shell_call", "action": {"commands": ["ls", "pwd"]}}, ["ls", "pwd"]),
        (
            {"type": "apply_patch_call", "operation": {"type": "update_file", "diff": "+x"}},
            ["+x"],
        ),
        ({"type": "image_generation_call", "revised_prompt": "a cat"}, ["a cat"]),
        ({"type": "tool_search_call", "arguments": {"queries": ["x"]}}, ["x"]),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]}, ["x"]),
        ({"type": "reasoning", "content": [{"type": "reasoning_text", "text": "x"}]}, ["x"]),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_what_the_model_asks_of_a_tool_is_its_own_word(item: Any, expected: list[str]) -> None:
    for reading in (in_request({**IDENTIFIERS, **item}), in_response({**IDENTIFIERS, **item})):
        assert said(reading) == [("assistant", text) for text in expected]
        assert reading.skipped == []


@pytest.mark.parametrize("kind", ["function_call", "mcp_call", "mcp_approval_request"])
def test_arguments_are_json(kind: str) -> None:
    [segment] = in_response({"type": kind, "arguments": "{}"}).segments
    assert segment.format is Format.JSON


@pytest.mark.parametrize(
    "item",
    [
        {"type": "function_call_output", "output": "x"},
        {"type": "function_call_output", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "custom_tool_call_output", "output": "x"},
        {"type": "mcp_call", "output": "x"},
        {"type": "mcp_list_tools", "tools": [{"name": "x"}]},
        {"type": "shell_call_output", "output": [{"stdout": "x", "outcome": {"type": "exit"}}]},
        {"type": "local_shell_call_output", "output": "x"},
        {"type": "apply_patch_call_output", "output": "x"},
        {"type": "tool_search_output", "tools": [{"type": "function", "description": "x"}]},
        {"type": "file_search_call", "results": [{"file_id": "file_1", "text": "x"}]},
        {"type": "code_interpreter_call", "outputs": [{"type": "logs", "logs": "x"}]},
    ],
    ids=lambda item: item["type"],
)
def test_what_a_tool_answers_is_the_tools(item: Any) -> None:
    assert said(in_request({**IDENTIFIERS, **item})) == [("tool", "x")]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (part(type="input_image", image_url="data:image/png;base64,AA", detail="low"), "image"),
        (part(type="input_image", image_url={"url": "https://e.org/a.png"}), "image"),
        (part(type="input_file", file_data="data:application/pdf;base64,AA"), "file"),
        (part(type="input_file", file_url="https://e.org/a.pdf"), "file_url"),
        (part(type="input_audio", input_audio={"data": "AA", "format": "mp3"}), "audio"),
        (part(type="output_audio", data="AA"), "audio"),
        ({"type": "image_generation_call", "result": "iVBORw0KGgo="}, "image"),
        (
            {"type": "code_interpreter_call", "outputs": [{"type": "image", "url": "https://x/"}]},
            "image",
        ),
        (
            {
                "type": "computer_call_output",
                "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,"},
            },
            "image",
        ),
        ({"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}, "encrypted_reasoning"),
        ({"type": "compaction", "encrypted_content": "gAAA"}, "encrypted_reasoning"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else value,
)
def test_what_is_no_text_is_skipped_and_says_why(item: Any, reason: str) -> None:
    reading = in_request({**IDENTIFIERS, **item})
    assert said(reading) == []
    assert reasons(reading) == [reason]


def test_a_result_of_another_tool_is_text() -> None:
    assert said(in_request({"type": "new_call", "result": "x y"})) == [("user", "x y")]


def test_an_item_of_a_kind_nobody_knows_is_text() -> None:
    assert ("user", "x") in said(in_request({"type": "hologram", "hologram": {"caption": "x"}}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt": {"id": "p", "version": "2", "variables": {"city": "Rome"}}}, "Rome"),
        (
            {"prompt": {"variables": {"city": {"type": "input_text", "text": "Rome"}}}},
            "Rome",
        ),
        ({"tools": [{"type": "function", "name": "f", "description": "Does"}]}, "Does"),
        ({"tools": [{"type": "namespace", "tools": [{"description": "Does"}]}]}, "Does"),
        ({"tools": [{"type": "mcp", "server_description": "Does"}]}, "Does"),
        ({"tools": [{"type": "function", "parameters": {"title": "T"}}]}, "T"),
        ({"text": {"format": {"type": "json_schema", "schema": {"title": "T"}}}}, "T"),
        ({"metadata": {"ticket": "x"}}, "x"),
        ({"user": "jane"}, "jane"),
        ({"new_in_2030": {"a": "x y z"}}, "x y z"),
    ],
)
def test_text_beside_the_input_is_inspected(fields: dict[str, Any], expected: str) -> None:
    assert expected in [text for _, text in said(in_request(**fields))]


def test_what_a_provider_hands_on_to_a_tool_server_is_skipped() -> None:
    tool = {"type": "mcp", "authorization": "ya29.secret", "headers": {"x-key": "secret"}}
    reading = in_request(tools=[tool])
    assert said(reading) == []
    assert reasons(reading) == ["credential", "credential"]


@pytest.mark.parametrize(
    "fields",
    [
        {"previous_response_id": "resp_1", "conversation": "conv_1"},
        {"conversation": {"id": "conv_1"}, "include": ["reasoning.encrypted_content"]},
        {"reasoning": {"effort": "low", "summary": "auto"}, "tool_choice": "auto"},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
    ],
)
def test_names_from_fixed_lists_are_not(fields: dict[str, Any]) -> None:
    assert in_request(**fields) == Reading()


def test_an_answer_is_the_assistants_and_what_it_says_again_is_not() -> None:
    message = {"type": "message", "role": "assistant", "content": [{"text": "hi"}]}
    reading = in_response(message, instructions="be kind", tools=[{"description": "Does"}])
    assert said(reading) == [("assistant", "hi"), ("system", "be kind"), ("system", "Does")]


def test_annotations_of_an_answer_are_inspected() -> None:
    note = {"type": "url_citation", "title": "T", "url": "https://e.org", "start_index": 1234567}
    text = {"type": "output_text", "text": "x", "annotations": [note]}
    reading = in_response({"type": "message", "role": "assistant", "content": [text]})
    assert said(reading) == [("assistant", text) for text in ("x", "T", "https://e.org")]


def test_log_probabilities_repeat_their_part() -> None:
    tokens = [{"token": t, "logprob": -0.1234567891234567, "bytes": [1]} for t in ("jo", "hn")]
    text = {"type": "output_text", "text": "john", "logprobs": tokens}
    reading = in_response({"type": "message", "role": "assistant", "content": [text]})
    assert reading.segments[-1] == Segment(
        ("output", 0, "content", 0, "logprobs"), "john", Format.REPEAT, "assistant"
    )


@pytest.mark.parametrize("entries", [{"a": {"token": "x y"}}, "x y", [["x y"]], ["x y"]])
def test_log_probabilities_of_another_form_are_not_passed_over(entries: Any) -> None:
    text = {"type": "output_text", "logprobs": entries}
    reading = in_response({"type": "message", "role": "assistant", "content": [text]})
    assert "x y" in [text for _, text in said(reading)]


def test_a_list_of_items_is_read_like_an_input() -> None:
    item = {"type": "reasoning", "encrypted_content": "gAAA", "summary": []}
    assert RESPONSES.response({"object": "list", "data": [item]}).skipped == [
        Skipped(("data", 0, "encrypted_content"), "encrypted_reasoning")
    ]
    assert reasons(RESPONSES.request({"items": [item]})) == ["encrypted_reasoning"]


@pytest.mark.parametrize("document", [None, [], "hi", 7])
def test_what_is_no_request_is_refused(document: Any) -> None:
    with pytest.raises(BodyError) as caught:
        RESPONSES.request(document)
    assert caught.value.code == "not_a_responses_request"


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None, 7, "x", [], {}], {"type": []}])
@pytest.mark.parametrize("name", ["input", "instructions", "prompt", "tools", "text", "metadata"])
def test_members_of_wrong_types_are_read_through(name: str, value: Any) -> None:
    RESPONSES.request({name: value})
    RESPONSES.response({name: value, "output": value, "data": value, "usage": value})


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 3, "output_tokens": 5}, Usage(3, 5)),
        ({"input_tokens": 3}, None),
        ({"input_tokens": -3, "output_tokens": 5}, None),
        (None, None),
    ],
)
def test_usage_is_what_the_provider_has_counted(usage: Any, expected: Usage | None) -> None:
    assert RESPONSES.usage({"usage": usage}) == expected


def test_an_error_tells_what_was_found_by_which_rule() -> None:
    refusal = Refusal(403, "policy_violation", "no", "r-1", 0.9, (Violation("us_ssn", "ssn"),))
    error = json.loads(RESPONSES.error(refusal))["error"]
    assert error["code"] == error["type"] == "policy_violation"
    assert error["violations"] == [{"type": "us_ssn", "rule": "ssn"}]
