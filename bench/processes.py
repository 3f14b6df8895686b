"""The real parts, each a process of its own: upstream, processor, Envoy."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from bench.timeline import Timeline
from extproc.app.envoy import find_envoy
from extproc.app.envoy_config import render
from extproc.app.settings import Settings

ROOT = Path(__file__).parents[1]
CHAT = "/openai/v1/chat/completions"
NO_OP = {
    "apiVersion": "extproc.dev/v1",
    "kind": "Policy",
    "metadata": {"name": "no-op"},
    "spec": {"preset": "none", "rules": []},
}

_START_SECONDS = 60.0
_POLL_SECONDS = 0.005
_STOP_SECONDS = 15.0
_POOL = {"max_connections": 8192, "max_pending_requests": 8192, "max_requests": 65536}


class Child:
    """A process that is polled until it answers, and whose log is shown when it does not."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self._log = log
        with log.open("wb") as opened:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=opened,
            )
        self.pid = self._process.pid

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds. Raises RuntimeError with the end of the log."""
        deadline = time.monotonic() + _START_SECONDS
        while not condition():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._process.args!r} did not start:\n{self._last_words()}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End it, in order if it heeds."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


class Upstream(Child):
    """The provider, `bench/upstream.py`."""

    def __init__(self, directory: Path) -> None:
        self.timeline_file = directory / "timeline"
        self.timeline = Timeline.create(self.timeline_file)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        module = [sys.executable, "-m", "bench.upstream", str(self.port), str(self.timeline_file)]
        super().__init__(module, directory / "upstream.log", {"PYTHONPATH": str(ROOT)})
        self.wait_until(lambda: answers(f"{self.url}/canary"))


class Processor(Child):
    """`extproc serve` on a unix socket, with the settings it has by itself."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.address = f"unix:{directory}/p.sock"
        self._admin = f"127.0.0.1:{free_port()}"
        environment = {
            "PYTHONPATH": str(ROOT),
            "EXTPROC_LISTEN": self.address,
            "EXTPROC_ADMIN_LISTEN": self._admin,
            **settings,
        }
        command = [sys.executable, "-m", "extproc", "serve"]
        super().__init__(command, Path(os.devnull), environment)

    def wait_ready(self) -> None:
        """Return when it takes traffic."""
        self.wait_until(lambda: answers(f"http://{self._admin}/health/ready"))


class Gateway(Child):
    """Envoy with one worker and the gateway's own configuration, its rate limits lifted."""

    def __init__(self, directory: Path, processor: str | None, upstream: str) -> None:
        self.port = free_port()
        self._admin_port = free_port()
        text = render(
            (ROOT / "envoy" / "gateway.yaml").read_text(),
            port=self.port,
            admin_port=self._admin_port,
            processor=processor or "127.0.0.1:1",
            upstream=upstream,
        )
        file = directory / "envoy.json"
        file.write_text(_for_bench(text, alone=processor is None))
        command = [find_envoy(), "-c", str(file), "--log-level", "error"]
        command += ["--concurrency", "1", "--use-dynamic-base-id"]
        super().__init__(command, directory / "envoy.log", {})
        self.wait_until(lambda: answers(f"http://127.0.0.1:{self._admin_port}/ready"))

    @property
    def chat_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{CHAT}"


@dataclass(frozen=True, slots=True)
class Stack:
    """Envoy, and a processor unless Envoy is alone."""

    name: str
    policy: str
    gateway: Gateway
    processor: Processor | None

    @property
    def label(self) -> str:
        return f"{self.name}, {self.policy}" if self.processor else self.name


@contextlib.contextmanager
def stack(
    name: str, policy: str, upstream: Upstream, settings: Mapping[str, str]
) -> Iterator[Stack]:
    """Run one: `name` is "envoy" or a transport, `policy` "none", "no-op" or "default"."""
    # A short path: the name of a unix socket has 103 bytes at most.
    with tempfile.TemporaryDirectory(prefix="b-") as folder, contextlib.ExitStack() as closing:
        directory = Path(folder)
        processor = None
        if name != "envoy":
            if policy == "no-op":
                (directory / "policy.yaml").write_text(json.dumps(NO_OP))
                settings = {**settings, "EXTPROC_POLICY": str(directory / "policy.yaml")}
            processor = Processor(directory, settings)
            closing.callback(processor.stop)
            processor.wait_ready()
        gateway = Gateway(directory, processor.address if processor else None, upstream.url)
        closing.callback(gateway.stop)
        yield Stack(name, policy, gateway, processor)


def cache_in(directory: Path) -> dict[str, str]:
    """Settings that keep compiled patterns in `directory`."""
    if "cache_dir" not in Settings.model_fields:
        return {}
    return {"EXTPROC_CACHE_DIR": str(directory / "cache")}


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a GET is answered with 200. Cheap, since it is asked while a start is timed."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _for_bench(text: str, *, alone: bool) -> str:
    """Lift limits that a load from one address would meet; `alone` is without our filter."""
    config = json.loads(text)
    [listener] = config["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    filters = {one["name"].rpartition(".")[2]: one for one in manager["http_filters"]}
    limit = filters["local_ratelimit"]["typed_config"]
    for holder in (limit, *limit["descriptors"]):
        holder["token_bucket"] |= {"max_tokens": 10_000_000, "tokens_per_fill": 10_000_000}
    if alone:
        manager["http_filters"].remove(filters["ext_proc"])
    for cluster in config["static_resources"]["clusters"]:
        if cluster["name"] == "upstream":
            cluster["circuit_breakers"] = {"thresholds": [_POOL]}
    return json.dumps(config)
