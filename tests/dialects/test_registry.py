"""The dialect of a request is known by method and path."""

import json
import time

import pytest

from extproc.dialects.registry import FALLBACK, FILES, UPLOAD, find
from extproc.model.values import Refusal


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


CHAT = "openai_chat"
COMPLETIONS = "openai_completions"
EMBEDDINGS = "openai_embeddings"
RESPONSES = "openai_responses"

# As providers name them; most of these are recorded.
COMPATIBLE = [
    (CHAT, "api.openai.com", "/v1/chat/completions"),
    (CHAT, "x.openai.azure.com", "/openai/deployments/gpt-4o/chat/completions?api-version=1"),
    (CHAT, "x.openai.azure.com", "/openai/v1/chat/completions"),
    (CHAT, "api.mistral.ai", "/v1/chat/completions#stream"),
    (CHAT, "api.mistral.ai", "/v1/agents/completions"),
    (CHAT, "api.groq.com", "/openai/v1/chat/completions"),
    (CHAT, "openrouter.ai", "/api/v1/chat/completions"),
    (CHAT, "api.deepseek.com", "/chat/completions"),
    (CHAT, "api.x.ai", "/v1/chat/completions"),
    (CHAT, "api.cerebras.ai", "/v1/chat/completions"),
    (CHAT, "api.together.xyz", "/v1/chat/completions"),
    (CHAT, "router.huggingface.co", "/nebius/v1/chat/completions"),
    (CHAT, "router.huggingface.co", "/novita/v3/openai/chat/completions"),
    (CHAT, "o-a.snowflakecomputing.com", "/api/v2/cortex/v1/chat/completions"),
    (CHAT, "o-a.snowflakecomputing.com", "/api/v2/cortex/inference:complete"),
    (CHAT, "localhost:8000", "/v1/chat/completions"),
    (CHAT, "localhost:11434", "/v1/chat/completions"),
    (CHAT, "api.z.ai", "/api/paas/v4/chat/completions"),
    (CHAT, "api.inference.crusoecloud.com", "/v1/chat/completions"),
    (CHAT, "us.inference.heroku.com", "/v1/chat/completions"),
    (CHAT, "api.perplexity.ai", "/chat/completions"),
    (CHAT, "api.fireworks.ai", "/inference/v1/chat/completions"),
    (CHAT, "generativelanguage.googleapis.com", "/v1beta/openai/chat/completions"),
    (CHAT, "bedrock-mantle.us-east-1.api.aws", "/v1/chat/completions"),
    (COMPLETIONS, "api.openai.com", "/v1/completions"),
    (COMPLETIONS, "x.openai.azure.com", "/openai/deployments/d/completions?api-version=1"),
    (COMPLETIONS, "api.deepseek.com", "/beta/completions"),
    (COMPLETIONS, "api.fireworks.ai", "/inference/v1/completions"),
    ("mistral_fim", "api.mistral.ai", "/v1/fim/completions"),
    (EMBEDDINGS, "api.openai.com", "/v1/embeddings"),
    (EMBEDDINGS, "x.openai.azure.com", "/openai/deployments/d/embeddings?api-version=1"),
    (EMBEDDINGS, "api.mistral.ai", "/v1/embeddings"),
    ("openai_moderations", "api.openai.com", "/v1/moderations"),
    ("openai_images", "api.openai.com", "/v1/images/generations"),
    (RESPONSES, "api.openai.com", "/v1/responses"),
    (RESPONSES, "api.openai.com", "/v1/responses/compact"),
    (RESPONSES, "api.openai.com", "/v1/responses/input_tokens"),
    (RESPONSES, "api.openai.com", "/v1/conversations"),
    (RESPONSES, "api.openai.com", "/v1/conversations/conv_1/items"),
    (RESPONSES, "x.openai.azure.com", "/openai/responses?api-version=preview"),
    (RESPONSES, "x.openai.azure.com", "/openai/v1/responses"),
    (RESPONSES, "bedrock-mantle.us-east-1.api.aws", "/openai/v1/responses"),
    (RESPONSES, "openrouter.ai", "/api/v1/responses"),
    (RESPONSES, "api.deepseek.com", "/responses"),
    (RESPONSES, "api.x.ai", "/v1/responses"),
    (RESPONSES, "localhost:8787", "/openai/responses"),
]


@pytest.mark.parametrize(("name", "host", "path"), COMPATIBLE)
def test_apis_of_openai_are_known_at_every_provider(name: str, host: str, path: str) -> None:
    assert find("POST", path, host).name == name
    assert find("POST", f"/some-prefix{path}", "gateway").name == name


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/responses/resp_1?starting_after=0&stream=true",
        "/v1/responses/resp_1/input_items",
        "/v1/conversations/conv_1",
        "/v1/conversations/conv_1/items/msg_1",
    ],
)
def test_stored_responses_are_read_like_new_ones(method: str, path: str) -> None:
    assert find(method, path, "api.openai.com").name == RESPONSES


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("POST", "/async/chat/completions"),
        ("POST", "/v1/vector_stores"),
        ("POST", "/v1/fine_tuning/jobs"),
        ("GET", "/v1/chat/completions"),
        ("DELETE", "/v1/chat/completions"),
        ("post", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/xchat/completions"),
        ("POST", "/v1/models?x=/chat/completions"),
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


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/openai/v1/audio/transcriptions", FILES),
        ("POST", "/v1/audio/speech", FILES),
        ("POST", "/v1/images/edits", FILES),
        ("POST", "/v1/files", FILES),
        ("POST", "/v1/uploads/upload_1/parts", FILES),
        ("GET", "/v1/files/file-1/content", FILES),
        ("GET", "/v1/messages/batches/batch-1/results", FILES),
        ("POST", "/upload/v1beta/files", UPLOAD),
        ("PUT", "/gemini/upload/v1beta/files?upload_id=1", UPLOAD),
        ("GET", "/v1/files", FALLBACK),
        ("POST", "/v1/uploads/upload_1/cancel", FALLBACK),
        ("POST", "/upload/v1/chat/completions", "openai_chat"),
    ],
)
def test_apis_of_files_are_known(method: str, path: str, name: str) -> None:
    assert find(method, path).name == name


@pytest.mark.parametrize(
    ("host", "marked"), [("api.anthropic.com", True), ("api.openai.com", False)]
)
def test_errors_of_files_are_those_of_their_provider(host: str, marked: bool) -> None:
    refusal = Refusal(403, "policy_violation", "no", "id")
    said = json.loads(find("POST", "/v1/files", host).error(refusal))
    assert (said.get("type") == "error") is marked


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/chat%2Fcompletions", CHAT),
        ("/api/ch%61t", "ollama"),
        ("/api%2Fchat", "ollama"),
        ("/api//chat", "ollama"),
        ("/api/x/../chat", "ollama"),
        ("/api/x/%2e%2E/./chat", "ollama"),
        ("/api/chat;x=1", "ollama"),
        ("/v1beta/models/g%3AstreamGenerateContent", "gemini"),
        ("/v1beta/models/g:streamGenerateContent/", "gemini"),
        ("/../..", FALLBACK),
        ("/api/chat%3Fx", FALLBACK),
    ],
)
def test_a_path_cannot_be_hidden_by_another_spelling(path: str, name: str) -> None:
    assert find("POST", path).name == name


@pytest.mark.parametrize(
    "path",
    [
        "/guardrail/a" * 3000 + "/version/b" * 5000,
        "/model/" * 13_000,
        "/voyage/v1/" * 8000,
        "/conversations/items" * 4500,
        "/" * 90_000,
    ],
    ids=lambda path: path[:10],
)
def test_a_long_path_takes_no_longer_than_its_length(path: str) -> None:
    started = time.perf_counter()
    find("POST", f"{path}!", "host")
    assert time.perf_counter() - started < 1
