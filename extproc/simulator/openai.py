"""OpenAI Chat Completions, also under the paths of Groq and Azure."""

import time
from collections.abc import Iterator, Mapping
from itertools import chain, zip_longest
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from extproc.simulator import replies
from extproc.simulator.behaviour import MODELS, Answer, Failure, Prompt, behave
from extproc.simulator.pieces import count, pieces
from extproc.simulator.replies import BadRequestError, Sleep

PATHS = (
    "/v1/chat/completions",
    "/chat/completions",
    "/openai/v1/chat/completions",
    "/openai/deployments/{deployment}/chat/completions",
)

DONE = b"data: [DONE]\n\n"

# type and code of the error object, by status
_ERRORS = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


def routes(sleep: Sleep) -> list[Route]:
    """Chat completions and the list of models."""

    async def chat(request: Request) -> Response:
        headers = {"x-request-id": replies.identifier("req_", 32)}
        try:
            body = await replies.read_object(request)
            prompt = read(body, request.path_params.get("deployment"))
        except BadRequestError as error:
            return replies.as_json(invalid(error), headers, error.status)
        answer = behave(prompt)
        if isinstance(answer, Failure):
            if answer.retry_after is not None:
                headers["retry-after"] = str(answer.retry_after)
            return replies.as_json(failed(answer), headers, answer.status)
        envelope = Envelope(prompt, answer)
        if not prompt.stream:
            spoken = count(answer.text)
            return await replies.whole(answer, envelope.completion(), spoken, headers, sleep)
        options = body.get("stream_options")
        with_usage = isinstance(options, dict) and options.get("include_usage") is True
        events = map(replies.event, envelope.chunks(with_usage=with_usage))
        return await replies.streamed(answer, chain(events, [DONE]), headers, sleep)

    found = [Route(path, chat, methods=["POST"]) for path in PATHS]
    return found + [Route(path, models) for path in ("/v1/models", "/openai/v1/models")]


async def models(_request: Request) -> Response:
    """The models that ask for a behaviour; every other name is served too."""
    listed = [
        {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "simulator"}
        for name in MODELS
    ]
    return replies.as_json({"object": "list", "data": listed}, {})


def read(body: Mapping[str, Any], deployment: str | None) -> Prompt:
    """Read a request. Raises BadRequestError with the provider's words."""
    model = deployment or body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequestError("you must provide a model parameter", "model")
    messages = body.get("messages")
    if messages is None:
        raise BadRequestError("Missing required parameter: 'messages'.", "messages")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise BadRequestError(
            "Invalid type for 'messages': expected an array of objects.", "messages"
        )
    if not messages:
        raise BadRequestError("Invalid 'messages': expected an array of at least one.", "messages")
    choices = body.get("n")
    if choices is None:
        choices = 1
    if type(choices) is not int or not 1 <= choices <= 128:
        raise BadRequestError("Invalid 'n': expected an integer from 1 to 128.", "n")
    users = [message for message in messages if message.get("role") == "user"]
    heard = [text for message in messages for text in replies.texts(message.get("content"))]
    return Prompt(
        model=model,
        said=" ".join(replies.texts(users[-1].get("content"))) if users else "",
        tokens=3 + 4 * len(messages) + sum(map(count, heard)),
        tools=list(tool_names(body.get("tools"))),
        choices=choices,
        stream=body.get("stream") is True,
    )


def tool_names(tools: object) -> Iterator[str]:
    """Names of the functions on offer."""
    for tool in tools if isinstance(tools, list) else []:
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str):
            yield name


def failed(failure: Failure) -> dict[str, object]:
    """The error object that goes with a status."""
    kind = "server_error" if failure.status >= 500 else "invalid_request_error"
    kind, code = _ERRORS.get(failure.status, (kind, None))
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": code}}


def invalid(error: BadRequestError) -> dict[str, object]:
    """The error object for a body that cannot be read."""
    named = {"message": error.message, "type": "invalid_request_error", "param": error.parameter}
    return {"error": {**named, "code": "invalid_value" if error.parameter else None}}


class Envelope:
    """One answer in the provider's clothes, whole or in chunks."""

    def __init__(self, prompt: Prompt, answer: Answer) -> None:
        self.prompt = prompt
        self.answers = [answer.choice(index) for index in range(prompt.choices)]
        self.common = {
            "id": replies.identifier("chatcmpl-", 29),
            "created": int(time.time()),
            "model": prompt.model,
            "service_tier": "default",
            "system_fingerprint": "fp_simulator",
        }

    def completion(self) -> dict[str, object]:
        """The body of an answer that is not streamed."""
        choices = [
            {
                "index": index,
                "message": _message(answer),
                "logprobs": None,
                "finish_reason": _finish(answer),
            }
            for index, answer in enumerate(self.answers)
        ]
        kind = {"object": "chat.completion", "choices": choices, "usage": self.usage()}
        return {**self.common, **kind}

    def chunks(self, *, with_usage: bool) -> Iterator[dict[str, object]]:
        """All chunks; those of several choices take turns."""
        usage = {"usage": None} if with_usage else {}
        for deltas in zip_longest(*map(_deltas, self.answers)):
            for index, delta in enumerate(deltas):
                if delta is not None:
                    yield {**self._chunk(index, delta, None), **usage}
        for index, answer in enumerate(self.answers):
            yield {**self._chunk(index, {}, _finish(answer)), **usage}
        if with_usage:
            yield {
                **self.common,
                "object": "chat.completion.chunk",
                "choices": [],
                "usage": self.usage(),
            }

    def _chunk(self, index: int, delta: object, finish: str | None) -> dict[str, object]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self.common, "object": "chat.completion.chunk", "choices": [choice]}

    def usage(self) -> dict[str, object]:
        """Token counts with the details that the provider gives."""
        spoken = sum(
            count(answer.tool.arguments if answer.tool else answer.text) for answer in self.answers
        )
        return {
            "prompt_tokens": self.prompt.tokens,
            "completion_tokens": spoken,
            "total_tokens": self.prompt.tokens + spoken,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.tool else "stop"


def _message(answer: Answer) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.refused:
        message |= {"content": None, "refusal": answer.text}
    if answer.tool:
        function = {"name": answer.tool.name, "arguments": answer.tool.arguments}
        call = {"id": replies.identifier("call_"), "type": "function", "function": function}
        message |= {"content": None, "tool_calls": [call]}
    return message | {"annotations": []}


def _deltas(answer: Answer) -> Iterator[dict[str, object]]:
    if answer.tool:
        yield {"role": "assistant", "content": None, "refusal": None}
        function = {"name": answer.tool.name, "arguments": ""}
        call = {"id": replies.identifier("call_"), "type": "function", "function": function}
        yield {"tool_calls": [{"index": 0, **call}]}
        for piece in pieces(answer.tool.arguments):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        return
    key = "refusal" if answer.refused else "content"
    yield {"role": "assistant", "content": None, "refusal": None, key: ""}
    for piece in pieces(answer.text):
        yield {key: piece}
