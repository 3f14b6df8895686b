"""Which dialect a request is written in, by method, host and path."""

import re
from functools import lru_cache

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
_ANTHROPIC_FILES = Files("files", _ANTHROPIC)
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
_ROUTES: tuple[tuple[re.Pattern[str], Dialect], ...] = (
    (re.compile(r"POST .*(?<![^ /])(?<!async/)(chat|agents)/completions/?"), _CHAT),
    (re.compile(r"POST .*/cortex/inference:complete"), _CHAT),
    (re.compile(r"POST .*(?<![^ /])v1/messages(/count_tokens|/batches)?/?"), _ANTHROPIC),
    (re.compile(rf"POST .*{_GEMINI}:streamGenerateContent"), Gemini(streams=True)),
    (re.compile(rf"POST .*(?:{_GEMINI}:\w+|/cachedContents)"), Gemini(streams=False)),
    (re.compile(r"POST .*/publishers/anthropic/models/[^/]+:(stream)?[rR]awPredict"), _ANTHROPIC),
    (re.compile(r"POST .*(?<![^ /])responses(/compact|/input_tokens)?/?"), _RESPONSES),
    (re.compile(r"(GET|DELETE) .*(?<![^ /])responses/[^/]+(/input_items)?/?"), _RESPONSES),
    (re.compile(r"(GET|POST|DELETE) .*/conversations(/[^/]+(/items(/[^/]+)?)?)?/?"), _RESPONSES),
    (re.compile(r"POST .*/model/.+/converse(-stream)?/?"), BedrockConverse()),
    (re.compile(r"(?:GET|POST) (?:[^/]*/mcp/.*|.*/(?:mcp|sse)/?|[^/]*/messages?/?)"), _MCP),
    (re.compile(r"POST .*/model/.+/invoke(-with-response-stream)?/?"), BedrockInvoke()),
    (re.compile(r"(POST|PUT) .*/upload/v1(alpha|beta\d*)?/.*"), _UPLOAD),
    (re.compile(r"POST .*/model/.+/count-tokens/?"), COUNT_TOKENS),
    (re.compile(r"POST .*/guardrail/.+/version/.+/apply/?"), APPLY_GUARDRAIL),
    (re.compile(r"POST .*voyage.*/v1/(embeddings|multimodalembeddings|rerank)/?"), VOYAGE),
    (re.compile(r"POST .*(?<![^ /])v2/chat/?"), CohereChat()),
    (re.compile(r"POST .*(?<![^ /])v[12]/(embed|rerank|tokenize|detokenize)/?"), COHERE),
    (re.compile(r"POST .*(?<![^ /])api/(chat|generate|embed|embeddings)/?"), Ollama()),
    (re.compile(r"POST .*anthropic.*/files/?"), _ANTHROPIC_FILES),
    (
        re.compile(r"GET .*(anthropic.*/files/[^/]+/content|/messages/batches/[^/]+/results)/?"),
        _ANTHROPIC_FILES,
    ),
    (re.compile(r"POST .*/audio/(speech|transcriptions|translations)/?"), _FILES),
    (re.compile(r"POST .*/images/(edits|variations)/?"), _FILES),
    (re.compile(r"POST .*/(files|batches|uploads(/[^/]+(/parts|/complete)?)?)/?"), _FILES),
    (re.compile(r"GET .*/files/[^/]+/content/?"), _FILES),
    (re.compile(r"POST .*/fim/completions/?"), FillInTheMiddle()),
    (re.compile(r"POST .*(?<![^ /])(?<!chat/)completions/?"), OpenAICompletions()),
    (re.compile(r"POST .*(?<![^ /])embeddings/?"), EMBEDDINGS),
    (re.compile(r"POST .*(?<![^ /])moderations/?"), MODERATIONS),
    (re.compile(r"POST .*(?<![^ /])images/generations/?"), IMAGES),
)


@lru_cache(maxsize=512)  # callers use few paths
def find(method: str, path: str, host: str = "") -> Dialect:
    """The dialect of a request; the generic one where no API is known by its request line."""
    bare = path.partition("?")[0].partition("#")[0]
    line = f"{method} {host}{bare}"
    for pattern, dialect in _ROUTES:
        if pattern.fullmatch(line):
            return dialect
    return _GENERIC
