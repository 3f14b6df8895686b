"""Anthropic Messages."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from extproc.simulator import replies
from extproc.simulator.behaviour import Answer, Failure, Prompt, behave
from extproc.simulator.pieces import count, pieces
from extproc.simulator.replies import BadRequestError, Sleep

_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def routes(sleep: Sleep) -> list[Route]:
    """The one path of the Messages API that generates."""

    async def messages(request: Request) -> Response:
        headers = {"request-id": replies.identifier("req_")}
        try:
            prompt = read(await replies.read_object(request))
        except BadRequestError as error:
            return failed(error.status, error.message, headers)
        answer = behave(prompt)
        if isinstance(answer, Failure):
            if answer.retry_after is not None:
                headers["retry-after"] = str(answer.retry_after)
            return failed(answer.status, answer.message, headers)
        if prompt.stream:
            events = (replies.event(one, str(one["type"])) for one in stream(prompt, answer))
            return await replies.streamed(answer, events, headers, sleep)
        message = {**opening(prompt), **closing(answer), "content": [block(answer)]}
        message["usage"] = usage(prompt, spoken(answer))
        return await replies.whole(answer, message, spoken(answer), headers, sleep)

    return [Route("/v1/messages", messages, methods=["POST"])]


def failed(status: int, message: str, headers: Mapping[str, str]) -> Response:
    """An error in the provider's shape."""
    kind = _ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": kind, "message": message}
    body = {"type": "error", "error": error, "request_id": headers["request-id"]}
    return replies.as_json(body, headers, status)


def read(body: Mapping[str, Any]) -> Prompt:
    """Read a request. Raises BadRequestError with the provider's words."""
    for field in ("model", "max_tokens", "messages"):
        if body.get(field) is None:
            raise BadRequestError(f"{field}: Field required", field)
    model, limit, messages = body["model"], body["max_tokens"], body["messages"]
    if not isinstance(model, str):
        raise BadRequestError("model: Input should be a valid string", "model")
    if type(limit) is not int or limit < 1:
        raise BadRequestError("max_tokens: Input should be a positive integer", "max_tokens")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise BadRequestError("messages: Input should be a valid list of objects", "messages")
    if not messages:
        raise BadRequestError("messages: at least one message is required", "messages")
    contents = [body.get("system"), *(message.get("content") for message in messages)]
    users = [message for message in messages if message.get("role") == "user"]
    return Prompt(
        model=model,
        said=" ".join(replies.texts(users[-1].get("content"))) if users else "",
        tokens=4 * len(messages) + sum(count(text) for one in contents for text in texts_of(one)),
        tools=list(tool_names(body.get("tools"))),
        stream=body.get("stream") is True,
    )


def tool_names(tools: object) -> Iterator[str]:
    """Names of the tools on offer."""
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict) and isinstance(tool.get("name"), str):
            yield tool["name"]


def texts_of(content: object) -> list[str]:
    """Texts that the provider bills: also those inside tool results."""
    found = replies.texts(content)
    for part in content if isinstance(content, list) else []:
        if isinstance(part, dict) and part.get("type") == "tool_result":
            found += replies.texts(part.get("content"))
    return found


def spoken(answer: Answer) -> int:
    """Output tokens."""
    return count(answer.tool.arguments if answer.tool else answer.text)


def usage(prompt: Prompt, output: int) -> dict[str, object]:
    """Token counts with the details that the provider gives."""
    return {
        "input_tokens": prompt.tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
    }


def opening(prompt: Prompt) -> dict[str, object]:
    """A message before anything has been said."""
    return {
        "id": replies.identifier("msg_01"),
        "type": "message",
        "role": "assistant",
        "model": prompt.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def closing(answer: Answer) -> dict[str, object]:
    """Why the message ends."""
    reason = "refusal" if answer.refused else "tool_use" if answer.tool else "end_turn"
    return {"stop_reason": reason, "stop_sequence": None}


def block(answer: Answer) -> dict[str, object]:
    """The one content block."""
    if answer.tool is None:
        return {"type": "text", "text": answer.text}
    called = {"id": replies.identifier("toolu_01"), "name": answer.tool.name}
    return {"type": "tool_use", **called, "input": json.loads(answer.tool.arguments)}


def stream(prompt: Prompt, answer: Answer) -> Iterator[dict[str, object]]:
    """All events of a streamed message."""
    yield {"type": "message_start", "message": {**opening(prompt), "usage": usage(prompt, 1)}}
    content = block(answer)
    content["input" if answer.tool else "text"] = {} if answer.tool else ""
    yield {"type": "content_block_start", "index": 0, "content_block": content}
    yield {"type": "ping"}
    kind, key = ("input_json_delta", "partial_json") if answer.tool else ("text_delta", "text")
    for piece in pieces(answer.tool.arguments if answer.tool else answer.text):
        delta = {"type": kind, key: piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    counted = {"output_tokens": spoken(answer)}
    yield {"type": "message_delta", "delta": closing(answer), "usage": counted}
    yield {"type": "message_stop"}
