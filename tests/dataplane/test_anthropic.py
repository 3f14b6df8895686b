"""The official Anthropic SDK through the gateway: blocks, filtered ends, and redaction."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from extproc.simulator.behaviour import LEAK
from tests.dataplane.canaries import REDACTED, SSN, TEXT, leaks
from tests.dataplane.harness import FULL_DUPLEX, Stack, wait
from tests.dataplane.recorder import Received, stream
from tests.dataplane.simulated import simulated
from tests.dataplane.sse import pieces_of

TOOL: ToolParam = {"name": "mail", "input_schema": {"type": "object"}}
REDACTED_LEAK = (
    LEAK.replace("jane.roe@example.com", "[EMAIL_ADDRESS]")
    .replace("123-45-6789", "[US_SSN]")
    .replace("4111 1111 1111 1111", "[CREDIT_CARD]")
)


class Sdk:
    """The official client with its own retries, and how often it went over the wire."""

    def __init__(self, running: Stack) -> None:
        self.attempts = 0
        transport = anthropic.DefaultHttpxClient(
            trust_env=False, event_hooks={"request": [self._count]}
        )
        self.client = anthropic.Anthropic(
            api_key="any",
            base_url=f"{running.gateway.url}/anthropic",
            http_client=transport,
            max_retries=2,
        )

    def _count(self, _request: object) -> None:
        self.attempts += 1

    def ask(self, text: str, model: str = "sim-echo", **more: Any) -> Any:
        return self.client.messages.create(model=model, max_tokens=99, messages=user(text), **more)

    def ask_for_stream(self, text: str, model: str, **more: Any) -> Any:
        """The final message, and all texts as they came."""
        with self.client.messages.stream(
            model=model, max_tokens=99, messages=user(text), **more
        ) as events:
            texts = list(events.text_stream)
            return events.get_final_message(), texts


def user(text: str) -> list[MessageParam]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def blocked(blocking: Stack) -> Iterator[Sdk]:
    made = Sdk(blocking)
    yield made
    made.client.close()


@pytest.fixture
def redacted(redacting: Stack) -> Iterator[Sdk]:
    made = Sdk(redacting)
    yield made
    made.client.close()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_blocked_request_is_one_permission_denied_error(
    blocked: Sdk, provider: list[Received], streamed: bool
) -> None:
    with pytest.raises(anthropic.PermissionDeniedError) as raised:
        blocked.ask_for_stream(TEXT, "sim-echo") if streamed else blocked.ask(TEXT)
    error = raised.value
    assert isinstance(error.body, dict)
    assert error.body["type"] == "error"
    assert error.body["error"]["type"] == "permission_error"
    assert error.body["error"]["code"] == "policy_violation"
    assert {one["rule"] for one in error.body["error"]["violations"]} == {"refuse"}
    assert error.body["request_id"] == error.response.headers["x-extproc-request-id"]
    assert leaks(error.response.content) == []
    assert (blocked.attempts, provider) == (1, [])


def test_blocked_count_of_tokens_is_one_permission_denied_error(
    blocked: Sdk, provider: list[Received]
) -> None:
    with pytest.raises(anthropic.PermissionDeniedError):
        blocked.client.messages.count_tokens(model="m", system=TEXT, messages=user("Hello"))
    assert (blocked.attempts, provider) == (1, [])


def test_blocked_answer_is_one_permission_denied_error(
    blocked: Sdk, provider: list[Received]
) -> None:
    with pytest.raises(anthropic.PermissionDeniedError) as raised:
        blocked.ask("Hello", "sim-leaky")
    assert leaks(raised.value.response.content) == []
    assert blocked.attempts == len(provider) == 1


def test_block_in_mid_stream_is_a_refusal(blocked: Sdk, provider: list[Received]) -> None:
    message, texts = blocked.ask_for_stream("Hello", "sim-leaky")
    assert message.stop_reason == "refusal"
    assert [block.text for block in message.content] == ["".join(texts)]
    assert LEAK.startswith("".join(texts))
    assert "".join(texts).endswith("asks to be reached at ")
    assert blocked.attempts == len(provider) == 1


def test_block_in_mid_stream_stops_the_provider(blocking: Stack, blocked: Sdk) -> None:
    message = {"type": "message", "role": "assistant", "content": [], "usage": {}}
    block = {"type": "text", "text": ""}

    def answer() -> Iterator[bytes]:
        yield named({"type": "message_start", "message": message})
        yield named({"type": "content_block_start", "index": 0, "content_block": block})
        for piece in pieces_of(f"It is {SSN}, "):
            yield named(said(piece))
        for number in range(20_000 if FULL_DUPLEX else 100):
            yield named(said(f"and word {number} "))
            wait(0.002)

    with blocking.recorder.answering(stream(answer())) as received:
        found, texts = blocked.ask_for_stream("Hello", "m")
        assert received[0].finished.wait(10)
    assert (found.stop_reason, "".join(texts)) == ("refusal", "It is ")
    assert received[0].disconnected is FULL_DUPLEX


def said(text: str) -> dict[str, Any]:
    delta = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def named(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def test_streamed_text_is_redacted(redacting: Stack, redacted: Sdk) -> None:
    with redacting.recorder.answering(simulated):
        message, texts = redacted.ask_for_stream("Hello", "sim-leaky")
    assert "".join(texts) == message.content[0].text == REDACTED_LEAK
    assert message.stop_reason == "end_turn"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_is_said_and_called_is_redacted_both_ways(
    redacting: Stack, redacted: Sdk, streamed: bool
) -> None:
    """The simulator calls the tool with what it heard; it is redacted before it hears it."""
    with redacting.recorder.answering(simulated) as received:
        if streamed:
            message, _ = redacted.ask_for_stream(TEXT, "sim-tool", tools=[TOOL])
        else:
            message = redacted.ask(TEXT, "sim-tool", tools=[TOOL])
    assert received[0].json["messages"] == user(REDACTED)
    [tool] = message.content
    assert (tool.name, tool.input) == ("mail", {"text": REDACTED})
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 200])
def test_input_of_a_tool_is_redacted_however_it_is_cut(
    redacting: Stack, redacted: Sdk, size: int
) -> None:
    message = {"type": "message", "role": "assistant", "content": [], "usage": {}}
    block = {"type": "tool_use", "id": "toolu_1", "name": "mail", "input": {}}
    given = json.dumps({"to": TEXT, "cc": [f"é {TEXT}"]})
    parts = [
        {"type": "input_json_delta", "partial_json": given[start : start + size]}
        for start in range(0, len(given), size)
    ]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": part} for part in parts),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use"},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    ]
    with redacting.recorder.answering(stream(map(named, events))):
        found, _ = redacted.ask_for_stream("Hello", "m")
    [tool] = found.content
    assert tool.input == {"to": REDACTED, "cc": [f"é {REDACTED}"]}
