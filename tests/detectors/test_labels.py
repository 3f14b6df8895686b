"""What a word beside a value tells: behind it, before it, in the columns of a table."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import cuts
from extproc.detectors.catalog import TYPES
from extproc.detectors.catalog import scanner as scanner_of
from extproc.detectors.normal import NormalText
from extproc.detectors.watcher import Watcher

SCANNER = scanner_of(
    {name for name, family in TYPES.items() if family in ("pii", "phi") and name != "person"}
)


def values(text: str) -> list[tuple[str, str]]:
    return [(f.type, text[f.start : f.end]) for f in SCANNER.find(NormalText(text))]


@pytest.mark.parametrize(
    "text",
    [
        "NPI: {}",
        "npi={}&x=1",
        '{{"npi": "{}"}}',
        '{{"providerNpi":{}}}',
        "| NPI | {} |",
        "<td>NPI</td><td>{}</td>",
        "NPI of Dr. Jane Roe: {}",
        "{} is my NPI.",
        "Jane Roe, {} (NPI)",
        "name,npi,city\nJane,{},Paris\n",
        "| Name | NPI |\n|---|---|\n| Jane | {} |",
        "+---+---+\n| Name | NPI |\n+---+---+\n| Jane | {} |",
        "name\tnpi\nJane\t{}",
        '"name";"npi"\n"Jane; MD";"{}"',
    ],
)
def test_value_is_found_beside_its_label(text: str) -> None:
    assert values(text.format("1234567893")) == [("npi", "1234567893")]


def test_all_of_a_list_are_found() -> None:
    text = "ICD-10: E11.9, I10 and J45.909"
    assert values(text) == [("icd10", "E11.9"), ("icd10", "I10"), ("icd10", "J45.909")]


def test_every_row_of_a_table_is_read() -> None:
    text = "name,dob,npi\n" + "Ann,1980-03-04,1234567893\n" * 3
    assert values(text) == [("date_of_birth", "1980-03-04"), ("npi", "1234567893")] * 3


def test_columns_without_labels_are_not_read() -> None:
    assert values("name,npi,count\nAnn,none,1234567893\n") == []


def test_table_ends_with_a_line_that_is_no_row() -> None:
    assert values("name,npi\nAnn,1\n\nx,1234567893\n") == []


def test_place_is_that_of_the_original_text() -> None:
    text = "Größe ½ 身份证号码:11010519491231002X"
    assert values(text) == [("cn_resident_id", "11010519491231002X")]


pieces = st.sampled_from(
    (
        *("npi", "NPI: ", "name,npi,dob\n", "dob", "born ", "ssn", " (", ")", " is my ", "mrn "),
        *(
            "1234567893",
            "1980-03-04",
            "March 4, 1980",
            "12345678",
            "123-45-6789",
            "E11.9",
            "icd-10",
        ),
        *(",", "\n", " ", "|", "x", "Ann,", "é", "a text of some words that goes on ", "1,2,3\n"),
    )
)


@given(st.lists(pieces, max_size=30).map("".join), st.integers(0, 2**32))
def test_pieces_give_the_findings_of_the_whole(text: str, seed: int) -> None:
    assert cuts.pieces(SCANNER, text, random.Random(seed)) == SCANNER.find(NormalText(text))


def test_long_table_in_pieces_gives_the_findings_of_the_whole() -> None:
    text = "x" * 3000 + "\nname,npi,dob\n" + "Ann Roe,1234567893,1980-03-04\n" * 120
    assert cuts.pieces(SCANNER, text, random.Random(1)) == SCANNER.find(NormalText(text))


def test_words_are_not_held_back() -> None:
    watcher = Watcher(SCANNER)
    assert watcher.feed("The report of 2024 says that ")[0] >= 24
