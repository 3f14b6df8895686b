"""The configuration of `extproc run`, without Envoy."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from extproc.app.envoy_config import Upstream, parse_upstream, render

TEMPLATE = Path(__file__).parents[2].joinpath("envoy", "gateway.yaml").read_text()
SOCKET = "unix:/tmp/x/extproc.sock"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
PREFIXES = [
    *("openai", "anthropic", "gemini", "bedrock", "azure", "mistral", "groq", "cohere"),
    *("deepseek", "openrouter", "cerebras", "xai", "together", "ollama", "custom"),
]

Node = dict[str, Any]


def rendered(upstream: str | None, processor: str = SOCKET, **options: Any) -> Node:
    text = render(
        TEMPLATE, port=1234, admin_port=2345, processor=processor, upstream=upstream, **options
    )
    config: Node = json.loads(text)
    return config


def listener(config: Node) -> Node:
    [only] = config["static_resources"]["listeners"]
    found: Node = only
    return found


def manager(config: Node) -> Node:
    found: Node = listener(config)["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def routes(config: Node) -> list[Node]:
    hosts = manager(config)["route_config"]["virtual_hosts"]
    return [route for host in hosts for route in host["routes"]]


def prefix_routes(config: Node) -> dict[str, Node]:
    [host] = [
        host
        for host in manager(config)["route_config"]["virtual_hosts"]
        if host["domains"] == ["*"]
    ]
    return {
        route["match"]["prefix"]: route for route in host["routes"] if "prefix" in route["match"]
    }


def clusters(config: Node) -> dict[str, Node]:
    return {cluster["name"]: cluster for cluster in config["static_resources"]["clusters"]}


def endpoint(cluster: Node) -> Node:
    [only] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    found: Node = only["endpoint"]
    return found


def socket(address: str, port: int) -> Node:
    return {"socket_address": {"address": address, "port_value": port}}


def added_headers(route: Node) -> dict[str, str]:
    items = route.get("request_headers_to_add", [])
    assert all(item["append_action"] == "OVERWRITE_IF_EXISTS_OR_ADD" for item in items)
    return {item["header"]["key"]: item["header"]["value"] for item in items}


def test_listens_on_loopback_at_the_ports_given() -> None:
    config = rendered(None)
    assert listener(config)["address"] == socket("127.0.0.1", 1234)
    assert config["admin"]["address"] == socket("127.0.0.1", 2345)


def test_listen_moves_the_gateway_but_never_the_admin_interface() -> None:
    config = rendered(None, listen="0.0.0.0")
    assert listener(config)["address"] == socket("0.0.0.0", 1234)
    assert config["admin"]["address"] == socket("127.0.0.1", 2345)


@pytest.mark.parametrize(
    ("processor", "address", "kind"),
    [
        ("unix:/tmp/x/extproc.sock", {"pipe": {"path": "/tmp/x/extproc.sock"}}, "type"),
        ("127.0.0.1:50051", socket("127.0.0.1", 50051), "type"),
        ("[::1]:50051", socket("::1", 50051), "type"),
        ("policy.internal:50051", socket("policy.internal", 50051), "cluster_type"),
    ],
)
def test_processor_is_where_it_is_said_to_be(processor: str, address: Node, kind: str) -> None:
    cluster = clusters(rendered(None, processor))["extproc"]
    assert endpoint(cluster)["address"] == address
    assert {"type", "cluster_type"} & set(cluster) == {kind}


@pytest.mark.parametrize("upstream", [None, "http://127.0.0.1:9000"])
def test_each_worker_is_an_endpoint(upstream: str | None) -> None:
    cluster = clusters(rendered(upstream, workers=3))["extproc"]
    [group] = cluster["load_assignment"]["endpoints"]
    assert [one["endpoint"]["address"]["pipe"]["path"] for one in group["lb_endpoints"]] == [
        "/tmp/x/extproc-0.sock",
        "/tmp/x/extproc-1.sock",
        "/tmp/x/extproc-2.sock",
    ]


def test_without_an_upstream_the_providers_stay() -> None:
    config, template = rendered(None), yaml.safe_load(TEMPLATE)
    ours, theirs = clusters(config), clusters(template)
    assert {name: ours[name] for name in ours if name != "extproc"} == {
        name: theirs[name] for name in theirs if name != "extproc"
    }
    assert manager(config) == manager(template)


def test_with_an_upstream_no_provider_is_left() -> None:
    config = rendered("http://127.0.0.1:9000")
    assert set(clusters(config)) == {"extproc", "upstream"}
    assert {route["route"]["cluster"] for route in routes(config) if "route" in route} == {
        "upstream"
    }


def test_every_filter_stays_as_the_gateway_has_it() -> None:
    config = rendered("http://127.0.0.1:9000")
    expected = manager(yaml.safe_load(TEMPLATE))
    assert manager(config) == {**expected, "route_config": manager(config)["route_config"]}


def test_every_forwarding_route_passes_the_processor() -> None:
    for upstream in (None, "http://127.0.0.1:9000"):
        for route in routes(rendered(upstream)):
            if "route" in route:
                assert "typed_per_filter_config" not in route


def test_each_prefix_is_stripped_and_names_its_provider() -> None:
    found = prefix_routes(rendered("http://127.0.0.1:9000"))
    hosts = {
        name: endpoint(cluster)["address"]["socket_address"]["address"]
        for name, cluster in clusters(yaml.safe_load(TEMPLATE)).items()
        if name in PREFIXES
    }
    assert set(hosts) == set(PREFIXES)
    for name in PREFIXES:
        route = found[f"/{name}/"]
        assert route["route"]["prefix_rewrite"] == "/"
        assert route["route"]["auto_host_rewrite"] is True
        assert route["route"]["timeout"] == "0s"
        assert added_headers(route) == {"x-forwarded-host": hosts[name]}


def test_hosts_that_vary_are_kept_as_the_client_wrote_them() -> None:
    [route] = [
        route
        for route in routes(rendered("http://127.0.0.1:9000"))
        if route["name"] == "azure" and route["match"] == {"prefix": "/"}
    ]
    assert added_headers(route) == {"x-forwarded-host": "%REQ(:AUTHORITY)%"}


def test_what_no_provider_has_goes_to_the_upstream() -> None:
    route = prefix_routes(rendered("http://127.0.0.1:9000"))["/"]
    assert route["route"]["cluster"] == "upstream"
    assert "direct_response" not in route
    assert added_headers(route) == {}


def test_refusals_stay_refusals() -> None:
    left = [r for r in routes(rendered("http://127.0.0.1:9000")) if "direct_response" in r]
    assert {(route["name"], route["direct_response"]["status"]) for route in left} == {
        ("escaped_slash", 400),
        ("tunnel", 403),
    }


def test_a_path_of_the_upstream_is_put_first() -> None:
    config = rendered("http://127.0.0.1:9000/base/v1")
    rewrites = {route["route"]["prefix_rewrite"] for route in routes(config) if "route" in route}
    assert rewrites == {"/base/v1/"}


def test_a_plain_upstream_is_spoken_to_in_plain_http1() -> None:
    cluster = clusters(rendered("http://127.0.0.1:9000"))["upstream"]
    assert "transport_socket" not in cluster
    options = cluster["typed_extension_protocol_options"][HTTP_OPTIONS]
    assert options["explicit_http_config"] == {"http_protocol_options": {}}
    assert "auto_config" not in options
    assert endpoint(cluster) == {
        "hostname": "127.0.0.1:9000",
        "address": socket("127.0.0.1", 9000),
    }


@pytest.mark.parametrize(
    ("url", "sni", "kind", "name"),
    [
        ("https://llm.example:8443", "llm.example", "DNS", "llm.example"),
        ("https://10.0.0.7", None, "IP_ADDRESS", "10.0.0.7"),
    ],
)
def test_a_tls_upstream_must_prove_its_name(
    url: str, sni: str | None, kind: str, name: str
) -> None:
    cluster = clusters(rendered(url))["upstream"]
    tls = cluster["transport_socket"]["typed_config"]
    context = tls["common_tls_context"]["validation_context"]
    assert tls.get("sni") == sni
    assert context["match_typed_subject_alt_names"] == [
        {"san_type": kind, "matcher": {"exact": name}}
    ]
    assert "trusted_ca" in context
    assert not {"auto_host_sni", "auto_sni_san_validation"} & set(tls)


def test_another_ca_file_is_used_for_every_tls_cluster() -> None:
    config = rendered(None, trusted_ca="/ca.pem")
    text = json.dumps(config)
    assert "ca-certificates.crt" not in text
    assert text.count('"trusted_ca": {"filename": "/ca.pem"}') == len(PREFIXES)


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("http://a.example", Upstream(False, "a.example", 80, "a.example", "/")),
        ("https://A.example/v1/", Upstream(True, "a.example", 443, "A.example", "/v1/")),
        ("http://[::1]:8080/a", Upstream(False, "::1", 8080, "[::1]:8080", "/a/")),
    ],
)
def test_an_upstream_url_is_read(url: str, parsed: Upstream) -> None:
    assert parse_upstream(url) == parsed


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("localhost:9000", "write http://host:port or https://host"),
        ("ftp://a.example", "write http://host:port or https://host"),
        ("http://", "write http://host:port or https://host"),
        ("http://a.example:0", "write http://host:port or https://host"),
        ("http://a.example:99999", "write http://host:port"),
        ("http://[::1", "write http://host:port"),
        ("http://me:secret@a.example", "leave them out"),
        ("http://a.example?x=1", "end it with the path"),
        ("http://a.example/#x", "end it with the path"),
        ("http://a.example/a/../b", "write one such as"),
        ("http://a.example/a%2Fb", "write one such as"),
        ("http://a.example//b", "write one such as"),
    ],
)
def test_a_useless_upstream_is_refused_with_a_remedy(url: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy) as caught:
        rendered(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("processor", "remedy"),
    [
        ("unix:extproc.sock", "write unix:/path"),
        ("unix:/" + "x" * 120, "use a shorter folder"),
        ("50051", "write unix:/path or host:port"),
        ("localhost:http", "write unix:/path or host:port"),
    ],
)
def test_a_useless_processor_is_refused_with_a_remedy(processor: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        rendered(None, processor)
