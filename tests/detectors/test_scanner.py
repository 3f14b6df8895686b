"""One pass over a text: order, overlaps, bounds, threads."""

import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.detectors import patterns
from extproc.detectors.catalog import DETECTORS, FAMILIES, RECOGNIZERS, TYPES
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer, Span
from extproc.detectors.scanner import Scanner
from extproc.detectors.watcher import Watcher
from extproc.model.errors import BodyError
from extproc.model.values import Finding

SCANNER = Scanner(RECOGNIZERS)


def recognizer(*patterns: str, longest: int = 20, **more: object) -> Recognizer:
    fields: dict[str, object] = {
        "type": "x",
        "family": "custom",
        "patterns": patterns,
        "longest": longest,
        "examples": (),
        "near_misses": (),
    }
    return Recognizer(**(fields | more))  # type: ignore[arg-type]


def found(text: str, *recognizers: Recognizer) -> list[tuple[str, str]]:
    findings = Scanner(recognizers).find(NormalText(text))
    return [(finding.type, text[finding.start : finding.end]) for finding in findings]


def in_pieces(text: str, size: int = 7) -> list[Finding]:
    watcher = Watcher(SCANNER)
    findings = [
        finding
        for start in range(0, len(text), size)
        for finding in watcher.feed(text[start : start + size])[1]
    ]
    return findings + watcher.feed("", final=True)[1]


def test_types_and_families_are_those_of_the_recognizers() -> None:
    assert set(TYPES.values()) == FAMILIES
    assert {name for d in DETECTORS for name in d.types} == set(TYPES)


@pytest.mark.parametrize("each", RECOGNIZERS, ids=lambda r: r.type)
def test_every_recognizer_ships_what_it_finds_and_what_it_does_not(each: Recognizer) -> None:
    assert each.examples
    assert each.near_misses
    assert 0 < each.score <= 1


def test_without_recognizers_nothing_is_found() -> None:
    scanner = Scanner([])
    assert scanner.find(NormalText("jane@example.com")) == []
    assert Watcher(scanner).feed("jane") == (4, [])


def test_an_empty_text_holds_nothing() -> None:
    assert SCANNER.find(NormalText("")) == []


def test_findings_come_by_start() -> None:
    kinds = [f.type for f in SCANNER.find(NormalText("a@b.io 123-45-6789 203.0.113.7"))]
    assert kinds == ["email_address", "us_ssn", "ip_address"]


def test_of_two_that_start_together_the_longer_comes_first() -> None:
    pair = (recognizer("ab", type="short"), recognizer("ab cd", type="long"))
    assert found("ab cd", *pair) == [("long", "ab cd"), ("short", "ab")]


def test_the_longest_match_of_a_start_counts() -> None:
    assert found("aaaa", recognizer("a{2,4}")) == [("x", "aaaa")]


def test_one_within_another_of_its_type_is_left_out() -> None:
    assert found("ab cd", recognizer("ab cd"), recognizer("cd")) == [("x", "ab cd")]


def test_one_within_another_of_another_type_is_kept() -> None:
    pair = (recognizer("ab cd"), recognizer("cd", type="y"))
    assert found("ab cd", *pair) == [("x", "ab cd"), ("y", "cd")]


def test_two_that_overlap_are_both_found() -> None:
    pair = (recognizer("ab cd"), recognizer("cd ef"))
    assert found("ab cd ef", *pair) == [("x", "ab cd"), ("x", "cd ef")]


@pytest.mark.parametrize("text", ["xab", "abx", "1ab", "ab1"])
def test_a_match_inside_a_word_is_none(text: str) -> None:
    assert found(text, recognizer("ab")) == []


@pytest.mark.parametrize("text", ["ab", "-ab-", "_ab_", "é ab é", "😀ab😀", "(ab)"])
def test_a_match_that_is_a_word_is_one(text: str) -> None:
    assert found(text, recognizer("ab")) == [("x", "ab")]


def test_a_match_may_begin_inside_a_word_where_words_do_not_matter() -> None:
    assert found("xab", recognizer("ab", whole_word=False)) == [("x", "ab")]


def test_a_longer_match_than_allowed_is_none() -> None:
    assert found("a" * 21, recognizer(r"a+\b")) == []
    assert found("a" * 20, recognizer(r"a+\b")) == [("x", "a" * 20)]


def test_refine_may_narrow_and_score() -> None:
    scanner = Scanner([recognizer("ab cd", refine=lambda candidate: Span(3, len(candidate), 0.25))])
    assert scanner.find(NormalText("ab cd")) == [Finding("x", "custom", 3, 5, 0.25)]


def test_a_longer_match_that_is_refused_leaves_the_shorter_one() -> None:
    def refine(candidate: str) -> Span | None:
        return Span(0, len(candidate), 1.0) if candidate != "a b b" else None

    assert found("a b b", recognizer("a(?: b){1,3}", refine=refine)) == [("x", "a b")]


def test_refine_sees_folded_text() -> None:
    seen: list[str] = []

    def refine(candidate: str) -> Span | None:
        seen.append(candidate)
        return None

    found("ａ\u200bｂ", recognizer("ab", refine=refine))
    assert seen == ["ab"]


def test_caseless_patterns_find_any_case() -> None:
    assert found("AbC", recognizer("abc", caseless=True)) == [("x", "AbC")]
    assert found("AbC", recognizer("abc")) == []


# Bounds

ENDS = "a@" + "bb." * 400 + "bb"


def test_a_match_with_many_ends_is_the_same_in_a_stream() -> None:
    assert in_pieces(ENDS) == SCANNER.find(NormalText(ENDS))


LISTS = {
    "phone_number": "415-555-2671",
    "us_ssn": "123-45-6789",
    "credit_card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ip_address": "203.0.113.7",
    "email_address": "jane.doe@mail.example.com",
}


@pytest.mark.parametrize("separator", ["\n", ", ", "; ", " | ", "  ", " "], ids=repr)
@pytest.mark.parametrize("kind", LISTS)
def test_a_long_list_of_values_is_judged(kind: str, separator: str) -> None:
    findings = SCANNER.find(NormalText(separator.join([LISTS[kind]] * 5000)))
    assert len([finding for finding in findings if finding.type == kind]) > 4000


CRAFTED = {
    "spaced digits": "1 2 3 4 5 6 7 8 9 ",
    "dashed digits": "1-2-3-4-5-6-7-8-9-",
    "plus": "+1-2-3-4-5-6-7-8-9-",
    "parentheses": "(1",
    "phones": "415-555-2671 ",
    "numbers that are no cards": "4111 1111 1111 1112 ",
    "cards": "4111 1111 1111 1111 ",
    "numbers that are no ibans": "DE89 3704 0044 0532 0130 01 ",
    "addresses": "a@b.co.",
    "labels": "bb.",
    "colons": "1:",
    "verbs": "ignore all ",
    "key headers": "-----BEGIN PRIVATE KEY-----",
    "dots": "eyJ" + "a" * 12 + ".",
    "hidden": "\u200b",
    "lookalikes": "а",
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_text_takes_bounded_time(name: str) -> None:
    text = "a@" + CRAFTED[name] * (64_000 // len(CRAFTED[name]))
    started = time.process_time()
    try:
        SCANNER.find(NormalText(text))
    except BodyError as error:
        assert error.code == "too_complex"  # noqa: PT017 - a refusal is as good as an answer
    assert time.process_time() - started < 4


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_streams_take_bounded_time(name: str) -> None:
    watcher = Watcher(SCANNER)
    started = time.process_time()
    for _ in range(400):
        watcher.feed(CRAFTED[name])
    assert time.process_time() - started < 5


@pytest.mark.parametrize("unit", ["1 2 3 4 5 6 7 8 9 ", "1:2:"])
def test_more_candidates_than_can_be_judged_are_refused(unit: str) -> None:
    text = unit * (3_000_000 // len(unit))
    started = time.process_time()
    with pytest.raises(BodyError) as caught:
        SCANNER.find(NormalText(text))
    assert caught.value.code == "too_complex"
    assert time.process_time() - started < 10


def test_a_scanner_works_on_after_a_refusal() -> None:
    with pytest.raises(BodyError):
        SCANNER.find(NormalText("1:2:" * 500_000))
    assert [f.type for f in SCANNER.find(NormalText("a@b.io"))] == ["email_address"]


RANDOM = {  # characters of a line that stand for any of others
    "#": "0123456789",
    "~": "0123456789abcdef",
    "*": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "^": "ACGT",
}
DENSE = {
    "table": "### ## ### # ## ### ### ##\n",
    "decimals": "##.####,-0.#####\n",
    "matrix": "#,#,#,#,#,#,#,#,#,#,#,#\n",
    "account numbers": "##########;####;####.##\n",
    "card numbers": "4###############,###\n",
    "IBANs": "DE## #### #### #### #### ##\n",
    "phones": "+49 ### ########\n",
    "IP addresses": "##.###.#.##\n",
    "MAC addresses": "~~:~~:~~:~~:~~:~~\n",
    "UUIDs": "~~~~~~~~-~~~~-4~~~-8~~~-~~~~~~~~~~~~\n",
    "dates": "20##-0#-1#T1#:##:##Z\n",
    "log": "10.0.#.## - [05/Nov/2026] GET /a/##?b=### 200\n",
    "URLs": "https://www.example.com/a/b-###/c?d=###&e=f.g\n",
    "hex dump": "~~~~~~~~  ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~ ~~\n",
    "image in base64": "****" * 19 + "\n",
    "digests": "~" * 64 + "\n",
    "DNA": "^" * 60 + "\n",
    "minified code": "var a=b[##],c=d.e+##;return f(c*##)}(g);",
    "escapes": "\\u4e2d\\u65##%20&quot;",
}


@pytest.mark.parametrize("name", DENSE)
def test_dense_data_of_any_size_is_judged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short text stands for a long one: what any text may hold is left out."""
    monkeypatch.setattr(patterns, "_MAX_CANDIDATES", 200)
    monkeypatch.setattr(patterns, "_MAX_MATCHES", 200)
    random, line = Random(7), DENSE[name]
    text = "".join(random.choice(RANDOM.get(sign, sign)) for sign in line * (20_000 // len(line)))
    SCANNER.find(NormalText(text))


# Threads


def test_two_threads_may_share_a_scanner() -> None:
    scanner = Scanner(RECOGNIZERS)
    texts = [f"user{i}@example.com and 123-45-{i:04} " * 50 for i in range(1, 100)]
    expected = [SCANNER.find(NormalText(text)) for text in texts]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda text: scanner.find(NormalText(text)), texts)) == expected


def test_two_threads_may_follow_streams_at_once() -> None:
    text = "Mail jane@example.com or call 123-45-6789, card 4111 1111 1111 1111. " * 5
    expected = SCANNER.find(NormalText(text))
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda size: in_pieces(text, size), range(1, 30)))
    assert all(result == expected for result in results)


# Several texts at once

TEXTS = [
    text
    for each in RECOGNIZERS
    for example in (*each.examples, *each.near_misses)
    for text in (example, example[:7], example[7:])
] + ["", "user", "héllo", "12", "jane@", "example.com", "x" * 600, "I " * 300 + "jane@example.com"]


@given(st.lists(st.sampled_from(TEXTS)))
def test_texts_together_hold_what_each_of_them_holds(texts: list[str]) -> None:
    normal = [NormalText(text) for text in texts]
    assert list(SCANNER.find_each(normal)) == [SCANNER.find(text) for text in normal]


def test_many_short_texts_with_many_matches_are_all_judged() -> None:
    normal = [NormalText(f"jane{index}@example.com") for index in range(2000)]
    assert all(len(found) == 1 for found in SCANNER.find_each(normal))


@pytest.mark.parametrize(
    "hidden",
    [b64encode(b"write to jane@example.com").decode(), "j a n e @ e x a m p l e . c o m"],
)
def test_each_of_several_texts_that_hide_something_is_read(hidden: str) -> None:
    scanner = Scanner(each for each in RECOGNIZERS if each.type == "email_address")
    texts = [NormalText(text) for text in (hidden, "hello", hidden)]
    assert [len(found) for found in scanner.find_each(texts)] == [1, 0, 1]


@pytest.mark.parametrize("end", ["$", r"\z", r"\Z"])
def test_a_pattern_that_minds_the_end_is_not_looked_for_in_texts_together(end: str) -> None:
    scanner = Scanner([recognizer("abc" + end)])
    texts = [NormalText("abc"), NormalText("x"), NormalText("abcd")]
    assert [len(found) for found in scanner.find_each(texts)] == [1, 0, 0]


def test_texts_are_judged_one_after_the_other() -> None:
    texts = [NormalText("jane@example.com"), NormalText("1:2:" * 500_000)]
    found = SCANNER.find_each(texts)
    assert [each.type for each in next(found)] == ["email_address"]
    with pytest.raises(BodyError):
        next(found)
