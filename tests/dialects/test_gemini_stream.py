"""Streamed answers of Gemini: channels, additional events, both framings, both ways to end."""

import json
from typing import Any

import pytest
from google.genai.types import GenerateContentResponse
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.base import Channel, StreamEvent
from extproc.dialects.gemini import Gemini
from extproc.dialects.gemini_stream import GeminiStream
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Skipped, Usage
from tests.guardrail.making import (
    BLOCK_SSN,
    BROKEN,
    REDACT_ALL,
    SSN,
    byte_pieces,
    documents,
    guardrail,
    pieces,
    rule,
)

FORMS = [False, True]  # server-sent events, one JSON array


def candidate(*parts: dict[str, Any], index: int = 0, finish: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": index}
    return {**found, "finishReason": finish} if finish else found


def event(*candidates: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"candidates": list(candidates), "modelVersion": "g", "responseId": "r", **more}


def said(text: str, *, index: int = 0, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return event(candidate({"text": text, **more}, index=index, finish=finish))


def read(*events: dict[str, Any]) -> StreamEvent:
    """The last of some events."""
    stream = GeminiStream(is_array=False)
    return [stream.read(json.dumps(one).encode()) for one in events][-1]


def channels(one: dict[str, Any]) -> list[Channel]:
    return [delta.channel for delta in read(one).deltas]


def written(events: list[dict[str, Any]], *, is_array: bool) -> bytes:
    """A stream as Google sends it."""
    if is_array:
        return b"[" + b",\r\n".join(json.dumps(one, indent=1).encode() for one in events) + b"\n]\n"
    return b"".join(f"data: {json.dumps(one)}\r\n\r\n".encode() for one in events)


def output(guard: Guardrail, parts: list[bytes], *, is_array: bool) -> bytes:
    stream = guard.open_stream(GeminiStream(is_array=is_array), "caller", 1 << 20)
    last = len(parts) - 1
    steps = [stream.feed(part, BROKEN, final=i == last) for i, part in enumerate(parts)]
    return b"".join(step.data for step in steps)


def understood(stream: bytes, *, is_array: bool) -> list[GenerateContentResponse]:
    """What the official SDK reads."""
    events = json.loads(stream) if is_array else documents(stream.replace(b"\r\n", b"\n"))
    return [GenerateContentResponse.model_validate(one) for one in events]


def joined(stream: bytes, *, is_array: bool, index: int = 0) -> tuple[str, str, list[str]]:
    """Text, thoughts and finish reasons of a candidate."""
    text = thought = ""
    reasons = []
    for response in understood(stream, is_array=is_array):
        for one in response.candidates or ():
            if (one.index or 0) != index:
                continue
            for part in (one.content and one.content.parts) or ():
                if part.thought:
                    thought += part.text or ""
                else:
                    text += part.text or ""
            if one.finish_reason:
                reasons.append(one.finish_reason.value)
    return text, thought, reasons


def test_texts_and_thoughts_of_each_candidate_are_texts_of_their_own() -> None:
    found = [said("x"), said("x", thought=True), said("x", index=1)]
    assert [channels(one) for one in found] == [[(0, "text")], [(0, "thought")], [(1, "text")]]
    [delta] = read(said("x")).deltas
    assert delta.segment == (
        ("candidates", 0, "content", "parts", 0, "text"),
        "x",
        Format.TEXT,
        "assistant",
    )


@pytest.mark.parametrize("thought", ["false", "no", 1, ["x"]])
def test_a_part_is_a_thought_or_not(thought: Any) -> None:
    with pytest.raises(BodyError) as caught:
        read(said("x", thought=thought))
    assert caught.value.code == "invalid_event"


def test_a_text_goes_on_in_whatever_part_it_stands() -> None:
    assert channels(event(candidate({"text": "a"}, {"functionCall": {}}, {"text": "b"}))) == [
        (0, "text"),
        (0, "text"),
    ]


def test_the_arguments_of_a_function_come_whole() -> None:
    one = event(candidate({"functionCall": {"name": "f", "args": {"a": "x"}}}))
    assert channels(one) == []
    assert [segment.text for segment in read(one).whole.segments] == ["f", "x"]


@pytest.mark.parametrize("index", ["0", True, 1.5, -1])
def test_a_candidate_is_known_by_its_index(index: Any) -> None:
    with pytest.raises(BodyError) as caught:
        read(said("x", index=index))
    assert caught.value.code == "invalid_event"


def test_a_finish_closes_its_candidate_and_the_end_of_the_array_all() -> None:
    assert read(said("x", index=3, finish="STOP")).closed_scopes == (3,)
    assert read(said("x")).closed_scopes == ()
    assert GeminiStream(is_array=True).read(b"]").closes_all
    with pytest.raises(BodyError):
        GeminiStream(is_array=False).read(b"]")


def test_usage_comes_with_the_event_that_has_it() -> None:
    counts = {"promptTokenCount": 3, "candidatesTokenCount": 5, "thoughtsTokenCount": 2}
    assert read({**said("x"), "usageMetadata": counts}).usage == Usage(3, 7)
    assert read(said("x")).usage is None


def test_usage_is_that_of_the_last_event_that_has_it() -> None:
    counts = [{"promptTokenCount": 5, "candidatesTokenCount": count} for count in (1, 2, 300)]
    events = [
        said("a "),
        *(event(candidate({"text": "b "}), usageMetadata=c) for c in counts),
        said("c "),
    ]
    stream = REDACT_ALL.open_stream(GeminiStream(is_array=False), "caller", 1 << 20)
    for one in events:
        stream.feed(written([one], is_array=False), BROKEN)
    assert stream.usage == Usage(5, 300)


def test_a_signature_is_skipped() -> None:
    path = ("candidates", 0, "content", "parts", 0, "thoughtSignature")
    assert read(said("x", thoughtSignature="A=")).whole.skipped == [Skipped(path, "signature")]


# As guarded


def whole_answer(text: str, size: int, **more: Any) -> list[dict[str, Any]]:
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return [*(said(part, **more) for part in parts), said("", finish="STOP")]


@pytest.mark.parametrize("is_array", FORMS)
@pytest.mark.parametrize("size", range(1, 40))
def test_text_cut_anywhere_is_redacted(size: int, is_array: bool) -> None:
    events = whole_answer(f"Mail jane@example.com, SSN {SSN}, ok", size)
    passed = output(REDACT_ALL, [written(events, is_array=is_array)], is_array=is_array)
    assert joined(passed, is_array=is_array) == (
        "Mail [EMAIL_ADDRESS], SSN [US_SSN], ok",
        "",
        ["STOP"],
    )


@pytest.mark.parametrize("is_array", FORMS)
def test_thoughts_are_redacted_as_thoughts_and_signatures_kept(is_array: bool) -> None:
    signature = "4111111111111111"
    events = whole_answer(f"SSN {SSN}.", 4, thought=True, thoughtSignature=signature)
    passed = output(REDACT_ALL, [written(events, is_array=is_array)], is_array=is_array)
    assert joined(passed, is_array=is_array) == ("", "SSN [US_SSN].", ["STOP"])
    assert passed.count(signature.encode()) == len(events) - 1


@pytest.mark.parametrize("is_array", FORMS)
def test_a_stream_cut_at_any_byte_passes_alike(is_array: bool) -> None:
    body = written(whole_answer(f"SSN {SSN}, ok", 5), is_array=is_array)
    whole = output(REDACT_ALL, [body], is_array=is_array)
    for place in range(1, len(body)):
        cut = output(REDACT_ALL, [body[:place], body[place:]], is_array=is_array)
        assert joined(cut, is_array=is_array) == joined(whole, is_array=is_array)


@pytest.mark.parametrize("is_array", FORMS)
def test_a_clean_stream_passes_byte_for_byte(is_array: bool) -> None:
    events = [said("Hello. "), event(candidate({"functionCall": {"name": "f", "args": {"a": 1}}}))]
    body = written([*events, said("Bye. ", finish="STOP")], is_array=is_array)
    assert output(REDACT_ALL, [body], is_array=is_array) == body


@pytest.mark.parametrize("is_array", FORMS)
def test_held_text_comes_before_the_end_of_its_candidate(is_array: bool) -> None:
    events = [said("It is 123-45"), event(candidate(finish="STOP")), event(usageMetadata={})]
    passed = output(REDACT_ALL, [written(events, is_array=is_array)], is_array=is_array)
    found = understood(passed, is_array=is_array)
    assert [response.text for response in found][:2] != [None, None]
    assert joined(passed, is_array=is_array) == ("It is 123-45", "", ["STOP"])
    assert found[-1].candidates == []


@pytest.mark.parametrize("is_array", FORMS)
def test_held_text_comes_before_the_stream_just_ends(is_array: bool) -> None:
    body = written([said("It is 123-45")], is_array=is_array)
    for size in (1, len(body)):
        parts = [body[start : start + size] for start in range(0, len(body), size)]
        passed = output(REDACT_ALL, parts, is_array=is_array)
        assert joined(passed, is_array=is_array)[0] == "It is 123-45"


@pytest.mark.parametrize("is_array", FORMS)
def test_two_parts_that_end_a_candidate_are_one_text(is_array: bool) -> None:
    parts: list[dict[str, Any]] = [
        {"text": "It is 123-45"},
        {"functionCall": {"name": "f"}},
        {"text": "-6789"},
    ]
    body = written([event(candidate(*parts, finish="STOP"))], is_array=is_array)
    assert joined(output(REDACT_ALL, [body], is_array=is_array), is_array=is_array) == (
        "It is [US_SSN]",
        "",
        ["STOP"],
    )


@pytest.mark.parametrize("is_array", FORMS)
def test_arguments_of_a_function_are_redacted(is_array: bool) -> None:
    call = {"functionCall": {"id": "1", "name": "mail", "args": {"to": ["jane@example.com"]}}}
    body = written([event(candidate(call, finish="STOP"))], is_array=is_array)
    [found] = understood(output(REDACT_ALL, [body], is_array=is_array), is_array=is_array)
    assert found.function_calls is not None
    assert found.function_calls[0].args == {"to": ["[EMAIL_ADDRESS]"]}


def piece(text: str, path: str, *, goes_on: bool = True, name: str = "") -> dict[str, Any]:
    """A piece of an argument of a function call that goes on."""
    args = [{"jsonPath": path, "stringValue": text, "willContinue": goes_on}]
    call = {"partialArgs": args, "willContinue": True} | ({"name": name} if name else {})
    return {"functionCall": call}


def called(stream: bytes, *, is_array: bool) -> list[dict[str, str]]:
    """The arguments of each function call, by path."""
    calls: list[dict[str, str]] = []
    for response in understood(stream, is_array=is_array):
        for call in response.function_calls or ():
            if call.name:
                calls.append({})
            for one in call.partial_args or ():
                path = one.json_path or ""
                calls[-1][path] = calls[-1].get(path, "") + (one.string_value or "")
    return calls


@pytest.mark.parametrize("spelled", [False, True], ids=["camel", "snake"])
@pytest.mark.parametrize("is_array", FORMS)
def test_arguments_that_come_in_pieces_are_redacted(is_array: bool, spelled: bool) -> None:
    events = [
        event(candidate(piece("jane@", "$.to", name="mail"))),
        event(candidate(piece("x ", "$.cc"))),
        event(candidate(piece("example.com, 123-45", "$.to", goes_on=False))),
        event(candidate({"functionCall": {}})),
        event(candidate(piece("-6789, 94", "$.to", name="mail"))),
        event(candidate(piece("105", "$.to"))),
        said("", finish="STOP"),
    ]
    body = written(events, is_array=is_array)
    if spelled:
        for name in ("function_call", "partial_args", "json_path", "string_value"):
            first, last = name.split("_")
            body = body.replace(f"{first}{last.title()}".encode(), name.encode())
    assert called(output(REDACT_ALL, [body], is_array=is_array), is_array=is_array) == [
        {"$.to": "[EMAIL_ADDRESS], 123-45", "$.cc": "x "},
        {"$.to": "-6789, 94105"},
    ]


def test_held_arguments_come_before_the_end_of_their_call() -> None:
    end: dict[str, Any] = {"functionCall": {}}
    events = [event(candidate(piece("123-45", "$.to", name="mail"))), event(candidate(end))]
    found = documents(output(REDACT_ALL, [written(events, is_array=False)], is_array=False))
    calls = [one["candidates"][0]["content"]["parts"][0]["functionCall"] for one in found]
    assert [call.get("partialArgs", [{}])[0].get("stringValue") for call in calls] == [
        "",
        "123-45",
        None,
    ]


BLOCKED: dict[str, list[dict[str, Any]]] = {
    "text": [said("Hi. "), said(f"It is {SSN} "), said("more. ")],
    "held": [said("Hi. It is 123-45"), said("-6789 "), said("more. ")],
    "first": [said(f"Hi. It is {SSN} "), said("more. ")],
    "end": [said("Hi. It is 123-45"), said("-6789", finish="STOP")],
    "arguments": [
        said("Hi. It is "),
        event(candidate({"functionCall": {"name": "f", "args": {"a": SSN}}}, finish="STOP")),
    ],
    "whole": [said("Hi. It is "), {**said("x"), "note": SSN}],
}


@pytest.mark.parametrize("is_array", FORMS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("name", BLOCKED)
def test_a_block_ends_the_answer_as_unsafe(name: str, size: int, is_array: bool) -> None:
    body = written(BLOCKED[name], is_array=is_array)
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    passed = output(BLOCK_SSN, parts, is_array=is_array)
    assert b"6789" not in passed
    assert b"more" not in passed
    text, _, reasons = joined(passed, is_array=is_array)
    assert "Hi. It is ".startswith(text.removesuffix("x"))
    assert reasons == ["SAFETY"]


@pytest.mark.parametrize("is_array", FORMS)
def test_a_block_finishes_every_open_candidate_and_no_other(is_array: bool) -> None:
    events = [
        event(*(candidate({"text": "Hi. "}, index=index) for index in range(3))),
        event(candidate(index=1, finish="STOP")),
        event(candidate({"text": f"{SSN} "}, index=2, finish="STOP")),
    ]
    passed = output(BLOCK_SSN, [written(events, is_array=is_array)], is_array=is_array)
    reasons = [joined(passed, is_array=is_array, index=index)[2] for index in range(3)]
    assert reasons == [["SAFETY"], ["STOP"], ["SAFETY"]]


@pytest.mark.parametrize("is_array", FORMS)
def test_a_stream_that_cannot_be_inspected_ends_in_an_error(is_array: bool) -> None:
    broken = b',{"a":1,"a":2}' if is_array else b"data: {broken\n\n"
    body = written([said("Hi. ")], is_array=is_array).removesuffix(b"\n]\n") + broken
    passed = output(REDACT_ALL, [body], is_array=is_array)
    refusal = Refusal(502, BROKEN.code, BROKEN.message, BROKEN.request_id)
    error = json.loads(Gemini(streams=True).error(refusal))
    found = json.loads(passed) if is_array else documents(passed.replace(b"\r\n", b"\n"))
    assert found == [said("Hi. "), error]


def test_an_error_in_the_place_of_an_array_passes_and_is_inspected() -> None:
    error = json.dumps({"error": {"code": 400, "message": f"bad {SSN}"}}, indent=2).encode()
    clean = error.replace(SSN.encode(), b"x")
    assert output(REDACT_ALL, [clean], is_array=True) == clean
    passed = json.loads(output(REDACT_ALL, [error], is_array=True))
    assert passed["error"]["message"] == "bad [US_SSN]"
    blocked = json.loads(output(BLOCK_SSN, [error], is_array=True))
    assert blocked["candidates"][0]["finishReason"] == "SAFETY"


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=60),
    seed=st.integers(0, 999),
    is_array=st.booleans(),
)
def test_any_text_passes_a_policy_that_finds_nothing(text: str, seed: int, is_array: bool) -> None:
    events = [*(said(part) for part in pieces(text, seed)), said("", finish="STOP")]
    parts = byte_pieces(written(events, is_array=is_array), seed)
    passed = output(guardrail(rule("us_ssn")), parts, is_array=is_array)
    assert joined(passed, is_array=is_array) == (text, "", ["STOP"])


NAMES = ["candidates", "content", "parts", "text", "index", "functionCall", "partialArgs", "error"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES), max_size=4))
def test_whatever_comes_is_read_or_refused(found: list[dict[str, Any]]) -> None:
    stream = GeminiStream(is_array=True)
    for each in found:
        try:
            one = stream.read(json.dumps(each).encode())
        except BodyError:
            continue
        for delta in one.deltas:
            stream.carrier(delta.channel, "y")
        stream.filtered_end()


@pytest.mark.parametrize("is_array", [False, True])
def test_tokens_are_counted_up_to_the_last_event(is_array: bool) -> None:
    """Events that differ in text and counts are not parsed, and yet their counts are known."""
    counts = [{"promptTokenCount": 9, "candidatesTokenCount": n} for n in (1, 2, 30, 999)]
    fox = candidate({"text": "The fox "})
    events = [event(fox, usageMetadata=count) for count in counts]
    reads: list[bytes] = []

    class CountingStream(GeminiStream):
        def read(self, data: bytes) -> StreamEvent:
            reads.append(data)
            return super().read(data)

    stream = REDACT_ALL.open_stream(CountingStream(is_array=is_array), "caller", 1 << 20)
    body = written(events, is_array=is_array)
    passed = stream.feed(body.removesuffix(b"\n]\n"), BROKEN)
    assert len(reads) == 2  # the first one, and the proof of its form
    assert stream.usage == Usage(9, 999)
    found = understood(passed.data + b"]" * is_array, is_array=is_array)
    assert [one.usage_metadata.candidates_token_count for one in found if one.usage_metadata] == [
        *(count["candidatesTokenCount"] for count in counts)
    ]


def test_what_is_no_count_of_tokens_is_read() -> None:
    fox = candidate({"text": "The fox "})
    values = [1, 2, 4111111111111111, "jane@example.com and more"]
    events = [event(fox, usageMetadata={"totalTokenCount": 1, "other": v}) for v in values]
    passed = output(REDACT_ALL, [written(events, is_array=False)], is_array=False)
    assert b"[CREDIT_CARD]" in passed
    assert b"[EMAIL_ADDRESS] and more" in passed
    texts = [event(fox, usageMetadata={"totalTokenCount": value}) for value in values]
    passed = output(REDACT_ALL, [written(texts, is_array=False)], is_array=False)
    assert b"[EMAIL_ADDRESS] and more" in passed
