"""OpenAI Responses as the official SDK sees them, through a real Envoy."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import ResponseFunctionToolCall

from tests.dataplane import sse
from tests.dataplane.canaries import REDACTED, SSN, TEXT, leaks, leaks_in
from tests.dataplane.harness import FULL_DUPLEX, Stack, wait
from tests.dataplane.openai_sdk import Sdk
from tests.dataplane.recorder import Answer, document, stream

RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1757687055,
    "status": "in_progress",
    "model": "m",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant"}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "mail"}
ENDLESS = 20_000


@pytest.fixture
def blocked(blocking: Stack) -> Iterator[Sdk]:
    with Sdk(blocking) as made:
        yield made


@pytest.fixture
def redacted(redacting: Stack) -> Iterator[Sdk]:
    with Sdk(redacting) as made:
        yield made


def part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def message(text: str) -> dict[str, Any]:
    return {**MESSAGE, "status": "completed", "content": [part(text)]}


def completed(*items: dict[str, Any]) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
    return {**RESPONSE, "status": "completed", "output": list(items), "usage": usage}


class Events:
    """Writes the events of one answer, and counts them."""

    def __init__(self) -> None:
        self._number = -1

    def event(self, kind: str, **members: Any) -> bytes:
        self._number += 1
        data = {"type": kind, "sequence_number": self._number, **members}
        return sse.write(sse.Event((f"event: {kind}",), data))

    def beginning(self, item: dict[str, Any]) -> Iterator[bytes]:
        yield self.event("response.created", response=RESPONSE)
        yield self.event("response.in_progress", response=RESPONSE)
        added = {**item, "status": "in_progress"}
        yield self.event("response.output_item.added", output_index=0, item=added)

    def end(self, item: dict[str, Any]) -> Iterator[bytes]:
        yield self.event("response.output_item.done", output_index=0, item=item)
        yield self.event("response.completed", response=completed(item))

    def message(self, text: str, pieces: Iterator[str], pause: float = 0) -> Iterator[bytes]:
        """A message that says `text` in pieces."""
        at: dict[str, Any] = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        yield from self.beginning({**MESSAGE, "content": []})
        yield self.event("response.content_part.added", **at, part=part(""))
        for piece in pieces:
            wait(pause)
            yield self.event("response.output_text.delta", **at, delta=piece, logprobs=[])
        yield self.event("response.output_text.done", **at, text=text, logprobs=[])
        yield self.event("response.content_part.done", **at, part=part(text))
        yield from self.end(message(text))

    def call(self, arguments: str) -> Iterator[bytes]:
        """A call of a function."""
        at: dict[str, Any] = {"item_id": "fc_1", "output_index": 0}
        yield from self.beginning({**CALL, "arguments": ""})
        for piece in cut(arguments):
            yield self.event("response.function_call_arguments.delta", **at, delta=piece)
        yield self.event("response.function_call_arguments.done", **at, arguments=arguments)
        yield from self.end({**CALL, "status": "completed", "arguments": arguments})


def cut(text: str) -> Iterator[str]:
    return (text[start : start + 5] for start in range(0, len(text), 5))


def saying(text: str) -> Answer:
    return stream(Events().message(text, cut(text)))


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    "given",
    [
        TEXT,
        [{"role": "user", "content": [{"type": "input_text", "text": TEXT}]}],
        [{"type": "function_call_output", "call_id": "call_1", "output": TEXT}],
    ],
    ids=["text", "message", "tool"],
)
def test_blocked_request_is_one_permission_denied_error(
    blocking: Stack, blocked: Sdk, given: Any, streamed: bool
) -> None:
    with (
        blocking.recorder.answering(document(completed())) as received,
        pytest.raises(openai.PermissionDeniedError) as raised,
    ):
        blocked.client.responses.create(model="m", input=given, stream=streamed)
    error = raised.value
    assert (error.code, error.type) == ("policy_violation", "policy_violation")
    assert isinstance(error.body, dict)
    assert error.body["risk_score"] > 0
    assert leaks(error.response.content) == []
    assert blocked.attempts == 1
    assert received == []


def test_blocked_answer_is_one_permission_denied_error(blocking: Stack, blocked: Sdk) -> None:
    with (
        blocking.recorder.answering(document(completed(message(TEXT)))) as received,
        pytest.raises(openai.PermissionDeniedError),
    ):
        blocked.client.responses.create(model="m", input="Hello")
    assert blocked.attempts == len(received) == 1


def test_redacted_answer_is_a_response_of_the_sdk(redacting: Stack, redacted: Sdk) -> None:
    answer = document(completed(message(TEXT)))
    with redacting.recorder.answering(answer) as received:
        response = redacted.client.responses.create(model="m", input=TEXT)
    assert response.output_text == REDACTED
    [request] = received
    assert request.json["input"] == REDACTED


def test_streamed_text_is_the_text_of_the_response(redacting: Stack, redacted: Sdk) -> None:
    text = f"Of course. {TEXT} Anything else?"
    with (
        redacting.recorder.answering(saying(text)),
        redacted.client.responses.stream(model="m", input="Hello") as answer,
    ):
        events: list[Any] = list(answer)
        final = answer.get_final_response()
    streamed = [event for event in events if event.type == "response.output_text.delta"]
    [done] = [event for event in events if event.type == "response.output_text.done"]
    expected = f"Of course. {REDACTED} Anything else?"
    assert "".join(event.delta for event in streamed) == expected
    assert streamed[-1].snapshot == done.text == final.output_text == expected
    assert leaks_in([done.text, final.output_text]) == []


def test_streamed_arguments_are_the_arguments_of_the_response(
    redacting: Stack, redacted: Sdk
) -> None:
    arguments = json.dumps({"to": TEXT, "cc": [TEXT, 7]})
    with (
        redacting.recorder.answering(stream(Events().call(arguments))),
        redacted.client.responses.stream(model="m", input="Hello") as answer,
    ):
        events: list[Any] = list(answer)
        final = answer.get_final_response()
    kind = "response.function_call_arguments.delta"
    streamed = "".join(event.delta for event in events if event.type == kind)
    [call] = final.output
    assert isinstance(call, ResponseFunctionToolCall)
    assert call.arguments == streamed
    assert json.loads(streamed) == {"to": REDACTED, "cc": [REDACTED, 7]}


def test_recorded_response_is_redacted_when_it_is_fetched(redacting: Stack, redacted: Sdk) -> None:
    with redacting.recorder.answering(document(completed(message(TEXT)))):
        assert redacted.client.responses.retrieve("resp_1").output_text == REDACTED
    with redacting.recorder.answering(saying(TEXT)):
        events: list[Any] = list(redacted.client.responses.retrieve("resp_1", stream=True))
    assert events[-1].response.output_text == REDACTED


def leaking() -> Iterator[str]:
    """An answer that has a finding early on and goes on for a long time."""
    yield "Of course. "
    yield from cut(f"The number is {SSN}, ")
    for _ in range(ENDLESS):
        yield "and so on "


def test_block_in_mid_stream_ends_as_a_filtered_response(blocking: Stack, blocked: Sdk) -> None:
    endless = Events().message("", leaking(), pause=0.002)
    with blocking.recorder.answering(stream(endless)) as received:
        chunks = blocked.client.responses.create(model="m", input="Hello", stream=True)
        events: list[Any] = list(chunks)
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert text == "Of course. The number is "
    end = events[-1]
    assert end.type == "response.incomplete"
    assert end.response.id == "resp_1"
    assert end.response.incomplete_details.reason == "content_filter"
    assert end.response.output_text == ""
    [request] = received
    if FULL_DUPLEX:  # an older Envoy reads on
        assert request.finished.wait(10)
        assert request.sent < ENDLESS


def test_helper_of_the_sdk_reads_a_filtered_response_to_its_end(
    blocking: Stack, blocked: Sdk
) -> None:
    with (
        blocking.recorder.answering(saying(f"Of course. The number is {SSN}, and so on")),
        blocked.client.responses.stream(model="m", input="Hello") as answer,
    ):
        kinds = [event.type for event in answer]
    assert kinds[-1] == "response.incomplete"


def test_stream_that_cannot_be_read_raises_an_error_of_the_sdk(
    blocking: Stack, blocked: Sdk
) -> None:
    broken = [*Events().beginning({**MESSAGE, "content": []}), b"data: {broken\n\n"]
    with (
        blocking.recorder.answering(stream(broken)),
        pytest.raises(openai.APIError) as raised,
    ):
        list(blocked.client.responses.create(model="m", input="Hello", stream=True))
    assert raised.value.code == "unreadable_stream"


def test_raw_end_of_a_filtered_response_is_a_clean_end_of_the_message(blocking: Stack) -> None:
    answer = saying(f"The number is {SSN}, and so on")
    with blocking.recorder.answering(answer):
        response: httpx.Response = blocking.client.post(
            "/openai/v1/responses", json={"model": "m", "input": "hi", "stream": True}
        )
    events = sse.parse(response.content)
    assert all(event.others == (f"event: {event.data['type']}",) for event in events)
    numbers = [event.data["sequence_number"] for event in events]
    assert numbers == sorted(numbers)
