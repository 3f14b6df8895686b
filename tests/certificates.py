"""Certificates for tests: an authority, and what it issues, with any names and dates."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

Key = ec.EllipticCurvePrivateKey
_SIGNING = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


class Pair(NamedTuple):
    """Paths of a certificate and its key, in PEM."""

    cert: Path
    key: Path


class Authority:
    """Signs what it is asked for. `cert` is the path of its own certificate."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        builder = _builder(self._name, self._name, self._key, timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self._certificate = builder.add_extension(_SIGNING, True).sign(self._key, hashes.SHA256())
        self.cert = directory / f"{name}.pem"
        self.cert.write_bytes(_pem(self._certificate))

    def issue(
        self,
        name: str,
        *sans: str,
        usage: Sequence[ObjectIdentifier] = (CLIENT, SERVER),
        days: float = 1,
    ) -> Pair:
        """Write `name.pem` and `name.key`. SANs are DNS names, IP addresses or URIs."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), self._name, key, timedelta(days=days))
        for extension in (
            x509.BasicConstraints(ca=False, path_length=None),
            x509.ExtendedKeyUsage(usage),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            x509.SubjectAlternativeName([_san(san) for san in sans]),
        ):
            builder = builder.add_extension(extension, False)
        pair = Pair(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        pair.cert.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        pair.key.write_bytes(private_key_pem(key))
        return pair


def private_key_pem(key: Key, password: bytes = b"") -> bytes:
    """A private key in PEM, encrypted where there is a password."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _san(san: str) -> x509.GeneralName:
    if "://" in san:
        return x509.UniformResourceIdentifier(san)
    try:
        return x509.IPAddress(ipaddress.ip_address(san))
    except ValueError:
        return x509.DNSName(san)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
