"""Patterns to Hyperscan databases. A compile takes tenths of a second, so its results are kept."""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol

import hyperscan
from hyperscan._version import __version__

from extproc.model.errors import PatternError

_MOST_RECENT = 32  # databases; a policy has about ten


class Expression(NamedTuple):
    """One pattern, its Hyperscan flags, and the number by which its matches are reported."""

    pattern: str
    flags: int
    number: int


class Shelf(Protocol):
    """Keeps compiled databases from one start to the next."""

    def get(self, name: str) -> bytes | None:
        """What was put under `name`, exactly as it was put; None where there is nothing."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` if possible. Raises nothing."""
        ...


class Compiler:
    """Compiles for block mode, or takes what a shelf has. Safe to use from several threads.

    The scanners of a policy differ in few of their databases: those that are equal are one.
    """

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, Future[hyperscan.Database]] = OrderedDict()

    def database(self, expressions: Sequence[Expression]) -> hyperscan.Database:
        """The database of `expressions`. Raises PatternError when one cannot be compiled."""
        name = _name(expressions)
        with self._lock:
            known = self._recent.get(name)
            made = known or self._recent.setdefault(name, Future())
            self._recent.move_to_end(name)
            if len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)
        if known is None:
            try:
                made.set_result(self._made(name, expressions))
            except BaseException as error:
                made.set_exception(error)
                with self._lock:
                    self._recent.pop(name, None)
                raise
        return made.result()

    def _made(self, name: str, expressions: Sequence[Expression]) -> hyperscan.Database:
        kept = None if self._shelf is None else self._shelf.get(name)
        if kept is not None:
            try:
                return _loaded(kept)
            except hyperscan.error:  # e.g. of another kind of processor
                pass
        data = _compiled(expressions)
        if self._shelf is not None:
            self._shelf.put(name, data)
        return _loaded(data)


IN_MEMORY = Compiler()
"""Keeps nothing on a disk."""


def _compiled(expressions: Sequence[Expression]) -> bytes:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[item.pattern.encode("ascii") for item in expressions],
            flags=[item.flags for item in expressions],
            ids=[item.number for item in expressions],
            elements=len(expressions),
        )
    except hyperscan.error as error:
        raise PatternError(f"a detection pattern cannot be compiled: {error}") from error
    data: bytes = hyperscan.dumpb(database)
    return data


def _loaded(data: bytes) -> hyperscan.Database:
    database = hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
    hyperscan.Scratch(database)  # fails here and not in a scan
    return database


def _name(expressions: Sequence[Expression]) -> str:
    """A hash of all that a database depends on."""
    machine = os.uname()
    known = (__version__, machine.sysname, machine.machine, *expressions)
    return hashlib.blake2b(repr(known).encode(), digest_size=32).hexdigest()
