"""The processor put together: it starts, says whether it is ready, and stops in order."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from extproc.app.processor import Processor
from extproc.app.settings import Settings
from extproc.model.errors import InputError, SetupError
from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Direction, Verdict

POLICY = (
    "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: small}\n"
    "spec: {preset: none, rules: [{name: a, detect: [us_ssn], action: redact, redaction: hash}]}\n"
)

JUDGED = Record(
    request_id="1",
    direction=Direction.REQUEST,
    dialect="openai_chat",
    outcome=Outcome.JUDGED,
    policy="small",
    verdict=Verdict(Action.ALLOW, 0.0, "small"),
)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return file


def settings(policy: Path, **changes: object) -> Settings:
    values: dict[str, object] = {
        "listen": "127.0.0.1:0",
        "admin_listen": "127.0.0.1:0",
        "policy": policy,
        "drain_seconds": 1,
    }
    return Settings.model_validate(values | changes)


def running(
    chosen: Settings, use: Callable[[Processor, httpx.AsyncClient], Awaitable[None]]
) -> None:
    async def main() -> None:
        processor = Processor(chosen)
        await processor.start()
        url = f"http://127.0.0.1:{processor.admin_port}"
        async with httpx.AsyncClient(base_url=url) as client:
            await use(processor, client)
        await processor.stop()

    asyncio.run(main())


def test_a_processor_is_ready_once_it_has_started(policy: Path) -> None:
    async def use(processor: Processor, client: httpx.AsyncClient) -> None:
        answer = await client.get("/health/ready")
        assert answer.status_code == 200
        details = {check["name"]: check["detail"] for check in answer.json()["checks"]}
        assert details["policy"] == "small"
        assert details["self_test"] == "us_ssn was caught: redact"
        assert processor.port > 0
        assert "extproc_ready 1.0" in (await client.get("/metrics")).text

    running(settings(policy), use)


def test_a_broken_edit_is_shown_and_leaves_it_ready(policy: Path) -> None:
    async def use(processor: Processor, client: httpx.AsyncClient) -> None:
        await asyncio.to_thread(policy.write_text, "kind: [")
        async with asyncio.timeout(5):
            while 'reloads_total{result="refused"}' not in (await client.get("/metrics")).text:
                pass
        answer = await client.get("/health/ready")
        assert answer.status_code == 200
        assert "refused edit, small stays" in answer.text

    running(settings(policy, policy_poll_seconds=0.05), use)


def test_a_processor_that_drains_is_not_ready(policy: Path) -> None:
    async def main() -> None:
        processor = Processor(settings(policy))
        await processor.start()
        assert all(check.passed for check in processor.checks())
        await processor.stop()
        assert [check.name for check in processor.checks() if not check.passed] == ["serving"]

    asyncio.run(main())


def test_what_was_judged_is_logged_before_it_drains_and_before_it_has_stopped(
    policy: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(processor: Processor, _client: httpx.AsyncClient) -> None:
        async def stop(grace_seconds: float) -> None:
            await stop_serving(grace_seconds)
            processor._telemetry.observe(JUDGED, 0.001)

        stop_serving = processor._server.stop
        monkeypatch.setattr(processor._server, "stop", stop)
        processor._telemetry.observe(JUDGED, 0.001)
        assert "judged" not in caplog.messages

    caplog.set_level(logging.INFO)
    running(settings(policy), use)
    assert caplog.messages[-4:] == ["judged", "draining", "judged", "stopped"]


def test_a_taken_port_is_told_with_its_setting(policy: Path) -> None:
    async def start(**changes: object) -> None:
        processor = Processor(settings(policy, **changes))
        try:
            await processor.start()
        finally:
            await processor.stop()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SetupError, match="EXTPROC_ADMIN_LISTEN"):
            asyncio.run(start(admin_listen=address))
        with pytest.raises(SetupError, match="EXTPROC_LISTEN"):
            asyncio.run(start(listen=address))


def make(chosen: Settings) -> None:
    """Build a processor, as a running loop does, and throw it away."""

    async def main() -> None:
        await Processor(chosen).stop()

    asyncio.run(main())


def test_a_policy_that_is_broken_at_the_start_is_told(policy: Path) -> None:
    policy.write_text("kind: Policy\n")
    with pytest.raises(InputError, match=r"policy\.yaml:1: "):
        make(settings(policy))


def test_a_key_file_that_cannot_be_read_is_told(policy: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="EXTPROC_REDACTION_KEY_FILE"):
        make(settings(policy, redaction_key_file=tmp_path / "none"))


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_key_is_no_key(policy: Path, tmp_path: Path, content: str) -> None:
    """With it anybody could compute the hashes of all social security numbers."""
    (tmp_path / "key").write_text(content)
    with pytest.raises(InputError, match="EXTPROC_REDACTION_KEY"):
        make(settings(policy, redaction_key_file=tmp_path / "key"))


def test_an_empty_key_in_the_environment_is_no_key(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTPROC_REDACTION_KEY", "")
    with pytest.raises((InputError, ValueError), match=r"(?i)redaction_key"):
        make(settings(policy))
