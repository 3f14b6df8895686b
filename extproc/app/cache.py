"""A directory of files that this program wrote for itself and may trust.

Hyperscan runs a database as it is, so a file counts only if nobody else can have written it, and
if its digest is right. Whatever is wrong, the answer is that there is no such file.
"""

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

_DIGEST = 32  # bytes of BLAKE2b before the content
_LARGEST = 64 << 20  # bytes of one file
_MOST = 64  # files; the oldest give way
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Cache:
    """Files by name in `databases` below `directory`, which is created when first needed.

    Several processes may share it. Neither method raises: without a directory that can be used
    nothing is kept.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "databases"

    def get(self, name: str) -> bytes | None:
        """What was put under `name`."""
        try:
            with self._opened() as directory, _reading(directory, name) as file:
                _check(os.fstat(file.fileno()), stat.S_ISREG)
                data = file.read(_LARGEST)
        except OSError:
            return None
        content = data[_DIGEST:]
        return content if data[:_DIGEST] == _digest(name, content) else None

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under `name`; readers see all of it or nothing."""
        with contextlib.suppress(OSError):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as directory:
                _write(directory, name, _digest(name, data) + data)
                _tidy(directory)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _check(os.fstat(descriptor), stat.S_ISDIR)
            yield descriptor
        finally:
            os.close(descriptor)


def default_directory() -> Path | None:
    """Where the XDG Base Directory Specification puts caches; None for a user without a home."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        caches = named if named.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return caches / "extproc" if caches.is_absolute() else None


def _reading(directory: int, name: str) -> BinaryIO:
    return open(name, "rb", opener=lambda path, _: os.open(path, _READ, dir_fd=directory))


def _check(found: os.stat_result, kind: Callable[[int], bool]) -> None:
    """Raise PermissionError for what somebody other than root or this user may have written."""
    ours = found.st_uid in (0, os.geteuid()) and not found.st_mode & _OTHERS_WRITE
    if not (kind(found.st_mode) and ours):
        raise PermissionError


def _digest(name: str, content: bytes) -> bytes:
    """Of content under its name, so that a file in the place of another is found out."""
    return hashlib.blake2b(content, digest_size=_DIGEST, key=name.encode()[:64]).digest()


def _write(directory: int, name: str, data: bytes) -> None:
    draft = f"{name}.{secrets.token_hex(8)}"
    try:
        with open(
            draft, "wb", opener=lambda path, _: os.open(path, _CREATE, 0o600, dir_fd=directory)
        ) as file:
            file.write(data)
        os.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft, dir_fd=directory)


def _tidy(directory: int) -> None:
    """Remove the oldest of too many files, e.g. of former versions."""
    with os.scandir(directory) as entries:
        files = sorted(entries, key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in files[_MOST:]:
        os.unlink(entry.name, dir_fd=directory)
