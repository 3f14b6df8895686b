"""A part of the corpora keeps its recorded figures; `make eval` says so of all of them."""

from collections import Counter

import pytest

from eval.corpus import load
from eval.counting import count_spans
from eval.detection import Detector
from eval.output import recorded

SOURCE = "presidio-research:generated_large"
KINDS = ("credit_card", "us_ssn", "iban", "email_address", "ip_address")


@pytest.mark.parametrize("kind", KINDS)
def test_recall_is_as_recorded(kind: str, recalls: dict[str, float]) -> None:
    [row] = [
        row
        for row in recorded()["detection"]
        if (row["what"], row["source"], row.get("values")) == (kind, SOURCE, "all")
    ]
    was = row["recall"]
    assert isinstance(was, int | float)
    assert recalls[kind] >= was - 0.005


@pytest.fixture(scope="module")
def recalls() -> dict[str, float]:
    detector = Detector()
    documents = [
        document
        for document in load().pii
        if document.source == SOURCE and any(gold.type in KINDS for gold in document.spans)
    ]
    counts = count_spans(documents, [detector.find(document.text) for document in documents])
    return {kind: one.found / one.values for (_, kind), one in counts.items()}


def test_corpora_are_whole() -> None:
    corpora = load()
    sizes = Counter(document.source for document in corpora.every())
    assert len(corpora.pii) == 5894
    assert (len(corpora.attacks), len(corpora.benign)) == (695, 9261)
    assert (len(corpora.lines), len(corpora.examples)) == (682, 2113)
    assert (len(corpora.posts), len(corpora.lexicon)) == (6668, 2656)
    assert sizes["davidson"] == 6000
    assert all(
        0 <= gold.start < gold.end <= len(document.text)
        for document in corpora.every()
        for gold in document.spans
    )
