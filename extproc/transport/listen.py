"""Sockets to listen on."""

import socket
import struct
import sys
from ipaddress import ip_address
from pathlib import Path

_BACKLOG = 1024
_SOCKET_MODE = 0o660

_UCRED = struct.Struct("iII")  # Linux: process, user, group
_XUCRED = struct.Struct("IIh16I")  # macOS: version, user, groups
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1


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


def is_exposed(address: str) -> bool:
    """Whether other machines may reach an address: all but unix sockets and loopback."""
    if socket_path(address) is not None:
        return False
    host = address.rpartition(":")[0].strip("[]")
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def peer_uid(connection: socket.socket) -> int:
    """The user of the process at the other end of a unix socket, as the kernel knows it.

    Raises OSError.
    """
    if sys.platform == "darwin":
        credentials = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size)
        return int(_XUCRED.unpack(credentials)[1])
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(credentials)[1])


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
