"""Recorded exchanges over the wire: the client's half and the provider's half."""

from fnmatch import fnmatch

import httpx
import yaml

from tests.dataplane.harness import GATEWAY, Stack
from tests.dataplane.recorder import Answer, stream, whole
from tests.exchanges.recordings import Recording


def _domains() -> list[str]:
    """The hosts that the gateway knows by name."""
    [listener] = yaml.safe_load(GATEWAY.read_text())["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    hosts = manager["route_config"]["virtual_hosts"]
    return [domain for host in hosts for domain in host["domains"] if domain != "*"]


_DOMAINS = _domains()


def answer(recording: Recording, body: list[bytes] | None = None) -> Answer:
    """What the provider said, or `body` in its place, piece by piece."""
    chunks = recording.response_chunks if body is None else body
    if recording.streamed:
        return stream(chunks, recording.content_type)
    return whole(b"".join(chunks), recording.content_type, recording.status)


def ask(stack: Stack, recording: Recording, body: bytes | None = None) -> httpx.Response:
    """Send the recorded request, or one with `body`, to its provider's host."""
    known = any(fnmatch(recording.host, domain) for domain in _DOMAINS)
    headers = {"host": recording.host}
    if recording.request_content_type:
        headers["content-type"] = recording.request_content_type
    return stack.client.request(
        recording.method,
        recording.path if known else f"/custom{recording.path}",
        content=(recording.request_body if body is None else body) or None,
        headers=headers,
    )
