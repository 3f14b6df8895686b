"""TLS between Envoy and the processor, with the cluster as envoy/README.md has it."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.certificates import Authority
from tests.dataplane.canaries import REDACTED, TEXT
from tests.dataplane.harness import CHAT, REDACT, Node, Stack, as_it_is, eventually, stack
from tests.dataplane.recorder import Recorder, document

README = Path(__file__).parents[2] / "envoy" / "README.md"
ENVOY_NAME, PROCESSOR_NAME = "spiffe://example.org/gateway", "extproc.example.org"
REQUEST = {"model": "m", "messages": [{"role": "user", "content": TEXT}]}


def cluster(directory: Path, name: str) -> Node:
    """The part of a cluster in the README, with files in `directory` and another name."""
    [text] = re.findall(r"```yaml\n(transport_socket:.*?)```", README.read_text(), re.DOTALL)
    assert text.count(PROCESSOR_NAME) == 2
    text = text.replace("/etc/envoy/tls", str(directory)).replace(PROCESSOR_NAME, name)
    part: Node = yaml.safe_load(text)
    return part


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def over_tls(
    recorder: Recorder,
    directory: Path,
    envoy: str = ENVOY_NAME,
    called: str = PROCESSOR_NAME,
) -> Iterator[Stack]:
    """A data plane whose Envoy has the name `envoy` and calls the processor `called`."""
    ca = Authority(directory)
    server = ca.issue("server", PROCESSOR_NAME)
    client = ca.issue("tls", envoy)
    client.cert.rename(directory / "tls.crt")
    ca.cert.rename(directory / "ca.crt")
    settings: dict[str, Any] = {
        "listen": f"127.0.0.1:{free_port()}",
        "transport": "native",
        "tls_cert_file": str(server.cert),
        "tls_key_file": str(server.key),
        "tls_client_ca_file": str(directory / "ca.crt"),
        "tls_client_sans": ENVOY_NAME,
    }
    with stack(recorder, REDACT, as_it_is, cluster(directory, called), **settings) as running:
        yield running


def test_envoy_and_the_processor_know_each_other(recorder: Recorder, tmp_path: Path) -> None:
    with (
        over_tls(recorder, tmp_path) as running,
        recorder.answering(document({"choices": []})) as received,
    ):
        assert running.client.post(CHAT, json=REQUEST).status_code == 200
        assert received[0].json["messages"][0]["content"] == REDACTED
        refused = [x for x in running.processor.logs() if x["message"] == "connection refused"]
        assert refused == []


def test_envoy_with_another_name_is_refused_and_nothing_passes(
    recorder: Recorder, tmp_path: Path
) -> None:
    with over_tls(recorder, tmp_path, envoy="spiffe://example.org/other") as running:
        check_nothing_passes(running)
        line = [x for x in running.processor.logs() if x["message"] == "connection refused"][-1]
    assert line["level"] == "warning"
    assert line["reason"].endswith("EXTPROC_TLS_CLIENT_SANS: spiffe://example.org/other")


def test_processor_with_another_name_is_told_nothing(recorder: Recorder, tmp_path: Path) -> None:
    with over_tls(recorder, tmp_path, called="other.example.org") as running:
        check_nothing_passes(running)
        assert eventually(lambda: "verify" in running.gateway.access_log_file.read_text().lower())


def check_nothing_passes(running: Stack) -> None:
    with running.recorder.answering(document({"choices": []})) as received:
        response = running.client.post(CHAT, json=REQUEST)
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "policy_unavailable"
    assert received == []
