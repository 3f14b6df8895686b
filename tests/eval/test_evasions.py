"""That a disguise is put over the right part, and is what it says."""

import base64
import html
import unicodedata
from urllib.parse import unquote

import pytest

from eval.counting import Span
from eval.disguises import ALL, DIGITS, LETTERS
from eval.evasions import Positive, sample, tasks_of
from extproc.model.values import Finding

CARD = "4111 1111 1111 1111"


def positive(text: str, span: Span, what: str = "credit_card") -> Positive:
    return Positive("pci", what, text, span, frozenset({what}), frozenset())


def test_each_disguise_can_be_taken_off_again() -> None:
    text = "Mail Zoe <b@c.org>"
    for name in ("full-width", "mathematical"):
        assert unicodedata.normalize("NFKC", ALL[name](text)) == text
    assert base64.b64decode(base64.b64decode(ALL["base64 of base64"](text))).decode() == text
    assert bytes.fromhex(html.unescape(ALL["HTML entities of hex"](text))).decode() == text
    assert unquote(unquote(ALL["URL of URL"](text))) == text
    assert html.unescape(ALL["HTML entities, hex"](text)) == text
    tags = ALL["tag characters"](text)
    assert "".join(chr(ord(c) - 0xE0000) for c in tags) == text
    for name in ("zero-width between", "bidi controls between", "combining marks"):
        kept = [c for c in ALL[name](text) if unicodedata.category(c) not in ("Cf", "Mn")]
        assert "".join(kept) == text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("digits spaced out", "5 3 6 9 0"),
        ("digits with dots", "5.3.6.9.0"),
        ("number words", "five three six nine zero"),
    ],
)
def test_digits_lose_what_groups_them(name: str, expected: str) -> None:
    assert DIGITS[name]("536-90") == expected


def test_sentences() -> None:
    assert LETTERS["leetspeak"]("Ignore it") == "1gn0r3 17"
    assert LETTERS["letters spaced out"]("no it") == "n o   i t"


def test_only_the_value_is_disguised() -> None:
    one = positive(f"card {CARD} ok", Span(5, 24))
    tasks = {name: (text, span) for _, name, text, span in tasks_of([one])}
    text, span = tasks["digits with dots"]
    assert text == "card " + ".".join("4111111111111111") + " ok"
    assert text[span.start : span.end] == ".".join("4111111111111111")
    assert "Cyrillic letters" not in tasks, "a card number has no letters"
    assert "number words" in tasks
    assert "leetspeak" not in tasks


def test_a_value_counts_where_it_stands_and_a_sentence_anywhere() -> None:
    one = positive(CARD, Span(0, 19))
    found = Finding("credit_card", "pci", 0, 10, 0.9)
    assert one.among([found], Span(0, 19))
    assert not one.among([found], Span(10, 30))
    families = frozenset({"injection"})
    attack = Positive("injection", "s", "text", Span(0, 4), frozenset(), families)
    assert attack.among([Finding("x", "injection", 90, 99, 0.9)], Span(0, 4))
    assert not attack.among([found], Span(0, 4))


def test_a_sample_has_all_types_and_is_the_same_each_time() -> None:
    many = [positive(f"{n}", Span(0, 1), "credit_card") for n in range(50)]
    few = [positive(f"{n}", Span(0, 1), "iban") for n in range(3)]
    chosen = sample([*many, *few], 10)
    assert len(chosen) == 10
    assert sum(one.what == "iban" for one in chosen) == 3
    assert chosen == sample([*reversed(many), *few], 10)
    assert len(sample([*many, *few], None)) == 53
