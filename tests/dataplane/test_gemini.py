"""The official Google SDK through the gateway: blocks, filtered ends, and redaction."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types

from extproc.simulator.behaviour import LEAK
from tests.dataplane.canaries import REDACTED, TEXT, leaks
from tests.dataplane.harness import FULL_DUPLEX, Stack, wait
from tests.dataplane.recorder import Received, stream
from tests.dataplane.simulated import simulated
from tests.dataplane.sse import pieces_of

REDACTED_LEAK = (
    LEAK.replace("jane.roe@example.com", "[EMAIL_ADDRESS]")
    .replace("123-45-6789", "[US_SSN]")
    .replace("4111 1111 1111 1111", "[CREDIT_CARD]")
)
TOOLS = types.GenerateContentConfig(
    tools=[types.Tool(function_declarations=[types.FunctionDeclaration(name="mail")])],
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)
ARRAY = "/gemini/v1beta/models/{}:streamGenerateContent"
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


class Sdk:
    """The official client with retries, and how often it went over the wire."""

    def __init__(self, running: Stack) -> None:
        self.attempts = 0
        self.transport = httpx.Client(trust_env=False, event_hooks={"request": [self._count]})
        options = types.HttpOptions(
            base_url=f"{running.gateway.url}/gemini",
            httpx_client=self.transport,
            retry_options=types.HttpRetryOptions(attempts=3, initial_delay=0.01),
        )
        self.models = genai.Client(api_key="any", http_options=options).models

    def _count(self, _request: object) -> None:
        self.attempts += 1

    def ask(self, text: str, model: str = "sim-echo", **more: Any) -> Any:
        return self.models.generate_content(model=model, contents=text, **more)

    def ask_for_stream(self, text: str, model: str = "sim-echo", **more: Any) -> list[Any]:
        return list(self.models.generate_content_stream(model=model, contents=text, **more))


def joined(responses: list[Any]) -> tuple[str, list[str]]:
    """Text and finish reasons of the first candidate."""
    text, reasons = "", []
    for response in responses:
        [candidate] = response.candidates
        text += response.text or ""
        if candidate.finish_reason:
            reasons.append(candidate.finish_reason.value)
    return text, reasons


@pytest.fixture
def blocked(blocking: Stack) -> Iterator[Sdk]:
    made = Sdk(blocking)
    yield made
    made.transport.close()


@pytest.fixture
def redacted(redacting: Stack) -> Iterator[Sdk]:
    made = Sdk(redacting)
    yield made
    made.transport.close()


def check_refusal(error: errors.ClientError) -> None:
    assert (error.code, error.status) == (403, "PERMISSION_DENIED")
    [detail] = error.details["error"]["details"]
    assert detail["value"]["code"] == "policy_violation"
    assert {one["rule"] for one in detail["value"]["violations"]} == {"refuse"}
    assert leaks(json.dumps(error.details).encode()) == []


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_blocked_request_is_one_client_error(
    blocked: Sdk, provider: list[Received], streamed: bool
) -> None:
    with pytest.raises(errors.ClientError) as raised:
        (blocked.ask_for_stream if streamed else blocked.ask)(TEXT)
    check_refusal(raised.value)
    assert (blocked.attempts, provider) == (1, [])


def test_blocked_embedding_and_count_are_one_client_error_each(
    blocked: Sdk, provider: list[Received]
) -> None:
    with pytest.raises(errors.ClientError):
        blocked.models.embed_content(model="m", contents=TEXT)
    with pytest.raises(errors.ClientError):
        blocked.models.count_tokens(model="m", contents=TEXT)
    assert (blocked.attempts, provider) == (2, [])


def test_blocked_answer_is_one_client_error(blocked: Sdk, provider: list[Received]) -> None:
    with pytest.raises(errors.ClientError) as raised:
        blocked.ask("Hello", "sim-leaky")
    check_refusal(raised.value)
    assert blocked.attempts == len(provider) == 1


def test_block_in_mid_stream_is_a_finish_for_safety(blocked: Sdk, provider: list[Received]) -> None:
    text, reasons = joined(blocked.ask_for_stream("Hello", "sim-leaky"))
    assert reasons == ["SAFETY"]
    assert LEAK.startswith(text)
    assert text.endswith("asks to be reached at ")
    assert blocked.attempts == len(provider) == 1


def test_block_in_an_array_leaves_an_array(blocking: Stack, provider: list[Received]) -> None:
    response = blocking.client.post(ARRAY.format("sim-leaky"), json=HELLO)
    found = [types.GenerateContentResponse.model_validate(one) for one in response.json()]
    text, reasons = joined(found)
    assert (text[-22:], reasons) == ("asks to be reached at ", ["SAFETY"])


def test_block_in_mid_stream_stops_the_provider(blocking: Stack, blocked: Sdk) -> None:
    def answer() -> Iterator[bytes]:
        for piece in pieces_of("It is 123-45-6789, "):
            yield said(piece)
        for number in range(20_000 if FULL_DUPLEX else 100):
            yield said(f"and word {number} ")
            wait(0.002)

    with blocking.recorder.answering(stream(answer())) as received:
        found = joined(blocked.ask_for_stream("Hello"))
        assert received[0].finished.wait(10)
    assert found == ("It is ", ["SAFETY"])
    assert received[0].disconnected is FULL_DUPLEX


def said(text: str) -> bytes:
    content = {"role": "model", "parts": [{"text": text}]}
    return f"data: {json.dumps({'candidates': [{'content': content}]})}\r\n\r\n".encode()


def test_streamed_text_is_redacted(redacting: Stack, redacted: Sdk) -> None:
    with redacting.recorder.answering(simulated):
        found = joined(redacted.ask_for_stream("Hello", "sim-leaky"))
    assert found == (REDACTED_LEAK, ["STOP"])


@pytest.mark.parametrize("data_plane", ["redacting", "redacting_chunks"])
def test_text_in_an_array_is_redacted(data_plane: str, request: pytest.FixtureRequest) -> None:
    running: Stack = request.getfixturevalue(data_plane)
    with running.recorder.answering(simulated):
        response = running.client.post(ARRAY.format("sim-leaky"), json=HELLO)
    assert response.headers["content-type"] == "application/json"
    found = [types.GenerateContentResponse.model_validate(one) for one in response.json()]
    assert joined(found) == (REDACTED_LEAK, ["STOP"])


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_is_said_and_called_is_redacted_both_ways(
    redacting: Stack, redacted: Sdk, streamed: bool
) -> None:
    """The simulator calls the tool with what it heard; it is redacted before it hears it."""
    with redacting.recorder.answering(simulated) as received:
        if streamed:
            [response] = redacted.ask_for_stream(TEXT, "sim-tool", config=TOOLS)
        else:
            response = redacted.ask(TEXT, "sim-tool", config=TOOLS)
    assert received[0].json["contents"] == [{"role": "user", "parts": [{"text": REDACTED}]}]
    [call] = response.function_calls
    assert (call.name, call.args) == ("mail", {"text": REDACTED})


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 200])
def test_text_is_redacted_however_it_is_cut(redacting: Stack, redacted: Sdk, size: int) -> None:
    text = f"é {TEXT} ok"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    with redacting.recorder.answering(stream(map(said, pieces))):
        found = joined(redacted.ask_for_stream("Hello"))
    assert found == (f"é {REDACTED} ok", [])


def test_input_of_a_tool_is_redacted(redacting: Stack, redacted: Sdk) -> None:
    call = {"functionCall": {"name": "mail", "args": {"to": [TEXT], "n": {"cc": TEXT}}}}
    candidate = {"content": {"role": "model", "parts": [call]}, "finishReason": "STOP"}
    body = f"data: {json.dumps({'candidates': [candidate]})}\r\n\r\n".encode()
    for place in range(0, len(body), 29):
        with redacting.recorder.answering(stream([body[:place], body[place:]])):
            [response] = redacted.ask_for_stream("Hello", config=TOOLS)
        assert response.function_calls[0].args == {"to": [REDACTED], "n": {"cc": REDACTED}}
