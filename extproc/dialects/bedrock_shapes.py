"""What is not text in the documents of Amazon Bedrock Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from typing import Any

from extproc.dialects.numbers import is_count
from extproc.dialects.walk import JSON, ROLE, TOKEN, Media, Reading, Shape
from extproc.model.values import Usage


def _source(kind: str) -> dict[str, Shape]:
    place: Shape = {"uri": Media("file_url"), "bucketOwner": TOKEN}
    return {"bytes": Media(kind), "s3Location": place}


def _media(kind: str) -> dict[str, Shape]:
    return {"format": TOKEN, "source": _source(kind), "error": {"message": None}}


_ENABLED: Shape = {"enabled": TOKEN}
_CACHE_POINT: Shape = {"type": TOKEN, "ttl": TOKEN}
_SEARCH_RESULT: Shape = {"source": None, "title": None, "content": None, "citations": _ENABLED}
_DOCUMENT: Shape = {
    "format": TOKEN,
    "name": None,
    "source": {**_source("file"), "text": None, "content": None},
    "context": None,
    "citations": _ENABLED,
}
_CONTENT: dict[str, Shape] = {
    "text": None,
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    "document": _DOCUMENT,
    "searchResult": _SEARCH_RESULT,
}
GUARDED: Shape = {"text": {"text": None, "qualifiers": {"*": TOKEN}}, "image": _media("image")}
_SPAN: dict[str, Shape] = {"start": TOKEN, "end": TOKEN}
_LOCATION: Shape = {
    "web": {"url": None, "domain": None},
    "documentChar": {"documentIndex": TOKEN, **_SPAN},
    "documentPage": {"documentIndex": TOKEN, **_SPAN},
    "documentChunk": {"documentIndex": TOKEN, **_SPAN},
    "searchResultLocation": {"searchResultIndex": TOKEN, **_SPAN},
}
_CITATION: Shape = {"title": None, "source": None, "sourceContent": None, "location": _LOCATION}
_BLOCK: Shape = {
    **_CONTENT,
    "toolUse": {"toolUseId": TOKEN, "name": None, "type": TOKEN, "input": None},
    "toolResult": {
        "toolUseId": TOKEN,
        "status": TOKEN,
        "type": TOKEN,
        "content": {"*": {**_CONTENT, "json": None}},
    },
    "guardContent": GUARDED,
    "cachePoint": _CACHE_POINT,
    "reasoningContent": {
        "reasoningText": {"text": None, "signature": Media("signature")},
        "redactedContent": Media("encrypted_reasoning"),
    },
    "citationsContent": {"content": None, "citations": {"*": _CITATION}},
}
_MESSAGE: Shape = {"role": ROLE, "content": {"*": _BLOCK}}
_TOOL: Shape = {
    "toolSpec": {
        "name": None,
        "description": None,
        "inputSchema": {"json": None},
        "strict": TOKEN,
    },
    "systemTool": {"name": None},
    "cachePoint": _CACHE_POINT,
}
REQUEST: Shape = {
    "modelId": TOKEN,
    "messages": {"*": _MESSAGE},
    "system": {"*": {"text": None, "guardContent": GUARDED, "cachePoint": _CACHE_POINT}},
    "inferenceConfig": {
        "maxTokens": TOKEN,
        "temperature": TOKEN,
        "topP": TOKEN,
        "stopSequences": None,
    },
    "toolConfig": {"tools": {"*": _TOOL}, "toolChoice": {"tool": {"name": None}}},
    "guardrailConfig": {
        "guardrailIdentifier": TOKEN,
        "guardrailVersion": TOKEN,
        "trace": TOKEN,
        "streamProcessingMode": TOKEN,
    },
    "additionalModelRequestFields": None,
    "promptVariables": None,
    "additionalModelResponseFieldPaths": None,
    "requestMetadata": None,
    "performanceConfig": {"latency": TOKEN},
    "serviceTier": {"type": TOKEN},
    "outputConfig": {
        "textFormat": {
            "type": TOKEN,
            "structure": {"jsonSchema": {"schema": JSON, "name": None, "description": None}},
        },
        "effort": TOKEN,
    },
}
_TOKENS_USED: Shape = {
    "inputTokens": TOKEN,
    "outputTokens": TOKEN,
    "totalTokens": TOKEN,
    "cacheReadInputTokens": TOKEN,
    "cacheWriteInputTokens": TOKEN,
    "cacheReadInputTokenCount": TOKEN,
    "cacheWriteInputTokenCount": TOKEN,
    "cacheDetails": {"*": {"ttl": TOKEN, "inputTokens": TOKEN}},
    "serverToolUsage": None,
}
# What both a whole answer and a stream say about themselves.
_ABOUT: dict[str, Shape] = {
    "stopReason": TOKEN,
    "usage": _TOKENS_USED,
    "metrics": {"latencyMs": TOKEN},
    "additionalModelResponseFields": None,
    "performanceConfig": {"latency": TOKEN},
    "serviceTier": {"type": TOKEN},
    "trace": {"promptRouter": {"invokedModelId": TOKEN}},
}
RESPONSE: Shape = {**_ABOUT, "output": {"message": _MESSAGE}}
_RESULT: Shape = {"*": {**_CONTENT, "json": None}}
EVENT: Shape = {
    **_ABOUT,
    "p": TOKEN,
    "role": TOKEN,
    "contentBlockIndex": TOKEN,
    "start": {
        "toolUse": {"toolUseId": TOKEN, "name": None, "type": TOKEN},
        "toolResult": {"toolUseId": TOKEN, "status": TOKEN, "type": TOKEN},
        "image": {"format": TOKEN},
    },
    "delta": {
        "text": None,
        "toolUse": {"input": JSON},
        "toolResult": _RESULT,
        "reasoningContent": {
            "text": None,
            "signature": Media("signature"),
            "redactedContent": Media("encrypted_reasoning"),
        },
        "citation": _CITATION,
        "image": _media("image"),
    },
}


def with_roles(reading: Reading) -> Reading:
    """`reading` with the roles of what stands outside of messages or is not the speaker's own."""
    for place, segment in enumerate(reading.segments):
        if segment.path[:1] == ("system",):
            role = "system"
        elif segment.path[:1] == ("promptVariables",):
            role = "user"
        elif "toolResult" in segment.path:
            role = "tool"
        else:
            continue
        reading.segments[place] = segment._replace(role=role)
    return reading


def usage(document: Any) -> Usage | None:
    """Tokens counted in a whole answer, or at the end of a stream."""
    counted = document.get("usage") if isinstance(document, dict) else None
    if not isinstance(counted, dict):
        return None
    given, made = counted.get("inputTokens"), counted.get("outputTokens")
    return Usage(given, made) if is_count(given) and is_count(made) else None
