"""A text in pieces is redacted as the whole is."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner
from extproc.guardrail.bodies import redacted_text
from extproc.guardrail.filters import Context, Scanners, TextFilter
from extproc.model.values import Direction, Segment, Verdict
from extproc.policy.document import PolicyDocument
from extproc.policy.judge import Judge
from extproc.policy.policy import Policy, build
from extproc.redaction.operators import Redactor
from tests.guardrail.making import KEY, SSN, pieces, policy, rule

ALL = [recognizer.type for recognizer in RECOGNIZERS]
SCANNER = Scanner(RECOGNIZERS)
FRAGMENTS = [text for r in RECOGNIZERS for text in (*r.examples, *r.near_misses)]

texts = st.lists(
    st.one_of(
        st.sampled_from(FRAGMENTS),
        st.sampled_from(
            ["the ", "quick", " 12", "\u200b", "é", "４", "-", ".", "@", "\n", "😀", "\\", "\\n"]
        ),
        st.text(alphabet="0123456789 -.@+():/ab\\n", max_size=20),
        st.builds(
            lambda text, cut: text[: cut % (len(text) + 1)],
            st.sampled_from(FRAGMENTS),
            st.integers(0, 99),
        ),
    ),
    max_size=6,
).map("".join)
operators = st.sampled_from(["mask", "replace", "hash", "remove"])


def context(rules: Policy, scanner: Scanner | None, observing: Scanner | None = None) -> Context:
    judge = Judge(rules, Direction.RESPONSE, "caller")
    return Context(Scanners(scanner, observing), judge, Redactor(KEY))


def filtered(parts: Sequence[str], shared: Context) -> str:
    text_filter = TextFilter(shared, (), "assistant")
    passed = "".join(text_filter.feed(part) for part in parts) + text_filter.feed("", final=True)
    assert shared.judge.verdict().action == "block" or not text_filter.waiting
    return passed


def in_pieces(parts: Sequence[str], rules: Policy) -> tuple[str, Verdict]:
    shared = context(rules, SCANNER)
    return filtered(parts, shared), shared.judge.verdict()


@settings(max_examples=150)
@given(texts, operators, st.integers(0, 2**32))
@example("zip=94107-1234é4111/1111/1111/1111", "mask", 21)
def test_any_cut_gives_the_same_text_and_verdict(text: str, operator: str, seed: int) -> None:
    rules = policy(rule(ALL, redaction=operator))
    assert in_pieces(pieces(text, seed), rules) == in_pieces([text], rules)


@settings(max_examples=50)
@given(texts)
def test_single_characters_give_the_same_text(text: str) -> None:
    rules = policy(rule(ALL))
    assert in_pieces(list(text), rules) == in_pieces([text], rules)


@settings(max_examples=50)
@given(texts, st.integers(0, 2**32))
def test_any_cut_ends_at_the_same_block(text: str, seed: int) -> None:
    rules = policy(rule("us_ssn", "block"), rule(ALL))
    assert in_pieces(pieces(text, seed), rules) == in_pieces([text], rules)


@settings(max_examples=100)
@given(texts, operators)
@example("4111 1111 1111 1111 123-45-6789", "mask")
def test_a_stream_reads_as_the_whole_body_does(text: str, operator: str) -> None:
    rules = policy(rule(ALL, redaction=operator))
    whole = redacted_text(text, Segment((), text), context(rules, SCANNER), SCANNER)
    assert in_pieces([text], rules)[0] == whole


@settings(max_examples=50)
@given(texts, st.integers(0, 2**32))
def test_what_is_only_flagged_passes_as_it_came(text: str, seed: int) -> None:
    shared = context(policy(rule(ALL, "flag")), None, SCANNER)
    text_filter = TextFilter(shared, (), "assistant")
    for part in pieces(text, seed):
        assert text_filter.feed(part) == part
    assert text_filter.feed("", final=True) == ""


# Two small languages whose words overlap.
OVERLAPPING = tuple(
    Recognizer(
        type=name,
        family="custom",
        patterns=(pattern,),
        longest=16,
        examples=(),
        near_misses=(),
    )
    for name, pattern in (("left", "1(?: 2){1,3}"), ("right", "2(?: 2){0,2} 3"))
)
SMALL = Scanner(OVERLAPPING)


def small_policy(operator: str, left: str = "redact", right: str = "redact") -> Policy:
    document = {
        "apiVersion": "extproc.dev/v1",
        "kind": "Policy",
        "metadata": {"name": "small"},
        "spec": {
            "preset": "none",
            "rules": [
                rule("left", left, redaction=operator),
                rule("right", right, redaction=operator),
            ],
        },
    }
    types = {recognizer.type: recognizer.family for recognizer in OVERLAPPING}
    return build(PolicyDocument.model_validate(document), types)


actions = st.sampled_from(["redact", "flag", "allow"])
small_texts = st.lists(st.sampled_from(["1", "2", "3", " ", " 2", "."]), max_size=14).map("".join)


@settings(max_examples=300)
@given(small_texts, operators, actions, actions, st.integers(0, 2**32))
def test_overlapping_findings_are_the_same_in_any_cut(
    text: str, operator: str, left: str, right: str, seed: int
) -> None:
    rules = small_policy(operator, left, right)
    assert filtered(pieces(text, seed), context(rules, SMALL)) == filtered(
        [text], context(rules, SMALL)
    )


@settings(max_examples=300)
@given(small_texts, operators, actions, actions)
@example("1 2 2 3", "mask", "redact", "redact")
def test_overlapping_findings_are_the_same_in_stream_and_body(
    text: str, operator: str, left: str, right: str
) -> None:
    rules = small_policy(operator, left, right)
    whole = redacted_text(text, Segment((), text), context(rules, SMALL), SMALL)
    assert filtered([text], context(rules, SMALL)) == whole


@settings(max_examples=100)
@given(small_texts)
def test_a_mask_is_as_long_as_what_it_covers(text: str) -> None:
    shared = context(small_policy("mask"), SMALL)
    assert len(redacted_text(text, Segment((), text), shared, SMALL)) == len(text)


def test_text_that_can_be_no_match_passes_at_once() -> None:
    text_filter = TextFilter(context(policy(rule("us_ssn")), SCANNER), (), "assistant")
    assert text_filter.feed("The answer is: ") == "The answer is: "
    assert not text_filter.waiting


def test_text_that_may_become_a_match_waits() -> None:
    text_filter = TextFilter(context(policy(rule("us_ssn")), SCANNER), (), "assistant")
    assert text_filter.feed(f"My SSN is {SSN[:6]}") == "My SSN is "
    assert text_filter.waiting
    assert text_filter.feed("! ") == "123-45! "
    assert not text_filter.waiting


def test_nothing_passes_after_a_block() -> None:
    text_filter = TextFilter(context(policy(rule("us_ssn", "block")), SCANNER), (), "assistant")
    assert text_filter.feed(f"It is {SSN} and more. ") == "It is "
    assert text_filter.feed("And more.") == ""
    assert text_filter.feed("", final=True) == ""


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("mask", "is ***-**-****."), ("replace", "is [US_SSN]."), ("remove", "is .")],
)
def test_each_operator_in_a_stream(operator: str, expected: str) -> None:
    rules = policy(rule("us_ssn", redaction=operator))
    assert in_pieces(list(f"is {SSN}."), rules)[0] == expected


@settings(max_examples=200)
@given(texts, st.integers(0, 2**32))
def test_pieces_that_need_no_scan_pass_as_with_one(text: str, seed: int) -> None:
    rules = policy(rule(ALL))
    quick, slow = (TextFilter(context(rules, SCANNER), (), "assistant") for _ in range(2))
    for piece in pieces(text, seed):
        passed = quick.feed_plain(piece)
        assert (quick.feed(piece) if passed is None else passed) == slow.feed(piece)
        assert quick.rest == slow.rest
    assert quick.feed("", final=True) == slow.feed("", final=True)


def test_what_is_observed_is_looked_at_in_the_end() -> None:
    shared = context(policy(rule("us_ssn", "flag")), SCANNER, SCANNER)
    noted = TextFilter(shared, (), "assistant")
    assert noted.feed_plain("Hello ") == "Hello "
    noted.feed(f"it is {SSN}, so ")
    assert noted.feed_plain("there ") == "there "
    noted.look()
    assert [judged.finding.start for judged in shared.judge.verdict().judged] == [12, 12]


def test_without_a_scanner_nothing_passes_as_plain() -> None:
    assert TextFilter(context(policy(), None), (), "assistant").feed_plain("Hello ") is None
