"""Sockets to listen on."""

import socket
from pathlib import Path

_BACKLOG = 1024
_SOCKET_MODE = 0o660


def socket_path(address: str) -> Path | None:
    """The path in `unix:/path`; None for another address."""
    return Path(address.removeprefix("unix:")) if address.startswith("unix:") else None


def claim(path: Path) -> None:
    """Make room for a socket: what a killed process left is removed, what serves is not.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    if not path.is_socket():
        raise FileExistsError(f"{path} is a file and no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise FileExistsError(f"another process serves on {path}")


def open_to_group(path: Path) -> None:
    """Let owner and group connect, and nobody else."""
    path.chmod(_SOCKET_MODE)


def listen(address: str) -> socket.socket:
    """Listen on `unix:/path` or `host:port`. Raises OSError."""
    path = socket_path(address)
    if path is not None:
        claim(path)
        server = socket.socket(socket.AF_UNIX)
        try:
            server.bind(str(path))
            open_to_group(path)
            server.listen(_BACKLOG)
        except OSError:
            server.close()
            raise
        return server
    host, _, port = address.rpartition(":")
    family, _, _, _, place = socket.getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(place[:2], family=family, backlog=_BACKLOG)
