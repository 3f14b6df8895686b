"""The data plane under test: a real processor behind a real Envoy, in front of a recorder."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from extproc.app.envoy import can_full_duplex, find_envoy
from extproc.app.envoy_config import render
from tests.dataplane.canaries import leaks
from tests.dataplane.recorder import Recorder

ENVOY = os.environ.get("DATAPLANE_ENVOY") or find_envoy()
TRANSPORT = os.environ.get("DATAPLANE_TRANSPORT", "native")
FULL_DUPLEX = asyncio.run(can_full_duplex(ENVOY))
"""Whether this Envoy can end a stream early; with one that cannot, streams are in STREAMED mode."""

GATEWAY = Path(__file__).parents[2] / "envoy" / "gateway.yaml"
START_SECONDS = 20.0
MAX_BODY = 4 << 20  # of the redacting data plane; less than Envoy's limit, so that both are met
CHAT = "/openai/v1/chat/completions"

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_pause = threading.Event()  # never set


def wait(seconds: float) -> None:
    """Let time pass; for pacing and polling."""
    _pause.wait(seconds)


def eventually(condition: Callable[[], bool], within: float = 10.0) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        wait(0.02)
    return True


def policy(*rules: Mapping[str, object], name: str = "dataplane", **spec: object) -> str:
    """A policy document; JSON is YAML."""
    document = {
        "apiVersion": "extproc.dev/v1",
        "kind": "Policy",
        "metadata": {"name": name},
        "spec": {"preset": "none", "rules": list(rules), **spec},
    }
    return json.dumps(document)


# What is known by its form: recorded and made-up sentences are full of names and dates.
DATA = [
    *("email_address", "phone_number", "us_ssn", "ip_address", "credit_card", "iban"),
    *("private_key", "jwt", "github_token", "openai_api_key", "aws_access_key_id"),
]
ATTACKS = ["injection", "jailbreak"]
FLAG = policy({"name": "observe", "detect": [*DATA, *ATTACKS], "action": "flag"}, name="flagging")
REDACT = policy({"name": "take-out", "detect": DATA, "action": "redact"}, name="redacting")
BLOCK = policy(
    {"name": "refuse", "detect": [*DATA, *ATTACKS], "action": "block"},
    name="blocking",
    unscanned="block",
)


class Processor:
    """`extproc serve` in a process of its own, on a unix socket in `directory`."""

    def __init__(self, directory: Path, policy_text: str, settings: Mapping[str, str]) -> None:
        self.policy_file = directory / "policy.yaml"
        self.policy_file.write_text(policy_text)
        self.log_file = directory / "processor.log"
        self.socket = settings.get("listen", f"unix:{directory}/p.sock")
        self.workers = int(settings.get("workers", "1"))
        self.admin = httpx.Client(trust_env=False, timeout=10)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("EXTPROC_")}
        self._environment = {
            **inherited,
            "EXTPROC_LISTEN": self.socket,
            "EXTPROC_ADMIN_LISTEN": "127.0.0.1:0",
            "EXTPROC_POLICY": str(self.policy_file),
            "EXTPROC_LOG_LEVEL": "debug",
            "EXTPROC_STREAM_MODE": "full_duplex" if FULL_DUPLEX else "streamed",
            "EXTPROC_TRANSPORT": TRANSPORT,
            **{f"EXTPROC_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Spawn; `wait_ready` says when it serves."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "extproc", "serve"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._log_start = self.log_file.stat().st_size

    def wait_ready(self) -> None:
        """Return when the self-test passes and exchanges are taken."""
        assert eventually(self._is_serving, START_SECONDS), self.log_file.read_text()
        assert self.get("/health/ready").status_code == 200

    def get(self, path: str) -> httpx.Response:
        """Ask the admin interface."""
        [line] = filter(_says_serving, self._lines())
        return self.admin.get(f"http://127.0.0.1:{line['admin_port']}{path}")

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of that name that have these labels."""
        total = 0.0
        for sample, written, value in _SAMPLE.findall(self.get("/metrics").text):
            if sample == name and labels.items() <= dict(_LABEL.findall(written)).items():
                total += float(value)
        return total

    def logs(self) -> list[dict[str, Any]]:
        """Every line of the log. Raises ValueError for one that is not JSON."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    @property
    def resident_bytes(self) -> int:
        """Memory of the process."""
        status = Path(f"/proc/{self.pid}/status")
        if status.exists():  # Linux, also where there is no ps
            return int(re.findall(r"VmRSS:\s+(\d+) kB", status.read_text())[0]) * 1024
        done = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, check=True
        )
        return int(done.stdout) * 1024

    @property
    def pid(self) -> int:
        return self._running().pid

    def kill(self) -> None:
        self._running().kill()
        self._running().wait()

    def terminate(self) -> None:
        self._running().send_signal(signal.SIGTERM)

    def wait(self, within: float = 10.0) -> int:
        """The exit code."""
        return self._running().wait(within)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        self.admin.close()
        if self._process is not None and self._process.poll() is None:
            self.terminate()
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "start it first"
        return self._process

    def _lines(self) -> list[dict[str, Any]]:
        text = self.log_file.read_bytes()[self._log_start :].decode()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def _is_serving(self) -> bool:
        assert self._running().poll() is None, self.log_file.read_text()
        return any(map(_says_serving, self._lines()))


def _says_serving(line: dict[str, Any]) -> bool:
    """A worker says so too, but it has no admin interface."""
    return line["message"] == "serving" and "worker" not in line


Node = dict[str, Any]  # a mapping of Envoy's configuration

Filters = dict[str, dict[str, Any]]
"""The gateway's HTTP filters by the last part of their name."""

Edit = Callable[[Filters], None]


class Gateway:
    """Envoy with the gateway's own configuration; every provider leads to `upstream`."""

    def __init__(
        self,
        directory: Path,
        processor: Processor,
        upstream: str,
        edit: Edit,
        tls: Node | None,
        manager_more: Mapping[str, Any] | None,
    ) -> None:
        self.url = ""
        self.log_file = directory / "envoy.log"
        self.access_log_file = directory / "access.log"
        self._config = directory / "envoy.json"
        self._admin_file = directory / "envoy-admin"
        text = render(
            GATEWAY.read_text(),
            port=0,
            admin_port=0,
            processor=processor.socket,
            workers=processor.workers,
            upstream=upstream,
        )
        config = json.loads(text)
        [listener] = config["static_resources"]["listeners"]
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        manager.update(manager_more or {})
        filters = {one["name"].rpartition(".")[2]: one for one in manager["http_filters"]}
        lift_rate_limit(filters)
        edit(filters)
        [cluster] = [x for x in config["static_resources"]["clusters"] if x["name"] == "extproc"]
        cluster |= tls or {}
        self._config.write_text(json.dumps(config))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Spawn, and return when it takes traffic."""
        arguments = ["-c", self._config, "--admin-address-path", self._admin_file]
        arguments += ["--log-path", self.log_file, "--log-level", "warning"]
        arguments += ["--file-flush-interval-msec", "50", "--concurrency", "2"]
        with self.access_log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [ENVOY, *map(str, arguments), "--use-dynamic-base-id"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        with httpx.Client(trust_env=False, timeout=5) as client:
            assert eventually(lambda: self._is_ready(client), START_SECONDS), self._last_words()
            listing = client.get(f"http://{self._admin}/listeners", params={"format": "json"})
        [listener] = listing.json()["listener_statuses"]
        address = listener["local_address"]["socket_address"]
        self.url = f"http://127.0.0.1:{address['port_value']}"

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def stat(self, name: str) -> int:
        """One of Envoy's counters or gauges."""
        answer = httpx.get(
            f"http://{self._admin}/stats", params={"filter": f"^{name}$"}, trust_env=False
        )
        return int(answer.text.rpartition(": ")[2])

    def access_log(self) -> list[dict[str, Any]]:
        """A line for each request that ended. Envoy writes them a little later: poll."""
        lines = self.access_log_file.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    @property
    def _admin(self) -> str:
        return self._admin_file.read_text().strip() if self._admin_file.exists() else ""

    def _is_ready(self, client: httpx.Client) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._last_words()
        if not self._admin:
            return False
        with contextlib.suppress(httpx.TransportError):
            return client.get(f"http://{self._admin}/ready").status_code == 200
        return False

    def _last_words(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else "Envoy wrote no log"


def lift_rate_limit(filters: Filters) -> None:
    """Tests come from one address, faster than one client may."""
    limit = filters["local_ratelimit"]["typed_config"]
    for holder in (limit, *limit["descriptors"]):
        holder["token_bucket"] |= {"max_tokens": 1_000_000, "tokens_per_fill": 1_000_000}


def as_it_is(_filters: Filters) -> None:
    """No further edit."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Client, Envoy, processor and upstream in a row."""

    client: httpx.Client
    gateway: Gateway
    processor: Processor
    recorder: Recorder

    def idle(self) -> bool:
        """Whether the processor counts no open exchange; it hears of an end after the client."""
        processor = self.processor
        return eventually(
            lambda: (
                processor.metric("extproc_exchanges_open") == 0
                and processor.metric("extproc_streams_open") == 0
            )
        )


@contextlib.contextmanager
def stack(
    recorder: Recorder,
    policy_text: str,
    edit: Edit = as_it_is,
    tls: Node | None = None,
    *,
    manager: Mapping[str, Any] | None = None,
    **settings: str,
) -> Iterator[Stack]:
    """Run a data plane; `settings` are those of the processor. No log of it may hold content.

    `tls` is what the gateway's cluster of the processor has in addition, `manager` what its HTTP
    connection manager has.
    """
    # A short path: the name of a unix socket has 103 bytes at most.
    with tempfile.TemporaryDirectory(prefix="dp-") as name, contextlib.ExitStack() as closing:
        directory = Path(name)
        processor = Processor(directory, policy_text, settings)
        closing.callback(processor.stop)
        processor.start()
        gateway = Gateway(directory, processor, recorder.url, edit, tls, manager)
        closing.callback(gateway.stop)
        gateway.start()
        processor.wait_ready()
        client = httpx.Client(base_url=gateway.url, trust_env=False, timeout=30)
        closing.callback(client.close)
        yield Stack(client, gateway, processor, recorder)
        closing.close()
        for log in (processor.log_file, gateway.log_file, gateway.access_log_file):
            assert leaks(log.read_bytes()) == [], f"content in {log.name}"


def children(pid: int) -> list[int]:
    """Processes that `pid` has started and that still run."""
    processes = Path("/proc").glob("[0-9]*/stat")
    table = [_identity(path) for path in processes]
    if not table:  # not Linux
        done = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        lines = map(str.split, done.stdout.splitlines())
        table = [(int(child), int(parent)) for child, parent in lines]
    return [child for child, parent in table if parent == pid]


def _identity(stat: Path) -> tuple[int, int]:
    """A process and its parent; zeros when it has just ended."""
    try:
        text = stat.read_text()
    except OSError:
        return 0, 0
    return int(stat.parent.name), int(text.rpartition(")")[2].split()[1])
