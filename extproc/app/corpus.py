"""What tools read: corpora of any size, as numbered lines of JSON.

JSONL (also `.gz`) comes as it is written; a row of CSV, TSV or parquet comes as `{"text": …}`.
"""

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

import orjson

from extproc.model.errors import InputError

LONGEST_LINE = 32 << 20  # bytes
_CHUNK_LINES = 512
_CHUNK_BYTES = 1 << 18
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_COLUMNS = ("text", "prompt")  # that are taken where none is named
_TABLES = (*_DELIMITERS, ".parquet")


class Line(NamedTuple):
    """A line that is not blank. `number` counts from 1, blank ones too; of a table it is the row's.

    `data` is None where the line cannot be read: longer than 32 MiB, or a row without text.
    """

    number: int
    data: bytes | None


class Corpus:
    """A file of lines, to be read once. Raises InputError where it cannot be read.

    `column` names the one of a table that holds the text; `text` or `prompt` unless it does.
    """

    def __init__(self, path: Path, column: str | None = None) -> None:
        if not path.is_file():
            raise InputError(f"{path}: no such file; name a JSONL, CSV or parquet file")
        suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
        self._kind = suffixes[-1].lower() if suffixes else ""
        if column is not None and self._kind not in _TABLES:
            raise InputError(f"{path}: has no columns; leave --column out, or name a CSV file")
        self.path = path
        self._column = column
        self._stack = ExitStack()
        self._size = path.stat().st_size
        self._raw: IO[bytes] | None = None
        self._rows_read = self._rows = 0  # of parquet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def fraction(self) -> float:
        """How much has been read, 0 to 1."""
        if self._rows:
            return self._rows_read / self._rows
        if self._raw is None or self._raw.closed or not self._size:
            return 1.0
        return self._raw.tell() / self._size

    def lines(self) -> Iterator[Line]:
        """All lines that are not blank, in order."""
        try:
            if self._kind == ".parquet":
                yield from self._of_parquet()
            elif self._kind in _DELIMITERS:
                yield from self._of_table(_DELIMITERS[self._kind])
            else:
                yield from _lines(self._open())
        except (OSError, EOFError, zlib.error, csv.Error) as error:
            remedy = "name a JSONL, CSV or parquet file"
            raise InputError(f"{self.path}: cannot be read ({error}); {remedy}") from error

    def chunks(self, skip: int = 0) -> Iterator[list[Line]]:
        """The lines behind the first `skip`, some hundred at a time, fewer where they are long."""
        chunk: list[Line] = []
        size = 0
        for line in self.lines():
            if skip:
                skip -= 1
                continue
            chunk.append(line)
            size += len(line.data or b"")
            if len(chunk) == _CHUNK_LINES or size > _CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk
        if skip:
            raise InputError(
                f"{self.path}: has {skip} lines fewer than the output; "
                "it is that of another file: name another one, or leave --resume out"
            )

    def _open(self) -> IO[bytes]:
        self._raw = self._stack.enter_context(self.path.open("rb"))
        if self.path.suffix == ".gz":
            unpacked = gzip.GzipFile(fileobj=self._raw)
            return self._stack.enter_context(io.BufferedReader(unpacked))
        return self._raw

    def _of_table(self, delimiter: str) -> Iterator[Line]:
        csv.field_size_limit(LONGEST_LINE)
        text = io.TextIOWrapper(self._open(), "utf-8-sig", "surrogateescape", newline="")
        source = self._stack.enter_context(text)
        rows = csv.reader(source, delimiter=delimiter, strict=True)
        header = next(rows, [])
        place = header.index(self._chosen(header))
        for number, row in enumerate(rows, 2):
            if row:
                yield Line(number, _text_line(row[place] if place < len(row) else None))

    def _of_parquet(self) -> Iterator[Line]:
        try:
            from pyarrow import ArrowException, parquet
        except ImportError:
            remedy = "install pyarrow, or convert it to JSONL"
            raise InputError(f"{self.path}: reading parquet needs pyarrow; {remedy}") from None
        try:
            with parquet.ParquetFile(self.path) as table:
                self._rows = table.metadata.num_rows
                column = self._chosen(table.schema_arrow.names)
                numbers = count(1)
                for batch in table.iter_batches(_CHUNK_LINES, columns=[column]):
                    for value in batch.column(0).to_pylist():
                        self._rows_read = next(numbers)
                        yield Line(self._rows_read, _text_line(value))
        except ArrowException as error:
            remedy = "name a parquet file"
            raise InputError(f"{self.path}: cannot be read ({error}); {remedy}") from error

    def _chosen(self, columns: list[str]) -> str:
        wanted = _COLUMNS if self._column is None else (self._column,)
        for name in wanted:
            if name in columns:
                return name
        there = ", ".join(columns) or "none"
        raise InputError(
            f"{self.path}: no column {' or '.join(wanted)}; name one with --column ({there})"
        )


def _lines(source: IO[bytes]) -> Iterator[Line]:
    for number in count(1):
        line = source.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = source.readline(LONGEST_LINE)
            yield Line(number, None)
        elif not line.isspace():
            yield Line(number, line)


def _text_line(text: Any) -> bytes | None:
    try:
        return orjson.dumps({"text": text}) if isinstance(text, str) else None
    except TypeError:  # not UTF-8
        return None


def cut_torn_line(output: Path) -> int:
    """Cut off what follows the last complete line of a file; return how many are left.

    Reads it piece by piece. A file that is not there has none.
    """
    if not output.exists():
        return 0
    lines = end = 0
    with output.open("r+b") as file:
        while piece := file.read(1 << 20):
            if b"\n" in piece:
                lines += piece.count(b"\n")
                end = file.tell() - len(piece) + piece.rfind(b"\n") + 1
        file.truncate(end)
        os.fsync(file.fileno())
    return lines
