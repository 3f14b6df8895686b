"""The recorded provider exchanges of this folder; README.md has their source and fields."""

import base64
import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("exchanges.jsonl.xz")
_FAMILIES = {
    "openai_chat": re.compile(r".*chat/completions"),
    "responses": re.compile(r".*/responses(/.+)?"),
    "anthropic": re.compile(r".*/messages(/count_tokens)?"),
    "gemini": re.compile(r".*:(generateContent|streamGenerateContent|countTokens)"),
    "bedrock": re.compile(r"/(bedrock/)?model/.*"),
    "cohere": re.compile(r"/v[12]/(chat|tokenize)"),
    "embeddings": re.compile(r".*(/embeddings|:embedContent|:batchEmbedContents|:predict|/embed)"),
    "files": re.compile(r".*/(v1/files|vector_stores|fileSearchStores|cachedContents)\b.*"),
    "other": re.compile(r".*/(v1/models|available-models|conversations)"),
}
"""Families of APIs by path, the first that matches."""

_EVENT = re.compile(r".*?(?:\n\n|\r\n\r\n|\Z)", re.DOTALL)
_EVENT_STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange. `host` is the provider's, `path` includes the query string.

    `request` and `response` are JSON values, None for a body that is none; the response of a
    stream of text is that text. `request_body` and `response_body` are the bytes of each, and
    `request_content_type` and `content_type` their types, "" where there was none.
    """

    name: str
    family: str
    method: str
    host: str
    path: str
    request_content_type: str
    request: Any
    request_body: bytes
    status: int
    content_type: str
    response: Any
    response_body: bytes

    @property
    def streamed(self) -> bool:
        """Whether the answer came event by event."""
        return self.content_type.partition(";")[0] in _EVENT_STREAMS

    @property
    def response_chunks(self) -> list[bytes]:
        """The body in the pieces in which a provider would send it: event by event."""
        if not self.streamed:
            return [self.response_body]
        if isinstance(self.response, str):
            return [event.encode() for event in _EVENT.findall(self.response) if event]
        return list(_messages(self.response_body))


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8, as providers and their SDKs send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def exchanges() -> tuple[Recording, ...]:
    """All exchanges."""
    return tuple(_read())


@cache
def family(name: str) -> tuple[Recording, ...]:
    """All exchanges with one family of APIs; FAMILIES has the names."""
    if name not in _FAMILIES:
        raise KeyError(name)
    return tuple(recording for recording in exchanges() if recording.family == name)


FAMILIES = tuple(_FAMILIES)


def openai_chat() -> tuple[Recording, ...]:
    """All exchanges with chat completion APIs."""
    return family("openai_chat")


def streams(name: str = "openai_chat") -> tuple[Recording, ...]:
    """Those of a family whose answer is a stream of events."""
    return tuple(recording for recording in family(name) if recording.streamed)


def _read() -> Iterator[Recording]:
    numbers = dict.fromkeys(_FAMILIES, 0)
    with lzma.open(_FILE, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            # A fragment never goes over the wire; one client notes there what it asks for.
            path = row["path"].partition("#")[0]
            named = _family(path)
            request, request_body = _body(row["request_body_kind"], row["request_body"])
            response, response_body = _body(row["response_body_kind"], row["response_body"])
            content_type = row["response_content_type"]
            streamed = content_type.partition(";")[0] in _EVENT_STREAMS
            form = "stream" if streamed else "json"
            host = row["host"].partition(":")[0]
            yield Recording(
                name=f"{named}-{numbers[named]:03}-{host}-{form}-{row['status']}",
                family=named,
                method=row["method"],
                host=row["host"],
                path=path,
                request_content_type=row["request_content_type"],
                request=request,
                request_body=request_body,
                status=row["status"],
                content_type=content_type,
                response=response_body.decode()
                if streamed and row["response_body_kind"] == "text"
                else response,
                response_body=response_body,
            )
            numbers[named] += 1


def _family(path: str) -> str:
    bare = path.partition("?")[0]
    return next(name for name, pattern in _FAMILIES.items() if pattern.fullmatch(bare))


def _body(kind: str, value: Any) -> tuple[Any, bytes]:
    """The JSON value of a body, if it is one, and its bytes."""
    match kind:
        case "json":
            return value, encode(value)
        case "base64":
            return None, base64.b64decode(value)
        case "none":
            return None, b""
    try:
        return json.loads(value), value.encode()
    except ValueError:
        return None, value.encode()


def _messages(body: bytes) -> Iterator[bytes]:
    """AWS event stream messages; each begins with its length."""
    while body:
        size = int.from_bytes(body[:4])
        yield body[:size]
        body = body[size:]
