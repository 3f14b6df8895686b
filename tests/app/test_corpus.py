"""Corpora of all forms, as numbered lines."""

import csv
import gzip
import json
import random
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from extproc.app import corpus as module
from extproc.app.corpus import Corpus, Line, cut_torn_line
from extproc.model.errors import InputError

LINES = b"".join(b'{"text": "%d"}\n' % number for number in range(4))


def lines(file: Path, column: str | None = None) -> list[Line]:
    with Corpus(file, column) as corpus:
        return list(corpus.lines())


def chunks(file: Path, skip: int = 0) -> list[list[Line]]:
    with Corpus(file) as corpus:
        return list(corpus.chunks(skip))


def texts(file: Path, column: str | None = None) -> list[str]:
    return [json.loads(line.data or b"{}").get("text") for line in lines(file, column)]


def written(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return file


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in", "in.v1.ndjson"])
def test_lines_come_in_their_order(tmp_path: Path, name: str) -> None:
    assert texts(written(tmp_path, name, LINES)) == ["0", "1", "2", "3"]


def test_blank_lines_count_and_do_not_come(tmp_path: Path) -> None:
    file = written(tmp_path, "in.jsonl", b"\n \r\n" + LINES.rstrip())
    assert [line.number for line in lines(file)] == [3, 4, 5, 6]


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.CSV"])
def test_a_row_of_a_table_comes_as_a_text(tmp_path: Path, name: str) -> None:
    content = '\ufeffid,text\n1,"one, ""two""\nthree"\n\n2,é\n'.encode()
    assert texts(written(tmp_path, name, content)) == ['one, "two"\nthree', "é"]


def test_a_table_of_tabs_and_a_column_by_its_name(tmp_path: Path) -> None:
    file = written(tmp_path, "in.tsv", b"text\tquestion\na\tb\n")
    assert texts(file, "question") == ["b"]
    assert texts(file) == ["a"]


def test_a_column_called_prompt_is_taken_where_none_is_called_text(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "in.csv", b"id,prompt\n1,a\n")) == ["a"]


def test_a_row_that_is_too_short_or_not_utf_8_holds_no_text(tmp_path: Path) -> None:
    file = written(tmp_path, "in.csv", b"id,text\n1\n2,\xff\n3,a\n")
    assert lines(file) == [Line(2, None), Line(3, None), Line(4, b'{"text":"a"}')]


def test_a_column_that_is_missing_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    file = written(tmp_path, "in.csv", b"id,question\n1,a\n")
    with pytest.raises(InputError, match=r"no column text or prompt; .* --column \(id, question\)"):
        lines(file)
    with pytest.raises(InputError, match="no column body; name one"):
        lines(file, "body")


def test_a_column_of_what_has_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave --column out"):
        Corpus(written(tmp_path, "in.jsonl", LINES), "text")


def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        lines(written(tmp_path, "in.csv", b'text\n"open\n'))


def test_a_line_beyond_all_bounds_holds_no_text_and_the_next_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 16)
    file = written(tmp_path, "in.jsonl", b"x" * 100 + b'\n{"text": "a"}\n' + b"y" * 15 + b"\n")
    assert [(line.number, line.data is None) for line in lines(file)] == [
        (1, True),
        (2, False),
        (3, False),
    ]


def test_chunks_are_bounded_by_lines_and_by_bytes(tmp_path: Path) -> None:
    short = written(tmp_path, "short.jsonl", b"{}\n" * 1200)
    assert [len(chunk) for chunk in chunks(short)] == [512, 512, 176]
    long = written(tmp_path, "long.jsonl", (b"x" * 200_000 + b"\n") * 5)
    assert [len(chunk) for chunk in chunks(long)] == [2, 2, 1]


def test_what_stands_already_is_left_out(tmp_path: Path) -> None:
    file = written(tmp_path, "in.jsonl", b"\n" + LINES)
    assert [line.number for chunk in chunks(file, skip=3) for line in chunk] == [5]


def test_an_output_with_more_lines_than_the_input_is_of_another(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 3 lines fewer than the output"):
        chunks(written(tmp_path, "in.jsonl", LINES), skip=7)


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in.csv"])
def test_all_has_been_read_at_the_end(tmp_path: Path, name: str) -> None:
    content = "text\n" + "".join(f"{random.random()}\n" for _ in range(20_000))
    with Corpus(written(tmp_path, name, content.encode())) as corpus:
        seen = [corpus.fraction for _ in corpus.chunks()]
    assert seen == sorted(seen)
    assert seen[0] < 1
    assert seen[-1] == 1


def _damaged() -> bytes:
    data = bytearray(gzip.compress(LINES * 500))
    data[20:26] = b"\xff" * 6
    return bytes(data)


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(LINES)[:-9], gzip.compress(LINES)[:20], _damaged()],
    ids=["text", "no end", "cut", "damaged"],
)
@pytest.mark.parametrize("name", ["in.jsonl.gz", "in.csv.gz"])
def test_a_compressed_file_that_is_damaged_is_told(
    tmp_path: Path, name: str, content: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        lines(file)


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert lines(written(tmp_path, "in.jsonl", b"")) == []
    (tmp_path / "in.jsonl.gz").touch()
    assert lines(tmp_path / "in.jsonl.gz") == []


@pytest.mark.parametrize("name", ["none.jsonl", "."])
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no such file; name a JSONL"):
        Corpus(tmp_path / name)


# Parquet: its library is no dependency, so a stand-in is read


class _Table:
    def __init__(self, file: Path) -> None:
        with file.open(newline="") as source:
            self._rows = list(csv.DictReader(source))
        self.metadata = types.SimpleNamespace(num_rows=len(self._rows))
        self.schema_arrow = types.SimpleNamespace(names=list(self._rows[0]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def iter_batches(self, size: int, columns: list[str]) -> Iterator[Any]:
        [name] = columns
        values = [row[name] or None for row in self._rows]
        for start in range(0, len(values), size):
            column = types.SimpleNamespace(to_pylist=lambda v=values[start : start + size]: v)
            yield types.SimpleNamespace(column=lambda _, column=column: column)


@pytest.fixture
def pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = types.SimpleNamespace(ParquetFile=_Table)
    stand_in = types.SimpleNamespace(parquet=parquet, ArrowException=RuntimeError)
    monkeypatch.setitem(sys.modules, "pyarrow", stand_in)


@pytest.mark.usefixtures("pyarrow")
def test_rows_of_parquet_come_as_texts(tmp_path: Path) -> None:
    file = written(tmp_path, "in.parquet", b"id,prompt\n1,a\n2,\n3,c\n")
    assert lines(file) == [
        Line(1, b'{"text":"a"}'),
        Line(2, None),
        Line(3, b'{"text":"c"}'),
    ]
    assert texts(file, "id") == ["1", "2", "3"]


def test_parquet_without_its_library_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="install pyarrow, or convert it to JSONL"):
        lines(written(tmp_path, "in.parquet", b"PAR1"))


# What stands


@pytest.mark.parametrize(
    ("content", "left", "number"),
    [(b"", b"", 0), (b"{}\n{}\n", b"{}\n{}\n", 2), (b'{}\n{"a', b"{}\n", 1), (b'{"a', b"", 0)],
)
def test_a_torn_line_is_cut_off(tmp_path: Path, content: bytes, left: bytes, number: int) -> None:
    file = written(tmp_path, "out.jsonl", content)
    assert cut_torn_line(file) == number
    assert file.read_bytes() == left


def test_a_torn_line_is_cut_off_where_it_is_longer_than_what_is_read_at_once(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, "out.jsonl", b"{}\n" * 9 + b"x" * (3 << 20))
    assert cut_torn_line(file) == 9
    assert file.stat().st_size == 27


def test_an_output_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert cut_torn_line(tmp_path / "none.jsonl") == 0
