"""How long text of a stream waits: hardly at all in prose, never longer than a match."""

import re
from itertools import accumulate
from statistics import median

import pytest

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.scanner import LONGEST_HIDDEN
from extproc.guardrail.guardrail import Guardrail
from tests.guardrail.making import (
    BROKEN,
    FORMS,
    REDACT_ALL,
    arguments,
    choice,
    event,
    guardrail,
    open_stream,
    said,
    text_of,
)

PROSE = """
When the first settlers came up the river in the spring, they found the valley already full of
birds, and for most of that year nobody thought about building anything larger than a shed. The
ground was soft, the water rose twice before June, and the only road was a track that the deer had
made. "We shall wait," wrote the schoolmaster, whose letters are our best source, "until the land
tells us where it wants a house." It took the land almost 3 years to say so. By 1847 there were
twelve families, a mill with two wheels, and a quarrel about the fence between the upper and the
lower meadow that would outlive everyone who had started it.

What people forget about such places is how little they changed from one week to the next. Bread
was baked on Tuesday and on Friday; the post came at 10:30, if it came; a good horse cost $85, and
a bad one rather more in the end. The mill ran day and night after the harvest (the miller slept,
it was said, with one hand on the stone), and in winter it did not run at all. Prices were read
out after church: oats 1.20, wheat 2.15, salt as before. Nobody was rich; few were hungry.

If you want to understand why they stayed, look at the map. The hills to the north keep off the
wind, the river bends twice and gives you a ford, and the soil, as every farmer will tell you, is
the colour of chocolate. Add cheap timber and a market two days away, and the answer is not hard:
it was a decent place to be left alone in. The railway, when it arrived, changed that within a
decade, and you can still see where: half of the main street faces the station, and the other half
has never forgiven it.
""".strip().replace("\n", " ")

# Words with the blank before them, and punctuation by itself: how models cut ordinary English.
TOKENS = re.findall(r" ?[A-Za-z']+| ?\d{1,3}| ?[^\sA-Za-z\d]+| ", PROSE)

PRESETS = [
    "default",
    "support-bot",
    "code-assistant",
    "rag",
    "data-analysis",
    "creative-writing",
]


def waits(guard: Guardrail, tokens: list[str]) -> tuple[list[int], int]:
    """After each token: how many tokens have not passed whole; and the most characters held."""
    stream = open_stream(guard)
    ends = list(accumulate(map(len, tokens)))
    passed = most = 0
    waiting = []
    for count, token in enumerate(tokens, 1):
        passed += len(text_of(stream.feed(said(token), BROKEN).data))
        most = max(most, ends[count - 1] - passed)
        waiting.append(sum(1 for end in ends[:count] if end > passed))
    return waiting, most


def test_the_prose_is_cut_into_tokens_without_loss() -> None:
    assert "".join(TOKENS) == PROSE
    assert len(TOKENS) > 250


@pytest.mark.parametrize("preset", PRESETS)
def test_prose_waits_for_at_most_one_token_as_a_rule(preset: str) -> None:
    waiting, _ = waits(guardrail(preset=preset), TOKENS)
    assert median(waiting) <= 1


@pytest.mark.parametrize("preset", PRESETS)
def test_prose_is_never_held_longer_than_a_match(preset: str) -> None:
    guard = guardrail(preset=preset)
    _, most = waits(guard, TOKENS)
    assert most <= max(recognizer.longest for recognizer in RECOGNIZERS)


def test_prose_seldom_waits_for_many_tokens() -> None:
    waiting, _ = waits(REDACT_ALL, TOKENS)
    assert sum(1 for count in waiting if count <= 2) > 0.9 * len(waiting)


def test_a_policy_that_only_flags_holds_nothing() -> None:
    waiting, most = waits(guardrail(preset="none"), TOKENS)
    assert set(waiting) == {0}
    assert most == 0
    assert waits(guardrail({"name": "x", "detect": FORMS, "action": "flag"}), TOKENS)[1] == 0


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("4" * 20, "credit_card"),
        ("4 " * 10, "credit_card"),
        ("a." * 9, "email_address"),
        ("a@b." * 5, "email_address"),
        ("-----BEGIN PRIVATE KEY-----\n", "private_key"),
        ("A" * 400, "private_key"),
    ],
)
def test_what_looks_like_a_match_for_ever_is_released(unit: str, kind: str) -> None:
    longest = max(r.longest for r in RECOGNIZERS if r.type == kind)
    lead = ["-----BEGIN PRIVATE KEY-----\n"] if kind == "private_key" else []
    _, most = waits(
        guardrail({"name": "x", "detect": [kind], "action": "redact"}), lead + [unit] * 60
    )
    assert most <= max(longest, LONGEST_HIDDEN)


@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\u0301", "\U000e0041"], ids=repr)
def test_characters_that_cannot_be_seen_are_not_held_for_ever(invisible: str) -> None:
    stream, fed, passed = open_stream(REDACT_ALL), 0, 0
    for part in ["jane", *[invisible * 500] * 100]:
        step = stream.feed(said(part), BROKEN)
        if step.ended:
            break
        fed, passed = fed + len(part), passed + len(text_of(step.data))
        assert fed - passed <= 3 * max(recognizer.longest for recognizer in RECOGNIZERS)
    assert stream.unreadable in ("", "too_complex")


def test_json_structure_is_not_held() -> None:
    stream = open_stream(REDACT_ALL)
    path = ("tool_calls", 0, "function", "arguments")
    for piece in ['{"', "a", '": "', 'b c. ", "', 'd": [', "{}, ", "{}]}"]:
        data = stream.feed(event(choice(**arguments(piece))), BROKEN).data
        if not piece.isalnum():
            assert text_of(data, *path).endswith(piece)


def test_the_guard_knows_whether_it_holds_text() -> None:
    stream = open_stream(REDACT_ALL)
    stream.feed(said("Hello. "), BROKEN)
    assert not stream.holds_text
    stream.feed(said("jane"), BROKEN)
    assert stream.holds_text
