"""Who gets past the door of the native server: real certificates and sockets, both event loops."""

import asyncio
import logging
import os
import resource
import shutil
import socket
import ssl
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from grpc_health.v1 import health_pb2, health_pb2_grpc

from extproc.exchange.state import Limits
from extproc.model.errors import InputError
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.native import frames
from extproc.transport.native.server import NativeServer
from extproc.transport.native.tls import Tls, TlsFiles
from extproc.transport.session import Service
from tests.certificates import CLIENT, SERVER, Authority, Pair, private_key_pem
from tests.guardrail.making import REDACT_ALL

Run = Callable[[Awaitable[None]], None]
SECONDS = 10.0  # far more than anything here takes
POLL = 0.02
GATEWAY = "spiffe://example.org/ns/prod/gateway"


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return lambda use: request.param(_within(use))


async def _within(use: Awaitable[None]) -> None:
    async with asyncio.timeout(SECONDS):
        await use


class Shop:
    """An authority with a server's and a client's certificate, and a stranger's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca = Authority(directory)
        self.server = self.ca.issue("server", "localhost", "127.0.0.1")
        self.client = self.ca.issue("client", "gateway.example.org", GATEWAY)
        self.other_ca = Authority(directory, "other-ca")
        self.stranger = self.other_ca.issue("stranger", "gateway.example.org", GATEWAY)

    def files(self, *, mutual: bool = True, sans: tuple[str, ...] = ()) -> TlsFiles:
        return TlsFiles(*self.server, self.ca.cert if mutual else None, sans)

    def context(
        self, pair: Pair | None = None, alpn: tuple[str, ...] = ("h2",), ca: Path | None = None
    ) -> ssl.SSLContext:
        """What a client brings."""
        context = ssl.create_default_context(cafile=str(ca or self.ca.cert))
        context.set_alpn_protocols(alpn)
        if pair is not None:
            context.load_cert_chain(*pair)
        return context


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@asynccontextmanager
async def serving(
    address: str, tls: Tls | None = None, uids: frozenset[int] = frozenset()
) -> AsyncIterator[NativeServer]:
    with ThreadPoolExecutor(1) as executor:
        service = Service(lambda: REDACT_ALL, Limits(), Telemetry(), lambda: "made-here", 10)
        server = NativeServer(service, executor, tls, uids)
        await server.start(address)
        try:
            yield server
        finally:
            await server.stop(0)


def over_tls(files: TlsFiles) -> Any:
    return serving("127.0.0.1:0", Tls(files, POLL))


async def greeting(port: int, context: ssl.SSLContext | None, send: bytes = b"") -> bytes:
    """The first nine bytes of the server, fewer where it closes the connection."""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost" if context else None
        )
    except (ssl.SSLError, ConnectionError):
        return b""
    try:
        writer.write(send)
        return await reader.readexactly(frames.HEAD_SIZE)
    except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.transport.abort()


async def is_let_in(port: int, context: ssl.SSLContext | None, send: bytes = b"") -> bool:
    """Whether the server speaks HTTP/2 to such a client."""
    head = await greeting(port, context, send)
    return head[3:4] == bytes([frames.SETTINGS])


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why connections were refused, as the log has it."""
    return [
        record.__dict__["reason"]
        for record in caplog.records
        if record.message == "connection refused"
    ]


async def logged(caplog: pytest.LogCaptureFixture, message: str, times: int = 1) -> None:
    """Return when the log has this so often; the test's time limit ends it otherwise."""
    while sum(record.message == message for record in caplog.records) < times:
        await asyncio.sleep(POLL)


def channel(port: int, ca: Path, pair: Pair | None = None) -> grpc.aio.Channel:
    parts = (pair.key.read_bytes(), pair.cert.read_bytes()) if pair else (None, None)
    credentials = grpc.ssl_channel_credentials(ca.read_bytes(), *parts)
    return grpc.aio.secure_channel(f"localhost:{port}", credentials)


async def health(channel: grpc.aio.Channel) -> int:
    answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    status: int = answer.status
    return status


SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("mutual", [False, True], ids=["tls", "mutual"])
def test_a_real_client_is_served(shop: Shop, run: Run, mutual: bool) -> None:
    async def use() -> None:
        async with (
            over_tls(shop.files(mutual=mutual)) as server,
            channel(server.port, shop.ca.cert, shop.client if mutual else None) as client,
        ):
            assert await health(client) == SERVING

    run(use())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_are_spoken(shop: Shop, run: Run, version: ssl.TLSVersion) -> None:
    async def use() -> None:
        context = shop.context(shop.client)
        context.minimum_version = context.maximum_version = version
        async with over_tls(shop.files(sans=(GATEWAY,))) as server:
            assert await is_let_in(server.port, context)

    run(use())


def test_what_comes_with_the_end_of_the_handshake_is_read(shop: Shop, run: Run) -> None:
    """The client speaks at once: preface, SETTINGS and a PING are answered."""
    ping = frames.frame(frames.PING, 0, 0, b"12345678")
    expected = frames.frame(frames.PING, frames.ACK, 0, b"12345678")

    async def use() -> None:
        async with over_tls(shop.files()) as server:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1",
                server.port,
                ssl=shop.context(shop.client),
                server_hostname="localhost",
            )
            writer.write(frames.PREFACE + frames.settings() + ping)
            received = b""
            while expected not in received:
                received += await reader.readuntil(b"8")
            writer.transport.abort()

    run(use())


def old_tls(shop: Shop) -> ssl.SSLContext:
    context = shop.context(shop.client)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    return context


REFUSED: dict[str, tuple[Callable[[Shop], ssl.SSLContext], str]] = {
    "no-certificate": (lambda shop: shop.context(), "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
    "other-authority": (
        lambda shop: shop.context(shop.stranger),
        "unable to get local issuer certificate",
    ),
    "expired": (
        lambda shop: shop.context(shop.ca.issue("old", GATEWAY, days=-1)),
        "certificate has expired",
    ),
    "for-servers": (
        lambda shop: shop.context(shop.ca.issue("web", GATEWAY, usage=[SERVER])),
        "certificate purpose",
    ),
    "other-name": (
        lambda shop: shop.context(shop.ca.issue("web", "web.example.org", "127.0.0.1")),
        "no SAN of the client is among EXTPROC_TLS_CLIENT_SANS: web.example.org",
    ),
    "no-name": (
        lambda shop: shop.context(shop.ca.issue("ip", "127.0.0.1")),
        "no SAN of the client is among EXTPROC_TLS_CLIENT_SANS: none",
    ),
    "no-alpn": (lambda shop: shop.context(shop.client, ()), "offers no HTTP/2 (ALPN h2)"),
    "http/1.1": (lambda shop: shop.context(shop.client, ("http/1.1",)), "offers no HTTP/2"),
    "tls-1.1": (old_tls, "UNSUPPORTED_PROTOCOL"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_client_that_is_not_wanted_is_refused_and_the_log_says_why(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    make, reason = REFUSED[name]

    async def use() -> None:
        async with over_tls(shop.files(sans=(GATEWAY,))) as server:
            assert not await is_let_in(server.port, make(shop))
            await logged(caplog, "connection refused")
            assert await is_let_in(server.port, shop.context(shop.client))

    run(use())
    [logged_reason] = reasons(caplog)
    assert reason in logged_reason


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (frames.PREFACE + frames.settings(), "TLS handshake"),
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP_REQUEST"),
        (b"\x16\x03\x01" + bytes(100), "TLS handshake"),
    ],
    ids=["http/2", "http/1.1", "noise"],
)
def test_plain_text_is_refused(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture, sent: bytes, reason: str
) -> None:
    async def use() -> None:
        async with over_tls(shop.files()) as server:
            assert not await is_let_in(server.port, None, sent)
            await logged(caplog, "connection refused")

    run(use())
    assert reason in reasons(caplog)[0]


def test_a_client_that_speaks_tls_to_a_plain_port_is_refused(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def use() -> None:
        async with serving("127.0.0.1:0") as server:
            assert not await is_let_in(server.port, shop.context())

    run(use())
    assert reasons(caplog) == ["PROTOCOL_ERROR: no HTTP/2 preface"]


def test_a_handshake_may_not_take_long(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extproc.transport.native.door._HANDSHAKE_SECONDS", 0.1)

    async def use() -> None:
        async with over_tls(shop.files()) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\x16\x03\x01")
            await logged(caplog, "connection refused")
            assert await reader.read() == b""
            writer.close()

    run(use())
    assert "taking longer" in reasons(caplog)[0]


def test_a_server_that_stops_does_not_wait_for_handshakes(shop: Shop, run: Run) -> None:
    async def use() -> None:
        async with over_tls(shop.files()) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            while not _entering(server):
                await asyncio.sleep(0)
            await server.stop(SECONDS * 2)
            assert await _closed(reader)
            writer.close()

    run(use())


def _entering(server: NativeServer) -> int:
    """How many connections are in their handshake."""
    assert server._door is not None
    return len(server._door._entering)


async def _closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


def test_a_probe_of_the_port_is_not_worth_a_warning(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def use() -> None:
        async with over_tls(shop.files()) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            while not _entering(server):
                await asyncio.sleep(0)
            writer.close()
            while _entering(server):
                await asyncio.sleep(0)

    run(use())
    assert caplog.records == []


# Files that change


def replace(pair: Pair, by: Pair) -> None:
    """Put another certificate in the place of one, the key first: a moment with two halves."""
    by.key.replace(pair.key)
    by.cert.replace(pair.cert)


async def serial(port: int, context: ssl.SSLContext) -> Any:
    """Number of the certificate that the server shows."""
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    certificate = writer.get_extra_info("peercert")
    writer.transport.abort()
    return certificate["serialNumber"]


def test_a_new_certificate_is_for_new_connections(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def use() -> None:
        async with (
            over_tls(shop.files()) as server,
            channel(server.port, shop.ca.cert, shop.client) as before,
        ):
            assert await health(before) == SERVING
            first = await serial(server.port, shop.context(shop.client))
            replace(shop.server, shop.ca.issue("next", "localhost"))
            await logged(caplog, "TLS files loaded")
            assert await serial(server.port, shop.context(shop.client)) != first
            assert len(server._connections) == 1
            assert await health(before) == SERVING

    run(use())


def test_a_new_authority_is_for_new_connections(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def use() -> None:
        async with (
            over_tls(shop.files()) as server,
            channel(server.port, shop.ca.cert, shop.client) as before,
        ):
            assert await health(before) == SERVING
            assert not await is_let_in(server.port, shop.context(shop.stranger))
            old, new = shop.context(shop.client), shop.context(shop.stranger)
            shop.ca.cert.write_bytes(shop.other_ca.cert.read_bytes())
            await logged(caplog, "TLS files loaded")
            assert await is_let_in(server.port, new)
            assert not await is_let_in(server.port, old)
            assert await health(before) == SERVING

    run(use())


def test_a_session_from_before_does_not_get_around_a_new_authority(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """A resumed session shows no certificate anew."""
    caplog.set_level(logging.INFO)
    context = shop.context(shop.client)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its sessions are there with the handshake

    def connect(port: int, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool]:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as plain:
            wrapped = context.wrap_socket(plain, server_hostname="localhost", session=session)
            with wrapped:
                assert wrapped.recv(1)
                return wrapped.session, bool(wrapped.session_reused)

    async def use() -> None:
        async with over_tls(shop.files()) as server:
            session, resumed = await asyncio.to_thread(connect, server.port, None)
            assert not resumed
            _, resumed = await asyncio.to_thread(connect, server.port, session)
            assert resumed, "else this test shows nothing"
            shop.ca.cert.write_bytes(shop.other_ca.cert.read_bytes())
            await logged(caplog, "TLS files loaded")
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.to_thread(connect, server.port, session)

    run(use())


def test_files_behind_a_swapped_link_are_followed(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """As Kubernetes updates a Secret: the paths stay, a link in their middle changes."""
    caplog.set_level(logging.INFO)
    for version, pair in (("v1", shop.server), ("v2", shop.ca.issue("other", "localhost"))):
        (shop.directory / version).mkdir()
        shutil.copy(pair.cert, shop.directory / version / "tls.crt")
        shutil.copy(pair.key, shop.directory / version / "tls.key")
    data = shop.directory / "data"
    data.symlink_to("v1")

    async def use() -> None:
        async with over_tls(TlsFiles(data / "tls.crt", data / "tls.key")) as server:
            first = await serial(server.port, shop.context())
            (shop.directory / "next").symlink_to("v2")
            (shop.directory / "next").replace(data)
            await logged(caplog, "TLS files loaded")
            assert await serial(server.port, shop.context()) != first

    run(use())


BROKEN: dict[str, tuple[Callable[[Shop], object], str]] = {
    "cert-missing": (lambda shop: shop.server.cert.unlink(), "CERT_FILE: {cert}: No such file"),
    "key-missing": (lambda shop: shop.server.key.unlink(), "KEY_FILE: {key}: No such file"),
    "ca-missing": (lambda shop: shop.ca.cert.unlink(), "CLIENT_CA_FILE: {ca}: No such file"),
    "cert-empty": (lambda shop: shop.server.cert.write_bytes(b""), "write it in PEM"),
    "key-not-pem": (lambda shop: shop.server.key.write_bytes(b"\0\1"), "KEY_FILE: {key} has no"),
    "ca-not-pem": (lambda shop: shop.ca.cert.write_text("ca"), "CLIENT_CA_FILE: {ca} has no"),
    "exchanged": (
        lambda shop: exchange(shop.server.cert, shop.server.key),
        "write it in PEM",
    ),
    "cert-cut": (lambda shop: cut(shop.server.cert), "CERT_FILE: {cert} with {key}"),
    "key-cut": (lambda shop: cut(shop.server.key), "CERT_FILE: {cert} with {key}"),
    "ca-cut": (lambda shop: cut(shop.ca.cert), "CLIENT_CA_FILE: {ca}"),
    "other-key": (
        lambda shop: shutil.copy(shop.client.key, shop.server.key),
        "{key} is not the key of {cert}; name two that belong together",
    ),
    "encrypted-key": (
        lambda shop: shop.server.key.write_bytes(
            private_key_pem(ec.generate_private_key(ec.SECP256R1()), b"secret")
        ),
        "KEY_FILE: {key} is encrypted; name one that is not",
    ),
    "expired": (
        lambda shop: replace(shop.server, shop.ca.issue("old", "localhost", days=-1)),
        "CERT_FILE: {cert}: certificate has expired; renew it",
    ),
    "for-clients": (
        lambda shop: replace(shop.server, shop.ca.issue("c", "localhost", usage=[CLIENT])),
        "certificate purpose",
    ),
}


def exchange(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-80] + b"\n")


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_cannot_work_are_refused_with_the_remedy(shop: Shop, name: str) -> None:
    damage, expected = BROKEN[name]
    damage(shop)
    with pytest.raises(InputError) as caught:
        Tls(shop.files())
    message = str(caught.value)
    assert message.startswith("EXTPROC_TLS_")
    assert expected.format(**shop.server._asdict(), ca=shop.ca.cert) in message
    assert "\n" not in message


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_change_keeps_the_last_good_files(
    shop: Shop, run: Run, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    damage, _ = BROKEN[name]
    caplog.set_level(logging.INFO)

    async def use() -> None:
        good, bad = shop.context(shop.client), shop.context(shop.stranger)
        async with over_tls(shop.files()) as server:
            first = await serial(server.port, good)
            damage(shop)
            await logged(caplog, "TLS files refused, the last good ones stay")
            assert await serial(server.port, good) == first
            assert not await is_let_in(server.port, bad)
            caplog.clear()
            shutil.copy(shop.other_ca.cert, shop.ca.cert)
            replace(shop.server, shop.other_ca.issue("repaired", "localhost"))
            await logged(caplog, "TLS files loaded")
            repaired = shop.context(shop.stranger, ca=shop.other_ca.cert)
            assert await is_let_in(server.port, repaired)

    run(use())


# Unix sockets


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder with a short path that every user may enter."""
    path = Path(tempfile.mkdtemp(prefix="x"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


CHILD = """
import os, socket, sys
path, user = sys.argv[1], int(sys.argv[2])
os.setuid(user)  # and the group stays, so that the mode of the socket lets it in
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    try:
        print(len(connection.recv(9)))
    except ConnectionResetError:
        print(0)
"""
OTHER = 65_534 if os.geteuid() == 0 else os.geteuid()  # only root can be somebody else


async def bytes_for(user: int, path: Path) -> int:
    """How many bytes of a greeting a process of this user receives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(path), str(user), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return int(output)


def test_processes_of_the_users_that_are_named_are_let_in(directory: Path, run: Run) -> None:
    path = directory / "x.sock"

    async def use() -> None:
        async with (
            serving(f"unix:{path}", uids=frozenset({OTHER, os.geteuid()})),
            grpc.aio.insecure_channel(f"unix:{path}") as client,
        ):
            assert await bytes_for(OTHER, path) == 9
            assert await health(client) == SERVING

    run(use())


def test_a_process_of_another_user_is_refused_though_its_group_may_connect(
    directory: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    path = directory / "x.sock"

    async def use() -> None:
        async with serving(f"unix:{path}", uids=frozenset({OTHER + 1})):
            assert await bytes_for(OTHER, path) == 0
        async with serving(f"unix:{path}"):
            assert await bytes_for(OTHER, path) == 9

    run(use())
    assert reasons(caplog) == [f"user {OTHER} is not among EXTPROC_PEER_UIDS"]


def test_a_server_without_descriptors_goes_on_when_there_are_some(
    directory: Path, run: Run, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extproc.transport.native.door._PAUSE_SECONDS", 0.05)
    path = directory / "x.sock"
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def use() -> None:
        loop = asyncio.get_running_loop()
        async with serving(f"unix:{path}"):
            with socket.socket(socket.AF_UNIX) as client:
                client.setblocking(False)
                resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno(), limits[1]))
                try:
                    await loop.sock_connect(client, str(path))
                    await logged(caplog, "cannot accept connections")
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
                assert len(await loop.sock_recv(client, frames.HEAD_SIZE)) == frames.HEAD_SIZE

    run(use())


def test_root_is_a_user_like_others(
    directory: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    path = directory / "x.sock"

    async def use() -> None:
        async with serving(f"unix:{path}", uids=frozenset({os.geteuid() + 1})):
            reader, writer = await asyncio.open_unix_connection(str(path))
            assert await _closed(reader)
            writer.close()

    run(use())
    assert reasons(caplog) == [f"user {os.geteuid()} is not among EXTPROC_PEER_UIDS"]
