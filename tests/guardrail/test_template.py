"""A stream passes the same whether its events are parsed one by one or known by their form."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.dialects.base import StreamEvent
from extproc.dialects.openai_chat import ChatStream
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.stream import Step, StreamGuard
from tests.exchanges.recordings import Recording, streams
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    CARD,
    DONE,
    FORMS,
    MAX_EVENT,
    REDACT_ALL,
    SSN,
    arguments,
    byte_pieces,
    choice,
    chunk,
    event,
    finished,
    guardrail,
    rule,
    said,
    text_of,
)

FAIL_OPEN = guardrail(rule(FORMS, onError="allow", name="pii"))
FLAG_ONLY = guardrail(rule(FORMS, "flag", name="pii"))
POLICIES = [REDACT_ALL, BLOCK_SSN, FAIL_OPEN, FLAG_ONLY]


class CountingStream(ChatStream):
    """Knows how many events it had to read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read(self, data: bytes) -> StreamEvent:
        self.reads += 1
        return super().read(data)


class ParsingStream(CountingStream):
    """Says of every event that it ends something, so that no event has a form to repeat."""

    def read(self, data: bytes) -> StreamEvent:
        read = super().read(data)
        read.closed_scopes = (*read.closed_scopes, "no such choice")
        return read


def opened(guard: Guardrail, kind: type[CountingStream]) -> tuple[StreamGuard, CountingStream]:
    reader = kind()
    return guard.open_stream(reader, "caller", MAX_EVENT), reader


def seen(stream: StreamGuard, parts: list[bytes]) -> list[Any]:
    """All that can be seen of a guard from outside, after each part."""
    result: list[Any] = []
    for index, part in enumerate(parts):
        step = stream.feed(part, BROKEN, final=index == len(parts) - 1)
        result.append((step, stream.holds_text, stream.events, stream.ended()))
    end = stream.verdict(), stream.skipped, stream.usage, stream.unreadable
    return [*result, end]


def reads_of_the_same(parts: list[bytes], guard: Guardrail = REDACT_ALL) -> int:
    """How many of the events were parsed, by a guard that passes what a parsing one passes."""
    known, reader = opened(guard, CountingStream)
    parsed, _ = opened(guard, ParsingStream)
    assert seen(known, parts) == seen(parsed, parts)
    return reader.reads


def passed(steps: list[Step]) -> bytes:
    return b"".join(step.data for step in steps)


WORDS = ["The ", "quick ", "brown ", "fox ", "jumps ", "over ", "the ", "dog."]


# What it saves


def test_events_that_differ_in_their_text_are_not_parsed() -> None:
    assert reads_of_the_same([*map(said, WORDS * 10), DONE]) <= 4


def test_the_same_holds_for_a_redacted_text() -> None:
    parts = [said(text) for text in [*WORDS, *SSN, " is ", "jane@", "example.", "com", ", ok. "]]
    assert reads_of_the_same([*parts, DONE]) <= 4


def test_random_padding_is_no_difference() -> None:
    parts = [event(choice(content=w), obfuscation="x" * (len(w) % 5)) for w in WORDS * 5]
    assert reads_of_the_same([*parts, DONE]) <= 4


def test_blanks_before_the_last_brace_are_no_difference() -> None:
    parts = [said(w).replace(b"}\n", b" " * (len(w) % 4) + b"}\n") for w in WORDS * 5]
    assert reads_of_the_same([*parts, DONE]) <= 4
    parts = [part.replace(b" }", b"\t}") for part in parts]
    reads_of_the_same([*parts, DONE])


def test_escapes_are_no_difference() -> None:
    texts = ["One ", 'say "hi" ', "a\n\n", "b\\c ", "\t", "é “x” 😀 ", "\u2028", "\x7f"]
    for ascii_only in (True, False):
        parts = [
            b"data: "
            + json.dumps(chunk(choice(content=t)), ensure_ascii=ascii_only).encode()
            + b"\n\n"
            for t in texts * 3
        ]
        assert reads_of_the_same([*parts, DONE]) <= 4


def test_many_events_in_one_piece_are_known_too() -> None:
    assert reads_of_the_same([b"".join(map(said, WORDS * 10)), DONE]) <= 4


def test_a_comment_in_between_is_no_difference() -> None:
    parts = [part for word in WORDS * 5 for part in (said(word), b": keep-alive\n\n")]
    assert reads_of_the_same([*parts, DONE]) <= 4


def test_lines_may_end_in_crlf() -> None:
    parts = [said(word).replace(b"\n", b"\r\n") for word in WORDS * 5]
    assert reads_of_the_same([*parts, DONE]) <= 4


def test_arguments_of_a_tool_are_known_too() -> None:
    text = json.dumps({"mail": "jane@example.com", "n": 4111111111111111, "text": "a b c" * 20})
    parts = [event(choice(**arguments(text[i : i + 4]))) for i in range(0, len(text), 4)]
    assert reads_of_the_same([*parts, finished(), DONE]) <= 8


def test_a_stream_whose_events_are_never_alike_is_soon_just_parsed() -> None:
    parts = [said(word, index % 2) for index, word in enumerate(WORDS * 20)]
    assert reads_of_the_same([*parts, DONE]) <= len(parts) + 1 + 8


# What it must not change

BEFORE, _, BEHIND = said("\0").partition(b"\\u0000")


def like(inside: bytes) -> bytes:
    """An event of the form of `said`, with any bytes inside of its text."""
    return BEFORE + inside + BEHIND


ATTACKS = {
    "closing quote": like(b'","x":"'),
    "a second text": like(b'"},"finish_reason":null},{"index":1,"delta":{"content":"123-45-6789 '),
    "a duplicate key": like(b'","content":"123-45-6789 '),
    "another field": like(b'","refusal":"123-45-6789 '),
    "a finish": like(b'"},"finish_reason":"stop"},{"index":1,"delta":{"content":"x'),
    "an escaped value": like(rb"123-45-\u0036789 "),
    "an escaped quote": like(rb"a\"123-45-6789 "),
    "a backslash at the end": like(b"a\\"),
    "two backslashes at the end": like(b"123-45-6789 \\\\"),
    "half an escape": like(rb"a\u00"),
    "no escape": like(rb"a\x20"),
    "a lone surrogate": like(rb"a\ud83d"),
    "a surrogate pair": like(rb"\ud83d\ude00 123-45-6789 "),
    "a nul": like(rb"\u0000"),
    "invalid UTF-8": like(b"a\xff"),
    "an overlong form": like(b"a\xc0\xa2"),
    "a surrogate in UTF-8": like(b"a\xed\xa0\x80"),
    "half a character": like(b"a\xc3"),
    "a control character": like(b"a\x01"),
    "a tab": like(b"a\tb"),
    "a line end": like(b"a\nb"),
    "a carriage return": like(b"a\rb"),
    "an event": like(b'"}}]}\n\ndata: {"choices":[{"delta":{"content":"123-45-6789 '),
    "nothing": like(b""),
    "a null": BEFORE[:-1] + b"null" + BEHIND[1:],
    "a number": BEFORE[:-1] + b"4111111111111111" + BEHIND[1:],
    "overlapping ends": BEFORE + BEHIND[1:],
    "only the beginning": BEFORE,
    "only the end": BEHIND,
    "blanks at the end": like(b"123-45-").replace(b"}\n", b"   }\n"),
    "blanks behind the end": like(b"123-45-").replace(b"}\n", b"}   \n"),
    "blanks and more": like(b"x").replace(b"}\n", b' ,"y":"123-45-6789 "}\n'),
    "another finish reason": like(b"x ").replace(
        b'"finish_reason": null', b'"finish_reason": "stop"'
    ),
    "another index": like(b"123-45-").replace(b'"index": 0', b'"index": 1'),
    "another spelling": like(b"x ").replace(b'"index": 0', b'"index":  0'),
    "another model": like(b"x ").replace(b'"m"', b'"other"'),
    "a model that is text": like(b"x ").replace(b'"m"', f'"my {SSN} x"'.encode()),
    "two choices": event(choice(0, content="x "), choice(1, content=f"{SSN} ")),
    "usage": event(choice(content="x "), usage={"prompt_tokens": 1, "completion_tokens": 2}),
    "log-probabilities": event(
        {**choice(content="x "), "logprobs": {"content": [{"token": "x ", "logprob": -1.5}]}}
    ),
    "a comment before": b": 123-45-6789 \n" + like(b"x "),
    "a name before": b"event: message\n" + like(b"x "),
    "two data lines": like(b"x ").replace(b", ", b",\ndata: ", 1),
    "no blank": like(b"123-45-6789 ").replace(b"data: ", b"data:"),
    "two blanks": like(b"123-45-6789 ").replace(b"data: ", b"data:  "),
    "crlf": like(b"123-45-6789 ").replace(b"\n", b"\r\n"),
    "cr": like(b"123-45-6789 ").replace(b"\n", b"\r"),
    "a byte order mark": b"\xef\xbb\xbf" + like(b"x "),
    "the mark": like(b"text-of-a-template"),
    "a value": like(b"123-45-6789 "),
    "half a value": like(b"123-45-"),
    "the rest of one": like(b"6789 "),
    "a long text": like(b"word " * 2000),
    "tool arguments": event(choice(**arguments('{"a": "123-45-'))),
    "more arguments": event(choice(**arguments("6789"))),
    "a role": event(choice(role="assistant", content="x ")),
    "media": event(choice(audio={"id": "a", "data": "SGVsbG8="})),
    "media and text": event(choice(content="x ", audio={"id": "a", "data": "SGVsbG8="})),
    "the mark elsewhere": event(choice(content=f"{SSN} "), id="text-of-a-template"),
    "the mark in padding": event(choice(content=f"{SSN} "), obfuscation="text-of-a-template"),
    "broken": b"data: {broken\n\n",
    "a list": b"data: [1]\n\n",
    "an error": b'data: {"error": {"message": "it is 123-45-6789"}}\n\n',
    "another choice": said("x ", 1),
    "a finished choice": finished(),
    "a finished other": finished(1),
    "done": DONE,
}
ORDINARY = [said("One "), said("Two. ")]


@pytest.mark.parametrize("guard", POLICIES, ids=["redact", "block", "open", "flag"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_on_the_form_is_read_as_it_stands(attack: bytes, guard: Guardrail) -> None:
    for before in (ORDINARY, [like(rb"\u0061"), *ORDINARY, said("It is 123-45-")]):
        reads_of_the_same([*before, attack, said("Three "), said("6789. "), DONE], guard)
        reads_of_the_same([attack, attack, said("Three "), said("Four. "), attack, DONE], guard)


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(ORDINARY * 8 + list(ATTACKS.values())), min_size=1, max_size=12),
    st.integers(0, 2**32),
    st.sampled_from(POLICIES),
)
def test_any_events_in_any_cut_pass_as_if_parsed(
    events: list[bytes], seed: int, guard: Guardrail
) -> None:
    reads_of_the_same([*events, DONE], guard)
    reads_of_the_same([b"".join(events), DONE], guard)
    reads_of_the_same([*byte_pieces(b"".join(events), seed), b""], guard)


inside = st.one_of(
    st.binary(max_size=8),
    st.text(max_size=8).map(lambda text: json.dumps(text)[1:-1].encode()),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from([b'"', b"\\", b"u", b"d83d", b"\\ude00", b"123-45-6789", b",", b":", b" "])
    ).map(b"".join),
)


@settings(max_examples=300)
@given(st.lists(inside, min_size=1, max_size=6), st.sampled_from(POLICIES))
def test_any_bytes_inside_of_the_text_pass_as_if_parsed(
    insides: list[bytes], guard: Guardrail
) -> None:
    reads_of_the_same([*ORDINARY, *map(like, insides), said("End. "), DONE], guard)


@settings(max_examples=200)
@given(st.lists(st.tuples(inside, inside), min_size=1, max_size=5), st.sampled_from(POLICIES))
def test_any_bytes_inside_of_the_padding_pass_as_if_parsed(
    insides: list[tuple[bytes, bytes]], guard: Guardrail
) -> None:
    padded = event(choice(content="Hi. "), obfuscation="\0")
    before, _, behind = padded.partition(b"\\u0000")
    events = [before.replace(b"Hi. ", text) + padding + behind for text, padding in insides]
    first = [before + b"ab" + behind, before + b"" + behind]
    reads_of_the_same([*first, *events, DONE], guard)


@pytest.mark.parametrize(
    "padding",
    ["a word or two", SSN, f"x {SSN} y", "x" * 256, "x" * 257, "", '"', "\\", "é", CARD],
)
def test_padding_that_is_no_identifier_is_read_as_text(padding: str) -> None:
    parts = [event(choice(content=w), obfuscation="abc") for w in WORDS]
    odd = event(choice(content="Odd. "), obfuscation=padding)
    reads_of_the_same([*parts, odd, *parts, odd, DONE])
    reads_of_the_same([*parts, odd, odd, *parts, DONE], BLOCK_SSN)


@pytest.mark.parametrize(
    "more",
    [
        {"obfuscation": "x"},
        {"delta_obfuscation": "x"},
        {"system_fingerprint": "fp"},
        {"x_groq": {"obfuscation": ""}},
        {"note": "plain"},
    ],
    ids=str,
)
def test_any_member_behind_the_text_is_read_as_it_stands(more: dict[str, Any]) -> None:
    values = ["a", "b", f"{SSN} ", "c d", "a"]
    for name in more:
        events = [event(choice(content=f"{v} "), **{**more, name: v}) for v in values]
        reads_of_the_same([event(choice(content="Hi. "), **more), *events, DONE])
    nested = [event({**choice(content="Hi. "), "obfuscation": v}) for v in ["", *values]]
    reads_of_the_same([*nested, DONE])


def test_what_was_an_identifier_is_no_text_of_the_next_event() -> None:
    """A sentence in the place of an identifier is a text; an identifier there is not."""
    values = ["two words", "two more", "analysis", f"x {SSN}", "final", "two words"]
    reads_of_the_same([*(event(choice(channel=value)) for value in values), DONE])


def test_the_text_is_found_by_its_place_and_not_by_its_spelling() -> None:
    """The first event spells its text with an escape, and an identifier reads like it."""
    odd = event(choice(content="Hi. "), id="Hi.x").replace(b'"Hi. "', rb'"\u0048i.x"')
    reads_of_the_same([odd, odd.replace(b"Hi.x", b"ab.x"), odd, DONE, odd])
    twin = event(choice(content="same"), id="same")
    reads_of_the_same([twin, twin.replace(b"same", SSN.encode()), twin, DONE])


def test_a_carrier_has_the_envelope_of_the_event_before_it() -> None:
    """An event of the first form comes after one with another id: what is held takes its id."""
    other = event(choice(content="jane"), id="chatcmpl-2")
    parts = [said("One "), said("Two "), other, said(" x jane@"), finished(1), said("b"), DONE]
    reads_of_the_same(parts)
    reads_of_the_same([said("One "), said("Two "), finished(1), other, said("jane@"), DONE])


def test_a_text_goes_on_no_further_than_its_end() -> None:
    parts = [said("One "), said("Two "), finished(), said("Three "), said("Four "), DONE]
    for guard in POLICIES:
        reads_of_the_same(parts, guard)


def test_a_block_ends_a_stream_of_known_events() -> None:
    parts = [*map(said, WORDS), *map(said, SSN), said(" and more. "), said("More. "), DONE]
    assert reads_of_the_same(parts, BLOCK_SSN) <= 4
    stream, _ = opened(BLOCK_SSN, CountingStream)
    assert text_of(passed([stream.feed(part, BROKEN) for part in parts])) == "".join(WORDS)


def test_text_that_cannot_be_followed_ends_a_stream_of_known_events() -> None:
    parts = [said("One "), said("Two "), said("jane"), *[said("\u200b" * 500)] * 200, DONE]
    for guard in POLICIES:
        reads_of_the_same(parts, guard)


def test_large_events_are_not_kept() -> None:
    assert reads_of_the_same([*[said("word " * 1000)] * 5, DONE]) == 6


@pytest.mark.parametrize("recording", streams(), ids=lambda recording: recording.name)
@pytest.mark.parametrize("guard", POLICIES, ids=["redact", "block", "open", "flag"])
def test_recorded_streams_pass_as_if_parsed(recording: Recording, guard: Guardrail) -> None:
    chunks = recording.response_chunks
    reads = reads_of_the_same([*chunks, b""], guard)
    reads_of_the_same([b"".join(chunks)], guard)
    reads_of_the_same([*byte_pieces(b"".join(chunks), 7), b""], guard)
    assert reads <= len(chunks) + 8


def test_most_events_of_long_recorded_streams_are_known() -> None:
    for recording in streams():
        chunks = recording.response_chunks
        if len(chunks) > 100:
            assert reads_of_the_same([*chunks, b""]) < len(chunks) / 2, recording.name


@settings(max_examples=100)
@given(st.integers(0, 2**32), st.sampled_from(POLICIES))
def test_recorded_streams_with_values_in_them_pass_as_if_parsed(
    seed: int, guard: Guardrail
) -> None:
    rng = random.Random(seed)
    recording = rng.choice(streams())
    value = rng.choice([SSN, CARD, "jane@example.com", "-----BEGIN PRIVATE KEY-----"]).encode()
    chunks = []
    for data in recording.response_chunks[:40]:
        head, quote, rest = data.partition(rng.choice([b'content":"', b'arguments":"', b'id":"']))
        cut = rng.randrange(len(value) + 1)
        chunks.append(head + quote + rng.choice([b"", value, value[:cut], value[cut:]]) + rest)
    reads_of_the_same([*chunks, b""], guard)
