"""Chat completions, whole: what is inspected, what is skipped and why, how an error looks."""

import json
from typing import Any

import pytest

from extproc.dialects.openai_chat import OpenAIChat
from extproc.dialects.walk import Reading
from extproc.model.errors import BodyError
from extproc.model.values import Format, Path, Refusal, Segment, Skipped, Usage, Violation
from tests.guardrail.making import texts

CHAT = OpenAIChat()


def in_request(*messages: Any, **fields: Any) -> Reading:
    return CHAT.request({"model": "gpt-4o", "messages": list(messages), **fields})


def in_part(part: dict[str, Any]) -> Reading:
    return in_request({"role": "user", "content": [part]})


def in_response(*choices: Any, **fields: Any) -> Reading:
    return CHAT.response(
        {"id": "x", "object": "chat.completion", "choices": list(choices), **fields}
    )


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool", "function"])
def test_content_belongs_to_the_role_of_its_message(role: str) -> None:
    assert in_request({"role": role, "content": "hi"}).segments == [
        Segment(("messages", 0, "content"), "hi", Format.TEXT, role)
    ]


@pytest.mark.parametrize("role", ["narrator", "", "System Administrator", "x" * 1000])
def test_a_role_that_nobody_knows_is_trusted_no_more_than_a_user(role: str) -> None:
    [*_, segment] = in_request({"role": role, "content": "hi"}).segments
    assert (segment.text, segment.role) == ("hi", "user")


@pytest.mark.parametrize("role", [None, 7, ["system"], {"role": "system"}])
def test_a_role_of_another_type_is_not_believed(role: Any) -> None:
    [*_, segment] = in_request({"role": role, "content": "hi"}).segments
    assert (segment.text, segment.role) != ("hi", "system")


def test_messages_come_in_order() -> None:
    reading = in_request({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})
    assert [(s.path[1], s.text, s.role) for s in reading.segments] == [
        (0, "a", "user"),
        (1, "b", "assistant"),
    ]


def test_the_name_of_a_speaker_is_text() -> None:
    assert texts(in_request({"role": "user", "name": "jane", "content": "hi"})) == ["jane", "hi"]


def test_a_message_without_content_is_nothing() -> None:
    assert in_request({"role": "assistant", "content": None}) == Reading()


@pytest.mark.parametrize(
    ("part", "path", "text"),
    [
        ({"type": "text", "text": "x"}, ("text",), "x"),
        ({"type": "refusal", "refusal": "x"}, ("refusal",), "x"),
        ({"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}, (), "x"),
        ({"type": "file", "file": {"filename": "x"}}, ("file", "filename"), "x"),
        ({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}, ("text",), "x"),
    ],
)
def test_the_text_of_a_part_is_inspected(part: dict[str, Any], path: Path, text: str) -> None:
    [segment] = in_part(part).segments
    assert segment.text == text
    assert segment.role == "user"
    assert segment.path[: 4 + len(path)] == ("messages", 0, "content", 0, *path)


@pytest.mark.parametrize(
    ("part", "path", "reason"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}, "url", "image"),
        ({"type": "video_url", "video_url": {"url": "https://x/y.mp4"}}, "url", "video"),
        ({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}, "data", "audio"),
        ({"type": "file", "file": {"file_data": "JVBERi0="}}, "file_data", "file"),
    ],
)
def test_media_is_skipped_and_says_why(part: dict[str, Any], path: str, reason: str) -> None:
    reading = in_part(part)
    assert reading.segments == []
    assert reading.skipped == [Skipped(("messages", 0, "content", 0, part["type"], path), reason)]


def test_a_part_of_a_kind_nobody_knows_is_text() -> None:
    assert "x" in texts(in_part({"type": "hologram", "hologram": {"caption": "x"}}))


def test_content_as_a_list_of_strings_is_text() -> None:
    assert texts(in_request({"role": "user", "content": ["a", "b"]})) == ["a", "b"]


def test_arguments_of_a_tool_call_are_json_and_its_name_is_text() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    reading = in_request({"role": "assistant", "tool_calls": [call]})
    at: Path = ("messages", 0, "tool_calls", 0, "function")
    assert reading.segments == [
        Segment((*at, "name"), "f", Format.TEXT, "assistant"),
        Segment((*at, "arguments"), '{"a":1}', Format.JSON, "assistant"),
    ]


def test_arguments_of_the_older_function_call_are_json() -> None:
    call = {"name": "f", "arguments": "{}"}
    reading = in_request({"role": "assistant", "function_call": call})
    assert [(s.text, s.format) for s in reading.segments] == [
        ("f", Format.TEXT),
        ("{}", Format.JSON),
    ]


def test_the_input_of_a_custom_tool_is_text() -> None:
    call = {"id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls"}}
    assert texts(in_request({"role": "assistant", "tool_calls": [call]})) == ["sh", "ls"]


def test_the_answer_of_a_tool_is_text_of_the_tool() -> None:
    reading = in_request({"role": "tool", "tool_call_id": "call_1", "content": "42"})
    assert [(s.text, s.role) for s in reading.segments] == [("42", "tool")]


def test_tools_are_described_in_text() -> None:
    parameters = {"type": "object", "properties": {"city": {"description": "Where"}}}
    function = {"name": "f", "description": "Does it", "parameters": parameters}
    found = texts(in_request(tools=[{"type": "function", "function": function}]))
    assert {"f", "Does it", "Where"} <= set(found)


@pytest.mark.parametrize(
    "field", ["user", "metadata", "prediction", "stop", "response_format", "new_in_2030"]
)
def test_text_beside_the_messages_is_inspected(field: str) -> None:
    assert "x y z" in texts(in_request(**{field: {"content": "x y z"}}))


@pytest.mark.parametrize("field", ["model", "reasoning_effort", "service_tier", "tool_choice"])
def test_names_from_fixed_lists_are_not(field: str) -> None:
    assert in_request(**{field: "auto"}) == Reading()


@pytest.mark.parametrize(
    "document",
    [None, [], "hi", 7, {}, {"messages": None}, {"messages": {}}, {"messages": "hi"}, [{}]],
)
def test_what_is_no_chat_request_is_refused(document: Any) -> None:
    with pytest.raises(BodyError) as caught:
        CHAT.request(document)
    assert caught.value.code == "not_a_chat_request"


@pytest.mark.parametrize(
    "messages", [[], [None], ["hi"], [[]], [7], [{}], [{"role": 7}], [{"content": {"a": "b"}}]]
)
def test_messages_of_wrong_types_are_read_through(messages: list[Any]) -> None:
    in_request(*messages)


def test_every_choice_is_inspected() -> None:
    choices = [
        {"index": i, "message": {"role": "assistant", "content": f"answer {i}"}} for i in range(3)
    ]
    assert [(s.path, s.text, s.role) for s in in_response(*choices).segments] == [
        (("choices", i, "message", "content"), f"answer {i}", "assistant") for i in range(3)
    ]


@pytest.mark.parametrize("field", ["content", "refusal", "reasoning", "reasoning_content"])
def test_all_that_an_answer_says_is_inspected(field: str) -> None:
    assert texts(in_response({"message": {"role": "assistant", field: "x"}})) == ["x"]


def test_an_answer_without_a_role_is_the_assistants() -> None:
    assert in_response({"message": {"content": "x"}}).segments[0].role == "assistant"


def test_annotations_of_an_answer_are_inspected() -> None:
    note = {"type": "url_citation", "url_citation": {"title": "T", "url": "https://e.org"}}
    assert {"T", "https://e.org"} <= set(texts(in_response({"message": {"annotations": [note]}})))


def test_spoken_answers_are_skipped_and_their_transcript_is_not() -> None:
    audio = {"id": "audio_1", "data": "AA", "expires_at": 1, "transcript": "hello"}
    reading = in_response({"message": {"role": "assistant", "audio": audio}})
    assert texts(reading) == ["hello"]
    assert [skipped.reason for skipped in reading.skipped] == ["audio"]


def test_encrypted_reasoning_is_skipped_and_its_summary_is_not() -> None:
    details = [{"type": "x", "data": "AA", "signature": "BB", "summary": "why", "text": "how"}]
    reading = in_response({"message": {"reasoning_details": details}})
    assert sorted(texts(reading)) == ["how", "why"]
    assert {skipped.reason for skipped in reading.skipped} == {"encrypted_reasoning", "signature"}


def test_log_probabilities_repeat_the_answer() -> None:
    tokens = [{"token": t, "logprob": -0.1234567891234567, "bytes": None} for t in ("jo", "hn")]
    choice = {"message": {"content": "john"}, "logprobs": {"content": tokens, "refusal": None}}
    assert in_response(choice).segments[-1] == Segment(
        ("choices", 0, "logprobs"), "john", Format.REPEAT, "assistant"
    )


def test_log_probabilities_of_a_refusal_repeat_it() -> None:
    choice = {"logprobs": {"content": None, "refusal": [{"token": "No"}, {"token": "."}]}}
    assert texts(in_response(choice)) == ["No."]


def test_alternatives_to_a_token_are_no_part_of_the_text() -> None:
    tokens = [{"token": "a", "top_logprobs": [{"token": "a"}, {"token": "b"}]}, {"token": "c"}]
    reading = in_response({"logprobs": {"content": tokens}})
    assert [s.text for s in reading.segments if s.format is Format.REPEAT] == ["ac"]
    assert [s.text for s in reading.segments if s.format is Format.TEXT] == ["a", "b"]


@pytest.mark.parametrize(
    "logprobs",
    [
        {"tokens": ["jane@", "example.com"], "token_logprobs": [-0.1, -0.2]},
        {"note": "jane@example.com"},
        [{"token": "jane@"}, {"token": "example.com"}],
        "jane@example.com",
    ],
    ids=["legacy", "note", "list", "string"],
)
def test_log_probabilities_of_another_form_are_not_passed_over(logprobs: Any) -> None:
    reading = in_response({"message": {"content": "x"}, "logprobs": logprobs})
    read_as_text = "jane@example.com" in "".join(texts(reading))
    assert read_as_text or reading.skipped


def test_text_beside_the_counts_of_usage_is_not_passed_over() -> None:
    reading = in_response(usage={"prompt_tokens": 1, "completion_tokens": 1, "note": "a@b.io"})
    assert "a@b.io" in texts(reading) or reading.skipped


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {}, {"choices": None}, {"choices": {}}, {"choices": [None, 7, "x", []]}],
)
def test_an_answer_of_wrong_types_is_read_through(document: Any) -> None:
    CHAT.response(document)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}, Usage(3, 5)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage(0, 0)),
        ({"prompt_tokens": 3}, None),
        ({"prompt_tokens": "3", "completion_tokens": "5"}, None),
        ({"prompt_tokens": 3.5, "completion_tokens": 5}, None),
        ({"prompt_tokens": -1, "completion_tokens": 5}, None),
        ({"prompt_tokens": 3, "completion_tokens": -5}, None),
        ({"prompt_tokens": 10**400, "completion_tokens": 5}, None),
        (None, None),
        ([], None),
    ],
)
def test_usage_is_what_the_provider_counted(usage: Any, expected: Usage | None) -> None:
    assert CHAT.usage({"usage": usage}) == expected


@pytest.mark.parametrize("document", [None, [], "x", {}])
def test_usage_of_anything_else_is_unknown(document: Any) -> None:
    assert CHAT.usage(document) is None


REFUSAL = Refusal(
    403,
    "policy_violation",
    "blocked by rule ids (us_ssn)",
    "request-1",
    0.93,
    (Violation("us_ssn", "ids"),),
)


def test_a_block_has_the_documented_form() -> None:
    assert json.loads(CHAT.error(REFUSAL)) == {
        "error": {
            "message": "policy_violation: blocked by rule ids (us_ssn)",
            "type": "policy_violation",
            "param": None,
            "code": "policy_violation",
            "risk_score": 0.93,
            "violations": [{"type": "us_ssn", "rule": "ids"}],
            "request_id": "request-1",
        }
    }


def test_a_body_that_cannot_be_read_is_an_invalid_request() -> None:
    refusal = Refusal(400, "invalid_json", "the body is not JSON", "request-1")
    assert json.loads(CHAT.error(refusal)) == {
        "error": {
            "message": "invalid_json: the body is not JSON",
            "type": "invalid_request_error",
            "param": None,
            "code": "invalid_json",
            "request_id": "request-1",
        }
    }
