"""Streamed text that waits for slow detectors."""

import itertools
import json
import random
from typing import Any

import pytest

from extproc.detectors.slow import Failure
from extproc.dialects.openai_chat import ChatStream
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.stream import StreamGuard
from extproc.model.values import Action
from tests.guardrail.making import BROKEN, MAX_EVENT, SSN, rule
from tests.guardrail.slow import WORD, Words, guardrail

SENTENCE = "This is a sentence of about fifty characters, no more. "
TEXT = SENTENCE * 12 + f"Now {WORD} and {SSN}. " + SENTENCE * 12
EXPECTED = TEXT.replace(WORD, "[SLOW]").replace(SSN, "[US_SSN]")


def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def opened(guard: Guardrail) -> StreamGuard:
    return guard.open_stream(ChatStream(), "caller", MAX_EVENT)


def passed(stream: StreamGuard, pieces: list[str]) -> list[str]:
    """What passes after each piece, the last of which ends the stream."""
    out = []
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        data = event({"content": piece}) + (b"data: [DONE]\n\n" if last else b"")
        step = stream.feed(data, BROKEN, final=last)
        out.append("".join(contents(step.data)))
    return out


def contents(data: bytes) -> list[str]:
    events = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")]
    deltas = [json.loads(item)["choices"][0].get("delta", {}) for item in events]
    return [delta.get("content") or "" for delta in deltas]


def cut(text: str, seed: int) -> list[str]:
    chosen = random.Random(seed)
    places = sorted({0, len(text), *(chosen.randrange(len(text)) for _ in range(40))})
    return [text[a:b] for a, b in itertools.pairwise(places)]


@pytest.mark.parametrize("seed", range(8))
def test_chunking_does_not_matter(seed: int) -> None:
    words = Words()
    guard = guardrail(words, rule("slow"), rule("us_ssn"))
    pieces = cut(TEXT, seed) if seed else [TEXT]
    assert "".join(passed(opened(guard), pieces)) == EXPECTED
    assert [len(texts) for texts in words.asked] == [1] * len(words.asked)
    asked = [texts[0].text for texts in words.asked]
    other = Words()
    passed(opened(guardrail(other, rule("slow"), rule("us_ssn"))), [TEXT])
    assert asked == [texts[0].text for texts in other.asked]


def test_text_is_released_window_by_window() -> None:
    words = Words()
    out = passed(opened(guardrail(words, rule("slow"))), [SENTENCE] * 20)
    assert sum(map(bool, out)) >= 4
    assert max(len(texts[0].text) for texts in words.asked) <= 800


def test_a_text_without_ends_is_cut_all_the_same() -> None:
    words = Words()
    text = "x" * 3000
    assert "".join(passed(opened(guardrail(words, rule("slow"))), [text])) == text
    assert len(words.asked) == 5


def test_what_the_fast_lane_redacts_is_shown_to_nobody() -> None:
    words = Words()
    passed(opened(guardrail(words, rule("slow"), rule("us_ssn"))), [TEXT])
    assert not any(SSN in text.text for texts in words.asked for text in texts)


def test_nothing_of_a_window_that_is_blocked_passes() -> None:
    words = Words()
    stream = opened(guardrail(words, rule("slow", "block")))
    out = "".join(passed(stream, [SENTENCE] * 12 + [f"Now {WORD}. "] + [SENTENCE] * 12))
    assert out
    assert TEXT.startswith(out)
    assert "Now" not in out
    assert stream.ended()
    assert stream.verdict().action is Action.BLOCK


@pytest.mark.parametrize(("on_error", "ends"), [("block", True), ("flag", False), ("allow", False)])
def test_a_failure_in_the_middle_means_what_the_rule_says(on_error: str, ends: bool) -> None:
    words = Words()
    stream = opened(guardrail(words, rule("slow", "block", onError=on_error)))
    pieces = [SENTENCE] * 8
    out = ["".join(contents(stream.feed(event({"content": p}), BROKEN).data)) for p in pieces]
    words.failure = Failure.TIMEOUT
    step = stream.feed(event({"content": SENTENCE * 8}), BROKEN, final=True)
    everything = "".join([*out, *contents(step.data)])
    assert step.ended is ends
    assert (everything == SENTENCE * 16) is not ends


def test_arguments_of_a_tool_wait_as_a_whole() -> None:
    words = Words()
    stream = opened(guardrail(words, rule("slow")))
    arguments = json.dumps({"q": f"a {WORD} thing"})
    parts = [arguments[:5], arguments[5:12], arguments[12:]]
    sent = b""
    for index, part in enumerate(parts):
        function = {"arguments": part} | ({"name": "f"} if index == 0 else {})
        call = {"index": 0, "function": function} | ({"id": "1"} if index == 0 else {})
        sent += stream.feed(event({"tool_calls": [call]}), BROKEN).data
    end = event({}, "tool_calls") + b"data: [DONE]\n\n"
    sent += stream.feed(end, BROKEN, final=True).data
    assert WORD.encode() not in sent
    events = [json.loads(line[6:]) for line in sent.split(b"\n") if line.startswith(b"data: {")]
    said = [
        call["function"].get("arguments", "")
        for one in events
        for call in one["choices"][0]["delta"].get("tool_calls", [])
    ]
    assert json.loads("".join(said)) == "[SLOW]"


def test_texts_that_come_whole_wait_too() -> None:
    stream = opened(guardrail(Words(), rule("slow")))
    data = b'data: {"choices": [], "note": "a ' + WORD.encode() + b' note"}\n\n'
    assert b"a [SLOW] note" in stream.feed(data, BROKEN).data


def test_log_probabilities_do_not_run_ahead_of_what_waits() -> None:
    stream = opened(guardrail(Words(), rule("slow")))
    token = {"token": WORD, "logprob": 0.0, "bytes": None, "top_logprobs": []}
    choice = {"index": 0, "delta": {"content": WORD}, "logprobs": {"content": [token]}}
    data = b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"
    assert WORD.encode() not in stream.feed(data, BROKEN).data


def test_roles_that_no_rule_is_about_do_not_wait() -> None:
    words = Words()
    stream = opened(guardrail(words, rule("slow", roles=["tool"])))
    assert "".join(passed(stream, ["hello ", WORD])) == f"hello {WORD}"
    assert words.asked == []
