"""What in the documents of Google's generative APIs is not plain text.

https://ai.google.dev/api/generate-content and, on Vertex AI,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference. Google takes the
names of members in camel case and in snake case, and clients mix the two.
"""

import re
from functools import cache
from typing import Any

from extproc.dialects.walk import APART, TOKEN, Media, Place, Repeat, Role, Shape

_CAPITAL = re.compile(r"[A-Z]")


@cache
def spellings(name: str) -> tuple[str, ...]:
    """A member's name in camel case, and in snake case where that is another."""
    snake = _CAPITAL.sub(lambda capital: f"_{capital[0].lower()}", name)
    return (name,) if snake == name else (name, snake)


def member(holder: Any, name: str) -> Any:
    """The member of that name in either spelling, or None."""
    if isinstance(holder, dict):
        for each in spellings(name):
            if each in holder:
                return holder[each]
    return None


def _spelled(members: dict[str, Shape]) -> dict[str, Shape]:
    """`members` under both of their names."""
    return {each: of for name, of in members.items() for each in spellings(name)}


_BLOB = _spelled({"mimeType": TOKEN, "data": Media("media"), "displayName": None})
_FILE = _spelled({"mimeType": TOKEN, "fileUri": Media("file_url"), "displayName": None})
_TOOL_RESULT: dict[str, Shape] = _spelled(
    {
        "id": TOKEN,
        "name": None,
        "toolType": TOKEN,
        "response": None,
        "willContinue": TOKEN,
        "scheduling": TOKEN,
        "outcome": TOKEN,
        "output": None,
        "parts": {"*": _spelled({"inlineData": _BLOB, "fileData": _FILE})},
    }
)
_PART: dict[str, Shape] = _spelled(
    {
        "text": None,
        "thought": TOKEN,
        "thoughtSignature": Media("signature"),
        "inlineData": _BLOB,
        "fileData": _FILE,
        "functionCall": _spelled(
            {
                "id": TOKEN,
                "name": None,
                "args": None,
                "willContinue": TOKEN,
                "partialArgs": {
                    "*": _spelled({"jsonPath": None, "stringValue": None, "willContinue": TOKEN})
                },
            }
        ),
        "functionResponse": Place(_TOOL_RESULT, role="tool"),
        "toolCall": _spelled({"id": TOKEN, "toolType": TOKEN, "args": None}),
        "toolResponse": Place(_TOOL_RESULT, role="tool"),
        "executableCode": {"id": TOKEN, "language": TOKEN, "code": None},
        "codeExecutionResult": Place(_TOOL_RESULT, role="tool"),
        "videoMetadata": _spelled({"startOffset": TOKEN, "endOffset": TOKEN, "fps": TOKEN}),
        "mediaResolution": {"level": TOKEN},
    }
)
_CONTENT: dict[str, Shape] = {
    "role": Role({"model": "assistant"}),
    "parts": {**_PART, "*": _PART},
}
_SYSTEM: dict[str, Shape] = {**_CONTENT, "role": TOKEN}  # whatever it says

_GENERATION: dict[str, Shape] = _spelled(
    {
        "responseMimeType": TOKEN,
        "responseModalities": {"*": TOKEN},
        "responseSchema": None,
        "responseJsonSchema": None,
        "stopSequences": None,
        "candidateCount": TOKEN,
        "maxOutputTokens": TOKEN,
        "temperature": TOKEN,
        "topP": TOKEN,
        "topK": TOKEN,
        "seed": TOKEN,
        "logprobs": TOKEN,
        "responseLogprobs": TOKEN,
        "presencePenalty": TOKEN,
        "frequencyPenalty": TOKEN,
        "mediaResolution": TOKEN,
        "thinkingConfig": _spelled(
            {"includeThoughts": TOKEN, "thinkingBudget": TOKEN, "thinkingLevel": TOKEN}
        ),
    }
)
_FUNCTION: dict[str, Shape] = _spelled(
    {
        "name": None,
        "description": None,
        "behavior": TOKEN,
        "parameters": None,
        "parametersJsonSchema": None,
        "response": None,
        "responseJsonSchema": None,
    }
)
_GENERATE: dict[str, Shape] = _spelled(
    {
        "model": TOKEN,
        "contents": Place({**_CONTENT, "*": _CONTENT}, role="user"),
        "systemInstruction": Place({**_SYSTEM, "*": _PART}, role="system"),
        "generationConfig": _GENERATION,
        "safetySettings": {"*": {"category": TOKEN, "threshold": TOKEN, "method": TOKEN}},
        "tools": {
            "*": _spelled(
                {
                    "functionDeclarations": {"*": _FUNCTION},
                    "fileSearch": _spelled({"fileSearchStoreNames": {"*": TOKEN}}),
                }
            )
        },
        "toolConfig": _spelled(
            {"functionCallingConfig": _spelled({"mode": TOKEN, "allowedFunctionNames": None})}
        ),
        "cachedContent": TOKEN,
        "labels": None,
    }
)
_EMBED: dict[str, Shape] = _spelled(
    {
        "model": TOKEN,
        "content": _CONTENT,
        "taskType": TOKEN,
        "title": None,
        "outputDimensionality": TOKEN,
    }
)
_FILE_OF_PREDICTION = _spelled(
    {"mimeType": TOKEN, "bytesBase64Encoded": Media("media"), "gcsUri": Media("file_url")}
)
_PREDICT: dict[str, Shape] = _spelled(
    {
        **_FILE_OF_PREDICTION,
        "content": {**_CONTENT, **_FILE_OF_PREDICTION},
        "prompt": None,
        "taskType": TOKEN,
        "title": None,
        "image": _FILE_OF_PREDICTION,
        "video": _FILE_OF_PREDICTION,
        "lastFrame": _FILE_OF_PREDICTION,
    }
)
REQUEST: Shape = _spelled(
    {
        **_GENERATE,
        **_EMBED,
        "generateContentRequest": _GENERATE,
        "requests": {"*": _EMBED},
        "instances": {"*": _PREDICT},
        "batch": _spelled(
            {
                "inputConfig": _spelled(
                    {"requests": {"requests": {"*": {"request": {**_GENERATE, **_EMBED}}}}}
                )
            }
        ),
        "name": TOKEN,  # of a cached content, as are its times
        "displayName": None,
        "ttl": TOKEN,
        "expireTime": TOKEN,
    }
)
SUBJECTS = frozenset(
    _spelled(
        dict.fromkeys(
            (
                "contents",
                "systemInstruction",
                "content",
                "requests",
                "generateContentRequest",
                "instances",
                "batch",
            )
        )
    )
)
"""Names of members one of which every request has."""

_MODALITIES: Shape = {"*": _spelled({"modality": TOKEN, "tokenCount": TOKEN})}
_RATINGS: Shape = {
    "*": _spelled(
        {
            "category": TOKEN,
            "probability": TOKEN,
            "probabilityScore": TOKEN,
            "severity": TOKEN,
            "severityScore": TOKEN,
            "blocked": TOKEN,
        }
    )
}
_SPAN: dict[str, Shape] = {"startIndex": TOKEN, "endIndex": TOKEN, "partIndex": TOKEN, "text": None}
_CITATIONS: Shape = {
    "*": _spelled({**_SPAN, "uri": TOKEN, "title": None, "license": None, "publicationDate": None})
}
_SOURCE: Shape = _spelled(
    {
        "uri": TOKEN,
        "title": None,
        "domain": None,
        "text": None,
        "placeId": TOKEN,
        "fileSearchStore": TOKEN,
        "documentName": TOKEN,
        "customMetadata": {"*": _spelled({"key": None, "stringValue": None})},
    }
)
_GROUNDING: Shape = _spelled(
    {
        "webSearchQueries": None,
        "retrievalQueries": None,
        "imageSearchQueries": None,
        "groundingChunks": {
            "*": _spelled({"web": _SOURCE, "retrievedContext": _SOURCE, "maps": _SOURCE})
        },
        "groundingSupports": {
            "*": _spelled(
                {
                    "segment": _spelled(_SPAN),
                    "groundingChunkIndices": {"*": TOKEN},
                    "confidenceScores": {"*": TOKEN},
                }
            )
        },
        "searchEntryPoint": _spelled({"renderedContent": None, "sdkBlob": Media("media")}),
        "retrievalMetadata": None,
    }
)


def _chosen(logprobs: Any) -> str:
    """The answer, token by token; the alternatives to them are never one text."""
    chosen = member(logprobs, "chosenCandidates")
    items = chosen.values() if isinstance(chosen, dict) else chosen
    tokens = [member(item, "token") for item in items] if isinstance(chosen, dict | list) else []
    return "".join(token for token in tokens if isinstance(token, str))


_LOGPROBS: Shape = _spelled(
    {
        "logProbabilitySum": TOKEN,
        "chosenCandidates": {
            "*": _spelled({"token": APART, "tokenId": TOKEN, "logProbability": TOKEN})
        },
        "topCandidates": {
            "*": {"candidates": {"*": _spelled({"token": None, "tokenId": TOKEN})}},
        },
    }
)
_CANDIDATE: Shape = _spelled(
    {
        "index": TOKEN,
        "content": _CONTENT,
        "finishReason": TOKEN,
        "finishMessage": None,
        "tokenCount": TOKEN,
        "avgLogprobs": TOKEN,
        "safetyRatings": _RATINGS,
        "citationMetadata": _spelled({"citations": _CITATIONS, "citationSources": _CITATIONS}),
        "groundingMetadata": _GROUNDING,
        "urlContextMetadata": _spelled(
            {"urlMetadata": {"*": _spelled({"retrievedUrl": TOKEN, "urlRetrievalStatus": TOKEN})}}
        ),
        "logprobsResult": Repeat(_LOGPROBS, _chosen),
    }
)
_EMBEDDING: dict[str, Shape] = _spelled(
    {
        "values": None,
        "shape": None,
        "statistics": _spelled({"tokenCount": TOKEN, "truncated": TOKEN}),
    }
)
RESPONSE: Shape = _spelled(
    {
        "candidates": {"*": _CANDIDATE},
        "promptFeedback": _spelled(
            {"blockReason": TOKEN, "blockReasonMessage": None, "safetyRatings": _RATINGS}
        ),
        "usageMetadata": _spelled(
            {
                "promptTokenCount": TOKEN,
                "candidatesTokenCount": TOKEN,
                "totalTokenCount": TOKEN,
                "thoughtsTokenCount": TOKEN,
                "toolUsePromptTokenCount": TOKEN,
                "cachedContentTokenCount": TOKEN,
                "trafficType": TOKEN,
                "serviceTier": TOKEN,
                "promptTokensDetails": _MODALITIES,
                "candidatesTokensDetails": _MODALITIES,
                "toolUsePromptTokensDetails": _MODALITIES,
                "cacheTokensDetails": _MODALITIES,
            }
        ),
        "modelVersion": TOKEN,
        "responseId": TOKEN,
        "createTime": TOKEN,
        "embedding": _EMBEDDING,
        "embeddings": {"*": _EMBEDDING},
        "predictions": {"*": {**_PREDICT, "embeddings": _EMBEDDING}},
        "totalTokens": TOKEN,
        "totalBillableCharacters": TOKEN,
        "promptTokensDetails": _MODALITIES,
        "metadata": _spelled({"billableCharacterCount": TOKEN}),
        "name": TOKEN,  # of a cached content, as are its times
        "model": TOKEN,
        "displayName": None,
        "updateTime": TOKEN,
        "expireTime": TOKEN,
        "error": {"code": TOKEN, "message": None, "status": TOKEN, "details": None},
    }
)
