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
