"""No planted value passes a redacting policy, wherever in a provider's documents it stands."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.dataplane import replay, sse
from tests.dataplane.canaries import (
    CARD,
    REDACTED,
    TEXT,
    leaks,
    leaks_in,
    spelled_out,
)
from tests.dataplane.harness import CHAT, Stack
from tests.dataplane.recorder import Answer, Received, document, stream, whole
from tests.exchanges import planting
from tests.exchanges.planting import without_repeats
from tests.exchanges.recordings import Recording, encode, exchanges


def by_name(recording: Recording) -> str:
    return recording.name


@pytest.mark.parametrize("recording", exchanges(), ids=by_name)
def test_no_canary_in_a_recording_passes(redacting: Stack, recording: Recording) -> None:
    check(redacting, recording)


STREAMS = [recording for recording in exchanges() if recording.streamed]


@pytest.mark.parametrize("recording", STREAMS, ids=by_name)
def test_no_canary_in_a_recorded_stream_passes_in_streamed_mode(
    redacting_chunks: Stack, recording: Recording
) -> None:
    check(redacting_chunks, recording)


def check(running: Stack, recording: Recording) -> None:
    """What is text is redacted on both sides, and nothing else is touched."""
    request = planting.planted_request(recording, TEXT)
    with running.recorder.answering(replay.answer(recording, planted_answer(recording))) as got:
        response = replay.ask(running, recording, request)
    assert response.status_code == recording.status, response.text[:300]
    [arrived] = got
    assert leaks(arrived.body) == []
    expected = planting.planted_request(recording, REDACTED)
    if recording.request is None:
        assert arrived.body == expected
    else:
        assert leaks_in(arrived.json) == []
        assert arrived.json == json.loads(expected)
    assert leaks(response.content) == []
    if recording.streamed:
        check_stream(recording, response.content)
    elif recording.response is not None:
        assert leaks_in(response.json()) == []
        passed = planting.planted(recording.response, REDACTED)
        assert without_repeats(response.json()) == without_repeats(passed)


def planted_answer(recording: Recording) -> list[bytes]:
    if recording.streamed:
        return planting.write_stream(planting.planted_stream(recording, TEXT))
    if recording.response is None:
        return [recording.response_body]
    return [encode(planting.planted(recording.response, TEXT))]


def check_stream(recording: Recording, body: bytes) -> None:
    events = planting.read_stream(recording, body)
    expected = planting.planted_stream(recording, REDACTED)
    texts = planting.texts(recording.family, events)
    assert leaks_in(list(texts.values())) == []
    assert texts == planting.texts(recording.family, expected)
    assert planting.standing(recording.family, events) == planting.standing(
        recording.family, expected
    )


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def called(**call: Any) -> dict[str, Any]:
    """A request in which the assistant has called a tool."""
    call = {"id": "call_1", "type": "function", **call}
    return {"messages": [{"role": "assistant", "content": None, "tool_calls": [call]}]}


def function(arguments: str) -> dict[str, Any]:
    return called(function={"name": "mail", "arguments": arguments})


SCHEMA = {"type": "object", "properties": {"to": {"type": "string", "description": TEXT}}}
SQUEEZED_CARD = int(CARD.replace(" ", ""))

# Places that the recordings do not fill.
PLACES_IN_REQUESTS: dict[str, dict[str, Any]] = {
    "developer": {"messages": [{"role": "developer", "content": TEXT}]},
    "speaker": {"messages": [{**user("hi"), "name": TEXT}]},
    "part": {"messages": [user([{"type": "text", "text": TEXT}])]},
    "bare-part": {"messages": [user([TEXT])]},
    "unknown-part": {"messages": [user([{"type": "memo", "memo": {"lines": [TEXT]}}])]},
    "file-name": {"messages": [user([{"type": "file", "file": {"filename": TEXT}}])]},
    "assistant-refusal": {"messages": [{"role": "assistant", "refusal": TEXT}]},
    "refusal-part": {
        "messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": TEXT}]}]
    },
    "tool-result": {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": TEXT}]},
    "arguments": function(json.dumps({"to": TEXT})),
    "arguments-nested": function(json.dumps({"a": [{"b": [TEXT, {"c": TEXT}]}]})),
    "arguments-escaped": function(spelled_out({"to": TEXT})),
    "arguments-name": function(json.dumps({TEXT: 1})),
    "arguments-number": function(json.dumps({"card": SQUEEZED_CARD})),
    "arguments-string": function(json.dumps(TEXT)),
    "arguments-not-json": function(TEXT),
    "arguments-truncated": function(json.dumps({"to": TEXT})[:-2]),
    "legacy-call": {
        "messages": [{"role": "assistant", "function_call": {"name": "f", "arguments": TEXT}}]
    },
    "custom-tool-input": called(type="custom", custom={"name": "sh", "input": TEXT}),
    "tool-description": {
        "messages": [],
        "tools": [{"type": "function", "function": {"name": "f", "description": TEXT}}],
    },
    "tool-schema": {
        "messages": [],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
    },
    "legacy-functions": {"messages": [], "functions": [{"name": "f", "description": TEXT}]},
    "tool-choice": {
        "messages": [],
        "tool_choice": {"type": "function", "function": {"name": TEXT}},
    },
    "prediction": {"messages": [], "prediction": {"type": "content", "content": TEXT}},
    "response-format": {
        "messages": [],
        "response_format": {"type": "json_schema", "json_schema": {"description": TEXT}},
    },
    "metadata": {"messages": [], "metadata": {"ticket": TEXT}},
    "metadata-name": {"messages": [], "metadata": {TEXT: "x"}},
    "user": {"messages": [], "user": TEXT},
    "safety-identifier": {"messages": [], "safety_identifier": TEXT},
    "stop": {"messages": [], "stop": [TEXT]},
    "location": {
        "messages": [],
        "web_search_options": {"user_location": {"approximate": {"city": TEXT}}},
    },
    "unknown-field": {"messages": [], "x_note": {"deep": [[[TEXT]]]}},
    "number": {"messages": [], "x_card": SQUEEZED_CARD},
    "number-as-float": {"messages": [], "x_card": float(SQUEEZED_CARD)},
    "long-text-as-identifier": {"messages": [], "model": f"{TEXT} {'x' * 256}"},
}


@pytest.mark.parametrize("place", PLACES_IN_REQUESTS)
def test_no_canary_in_any_place_of_a_request_reaches_the_provider(
    redacting: Stack, place: str
) -> None:
    request = {"model": "m", **PLACES_IN_REQUESTS[place]}
    assert leaks_in(request)
    with redacting.recorder.answering(document({"choices": []})) as received:
        response = redacting.client.post(CHAT, json=request)
    assert response.status_code == 200
    [arrived] = received
    assert leaks(arrived.body) == []
    assert leaks_in(arrived.json) == []
    assert response.headers["x-extproc-verdict"] == "redact"


def message(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": "", **fields}}]}


def tool_call(arguments: str) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return message(tool_calls=[call])


def tokens_of(text: str) -> list[dict[str, Any]]:
    return [{"token": token, "logprob": -0.1, "top_logprobs": []} for token in sse.pieces_of(text)]


PLACES_IN_ANSWERS: dict[str, dict[str, Any]] = {
    "content": message(content=TEXT),
    "content-part": message(content=[{"type": "text", "text": TEXT}]),
    "refusal": message(refusal=TEXT),
    "reasoning": message(reasoning_content=TEXT),
    "second-choice": {"choices": [*message()["choices"], *message(content=TEXT)["choices"]]},
    "transcript": message(audio={"id": "audio_1", "data": "AAAA", "transcript": TEXT}),
    "annotation": message(annotations=[{"type": "url_citation", "url_citation": {"title": TEXT}}]),
    "arguments": tool_call(json.dumps({"to": TEXT})),
    "arguments-escaped": tool_call(spelled_out({"to": TEXT})),
    "arguments-number": tool_call(json.dumps({"card": SQUEEZED_CARD})),
    "tool-name": message(tool_calls=[{"id": "1", "function": {"name": TEXT, "arguments": "{}"}}]),
    "legacy-call": message(function_call={"name": "f", "arguments": json.dumps([TEXT])}),
    "logprobs": {
        "choices": [
            {**message(content=TEXT)["choices"][0], "logprobs": {"content": tokens_of(TEXT)}}
        ]
    },
    "logprobs-of-another-text": {
        "choices": [
            {**message(content="Fine.")["choices"][0], "logprobs": {"content": tokens_of(TEXT)}}
        ]
    },
    "error": {"error": {"message": TEXT, "type": "invalid_request_error", "param": None}},
    "error-with-input": {"error": {"message": "x", "metadata": {"raw": json.dumps({"a": TEXT})}}},
    "bare-error": {"detail": [{"loc": ["body"], "msg": "value", "input": {"said": TEXT}}]},
    "citations": {"choices": [], "citations": [TEXT]},
}


@pytest.mark.parametrize("place", PLACES_IN_ANSWERS)
def test_no_canary_in_any_place_of_an_answer_reaches_the_client(
    redacting: Stack, place: str
) -> None:
    with redacting.recorder.answering(document(PLACES_IN_ANSWERS[place])):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    assert response.status_code == 200
    assert leaks(response.content) == []
    assert leaks_in(response.json()) == []
    assert response.headers["x-extproc-verdict"] == "redact"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/vnd.api+json"])
def test_chat_request_is_inspected_whatever_its_content_type_says(
    redacting: Stack, content_type: str | None
) -> None:
    request = encode({"model": "m", "messages": [user(TEXT)]})
    headers = {} if content_type is None else {"content-type": content_type}
    with redacting.recorder.answering(document({"choices": []})) as received:
        response = redacting.client.post(CHAT, content=request, headers=headers)
    assert response.status_code == 200
    assert received[0].json["messages"][0]["content"] == REDACTED


@pytest.mark.parametrize(
    "path", ["/openai/v1/embeddings", "/unheard-of/api", "/v1/Chat/Completions"]
)
def test_request_of_an_unknown_api_is_redacted(redacting: Stack, path: str) -> None:
    with redacting.recorder.answering(document({"answer": [TEXT]})) as received:
        response = redacting.client.post(path, json={"input": [TEXT, {"more": TEXT}]})
    assert received[0].json == {"input": [REDACTED, {"more": REDACTED}]}
    assert response.json() == {"answer": [REDACTED]}


def test_plain_text_is_redacted_in_both_directions(redacting: Stack) -> None:
    with redacting.recorder.answering(whole(TEXT.encode(), "text/plain")) as received:
        response = redacting.client.post(
            "/openai/v1/notes", content=TEXT, headers={"content-type": "text/plain; charset=utf-8"}
        )
    assert received[0].body == REDACTED.encode()
    assert response.text == REDACTED


NO_IDENTIFIERS: dict[str, dict[str, Any]] = {
    "model": {"model": TEXT, "messages": []},
    "role": {"messages": [{"role": TEXT, "content": "Hi"}]},
    "call-id": {"messages": [{"role": "tool", "tool_call_id": TEXT, "content": "Hi"}]},
    "part-type": {"messages": [user([{"type": TEXT}])]},
}


@pytest.mark.parametrize("place", NO_IDENTIFIERS)
def test_sentence_in_the_place_of_an_identifier_is_read_as_text(
    redacting: Stack, place: str
) -> None:
    with redacting.recorder.answering(document({"choices": []})) as received:
        redacting.client.post(CHAT, json=NO_IDENTIFIERS[place])
    assert [leaks(request.body) for request in received if leaks(request.body)] == []


def test_number_that_only_looks_like_a_card_stays(redacting: Stack) -> None:
    """Seeds of 64 bits pass the check digit now and then."""
    seed = 3_859_899_181_302_555_600
    answer = {"choices": [{"index": 0, "message": {"content": "Hi"}, "seed": seed}]}
    with redacting.recorder.answering(document(answer)) as received:
        response = redacting.client.post(CHAT, json={"messages": [], "seed": seed})
    assert received[0].json["seed"] == seed
    assert response.json() == answer


def test_exchanges_side_by_side_do_not_mix(redacting: Stack) -> None:
    """Whole and streamed, small ones and ones large enough to be inspected on other threads."""
    filler = {0: "", 1: "All work and no play. " * 4_000}

    def reply(request: Received) -> Answer:
        said = request.json["messages"][0]["content"]
        if not request.json["stream"]:
            return document({"choices": [{"index": 0, "message": {"content": f"{said} {TEXT}"}}]})
        pieces = sse.pieces_of(f"{said[:40]} {TEXT}") if len(said) < 1_000 else [said, f" {TEXT}"]
        return stream([*(sse.chunk({"content": piece}) for piece in pieces), sse.END])

    def ask(number: int) -> None:
        marker = f"<{number:04}>"
        said = f"{marker} {filler[number % 5 == 0]}{TEXT} {marker}"
        request = {"messages": [user(said)], "stream": number % 2 == 0}
        response = redacting.client.post(CHAT, json=request)
        assert response.status_code == 200
        assert leaks(response.content) == []
        if request["stream"]:
            [text] = sse.texts(sse.parse(response.content)).values()
        else:
            text = response.json()["choices"][0]["message"]["content"]
        assert set(re.findall(r"<\d{4}>", text)) == {marker}
        assert text.endswith(REDACTED)

    with redacting.recorder.answering(reply) as received, ThreadPoolExecutor(24) as pool:
        list(pool.map(ask, range(240)))
    assert len(received) == 240
    assert [leaks(request.body) for request in received if leaks(request.body)] == []
    assert redacting.idle()
