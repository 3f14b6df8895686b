"""Which dialect a request is written in, by method, host and path."""

import re
from functools import lru_cache
from urllib.parse import unquote

from extproc.dialects.anthropic import AnthropicMessages
from extproc.dialects.base import Dialect
from extproc.dialects.bedrock_converse import BedrockConverse
from extproc.dialects.bedrock_invoke import BedrockInvoke
from extproc.dialects.bedrock_whole import APPLY_GUARDRAIL, COUNT_TOKENS
from extproc.dialects.cohere import COHERE, VOYAGE, CohereChat
from extproc.dialects.files import Files
from extproc.dialects.gemini import Gemini
from extproc.dialects.generic import GenericJson
from extproc.dialects.mcp import ModelContextProtocol
from extproc.dialects.ollama import Ollama
from extproc.dialects.openai_chat import OpenAIChat
from extproc.dialects.openai_completions import FillInTheMiddle, OpenAICompletions
from extproc.dialects.openai_single import EMBEDDINGS, IMAGES, MODERATIONS
from extproc.dialects.responses import Responses

_GEMINI = r"(?:/publishers/google|/v1(?:alpha|beta\d*)?)(?:/tunedModels|/models)/[^/:]+"
_ANTHROPIC = AnthropicMessages()
_CHAT = OpenAIChat()
_GENERIC = GenericJson()
_MCP = ModelContextProtocol()
_RESPONSES = Responses()
_FILES = Files("files", _GENERIC)
_CLAUDE_FILES = Files("files", _ANTHROPIC)
_UPLOAD = Files("upload", Gemini(streams=False))

FALLBACK = _GENERIC.name
"""Name of the dialect of what no other dialect knows."""

FILES = _FILES.name
"""Name of the dialect of APIs that take forms, or answer with files."""

UPLOAD = _UPLOAD.name
"""Name of the dialect of APIs whose request is a file, whatever its content type says."""

ANY_CONTENT = (FALLBACK, FILES, UPLOAD)
"""Names of the dialects of what need not be JSON."""

# Matched with the whole request line without a query, `POST api.openai.com/v1/chat/completions`.
# The last segments decide, so that a provider's prefix, version or deployment does not matter.
# Callers choose the path: what stands between two names is found in one go, never tried anew.
_LINES: tuple[tuple[str, Dialect], ...] = (
    # OpenAI and what is compatible with it
    (r"POST .*(?<![^ /])(?<!async/)(chat|agents)/completions/?", _CHAT),
    (r"POST .*/cortex/inference:complete", _CHAT),
    (r"POST .*(?<![^ /])responses(/compact|/input_tokens)?/?", _RESPONSES),
    (r"(GET|DELETE) .*(?<![^ /])responses/[^/]+(/input_items)?/?", _RESPONSES),
    (r"(GET|POST|DELETE) .*/conversations(/[^/]+(/items(/[^/]+)?)?)?/?", _RESPONSES),
    # Anthropic
    (r"POST .*(?<![^ /])v1/messages(/count_tokens|/batches)?/?", _ANTHROPIC),
    (r"POST .*/publishers/anthropic/models/[^/]+:(stream)?[rR]awPredict", _ANTHROPIC),
    # Google
    (rf"POST .*{_GEMINI}:streamGenerateContent", Gemini(streams=True)),
    (rf"POST .*(?:{_GEMINI}:\w+|/cachedContents)", Gemini(streams=False)),
    # Amazon Bedrock
    (r"POST (?>.*?/model/).+/converse(-stream)?/?", BedrockConverse()),
    (r"POST (?>.*?/model/).+/invoke(-with-response-stream)?/?", BedrockInvoke()),
    (r"POST (?>.*?/model/).+/count-tokens/?", COUNT_TOKENS),
    (r"POST (?>.*?/guardrail/)(?>.+?/version/).+/apply/?", APPLY_GUARDRAIL),
    # Others with an API of their own
    (r"POST (?>.*?voyage).*/v1/(embeddings|multimodalembeddings|rerank)/?", VOYAGE),
    (r"POST .*(?<![^ /])v2/chat/?", CohereChat()),
    (r"POST .*(?<![^ /])v[12]/(embed|rerank|tokenize|detokenize)/?", COHERE),
    (r"POST .*(?<![^ /])api/(chat|generate|embed|embeddings)/?", Ollama()),
    (r"(?:GET|POST) (?:[^/]*/mcp/.*|.*/(?:mcp|sse)/?|[^/]*/messages?/?)", _MCP),
    # Files and forms
    (r"(POST|PUT) .*/upload/v1(alpha|beta\d*)?/.*", _UPLOAD),
    (r"POST .*anthropic.*/files/?", _CLAUDE_FILES),
    (
        r"GET .*(anthropic.*/files/[^/]+/content|/messages/batches/[^/]+/results)/?",
        _CLAUDE_FILES,
    ),
    (r"POST .*/audio/(speech|transcriptions|translations)/?", _FILES),
    (r"POST .*/images/(edits|variations)/?", _FILES),
    (r"POST .*/(files|batches|uploads(/[^/]+(/parts|/complete)?)?)/?", _FILES),
    (r"GET .*/files/[^/]+/content/?", _FILES),
    # What is left of OpenAI: names that others use too
    (r"POST .*/fim/completions/?", FillInTheMiddle()),
    (r"POST .*(?<![^ /])(?<!chat/)completions/?", OpenAICompletions()),
    (r"POST .*(?<![^ /])embeddings/?", EMBEDDINGS),
    (r"POST .*(?<![^ /])moderations/?", MODERATIONS),
    (r"POST .*(?<![^ /])images/generations/?", IMAGES),
)
_ROUTES = tuple((re.compile(line), dialect) for line, dialect in _LINES)


@lru_cache(maxsize=512)  # callers use few paths
def find(method: str, path: str, host: str = "") -> Dialect:
    """The dialect of a request; the generic one where no API is known by its request line.

    A path that says nothing as it is written is read as servers may: `/api/ch%61t`, `/api//chat`.
    """
    bare = path.partition("?")[0].partition("#")[0]
    for each in (bare, _resolved(bare)):
        line = f"{method} {host}{each}"
        for pattern, dialect in _ROUTES:
            if pattern.fullmatch(line):
                return dialect
    return _GENERIC


def _resolved(path: str) -> str:
    """A path without escapes, parameters of segments, and segments that lead nowhere."""
    segments: list[str] = []
    for written in unquote(path).split("/"):
        segment = written.partition(";")[0]
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return "/" + "/".join(segments)
