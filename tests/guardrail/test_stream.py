"""Streamed answers: the same text in every cut, clean ends, nothing lost and nothing leaked."""

import json
import random
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion import ChatCompletion

from extproc.guardrail.guardrail import Guardrail
from extproc.model.values import Action, Direction, Usage
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    CARD,
    CHAT,
    DONE,
    FORMS,
    REDACT_ALL,
    SSN,
    arguments,
    byte_pieces,
    choice,
    documents,
    event,
    feed_all,
    finished,
    guardrail,
    open_stream,
    output,
    pieces,
    rule,
    said,
    sse,
    text_of,
)

FAIL_OPEN = guardrail(rule(FORMS, onError="allow", name="pii"))
FLAG_ONLY = guardrail(rule(FORMS, "flag", name="pii"))
TOOL = ("tool_calls", 0, "function", "arguments")


def tokens(text: str, index: int = 0) -> list[bytes]:
    """One event for every few characters."""
    return [said(text[i : i + 3], index) for i in range(0, len(text), 3)]


def named(name: str, text: str) -> dict[str, Any]:
    """A choice whose delta has a field of any name."""
    return {"index": 0, "delta": {name: text}, "finish_reason": None}


def accumulated(stream: bytes) -> ChatCompletion:
    """What the official SDK makes of a stream."""
    state = ChatCompletionStreamState()
    for document in documents(stream):
        state.handle_chunk(ChatCompletionChunk.model_validate(document))
    return state.current_completion_snapshot


def interleaved(*streams: list[bytes], seed: int = 0) -> list[bytes]:
    """The events of several streams in one, each in its order."""
    rng = random.Random(seed)
    queues = [list(stream) for stream in streams if stream]
    result = []
    while queues:
        queue = rng.choice(queues)
        result.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    return result


# What passes


def test_a_clean_stream_passes_byte_for_byte_when_nothing_must_wait() -> None:
    stream = b"".join([said("Hello. "), said("There. "), finished(), DONE])
    assert output(REDACT_ALL, [stream]) == stream


@pytest.mark.parametrize(
    "untouched",
    [
        b": keep-alive\n\n",
        b":\r\n\r\n",
        b"event: ping\nid: 7\nretry: 100\n\n",
        b": x\r\ndata: [DONE]\r\n\r\n",
        b"\n\n",
        b"data:\n\n",
        b"data\n\n",
        b"data: \r\n\r\n",
    ],
    ids=repr,
)
def test_what_carries_no_text_passes_unchanged(untouched: bytes) -> None:
    assert output(REDACT_ALL, [untouched]) == untouched


def test_crlf_events_pass_unchanged() -> None:
    stream = (said("Hello. ") + finished() + DONE).replace(b"\n", b"\r\n")
    assert output(REDACT_ALL, [stream]) == stream


def test_a_byte_order_mark_passes_unchanged() -> None:
    stream = b"\xef\xbb\xbf" + said("Hello. ")
    assert output(REDACT_ALL, [stream]) == stream


def test_an_event_over_several_lines_is_read_as_one() -> None:
    document = json.dumps(json.loads(said(f"{SSN} ")[6:]), indent=1)
    stream = "".join(f"data: {line}\n" for line in document.split("\n")) + "\n"
    assert text_of(output(REDACT_ALL, [stream.encode(), DONE])) == "[US_SSN] "


def test_a_value_over_many_events_is_redacted() -> None:
    events = [*tokens(f"My SSN is {SSN}, ok?"), finished(), DONE]
    assert text_of(output(REDACT_ALL, events)) == "My SSN is [US_SSN], ok?"


def test_what_is_only_flagged_passes_byte_for_byte() -> None:
    events = [*tokens(f"My SSN is {SSN}"), finished(), DONE]
    stream = open_stream(FLAG_ONLY)
    assert [step.data for step in feed_all(stream, events)] == events
    assert stream.verdict().action is Action.FLAG


def test_a_redacted_event_keeps_its_other_fields() -> None:
    [passed] = documents(output(REDACT_ALL, [event(choice(content=f"{SSN}! "), service_tier="x")]))
    assert passed == json.loads(event(choice(content="[US_SSN]! "), service_tier="x")[6:])


def test_a_redacted_event_keeps_comment_and_name() -> None:
    passed = output(REDACT_ALL, [b": note\nevent: chunk\n" + said(f"{SSN} ")])
    assert passed.startswith(b": note\nevent: chunk\ndata: ")


def test_a_comment_is_redacted_too() -> None:
    assert output(REDACT_ALL, [b": mail jane@example.com\n\n"]) == (b": mail [EMAIL_ADDRESS]\n\n")


def test_usage_and_counts_are_kept() -> None:
    stream = open_stream(REDACT_ALL)
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    feed_all(stream, [said("Hi. "), event(usage=usage), DONE])
    assert stream.usage == Usage(3, 5)
    assert stream.events == 3


# Cuts


CHOICES: list[list[bytes]] = [
    [*tokens(f"Mail jane@example.com or call {SSN} now"), finished(0)],
    [*tokens(f"{CARD} is a card and 😀 jane@", 1), finished(1, "length")],
    [
        event(choice(2, **arguments("", id="c", type="function"))),
        *(
            event(choice(2, **arguments(piece)))
            for piece in [
                '{"a',
                '": "j',
                "ane\\u00",
                "40exa",
                "mple.com",
                '", "n": 41',
                "1" * 14,
                "}",
            ]
        ),
        finished(2, "tool_calls"),
    ],
]
EXPECTED = {
    0: "Mail [EMAIL_ADDRESS] or call [US_SSN] now",
    1: "[CREDIT_CARD] is a card and 😀 jane@",
}


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_interleaved_choices_in_any_cut_give_the_same_text(seed: int) -> None:
    stream = b"".join([*interleaved(*CHOICES, seed=seed), b": bye\n\n", DONE])
    stream = stream if seed % 2 else stream.replace(b"\n", b"\r\n")
    passed = output(REDACT_ALL, byte_pieces(stream, seed)).replace(b"\r\n", b"\n")
    assert {index: text_of(passed, index=index) for index in EXPECTED} == EXPECTED
    assert json.loads(text_of(passed, *TOOL, index=2)) == {
        "a": "[EMAIL_ADDRESS]",
        "n": "[CREDIT_CARD]",
    }
    assert passed.endswith(DONE)


def test_a_stream_cut_at_every_byte_gives_the_same_text() -> None:
    stream = b"".join([*tokens(f"It is {SSN}. "), finished(), DONE])
    whole = output(REDACT_ALL, [stream])
    for place in range(1, len(stream)):
        assert output(REDACT_ALL, [stream[:place], stream[place:]]) == whole


def test_a_stream_in_single_bytes_gives_the_same_bytes() -> None:
    stream = b"".join([*tokens(f"It is {SSN}. "), finished(), DONE])
    single = [stream[i : i + 1] for i in range(len(stream))]
    assert output(REDACT_ALL, single) == output(REDACT_ALL, [stream])


@settings(max_examples=60)
@given(
    st.text(alphabet="0123456789-. @ajne😀", max_size=30),
    st.lists(st.integers(0, 30), max_size=5),
)
def test_however_a_text_is_cut_into_deltas_it_comes_out_the_same(
    text: str, places: list[int]
) -> None:
    stops = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    parts = [text[a:b] for a, b in pairwise(stops)]
    in_parts = output(REDACT_ALL, [*map(said, parts), finished(), DONE])
    assert text_of(in_parts) == text_of(output(REDACT_ALL, [said(text), finished(), DONE]))


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_any_cut_ends_at_the_same_block(seed: int) -> None:
    stream = b"".join([*tokens(f"It is {SSN}, the number. "), finished(), DONE])
    passed = output(BLOCK_SSN, byte_pieces(stream, seed))
    assert passed == output(BLOCK_SSN, [stream])
    assert text_of(passed) == "It is "


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([b"data: ", b"\n", b"\n\n", b"[DONE]", b'{"choices":[', b"]}", b":", b"\r"])
        | st.sampled_from([said("a@b"), said(".io "), finished(), b'{"delta":{"content":"x"}}'])
        | st.binary(max_size=6),
        max_size=10,
    ).map(b"".join),
    st.integers(0, 2**32),
    st.sampled_from([REDACT_ALL, BLOCK_SSN, FAIL_OPEN, FLAG_ONLY]),
)
def test_any_bytes_in_any_cut_give_the_same_bytes(data: bytes, seed: int, guard: Guardrail) -> None:
    parts = [*byte_pieces(data, seed), b""]
    assert output(guard, parts) == output(guard, [data])


PATHS: list[tuple[str | int, ...]] = [
    ("content",),
    ("refusal",),
    ("reasoning_content",),
    ("new_field",),
    ("audio", "transcript"),
    ("new", "deep", "down"),
    ("tool_calls", 0, "custom", "input"),
    ("tool_calls", 3, "custom", "input"),
    ("tool_calls", 0, "function", "arguments"),
]
stories = st.lists(
    st.sampled_from([SSN, CARD, "jane@example.com", "word ", " ", "12", ". ", "😀", "é", '"', "{"]),
    max_size=6,
).map("".join)


def delta_at(path: tuple[str | int, ...], text: str) -> dict[str, Any]:
    value: Any = text
    for step in reversed(path):
        value = [{"index": step, **value}] if isinstance(step, int) else {step: value}
    result: dict[str, Any] = value
    return result


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 1), st.sampled_from(PATHS)), stories, min_size=1, max_size=5
    ),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_every_text_of_a_stream_is_redacted_as_if_it_had_come_whole(
    texts: dict[tuple[int, tuple[str | int, ...]], str], seed: int, finish: bool
) -> None:
    parts = [
        [
            event({"index": index, "delta": delta_at(path, part), "finish_reason": None})
            for part in pieces(text, seed)
        ]
        for (index, path), text in texts.items()
    ]
    ends = [finished(0), finished(1)] if finish else []
    stream = b"".join([*interleaved(*parts, seed=seed), *ends, DONE])
    passed = output(REDACT_ALL, byte_pieces(stream, seed))
    for (index, path), text in texts.items():
        assert text_of(passed, *path, index=index) == whole(path, text)


def whole(path: tuple[str | int, ...], text: str) -> str:
    """What is left of a text at this place of an answer that is not streamed."""
    body = json.dumps({"choices": [{"message": delta_at(path, text)}]}).encode()
    inspection = REDACT_ALL.inspect_json(CHAT, Direction.RESPONSE, body, "caller")
    left: Any = json.loads(inspection.body or body)["choices"][0]["message"]
    for step in path:
        left = left[0] if isinstance(step, int) else left[step]
    return str(left)


# Ends


def test_a_finish_reason_comes_after_the_text_that_was_held() -> None:
    events = [said("It is 123-45-67"), finished(), DONE]
    passed = documents(output(REDACT_ALL, events))
    assert [
        (c["delta"].get("content"), c["finish_reason"]) for d in passed for c in d["choices"]
    ] == [
        ("It is ", None),
        ("123-45-67", None),
        (None, "stop"),
    ]


def test_a_finish_reason_beside_the_last_text_brings_all_of_it() -> None:
    passed = documents(output(REDACT_ALL, [said("a 123-"), event(choice(0, "stop", content="45"))]))
    assert [c["delta"]["content"] for d in passed for c in d["choices"]] == ["a ", "123-45"]


def test_a_finished_choice_does_not_flush_another() -> None:
    steps = feed_all(open_stream(REDACT_ALL), [said("a 12", 0), said("b 34", 1), finished(0), b""])
    assert text_of(steps[2].data, index=0) == "12"
    assert text_of(steps[2].data, index=1) == ""
    assert text_of(steps[3].data, index=1) == "34"


def test_done_comes_after_the_text_that_was_held() -> None:
    passed = output(REDACT_ALL, [said("It is 123-45"), DONE])
    assert text_of(passed) == "It is 123-45"
    assert passed.endswith(DONE)


def test_a_stream_that_stops_without_an_end_brings_all_its_text() -> None:
    assert text_of(output(REDACT_ALL, [said("It is 123-45")])) == "It is 123-45"


def test_a_provider_that_dies_inside_an_event_leaks_nothing() -> None:
    passed = output(REDACT_ALL, [said("It is "), said(SSN)[:-20]])
    assert SSN.encode() not in passed


def test_text_that_comes_after_its_end_is_joined_to_what_came_before() -> None:
    events = [event(choice(0, "stop", content="mail jane@exam")), said("ple.com "), DONE]
    assert "jane@example.com" not in text_of(output(REDACT_ALL, events))


def test_two_deltas_of_one_choice_in_one_event_are_one_text() -> None:
    both = event(choice(0, "stop", content="mail jane@exam"), choice(0, content="ple.com "))
    assert "jane@example.com" not in text_of(output(REDACT_ALL, [both, DONE]))


def test_the_sdk_joins_what_was_redacted() -> None:
    call = arguments("", id="call_1", type="function")
    call["tool_calls"][0]["function"]["name"] = "send"
    events = [
        event(choice(role="assistant", content="")),
        *tokens(f"Card {CARD}. "),
        event(choice(**call)),
        event(choice(**arguments('{"to": "jane@'))),
        event(choice(**arguments('example.com", "cc": []}'))),
        finished(0, "tool_calls"),
        DONE,
    ]
    [only] = accumulated(output(REDACT_ALL, events)).choices
    assert only.finish_reason == "tool_calls"
    assert only.message.content == "Card [CREDIT_CARD]. "
    [tool_call] = only.message.tool_calls or []
    assert tool_call.model_dump(include={"id", "type", "function"}, exclude_none=True) == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "send", "arguments": '{"to": "[EMAIL_ADDRESS]", "cc": []}'},
    }


def test_two_tool_calls_at_once_are_two_texts() -> None:
    events = [
        event(choice(**arguments('{"a": "jane@', 0))),
        event(choice(**arguments('{"b": "john@', 1))),
        event(choice(**arguments('example.com"}', 0))),
        event(choice(**arguments('example.org"}', 1))),
        DONE,
    ]
    passed = output(REDACT_ALL, events)
    assert text_of(passed, *TOOL) == '{"a": "[EMAIL_ADDRESS]"}'
    assert text_of(passed, "tool_calls", 1, "function", "arguments") == '{"b": "[EMAIL_ADDRESS]"}'


def test_a_refusal_is_a_text_of_its_own() -> None:
    events = [event(choice(refusal="no, jane@")), said("example.com "), DONE]
    passed = output(REDACT_ALL, events)
    assert text_of(passed, "refusal") == "no, jane@"
    assert text_of(passed) == "example.com "


@pytest.mark.parametrize(
    "note",
    [
        {"type": "url_citation", "url_citation": {"url": "https://e.org/page1", "title": "One"}},
        {"type": "file_citation", "filename": "notes1"},
    ],
)
def test_a_citation_comes_whole(note: dict[str, Any]) -> None:
    cited = event(choice(annotations=[note]))
    steps = feed_all(open_stream(REDACT_ALL), [cited, said("Next. "), DONE])
    assert documents(steps[0].data)[0]["choices"][0]["delta"]["annotations"] == [note]


def test_log_probabilities_never_spell_out_what_is_held() -> None:
    entries = [{"token": "123-45", "logprob": -0.1}]
    held = event(choice(content="123-45") | {"logprobs": {"content": entries}})
    steps = feed_all(open_stream(REDACT_ALL), [held, said("-6789 "), DONE])
    assert b"123-45" not in b"".join(step.data for step in steps)


def test_log_probabilities_of_text_that_passes_stay() -> None:
    entries = [{"token": "Hello. ", "logprob": -0.1}]
    clear = event(choice(content="Hello. ") | {"logprobs": {"content": entries}})
    assert output(REDACT_ALL, [clear]) == clear


def test_log_probabilities_under_a_name_that_is_redacted_are_dropped() -> None:
    entries = {"content": [{"token": "a"}]}
    held = sse({"choices": {"jane@example.com": {"logprobs": entries}}})
    [document] = documents(output(REDACT_ALL, [held]))
    assert document == {"choices": {"[EMAIL_ADDRESS]": {"logprobs": None}}}


def test_many_log_probabilities_take_no_longer_than_their_number() -> None:
    entries = {"content": [{"token": "b"}]}
    choices = [choice(content="a") | {"logprobs": entries}] * 6000
    started = time.perf_counter()
    output(REDACT_ALL, [event(*choices)])
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("choices", [{"0": choice(content="a")}, [[["a"]]], [["a", "b"]]], ids=str)
def test_choices_that_are_no_list_of_objects_are_refused(choices: Any) -> None:
    *_, last = documents(output(REDACT_ALL, [said("Hello "), sse({"choices": choices})]))
    assert last["error"]["code"] == BROKEN.code


def test_a_member_name_with_a_value_is_never_written_again() -> None:
    events = [event(named("jane@example.com", "jo")), finished(), DONE]
    assert b"jane@example.com" not in output(REDACT_ALL, events)


@pytest.mark.parametrize(
    "delta",
    [{"content": ["jo"]}, {"content": [["jo"]]}, {"tool_calls": ["jo"]}, {"x": {"y": ["jo"]}}],
    ids=str,
)
def test_text_in_a_list_of_strings_can_be_held(delta: dict[str, Any]) -> None:
    passed = output(REDACT_ALL, [event(choice(**delta)), finished(), DONE])
    assert b"jo" in passed
    assert passed.endswith(DONE)


# Blocks


def test_a_block_ends_the_stream_as_the_api_does() -> None:
    step = open_stream(BLOCK_SSN).feed(said(f"It is {SSN} and more. "), BROKEN)
    assert step.ended
    assert text_of(step.data) == "It is "
    assert documents(step.data)[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert step.data.endswith(DONE)


def test_the_sdk_sees_a_block_as_filtered() -> None:
    passed = output(
        BLOCK_SSN, [event(choice(role="assistant", content="")), said(f"It is {SSN}, so ")]
    )
    [only] = accumulated(passed).choices
    assert (only.message.content, only.finish_reason) == ("It is ", "content_filter")


def test_nothing_passes_after_a_block() -> None:
    stream = open_stream(BLOCK_SSN)
    stream.feed(said(f"It is {SSN}, so "), BROKEN)
    assert stream.feed(said("more. "), BROKEN) == (b"", True)
    assert stream.feed(DONE, BROKEN, final=True) == (b"", True)


def test_nothing_of_the_same_chunk_passes_after_a_block() -> None:
    passed = output(BLOCK_SSN, [said(f"It is {SSN}, so ") + said("secret plan. ") + DONE])
    assert b"secret plan" not in passed


def test_a_value_is_never_in_a_blocked_stream() -> None:
    events = [*tokens(f"It is {SSN}, ok"), finished(), DONE]
    for size in (1, 2, len(events)):
        parts = [b"".join(events[i : i + size]) for i in range(0, len(events), size)]
        assert b"6789" not in output(BLOCK_SSN, parts)


def test_a_block_finishes_every_open_choice_and_no_other() -> None:
    events = [said("Hi. ", 0), said("Hi. ", 1), said("Hi. ", 2), finished(1), said(f"{SSN} ", 0)]
    completion = accumulated(output(BLOCK_SSN, events))
    assert [each.finish_reason for each in completion.choices] == [
        "content_filter",
        "stop",
        "content_filter",
    ]


def test_a_block_at_the_end_of_a_choice_is_no_ordinary_finish() -> None:
    events = [said("It is 123-45-6"), event(choice(0, "stop", content="789"))]
    reasons = [
        each["finish_reason"]
        for document in documents(output(BLOCK_SSN, events))
        for each in document["choices"]
        if each["finish_reason"]
    ]
    assert reasons == ["content_filter"]


def test_a_block_found_at_the_very_end_ends_the_stream_too() -> None:
    steps = feed_all(open_stream(BLOCK_SSN), [said(f"It is {SSN}"), b""])
    assert steps[-1].ended
    assert b"content_filter" in steps[-1].data


@pytest.mark.parametrize(
    "blocked",
    [
        f": ssn {SSN}\n\n".encode(),
        f": ssn {SSN}\n".encode() + said("Hi. "),
        f"id: {SSN}\n".encode() + DONE,
        event(choice(), note=f"ssn {SSN}"),
        event(named(f"ssn {SSN}", "x")),
        event(choice(**arguments(f'{{"a": "{SSN}"}}'))),
    ],
    ids=["comment", "comment and text", "id", "field", "name", "arguments"],
)
def test_a_blocked_value_passes_in_no_form(blocked: bytes) -> None:
    passed = output(BLOCK_SSN, [blocked, said("more. ")])
    assert SSN.encode() not in passed
    assert b"more" not in passed
    assert passed.endswith(DONE)


def test_what_another_text_held_does_not_pass_after_a_block() -> None:
    events = [
        event(choice(**arguments('{"pin": 12345'))),
        event(choice(0, "stop", content=f"It is {SSN} ")),
        DONE,
    ]
    assert b"12345" not in output(BLOCK_SSN, events)


def test_media_that_may_not_pass_ends_the_stream() -> None:
    guard = guardrail(rule("us_ssn"), unscanned="block")
    audio = event(choice(audio={"id": "a", "data": "SGVsbG8="}))
    stream = open_stream(guard)
    passed = b"".join(step.data for step in feed_all(stream, [said("Hi. "), audio, DONE]))
    assert b"SGVsbG8=" not in passed
    assert stream.verdict().reason == "unscanned_audio"


def test_media_that_may_pass_goes_on_record() -> None:
    stream = open_stream(REDACT_ALL)
    audio = event(choice(audio={"id": "a", "data": "SGVsbG8="}))
    assert feed_all(stream, [audio])[0].data == audio
    assert [skipped.reason for skipped in stream.skipped] == ["audio"]


def test_risk_over_the_whole_stream_can_block() -> None:
    guard = guardrail(rule("email_address", "flag"), maxRiskScore=0.9)
    mails = [said(f"m{i}@example.com, ") for i in range(9)]
    passed = output(guard, [*mails, DONE])
    assert b"m0@" in passed
    assert b"m8@" not in passed
    assert b"content_filter" in passed


# What cannot be read


UNREADABLE = [
    b"data: {broken\n\n",
    b'data: {"a": 1, "a": 2}\n\n',
    b"data: [1]\n\n",
    b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
]


@pytest.mark.parametrize("unreadable", UNREADABLE, ids=repr)
def test_an_unreadable_event_ends_an_enforced_stream_in_an_error(unreadable: bytes) -> None:
    stream = open_stream(REDACT_ALL)
    steps = feed_all(stream, [said("Hi. "), unreadable, said("more. "), DONE])
    assert steps[1].ended
    assert documents(steps[1].data)[0]["error"]["code"] == "unreadable_stream"
    assert steps[1].data.endswith(DONE)
    assert [step.data for step in steps[2:]] == [b"", b""]
    assert stream.unreadable


@pytest.mark.parametrize("unreadable", UNREADABLE, ids=repr)
def test_an_unreadable_event_passes_where_the_policy_fails_open(unreadable: bytes) -> None:
    stream = open_stream(FAIL_OPEN)
    events = [said("Hi. "), unreadable, said(f"{SSN}. "), DONE]
    passed = b"".join(step.data for step in feed_all(stream, events))
    assert unreadable in passed
    assert text_of(passed.replace(unreadable, b"")) == "Hi. [US_SSN]. "
    assert stream.unreadable


ENDLESS = b"data: " + b"x" * 4000


@pytest.mark.parametrize("guard", [REDACT_ALL, FAIL_OPEN], ids=["block", "allow"])
def test_what_precedes_an_oversized_event_passes_in_any_cut(guard: Guardrail) -> None:
    before = said("Hi. ")
    one = output(guard, [before, ENDLESS, b""], max_event=2000)
    assert output(guard, [before + ENDLESS, b""], max_event=2000) == one
    assert one.startswith(before)


@pytest.mark.parametrize("whole", [True, False])
def test_an_oversized_event_is_refused_whether_or_not_it_comes_whole(whole: bool) -> None:
    large = said("x" * 4000)
    parts = [large] if whole else [large[:3000], large[3000:]]
    assert b"unreadable_stream" in output(REDACT_ALL, [*parts, DONE], max_event=2000)


def test_an_oversized_event_passes_whole_where_the_policy_fails_open() -> None:
    passed = output(FAIL_OPEN, [said("Hi 12"), ENDLESS[:3000], ENDLESS[3000:], b"\n\n"], 2000)
    assert ENDLESS in passed
    assert text_of(passed.replace(ENDLESS, b"")) == "Hi 12"


# Text of a choice that has ended: by then what it held back has passed.
AFTER_ITS_END = [said("Yes. "), finished(), said("But. "), said("And. "), DONE]


@pytest.mark.parametrize("together", [True, False])
def test_nothing_is_lost_where_the_policy_fails_open(together: bool) -> None:
    parts = [b"".join(AFTER_ITS_END)] if together else AFTER_ITS_END
    assert output(FAIL_OPEN, parts) == b"".join(AFTER_ITS_END)


@pytest.mark.parametrize("together", [True, False])
def test_text_after_its_end_ends_an_enforced_stream_in_an_error(together: bool) -> None:
    passed = output(REDACT_ALL, [b"".join(AFTER_ITS_END)] if together else AFTER_ITS_END)
    assert text_of(passed) == "Yes. "
    assert b"unreadable_stream" in passed


def test_an_empty_text_after_its_end_is_nothing() -> None:
    events = [said("Yes. "), finished(), event(choice(content="")), event(choice()), DONE]
    assert output(REDACT_ALL, events) == b"".join(events)


def test_another_text_after_the_end_of_one_is_its_own() -> None:
    events = [said("Yes. "), finished(), said("Why. ", 1), event(choice(refusal="No. ")), DONE]
    assert output(REDACT_ALL, events) == b"".join(events)


def test_arguments_that_are_no_json_are_no_reason_to_end() -> None:
    events = [event(choice(**arguments('{"a": ' + "9" * 600))), finished(), DONE]
    assert text_of(output(REDACT_ALL, events), *TOOL) == '{"a": ' + "9" * 600


def test_too_many_texts_at_once_end_the_stream() -> None:
    stream = open_stream(REDACT_ALL)
    steps = feed_all(stream, [said("x", index) for index in range(1100)])
    assert steps[-1].ended
    assert stream.unreadable == "too_many_channels"


def test_texts_one_after_another_are_not_too_many() -> None:
    events = [part for index in range(1100) for part in (said("x", index), finished(index))]
    assert not feed_all(open_stream(REDACT_ALL), events)[-1].ended


def test_an_abandoned_stream_ends_in_an_error_without_what_was_held() -> None:
    stream = open_stream(REDACT_ALL)
    stream.feed(said("It is 123-45"), BROKEN)
    end = stream.abandon(BROKEN)
    assert documents(end)[0]["error"]["code"] == "unreadable_stream"
    assert b"123-45" not in end
    assert stream.feed(said("more. "), BROKEN) == (b"", True)


def test_an_error_of_the_provider_passes() -> None:
    error = sse(
        {"error": {"message": "Overloaded, try later.", "type": "overloaded", "code": None}}
    )
    assert output(REDACT_ALL, [said("Hi. "), error]) == said("Hi. ") + error


def test_an_error_of_the_provider_is_redacted_too() -> None:
    error = sse({"error": {"message": f"bad value {SSN} given"}})
    assert SSN.encode() not in output(REDACT_ALL, [error])


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_message_that_says_all_so_far_is_redacted_as_a_whole(size: int) -> None:
    text = f"My SSN is {SSN}, yes."
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    messages = [
        {"role": "assistant", "content": "".join(parts[: i + 1])} for i in range(len(parts))
    ]
    events = [
        event(choice(content=part) | {"message": message})
        for part, message in zip(parts, messages, strict=True)
    ]
    passed = output(REDACT_ALL, [*events, DONE])
    assert text_of(passed) == "My SSN is [US_SSN], yes."
    said_so_far = [
        d["choices"][0]["message"] for d in documents(passed) if "message" in d["choices"][0]
    ]
    assert said_so_far[-1] == {"role": "assistant", "content": "My SSN is [US_SSN], yes."}
    assert SSN not in str(said_so_far)
