"""TLS for a server whose certificates change while it runs."""

import asyncio
import hashlib
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extproc.model.errors import InputError
from extproc.transport.native.sans import is_allowed, shown

ALPN = "h2"

_POLL_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files, and who may connect.

    With `client_ca`, clients must show a certificate that leads to one in it. With `client_sans`,
    it must also bear one of these names; see `sans.is_allowed`.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None
    client_sans: tuple[str, ...] = ()


class Tls:
    """The context for the next handshake, made anew when the files change.

    Raises InputError, with the remedy, when the first one cannot be made.
    """

    def __init__(self, files: TlsFiles, poll_seconds: float = _POLL_SECONDS) -> None:
        self._files = files
        self._poll_seconds = poll_seconds
        self._digest = _digest(files)
        self.context = make_context(files)

    async def follow(self) -> None:
        """Look at the files for ever. By content, since a Secret swaps a link behind the paths."""
        while True:
            await asyncio.sleep(self._poll_seconds)
            # Before the files are used: what changes in between is seen the next time.
            digest = await asyncio.to_thread(_digest, self._files)
            if digest != self._digest:
                self._digest = digest
                await self._reload()

    async def _reload(self) -> None:
        """Connections that exist live on, and sessions of the former context are not resumed."""
        try:
            self.context = await asyncio.to_thread(make_context, self._files)
        except InputError as error:
            _log.error("TLS files refused, the last good ones stay", extra={"reason": str(error)})
            return
        _log.info("TLS files loaded", extra={"certificate": str(self._files.cert)})

    def objection(self, connection: ssl.SSLObject) -> str:
        """Why a connection whose handshake succeeded is not wanted; empty if it is."""
        if connection.selected_alpn_protocol() != ALPN:
            return "the client offers no HTTP/2 (ALPN h2)"
        if not self._files.client_sans:
            return ""
        certificate: Any = connection.getpeercert() or {}
        names = certificate.get("subjectAltName", ())
        if is_allowed(names, self._files.client_sans):
            return ""
        return f"no SAN of the client is among EXTPROC_TLS_CLIENT_SANS: {shown(names)}"


def make_context(files: TlsFiles) -> ssl.SSLContext:
    """A server's context from files that were tried out. Raises InputError with the remedy."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # RFC 9113, 9.2.1
    context.set_alpn_protocols([ALPN])
    _load_certificate(context, files)
    _try_out(context, files.cert)
    if files.client_ca is not None:
        _read(files.client_ca, "EXTPROC_TLS_CLIENT_CA_FILE", b"-----BEGIN CERTIFICATE-----")
        try:
            context.load_verify_locations(files.client_ca)
        except ssl.SSLError as error:
            message = f"EXTPROC_TLS_CLIENT_CA_FILE: {files.client_ca}: {error.reason}"
            raise InputError(f"{message}; write certificates in PEM") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _load_certificate(context: ssl.SSLContext, files: TlsFiles) -> None:
    _read(files.cert, "EXTPROC_TLS_CERT_FILE", b"-----BEGIN CERTIFICATE-----")
    _read(files.key, "EXTPROC_TLS_KEY_FILE", b"PRIVATE KEY-----")

    def refuse() -> str:  # OpenSSL would ask on the terminal
        raise InputError(f"EXTPROC_TLS_KEY_FILE: {files.key} is encrypted; name one that is not")

    try:
        context.load_cert_chain(files.cert, files.key, refuse)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = f"{files.key} is not the key of {files.cert}; name two that belong together"
            raise InputError(f"EXTPROC_TLS_KEY_FILE: {message}") from error
        message = f"{files.cert} with {files.key}: {error.reason or 'unreadable'}"
        raise InputError(f"EXTPROC_TLS_CERT_FILE: {message}; write both in PEM") from error


def _read(path: Path, variable: str, mark: bytes) -> None:
    """Complain of a file in words of its own: OpenSSL does not say which one it means."""
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"{variable}: {path}: {error.strerror}; name a readable file"
        raise InputError(message) from error
    if mark not in data:
        raise InputError(f"{variable}: {path} has no {mark.decode()!r}; write it in PEM")


def _try_out(context: ssl.SSLContext, cert: Path) -> None:
    """Shake hands with ourselves, to know of a certificate that no client would accept."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False  # its name is the client's affair, and so is its issuer
    client_context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client_context.load_verify_locations(cert)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(up, down, server_side=True)
    client = client_context.wrap_bio(down, up)
    try:
        for side in (client, server, client):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    except ssl.SSLCertVerificationError as error:
        message = f"EXTPROC_TLS_CERT_FILE: {cert}: {error.verify_message}; renew it"
        raise InputError(message) from error


def _digest(files: TlsFiles) -> bytes:
    digest = hashlib.sha256()
    for path in (files.cert, files.key, files.client_ca):
        if path is not None:
            try:
                digest.update(hashlib.sha256(path.read_bytes()).digest())
            except OSError:
                digest.update(b"unreadable")
    return digest.digest()
