"""OpenAI's older Completions, and the filling-in of code by Mistral.

https://platform.openai.com/docs/api-reference/completions,
https://docs.mistral.ai/api/endpoint/fim
"""

from collections.abc import Mapping
from typing import Any

from extproc.dialects import sse
from extproc.dialects.openai_chat import CHOICE, ENVELOPE, ChatStream, OpenAIChat
from extproc.dialects.walk import APART, TOKEN, Media, Place, Reading, Repeat, Shape, read
from extproc.model.errors import BodyError

TOKEN_IDS = Place({"*": Place(numbers=Media("token_ids"))}, numbers=Media("token_ids"))
"""The shape of one or many texts, each of which may be given as the numbers of its tokens."""

_REQUEST: Shape = {
    "model": TOKEN,
    "prompt": Place(TOKEN_IDS, role="user"),
    "suffix": Place(role="user"),
    "seed": TOKEN,
    "stream": TOKEN,
    "stream_options": {"include_usage": TOKEN, "include_obfuscation": TOKEN},
    "temperature": TOKEN,
    "max_tokens": TOKEN,
    "min_tokens": TOKEN,
    "random_seed": TOKEN,
    "frequency_penalty": TOKEN,
    "presence_penalty": TOKEN,
    "logprobs": TOKEN,
    "best_of": TOKEN,
}


def _spelled(logprobs: Any) -> str:
    tokens = logprobs.get("tokens") if isinstance(logprobs, dict) else None
    if isinstance(tokens, dict):  # the shape fits it as well
        tokens = list(tokens.values())
    listed = tokens if isinstance(tokens, list) else ()
    return "".join(token for token in listed if isinstance(token, str))


# The alternatives to a token are names of members.
_LOGPROBS = Repeat(
    {
        "tokens": {"*": APART},
        "token_logprobs": {"*": TOKEN},
        "top_logprobs": None,
        "text_offset": {"*": TOKEN},
    },
    _spelled,
)
_RESPONSE: Shape = {
    **ENVELOPE,
    "choices": {"*": {**CHOICE, "text": None, "logprobs": _LOGPROBS}},
}


def _request(document: Any) -> Reading:
    if not isinstance(document, dict) or "prompt" not in document:
        raise BodyError("not_a_completion_request", "the body is no request; send a prompt")
    return read(document, _REQUEST)


class OpenAICompletions(OpenAIChat):
    """The dialect of what came before chat: a prompt is continued."""

    name = "openai_completions"

    def request(self, document: Any) -> Reading:
        return _request(document)

    def response(self, document: Any) -> Reading:
        return read(document, _RESPONSE, role="assistant")

    def stream(self, media_type: str) -> ChatStream | None:
        return CompletionStream() if media_type == sse.MEDIA_TYPE else None


class CompletionStream(ChatStream):
    """Chunks of a streamed completion."""

    _shape = _RESPONSE
    _nothing: Mapping[str, Any] = {"text": "", "logprobs": None}


class FillInTheMiddle(OpenAIChat):
    """The dialect in which what stands between two texts is answered like a chat."""

    name = "mistral_fim"

    def request(self, document: Any) -> Reading:
        return _request(document)
