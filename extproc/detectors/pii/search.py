"""Many patterns sought at once, for finders that look closely only where one of them ends."""

import threading
from collections.abc import Sequence

import hyperscan

from extproc.detectors.compiler import IN_MEMORY, Compiler, Expression


class Search:
    """A Hyperscan database, compiled when first asked for. Safe to use from several threads."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._local = threading.local()
        self._database: hyperscan.Database | None = None

    def prepare(self, compiler: Compiler) -> hyperscan.Database:
        """Compile, unless that is done."""
        if self._database is None:
            self._database = compiler.database(
                [Expression(pattern, 0, number) for number, pattern in enumerate(self._patterns)]
            )
        return self._database

    def ends(self, data: bytes) -> list[tuple[int, int]]:
        """Where matches end, and of which pattern."""
        found: list[tuple[int, int]] = []
        database = self._database or self.prepare(IN_MEMORY)
        try:
            scratch = self._local.scratch
        except AttributeError:
            scratch = self._local.scratch = hyperscan.Scratch(database)

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, number))

        database.scan(data, match_event_handler=on_match, scratch=scratch)
        return found
