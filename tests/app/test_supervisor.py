"""Workers as processes: started, watched, replaced and ended together."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from extproc.app import child, supervisor
from extproc.app.channel import Orders
from extproc.app.settings import Settings
from extproc.app.supervisor import Supervisor
from extproc.model.errors import InputError, SetupError
from extproc.telemetry import merged
from tests.dataplane.harness import Processor, children, eventually, policy

POLICY = policy({"name": "take-out", "detect": ["us_ssn"], "action": "redact"})


@pytest.fixture
def directory() -> Iterator[Path]:
    """With a short name: sockets are in it."""
    with tempfile.TemporaryDirectory(prefix="ws-") as name:
        yield Path(name)


def settings(directory: Path, **changes: object) -> Settings:
    file = directory / "policy.yaml"
    file.write_text(POLICY)
    values: dict[str, object] = {
        "listen": f"unix:{directory}/p.sock",
        "admin_listen": "127.0.0.1:0",
        "policy": file,
        "workers": 2,
        "drain_seconds": 1,
    }
    return Settings.model_validate(values | changes)


class Running:
    """A supervisor in this process, whose workers are real ones."""

    def __init__(self, supervised: Supervisor, client: httpx.AsyncClient) -> None:
        self.supervised = supervised
        self._client = client

    def pids(self) -> list[int]:
        return [one.pid for _, one in sorted(self.supervised._children.items())]

    async def metrics(self) -> str:
        return (await self._client.get("/metrics")).text

    async def serving(self) -> str:
        """What readiness says of the workers."""
        answer = await self._client.get("/health/ready")
        details: dict[str, str] = {one["name"]: one["detail"] for one in answer.json()["checks"]}
        return f"{answer.status_code} {details['serving']}"

    async def becomes(self, serving: str, within: float = 15) -> None:
        async with asyncio.timeout(within):
            while await self.serving() != serving:
                await asyncio.sleep(0.05)


def running(chosen: Settings, use: Callable[[Running], Awaitable[None]]) -> None:
    async def main() -> None:
        supervised = Supervisor(chosen)
        await supervised.start()
        url = f"http://127.0.0.1:{supervised.admin_port}"
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                await use(Running(supervised, client))
        finally:
            await supervised.stop()

    asyncio.run(main())


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_hung_and_dead_workers_are_replaced(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(child, "_TICKS_OF_SILENCE", 3)

    async def use(run: Running) -> None:
        assert await run.serving() == "200 2 of 2 workers"
        before = run.pids()
        hung, killed = before
        os.kill(hung, signal.SIGSTOP)
        os.kill(killed, signal.SIGKILL)
        await run.becomes("200 1 of 2 workers")
        await run.becomes("200 2 of 2 workers")
        async with asyncio.timeout(15):
            while 'restarts_total{reason="hung"} 1.0' not in await run.metrics():
                await asyncio.sleep(0.1)
        await run.becomes("200 2 of 2 workers")
        assert 'restarts_total{reason="died"} 1.0' in await run.metrics()
        assert "extproc_workers_serving 2.0" in await run.metrics()
        assert not set(before) & set(run.pids())
        assert not any(map(is_running, before))

    running(settings(directory), use)
    told = [one for one in caplog.records if one.message == "worker ended and is replaced"]
    assert {vars(one)["worker"]: str(vars(one)["reason"]) for one in told} == {0: "hung", 1: "died"}


def test_worker_that_cannot_start_again_waits_and_the_others_go_on(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = settings(directory)

    async def use(run: Running) -> None:
        (directory / "policy.yaml").write_text("kind: Policy\n")
        os.kill(run.pids()[1], signal.SIGKILL)
        async with asyncio.timeout(15):
            while 'restarts_total{reason="died"} 3.0' not in await run.metrics():
                await asyncio.sleep(0.1)
        assert await run.serving() == "200 1 of 2 workers"
        (directory / "policy.yaml").write_text(POLICY)
        await run.becomes("200 2 of 2 workers")

    running(chosen, use)
    told = [vars(one) for one in caplog.records if one.message == "worker ended and is replaced"]
    assert [one["pause_seconds"] for one in told[:3]] == [0, 0.5, 1]
    assert "policy.yaml:1: " in told[1]["problem"]


def test_pauses_grow_and_have_an_end() -> None:
    pauses = [supervisor._pause(failures) for failures in (0, 1, 2, 3, 4, 8, 9, 5_000)]
    assert pauses == [0, 0, 0.5, 1, 2, 30, 30, 30]


def test_workers_share_the_key_that_nobody_has_set(directory: Path) -> None:
    """Or the hash of a value would depend on the worker that saw it."""

    async def orders() -> list[Orders]:
        made = Supervisor(settings(directory))
        await made.stop()
        return [made.orders(worker) for worker in range(2)]

    [first, second], [another, _] = asyncio.run(orders()), asyncio.run(orders())
    key = first.settings.redaction_key
    assert key is not None
    assert len(key.get_secret_value()) == 64
    assert second.settings.redaction_key == key
    assert another.settings.redaction_key != key


@pytest.mark.parametrize(
    ("broken", "error", "message"),
    [("policy", InputError, r"policy\.yaml:1: "), ("socket", SetupError, "EXTPROC_LISTEN")],
)
def test_workers_that_cannot_start_are_an_error(
    directory: Path, broken: str, error: type[Exception], message: str
) -> None:
    chosen = settings(directory)
    if broken == "policy":
        (directory / "policy.yaml").write_text("kind: Policy\n")
    else:
        (directory / "p-1.sock").write_text("no socket")

    async def start() -> None:
        supervised = Supervisor(chosen)
        folder = supervised._folder
        with pytest.raises(error, match=message):
            await supervised.start()
        assert not folder.exists()
        assert not supervised._children

    asyncio.run(start())


def test_workers_end_when_their_supervisor_is_killed(directory: Path) -> None:
    processor = Processor(directory, POLICY, {"workers": "2", "drain_seconds": "1"})
    try:
        processor.start()
        processor.wait_ready()
        workers = children(processor.pid)
        assert len(workers) == 2
        folders = merged.parent_folder() or Path(tempfile.gettempdir())
        [folder] = folders.glob(f"extproc-metrics-{processor.pid}-*")
        processor.kill()
        assert eventually(lambda: not any(map(is_running, workers)))
    finally:
        processor.stop()
    ended = {line["worker"] for line in processor.logs() if line["message"] == "stopped"}
    assert ended == {0, 1}
    assert not folder.exists()
