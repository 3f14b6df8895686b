"""What `extproc run` starts: the text of `envoy/gateway.yaml` with places replaced.

Everything else (filters, limits, retries, local replies) stays as the gateway has it, so that what
is tried on one machine is what runs in a cluster.
"""

import json
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import yaml

from extproc.app.addresses import worker_addresses

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_SIMPLE_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107
_ANY_PATH = {"prefix": "/"}

Node = dict[str, Any]  # a mapping of Envoy's configuration


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where all providers lead. `authority` is sent as Host; `prefix` starts and ends with `/`."""

    tls: bool
    host: str
    port: int
    authority: str
    prefix: str


def render(
    template: str,
    *,
    port: int,
    admin_port: int,
    processor: str,
    workers: int = 1,
    upstream: str | None,
    listen: str = "127.0.0.1",
    trusted_ca: str | None = None,
) -> str:
    """Return the configuration of one run, as JSON text (which Envoy's YAML loader reads too).

    `template` is the text of gateway.yaml. `processor` is `unix:/path` or `host:port`, as in
    EXTPROC_LISTEN, and each of its `workers` has an address made from it. With
    `upstream`, an http or https URL, every provider leads there, and so does every path and host
    that no provider has; with None the providers stay. The gateway listens on `listen`, its admin
    interface on loopback. `trusted_ca` is a CA file to use instead of the template's.

    Raises ValueError, with the remedy, if the processor or the upstream cannot be used.
    """
    # The round trip through JSON gives every YAML alias an object of its own.
    config: Node = json.loads(json.dumps(yaml.safe_load(template)))
    resources = config["static_resources"]
    [listener] = resources["listeners"]
    listener["address"] = _address(listen, port)
    config["admin"]["address"] = _address("127.0.0.1", admin_port)
    clusters: dict[str, Node] = {cluster["name"]: cluster for cluster in resources["clusters"]}
    addresses = [_processor_address(one) for one in worker_addresses(processor, workers)]
    _place(clusters["extproc"], addresses, clusters["openai"]["cluster_type"])
    if upstream is not None:
        target = parse_upstream(upstream)
        processors, providers = clusters.pop("extproc"), clusters
        hosts = {name: _provider_host(cluster) for name, cluster in providers.items()}
        _lead_routes(listener, hosts, target.prefix)
        _lead_cluster(providers["openai"], target)
        clusters = {"extproc": processors, "upstream": providers["openai"]}
    resources["clusters"] = list(clusters.values())
    if trusted_ca is not None:
        _trust(resources["clusters"], trusted_ca)
    return json.dumps(config, indent=2, ensure_ascii=False)


def parse_upstream(url: str) -> Upstream:
    """Read an http or https URL. Raises ValueError, with the remedy, for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"upstream {url!r} is malformed: write http://host:port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(f"upstream {url!r} is no URL: write http://host:port or https://host")
    if parts.username is not None:
        raise ValueError("the upstream has credentials: leave them out, clients send their own")
    if parts.query or parts.fragment:
        raise ValueError(f"upstream {url!r} has a query or a fragment: end it with the path")
    if not _SIMPLE_PATH.fullmatch(parts.path):
        raise ValueError(f"upstream path {parts.path!r} is not simple: write one such as /base/v1")
    tls = parts.scheme == "https"
    return Upstream(
        tls=tls,
        host=parts.hostname,
        port=port or (443 if tls else 80),
        authority=parts.netloc,
        prefix=parts.path.rstrip("/") + "/",
    )


def _processor_address(processor: str) -> Node:
    if processor.startswith("unix:"):
        path = processor.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError(f"processor {processor!r} is no absolute path: write unix:/path")
        if len(path.encode()) > _SOCKET_PATH_BYTES:
            raise ValueError(
                f"processor socket {path!r} is longer than {_SOCKET_PATH_BYTES} bytes: "
                "use a shorter folder, such as /tmp"
            )
        return {"pipe": {"path": path}}
    host, _, port = processor.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"processor {processor!r} is no address: write unix:/path or host:port")
    return _address(host.strip("[]"), int(port))


def _address(host: str, port: int) -> Node:
    return {"socket_address": {"address": host, "port_value": port}}


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _place(cluster: Node, addresses: list[Node], dns: Node) -> None:
    """Give a cluster its addresses. Names are resolved as `dns` says; the rest is static."""
    endpoints = [{"endpoint": {"address": address}} for address in addresses]
    cluster["load_assignment"] = {
        "cluster_name": cluster["name"],
        "endpoints": [{"lb_endpoints": endpoints}],
    }
    cluster.pop("type", None)
    cluster.pop("cluster_type", None)
    sockets = [address.get("socket_address") for address in addresses]
    if all(socket is None or _is_ip(socket["address"]) for socket in sockets):
        cluster["type"] = "STATIC"
    else:
        cluster["cluster_type"] = dns


def _provider_host(cluster: Node) -> str:
    """Return the name that a provider is called by: fixed, or the one the client used."""
    if "load_assignment" not in cluster:
        return "%REQ(:AUTHORITY)%"
    [endpoint] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    return str(endpoint["endpoint"]["address"]["socket_address"]["address"])


def _lead_routes(listener: Node, hosts: dict[str, str], prefix: str) -> None:
    """Lead every route to the upstream, also the one that answers 404; the other refusals stay."""
    [chain] = listener["filter_chains"]
    action = {"cluster": "upstream", "prefix_rewrite": prefix, "auto_host_rewrite": True}
    for host in chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]:
        for route in host["routes"]:
            if "route" in route:
                name = {"key": "x-forwarded-host", "value": hosts[route["route"]["cluster"]]}
                route["request_headers_to_add"] = [
                    {"header": name, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
                ]
                route["route"].update(action)
            elif route["match"] == _ANY_PATH:
                # As a whole: what was a refusal had the processor switched off.
                route.clear()
                route.update(name="upstream", match=_ANY_PATH, route={**action, "timeout": "0s"})


def _lead_cluster(cluster: Node, upstream: Upstream) -> None:
    """Make a provider's cluster the upstream's."""
    cluster["name"] = "upstream"
    _place(cluster, [_address(upstream.host, upstream.port)], cluster["cluster_type"])
    [endpoint] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    endpoint["endpoint"]["hostname"] = upstream.authority  # what auto_host_rewrite sends
    del cluster["circuit_breakers"]["per_host_thresholds"]  # one host has the whole pool
    if not upstream.tls:
        del cluster["transport_socket"]
        options = cluster["typed_extension_protocol_options"][_HTTP_OPTIONS]
        del options["auto_config"]
        options["explicit_http_config"] = {"http_protocol_options": {}}
        return
    # By name, not from the endpoint's hostname: that may carry a port, and an IP address is no SNI.
    tls = cluster["transport_socket"]["typed_config"]
    del tls["auto_host_sni"], tls["auto_sni_san_validation"]
    kind = "IP_ADDRESS" if _is_ip(upstream.host) else "DNS"
    if kind == "DNS":
        tls["sni"] = upstream.host
    tls["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"] = [
        {"san_type": kind, "matcher": {"exact": upstream.host}}
    ]


def _trust(clusters: list[Node], ca_file: str) -> None:
    for cluster in clusters:
        if "transport_socket" in cluster:
            context = cluster["transport_socket"]["typed_config"]["common_tls_context"]
            context["validation_context"]["trusted_ca"] = {"filename": ca_file}
