"""The dialect of a request is known by method and path."""

import pytest

from extproc.dialects.registry import FALLBACK, find


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/openai/v1/chat/completions",
        "/azure/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        "/v1/chat/completions/",
        "/v1/chat/completions#part",
        "chat/completions",
    ],
)
def test_chat_completions_are_known_under_any_prefix(path: str) -> None:
    assert find("POST", path).name == "openai_chat"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/chat/completions"),
        ("DELETE", "/v1/chat/completions"),
        ("post", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/xchat/completions"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/embeddings?x=/chat/completions"),
        ("POST", "/v1/chat%2Fcompletions"),
        ("POST", ""),
        ("", ""),
    ],
)
def test_everything_else_is_read_as_any_json(method: str, path: str) -> None:
    assert find(method, path).name == FALLBACK


def test_a_dialect_is_shared() -> None:
    assert find("POST", "/a/chat/completions") is find("POST", "/b/chat/completions")


ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc"


@pytest.mark.parametrize(
    ("path", "host", "name"),
    [
        ("/model/us.amazon.nova-lite-v1%3A0/converse", "", "bedrock_converse"),
        ("/bedrock/model/us.amazon.nova-lite-v1:0/converse-stream", "", "bedrock_converse"),
        (f"/model/{ARN}/converse", "bedrock-runtime.us-east-1.amazonaws.com", "bedrock_converse"),
        ("/model/arn:aws:bedrock:r:1:inference-profile/us.x/converse", "", "bedrock_converse"),
        (f"/bedrock/model/{ARN}/invoke", "", "bedrock_invoke"),
        ("/model/amazon.titan/invoke-with-response-stream", "", "bedrock_invoke"),
        ("/model/amazon.titan/count-tokens", "", "bedrock_count_tokens"),
        ("/guardrail/g1/version/DRAFT/apply", "", "bedrock_apply_guardrail"),
        ("/v2/chat", "api.cohere.com", "cohere_chat"),
        ("/cohere/v2/chat", "", "cohere_chat"),
        ("/v2/embed", "api.cohere.com", "cohere"),
        ("/cohere/v2/rerank", "", "cohere"),
        ("/v1/tokenize", "api.cohere.com", "cohere"),
        ("/v1/embeddings", "api.voyageai.com", "voyage"),
        ("/voyage/v1/rerank", "", "voyage"),
        ("/api/chat", "localhost:11434", "ollama"),
        ("/ollama/api/generate", "", "ollama"),
        ("/ollama/api/embed", "", "ollama"),
        ("/ollama/v1/chat/completions", "", "openai_chat"),
        ("/models/x/converse", "", FALLBACK),
        ("/model/x/conversed", "", FALLBACK),
        ("/model/invoke", "", FALLBACK),
        ("/xapi/chat", "", FALLBACK),
        ("/ollama/api/tags", "", FALLBACK),
    ],
)
def test_api_is_known_by_its_path_and_host(path: str, host: str, name: str) -> None:
    assert find("POST", path, host).name == name
