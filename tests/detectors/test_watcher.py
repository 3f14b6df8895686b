"""Chunking never matters: a text in pieces yields the findings of the whole."""

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner
from extproc.detectors.watcher import Watcher
from extproc.model.values import Finding

SCANNER = Scanner(RECOGNIZERS)

MAILS = Scanner(r for r in RECOGNIZERS if r.type == "email_address")

FRAGMENTS = [text for r in RECOGNIZERS for text in (*r.examples, *r.near_misses)]
ORDINARY = [
    "the ",
    "quick",
    " 12",
    "\u200b",
    "é",
    "，",
    "４",
    "-",
    ".",
    "@",
    "\n",
    "a b ",
    "😀",
    "\\",
    "\\n",
    "n",
]

texts = st.lists(
    st.one_of(
        st.sampled_from(FRAGMENTS),
        st.sampled_from(ORDINARY),
        st.text(alphabet="0123456789 -.@+():/ab\\n", max_size=30),
        st.builds(
            lambda text, cut: text[: cut % (len(text) + 1)],
            st.sampled_from(FRAGMENTS),
            st.integers(0, 200),
        ),
    ),
    max_size=8,
).map("".join)


def pieces(text: str, seed: int) -> list[str]:
    rng = random.Random(seed)
    result = []
    while text:
        size = rng.choice((1, 1, 2, 3, 5, 8, 40))
        result.append(text[:size])
        text = text[size:]
    return result


def watch(parts: list[str]) -> tuple[list[Finding], int]:
    watcher = Watcher(SCANNER)
    findings: list[Finding] = []
    fed = held = 0
    for part in parts:
        fed += len(part)
        settled, fresh = watcher.feed(part)
        findings += fresh
        assert all(finding.start < settled for finding in fresh)
        held = max(held, fed - settled)
    settled, fresh = watcher.feed("", final=True)
    assert settled == fed
    return findings + fresh, held


@settings(max_examples=400)
@given(texts, st.integers(0, 2**32))
@example("12 4111 1111 1111 1111 123 4", 1)
@example("TCVN 5712", 0)
@example("-----BEGIN PRIVATE KEY-----\n" + "A" * 40 + "\n\n-", 3)
def test_pieces_give_the_findings_of_the_whole(text: str, seed: int) -> None:
    whole = SCANNER.find(NormalText(text))
    in_pieces, held = watch(pieces(text, seed))
    assert in_pieces == whole
    # Each invisible or expanded character may stand for more than one of the pattern's.
    assert text.isascii() is False or held <= SCANNER.longest


@settings(max_examples=150)
@given(texts)
def test_single_characters_give_the_findings_of_the_whole(text: str) -> None:
    assert watch(list(text))[0] == SCANNER.find(NormalText(text))


@settings(max_examples=300)
@given(texts, st.integers(0, 2**32), st.sampled_from([SCANNER, MAILS]))
def test_pieces_that_need_no_scan_are_decided_as_with_one(
    text: str, seed: int, scanner: Scanner
) -> None:
    quick, slow = Watcher(scanner), Watcher(scanner)
    decided = 0
    for piece in pieces(text, seed):
        settled, findings = slow.feed(piece)
        passed = quick.feed_plain(piece)
        if passed is None:
            assert quick.feed(piece) == (settled, findings)
        else:
            assert not findings
            assert passed == text[decided:settled]
        decided = settled
        assert (quick.start, quick.window) == (slow.start, slow.window)
    assert quick.feed("", final=True) == slow.feed("", final=True)


def test_ordinary_words_need_no_scan() -> None:
    watcher = Watcher(SCANNER)
    assert [watcher.feed_plain(piece) for piece in ["The", " quick", " fox,", " it"]] == [
        "",
        "The ",
        "quick fox,",
        " ",
    ]


def test_long_runs_do_not_pile_up() -> None:
    watcher = Watcher(SCANNER)
    fed = 0
    for _ in range(2000):
        fed += 20
        settled, _ = watcher.feed("A1" * 10)
        assert fed - settled <= SCANNER.longest


def test_a_run_longer_than_an_address_still_hides_the_address_at_its_end() -> None:
    text = "x" * 400 + "john@example.com is here"
    findings, _ = watch(pieces(text, 5))
    assert findings == SCANNER.find(NormalText(text))
    assert [(f.type, text[f.end - 20 : f.end]) for f in findings] == [
        ("email_address", "xxxxjohn@example.com")
    ]
