"""Policies, guardrails and streams for tests, in a line each."""

import json
import random
from typing import Any

from extproc.detectors.catalog import TYPES
from extproc.dialects.openai_chat import ChatStream, OpenAIChat
from extproc.dialects.walk import Reading
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.stream import Step, StreamGuard
from extproc.model.values import Refusal
from extproc.policy.document import PolicyDocument
from extproc.policy.policy import Policy, build
from extproc.redaction.operators import Redactor

CHAT = OpenAIChat()
KEY = b"a key for tests"
MAX_EVENT = 1 << 20
SSN = "123-45-6789"
CARD = "4111 1111 1111 1111"
TEXT = f"Mail jane@example.com, SSN {SSN}, card {CARD}."
REDACTED = "Mail [EMAIL_ADDRESS], SSN [US_SSN], card [CREDIT_CARD]."
BROKEN = Refusal(502, "unreadable_stream", "it cannot be inspected", "request-1")

# What is known by its form: recordings and sentences of tests are full of names and dates.
FORMS = [
    *("email_address", "phone_number", "us_ssn", "ip_address", "credit_card", "iban"),
    *("private_key", "jwt", "github_token", "openai_api_key", "aws_access_key_id"),
]


def rule(detect: str | list[str], action: str = "redact", **more: Any) -> dict[str, Any]:
    """One rule of a policy document; its name is that of what it detects first unless given."""
    names = detect if isinstance(detect, list) else [detect]
    return {"name": names[0].replace("_", "-"), "detect": names, "action": action, **more}


def policy(*rules: dict[str, Any], **spec: Any) -> Policy:
    """A policy of these rules alone, unless `spec` names a preset."""
    document = {
        "apiVersion": "extproc.dev/v1",
        "kind": "Policy",
        "metadata": {"name": "test"},
        "spec": {"preset": "none", "rules": list(rules), **spec},
    }
    return build(PolicyDocument.model_validate(document), TYPES)


def guardrail(*rules: dict[str, Any], **spec: Any) -> Guardrail:
    return Guardrail(policy(*rules, **spec), Redactor(KEY))


REDACT_ALL = guardrail(rule(FORMS, name="pii"))
FLAG_ALL = guardrail(rule(FORMS, "flag", name="pii"))
BLOCK_SSN = guardrail(rule("us_ssn", "block"), rule("email_address"))


def open_stream(guard: Guardrail, max_event: int = MAX_EVENT) -> StreamGuard:
    return guard.open_stream(ChatStream(), "caller", max_event)


def feed_all(stream: StreamGuard, parts: list[bytes]) -> list[Step]:
    """The steps for `parts`, the last of which ends the stream."""
    last = len(parts) - 1
    return [stream.feed(part, BROKEN, final=i == last) for i, part in enumerate(parts)]


def output(guard: Guardrail, parts: list[bytes], max_event: int = MAX_EVENT) -> bytes:
    return b"".join(step.data for step in feed_all(open_stream(guard, max_event), parts))


def chunk(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    envelope = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**envelope, "choices": list(choices), **more}


def choice(index: int = 0, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish}


def arguments(text: str, index: int = 0, **more: Any) -> dict[str, Any]:
    """A delta of a tool call's arguments."""
    return {"tool_calls": [{"index": index, **more, "function": {"arguments": text}}]}


def event(*choices: dict[str, Any], **more: Any) -> bytes:
    return sse(chunk(*choices, **more))


def said(text: str, index: int = 0) -> bytes:
    return event(choice(index, content=text))


def finished(index: int = 0, reason: str = "stop") -> bytes:
    return event(choice(index, reason))


def sse(document: Any) -> bytes:
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def documents(stream: bytes) -> list[Any]:
    """The JSON documents of a stream of our own making; `[DONE]` and comments are left out."""
    datas = [line[6:] for line in stream.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(data) for data in datas if data != b"[DONE]"]


def text_of(stream: bytes, *path: str | int, index: int = 0) -> str:
    """What a client joins from the deltas at `path` of one choice; `content` unless given."""
    joined = ""
    for document in documents(stream):
        for each in document.get("choices", ()):
            if each["index"] == index:
                joined += _at(each["delta"], path or ("content",))
    return joined


def _at(value: Any, path: tuple[str | int, ...]) -> str:
    for step in path:
        if isinstance(step, int) and isinstance(value, list):
            value = next((item for item in value if item.get("index") == step), None)
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def texts(reading: Reading) -> list[str]:
    """What a dialect has read, in order."""
    return [segment.text for segment in reading.segments]


def pieces(text: str, seed: int) -> list[str]:
    """Cut a text by chance; often into very small pieces."""
    rng = random.Random(seed)
    result = []
    while text:
        size = rng.choice((1, 1, 2, 3, 5, 8, 40))
        result.append(text[:size])
        text = text[size:]
    return result


def byte_pieces(data: bytes, seed: int) -> list[bytes]:
    return [part.encode("latin-1") for part in pieces(data.decode("latin-1"), seed)]
