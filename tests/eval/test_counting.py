"""That `make eval` counts right, on corpora whose figures are known."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from eval.corpus import Document, Gold, load
from eval.counting import count_spans, count_texts, covers, f_score, percentile, right
from eval.mapping import KINDS
from eval.rows import Measured
from extproc.model.values import Finding

SOURCE = "tests"


def finding(name: str, start: int, end: int, family: str = "pii") -> Finding:
    return Finding(name, family, start, end, 0.9)


def document(text: str, *spans: Gold) -> Document:
    return Document(text, SOURCE, spans=spans)


def test_a_finding_counts_when_it_covers_half_of_the_value() -> None:
    gold = Gold(10, 20, "person")
    assert covers(finding("person", 10, 15), gold)
    assert covers(finding("person", 0, 40), gold)
    assert not covers(finding("person", 16, 40), gold)
    assert not covers(finding("person", 0, 10), gold)


def test_a_finding_within_a_value_is_right_though_the_value_is_not_found() -> None:
    gold = Gold(10, 30, "street_address")
    assert right(finding("street_address", 12, 16), gold)
    assert not covers(finding("street_address", 12, 16), gold)
    assert not right(finding("street_address", 0, 12), gold)


def test_values_and_findings_of_a_type_are_counted_by_source() -> None:
    documents = [
        document("a@b.org and c@d.org", Gold(0, 7, "email_address"), Gold(12, 19, "email_address")),
        document("nobody@nowhere.org"),
    ]
    found = [
        [finding("email_address", 0, 7), finding("phone_number", 12, 19)],
        [finding("email_address", 0, 18)],
    ]
    counts = count_spans(documents, found)
    assert set(counts) == {(SOURCE, "email_address")}, "phone numbers are not annotated there"
    emails = counts[SOURCE, "email_address"]
    assert (emails.values, emails.found, emails.exact) == (2, 1, 1)
    assert (emails.findings, emails.right, emails.precision) == (2, 1, 0.5)
    assert [gold.start for _, gold in emails.missed] == [12]


def test_a_boundary_that_is_off_is_found_but_not_exact() -> None:
    counts = count_spans(
        [document("mail a@b.org", Gold(5, 12, "email_address"))],
        [[finding("email_address", 4, 12)]],
    )[SOURCE, "email_address"]
    assert (counts.found, counts.exact, counts.right) == (1, 0, 1)


def test_values_that_cannot_be_such_are_counted_apart() -> None:
    documents = [
        document("4111 1111 1111 1111", Gold(0, 19, "credit_card")),
        document("4111 1111 1111 1112", Gold(0, 19, "credit_card")),
    ]
    counts = count_spans(documents, [[finding("credit_card", 0, 19, "pci")], []])
    cards = counts[SOURCE, "credit_card"]
    assert (cards.values, cards.found) == (2, 1)
    assert (cards.valid_values, cards.valid_found) == (1, 1)
    assert not cards.missed, "what is no card need not be found"


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("us_ssn", "536-90-4399", True),
        ("us_ssn", "987-65-4321", False),
        ("iban", "GB82 WEST 1234 5698 7654 32", True),
        ("iban", "DE48769995355454081533", False),
        ("phone_number", "+1 (415) 555-2671", True),
        ("phone_number", "070 4493 5104", True),
        ("phone_number", "+1 12", False),
        ("ip_address", "2001:db8::1", True),
        ("ip_address", "300.1.1.1", False),
        ("swift_bic", "DEUTDEFF", True),
    ],
)
def test_what_can_be_a_value(name: str, value: str, valid: bool) -> None:
    check = KINDS[name].valid
    assert check is not None
    assert check(value) is valid


def test_texts_are_counted_once_whatever_is_found_in_them() -> None:
    labels = ["attack", "attack", "benign", "benign"]
    documents = [Document(str(n), SOURCE, label) for n, label in enumerate(labels)]
    hit = finding("instruction_override", 0, 1, "injection")
    other = finding("email_address", 0, 1)
    found = [[hit, hit], [other], [hit], []]
    counts = count_texts(documents, found, frozenset({"injection"}), "benign")
    assert (counts.recall, counts.precision, counts.false_rate) == (0.5, 0.5, 0.5)
    assert [missed.text for missed in counts.missed] == ["1"]


def test_f_values() -> None:
    assert f_score(0.5, 1.0, 1) == pytest.approx(2 / 3)
    assert f_score(0.73, 0.65, 2) == pytest.approx(0.665, abs=0.001)
    assert f_score(None, 0.0, 2) == 0
    assert f_score(None, 0.5, 2) is None


def test_percentiles() -> None:
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
    assert percentile(list(range(101)), 99) == 99


def write(file: Path, *rows: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def test_from_files_to_rows(tmp_path: Path) -> None:
    mail = {"text": "to a@b.org", "spans": [[3, 10, "email_address"]], "source": "mails"}
    write(tmp_path / "pii" / "pii_anon_dims.jsonl.gz", mail)
    attack = {"label": "attack", "family": "x", "source": "attacks"}
    write(
        tmp_path / "prompts" / "attack.jsonl.gz", {"text": "one"} | attack, {"text": "2"} | attack
    )
    benign = {"label": "benign", "family": "x", "source": "prompts"}
    write(
        tmp_path / "prompts" / "benign.jsonl.gz",
        *({"text": f"{number}"} | benign for number in range(100)),
    )
    write(
        tmp_path / "secrets" / "creddata_lines.jsonl.gz",
        {"text": "key=1", "label": 1, "rule": "creddata:Key", "source": "code", "spans": [[4, 5]]},
        {"text": "key=2", "label": 0, "rule": "creddata:Key", "source": "code", "spans": []},
        {"text": "key=3", "label": 1, "rule": "creddata:UUID", "source": "code", "spans": []},
    )
    corpora = load(tmp_path)
    secret = finding("api_key", 4, 5, "secrets")
    found = {
        "to a@b.org": [finding("email_address", 3, 10)],
        "one": [finding("x", 0, 1, "jailbreak")],
        "7": [finding("email_address", 0, 1)],
        "key=1": [secret],
        "key=2": [secret],
    }
    measured = Measured(corpora, [found.get(d.text, []) for d in corpora.every()])
    rows = {(row["what"], row["source"]): row for row in measured.rows()}
    emails = rows["email_address", "mails"]
    assert (emails["recall"], emails["precision"], emails["f2"]) == (1, 1, 1)
    assert (emails["per_10k"], emails["verdict"]) == (100, "holds")
    attacks = rows["jailbreak or hijack", "all"]
    assert (attacks["n"], attacks["recall"], attacks["false_rate"]) == (2, 0.5, 0)
    assert attacks["verdict"] == "MISSED"
    lines = rows["secret in a line of code", "code"]
    assert (lines["n"], lines["recall"], lines["precision"], lines["f1"]) == (1, 1, 0.5, 0.6667)
    assert rows["UUID in a line of code", "all"]["recall"] == 0
    assert ("email_address", "all") in rows, "what is found in benign prompts has a row"
    wrong = [row for row in measured.misses if row["error"] == "wrong"]
    assert [(row["what"], row["text"]) for row in wrong] == [("secret in a line of code", "key=2")]
