"""What all provider formats share: reading a body, writing JSON and events, pausing, dying."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from extproc.simulator.behaviour import Answer

Sleep = Callable[[float], Awaitable[object]]
"""Waits for so many seconds."""

MAX_BODY = 32 * 1024 * 1024


class BadRequestError(Exception):
    """The body is not what the provider's API takes; `parameter` names the field at fault."""

    def __init__(self, message: str, parameter: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.parameter = parameter
        self.status = status


async def read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises BadRequestError."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise BadRequestError(f"The request body exceeds {MAX_BODY} bytes.", status=413)
    try:
        body = json.loads(raw.decode(), parse_constant=_no_constant)
    except RecursionError:
        raise BadRequestError("The JSON body of your request is nested too deeply.") from None
    except UnicodeDecodeError:
        raise BadRequestError("The JSON body of your request is not UTF-8.") from None
    except ValueError as error:
        raise BadRequestError(
            f"We could not parse the JSON body of your request: {error}."
        ) from error
    if not isinstance(body, dict):
        raise BadRequestError("The JSON body of your request must be an object.")
    return body


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def texts(content: object, kinds: Sequence[str | None] = ("text",)) -> list[str]:
    """Texts of a message's content: a string, or a list of parts of which some are texts."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    found = [part.get("text") for part in content if _is_a(part, kinds)]
    return [text for text in found if isinstance(text, str)]


def _is_a(part: object, kinds: Sequence[str | None]) -> bool:
    return isinstance(part, dict) and part.get("type") in kinds


def identifier(prefix: str, length: int = 24) -> str:
    """A random id in the manner of a provider, such as `msg_5f0c…`."""
    return prefix + secrets.token_hex(length)[:length]


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8, as providers send it."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair can only be written as an escape
        return json.dumps(value, separators=(",", ":")).encode()


def event(value: object, name: str | None = None, end: str = "\n") -> bytes:
    """One server-sent event."""
    head = f"event: {name}{end}" if name else ""
    return head.encode() + b"data: " + encode(value) + (end * 2).encode()


def as_json(value: object, headers: Mapping[str, str], status: int = 200) -> Response:
    """A JSON response of any status."""
    return Response(encode(value), status, dict(headers), "application/json")


async def whole(
    answer: Answer, value: object, tokens: int, headers: Mapping[str, str], sleep: Sleep
) -> Response:
    """Deliver an answer in one body, as late as its last token would be."""
    if pause := answer.pause_before + answer.pause_between * tokens:
        await sleep(pause)
    if not answer.dropped:
        return as_json(value, headers)
    body = encode(value)
    promised = {**headers, "content-length": str(len(body))}
    return _Broken(_paced([body[: len(body) // 2]], 0, sleep), 200, promised, "application/json")


async def streamed(
    answer: Answer,
    events: Iterable[bytes],
    headers: Mapping[str, str],
    sleep: Sleep,
    media_type: str = "text/event-stream",
) -> Response:
    """Deliver an answer event by event."""
    if answer.pause_before:
        await sleep(answer.pause_before)
    kind: type[StreamingResponse] = StreamingResponse
    if answer.dropped:
        kind = _Broken
        events = list(events)
        del events[len(events) // 2 :]
    return kind(_paced(events, answer.pause_between, sleep), 200, dict(headers), media_type)


async def _paced(events: Iterable[bytes], pause: float, sleep: Sleep) -> AsyncIterator[bytes]:
    for index, data in enumerate(events):
        if pause and index:
            await sleep(pause)
        else:
            # Without a turn of the loop a long stream would starve every other request.
            await asyncio.sleep(0)
        yield data


class _Broken(StreamingResponse):
    """Ends without the last message of the body: the server can only cut the connection."""

    async def stream_response(self, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        async for chunk in self.body_iterator:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
