"""The official AWS SDK through the gateway: blocks, filtered ends, and redaction."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import anthropic
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from tests.dataplane.canaries import REDACTED, SSN, TEXT, leaks
from tests.dataplane.harness import FULL_DUPLEX, Stack, wait
from tests.dataplane.recorder import document, stream
from tests.dataplane.sse import pieces_of
from tests.dialects.aws_events import event, headers, message, part

EVENTS = "application/vnd.amazon.eventstream"
MODEL = "us.amazon.nova-lite-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:210987654321:application-inference-profile/abc123"
TOOL = {"toolSpec": {"name": "mail", "inputSchema": {"json": {"type": "object"}}}}
ENDLESS = 20_000


class Sdk:
    """The official client with its own retries, and how often it went over the wire."""

    def __init__(self, running: Stack) -> None:
        self.attempts = 0
        self.client = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=f"{running.gateway.url}/bedrock",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(proxies={}, retries={"mode": "standard", "max_attempts": 4}),
        )
        self.client.meta.events.register("before-send", self._count)

    def _count(self, **_: object) -> None:
        self.attempts += 1

    def ask(self, text: str, model: str = MODEL) -> Any:
        return self.client.converse(modelId=model, messages=user(text))

    def ask_for_stream(self, text: str) -> list[Any]:
        """All events."""
        answer = self.client.converse_stream(
            modelId=MODEL, messages=user(text), toolConfig={"tools": [TOOL]}
        )
        with closing(answer["stream"]) as events:
            return list(events)

    def invoke_for_stream(self, text: str, model: str = MODEL) -> list[Any]:
        """The documents of all chunks."""
        body = json.dumps({"prompt": text})
        answer = self.client.invoke_model_with_response_stream(modelId=model, body=body)
        with closing(answer["body"]) as events:
            return [json.loads(one["chunk"]["bytes"]) for one in events]


def user(text: str) -> Any:
    return [{"role": "user", "content": [{"text": text}]}]


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


def saying(text: str) -> dict[str, Any]:
    """A whole answer."""
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    }


def check_refusal(error: ClientError, sdk: Sdk) -> None:
    answer: Any = error.response
    assert answer["Error"]["Code"] == "AccessDeniedException"
    assert answer["Error"]["Message"].startswith("policy_violation: ")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    assert sdk.attempts == 1
    assert leaks(str(answer).encode()) == []


@pytest.mark.parametrize("model", [MODEL, PROFILE], ids=["name", "arn"])
def test_blocked_request_is_one_denied_access(blocking: Stack, blocked: Sdk, model: str) -> None:
    with (
        blocking.recorder.answering(document(saying("Hi"))) as received,
        pytest.raises(blocked.client.exceptions.AccessDeniedException) as raised,
    ):
        blocked.ask(TEXT, model)
    check_refusal(raised.value, blocked)
    assert received == []


@pytest.mark.parametrize("call", [Sdk.ask_for_stream, Sdk.invoke_for_stream])
def test_blocked_request_for_a_stream_is_one_denied_access(
    blocking: Stack, blocked: Sdk, call: Any
) -> None:
    with (
        blocking.recorder.answering(document(saying("Hi"))) as received,
        pytest.raises(blocked.client.exceptions.AccessDeniedException) as raised,
    ):
        call(blocked, TEXT)
    check_refusal(raised.value, blocked)
    assert received == []


def test_blocked_answer_is_one_denied_access(blocking: Stack, blocked: Sdk) -> None:
    with (
        blocking.recorder.answering(document(saying(TEXT))),
        pytest.raises(blocked.client.exceptions.AccessDeniedException) as raised,
    ):
        blocked.ask("Hello")
    check_refusal(raised.value, blocked)


def test_whole_exchange_is_redacted(redacting: Stack, redacted: Sdk) -> None:
    with redacting.recorder.answering(document(saying(TEXT))) as received:
        answer = redacted.ask(TEXT, PROFILE)
    assert answer["output"]["message"]["content"] == [{"text": REDACTED}]
    [request] = received
    assert request.json["messages"] == user(REDACTED)
    assert request.path.startswith("/model/arn%3Aaws%3Abedrock")


def delta(value: Any, index: int = 0) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": value, "p": "abc"})


def answer_in_pieces(text: str, arguments: str) -> Iterator[bytes]:
    """A text and a tool call."""
    yield event("messageStart", {"p": "abc", "role": "assistant"})
    yield from (delta({"text": piece}) for piece in pieces_of(text))
    yield event("contentBlockStop", {"contentBlockIndex": 0, "p": "a"})
    start = {"toolUse": {"toolUseId": "t1", "name": "mail"}}
    yield event("contentBlockStart", {"contentBlockIndex": 1, "start": start})
    yield from (delta({"toolUse": {"input": piece}}, 1) for piece in pieces_of(arguments))
    yield event("contentBlockStop", {"contentBlockIndex": 1, "p": "a"})
    yield event("messageStop", {"p": "abc", "stopReason": "tool_use"})
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    yield event("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})


def test_streamed_text_and_tool_input_are_redacted(redacting: Stack, redacted: Sdk) -> None:
    chunks = answer_in_pieces(TEXT, json.dumps({"to": TEXT}))
    with redacting.recorder.answering(stream(chunks, EVENTS)):
        events = redacted.ask_for_stream("Hello")
    deltas = [one["contentBlockDelta"]["delta"] for one in events if "contentBlockDelta" in one]
    assert "".join(one.get("text", "") for one in deltas) == REDACTED
    arguments = "".join(one.get("toolUse", {}).get("input", "") for one in deltas)
    assert json.loads(arguments) == {"to": REDACTED}
    assert events[-2]["messageStop"] == {"stopReason": "tool_use"}


def leaking(pause: float) -> Iterator[bytes]:
    """An answer that has a finding early on and goes on for a long time."""
    yield event("messageStart", {"p": "abc", "role": "assistant"})
    yield delta({"text": "Of course. "})
    yield from (delta({"text": piece}) for piece in pieces_of(f"The number is {SSN}, "))
    for number in range(ENDLESS if FULL_DUPLEX else 500):
        yield delta({"text": f"and word {number} "})
        wait(pause)


def test_block_in_mid_stream_ends_cleanly_and_stops_the_provider(
    blocking: Stack, blocked: Sdk
) -> None:
    with blocking.recorder.answering(stream(leaking(0.005), EVENTS)) as received:
        events = blocked.ask_for_stream("Hello")
        [request] = received
        assert request.finished.wait(10)
    texts = [
        one["contentBlockDelta"]["delta"]["text"] for one in events if "contentBlockDelta" in one
    ]
    assert "".join(texts) == "Of course. The number is "
    assert [next(iter(one)) for one in events[-3:]] == [
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert events[-2]["messageStop"]["stopReason"] == "content_filtered"
    assert request.disconnected is FULL_DUPLEX
    assert blocked.attempts == 1


def generation(text: str, reason: str | None = None) -> bytes:
    return part({"generation": text, "generation_token_count": 1, "stop_reason": reason})


def test_invoked_stream_is_redacted(redacting: Stack, redacted: Sdk) -> None:
    chunks = [*map(generation, pieces_of(TEXT)), generation("", "stop")]
    with redacting.recorder.answering(stream(chunks, EVENTS)) as received:
        documents = redacted.invoke_for_stream(TEXT, PROFILE)
    assert "".join(one["generation"] for one in documents) == REDACTED
    assert documents[-1]["stop_reason"] == "stop"
    assert received[0].json == {"prompt": REDACTED}


def test_invoked_stream_ends_in_a_filtered_one(blocking: Stack, blocked: Sdk) -> None:
    chunks = [*map(generation, pieces_of(f"It is {SSN}, ")), generation("or so", "stop")]
    with blocking.recorder.answering(stream(chunks, EVENTS)):
        documents = blocked.invoke_for_stream("Hello")
    assert "".join(one["generation"] for one in documents) == "It is "
    assert documents[-1]["stop_reason"] == "content_filter"
    assert blocked.attempts == 1


def claude(text: str) -> Iterator[bytes]:
    start = {"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {}}
    yield part({"type": "message_start", "message": start})
    block = {"type": "text", "text": ""}
    yield part({"type": "content_block_start", "index": 0, "content_block": block})
    for piece in pieces_of(text):
        value = {"type": "text_delta", "text": piece}
        yield part({"type": "content_block_delta", "index": 0, "delta": value})
    yield part({"type": "content_block_stop", "index": 0})
    yield part({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}})
    yield part({"type": "message_stop"})


@pytest.mark.parametrize(
    ("policy", "said", "reason"),
    [("redacting", REDACTED, "end_turn"), ("blocking", "Mail ", "refusal")],
)
def test_invoked_claude_is_read_as_such(
    request: pytest.FixtureRequest, policy: str, said: str, reason: str
) -> None:
    running: Stack = request.getfixturevalue(policy)
    sdk = Sdk(running)
    with running.recorder.answering(stream(claude(TEXT), EVENTS)):
        documents = sdk.invoke_for_stream("Hello", "us.anthropic.claude-haiku-4-5-20251001-v1:0")
    sdk.client.close()
    deltas = [one["delta"] for one in documents if "delta" in one]
    assert "".join(one.get("text", "") for one in deltas) == said
    assert deltas[-1]["stop_reason"] == reason
    assert documents[-1]["type"] == "message_stop"


def test_error_in_mid_stream_arrives_redacted(redacting: Stack, redacted: Sdk) -> None:
    head = headers({":exception-type": "validationException", ":message-type": "exception"})
    chunks = [delta({"text": "Hi"}), message(json.dumps({"message": TEXT}).encode(), head)]
    with (
        redacting.recorder.answering(stream(chunks, EVENTS)),
        pytest.raises(EventStreamError) as raised,
    ):
        redacted.ask_for_stream("Hello")
    assert raised.value.response["Error"] == {"Code": "validationException", "Message": REDACTED}


def test_stream_that_cannot_be_read_ends_in_an_exception(blocking: Stack, blocked: Sdk) -> None:
    chunks = [delta({"text": "Hi. "}), b"\0" * 64]
    with (
        blocking.recorder.answering(stream(chunks, EVENTS)),
        pytest.raises(EventStreamError) as raised,
    ):
        blocked.ask_for_stream("Hello")
    assert raised.value.response["Error"]["Code"] == "modelStreamErrorException"


def anthropic_client(running: Stack) -> anthropic.AnthropicBedrock:
    return anthropic.AnthropicBedrock(
        aws_region="us-east-1",
        aws_access_key="any",
        aws_secret_key="any",
        base_url=f"{running.gateway.url}/bedrock",
        http_client=anthropic.DefaultHttpxClient(trust_env=False),
        max_retries=2,
    )


@pytest.mark.parametrize(
    ("policy", "said", "reason"),
    [("redacting", REDACTED, "end_turn"), ("blocking", "Mail ", "refusal")],
    ids=["redacted", "blocked"],
)
def test_sdk_of_anthropic_reads_the_stream(
    request: pytest.FixtureRequest, policy: str, said: str, reason: str
) -> None:
    running: Stack = request.getfixturevalue(policy)
    chunks = stream(claude(TEXT), EVENTS)
    with running.recorder.answering(chunks), anthropic_client(running) as client:
        events = list(
            client.messages.create(
                model="anthropic.claude-haiku-4-5-20251001-v1:0",
                max_tokens=99,
                messages=[{"role": "user", "content": "Hello"}],
                stream=True,
            )
        )
    deltas = [one.delta for one in events if one.type == "content_block_delta"]
    assert "".join(one.text for one in deltas if one.type == "text_delta") == said
    assert [one.delta.stop_reason for one in events if one.type == "message_delta"] == [reason]


def test_sdk_of_anthropic_is_denied_a_blocked_request(blocking: Stack) -> None:
    with (
        blocking.recorder.answering(document({})) as received,
        anthropic_client(blocking) as client,
        pytest.raises(anthropic.PermissionDeniedError, match="policy_violation"),
    ):
        client.messages.create(
            model="anthropic.claude-haiku-4-5-20251001-v1:0",
            max_tokens=99,
            messages=[{"role": "user", "content": TEXT}],
        )
    assert received == []
