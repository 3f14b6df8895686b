"""OpenAI's older Completions and its APIs of one answer: what is text, what is skipped, and why."""

import json
from typing import Any

import pytest
from openai.types import Completion

from extproc.dialects.openai_completions import (
    CompletionStream,
    FillInTheMiddle,
    OpenAICompletions,
)
from extproc.dialects.openai_single import EMBEDDINGS, IMAGES, MODERATIONS
from extproc.dialects.walk import Reading
from extproc.model.errors import BodyError
from extproc.model.values import Direction, Format, Segment, Skipped, Usage
from tests.guardrail.making import MAX_EVENT, REDACT_ALL, documents, feed_all, sse

COMPLETIONS = OpenAICompletions()
ENVELOPE = {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "m"}


def texts(reading: Reading) -> list[str]:
    return [s.text for s in reading.segments if s.format is not Format.KEY]


GIVEN: list[tuple[Any, list[str], list[str]]] = [
    ("a b", ["a b"], []),
    (["a", "b c"], ["a", "b c"], []),
    ([1, 2, 123456], [], ["token_ids"]),
    ([[1, 2], [3]], [], ["token_ids", "token_ids"]),
    (["a", [1, 2]], ["a"], ["token_ids"]),
    ([], [], []),
    ([[]], [], []),
    ([1, "a"], ["a"], []),
]


@pytest.mark.parametrize(("given", "expected", "reasons"), GIVEN, ids=str)
def test_a_prompt_or_an_input_is_text_or_the_numbers_of_its_tokens(
    given: Any, expected: list[str], reasons: list[str]
) -> None:
    for reading in (
        COMPLETIONS.request({"model": "m", "prompt": given}),
        FillInTheMiddle().request({"model": "m", "prompt": given}),
        EMBEDDINGS.request({"model": "m", "input": given}),
    ):
        assert texts(reading) == expected
        assert [skipped.reason for skipped in reading.skipped] == reasons
        assert {segment.role for segment in reading.segments} <= {"user"}


@pytest.mark.parametrize("document", [None, [], "hi", {}, {"messages": []}])
def test_what_has_no_prompt_is_refused(document: Any) -> None:
    for dialect in (COMPLETIONS, FillInTheMiddle()):
        with pytest.raises(BodyError) as caught:
            dialect.request(document)
        assert caught.value.code == "not_a_completion_request"


def test_text_beside_the_prompt_is_inspected() -> None:
    document = {"prompt": "a", "suffix": "b", "stop": ["c"], "user": "d", "seed": 12345678}
    assert texts(COMPLETIONS.request(document)) == ["a", "b", "c", "d"]


LOGPROBS = {
    "tokens": ["jo", "hn"],
    "token_logprobs": [-0.123456789, -1],
    "top_logprobs": [{"jo": -0.1}],
    "text_offset": [0, 2],
}


def test_log_probabilities_repeat_a_completion() -> None:
    choice = {"index": 0, "text": "john", "finish_reason": "stop", "logprobs": LOGPROBS}
    assert COMPLETIONS.response({**ENVELOPE, "choices": [choice]}).segments == [
        Segment(("choices", 0, "text"), "john", Format.TEXT, "assistant"),
        Segment(("choices", 0, "logprobs"), "john", Format.REPEAT, "assistant"),
    ]


@pytest.mark.parametrize("tokens", [{"a": "x y"}, [["x y"]], "x y", [{"t": "x y"}]])
def test_log_probabilities_of_another_form_are_not_passed_over(tokens: Any) -> None:
    choice = {"text": "", "logprobs": {"tokens": tokens}}
    assert "x y" in texts(COMPLETIONS.response({"choices": [choice]}))


def test_usage_of_a_completion_is_counted() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    assert COMPLETIONS.usage({"usage": usage}) == Usage(3, 5)


def chunk(text: str, index: int = 0, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": index, "text": text, "logprobs": None, "finish_reason": finish, **more}
    return sse({**ENVELOPE, "choices": [choice]})


def streamed(*events: bytes) -> str:
    opened = REDACT_ALL.open_stream(CompletionStream(), "caller", MAX_EVENT)
    passed = documents(b"".join(step.data for step in feed_all(opened, list(events))))
    return "".join(document["choices"][0]["text"] for document in passed)


def test_the_text_of_a_stream_is_redacted_across_chunks() -> None:
    events = [chunk(text) for text in ("My SSN is 123-4", "5-6789", " or", " so")]
    assert streamed(*events, chunk("", finish="stop")) == "My SSN is [US_SSN] or so"


def test_log_probabilities_of_a_chunk_that_is_held_back_do_not_pass() -> None:
    held = chunk("123-45", logprobs={"tokens": ["123", "-45"]})
    opened = REDACT_ALL.open_stream(CompletionStream(), "caller", MAX_EVENT)
    [first, *_] = documents(feed_all(opened, [held, chunk("-6789")])[0].data)
    assert first["choices"][0]["logprobs"] is None


def test_a_filtered_end_is_a_completion() -> None:
    stream = CompletionStream()
    stream.read(chunk("a", 1)[6:])
    end, done = stream.filtered_end()
    [choice] = Completion.model_validate_json(end.data or b"").choices
    assert (choice.index, choice.text, choice.finish_reason) == (1, "", "content_filter")
    assert done.data == b"[DONE]"


def test_what_is_filled_in_is_answered_like_a_chat() -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "x"}}]}
    assert texts(FillInTheMiddle().response(answer)) == ["x"]


def test_a_vector_costs_no_segment_and_a_packed_one_is_skipped() -> None:
    numbers = EMBEDDINGS.response({"data": [{"index": 0, "embedding": [-0.0123456789] * 3000}]})
    assert numbers == Reading()
    packed = EMBEDDINGS.response({"data": [{"index": 0, "embedding": "AAAA" * 1000}]})
    assert packed.skipped == [Skipped(("data", 0, "embedding"), "embedding")]
    assert packed.segments == []


def test_text_in_the_place_of_a_vector_is_inspected() -> None:
    assert texts(EMBEDDINGS.response({"data": [{"embedding": ["a b", 1]}]})) == ["a b"]


def test_a_large_answer_of_vectors_passes_as_it_came() -> None:
    vectors = [{"object": "embedding", "index": i, "embedding": [0.25] * 3000} for i in range(10)]
    body = json.dumps({"object": "list", "data": vectors, "model": "m"}).encode()
    inspected = REDACT_ALL.inspect_json(EMBEDDINGS, Direction.RESPONSE, body, "caller")
    assert (inspected.body, inspected.scanned) == (None, 0)


@pytest.mark.parametrize(
    ("reading", "expected", "reasons"),
    [
        (MODERATIONS.request({"model": "m", "input": ["a", "b c"]}), ["a", "b c"], []),
        (
            MODERATIONS.request(
                {
                    "input": [
                        {"type": "text", "text": "a"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
                    ]
                }
            ),
            ["a"],
            ["image"],
        ),
        (IMAGES.request({"model": "m", "prompt": "a cat", "quality": "high"}), ["a cat"], []),
        (
            IMAGES.response({"data": [{"b64_json": "AAAA", "revised_prompt": "a"}]}),
            ["a"],
            ["image"],
        ),
        (IMAGES.response({"data": [{"url": "https://e.org/x.png"}]}), [], ["image"]),
    ],
)
def test_apis_of_one_answer_tell_text_from_media(
    reading: Reading, expected: list[str], reasons: list[str]
) -> None:
    assert texts(reading) == expected
    assert [skipped.reason for skipped in reading.skipped] == reasons


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "total_tokens": 3}, Usage(3, 0)),
        ({"input_tokens": 3, "output_tokens": 5}, Usage(3, 5)),
        ({"prompt_tokens": "3"}, None),
        (None, None),
    ],
)
def test_usage_of_an_api_of_one_answer_is_counted(usage: Any, expected: Usage | None) -> None:
    assert EMBEDDINGS.usage({"usage": usage}) == expected


def test_a_request_of_one_answer_is_an_object() -> None:
    with pytest.raises(BodyError) as caught:
        EMBEDDINGS.request(["hi"])
    assert caught.value.code == "not_an_object"
