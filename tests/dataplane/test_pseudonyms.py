"""A long conversation with pseudonyms, through Envoy and two workers, with the official client."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.dataplane import sse
from tests.dataplane.harness import DATA, Stack, eventually, policy, stack
from tests.dataplane.openai_sdk import Sdk
from tests.dataplane.recorder import Answer, Received, Recorder, document, stream

TURNS = 20
VALUES = [
    *(f"{name}@corp-example.com" for name in ("ann", "bob", "cho", "dee", "eve", "fay", "gus")),
    *(f"{area}-45-6789" for area in range(123, 130)),
    *("4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6011000990139424"),
    *(f"10.20.30.{last}" for last in range(40, 46)),
    *("DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "FR1420041010050500013M02606"),
    *("AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"),
]
STYLES = ["pseudonym", "pseudonym-format", "pseudonym-opaque"]


@pytest.fixture(params=STYLES, scope="module")
def talking(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[Stack]:
    rule = {"name": "hide", "detect": DATA, "action": "redact", "redaction": request.param}
    with stack(recorder, policy(rule, name="pseudonyms"), workers="2") as running:
        healthy = "cluster.extproc.membership_healthy"
        assert eventually(lambda: running.gateway.stat(healthy) == 2)
        yield running


def question(turn: int) -> str:
    """Two values, of which one was there before; half of the time a new one of the rest too."""
    named = [VALUES[turn], VALUES[turn // 2]]
    if turn < len(VALUES) - TURNS:
        named.append(VALUES[TURNS + turn])
    return f"Turn {turn}: what of {', '.join(named)}?"


def model(request: Received) -> Answer:
    """Says the question again: whole or letter by letter, as text or as arguments of a tool."""
    messages = request.json["messages"]
    asked = messages[-1]["content"]
    turn = sum(message["role"] == "user" for message in messages) - 1
    message: dict[str, Any] = {"role": "assistant", "content": f"**{asked}**"}
    if turn % 4 > 1:
        function = {"name": "f", "arguments": json.dumps({"q": asked, "in": json.dumps([asked])})}
        call = {"index": 0, "id": f"call_{turn}", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    if not request.json.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return document({"id": "1", "object": "chat.completion", "choices": [choice]})
    return stream(spelled(message))


def spelled(message: dict[str, Any]) -> Iterator[bytes]:
    """The events of an answer, a letter each."""
    for letter in message["content"] or "":
        yield sse.chunk({"content": letter})
    for call in message.get("tool_calls", ()):
        yield sse.chunk({"tool_calls": [{**call, "function": {"name": "f", "arguments": ""}}]})
        for letter in call["function"]["arguments"]:
            yield sse.chunk({"tool_calls": [{"index": 0, "function": {"arguments": letter}}]})
    yield sse.END


def answer(sdk: Sdk, messages: list[Any], *, streamed: bool) -> dict[str, Any]:
    """What the client puts together, as it would send it again."""
    create = sdk.client.chat.completions.create
    if not streamed:
        whole = create(model="m", messages=messages).choices[0].message
        return whole.model_dump(exclude_none=True, include={"role", "content", "tool_calls"})
    content, called = "", ""
    for event in create(model="m", messages=messages, stream=True):
        delta = event.choices[0].delta
        content += delta.content or ""
        for call in delta.tool_calls or ():
            called += (call.function and call.function.arguments) or ""
    if not called:
        return {"role": "assistant", "content": content}
    function = {"name": "f", "arguments": called}
    call_id = f"call_{sum(message['role'] == 'user' for message in messages) - 1}"
    return {
        "role": "assistant",
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }


def said(message: dict[str, Any]) -> list[str]:
    """The texts of an answer."""
    texts = [message["content"]] if message.get("content") else []
    for call in message.get("tool_calls", ()):
        given = json.loads(call["function"]["arguments"])
        texts += [given["q"], *json.loads(given["in"])]
    return texts


def turns(body: bytes) -> bytes:
    """The messages of a request as they went over the wire."""
    return body[body.index(b'"messages":[') : body.rindex(b"}]") + 1]


def test_upstream_sees_no_value_and_the_client_nothing_else(talking: Stack) -> None:
    messages: list[Any] = []
    with Sdk(talking) as sdk, talking.recorder.answering(model) as received:
        for turn in range(TURNS):
            messages.append({"role": "user", "content": question(turn)})
            told = answer(sdk, messages, streamed=turn % 2 == 1)
            for text in said(told):
                assert text.strip("*") == question(turn)
            messages.append(told)
            if "tool_calls" in told:
                given = {"tool_call_id": told["tool_calls"][0]["id"], "content": "done"}
                messages.append({"role": "tool", **given})
    assert len(received) == TURNS
    assert len(VALUES) == 30
    for request in received:
        assert [value for value in VALUES if value.encode() in request.body] == []
    for earlier, later in pairwise(received):
        assert turns(later.body).startswith(turns(earlier.body))


def test_both_workers_give_the_same_placeholders(talking: Stack) -> None:
    messages: list[Any] = [{"role": "user", "content": question(turn)} for turn in range(TURNS)]
    before = len(talking.processor.logs())
    with Sdk(talking) as sdk, talking.recorder.answering(model) as received:
        for _ in range(20):
            assert said(answer(sdk, messages, streamed=False))[0].strip("*") == question(TURNS - 1)

    def judges() -> set[int]:
        lines = talking.processor.logs()[before:]
        return {line["worker"] for line in lines if line["message"] == "judged"}

    assert eventually(lambda: judges() == {0, 1})
    assert len({request.body for request in received}) == 1


def test_another_tenant_has_other_placeholders(talking: Stack) -> None:
    messages: list[Any] = [{"role": "user", "content": question(0)}]
    with Sdk(talking) as sdk, talking.recorder.answering(model) as received:
        for tenant in ("one", "two", "one"):
            options = sdk.client.with_options(default_headers={"x-customer-id": tenant})
            told = options.chat.completions.create(model="m", messages=messages)
            assert told.choices[0].message.content == f"**{question(0)}**"
    one, two, again = (request.body for request in received)
    assert one == again != two
