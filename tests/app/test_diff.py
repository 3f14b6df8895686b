"""What another policy would have done to the same traffic."""

import json
from pathlib import Path

import pytest

from extproc.app.corpus import Corpus
from extproc.app.diff import Change, Difference, difference
from extproc.app.offline import Source
from extproc.model.errors import InputError
from extproc.model.values import Action, Direction
from tests.guardrail.making import SSN

ALLOW, FLAG, REDACT, BLOCK = Action
HEAD = "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: p}\n"
OLD = HEAD + "spec: {preset: none, rules: [{name: ids, detect: [us_ssn], action: redact}]}\n"
TEXTS = ["hi", SSN, "a@b.io", f"{SSN} a@b.io"]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.yaml"
    file.write_text(OLD)
    return file


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "new.yaml"


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    file = tmp_path / "traffic.jsonl"
    file.write_text("\n".join(json.dumps({"text": text}) for text in TEXTS))
    return file


def differs(old: Path, new: Path, traffic: Path, **options: bool | int) -> Difference:
    return difference(Source(old), Source(new), Corpus(traffic), Direction.REQUEST, **options)  # type: ignore[arg-type]


def lines(found: Difference) -> dict[Change, list[int]]:
    return {change: [each.line for each in some] for change, some in found.examples.items()}


def test_a_policy_does_not_differ_from_itself(old: Path, traffic: Path) -> None:
    found = differs(old, old, traffic)
    assert (found.changed, found.examples) == (0, {})
    assert found.verdicts == {Change(ALLOW, ALLOW): 2, Change(REDACT, REDACT): 2}
    assert found.old_matches == found.new_matches == {"ids": 2}


def test_verdicts_that_change_are_counted_with_their_lines(
    old: Path, new: Path, traffic: Path
) -> None:
    new.write_text(OLD.replace("action: redact", "action: block"))
    found = differs(old, new, traffic)
    assert found.verdicts == {Change(ALLOW, ALLOW): 2, Change(REDACT, BLOCK): 2}
    assert (found.changed, lines(found)) == (2, {Change(REDACT, BLOCK): [2, 4]})


def test_another_text_of_the_same_verdict_is_a_change(old: Path, new: Path, traffic: Path) -> None:
    new.write_text(OLD.replace("[us_ssn]", "[us_ssn, email_address]"))
    found = differs(old, new, traffic)
    assert (found.changed, found.texts) == (2, 1)
    assert lines(found) == {Change(ALLOW, REDACT): [3], Change(REDACT, REDACT): [4]}
    assert (found.old_matches, found.new_matches) == ({"ids": 2}, {"ids": 4})


def test_a_rule_by_another_name_changes_no_line(old: Path, new: Path, traffic: Path) -> None:
    new.write_text(OLD.replace("name: ids", "name: numbers"))
    found = differs(old, new, traffic)
    assert (found.changed, found.old_matches, found.new_matches) == (
        0,
        {"ids": 2},
        {"numbers": 2},
    )


def test_lines_that_cannot_be_judged_are_counted(old: Path, traffic: Path) -> None:
    traffic.write_text('{"txt": 1}\n{\n{"text": "hi"}\n')
    assert differs(old, old, traffic).bad == 2


def test_content_is_there_only_where_it_is_wanted(old: Path, new: Path, traffic: Path) -> None:
    new.write_text(OLD.replace("action: redact", "action: block"))
    change = Change(REDACT, BLOCK)
    assert [each.text for each in differs(old, new, traffic).examples[change]] == ["", ""]
    shown = differs(old, new, traffic, show_text=True).examples[change]
    assert json.loads(shown[0].text) == {"text": SSN}


def test_examples_are_the_first_few_lines_of_all(old: Path, new: Path, traffic: Path) -> None:
    traffic.write_text((json.dumps({"text": SSN}) + "\n") * 1200)
    new.write_text(OLD.replace("action: redact", "action: flag"))
    found = differs(old, new, traffic, workers=2)
    assert found.verdicts == {Change(REDACT, FLAG): 1200}
    assert lines(found) == {Change(REDACT, FLAG): [1, 2, 3, 4, 5]}


def test_a_policy_with_a_mistake_is_told(old: Path, new: Path, traffic: Path) -> None:
    new.write_text("kind: Policy\n")
    with pytest.raises(InputError, match=r"new\.yaml:1: "):
        differs(old, new, traffic)
