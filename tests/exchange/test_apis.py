"""Unknown APIs, upgraded connections, and APIs whose bodies are files."""

import gzip
import json
import re
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.exchange.commands import Command, ContinueBody, ContinueHeaders, Reject
from extproc.exchange.events import BodyMode, RequestBody, RequestHeaders, ResponseHeaders
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.record import Outcome
from extproc.model.values import Direction
from tests.exchange.driving import (
    ANSWER,
    HEADERS,
    JSON,
    POST,
    advance,
    asking,
    exchange,
    kinds,
    only,
    piece,
    record,
    refusal,
)
from tests.exchanges.recordings import Recording, exchanges
from tests.guardrail.making import FORMS, REDACT_ALL, SSN, guardrail, rule

RULE = rule(FORMS, name="pii")
UNKNOWN = {":method": "POST", ":path": "/x"} | JSON
BODY = RequestBody(json.dumps({"input": SSN}).encode(), end_of_stream=True)


def request(headers: dict[str, str], *, end: bool = False) -> RequestHeaders:
    return RequestHeaders(headers, end_of_stream=end)


def answered(content_type: str, **more: str) -> ResponseHeaders:
    return ResponseHeaders({":status": "200", "content-type": content_type, **more}, False)


# Unknown APIs


def test_an_unknown_api_is_scanned_unless_the_policy_says_otherwise() -> None:
    for guard in (guardrail(RULE), guardrail(RULE, unknownApis="scan")):
        command = only(advance(exchange(guard), request(UNKNOWN), BODY), ContinueBody)
        assert command.body == b'{"input":"[US_SSN]"}'


def test_an_unknown_api_is_refused_where_the_policy_says_so() -> None:
    for guard in (guardrail(RULE, unknownApis="block"), guardrail(unknownApis="block")):
        commands = exchange(guard).receive(request(UNKNOWN))
        status, error = refusal(commands)
        assert (status, error["code"]) == (403, "unknown_api")
        assert "unknownApis" in error["message"]
        seen = record(commands)
        assert (seen.outcome, seen.reason) == (Outcome.REFUSED, "unknown_api")


@pytest.mark.parametrize("answer", [answered("application/json"), answered("text/event-stream")])
def test_an_unknown_api_passes_unread_and_on_record_where_the_policy_says_so(
    answer: ResponseHeaders,
) -> None:
    machine = exchange(guardrail(RULE, unknownApis="allow"))
    commands = machine.receive(request(UNKNOWN))
    assert only(commands, ContinueHeaders).body_mode is BodyMode.NONE
    requested = record(commands)
    commands = machine.receive(answer)
    command = only(commands, ContinueHeaders)
    assert command.body_mode is BodyMode.NONE
    assert dict(command.set_headers)["x-extproc-verdict"] == "allow"
    for seen, direction in ((requested, Direction.REQUEST), (record(commands), Direction.RESPONSE)):
        assert (seen.direction, seen.outcome) == (direction, Outcome.FAIL_OPEN)
        assert seen.reason == "unknown_api"
    assert machine.state is State.DONE


@pytest.mark.parametrize("unknown", ["scan", "block"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_a_body_passes_and_its_answer_is_scanned(
    unknown: str, method: str
) -> None:
    machine = exchange(guardrail(RULE, unknownApis=unknown))
    models = request({":method": method, ":path": "/v1/models"}, end=True)
    assert kinds(machine.receive(models)) == ["ContinueHeaders"]
    command = only(advance(machine, ANSWER, piece(f'["{SSN}"]'.encode(), end=True)), ContinueBody)
    assert command.body == b'["[US_SSN]"]'


@pytest.mark.parametrize("unknown", ["allow", "block"])
def test_a_known_api_is_inspected_whatever_becomes_of_unknown_ones(unknown: str) -> None:
    guard = guardrail(RULE, unknownApis=unknown)
    command = only(advance(exchange(guard), HEADERS, asking(SSN)), ContinueBody)
    assert b"[US_SSN]" in (command.body or b"")


# Upgraded connections

UPGRADES = [
    {":method": "GET", ":path": "/v1/realtime", "upgrade": "websocket", "connection": "upgrade"},
    {":method": "GET", ":path": "/v1/realtime", "upgrade": "h2c, WebSocket"},
    POST | JSON | {"upgrade": "websocket"},
    {":method": "CONNECT", ":path": "/v1/realtime", ":protocol": "websocket"},
    {":method": "CONNECT", ":authority": "api.openai.com:443"},
]


@pytest.mark.parametrize("headers", UPGRADES)
@pytest.mark.parametrize(
    "guard", [REDACT_ALL, guardrail(rule("us_ssn", "flag")), guardrail(unscanned="block")]
)
def test_an_upgrade_is_refused_where_anything_must_be_inspected(
    guard: Guardrail, headers: dict[str, str]
) -> None:
    commands = exchange(guard).receive(request(headers))
    status, error = refusal(commands)
    assert (status, error["code"]) == (403, "unscanned_websocket")
    assert record(commands).outcome is Outcome.REFUSED


@pytest.mark.parametrize("headers", UPGRADES)
def test_an_upgrade_passes_on_record_where_nothing_is_minded(headers: dict[str, str]) -> None:
    machine = exchange(guardrail(rule("us_ssn", "flag"), unscanned="allow"))
    commands = machine.receive(request(headers))
    assert only(commands, ContinueHeaders).body_mode is BodyMode.NONE
    assert record(commands).reason == "unscanned_websocket"
    switched = machine.receive(ResponseHeaders({":status": "101"}, end_of_stream=False))
    assert only(switched, ContinueHeaders).body_mode is BodyMode.NONE
    assert machine.state is State.DONE


@pytest.mark.parametrize("offer", ["h2c", "HTTP/2.0, TLS/1.2", ""])
def test_an_offer_of_another_http_is_no_upgrade(offer: str) -> None:
    commands = exchange().receive(request(POST | JSON | {"upgrade": offer}))
    assert kinds(commands) == ["ContinueHeaders"]


# Files


def uploading(body: bytes, content_type: str) -> list[object]:
    headers = {":method": "POST", ":path": "/gemini/upload/v1beta/files?upload_id=1"}
    headers |= {"content-type": content_type}
    return list(advance(exchange(), request(headers), RequestBody(body, end_of_stream=True)))


@pytest.mark.parametrize("content_type", ["application/json", "", "application/pdf"])
def test_an_upload_is_read_by_what_it_holds(content_type: str) -> None:
    for body, passed in ((SSN.encode(), b"[US_SSN]"), (f'["{SSN}"]'.encode(), b'["[US_SSN]"]')):
        [command, _] = uploading(body, content_type)
        assert isinstance(command, ContinueBody)
        assert command.body == passed


def speaking(guard: Guardrail, headers: ResponseHeaders) -> Exchange:
    machine = exchange(guard)
    path = {":method": "POST", ":path": "/v1/audio/speech"}
    advance(machine, request(path | JSON), RequestBody(b'{"input": "Hi"}', True), headers)
    return machine


def test_an_answer_that_is_a_file_is_skipped_with_its_reason() -> None:
    machine = speaking(REDACT_ALL, answered("audio/mpeg"))
    commands = machine.receive(piece(b"ID3\xff", end=True))
    assert only(commands, ContinueBody).body is None
    [skipped] = record(commands).skipped
    assert (skipped.reason, record(commands).scanned) == ("audio", 0)


def test_an_answer_that_is_a_file_is_refused_where_everything_must_be_inspected() -> None:
    machine = speaking(guardrail(RULE, unscanned="block"), answered("audio/mpeg"))
    status, error = refusal(machine.receive(piece(b"ID3\xff", end=True)))
    assert (status, error["code"]) == (403, "policy_violation")


def test_an_answer_that_is_a_file_is_not_held_where_nothing_is_looked_for() -> None:
    assert speaking(guardrail(), answered("audio/mpeg")).state is State.DONE


@pytest.mark.parametrize("content_type", ["multipart/mixed", "multipart/form-data; boundary=x"])
def test_an_answer_in_parts_is_refused(content_type: str) -> None:
    commands = advance(exchange(), HEADERS, asking(), answered(content_type))
    assert refusal(commands)[1]["code"] == "unscanned_content"


# Recorded forms and uploads


RECORDED = [
    recording
    for recording in exchanges()
    if "multipart" in recording.request_content_type or "/upload/" in recording.path
]


@pytest.mark.parametrize("recording", RECORDED, ids=lambda recording: recording.name)
def test_a_recorded_form_or_upload_is_redacted(recording: Recording) -> None:
    headers = {":method": recording.method, ":path": recording.path}
    headers |= {":authority": recording.host, "content-type": recording.request_content_type}
    planted = re.sub(rb"\b(apple|Paris|example)\b", SSN.encode(), recording.request_body)
    for body, expected in (
        (recording.request_body, None),
        (planted, planted.replace(SSN.encode(), b"[US_SSN]") if planted.count(b"-45-") else None),
    ):
        commands = advance(exchange(), request(headers), RequestBody(body, end_of_stream=True))
        passed = only(commands, ContinueBody).body
        if expected is None or passed is None:
            assert passed is expected
        else:
            assert re.sub(rb"\s", b"", passed) == re.sub(rb"\s", b"", expected)


# Whatever comes

TYPES = st.sampled_from(
    [
        *("application/json", "", "text/plain", "text/event-stream", "application/x-ndjson"),
        *("multipart/form-data; boundary=b", "multipart/form-data", "multipart/related"),
        *("application/octet-stream", "image/png", "application/pdf", "application/x-subrip"),
    ]
)
PATHS = st.sampled_from(
    ["/v1/chat/completions", "/v1/files", "/upload/v1beta/files", "/v1/audio/speech", "/x"]
)
CODED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "br": brotli.compress,
    "deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
    "compress": bytes,
}
CONTENT = st.binary(max_size=60) | st.sampled_from(
    [
        f'{{"messages":[{{"role":"user","content":"{SSN}"}}]}}'.encode(),
        f'{{"a":"{SSN}"}}\n{{"a":"{SSN}"}}'.encode(),
        f'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n{SSN}\r\n--b--'.encode(),
        f"Number {SSN}".encode(),
        f"\0\xff {SSN}".encode("latin-1"),
    ]
)


every = given(path=PATHS, content_type=TYPES, coding=st.sampled_from([*CODED]), body=CONTENT)


@every
def test_whatever_is_asked_is_inspected_or_skipped_with_a_reason_or_refused(
    path: str, content_type: str, coding: str, body: bytes
) -> None:
    headers = {":method": "POST", ":path": path}
    headers |= {"content-type": content_type, "content-encoding": coding}
    coded = RequestBody(CODED[coding](body), end_of_stream=True)
    check_accounted(advance(exchange(), request(headers), coded), body)


@every
def test_whatever_is_answered_is_inspected_or_skipped_with_a_reason_or_refused(
    path: str, content_type: str, coding: str, body: bytes
) -> None:
    machine = exchange()
    advance(machine, request({":method": "POST", ":path": path} | JSON), asking())
    commands = advance(machine, answered(content_type, **{"content-encoding": coding}))
    if machine.state is State.RESPONSE_BODY:
        check_accounted(advance(machine, piece(CODED[coding](body), end=True)), body)
    elif machine.state is not State.STREAM:
        check_accounted(commands, body)


def check_accounted(commands: list[Command], body: bytes) -> None:
    seen = record(commands)
    if seen.outcome is Outcome.REFUSED:
        assert only(commands, Reject).status in (400, 403, 413, 415, 502)
        assert seen.reason
        return
    passed = only(commands, ContinueBody).body
    assert seen.scanned or seen.skipped or SSN.encode() not in body
    assert SSN.encode() not in (body if passed is None else passed) or seen.skipped
