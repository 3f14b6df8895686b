"""MCP over HTTP: what is inspected in its messages, and how calls are refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects import registry
from extproc.dialects.mcp import MessageStream, ModelContextProtocol
from extproc.model.errors import BodyError
from extproc.model.values import Direction, Refusal, Violation
from tests.dataplane.canaries import REDACTED, TEXT, leaks, leaks_in
from tests.guardrail.making import (
    BROKEN,
    FORMS,
    MAX_EVENT,
    REDACT_ALL,
    byte_pieces,
    guardrail,
    rule,
)

MCP = ModelContextProtocol()
BLOCK = guardrail(rule(FORMS, "block", name="pii"))
REFUSED = Refusal(
    403, "policy_violation", "remove it", "request-1", 0.9, (Violation("us_ssn", "rule"),), (7,)
)


def call(method: str, id: Any = 7, **params: Any) -> dict[str, Any]:  # noqa: A002
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def answer(id: Any = 7, **result: Any) -> dict[str, Any]:  # noqa: A002
    return {"jsonrpc": "2.0", "id": id, "result": result}


def notice(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


PLACES: dict[str, Any] = {
    "arguments": call("tools/call", name="mail", arguments={"to": [TEXT, {"cc": TEXT}]}),
    "tool": call("tools/call", name=TEXT),
    "prompt": call("prompts/get", name="greet", arguments={"who": TEXT}),
    "resource": call("resources/read", uri=f"note:///{TEXT}"),
    "completion": call("completion/complete", ref={"type": "ref/prompt", "name": TEXT}),
    "typed": call("completion/complete", argument={"name": "city", "value": TEXT}),
    "sampling": call("sampling/createMessage", messages=[{"role": "user", "content": text(TEXT)}]),
    "system": call("sampling/createMessage", systemPrompt=TEXT, messages=[]),
    "elicitation": call("elicitation/create", message=TEXT, requestedSchema={"title": TEXT}),
    "log": notice("notifications/message", level="info", logger="db", data={"row": [TEXT]}),
    "progress": notice("notifications/progress", progressToken="t", progress=1, message=TEXT),
    "reason": notice("notifications/cancelled", requestId=3, reason=TEXT),
    "content": answer(content=[text("Hello"), text(TEXT)]),
    "structured": answer(content=[], structuredContent={"rows": [{"mail": TEXT}]}),
    "embedded": answer(content=[{"type": "resource", "resource": {"uri": "a:b", "text": TEXT}}]),
    "link": answer(content=[{"type": "resource_link", "uri": "a:b", "name": "n", "title": TEXT}]),
    "contents": answer(contents=[{"uri": "a:b", "mimeType": "text/plain", "text": TEXT}]),
    "prompts": answer(description=TEXT, messages=[{"role": "user", "content": text(TEXT)}]),
    "tools": answer(tools=[{"name": "f", "description": TEXT, "inputSchema": {"title": TEXT}}]),
    "instructions": answer(protocolVersion="2025-11-25", instructions=TEXT),
    "sampled": answer(role="assistant", content=text(TEXT), model="m", stopReason="endTurn"),
    "used": answer(content=[{"type": "tool_use", "id": "1", "name": "f", "input": {"a": TEXT}}]),
    "result": answer(content=[{"type": "tool_result", "toolUseId": "1", "content": [text(TEXT)]}]),
    "values": answer(completion={"values": [TEXT], "total": 1}),
    "accepted": answer(action="accept", content={"name": TEXT}),
    "error": {"jsonrpc": "2.0", "id": 7, "error": {"code": -32603, "message": TEXT, "data": TEXT}},
    "batch": [notice("a", x=TEXT), call("tools/call", name="f", arguments={"to": TEXT})],
    "unknown": call("tasks/dream", theme={"deep": [[TEXT]]}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("direction", list(Direction))
def test_text_is_redacted_wherever_it_stands(place: str, direction: Direction) -> None:
    message = json.dumps(PLACES[place])
    done = REDACT_ALL.inspect_json(MCP, direction, message.encode(), "caller")
    assert done.body is not None
    assert json.loads(done.body) == json.loads(message.replace(TEXT, REDACTED))


@pytest.mark.parametrize("place", PLACES)
def test_text_in_an_event_is_redacted_however_the_stream_is_cut(place: str) -> None:
    message = json.dumps(PLACES[place])
    stream = f"id: 5\nevent: message\ndata: {message}\n\n: ping\n\nid: 6\ndata:\n\n".encode()
    outputs = set()
    for parts in ([stream], [bytes([byte]) for byte in stream], byte_pieces(stream, 3)):
        guard = REDACT_ALL.open_stream(MessageStream(), "caller", MAX_EVENT)
        passed = [guard.feed(part, BROKEN).data for part in parts]
        outputs.add(b"".join((*passed, guard.feed(b"", BROKEN, final=True).data)))
        assert not guard.unreadable
    [output] = outputs
    assert output.startswith(b"id: 5\nevent: message\ndata: ")
    assert output.endswith(b"\n\n: ping\n\nid: 6\ndata:\n\n")
    [data] = [line[6:] for line in output.split(b"\n") if line.startswith(b"data: ")]
    assert json.loads(data) == json.loads(message.replace(TEXT, REDACTED))


MEDIA = {
    "image": answer(content=[{"type": "image", "data": "iVBOR", "mimeType": "image/png"}]),
    "audio": answer(content=[{"type": "audio", "data": "UklGR", "mimeType": "audio/wav"}]),
    "blob": answer(contents=[{"uri": "a:b", "blob": "AAAA"}]),
}


@pytest.mark.parametrize("kind", MEDIA)
def test_media_are_skipped_on_record(kind: str) -> None:
    reading = MCP.response(MEDIA[kind])
    assert [skipped.reason for skipped in reading.skipped] == [kind]
    refused = guardrail(unscanned="block").inspect_json(
        MCP, Direction.RESPONSE, json.dumps(MEDIA[kind]).encode(), "caller"
    )
    assert refused.verdict.reason == f"unscanned_{kind}"


def test_identifiers_are_left_alone() -> None:
    identifier = "4111111111111111"
    message = call("tools/call", identifier, name="f", _meta={"progressToken": identifier})
    done = REDACT_ALL.inspect_json(MCP, Direction.REQUEST, json.dumps(message).encode(), "caller")
    assert done.body is None


def test_refused_call_is_answered_by_an_error_with_its_id() -> None:
    error = json.loads(MCP.error(REFUSED))
    assert REFUSED.http_status == 200
    assert (error["jsonrpc"], error["id"], error["error"]["code"]) == ("2.0", 7, 403)
    assert error["error"]["message"] == "policy_violation: remove it"
    assert error["error"]["data"] == {
        "code": "policy_violation",
        "risk_score": 0.9,
        "violations": [{"type": "us_ssn", "rule": "rule"}],
        "request_id": "request-1",
    }


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        (call("ping", "a"), ("a",)),
        ([call("ping", 1), notice("x"), call("ping", 2)], (1, 2)),
        (notice("notifications/cancelled"), ()),
        (answer(3), ()),
        (call("ping", None), ()),
        (call("ping", True), ()),
        (call("ping", "no identifier"), ()),
        ("text", ()),
        ([[]], ()),
    ],
)
def test_calls_of_a_request_are_known_by_id(message: Any, calls: tuple[Any, ...]) -> None:
    assert MCP.request(message).calls == calls


def test_refused_batch_is_answered_call_by_call() -> None:
    refusal = Refusal(403, "policy_violation", "no", "r", calls=(1, "b"))
    assert [error["id"] for error in json.loads(MCP.error(refusal))] == [1, "b"]


def test_error_without_a_call_has_no_id_and_a_status_of_http() -> None:
    refusal = Refusal(400, "invalid_json", "not JSON", "r")
    error = json.loads(MCP.error(refusal))
    assert refusal.http_status == 400
    assert "id" not in error
    assert error["error"]["code"] == -32700


def test_answer_that_cannot_be_read_is_the_fault_of_the_server() -> None:
    refusal = Refusal(502, "invalid_json", "not JSON", "r", calls=(7,))
    error = json.loads(MCP.error(refusal))
    assert (refusal.http_status, error["id"], error["error"]["code"]) == (200, 7, 502)


def fed(messages: list[Any], calls: tuple[Any, ...]) -> list[Any]:
    """What comes of a stream of messages under a policy that blocks."""
    guard = BLOCK.open_stream(MessageStream(), "caller", MAX_EVENT)
    refusal = Refusal(502, "unreadable_stream", "no", "request-1", calls=calls)
    stream = b"".join(b"data: " + json.dumps(message).encode() + b"\n\n" for message in messages)
    data = guard.feed(stream, refusal, final=True).data
    assert leaks(data) == []
    assert guard.ended()
    return [json.loads(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: ")]


@pytest.mark.parametrize("calls", [(), (7,)], ids=["unknown-call", "known-call"])
def test_blocked_answer_in_a_stream_becomes_an_error_to_its_call(calls: tuple[Any, ...]) -> None:
    *before, error = fed([notice("log", data="Hi"), answer(content=[text(TEXT)])], calls)
    assert before == [notice("log", data="Hi")]
    assert (error["id"], error["error"]["code"]) == (7, 403)
    assert error["error"]["data"]["violations"]


def test_blocked_notification_ends_the_stream_with_an_error_to_the_open_calls() -> None:
    done, *errors = fed([answer(1), notice("log", data=TEXT), answer(7)], (1, 2, 3))
    assert done == answer(1)
    assert [error["id"] for error in errors] == [2, 3]


def test_blocked_notification_of_a_stream_that_nobody_asked_for_just_ends_it() -> None:
    assert fed([notice("log", data="Hi"), notice("log", data=TEXT)], ()) == [
        notice("log", data="Hi")
    ]


def test_endpoint_of_the_old_transport_passes() -> None:
    stream = b"event: endpoint\ndata: /messages/?session_id=4111111111111111\n\n"
    guard = REDACT_ALL.open_stream(MessageStream(), "caller", MAX_EVENT)
    assert guard.feed(stream, BROKEN, final=True).data == stream
    assert not guard.unreadable


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("POST /mcp", "mcp"),
        ("POST /custom/tools/mcp/", "mcp"),
        ("GET /mcp", "mcp"),
        ("POST /mcp/weather/v1", "mcp"),
        ("GET /sse", "mcp"),
        ("POST /messages/?session_id=1", "mcp"),
        ("POST /message?sessionId=1", "mcp"),
        ("POST /v1/messages", "anthropic_messages"),
        ("POST /v1/threads/thread_1/messages", "generic_json"),
        ("POST /v1/xmcp", "generic_json"),
    ],
)
def test_paths(line: str, name: str) -> None:
    method, _, path = line.partition(" ")
    assert registry.find(method, path, "tools.example").name == name


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        MessageStream().read(data)
    except BodyError:
        return


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "method",
                    "params",
                    "result",
                    "error",
                    "content",
                    "type",
                    "data",
                    "role",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(_JSON)
def test_any_document_is_read(document: Any) -> None:
    MCP.request(document)
    MCP.response(document)
    assert leaks_in([segment.text for segment in MCP.request(document).segments]) == []
