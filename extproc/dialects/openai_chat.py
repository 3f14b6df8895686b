"""OpenAI Chat Completions, as OpenAI and the many compatible providers speak it.

https://platform.openai.com/docs/api-reference/chat. Fields of compatible providers (reasoning,
executed tools, thinking parts) are covered because whatever is not named here is read as text.
"""

from collections.abc import Mapping
from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import sse
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.framing import Frame
from extproc.dialects.logprobs import TOKENS, spelled
from extproc.dialects.numbers import is_count, stated_index
from extproc.dialects.refusal import facts, is_violation, message
from extproc.dialects.sse import ServerSentEvents
from extproc.dialects.walk import JSON, ROLE, TOKEN, Media, Reading, Repeat, Shape, is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Path, Refusal, Segment, Usage

_PART: Shape = {
    "type": TOKEN,
    "text": None,
    "thinking": {"*": {"type": TOKEN, "text": None}},
    "refusal": None,
    "image_url": {"url": Media("image"), "detail": TOKEN},
    "video_url": {"url": Media("video")},
    "input_audio": {"data": Media("audio"), "format": TOKEN},
    "file": {"file_data": Media("file"), "file_id": TOKEN, "filename": None},
    "cache_control": {"type": TOKEN, "ttl": TOKEN},
}
_MESSAGE: Shape = {
    "role": ROLE,
    "name": None,
    "content": {"*": _PART},
    "refusal": None,
    "reasoning": None,
    "reasoning_content": None,
    "reasoning_details": {
        "*": {
            "type": TOKEN,
            "id": TOKEN,
            "format": TOKEN,
            "index": TOKEN,
            "text": None,
            "summary": None,
            "data": Media("encrypted_reasoning"),
            "signature": Media("signature"),
        }
    },
    "thought_signature": Media("signature"),
    "extra_content": {"google": {"thought_signature": Media("signature")}},
    "tool_call_id": TOKEN,
    "tool_calls": {
        "*": {
            "id": TOKEN,
            "type": TOKEN,
            "index": TOKEN,
            "function": {"name": None, "arguments": JSON},
            "custom": {"name": None, "input": None},
            "extra_content": {"google": {"thought_signature": Media("signature")}},
        }
    },
    "function_call": {"name": None, "arguments": JSON},
    "executed_tools": {"*": {"type": TOKEN, "index": TOKEN, "arguments": JSON, "output": None}},
    "annotations": None,
    "audio": {"id": TOKEN, "data": Media("audio"), "expires_at": TOKEN, "transcript": None},
    "channel": TOKEN,
}
_REQUEST: Shape = {
    "model": TOKEN,
    "messages": {"*": _MESSAGE},
    "seed": TOKEN,
    "stream": TOKEN,
    "stream_options": {"include_usage": TOKEN, "include_obfuscation": TOKEN},
    "temperature": TOKEN,
    "max_tokens": TOKEN,
    "max_completion_tokens": TOKEN,
    "frequency_penalty": TOKEN,
    "presence_penalty": TOKEN,
    "parallel_tool_calls": TOKEN,
    "logprobs": TOKEN,
    "top_logprobs": TOKEN,
    "reasoning_effort": TOKEN,
    "service_tier": TOKEN,
    "tool_choice": TOKEN,
    "tools": {"*": {"type": TOKEN, "function": {"name": None, "description": None}}},
}
_USAGE: Shape = {
    "prompt_tokens": TOKEN,
    "completion_tokens": TOKEN,
    "total_tokens": TOKEN,
    "prompt_tokens_details": {"cached_tokens": TOKEN, "audio_tokens": TOKEN},
    "completion_tokens_details": {
        "reasoning_tokens": TOKEN,
        "audio_tokens": TOKEN,
        "accepted_prediction_tokens": TOKEN,
        "rejected_prediction_tokens": TOKEN,
    },
}
ENVELOPE: dict[str, Shape] = {  # of whole answers and of chunks
    "id": TOKEN,
    "object": TOKEN,
    "created": TOKEN,
    "model": TOKEN,
    "system_fingerprint": TOKEN,
    "service_tier": TOKEN,
    "provider": TOKEN,
    "request_id": TOKEN,
    "obfuscation": TOKEN,
    "usage": _USAGE,
    "x_groq": {"id": TOKEN, "usage": _USAGE},
}


def _spelled(logprobs: Any) -> str:
    """What the log-probabilities of one choice say again."""
    if not isinstance(logprobs, dict):
        return ""
    return spelled(logprobs.get("content")) + spelled(logprobs.get("refusal"))


CHOICE: dict[str, Shape] = {
    "index": TOKEN,
    "finish_reason": TOKEN,
    "seed": TOKEN,
    "native_finish_reason": TOKEN,
    "logprobs": Repeat({"content": TOKENS, "refusal": TOKENS}, _spelled),
}
_RESPONSE: Shape = {**ENVELOPE, "choices": {"*": {**CHOICE, "message": _MESSAGE}}}
_CHUNK: Shape = {
    **ENVELOPE,
    "choices": {"*": {**CHOICE, "delta": _MESSAGE, "message": _MESSAGE}},
}

_DONE = b"[DONE]"


class OpenAIChat:
    """The chat completions dialect."""

    name = "openai_chat"

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
            raise BodyError(
                "not_a_chat_request", "the body is not a chat request; send an object with messages"
            )
        return read(document, _REQUEST, turns="messages")

    def response(self, document: Any) -> Reading:
        return read(document, _RESPONSE, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return usage_of(document)

    def stream(self, media_type: str) -> "ChatStream | None":
        return ChatStream() if media_type == sse.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return json_document.write(error_object(refusal))


def error_object(refusal: Refusal) -> dict[str, Any]:
    """The error form of OpenAI, with what a caller may know of a policy's verdict."""
    error = {
        "message": message(refusal),
        "type": "policy_violation" if is_violation(refusal) else "invalid_request_error",
        "param": None,
        **facts(refusal),
        "request_id": refusal.request_id,
    }
    return {"error": error}


class ChatStream:
    """Chunks of a streamed answer. A channel's scope is the index of its choice."""

    free: tuple[str, ...] = ("obfuscation",)
    _shape: Shape = _CHUNK
    _nothing: Mapping[str, Any] = {"delta": {}}  # what a choice has that says no more

    def __init__(self) -> None:
        self._envelope: dict[str, Any] = {}
        self._open_choices: dict[int, None] = {}  # ordered set
        self._skeletons: dict[Channel, list[tuple[str | int, dict[str, Any]]]] = {}

    def framing(self, max_event: int) -> ServerSentEvents:
        return ServerSentEvents(max_event)

    def read(self, data: bytes) -> StreamEvent:
        if data.strip() == _DONE:
            return StreamEvent(closes_all=True)
        document = json_document.parse(data)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "an event of the stream is not a JSON object")
        event = StreamEvent(document, usage=usage_of(document))
        reading = read(document, self._shape, role="assistant")
        event.whole.skipped = reading.skipped
        for segment in reading.segments:
            if _grows(document, segment):
                event.deltas.append(Delta(self._channel(document, segment.path), segment))
            else:
                event.whole.segments.append(segment)
        event.closed_scopes = self._follow(document)
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        value: Any = text
        for step, siblings in reversed(self._skeletons[channel]):
            if isinstance(step, str):
                value = {step: value}
            else:
                value = [{**siblings, **value} if isinstance(value, dict) else value]
        choice = {"index": channel[0], **value, "finish_reason": None}
        return Frame(json_document.write({**self._envelope, "choices": [choice]}))

    def filtered_end(self) -> list[Frame]:
        choices = [
            {"index": index, **self._nothing, "finish_reason": "content_filter"}
            for index in self._open_choices or [0]
        ]
        end = json_document.write({**self._envelope, "choices": choices})
        return [Frame(end), Frame(_DONE)]

    def error_end(self, refusal: Refusal) -> list[Frame]:
        return [Frame(json_document.write(error_object(refusal))), Frame(_DONE)]

    def _channel(self, document: dict[str, Any], path: Path) -> Channel:
        """Name the channel of the delta at `path`, by the indexes that the events state."""
        position = path[1]
        choice = document["choices"][position]
        if not (isinstance(position, int) and isinstance(choice, dict)):
            raise BodyError("invalid_event", "the choices of an event are no list of objects")
        names: list[str | int] = [stated_index(choice, position)]
        skeleton: list[tuple[str | int, dict[str, Any]]] = []
        holder: Any = choice
        for step in path[2:]:
            holder = holder[step]
            names.append(stated_index(holder, step) if isinstance(step, int) else step)
            siblings: dict[str, Any] = {}
            if isinstance(step, int) and isinstance(holder, dict):
                siblings = {key: holder[key] for key in ("index", "type") if key in holder}
                if "tool_calls" in path:
                    siblings["index"] = names[-1]
            skeleton.append((step, siblings))
        channel = tuple(names)
        self._skeletons.setdefault(channel, skeleton)
        return channel

    def _follow(self, document: dict[str, Any]) -> tuple[int | str, ...]:
        """Note envelope and open choices; return the choices that this event finishes."""
        choices = document.get("choices")
        if not isinstance(choices, list) or not choices:
            return ()
        self._envelope = {
            key: value
            for key, value in document.items()
            if key in ENVELOPE and key not in self.free and _is_token(value)
        }
        finished: list[int | str] = []
        for position, choice in enumerate(choices):
            if not isinstance(choice, dict):
                continue
            index = stated_index(choice, position)
            if choice.get("finish_reason") not in (None, "", "null"):
                finished.append(index)
                self._open_choices.pop(index, None)
            else:
                self._open_choices[index] = None
        return tuple(finished)


# Fields of a delta that come whole in one event.
_WHOLE = frozenset({"name", "annotations", "citations", "images", "logprobs"})


def _grows(document: dict[str, Any], segment: Segment) -> bool:
    """Whether a text goes on in later events.

    A message beside a delta is all that was said so far, as Perplexity has it.
    """
    path = segment.path
    return (
        len(path) > 2
        and path[0] == "choices"
        and _WHOLE.isdisjoint(path)
        and segment.format in (Format.TEXT, Format.JSON)
        and not (path[2] == "message" and "delta" in document["choices"][path[1]])
    )


def _is_token(value: Any) -> bool:
    """Whether a field of the envelope was passed on as it came."""
    return isinstance(value, int) or (isinstance(value, str) and is_token(value))


def usage_of(document: Any) -> Usage | None:
    """Tokens counted in a whole answer, or in a chunk."""
    usage = document.get("usage") if isinstance(document, dict) else None
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if is_count(prompt) and is_count(completion):
        return Usage(int(prompt), int(completion))
    return None
