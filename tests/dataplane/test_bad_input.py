"""Whatever cannot be inspected is refused in the shape of the API, and goes nowhere."""

import gzip
import json
from collections.abc import Iterator

import httpx
import pytest

from tests.dataplane import sse
from tests.dataplane.canaries import REDACTED, SSN, TEXT, leaks
from tests.dataplane.harness import CHAT, MAX_BODY, Stack
from tests.dataplane.recorder import Answer, document, stream, whole

GOOD = json.dumps({"model": "m", "messages": [{"role": "user", "content": TEXT}]}).encode()
JSON = {"content-type": "application/json"}


def deep(levels: int) -> bytes:
    return b'{"messages":' + b"[" * levels + b"]" * levels + b"}"


def content(spelled: bytes) -> bytes:
    return b'{"messages":[{"role":"user","content":%s}]}' % spelled


def gzipped() -> dict[str, str]:
    return {**JSON, "content-encoding": "gzip"}


# Name: status, code, body, headers.
REQUESTS: dict[str, tuple[int, str, bytes, dict[str, str]]] = {
    "empty": (400, "empty_body", b"", JSON),
    "blank": (400, "invalid_json", b" \r\n", JSON),
    "not-json": (400, "invalid_json", b"hello " + TEXT.encode(), JSON),
    "form": (
        400,
        "invalid_json",
        b"messages=hello",
        {"content-type": "application/x-www-form-urlencoded"},
    ),
    "multipart": (
        400,
        "invalid_multipart",
        b"--x\r\n\r\nhello\r\n--x--",
        {"content-type": "multipart/form-data; boundary=x"},
    ),
    "string": (400, "not_a_chat_request", json.dumps(TEXT).encode(), JSON),
    "list": (400, "not_a_chat_request", b"[" + GOOD + b"]", JSON),
    "number": (400, "not_a_chat_request", b"1", JSON),
    "null": (400, "not_a_chat_request", b"null", JSON),
    "no-messages": (400, "not_a_chat_request", b'{"model":"m"}', JSON),
    "messages-string": (400, "not_a_chat_request", b'{"messages":"hello"}', JSON),
    "messages-object": (400, "not_a_chat_request", b'{"messages":{"0":{}}}', JSON),
    "truncated": (400, "invalid_json", GOOD[:-2], JSON),
    "truncated-in-string": (400, "invalid_json", GOOD[:-20], JSON),
    "deep-10000": (400, "too_deep", deep(10_000), JSON),
    "deep-objects": (400, "too_deep", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, JSON),
    "invalid-utf-8": (400, "invalid_json", content(b'"\xff\xfe"'), JSON),
    "overlong-utf-8": (400, "invalid_json", content(b'"\xc0\xaf"'), JSON),
    "surrogate-utf-8": (400, "invalid_json", content(b'"\xed\xa0\x80"'), JSON),
    "latin-1": (400, "invalid_json", content('"é"'.encode("latin-1")), JSON),
    "lone-surrogate": (400, "invalid_json", content(rb'"\ud800"'), JSON),
    "byte-order-mark": (400, "invalid_json", b"\xef\xbb\xbf" + GOOD, JSON),
    "utf-16": (400, "invalid_json", GOOD.decode().encode("utf-16"), JSON),
    "utf-16-le": (400, "invalid_json", GOOD.decode().encode("utf-16-le"), JSON),
    "utf-32": (400, "invalid_json", GOOD.decode().encode("utf-32"), JSON),
    "duplicate-key": (400, "duplicate_key", b'{"messages":[],"messages":[{"content":"hi"}]}', JSON),
    "duplicate-key-escaped": (400, "duplicate_key", rb'{"messages":[],"m\u0065ssages":[]}', JSON),
    "duplicate-key-deep": (
        400,
        "duplicate_key",
        content(b'[{"text":"a","type":"text","text":"b"}]'),
        JSON,
    ),
    "nan": (400, "invalid_json", b'{"messages":[],"temperature":NaN}', JSON),
    "infinity": (400, "invalid_json", b'{"messages":[],"temperature":-Infinity}', JSON),
    "trailing-text": (400, "invalid_json", GOOD + b"x", JSON),
    "two-documents": (400, "invalid_json", GOOD + GOOD, JSON),
    "lines": (400, "invalid_json", GOOD + b"\n" + GOOD, JSON),
    "trailing-nul": (400, "invalid_json", GOOD + b"\0", JSON),
    "trailing-comma": (400, "invalid_json", b'{"messages":[],}', JSON),
    "comment": (400, "invalid_json", b'{"messages":[]/* */}', JSON),
    "single-quotes": (400, "invalid_json", b"{'messages':[]}", JSON),
    "leading-zero": (400, "invalid_json", b'{"messages":[],"n":01}', JSON),
    "raw-newline": (400, "invalid_json", content(b'"a\nb"'), JSON),
    "bad-escape": (400, "invalid_json", content(rb'"\x41"'), JSON),
    "gzip-of-nonsense": (400, "invalid_json", gzip.compress(GOOD[:-1]), gzipped()),
    "gzip-lie": (400, "invalid_encoding", GOOD, gzipped()),
    "gzip-in-silence": (400, "invalid_json", gzip.compress(GOOD), JSON),
    "encodings-in-a-row": (
        415,
        "content_encoding",
        GOOD,
        {**JSON, "content-encoding": "gzip, br, zstd"},
    ),
    "encoding-unknown": (415, "content_encoding", GOOD, {**JSON, "content-encoding": "zstd-2"}),
    "charset": (
        415,
        "charset",
        GOOD.decode().encode("utf-16"),
        {"content-type": "application/json; charset=utf-16"},
    ),
    "charset-lie": (415, "charset", GOOD, {"content-type": 'application/json; Charset="UTF-7"'}),
    "charset-twice": (
        415,
        "charset",
        GOOD,
        {"content-type": "application/json; charset=utf-8; charset=utf-7"},
    ),
    "over-the-limit": (413, "body_too_large", content(b'"%s"' % (b"a " * (MAX_BODY // 2))), JSON),
    "far-over-the-limit": (413, "body_too_large", content(b'"%s"' % (b"a " * MAX_BODY)), JSON),
    "over-the-gateway's": (413, "request_too_large", content(b'"%s"' % (b"a" * (33 << 20))), JSON),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_bad_request_is_refused_and_goes_nowhere(redacting: Stack, case: str) -> None:
    status, code, body, headers = REQUESTS[case]
    with redacting.recorder.answering(document({"choices": []})) as received:
        response = redacting.client.post(CHAT, content=body, headers=headers)
    check_refusal(response, status, code)
    assert received == []


def check_refusal(response: httpx.Response, status: int, code: str) -> None:
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert response.headers["content-type"] == "application/json"
    assert error["message"].startswith(f"{code}: ")
    assert error["type"] in ("invalid_request_error", "server_error")
    assert error["request_id"]
    assert leaks(response.content) == []


@pytest.mark.parametrize("case", ["empty", "trailing-text", "over-the-limit"])
def test_bad_request_without_announced_length_is_refused(redacting: Stack, case: str) -> None:
    status, code, body, headers = REQUESTS[case]

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    with redacting.recorder.answering(document({"choices": []})) as received:
        response = redacting.client.post(CHAT, content=chunks(), headers=headers)
    check_refusal(response, status, code)
    assert received == []


@pytest.mark.parametrize(
    "content_type", ["application/octet-stream", "multipart/related; boundary=x", "image/png"]
)
def test_content_that_no_detector_reads_is_unsupported(redacting: Stack, content_type: str) -> None:
    with redacting.recorder.answering(document({})) as received:
        response = redacting.client.post(
            "/openai/v1/unknown", content=b"--x", headers={"content-type": content_type}
        )
    check_refusal(response, 415, "unsupported_content_type")
    assert received == []


def test_large_request_is_redacted(redacting: Stack) -> None:
    filler = "All work and no play makes Jack a dull boy. " * 70_000
    body = {"messages": [{"role": "user", "content": filler + TEXT + filler[:100]}]}
    with redacting.recorder.answering(document({"choices": []})) as received:
        response = redacting.client.post(CHAT, json=body)
    assert response.status_code == 200
    assert len(received[0].body) > 3_000_000
    assert received[0].json["messages"][0]["content"] == filler + REDACTED + filler[:100]


def test_observing_policy_lets_pass_what_it_cannot_read(flagging: Stack) -> None:
    with flagging.recorder.answering(whole(b"{oops")) as received:
        response = flagging.client.post(CHAT, content=b"not json", headers=JSON)
    assert received[0].body == b"not json"
    assert response.content == b"{oops"
    failures = flagging.processor.metric("extproc_failures_total", mode="fail_open")
    assert failures >= 2


def answer(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()


# Name: status, code, what the provider sends.
ANSWERS: dict[str, tuple[int, str, Answer]] = {
    "not-json": (502, "invalid_json", whole(TEXT.encode())),
    "truncated": (502, "invalid_json", whole(answer(TEXT)[:-3])),
    "byte-order-mark": (502, "invalid_json", whole(b"\xef\xbb\xbf" + answer(TEXT))),
    "duplicate-key": (502, "duplicate_key", whole(b'{"choices":[],"choices":[]}')),
    "invalid-utf-8": (502, "invalid_json", whole(b'{"choices":["\xff"]}')),
    "deep": (502, "too_deep", whole(deep(10_000))),
    "unknown-coding": (502, "content_encoding", whole(answer(TEXT), content_encoding="compress")),
    "gzip-lie": (502, "invalid_encoding", whole(answer(TEXT), content_encoding="gzip")),
    "gzip-bomb": (
        502,
        "decompression_bomb",
        whole(gzip.compress(b" " * (3 << 20)), content_encoding="gzip"),
    ),
    "gzip-in-silence": (502, "invalid_json", whole(gzip.compress(answer(TEXT)))),
    "charset": (502, "charset", whole(answer(TEXT), "application/json; charset=utf-16")),
    "binary": (
        403,
        "unscanned_content",
        whole(b"\0\1\2" + TEXT.encode(), "application/octet-stream"),
    ),
    "image": (403, "unscanned_content", whole(b"\x89PNG" + TEXT.encode(), "image/png")),
    "event-frames": (403, "unscanned_content", whole(b"\0", "application/vnd.amazon.eventstream")),
    "over-the-limit": (502, "body_too_large", whole(answer("a " * (MAX_BODY // 2)))),
    "far-over-the-limit": (502, "body_too_large", whole(answer("a " * MAX_BODY))),
    "over-the-limit-unannounced": (
        502,
        "body_too_large",
        stream([answer("a " * (MAX_BODY // 2))], "application/json"),
    ),
    "far-over-the-limit-unannounced": (
        502,
        "body_too_large",
        stream([answer("a " * MAX_BODY)], "application/json"),
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_bad_answer_is_withheld(redacting: Stack, case: str) -> None:
    status, code, said = ANSWERS[case]
    with redacting.recorder.answering(said):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    check_refusal(response, status, code)


def test_unannounced_answer_over_the_gateways_limit_is_withheld(redacting: Stack) -> None:
    big = stream([answer("a" * (33 << 20))], "application/json")
    with redacting.recorder.answering(big):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    check_refusal(response, 500, "response_too_large")


@pytest.mark.parametrize("status", [400, 401, 404, 429])
@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=utf-8"])
def test_error_page_of_a_provider_keeps_its_status(
    redacting: Stack, status: int, content_type: str
) -> None:
    """Clients decide by the status whether and when they try again."""
    page = whole(f"<p>Slow down, {SSN}.</p>".encode(), content_type, status, retry_after="0")
    with redacting.recorder.answering(page):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    assert response.status_code == status
    assert response.headers["retry-after"] == "0"
    assert SSN not in response.text


def test_stream_compressed_in_an_unknown_way_is_withheld(redacting: Stack) -> None:
    headers = (("content-type", "text/event-stream"), ("content-encoding", "compress"))
    with redacting.recorder.answering(Answer([TEXT.encode()], headers=headers)):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    check_refusal(response, 502, "content_encoding")


@pytest.mark.parametrize("name", ["redacting", "redacting_chunks"])
def test_empty_stream_passes(request: pytest.FixtureRequest, name: str) -> None:
    running: Stack = request.getfixturevalue(name)
    with running.recorder.answering(stream([])):
        response = running.client.post(CHAT, json={"model": "m", "messages": []})
    assert (response.status_code, response.content) == (200, b"")
    assert running.idle()


@pytest.mark.parametrize("name", ["redacting", "redacting_chunks"])
def test_stream_of_announced_length_is_redacted(request: pytest.FixtureRequest, name: str) -> None:
    """What was announced no longer holds; bytes beyond it would be read as the next answer."""
    running: Stack = request.getfixturevalue(name)
    body = sse.chunk({"content": TEXT}) + sse.END
    headers = {"connection": "close"}  # so that no other test reads them
    with running.recorder.answering(whole(body, "text/event-stream")):
        response = running.client.post(CHAT, json={"messages": []}, headers=headers)
    assert "content-length" not in response.headers
    assert list(sse.texts(sse.parse(response.content)).values()) == [REDACTED]


def test_request_without_a_body_passes(redacting: Stack) -> None:
    with redacting.recorder.answering(document({"data": [{"id": TEXT}]})) as received:
        response = redacting.client.get("/openai/v1/models")
    assert received[0].body == b""
    assert response.json() == {"data": [{"id": REDACTED}]}


def test_empty_answer_passes(redacting: Stack) -> None:
    with redacting.recorder.answering(whole(b"", status=202)):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    assert (response.status_code, response.content) == (202, b"")


MALFORMED = {
    "not-json": b"data: {oops " + SSN.encode() + b"\n\n",
    "text": b"data: " + TEXT.encode() + b"\n\n",
    "list": b"data: [1]\n\n",
    "duplicate-key": b'data: {"choices":[],"choices":[]}\n\n',
    "deep": b"data: " + b"[" * 10_000 + b"]" * 10_000 + b"\n\n",
    "invalid-utf-8": b'data: {"choices":["\xff"]}\n\n',
    "too-large": b"data: " + b"x" * (9 << 20),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_event_ends_the_stream_in_a_clean_error(redacting: Stack, case: str) -> None:
    events = [sse.chunk({"content": "Hello. "}), MALFORMED[case], sse.chunk({"content": TEXT})]
    with redacting.recorder.answering(stream([*events, sse.END])):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    passed = sse.parse(response.content)
    assert list(sse.texts(passed).values()) == ["Hello. "]
    assert passed[-2].data["error"]["code"] == "unreadable_stream"
    assert passed[-1].data == sse.DONE
    assert leaks(response.content) == []
    assert redacting.idle()


def test_stream_of_an_unknown_api_is_refused(redacting: Stack) -> None:
    with redacting.recorder.answering(stream([f"data: {TEXT}\n\n".encode()] * 3)):
        response = redacting.client.post("/openai/v1/unknown", json={"input": "x"})
    check_refusal(response, 403, "unscanned_stream")


def test_stream_of_an_unknown_api_passes_a_policy_that_observes(flagging: Stack) -> None:
    with flagging.recorder.answering(stream([b"data: one\n\n", b"data: two\n\n"])):
        response = flagging.client.post("/openai/v1/unknown", json={"input": "x"})
    assert response.content == b"data: one\n\ndata: two\n\n"


def test_event_of_3_megabytes_is_redacted(redacting: Stack) -> None:
    filler = "The quick brown fox. " * 150_000
    with redacting.recorder.answering(stream([sse.chunk({"content": filler + TEXT}), sse.END])):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    assert len(response.content) > 3_000_000
    assert list(sse.texts(sse.parse(response.content)).values()) == [filler + REDACTED]


def test_chunk_of_3_megabytes_is_redacted(redacting: Stack) -> None:
    events = sse.chunk({"content": f"Hello. {TEXT} "}) * 14_000
    assert len(events) > 3_000_000
    with redacting.recorder.answering(stream([events + sse.END])):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    assert list(sse.texts(sse.parse(response.content)).values()) == [f"Hello. {REDACTED} " * 14_000]


def test_burst_of_events_beyond_the_body_limit_passes(redacting: Stack) -> None:
    """The limit is on what must be held to be judged; a stream is not held."""
    events = sse.chunk({"content": "The quick brown fox. "}) * 45_000
    assert len(events) > MAX_BODY + (1 << 20)
    with redacting.recorder.answering(stream([events + sse.END])):
        response = redacting.client.post(CHAT, json={"model": "m", "messages": []})
    assert list(sse.texts(sse.parse(response.content)).values()) == [
        "The quick brown fox. " * 45_000
    ]
