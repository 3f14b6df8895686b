"""envoy/gateway.yaml, and what is rendered from it, in real Envoy."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import certifi
import httpx
import pytest
import yaml

from extproc.app.envoy_config import render
from tests.dataplane.harness import ENVOY, GATEWAY

SYSTEM_CAS = "/etc/ssl/certs/ca-certificates.crt"
START_SECONDS = 20.0

Node = dict[str, Any]


def validate(path: Path) -> str:
    """Return what Envoy says of a configuration that it accepts."""
    done = subprocess.run(
        [ENVOY, "--mode", "validate", "-c", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def offline(port: int, processor: str) -> Node:
    """Return the gateway with its own routes and clusters, all of them led to one local port."""
    text = render(
        GATEWAY.read_text(),
        port=0,
        admin_port=0,
        processor=processor,
        upstream=None,
        trusted_ca=certifi.where(),
    )
    config: Node = json.loads(text)
    for cluster in config["static_resources"]["clusters"]:
        if cluster["name"] != "extproc" and "load_assignment" in cluster:
            del cluster["cluster_type"]
            cluster["type"] = "STATIC"
            [endpoint] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
            place = {"address": "127.0.0.1", "port_value": port}
            endpoint["endpoint"]["address"] = {"socket_address": place}
    return config


class Gateway(NamedTuple):
    """A running gateway whose processor is down, and the socket that all providers lead to."""

    client: httpx.Client
    providers: socket.socket


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    with socket.create_server(("127.0.0.1", 0)) as providers:
        providers.setblocking(False)
        port = providers.getsockname()[1]
        config = folder / "envoy.json"
        config.write_text(json.dumps(offline(port, f"unix:{folder}/none.sock")))
        with (
            (folder / "log").open("w") as log,
            running(config, folder / "admin", log) as address,
            httpx.Client(base_url=address, trust_env=False) as client,
        ):
            yield Gateway(client, providers)


class running:  # noqa: N801 - reads as what it is, in a with statement
    """Envoy, from when it takes traffic; gives its base URL."""

    def __init__(self, config: Path, admin: Path, log: Any) -> None:
        self._admin = admin
        self._process = subprocess.Popen(
            [
                ENVOY,
                *("-c", str(config), "--disable-hot-restart", "--concurrency", "1"),
                *("--admin-address-path", str(admin)),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._admin.exists() and (listening := self._listener()):
                return f"http://{listening}"
            time.sleep(0.02)
        self.__exit__()
        raise AssertionError("Envoy did not start")

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()

    def _listener(self) -> str | None:
        try:
            admin = f"http://{self._admin.read_text()}"
            ready = httpx.get(f"{admin}/ready", trust_env=False)
            listeners = httpx.get(f"{admin}/listeners?format=json", trust_env=False).json()
        except (httpx.HTTPError, ValueError):
            return None
        if ready.status_code != httpx.codes.OK or "listener_statuses" not in listeners:
            return None
        place = listeners["listener_statuses"][0]["local_address"]["socket_address"]
        return f"{place['address']}:{place['port_value']}"


def test_gateway_is_valid_and_uses_nothing_deprecated(tmp_path: Path) -> None:
    text = GATEWAY.read_text()
    if not Path(SYSTEM_CAS).exists():  # not on every developer's machine
        text = text.replace(SYSTEM_CAS, certifi.where())
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    output = validate(path)
    assert "eprecated" not in output
    assert "[warning]" not in output


@pytest.mark.parametrize(
    ("processor", "upstream"),
    [
        ("unix:/tmp/x/extproc.sock", None),
        ("unix:/tmp/x/extproc.sock", "http://127.0.0.1:9000"),
        ("127.0.0.1:50051", "https://llm.example/base/v1"),
        ("policy.internal:50051", "https://10.0.0.7:8443"),
        ("[::1]:50051", "http://[::1]:9000"),
    ],
)
def test_what_is_rendered_is_valid(tmp_path: Path, processor: str, upstream: str | None) -> None:
    path = tmp_path / "envoy.json"
    path.write_text(
        render(
            GATEWAY.read_text(),
            port=1,
            admin_port=2,
            processor=processor,
            upstream=upstream,
            trusted_ca=certifi.where(),
        )
    )
    assert "eprecated" not in validate(path)


def filters() -> dict[str, Node]:
    [listener] = yaml.safe_load(GATEWAY.read_text())["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return {item["name"]: item["typed_config"] for item in manager["http_filters"]}


def test_filters_are_in_the_order_that_the_contract_needs() -> None:
    assert list(filters()) == [
        "envoy.filters.http.local_ratelimit",
        "brotli",
        "gzip",
        "envoy.filters.http.ext_proc",
        "envoy.filters.http.header_mutation",
        "envoy.filters.http.dynamic_forward_proxy",
        "envoy.filters.http.router",
    ]


def test_no_verdict_means_no_traffic() -> None:
    contract = filters()["envoy.filters.http.ext_proc"]
    assert contract["failure_mode_allow"] is False
    assert contract["allow_mode_override"] is True
    assert contract["processing_mode"] == {
        "request_header_mode": "SEND",
        "request_body_mode": "BUFFERED",
        "request_trailer_mode": "SKIP",
        "response_header_mode": "SEND",
        "response_body_mode": "BUFFERED",
        "response_trailer_mode": "SEND",
    }


def test_every_tls_cluster_verifies_the_name_it_calls() -> None:
    for cluster in yaml.safe_load(GATEWAY.read_text())["static_resources"]["clusters"]:
        if cluster["name"] in ("extproc", "ollama"):
            assert "transport_socket" not in cluster
            continue
        tls = cluster["transport_socket"]["typed_config"]
        assert tls["common_tls_context"]["validation_context"]["trusted_ca"] == {
            "filename": SYSTEM_CAS
        }
        options = cluster["typed_extension_protocol_options"]
        [http] = options.values()
        by_request = http.get("upstream_http_protocol_options", {})
        assert (tls.get("auto_host_sni") and tls.get("auto_sni_san_validation")) or (
            by_request.get("auto_sni") and by_request.get("auto_san_validation")
        )


OPENAI = {"message", "type", "param", "code", "request_id"}


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/openai/v1/chat/completions", "gateway"),
        ("/ollama/api/chat", "gateway"),
        ("/v1/chat/completions", "api.openai.com"),
        ("/v1/chat/completions", "api.x.ai:10000"),
        ("/openai/deployments/d/chat/completions", "resource.openai.azure.com"),
    ],
)
def test_processor_down_is_a_503_in_openai_shape(gateway: Gateway, path: str, host: str) -> None:
    answer = gateway.client.post(path, json={}, headers={"host": host})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    error = answer.json()["error"]
    assert set(error) == OPENAI
    assert error["code"] == "policy_unavailable"
    assert error["type"] == "server_error"
    assert error["param"] is None
    assert "nothing was forwarded. Retry;" in error["message"]


@pytest.mark.parametrize(
    ("path", "host"),
    [("/anthropic/v1/messages", "gateway"), ("/v1/messages", "api.anthropic.com")],
)
def test_processor_down_is_a_503_in_anthropic_shape(gateway: Gateway, path: str, host: str) -> None:
    answer = gateway.client.post(path, json={}, headers={"host": host})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == "overloaded_error"
    assert answer.json()["error"]["message"].startswith("policy_unavailable: ")


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/gemini/v1beta/models/m:generateContent", "gateway"),
        ("/v1beta/models/m:generateContent", "generativelanguage.googleapis.com"),
    ],
)
def test_processor_down_is_a_503_in_gemini_shape(gateway: Gateway, path: str, host: str) -> None:
    answer = gateway.client.post(path, json={}, headers={"host": host})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (503, "UNAVAILABLE")
    assert error["message"].startswith("policy_unavailable: ")


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/v1/chat/completions", "gateway"),
        ("/openai", "gateway"),
        ("/v1/chat/completions", "api.openai.com.evil.example"),
        ("/v1/chat/completions", "openai.azure.com"),
        ("/", "s3.us-east-1.amazonaws.com"),
    ],
)
def test_what_no_provider_has_is_a_404_that_says_what_to_do(
    gateway: Gateway, path: str, host: str
) -> None:
    answer = gateway.client.post(path, json={}, headers={"host": host})
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.json()["error"]["code"] == "unknown_route"
    assert "/openai/v1/chat/completions" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/openai/v1%2Fchat/completions", "gateway"),
        ("/v1%5cchat/completions", "api.openai.com"),
        ("/v1%2fchat", "resource.openai.azure.com"),
    ],
)
def test_an_escaped_slash_is_refused(gateway: Gateway, path: str, host: str) -> None:
    answer = gateway.client.post(path, json={}, headers={"host": host})
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["code"] == "escaped_slash"


@pytest.mark.parametrize("host", ["gateway", "bedrock-runtime.eu-west-1.amazonaws.com"])
def test_bedrock_may_have_escaped_slashes(gateway: Gateway, host: str) -> None:
    prefix = "/bedrock" if host == "gateway" else ""
    path = f"{prefix}/model/arn%3Aaws%3Abedrock%3A%3A%3Aprofile%2Fx/converse"
    answer = gateway.client.post(path, json={}, headers={"host": host})
    assert answer.json()["error"]["code"] == "policy_unavailable"


@pytest.mark.parametrize("host", ["gateway", "api.openai.com", "resource.openai.azure.com"])
def test_a_tunnel_is_refused_at_once(gateway: Gateway, host: str) -> None:
    url = gateway.client.base_url
    with socket.create_connection((url.host, url.port), timeout=5) as connection:
        connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 403 ")


def test_nothing_reaches_a_provider_while_the_processor_is_down(gateway: Gateway) -> None:
    for name in ("openai", "anthropic", "gemini", "bedrock", "mistral", "ollama"):
        gateway.client.post(f"/{name}/v1", json={})
    with pytest.raises(BlockingIOError):
        gateway.providers.accept()
