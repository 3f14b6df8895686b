"""What is sent: prompts of clean prose, answers, and the events of a streamed answer."""

import json
import re

PROSE = (
    "The lighthouse stands where the river meets the sea, on a low cape of grey stone. "
    "Fishermen built the first tower from driftwood and tar, and it burned within a year. "
) * 12
TOKENS = re.findall(r" ?\w+|\W", PROSE)
CANARY = "CANARY"  # a prompt with this word makes the upstream answer with the word and the number
SECRET = "078-05-1120"


def prose(size: int) -> str:
    """Clean text of `size` characters."""
    return (PROSE * (size // len(PROSE) + 1))[:size]


def request_body(text: str, *, stream: bool = False) -> bytes:
    """A chat completion request with one user message."""
    message = {"role": "user", "content": text}
    body: dict[str, object] = {"model": "gpt-4o", "messages": [message]}
    return json.dumps(body | {"stream": True} if stream else body).encode()


def answer_body(text: str = PROSE[:400]) -> bytes:
    """A chat completion that is not streamed."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 430, "completion_tokens": 82, "total_tokens": 512}
    return json.dumps(
        {
            "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
            "object": "chat.completion",
            "created": 1_741_569_952,
            "model": "gpt-4o-2024-08-06",
            "choices": [choice],
            "usage": usage,
        }
    ).encode()


def answer_events(count: int) -> list[bytes]:
    """A streamed answer of `count` events: the role, a token each, the finish reason."""
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": token} for token in tokens(count - 2)]
    return [*(_event(delta, None) for delta in deltas), _event({}, "stop")]


def tokens(count: int) -> list[str]:
    """So many tokens of prose."""
    return (TOKENS * (count // len(TOKENS) + 1))[:count]


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion.chunk",
        "created": 1_741_569_952,
        "model": "gpt-4o-2024-08-06",
        "system_fingerprint": "fp_44709d6fcb",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"
