"""Buffered bodies: what is forwarded, how it is marked, what goes on record."""

import gzip
import json
from typing import Any

import pytest

from extproc.exchange.commands import ContinueBody, ContinueHeaders, Defer, Reject
from extproc.exchange.events import (
    BodyMode,
    FilterContract,
    RequestBody,
    RequestHeaders,
    ResponseBody,
    ResponseHeaders,
    WorkDone,
)
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError, ContractError, ProtocolError
from extproc.model.record import Outcome
from extproc.model.values import Action, Direction, Usage
from tests.exchange.driving import (
    ANSWER,
    HEADERS,
    ID,
    JSON,
    POST,
    SMALL_INLINE,
    advance,
    asking,
    exchange,
    kinds,
    only,
    outcome,
    piece,
    record,
    refusal,
    saying,
)
from tests.guardrail.making import BLOCK_SSN, REDACT_ALL, SSN, guardrail, rule, said

FLAG = guardrail(rule("us_ssn", "flag"))
OFF = guardrail()


def with_headers(**headers: str) -> RequestHeaders:
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return RequestHeaders(POST | JSON | changed, end_of_stream=False)


def with_answer(**headers: str) -> ResponseHeaders:
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseHeaders({":status": "200"} | JSON | changed, end_of_stream=False)


def marks(command: ContinueHeaders | ContinueBody | Reject) -> dict[str, str]:
    return dict(command.set_headers)


# What is forwarded


def test_request_headers_pass_and_ask_for_an_answer_in_the_clear() -> None:
    command = only(exchange().receive(HEADERS), ContinueHeaders)
    assert command.remove_headers == ("accept-encoding",)
    assert command.set_headers == ()
    assert command.body_mode is None


def test_a_clean_body_is_left_alone() -> None:
    for direction, before, event in (
        (Direction.REQUEST, (HEADERS,), asking()),
        (Direction.RESPONSE, (HEADERS, asking(), ANSWER), saying()),
    ):
        command = only(advance(exchange(), *before, event), ContinueBody)
        assert (command.direction, command.body) == (direction, None)
        assert "content-length" not in marks(command)


def test_a_redacted_request_is_forwarded_with_its_new_length() -> None:
    command = only(advance(exchange(), HEADERS, asking(f"It is {SSN}")), ContinueBody)
    assert command.body is not None
    assert json.loads(command.body)["messages"][0]["content"] == "It is [US_SSN]"
    assert marks(command) == {"content-length": str(len(command.body))}


def test_a_redacted_answer_is_forwarded_with_its_new_length_and_verdict() -> None:
    command = only(advance(exchange(), HEADERS, asking(), ANSWER, saying(SSN)), ContinueBody)
    assert command.body is not None
    assert marks(command) == {
        "content-length": str(len(command.body)),
        "x-extproc-verdict": "redact",
    }


def test_a_length_is_counted_in_bytes() -> None:
    command = only(advance(exchange(), HEADERS, asking(f"é😀 {SSN}")), ContinueBody)
    assert command.body is not None
    assert "é😀".encode() in command.body
    assert marks(command)["content-length"] == str(len(command.body))


@pytest.mark.parametrize(
    ("request_text", "answer_text", "verdict"),
    [
        ("hi", "hi", "allow"),
        (SSN, "hi", "redact"),
        ("hi", SSN, "redact"),
        (SSN, "a@b.io", "redact"),
        ("a@b.io", "hi", "flag"),
        ("hi", "a@b.io", "flag"),
    ],
)
def test_the_verdict_header_is_the_worse_of_both_sides(
    request_text: str, answer_text: str, verdict: str
) -> None:
    guard = guardrail(rule("us_ssn"), rule("email_address", "flag"))
    commands = advance(exchange(guard), HEADERS, asking(request_text), ANSWER, saying(answer_text))
    assert marks(only(commands, ContinueBody))["x-extproc-verdict"] == verdict


def test_an_answer_is_marked_with_id_and_policy() -> None:
    command = only(advance(exchange(), HEADERS, asking(), ANSWER), ContinueHeaders)
    assert marks(command) == {"x-extproc-request-id": ID, "x-extproc-policy": "test"}
    assert command.body_mode is BodyMode.BUFFERED


def test_an_answer_without_a_body_is_marked_with_everything() -> None:
    empty = ResponseHeaders({":status": "204"}, end_of_stream=True)
    command = only(advance(exchange(), HEADERS, asking(SSN), empty), ContinueHeaders)
    assert marks(command) == {
        "x-extproc-request-id": ID,
        "x-extproc-policy": "test",
        "x-extproc-verdict": "redact",
    }


def test_an_empty_answer_body_passes() -> None:
    commands = advance(exchange(), HEADERS, asking(), ANSWER, piece(end=True))
    assert only(commands, ContinueBody).body is None


@pytest.mark.parametrize("path", ["/v1/embeddings", "/anything"])
def test_json_of_an_unknown_api_is_redacted_too(path: str) -> None:
    headers = RequestHeaders({":method": "POST", ":path": path} | JSON, end_of_stream=False)
    body = RequestBody(json.dumps({"input": [f"It is {SSN}"]}).encode(), end_of_stream=True)
    command = only(advance(exchange(), headers, body), ContinueBody)
    assert command.body == b'{"input":["It is [US_SSN]"]}'


@pytest.mark.parametrize("content_type", ["text/plain", "text/csv; charset=utf-8", "TEXT/HTML"])
def test_plain_text_of_an_unknown_api_is_redacted_too(content_type: str) -> None:
    headers = {":method": "POST", ":path": "/x", "content-type": content_type}
    body = RequestBody(f"It is {SSN}".encode(), end_of_stream=True)
    commands = advance(exchange(), RequestHeaders(headers, end_of_stream=False), body)
    assert only(commands, ContinueBody).body == b"It is [US_SSN]"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/vnd.api+json", "text/plain", "application/x-unknown", ""],
)
def test_a_known_api_reads_json_whatever_the_content_type_says(content_type: str) -> None:
    commands = advance(exchange(), with_headers(content_type=content_type), asking(SSN))
    assert b"[US_SSN]" in (only(commands, ContinueBody).body or b"")


def test_an_error_page_of_the_provider_is_forwarded_as_text() -> None:
    slow_down = with_answer(**{":status": "429", "content_type": "text/plain"})
    commands = advance(exchange(), HEADERS, asking(), slow_down, piece(b"slow down", end=True))
    assert "Reject" not in kinds(commands)


# Names


def test_the_request_id_of_envoy_is_used() -> None:
    machine = exchange(new_id=lambda: pytest.fail("there is one already"))
    command = only(
        advance(machine, with_headers(x_request_id="abc-1"), asking(), ANSWER), ContinueHeaders
    )
    assert marks(command)["x-extproc-request-id"] == "abc-1"


def test_a_request_id_is_made_once_where_there_is_none() -> None:
    made = iter(["first", "second"])
    machine = exchange(new_id=lambda: next(made))
    commands = advance(machine, HEADERS, asking())
    assert record(commands).request_id == "first"
    assert marks(only(machine.receive(ANSWER), ContinueHeaders))["x-extproc-request-id"] == "first"


def test_an_answer_that_comes_first_has_a_request_id_too() -> None:
    command = only(exchange().receive(ANSWER), ContinueHeaders)
    assert marks(command)["x-extproc-request-id"] == ID


@pytest.mark.parametrize("value", ["my ssn is 1", "a\nb", "é", "x" * 500, ""])
def test_a_request_id_that_could_be_content_is_not_repeated(value: str) -> None:
    commands = advance(exchange(), with_headers(x_request_id=value), asking())
    assert record(commands).request_id == ID


def test_the_customer_is_named_on_record() -> None:
    commands = advance(exchange(), with_headers(x_customer_id="acme"), asking())
    assert record(commands).customer_id == "acme"


def test_the_customer_is_a_keyed_hash_where_the_record_is_anonymized() -> None:
    guard = guardrail(rule("us_ssn"), compliance={"anonymizeAudit": True})
    names = [
        record(advance(exchange(guard), with_headers(x_customer_id=name), asking())).customer_id
        for name in ("acme", "acme", "other")
    ]
    assert names[0] == names[1] != names[2]
    assert "acme" not in names[0]
    assert record(advance(exchange(guard), HEADERS, asking())).customer_id == ""


def test_the_header_that_names_the_customer_can_be_chosen() -> None:
    limits = Limits(customer_header="x-tenant")
    commands = advance(exchange(limits=limits), with_headers(x_tenant="acme"), asking())
    assert record(commands).customer_id == "acme"


def share_of(headers: list[dict[str, str]]) -> set[bool]:
    """Whether callers with these headers fall under a rule for half of all callers."""
    guard = guardrail(rule("us_ssn", rollout="enforce: 50%"))
    return {
        only(
            advance(exchange(guard, new_id=lambda: "1"), with_headers(**h), asking(SSN)),
            ContinueBody,
        ).body
        is not None
        for h in headers
    }


def test_a_caller_is_known_by_customer_before_key() -> None:
    keys = [{"x_customer_id": "acme", "authorization": f"Bearer {i}"} for i in range(30)]
    assert len(share_of(keys)) == 1


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key", "x-goog-api-key"])
def test_callers_are_told_apart_by_their_key(header: str) -> None:
    assert share_of([{header: f"secret-{i}"} for i in range(30)]) == {True, False}


def test_a_key_is_not_on_record() -> None:
    commands = advance(exchange(), with_headers(authorization="Bearer sk-secret"), asking(SSN))
    assert "sk-secret" not in repr(commands)


# What goes on record


def test_a_record_says_what_was_done() -> None:
    body = asking(f"It is {SSN}")
    seen = record(advance(exchange(), HEADERS, body))
    assert (seen.direction, seen.outcome, seen.dialect) == (
        Direction.REQUEST,
        Outcome.JUDGED,
        "openai_chat",
    )
    assert (seen.policy, seen.lane, seen.scanned, seen.body_bytes) == (
        "test",
        "inline",
        1,
        len(body.body),
    )
    assert seen.verdict is not None
    assert seen.verdict.action is Action.REDACT


def test_usage_is_on_record_of_the_answer() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    seen = record(advance(exchange(), HEADERS, asking(), ANSWER, saying(usage=usage)))
    assert seen.usage == Usage(3, 5)


def test_what_is_on_record_does_not_quote_the_body() -> None:
    for guard in (REDACT_ALL, BLOCK_SSN, FLAG):
        seen = record(advance(exchange(guard), HEADERS, asking(f"Hello {SSN}")))
        assert SSN not in repr(seen)
        assert "Hello" not in repr(seen)


def test_an_answer_is_not_on_record_as_deferred_because_its_request_was() -> None:
    limits = Limits(inline_body=200)
    commands = advance(exchange(limits=limits), HEADERS, asking("x" * 300), ANSWER, saying())
    assert record(commands).lane == "inline"


# Blocks and refusals


def test_a_block_is_a_403_in_the_dialect_of_the_caller() -> None:
    commands = advance(exchange(BLOCK_SSN), HEADERS, asking(f"It is {SSN}"))
    status, error = refusal(commands)
    assert status == 403
    assert error["code"] == error["type"] == "policy_violation"
    assert error["violations"] == [{"type": "us_ssn", "rule": "us-ssn"}]
    assert error["request_id"] == ID
    assert 0 < error["risk_score"] <= 1
    assert SSN not in json.dumps(error)
    assert record(commands).status == 403


def test_a_block_carries_the_marks_of_an_answer() -> None:
    command = only(advance(exchange(BLOCK_SSN), HEADERS, asking(SSN)), Reject)
    assert marks(command) == {
        "content-type": "application/json",
        "x-extproc-request-id": ID,
        "x-extproc-policy": "test",
        "x-extproc-verdict": "block",
    }
    assert command.details == "policy_violation"


def test_a_blocked_answer_never_reaches_the_caller() -> None:
    commands = advance(exchange(BLOCK_SSN), HEADERS, asking(), ANSWER, saying(SSN))
    status, error = refusal(commands)
    assert (status, error["code"]) == (403, "policy_violation")
    assert SSN not in repr(commands)


def test_each_violation_is_named_once() -> None:
    guard = guardrail(rule(["us_ssn", "email_address"], "flag"), maxRiskScore=0.0)
    _, error = refusal(advance(exchange(guard), HEADERS, asking(f"{SSN} {SSN} a@b.io")))
    assert len(error["violations"]) <= 2


def test_a_block_over_the_risk_limit_says_so() -> None:
    guard = guardrail(rule("us_ssn", "flag"), maxRiskScore=0.1)
    _, error = refusal(advance(exchange(guard), HEADERS, asking(SSN)))
    assert "max_risk_score" in error["message"]


def test_a_block_of_media_says_what_to_leave_out() -> None:
    guard = guardrail(unscanned="block")
    image = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]
    body = json.dumps({"messages": [{"role": "user", "content": image}]}).encode()
    status, error = refusal(advance(exchange(guard), HEADERS, RequestBody(body, True)))
    assert status == 403
    assert "image" in error["message"]
    assert error["violations"] == []


REFUSED: list[tuple[dict[str, str], bytes, int, str]] = [
    ({}, b"", 400, "empty_body"),
    ({}, b"{", 400, "invalid_json"),
    ({}, b"\xef\xbb\xbf{}", 400, "invalid_json"),
    ({}, b'{"messages": [], "messages": []}', 400, "duplicate_key"),
    ({}, b"[" * 10_000, 400, "too_deep"),
    ({}, b"[]", 400, "not_a_chat_request"),
    ({}, b'{"messages": "' + b"x" * 2000 + b'"}', 413, "body_too_large"),
    ({"content_encoding": "compress"}, b"{}", 415, "content_encoding"),
    ({"content_encoding": "gzip, gzip, br"}, b"{}", 415, "content_encoding"),
    ({"content_encoding": "gzip"}, b"{}", 400, "invalid_encoding"),
    ({"content_encoding": "identity, br"}, b"{}", 400, "invalid_encoding"),
    ({"content_encoding": "gzip"}, gzip.compress(b" " * 1501), 413, "body_too_large"),
    ({"content_encoding": "gzip"}, gzip.compress(b'{"a":1,"a":2}'), 400, "duplicate_key"),
    ({"content_type": "application/json; charset=latin-1"}, b"{}", 415, "charset"),
    ({"content_type": 'application/json; CHARSET="UTF-16"'}, b"{}", 415, "charset"),
    ({":path": "/x", "content_type": "image/png"}, b"\x89PNG", 415, "unsupported_content_type"),
    (
        {":path": "/x", "content_type": "multipart/related; boundary=x"},
        b"--",
        415,
        "unsupported_content_type",
    ),
    (
        {"content_type": "multipart/form-data; boundary=x"},
        b"{}",
        400,
        "invalid_multipart",
    ),
    ({":path": "/x", "content_type": "text/plain"}, b"caf\xe9", 400, "not_utf8"),
]


@pytest.mark.parametrize(("headers", "body", "status", "code"), REFUSED)
@pytest.mark.parametrize("inline", [True, False])
def test_a_request_that_cannot_be_read_is_refused(
    headers: dict[str, str], body: bytes, status: int, code: str, inline: bool
) -> None:
    limits = Limits(max_body=1500, inline_body=1 << 20 if inline else 0)
    if len(body) == 10_000:
        limits = Limits(inline_body=limits.inline_body)
    machine = exchange(limits=limits)
    commands = advance(machine, with_headers(**headers), RequestBody(body, end_of_stream=True))
    assert kinds(commands) == ["Reject", "Report"]
    seen = refusal(commands)
    assert (seen[0], seen[1]["code"], seen[1]["type"]) == (status, code, "invalid_request_error")
    on_record = record(commands)
    assert (on_record.outcome, on_record.reason, on_record.status) == (
        Outcome.REFUSED,
        code,
        status,
    )
    assert on_record.body_bytes == len(body)
    assert machine.state is State.DONE


@pytest.mark.parametrize(
    "accepted",
    [
        {"content_encoding": "identity"},
        {"content_encoding": ""},
        {"content_type": "application/json;charset=UTF-8"},
        {"content_type": 'application/json; charset="utf8"; x=y'},
        {"content_type": "application/json; charset=us-ascii"},
    ],
    ids=str,
)
def test_a_request_in_utf8_and_in_the_clear_is_read(accepted: dict[str, str]) -> None:
    commands = advance(exchange(), with_headers(**accepted), asking(SSN))
    assert b"[US_SSN]" in (only(commands, ContinueBody).body or b"")


def test_a_chat_request_without_a_body_is_refused_at_its_headers() -> None:
    commands = exchange().receive(RequestHeaders(POST | JSON, end_of_stream=True))
    assert refusal(commands)[0] == 400
    assert record(commands).reason == "empty_body"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_for_what_is_stored_has_no_body(method: str) -> None:
    path = {":method": method, ":path": "/openai/v1/responses/resp_1"}
    machine = exchange()
    commands = machine.receive(RequestHeaders(path | JSON, end_of_stream=True))
    assert isinstance(commands[0], ContinueHeaders)
    stored = {"output": [{"role": "assistant", "content": [{"text": f"My SSN is {SSN}"}]}]}
    answer = ResponseBody(json.dumps(stored).encode(), end_of_stream=True)
    body = only(advance(machine, ANSWER, answer), ContinueBody).body
    assert body is not None
    assert b"[US_SSN]" in body


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}], ids=str)
def test_an_answer_that_is_plain_text_is_read_as_such(headers: dict[str, str]) -> None:
    answered = ResponseHeaders({":status": "202"} | headers, end_of_stream=False)
    said = piece(b"Accepted for " + SSN.encode(), end=True)
    commands = advance(exchange(), HEADERS, asking(), answered, said)
    assert only(commands, ContinueBody).body == b"Accepted for [US_SSN]"


ESCAPED = '{"text": "123\\u002d45\\u002d6789"}'


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat", "/x"])
@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("text/plain", said("123-45") + said("-6789"), "unscanned_stream"),
        ("text/event-stream, text/plain", said("123-45") + said("-6789"), "unscanned_stream"),
        ("text/plain", b"event: x\rdata:\t" + ESCAPED.encode(), "unscanned_stream"),
        ("text/plain", b"\xef\xbb\xbf" + said("123-45"), "unscanned_stream"),
        ("", said("123-45") + said("-6789"), "unscanned_stream"),
        ("text/plain", b"\xef\xbb\xbf" + ESCAPED.encode(), "invalid_json"),
        ("text/plain", ESCAPED.encode("utf-16-be"), "invalid_json"),
    ],
)
def test_an_answer_that_clients_could_read_as_more_than_text_is_refused(
    path: str, content_type: str, body: bytes, code: str
) -> None:
    headers = RequestHeaders({":method": "POST", ":path": path} | JSON, end_of_stream=False)
    answered = {":status": "200"} | ({"content-type": content_type} if content_type else {})
    commands = advance(
        exchange(),
        headers,
        asking(),
        ResponseHeaders(answered, end_of_stream=False),
        piece(body, end=True),
    )
    assert record(commands).outcome is Outcome.REFUSED
    assert record(commands).reason == code


@pytest.mark.parametrize("content_type", ["application/octet-stream", "audio/mpeg"])
def test_a_stream_that_is_declared_as_a_file_is_refused(content_type: str) -> None:
    path = "/v1/audio/transcriptions"
    headers = RequestHeaders({":method": "POST", ":path": path} | JSON, end_of_stream=False)
    stream = piece(said("123-45") + said("-6789"), end=True)
    commands = advance(
        exchange(), headers, asking(), with_answer(content_type=content_type), stream
    )
    assert record(commands).reason == "unscanned_stream"


def test_a_blocked_answer_to_a_call_is_an_error_of_status_200_that_names_the_call() -> None:
    call = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "f"}}
    asked = RequestHeaders({":method": "POST", ":path": "/mcp"} | JSON, end_of_stream=False)
    request = RequestBody(json.dumps(call).encode(), end_of_stream=True)
    commands = advance(exchange(BLOCK_SSN), asked, request, ANSWER, saying(SSN))
    rejected = only(commands, Reject)
    assert (rejected.status, record(commands).status) == (200, 200)
    assert json.loads(rejected.body)["id"] == 5


@pytest.mark.parametrize(
    ("answer", "body", "status", "code"),
    [
        (with_answer(), b"<html>", 502, "invalid_json"),
        (with_answer(), b'{"a":1,"a":2}', 502, "duplicate_key"),
        (with_answer(), b'"' + b"x" * 2000 + b'"', 502, "body_too_large"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_bad_gateway(
    answer: ResponseHeaders, body: bytes, status: int, code: str
) -> None:
    machine = exchange(limits=Limits(max_body=1500))
    commands = advance(machine, HEADERS, asking(), answer, piece(body, end=True))
    seen = refusal(commands)
    assert (seen[0], seen[1]["code"]) == (status, code)
    assert record(commands).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (with_answer(content_encoding="compress"), 502, "content_encoding"),
        (with_answer(content_type="application/json; charset=latin-1"), 502, "charset"),
        (with_answer(content_type="audio/mpeg"), 403, "unscanned_content"),
        (with_answer(content_length="99999999999"), 502, "body_too_large"),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused_at_its_headers(
    answer: ResponseHeaders, status: int, code: str
) -> None:
    commands = advance(exchange(), HEADERS, asking(), answer)
    seen = refusal(commands)
    assert (seen[0], seen[1]["code"]) == (status, code)
    assert record(commands).direction is Direction.RESPONSE


def test_a_length_that_is_no_number_is_not_believed() -> None:
    for value in ("", "x", "-1", "1,1", "²"):
        commands = advance(exchange(), HEADERS, asking(), with_answer(content_length=value))
        assert kinds(commands) == ["ContinueHeaders"]


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/x", "text/event-stream"),
        ("/v1/chat/completions", "application/jsonl"),
    ],
)
def test_a_stream_of_an_unknown_form_is_refused_where_something_is_enforced(
    path: str, content_type: str
) -> None:
    headers = RequestHeaders({":method": "POST", ":path": path} | JSON, end_of_stream=False)
    answer = with_answer(content_type=content_type)
    commands = advance(exchange(), headers, asking(), answer)
    seen = refusal(commands)
    assert (seen[0], seen[1]["code"]) == (403, "unscanned_stream")


# Fail open


@pytest.mark.parametrize("guard", [FLAG, guardrail(rule("us_ssn", onError="allow"))])
@pytest.mark.parametrize("inline", [True, False])
def test_what_cannot_be_read_passes_on_record_where_nothing_is_enforced(
    guard: Guardrail, inline: bool
) -> None:
    machine = exchange(guard, Limits(inline_body=1 << 20 if inline else 0))
    for before, body in (((HEADERS,), RequestBody(b"{", True)), ((ANSWER,), piece(b"{", end=True))):
        commands = advance(machine, *before, body)
        assert kinds(commands) == ["ContinueBody", "Report"]
        assert only(commands, ContinueBody).body is None
        seen = record(commands)
        assert (seen.outcome, seen.reason) == (Outcome.FAIL_OPEN, "invalid_json")


@pytest.mark.parametrize("inline", [True, False])
def test_where_nothing_is_looked_for_a_request_is_not_read(inline: bool) -> None:
    machine = exchange(OFF, Limits(inline_body=1 << 20 if inline else 0))
    commands = advance(machine, HEADERS, RequestBody(b"{", True))
    assert only(commands, ContinueBody).body is None
    seen = record(commands)
    assert (seen.outcome, seen.scanned) == (Outcome.JUDGED, 0)
    assert seen.verdict is not None
    assert seen.verdict.action is Action.ALLOW


def test_where_nothing_is_looked_for_tokens_of_an_answer_are_counted() -> None:
    answer = json.dumps({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    commands = advance(exchange(OFF), HEADERS, asking(), ANSWER, piece(answer.encode(), end=True))
    assert record(commands).usage == Usage(3, 4)


def test_a_chat_request_without_a_body_passes_where_nothing_is_enforced() -> None:
    machine = exchange(OFF)
    commands = machine.receive(RequestHeaders(POST | JSON, end_of_stream=True))
    assert kinds(commands) == ["ContinueHeaders", "Report"]
    assert machine.state is State.RESPONSE_HEADERS


def test_an_answer_of_another_kind_passes_unread_where_nothing_is_enforced() -> None:
    commands = advance(exchange(OFF), HEADERS, asking(), with_answer(content_type="audio/mpeg"))
    command = only(commands, ContinueHeaders)
    assert command.body_mode is BodyMode.NONE
    assert marks(command)["x-extproc-verdict"] == "allow"
    assert record(commands).reason == "unscanned_content"


def test_a_request_that_is_too_large_is_refused_even_then() -> None:
    commands = advance(exchange(OFF, Limits(max_body=10)), HEADERS, asking())
    assert refusal(commands)[0] == 413


def test_a_bomb_is_refused_even_where_nothing_is_enforced() -> None:
    bomb = RequestBody(gzip.compress(b" " * (2 << 20)), end_of_stream=True)
    status, error = refusal(advance(exchange(FLAG), with_headers(content_encoding="gzip"), bomb))
    assert (status, error["code"]) == (413, "decompression_bomb")


# Compressed bodies


def packed(event: RequestBody | ResponseBody) -> bytes:
    return gzip.compress(event.body)


def test_a_compressed_body_passes_uncompressed_whether_it_changed_or_not() -> None:
    gzipped = with_headers(content_encoding="gzip")
    answered = with_answer(content_encoding="x-gzip")
    for text, passed in (("Hello", "Hello"), (SSN, "[US_SSN]")):
        machine = exchange()
        body = RequestBody(packed(asking(text)), end_of_stream=True)
        request = only(advance(machine, gzipped, body), ContinueBody)
        answer = only(
            advance(machine, answered, piece(packed(saying(text)), end=True)), ContinueBody
        )
        for command in (request, answer):
            assert command.body is not None
            assert passed in command.body.decode()
            assert command.remove_headers == ("content-encoding",)
            assert marks(command)["content-length"] == str(len(command.body))


def test_a_compressed_body_is_decoded_off_the_event_loop() -> None:
    machine = exchange()
    machine.receive(with_headers(content_encoding="gzip"))
    assert kinds(machine.receive(RequestBody(packed(asking()), end_of_stream=True))) == ["Defer"]


def test_a_compressed_request_passes_as_it_came_where_nothing_is_looked_for() -> None:
    gzipped = with_headers(content_encoding="gzip")
    commands = advance(exchange(OFF), gzipped, RequestBody(packed(asking()), end_of_stream=True))
    command = only(commands, ContinueBody)
    assert (command.body, command.remove_headers) == (None, ())


def test_sides_are_enforced_apart() -> None:
    guard = guardrail(rule("us_ssn", on=["request"]))
    assert kinds(advance(exchange(guard), HEADERS, RequestBody(b"{", True)))[0] == "Reject"
    commands = advance(exchange(guard), HEADERS, asking(), ANSWER, piece(b"{", end=True))
    assert kinds(commands)[0] == "ContinueBody"


# Deferred work


def deferred(event: RequestBody) -> tuple[Exchange, Defer]:
    machine = exchange(limits=SMALL_INLINE)
    machine.receive(HEADERS)
    return machine, only(machine.receive(event), Defer)


def test_deferred_work_is_pure_and_its_result_is_the_answer() -> None:
    machine, defer = deferred(asking(f"It is {SSN}"))
    first, second = outcome(defer), outcome(defer)
    assert first == second
    commands = machine.receive(WorkDone(first))
    assert b"[US_SSN]" in (only(commands, ContinueBody).body or b"")
    assert record(commands).lane == "deferred"


def test_deferred_work_that_cannot_read_its_body_is_a_refusal() -> None:
    machine, defer = deferred(RequestBody(b"{" * 10, True))
    assert isinstance(outcome(defer), BodyError)
    assert refusal(machine.receive(WorkDone(outcome(defer))))[0] == 400


@pytest.mark.parametrize("error", [ValueError("bug"), MemoryError(), KeyError("x")])
def test_deferred_work_that_fails_in_any_other_way_is_not_hidden(error: Exception) -> None:
    machine, _ = deferred(asking())
    with pytest.raises(type(error)):
        machine.receive(WorkDone(error))


@pytest.mark.parametrize("result", [None, b"body", 7])
def test_deferred_work_of_another_kind_is_a_protocol_error(result: Any) -> None:
    machine, _ = deferred(asking())
    with pytest.raises(ProtocolError):
        machine.receive(WorkDone(result))


# The contract with the filter


def contract(request: BodyMode, response: BodyMode) -> RequestHeaders:
    return RequestHeaders(POST | JSON, False, FilterContract(request, response))


def test_a_filter_as_agreed_is_accepted() -> None:
    commands = exchange().receive(contract(BodyMode.BUFFERED, BodyMode.BUFFERED))
    assert kinds(commands) == ["ContinueHeaders"]


@pytest.mark.parametrize(
    ("request_mode", "response_mode"),
    [
        (a, b)
        for a in BodyMode
        for b in BodyMode
        if (a, b) != (BodyMode.BUFFERED, BodyMode.BUFFERED)
    ],
)
def test_a_filter_that_would_leave_gaps_is_refused(
    request_mode: BodyMode, response_mode: BodyMode
) -> None:
    with pytest.raises(ContractError, match="BUFFERED"):
        exchange().receive(contract(request_mode, response_mode))
