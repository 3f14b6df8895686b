"""Settings of TLS and peers that make no sense together."""

from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from extproc.app.settings import Settings

_NO_KEY = "its private key is missing; set EXTPROC_TLS_KEY_FILE too"
_NO_CERTIFICATE = "its certificate is missing; set EXTPROC_TLS_CERT_FILE too"
_TLS_ON_A_SOCKET = (
    "a unix socket has no TLS; set EXTPROC_LISTEN to HOST:PORT, or leave the certificate out"
)
_NOT_NATIVE = "needs the native transport; set EXTPROC_TRANSPORT to native"
_CA_WITHOUT_TLS = "clients show certificates over TLS only; set EXTPROC_TLS_CERT_FILE too"
_SANS_WITHOUT_CA = "names count in verified certificates only; set EXTPROC_TLS_CLIENT_CA_FILE too"
_UIDS_ON_TCP = "only a unix socket knows the users of its peers; set EXTPROC_LISTEN to unix:/PATH"


def conflict(settings: "Settings") -> tuple[str, LiteralString] | None:
    """The first setting that cannot do what it is for, and the remedy."""
    tls, native = settings.tls_cert_file is not None, settings.transport == "native"
    key, ca = settings.tls_key_file is not None, settings.tls_client_ca_file is not None
    is_socket = settings.listen.startswith("unix:")
    rules: tuple[tuple[bool, str, LiteralString], ...] = (
        (tls and not key, "tls_cert_file", _NO_KEY),
        (key and not tls, "tls_key_file", _NO_CERTIFICATE),
        (tls and is_socket, "tls_cert_file", _TLS_ON_A_SOCKET),
        (tls and not native, "tls_cert_file", _NOT_NATIVE),
        (ca and not tls, "tls_client_ca_file", _CA_WITHOUT_TLS),
        (bool(settings.tls_client_sans) and not ca, "tls_client_sans", _SANS_WITHOUT_CA),
        (bool(settings.peer_uids) and not is_socket, "peer_uids", _UIDS_ON_TCP),
        (bool(settings.peer_uids) and not native, "peer_uids", _NOT_NATIVE),
    )
    return next(((name, message) for broken, name, message in rules if broken), None)
