"""However a stream is cut on its way, the client receives the same text.

Most of it without a network, on the state machine that every transport drives; some through Envoy.
"""

import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.app.policies import load_policy
from extproc.dialects import registry
from extproc.exchange.commands import Command, ContinueBody, ContinueTrailers, Defer, SendBody
from extproc.exchange.events import (
    BodyMode,
    Event,
    RequestBody,
    RequestHeaders,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    WorkDone,
)
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.values import Direction
from extproc.redaction.operators import Redactor
from tests.dataplane import sse
from tests.dataplane.canaries import (
    CARD,
    EMAIL,
    KEY,
    REDACTED,
    SSN,
    TEXT,
    leaks,
    leaks_in,
    spelled_out,
)
from tests.dataplane.harness import BLOCK, CHAT, REDACT, Stack, wait
from tests.dataplane.recorder import stream
from tests.exchanges.recordings import Recording, streams

MODES = [BodyMode.FULL_DUPLEX_STREAMED, BodyMode.STREAMED]
ACROSS_ALPHABETS = f"Größe → 你好 👩‍💻: {TEXT} ¡Adiós! 🏳️‍🌈"

Guarded = Callable[[Iterable[bytes], BodyMode], bytes]


@pytest.fixture(scope="module")
def redacting_guardrail(tmp_path_factory: pytest.TempPathFactory) -> Guardrail:
    return guardrail_of(tmp_path_factory, REDACT)


@pytest.fixture(scope="module")
def redacted(redacting_guardrail: Guardrail) -> Guarded:
    return guarded(redacting_guardrail)


@pytest.fixture(scope="module")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return guarded(guardrail_of(tmp_path_factory, BLOCK))


def guardrail_of(paths: pytest.TempPathFactory, policy_text: str) -> Guardrail:
    path = paths.mktemp("policy") / "policy.yaml"
    path.write_text(policy_text)
    return Guardrail(load_policy(path), Redactor(b"key"))


def guarded(guardrail: Guardrail) -> Guarded:
    """A function from the provider's chunks to the bytes that the client receives."""
    return lambda chunks, mode: through(guardrail, chunks, mode)


def through(guardrail: Guardrail, chunks: Iterable[bytes], mode: BodyMode) -> bytes:
    exchange = opened(guardrail, Limits(stream_mode=mode))
    sent = bytearray()
    pending = list(chunks)
    for position, chunk in enumerate(pending, 1):
        ends = position == len(pending)
        for command in received(exchange, ResponseBody(chunk, end_of_stream=ends)):
            if isinstance(command, SendBody):
                sent += command.body
            elif isinstance(command, ContinueBody):
                sent += chunk if command.body is None else command.body
    assert exchange.state is State.DONE
    return bytes(sent)


def received(exchange: Exchange, event: Event) -> list[Command]:
    """What follows from an event, with deferred work done at once."""
    commands = exchange.receive(event)
    while commands and isinstance(commands[-1], Defer):
        commands = exchange.receive(WorkDone(commands[-1].work()))
    return commands


def opened(guardrail: Guardrail, limits: Limits) -> Exchange:
    """An exchange whose answer is about to stream."""
    exchange = Exchange(guardrail, limits, lambda: "request-1")
    path = {":method": "POST", ":path": "/v1/chat/completions"}
    exchange.receive(RequestHeaders(path, end_of_stream=False))
    exchange.receive(RequestBody(b'{"messages":[]}', end_of_stream=True))
    answered = {":status": "200", "content-type": "text/event-stream"}
    exchange.receive(ResponseHeaders(answered, end_of_stream=False))
    return exchange


def text_stream(text: str, *, step: int = 9) -> bytes:
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    return b"".join([*(sse.chunk({"content": piece}) for piece in pieces), sse.END])


def arguments_stream(arguments: str, *, step: int = 9) -> bytes:
    pieces = [arguments[start : start + step] for start in range(0, len(arguments), step)]
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "mail"}}
    calls = [first, *({"index": 0, "function": {"arguments": piece}} for piece in pieces)]
    return b"".join([*(sse.chunk({"tool_calls": [call]}) for call in calls), sse.END])


SHORT_STREAMS = {
    "text": text_stream(ACROSS_ALPHABETS, step=11),
    "arguments": arguments_stream(spelled_out({"n": 1, "é": f'"{TEXT}\n'}), step=19),
    "crlf": text_stream(TEXT, step=14).replace(b"\n", b"\r\n"),
    "comments": text_stream(TEXT, step=14).replace(b"\n\n", b"\n\n: keep-alive\n\n"),
}


def understood(body: bytes) -> tuple[dict[sse.Channel, Any], list[tuple[int, str]]]:
    """What a client makes of a stream."""
    events = sse.parse(body)
    return sse.meaning(sse.texts(events)), sse.finishes(events)


@pytest.mark.parametrize("name", SHORT_STREAMS)
def test_stream_cut_at_any_byte_gives_the_same_text(redacted: Guarded, name: str) -> None:
    check_every_cut(redacted, SHORT_STREAMS[name], BodyMode.FULL_DUPLEX_STREAMED)


def test_stream_cut_at_any_byte_gives_the_same_text_in_streamed_mode(redacted: Guarded) -> None:
    check_every_cut(redacted, SHORT_STREAMS["text"], BodyMode.STREAMED)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
def test_blocked_stream_cut_at_any_byte_gives_the_same_text(
    blocked: Guarded, mode: BodyMode
) -> None:
    check_every_cut(blocked, SHORT_STREAMS["text"], mode)


def check_every_cut(guarded: Guarded, body: bytes, mode: BodyMode) -> None:
    whole = guarded([body], mode)
    expected = understood(whole)
    assert leaks(whole) == []
    for offset in range(1, len(body)):
        cut = guarded([body[:offset], body[offset:]], mode)
        # Reading JSON again for thousands of cuts takes most of the time; most are equal bytes.
        assert cut == whole or understood(cut) == expected, offset


@pytest.mark.parametrize("recording", streams(), ids=lambda recording: recording.name)
def test_recorded_stream_in_single_bytes_gives_the_same_text(
    redacted: Guarded, recording: Recording
) -> None:
    body = b"".join(sse.planted_stream(recording.response_body, TEXT))
    whole = redacted([body], BodyMode.FULL_DUPLEX_STREAMED)
    single = redacted([bytes([byte]) for byte in body], BodyMode.FULL_DUPLEX_STREAMED)
    assert leaks(whole) == leaks(single) == []
    assert understood(single) == understood(whole)


PLANTED = {
    one.name: b"".join(sse.planted_stream(one.response_body, TEXT))
    for one in streams()
    if len(one.response_body) < 30_000
}


@settings(max_examples=60)
@given(data=st.data())
def test_recorded_stream_cut_anywhere_gives_the_same_text(
    redacted: Guarded, data: st.DataObject
) -> None:
    body = PLANTED[data.draw(st.sampled_from(sorted(PLANTED)))]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=40)))
    mode = data.draw(st.sampled_from(MODES))
    chunks = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, None], strict=True)]
    cut = redacted(chunks, mode)
    assert leaks(cut) == []
    assert understood(cut) == understood(redacted([body], mode))


def test_text_in_any_three_deltas_comes_out_as_if_whole(redacted: Guarded) -> None:
    text = f"Hi. {TEXT}"
    for first in range(len(text)):
        for second in range(first, len(text), 3):
            pieces = (text[:first], text[first:second], text[second:])
            body = b"".join(sse.chunk({"content": piece}) for piece in pieces) + sse.END
            assert texts_of(redacted([body], MODES[0])) == [f"Hi. {REDACTED}"], (first, second)


def test_arguments_in_any_two_deltas_come_out_as_if_whole(redacted: Guarded) -> None:
    arguments = spelled_out({"to": TEXT, "cc": [f'{TEXT} \\ " é']})
    expected = {"to": REDACTED, "cc": [f'{REDACTED} \\ " é']}
    for step in range(1, len(arguments)):
        [passed] = texts_of(redacted([arguments_stream(arguments, step=step)], MODES[0]))
        assert json.loads(passed) == expected, step


def texts_of(body: bytes) -> list[str]:
    return list(sse.texts(sse.parse(body)).values())


FRAGMENTS = (
    *(EMAIL, SSN, CARD, KEY, "AKIA", "4111", "1111", "123", "45", "6789", "123456789", "ssn: "),
    *("jane", "@", "corp.", "com", "-", ".", " ", "+", ":", "_", "\n", '"', "\\", "é", "\u0301"),
    *("+44 20 7946 0958", "(415) 555-2671", "203.0.113.7", "2001:db8::ff00:42:8329"),
    *(
        "DE89 3704 0044 0532 0130 00",
        "sk-",
        "sk-proj-" + "aB3_" * 12 + "x",
        "\u200b",
        "１２",
        "👩‍💻",
    ),
    *("-----BEGIN PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEAvx1Zq000", "\n-----END PRIVATE KEY-----"),
)


@settings(max_examples=150)
@given(
    text=st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=8),
)
def test_streamed_text_and_arguments_are_redacted_as_in_a_whole_answer(
    redacting_guardrail: Guardrail, text: str, sizes: list[int]
) -> None:
    whole = as_whole(redacting_guardrail, text)
    pieces = pieces_of_sizes(text, sizes)
    body = b"".join(sse.chunk({"content": piece}) for piece in pieces) + sse.END
    assert "".join(texts_of(through(redacting_guardrail, [body], MODES[0]))) == whole
    body = arguments_stream(json.dumps({"said": text}), step=sizes[0])
    [arguments] = texts_of(through(redacting_guardrail, [body], MODES[0]))
    assert json.loads(arguments) == {"said": whole}


def as_whole(guardrail: Guardrail, text: str) -> str:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    written = json.dumps(body).encode()
    chat = registry.find("POST", "/v1/chat/completions")
    passed = guardrail.inspect_json(chat, Direction.RESPONSE, written, "caller").body
    content = json.loads(passed or written)["choices"][0]["message"]["content"]
    assert isinstance(content, str)
    return content


def pieces_of_sizes(text: str, sizes: list[int]) -> Iterator[str]:
    start = 0
    for size in itertools.cycle(sizes):
        if start >= len(text):
            return
        yield text[start : start + size]
        start += size


def test_texts_of_interleaved_choices_do_not_mix(redacted: Guarded) -> None:
    """Each choice is whole by itself: neither do halves of one join those of another."""
    pieces = sse.pieces_of(TEXT)
    body = b"".join(
        sse.chunk({"content": piece}, index=index) for piece in pieces for index in (0, 1, 2)
    )
    ends = b"".join(sse.chunk({}, "stop", index) for index in (2, 0, 1))
    done = sse.write(sse.Event((), sse.DONE))
    assert texts_of(redacted([body + ends + done], MODES[0])) == [REDACTED] * 3


def test_log_probabilities_do_not_spell_out_what_was_redacted(redacted: Guarded) -> None:
    events = []
    for piece in sse.pieces_of(TEXT):
        [event] = sse.parse(sse.chunk({"content": piece}))
        event.data["choices"][0]["logprobs"] = {"content": [{"token": piece, "logprob": -0.5}]}
        events.append(sse.write(event))
    passed = sse.parse(redacted([b"".join(events) + sse.END], MODES[0]))
    tokens = [
        entry["token"]
        for event in passed
        if isinstance(event.data, dict)
        for choice in event.data["choices"]
        for entry in (choice.get("logprobs") or {}).get("content", ())
    ]
    assert leaks("".join(tokens).encode()) == []
    assert texts_of(b"".join(map(sse.write, passed))) == [REDACTED]


ONE = sse.chunk({"content": TEXT})
PLAIN = ONE.decode().removeprefix("data: ").strip()
ESCAPED = spelled_out(TEXT).strip('"')
SPELLINGS = {
    "no-space": f"data:{PLAIN}\n\n",
    "carriage-returns": f"data: {PLAIN}\r\r",
    "mixed-ends": f"data: {PLAIN}\r\n\n",
    "byte-order-mark": f"\ufeffdata: {PLAIN}\n\n",
    "many-lines": "".join(
        f"data: {line}\n" for line in json.dumps(json.loads(PLAIN), indent=1).split("\n")
    )
    + "\n",
    "other-fields": f"event: message\nid: 7\nretry: 10\ndata: {PLAIN}\n\n",
    "escaped": f"data: {PLAIN.replace(TEXT, ESCAPED)}\n\n",
    "comment": f": {TEXT}\n\n",
    "comment-in-event": f": {TEXT}\ndata: {{}}\n\n",
    "event-name": f"event: {TEXT}\ndata: {{}}\n\n",
    "event-id": f"id: {TEXT}\ndata: {{}}\n\n",
    "unknown-field": f"x-note: {TEXT}\ndata: {{}}\n\n",
    "field-without-colon": f"{TEXT}\ndata: {{}}\n\n",
    "error-event": f"event: error\ndata: {json.dumps({'error': {'message': TEXT}})}\n\n",
    "string-event": f"data: {json.dumps({'x': [TEXT]})}\n\n",
    "unfinished": f"data: {PLAIN}",
    "unfinished-line": f"data: {PLAIN}\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_an_event_hides_its_text(redacted: Guarded, spelling: str) -> None:
    body = SPELLINGS[spelling].encode()
    for mode in MODES:
        whole = redacted([body], mode)
        assert leaks(whole) == leaks_in([event.data for event in sse.parse(whole)]) == []
        assert b"[US_SSN]" in whole or b"Mail" not in whole
        assert redacted([bytes([byte]) for byte in body], mode) == whole


def test_event_over_the_limit_is_given_up_before_it_is_taken_apart(
    redacting_guardrail: Guardrail,
) -> None:
    """3 MiB of lines in one chunk, which as lines of their own would take ten times as much."""
    exchange = opened(redacting_guardrail, Limits(max_event=64 << 10))
    chunk = b":c\n" * (4 << 18)
    tracemalloc.start()
    [ending, _] = received(exchange, ResponseBody(chunk, end_of_stream=False))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(ending, SendBody)
    assert ending.end_of_stream
    assert peak < 4 * len(chunk)


def test_text_held_back_passes_when_the_stream_ends_in_trailers() -> None:
    guardrail = Guardrail(load_policy(None), Redactor(b"key"))
    exchange = opened(guardrail, Limits())
    [held] = exchange.receive(ResponseBody(sse.chunk({"content": "4111 1111"}), False))
    assert isinstance(held, SendBody)
    assert texts_of(held.body) == []
    released, trailers, _ = exchange.receive(ResponseTrailers())
    assert isinstance(released, SendBody)
    assert texts_of(released.body) == ["4111 1111"]
    assert not released.end_of_stream
    assert trailers == ContinueTrailers(Direction.RESPONSE)


@pytest.mark.parametrize("size", [1, 2, 3, 700])
def test_stream_cut_on_the_wire_is_redacted(redacting: Stack, size: int) -> None:
    check_on_the_wire(redacting, size)


@pytest.mark.parametrize("size", [1, 2, 3, 700])
def test_stream_cut_on_the_wire_is_redacted_in_streamed_mode(
    redacting_chunks: Stack, size: int
) -> None:
    check_on_the_wire(redacting_chunks, size)


def check_on_the_wire(stack: Stack, size: int) -> None:
    body = text_stream(ACROSS_ALPHABETS, step=40)

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            if start % 97 < size:
                wait(0.002)  # so that Envoy does not hand over everything together

    request = {"model": "m", "messages": [], "stream": True}
    with stack.recorder.answering(stream(chunks())):
        response = stack.client.post(CHAT, json=request)
    assert leaks(response.content) == []
    assert texts_of(response.content) == [ACROSS_ALPHABETS.replace(TEXT, REDACTED)]
