"""Gemini, whole: what is inspected, what is skipped and why, how an error looks."""

import json
from typing import Any

import pytest

from extproc.dialects.gemini import Gemini
from extproc.dialects.registry import find
from extproc.dialects.walk import Reading
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Segment, Skipped, Usage, Violation
from tests.guardrail.making import texts

GEMINI = Gemini(streams=False)


def in_request(*parts: Any, role: str = "user", **fields: Any) -> Reading:
    return GEMINI.request({"contents": [{"role": role, "parts": list(parts)}], **fields})


def in_response(*parts: Any, **fields: Any) -> Reading:
    content = {"role": "model", "parts": list(parts)}
    return GEMINI.response({"candidates": [{"index": 0, "content": content, **fields}]})


def said(reading: Reading) -> list[tuple[str, str]]:
    return [(segment.text, segment.role) for segment in reading.segments]


def reasons(reading: Reading) -> list[str]:
    return [skipped.reason for skipped in reading.skipped]


@pytest.mark.parametrize(
    ("role", "expected"),
    [("user", "user"), ("model", "assistant"), ("function", "function"), ("narrator", "user")],
)
def test_content_belongs_to_the_role_of_its_message(role: str, expected: str) -> None:
    assert said(in_request({"text": "hi"}, role=role))[-1] == ("hi", expected)


@pytest.mark.parametrize("name", ["systemInstruction", "system_instruction"])
@pytest.mark.parametrize("role", ["user", "system", "model"])
def test_the_system_instruction_is_the_systems_whatever_it_says(name: str, role: str) -> None:
    given = {"role": role, "parts": [{"text": "hi"}]}
    assert said(GEMINI.request({"contents": [], name: given})) == [("hi", "system")]


@pytest.mark.parametrize(
    "document",
    [
        {"contents": {"parts": {"text": "hi"}}},
        {"contents": {"role": "user", "parts": [{"text": "hi"}]}},
        {"contents": ["hi"]},
        {"generateContentRequest": {"contents": [{"parts": [{"text": "hi"}]}]}},
        {"model": "models/m", "content": {"parts": [{"text": "hi"}]}, "taskType": "X"},
        {"requests": [{"model": "models/m", "content": {"parts": [{"text": "hi"}]}}]},
        {"instances": [{"content": "hi", "task_type": "X"}], "parameters": {}},
        {"instances": [{"prompt": "hi"}]},
        {"model": "models/m", "ttl": "120s", "systemInstruction": {"parts": [{"text": "hi"}]}},
    ],
    ids=str,
)
def test_every_method_is_read(document: dict[str, Any]) -> None:
    assert [text for text in texts(GEMINI.request(document)) if text != "parameters"] == ["hi"]


PARTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"text": "a", "thought": True, "thoughtSignature": "AA"}, ["a"]),
    (
        {"functionCall": {"id": "1", "name": "f", "args": {"to": ["a", {"b": 4111111111111111}]}}},
        ["f", "a", "4111111111111111"],
    ),
    ({"functionResponse": {"id": "1", "name": "f", "response": {"out": "a"}}}, ["f", "a"]),
    ({"executableCode": {"id": "1", "language": "PYTHON", "code": "a"}}, ["a"]),
    ({"codeExecutionResult": {"id": "1", "outcome": "OUTCOME_OK", "output": "a"}}, ["a"]),
    ({"toolCall": {"id": "1", "toolType": "X", "args": {"q": "a"}}}, ["a"]),
    ({"toolResponse": {"id": "1", "toolType": "X", "response": {"q": "a"}}}, ["a"]),
    ({"hologram": {"caption": "a"}}, ["hologram", "caption", "a"]),
]


def snake(value: Any) -> Any:
    """The same in the other spelling."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in name): snake(item)
        for name, item in value.items()
    }


@pytest.mark.parametrize("spelled", [lambda part: part, snake], ids=["camel", "snake"])
@pytest.mark.parametrize(("part", "expected"), PARTS, ids=lambda part: str(part)[:20])
def test_the_text_of_a_part_is_inspected(part: Any, expected: Any, spelled: Any) -> None:
    for reading in (in_request(spelled(part)), in_response(spelled(part))):
        assert texts(reading) == expected


@pytest.mark.parametrize("name", ["functionResponse", "function_response", "toolResponse"])
def test_what_a_tool_found_is_the_tools(name: str) -> None:
    assert said(in_request({name: {"response": {"out": "a"}}})) == [("a", "tool")]


@pytest.mark.parametrize("spelled", [lambda part: part, snake], ids=["camel", "snake"])
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"inlineData": {"mimeType": "image/png", "data": "A A"}}, "media"),
        ({"fileData": {"mimeType": "image/png", "fileUri": "gs://a b"}}, "file_url"),
        ({"thoughtSignature": "A A"}, "signature"),
        ({"functionResponse": {"parts": [{"inlineData": {"data": "A A"}}]}}, "media"),
    ],
)
def test_what_no_detector_can_read_is_skipped_and_says_why(
    part: dict[str, Any], reason: str, spelled: Any
) -> None:
    for reading in (in_request(spelled(part)), in_response(spelled(part))):
        assert texts(reading) == []
        assert reasons(reading) == [reason]


def test_the_two_spellings_may_be_mixed() -> None:
    part = {"functionResponse": {"parts": [{"inline_data": {"mimeType": "a/b", "data": "A A"}}]}}
    assert in_request(part).segments == []


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"functionDeclarations": [{"name": "x y"}]}]},
        {"tools": [{"function_declarations": [{"description": "x y"}]}]},
        {"tools": [{"functionDeclarations": [{"parameters": {"a": {"description": "x y"}}}]}]},
        {"generationConfig": {"stopSequences": ["x y"]}},
        {"generation_config": {"response_json_schema": {"title": "x y"}}},
        {"labels": {"team": "x y"}},
        {"new_in_2030": {"deep": ["x y"]}},
    ],
    ids=str,
)
def test_text_beside_the_contents_is_inspected(fields: dict[str, Any]) -> None:
    assert "x y" in texts(in_request(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"generationConfig": {"responseMimeType": "application/json", "seed": 123456789}},
        {"generation_config": {"thinking_config": {"thinking_budget": 12345678}}},
        {"safetySettings": [{"category": "HARM_X", "threshold": "BLOCK_Y"}]},
        {"tool_config": {"function_calling_config": {"mode": "ANY"}}},
        {"cachedContent": "cachedContents/7lf5him5ev4iemi1yjv2gwli5bhpz3yidzejwllo"},
    ],
    ids=str,
)
def test_names_from_fixed_lists_are_not_text(fields: dict[str, Any]) -> None:
    assert in_request(**fields) == Reading()


@pytest.mark.parametrize("document", [None, [], "hi", 7, {}, {"model": "m"}, [{"contents": []}]])
def test_what_is_no_request_of_gemini_is_refused(document: Any) -> None:
    with pytest.raises(BodyError) as caught:
        GEMINI.request(document)
    assert caught.value.code == "not_a_gemini_request"


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], ["x"], [[]], {"parts": 7}])
def test_values_of_wrong_types_are_read_through(value: Any) -> None:
    GEMINI.request({"contents": value, "systemInstruction": value, "tools": value})
    GEMINI.response({"candidates": value, "usageMetadata": value, "embedding": value})
    GEMINI.response({"candidates": [{"content": value, "logprobsResult": value}]})
    GEMINI.usage({"usageMetadata": value})


def test_what_an_answer_rests_on_is_inspected() -> None:
    web = {"uri": "https://e.org/4111111111111111", "title": "Page"}
    support = {"segment": {"startIndex": 12345678, "text": "claim"}, "groundingChunkIndices": [0]}
    grounding = {
        "webSearchQueries": ["query"],
        "groundingChunks": [{"web": web}, {"retrievedContext": {"text": "found"}}],
        "groundingSupports": [support],
        "searchEntryPoint": {"renderedContent": "<b>query</b>"},
    }
    citation = {"citationSources": [{"uri": "https://e.org", "title": "Book", "license": "MIT"}]}
    reading = in_response(groundingMetadata=grounding, citationMetadata=citation)
    assert texts(reading) == [
        *("query", "Page", "found", "claim", "<b>query</b>"),
        *("Book", "MIT"),
    ]


def test_log_probabilities_repeat_the_answer() -> None:
    chosen = [
        {"token": token, "tokenId": 12345678, "logProbability": -0.1} for token in ("jo", "hn")
    ]
    reading = in_response({"text": "john"}, logprobsResult={"chosenCandidates": chosen})
    assert reading.segments[-1] == Segment(
        ("candidates", 0, "logprobsResult"), "john", Format.REPEAT, "assistant"
    )


@pytest.mark.parametrize(
    "document",
    [
        {"embedding": {"values": [-0.0065322972, 12.0, 1e-7] * 999}},
        {"embeddings": [{"values": [-0.0065322972] * 999}] * 3},
        {
            "predictions": [
                {"embeddings": {"values": [0.5] * 999, "statistics": {"token_count": 4}}}
            ]
        },
    ],
    ids=lambda document: next(iter(document)),
)
def test_an_embedding_is_not_read_number_by_number(document: dict[str, Any]) -> None:
    assert GEMINI.response(document) == Reading()


def test_an_image_that_was_predicted_is_skipped() -> None:
    image = {"mimeType": "image/png", "bytesBase64Encoded": "AAAA", "prompt": "a cat"}
    reading = GEMINI.response({"predictions": [image]})
    assert texts(reading) == ["a cat"]
    assert reading.skipped == [Skipped(("predictions", 0, "bytesBase64Encoded"), "media")]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"promptTokenCount": 3, "candidatesTokenCount": 5}, Usage(3, 5)),
        (
            {
                "promptTokenCount": 3,
                "toolUsePromptTokenCount": 40,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 100,
                "cachedContentTokenCount": 2,
                "totalTokenCount": 148,
            },
            Usage(43, 105),
        ),
        ({"promptTokenCount": 3, "thoughtsTokenCount": 7}, Usage(3, 7)),
        ({"prompt_token_count": 3, "candidates_token_count": 5}, Usage(3, 5)),
        ({"promptTokenCount": 3}, Usage(3, 0)),
        ({"promptTokenCount": "3"}, None),
        ({"promptTokenCount": 3, "thoughtsTokenCount": -1}, None),
        ({"candidatesTokenCount": 5}, None),
        (None, None),
    ],
)
def test_usage_counts_thoughts_too(counts: Any, expected: Usage | None) -> None:
    assert GEMINI.usage({"usageMetadata": counts}) == expected


def test_a_block_has_the_documented_form() -> None:
    refusal = Refusal(
        403, "policy_violation", "blocked", "request-1", 0.93, (Violation("us_ssn", "ids"),)
    )
    assert json.loads(GEMINI.error(refusal)) == {
        "error": {
            "code": 403,
            "message": "policy_violation: blocked",
            "status": "PERMISSION_DENIED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.protobuf.Struct",
                    "value": {
                        "code": "policy_violation",
                        "risk_score": 0.93,
                        "violations": [{"type": "us_ssn", "rule": "ids"}],
                        "request_id": "request-1",
                    },
                }
            ],
        }
    }


@pytest.mark.parametrize(
    ("status", "name"), [(400, "INVALID_ARGUMENT"), (413, "INVALID_ARGUMENT"), (502, "INTERNAL")]
)
def test_a_body_that_cannot_be_read_is_told_in_the_words_of_the_api(status: int, name: str) -> None:
    error = json.loads(GEMINI.error(Refusal(status, "invalid_json", "no JSON", "request-1")))
    assert (error["error"]["code"], error["error"]["status"]) == (status, name)


VERTEX = "/v1beta1/projects/p/locations/l/publishers/google/models/gemini"


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/models/gemini-2.5-pro:generateContent",
        "/gemini/v1/models/gemini-2.5-pro:generateContent?key=x",
        "/v1beta/models/gemini:countTokens",
        "/v1beta/models/gemini-embedding:embedContent",
        "/v1beta/models/gemini-embedding:batchEmbedContents",
        "/v1beta/tunedModels/mine:generateContent",
        "/v1beta/cachedContents",
        f"{VERTEX}:predict",
        f"{VERTEX}:generateContent",
    ],
)
def test_gemini_is_known_by_its_path(path: str) -> None:
    dialect = find("POST", path)
    assert dialect.name == "gemini"
    assert dialect.stream("text/event-stream") is None
    assert dialect.stream("application/json") is None


@pytest.mark.parametrize(
    "path",
    ["/v1beta/models/gemini:streamGenerateContent?alt=sse", f"{VERTEX}:streamGenerateContent"],
)
def test_the_method_that_streams_is_known_by_its_path(path: str) -> None:
    dialect = find("POST", path)
    assert dialect.name == "gemini"
    assert dialect.stream("text/event-stream") is not None
    assert dialect.stream("application/json") is not None
    assert dialect.stream("text/html") is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/models",
        "/v1beta/models/gemini",
        "/v1beta/files",
        "/v1/projects/p/locations/l/publishers/meta/models/llama:predict",
        "/v1beta/openai/chat/completions",
    ],
)
def test_other_paths_are_not_geminis(path: str) -> None:
    assert find("POST", path).name != "gemini"


@pytest.mark.parametrize("listed", [True, False])
def test_words_that_nobody_is_named_for_are_the_users(listed: bool) -> None:
    content: Any = {"parts": [{"text": "Hello there"}]}
    reading = Gemini(streams=False).request({"contents": [content] if listed else content})
    assert [(s.text, s.role) for s in reading.segments] == [("Hello there", "user")]
