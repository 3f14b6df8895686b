"""TLS and peers: settings that fit together, and a processor that warns when there is neither."""

import asyncio
import logging
from pathlib import Path

import pytest

from extproc.app.processor import Processor
from extproc.app.settings import Settings, load_settings
from extproc.model.errors import InputError
from tests.certificates import Authority

CERT = {"tls_cert_file": "/tls.crt", "tls_key_file": "/tls.key"}
SOCKET = {"listen": "unix:/run/x.sock"}


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CERT.items():
        monkeypatch.setenv(f"EXTPROC_{name.upper()}", value)
    monkeypatch.setenv("EXTPROC_TLS_CLIENT_CA_FILE", "/ca.crt")
    monkeypatch.setenv("EXTPROC_TLS_CLIENT_SANS", "a.example.org, spiffe://example.org/ns/*,")
    settings = load_settings()
    assert settings.tls_client_sans == ("a.example.org", "spiffe://example.org/ns/*")


@pytest.mark.parametrize(("written", "read"), [("0", {0}), ("101, 0", {0, 101}), ("", set())])
def test_users_are_numbers(monkeypatch: pytest.MonkeyPatch, written: str, read: set[int]) -> None:
    monkeypatch.setenv("EXTPROC_LISTEN", SOCKET["listen"])
    monkeypatch.setenv("EXTPROC_PEER_UIDS", written)
    assert load_settings().peer_uids == read


@pytest.mark.parametrize("written", ["peer_uids: 101", "peer_uids: [101]", "peer_uids: '101'"])
def test_a_file_may_write_a_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str
) -> None:
    (tmp_path / "settings.yaml").write_text(f"listen: unix:/run/x.sock\n{written}\n")
    monkeypatch.setenv("EXTPROC_CONFIG", str(tmp_path / "settings.yaml"))
    assert load_settings().peer_uids == {101}


@pytest.mark.parametrize(
    ("chosen", "mistake"),
    [
        ({"tls_cert_file": "/x"}, "TLS_CERT_FILE: its private key is missing"),
        ({"tls_key_file": "/x"}, "TLS_KEY_FILE: its certificate is missing"),
        ({**CERT, **SOCKET}, "TLS_CERT_FILE: a unix socket has no TLS; set EXTPROC_LISTEN"),
        ({**CERT, "transport": "grpcio"}, "TLS_CERT_FILE: needs the native transport"),
        ({"tls_client_ca_file": "/x"}, "TLS_CLIENT_CA_FILE: clients show certificates over TLS"),
        ({**CERT, "tls_client_sans": "a.org"}, "TLS_CLIENT_SANS: names count in verified"),
        ({**CERT, "tls_client_sans": "a*.org"}, "TLS_CLIENT_SANS: 'a*.org': write a DNS name"),
        ({"peer_uids": "0"}, "PEER_UIDS: only a unix socket knows"),
        ({**SOCKET, "peer_uids": "0", "transport": "grpcio"}, "PEER_UIDS: needs the native"),
        ({**SOCKET, "peer_uids": "root"}, "PEER_UIDS: Input should be a valid integer"),
        ({**SOCKET, "peer_uids": "-1"}, "PEER_UIDS: Input should be greater than or equal to 0"),
    ],
)
def test_what_cannot_protect_is_refused(chosen: dict[str, str], mistake: str) -> None:
    with pytest.raises(InputError) as caught:
        load_settings(**chosen)
    assert str(caught.value).startswith(f"EXTPROC_{mistake}")


def logged_at_start(caplog: pytest.LogCaptureFixture, **chosen: object) -> list[str]:
    """Warnings of a processor that starts with these settings."""
    caplog.set_level(logging.WARNING)
    values = {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0", "drain_seconds": 0}

    async def main() -> None:
        processor = Processor(Settings.model_validate(values | chosen))
        await processor.start()
        await processor.stop()

    asyncio.run(main())
    return [record.message for record in caplog.records]


@pytest.mark.parametrize("transport", ["native", "grpcio"])
def test_content_in_the_clear_on_the_network_is_warned_of(
    caplog: pytest.LogCaptureFixture, transport: str
) -> None:
    [warning] = logged_at_start(caplog, listen="0.0.0.0:0", transport=transport)
    assert warning == "content from Envoy arrives in the clear: no TLS"
    assert "EXTPROC_TLS_CERT_FILE" in caplog.records[0].__dict__["remedy"]


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "unix:{}/x.sock"])
def test_nobody_else_can_listen_in_on_loopback_or_a_socket(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, listen: str
) -> None:
    assert logged_at_start(caplog, listen=listen.format(tmp_path)) == []


def test_with_tls_there_is_nothing_to_warn_of(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    cert, key = Authority(tmp_path).issue("server", "localhost")
    assert logged_at_start(caplog, listen="0.0.0.0:0", tls_cert_file=cert, tls_key_file=key) == []


def test_a_certificate_that_cannot_be_read_is_told_at_the_start(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    cert, key = Authority(tmp_path).issue("server", "localhost")
    cert.unlink()
    with pytest.raises(InputError, match=r"EXTPROC_TLS_CERT_FILE: .* name a readable file"):
        logged_at_start(caplog, tls_cert_file=cert, tls_key_file=key)
