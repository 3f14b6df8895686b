"""What rules can name under `detect`, as the command line and the documents tell it."""

import re
from pathlib import Path

import pytest

from extproc.app.types import PURPOSES, families, listed
from extproc.detectors.catalog import FAMILIES, TYPES
from extproc.model.errors import InputError

_ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_every_family_says_what_it_is_for() -> None:
    assert PURPOSES.keys() == FAMILIES
    assert sum(families().values()) == len(TYPES)


@pytest.mark.parametrize("word", ["us_ssn", "US-SSN", " us ssn "])
def test_a_type_is_known_by_any_way_of_writing_it(word: str) -> None:
    assert [row.type for row in listed(word)] == ["us_ssn"]


def test_a_family_is_itself_and_not_a_part_of_a_name() -> None:
    assert {row.family for row in listed("code")} == {"code"}
    assert {row.family for row in listed("token")} == {"secrets"}


def test_an_example_of_several_types_is_that_of_the_one_in_it() -> None:
    shown = {row.type: row.example for row in listed()}
    assert shown["us_itin"] == "ITIN: 912-73-4567"
    assert shown["passport_number"] == "Reisepass: C01X00T47"
    assert shown["forged_role"].startswith("<|")


def test_numbers_and_keys_of_tables_are_shown_by_name_and_prefix() -> None:
    shown = {row.type: row.example for row in listed()}
    assert shown["ru_snils"] == "снилс …"
    assert shown["npm_token"] == "npm_…"


@pytest.mark.parametrize(
    ("word", "remedy"),
    [("creditcard", "credit_card"), ("emails", "email_address"), ("qqqq", "`extproc types`")],
)
def test_a_word_that_is_nowhere_is_an_error_with_a_remedy(word: str, remedy: str) -> None:
    with pytest.raises(InputError, match=f"no entity type has '{word}' in its name; .*{remedy}"):
        listed(word)


def test_the_policy_reference_names_families_and_types_that_are_there() -> None:
    text = Path("docs/policy.md").read_text()
    section = text.partition("## Families and entity types")[2].partition("\n## ")[0]
    rows = dict(_ROW.findall(section))
    assert rows.keys() == FAMILIES
    for family, named in rows.items():
        assert {TYPES.get(name) for name in re.findall(r"`(\w+)`", named)} == {family}
