"""That a fall below the record is told, and nothing else is."""

from eval.anchors import Bounds
from eval.output import Results, falls, markdown
from eval.rows import Row


def row(**figures: object) -> Row:
    return {"family": "pii", "what": "person", "source": "s", "n": 9, **figures}


def results(*rows: Row) -> Results:
    return {"detection": list(rows)}


def test_a_fall_beyond_the_tolerance_is_told_with_both_figures() -> None:
    told = list(falls(results(row(recall=0.8, f2=0.9)), results(row(recall=0.9, f2=0.902))))
    assert told == ["pii / person / s: recall recorded 0.9, now 0.8"]


def test_better_figures_and_new_rows_are_fine() -> None:
    before = results(row(recall=0.5, per_10k=3))
    now = results(row(recall=0.6, per_10k=1), row(recall=0.1) | {"what": "url"})
    assert not list(falls(now, before))


def test_more_false_positives_are_a_fall() -> None:
    told = list(falls(results(row(per_10k=3.2)), results(row(per_10k=1))))
    assert told == ["pii / person / s: per_10k recorded 1, now 3.2"]


def test_a_disguise_may_cost_more_than_before_while_it_holds() -> None:
    def disguised(recall: float, verdict: str) -> Results:
        found: Row = {"family": "pii", "disguise": "hex", "recall": recall, "verdict": verdict}
        return {"evasions": [found]}

    before = disguised(1.0, "holds")
    assert not list(falls(disguised(0.98, "holds"), before))
    told = list(falls(disguised(0.97, "MISSED"), before))
    assert told == ["pii / hex: recall recorded 1, now 0.97"]


def test_a_row_that_is_gone_is_told() -> None:
    told = list(falls(results(), results(row(recall=1))))
    assert told == ["pii / person / s: recorded, not measured any more"]


def test_a_part_that_did_not_run_is_not_compared() -> None:
    assert not list(falls({}, results(row(recall=1))))
    assert not list(falls(results(row(recall=1)), {}))


def test_a_type_that_is_new_in_benign_prompts_is_a_fall() -> None:
    found = {"family": "benign", "of": "pci", "what": "cvv", "source": "all", "per_10k": 5.0}
    assert list(falls(results(found), results(row()))) == [
        "pii / person / s: recorded, not measured any more",
        "benign / pci / cvv / all: per_10k recorded 0, now 5",
    ]
    assert not list(falls(results(), results(found)))


def test_a_verdict_looks_at_the_figures_that_there_are() -> None:
    bounds = Bounds(recall=0.5, per_10k=1)
    assert bounds.verdict({"recall": 0.5, "per_10k": 1}) == "holds"
    assert bounds.verdict({"recall": 0.5, "per_10k": 1.1}) == "MISSED"
    assert bounds.verdict({"recall": 0.4}) == "MISSED"
    assert bounds.verdict({"recall": None}) == "holds"
    assert bounds.text() == "recall ≥ 0.5, per_10k ≤ 1"


def test_columns_without_figures_are_left_out() -> None:
    shown = markdown(results(row(recall=0.5, anchor=None)))
    assert "| person | s" in shown
    assert "anchor" not in shown
