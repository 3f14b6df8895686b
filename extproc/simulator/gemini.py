"""Gemini generateContent, whole, as server-sent events and as a JSON array that grows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from extproc.simulator import replies
from extproc.simulator.behaviour import Answer, Failure, Prompt, behave
from extproc.simulator.pieces import count, pieces
from extproc.simulator.replies import BadRequestError, Sleep

Part = Mapping[str, object]
"""One part of a content: a text or a function call."""

_ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def routes(sleep: Sleep) -> list[Route]:
    """Generation under both API versions."""

    async def generate(request: Request) -> Response:
        model = request.path_params["model"]
        streams = request.url.path.endswith(":streamGenerateContent")
        headers: dict[str, str] = {}
        try:
            prompt = read(await replies.read_object(request), model, stream=streams)
        except BadRequestError as error:
            return failed(error.status, error.message, headers)
        answer = behave(prompt)
        if isinstance(answer, Failure):
            if answer.retry_after is not None:
                headers["retry-after"] = str(answer.retry_after)
            return failed(answer.status, answer.message, headers)
        envelope = Envelope(prompt, answer)
        if not streams:
            return await replies.whole(answer, envelope.whole(), spoken(answer), headers, sleep)
        if request.query_params.get("alt") == "sse":
            events = (replies.event(one, end="\r\n") for one in envelope.stream())
            return await replies.streamed(answer, events, headers, sleep)
        growing = array(envelope.stream())
        return await replies.streamed(answer, growing, headers, sleep, "application/json")

    return [
        Route(f"/{version}/models/{{model}}:{method}", generate, methods=["POST"])
        for version in ("v1beta", "v1")
        for method in ("generateContent", "streamGenerateContent")
    ]


def array(values: Iterable[object]) -> Iterator[bytes]:
    """A JSON array, one element at a time."""
    before = b"["
    for value in values:
        yield before + replies.encode(value)
        before = b",\r\n"
    yield b"\r\n]"


def failed(status: int, message: str, headers: Mapping[str, str]) -> Response:
    """An error in the provider's shape."""
    name = _ERRORS.get(status, "UNKNOWN" if status >= 500 else "INVALID_ARGUMENT")
    body = {"error": {"code": status, "message": message, "status": name}}
    return replies.as_json(body, headers, status)


def read(body: Mapping[str, Any], model: str, *, stream: bool) -> Prompt:
    """Read a request. Raises BadRequestError with the provider's words."""
    contents = body.get("contents")
    if isinstance(contents, dict):  # the API takes a single message without its list
        contents = [contents]
    if not contents:
        raise BadRequestError("* GenerateContentRequest.contents: contents is not specified")
    if not isinstance(contents, list) or not all(isinstance(one, dict) for one in contents):
        raise BadRequestError(
            "Invalid value at 'contents': expected an array of objects.", "contents"
        )
    system = body.get("systemInstruction") or body.get("system_instruction")
    heard = [text for one in (system, *contents) for text in texts_of(one)]
    users = [one for one in contents if one.get("role", "user") == "user"]
    return Prompt(
        model=model,
        said=" ".join(texts_of(users[-1])) if users else "",
        tokens=sum(map(count, heard)),
        tools=list(tool_names(body.get("tools"))),
        choices=candidates(body.get("generationConfig") or body.get("generation_config")),
        stream=stream,
    )


def candidates(config: object) -> int:
    """How many candidates are asked for. Raises BadRequestError."""
    wanted = config.get("candidateCount") if isinstance(config, dict) else None
    if wanted is None:
        return 1
    if type(wanted) is not int or not 1 <= wanted <= 8:
        raise BadRequestError("Invalid value at 'generation_config.candidate_count': from 1 to 8.")
    return wanted


def texts_of(content: object) -> list[str]:
    """The texts of one message: parts have no type, they are told apart by their key."""
    parts = content.get("parts") if isinstance(content, dict) else None
    if isinstance(parts, dict):
        parts = [parts]
    return replies.texts(parts, kinds=(None,))


def tool_names(tools: object) -> Iterator[str]:
    """Names of the functions on offer."""
    for tool in tools if isinstance(tools, list) else []:
        declared = tool.get("functionDeclarations") if isinstance(tool, dict) else None
        for function in declared if isinstance(declared, list) else []:
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                yield function["name"]


def spoken(answer: Answer) -> int:
    """Tokens of one candidate."""
    return count(answer.tool.arguments if answer.tool else answer.text)


class Envelope:
    """One answer in the provider's clothes, whole or in parts."""

    def __init__(self, prompt: Prompt, answer: Answer) -> None:
        self.prompt = prompt
        self.answers = [answer.choice(index) for index in range(prompt.choices)]
        self.identifier = replies.identifier("sim", 23)

    def whole(self) -> dict[str, object]:
        """The body of an answer that is not streamed."""
        found = [
            candidate(index, next(parts(answer), None), finish(answer))
            for index, answer in enumerate(self.answers)
        ]
        return self._response(found, sum(map(spoken, self.answers)))

    def stream(self) -> Iterator[dict[str, object]]:
        """The answer in pieces, each in an envelope that looks like a whole one."""
        # A refused answer has no parts, but it still takes one turn to say why.
        cut = [list[Part | None](cut_parts(answer)) or [None] for answer in self.answers]
        turns = max(map(len, cut))
        for turn in range(turns):
            found = [
                candidate(index, said[turn], finish(answer) if turn == len(said) - 1 else None)
                for index, (answer, said) in enumerate(zip(self.answers, cut, strict=True))
                if turn < len(said)
            ]
            counted = [spoken(a) if turn == turns - 1 else turn + 1 for a in self.answers]
            yield self._response(found, sum(counted))

    def _response(self, candidates: list[dict[str, object]], output: int) -> dict[str, object]:
        usage = {
            "promptTokenCount": self.prompt.tokens,
            "candidatesTokenCount": output,
            "totalTokenCount": self.prompt.tokens + output,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": self.prompt.tokens}],
        }
        return {
            "candidates": candidates,
            "usageMetadata": usage,
            "modelVersion": self.prompt.model,
            "responseId": self.identifier,
        }


def parts(answer: Answer) -> Iterator[Part]:
    """The content: nothing at all when it was refused."""
    if answer.tool:
        arguments = json.loads(answer.tool.arguments)
        yield {"functionCall": {"name": answer.tool.name, "args": arguments}}
    elif not answer.refused:
        yield {"text": answer.text}


def cut_parts(answer: Answer) -> Iterator[Part]:
    """The content in pieces; a function call is never cut."""
    for part in parts(answer):
        text = part.get("text")
        if isinstance(text, str):
            yield from ({"text": piece} for piece in pieces(text))
        else:
            yield part


def finish(answer: Answer) -> str:
    """Why the candidate ends."""
    return "SAFETY" if answer.refused else "STOP"


def candidate(index: int, part: Part | None, reason: str | None) -> dict[str, object]:
    """One candidate, or the next piece of it."""
    found: dict[str, object] = {"index": index}
    if part is not None:
        found["content"] = {"parts": [part], "role": "model"}
    if reason:
        found["finishReason"] = reason
    return found
