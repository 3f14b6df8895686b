"""Bodies that are not one plain JSON document, through real Envoy."""

import gzip
import json
import socket
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import brotli
import httpx
import openai
import pytest

from tests.dataplane import sse
from tests.dataplane.canaries import leaks
from tests.dataplane.harness import CHAT, DATA, REDACT, Stack, policy, stack
from tests.dataplane.recorder import Answer, Recorder, document, stream, whole

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SSN = "123-45-6789"
TEXT = f"My number is {SSN}."
REDACTED = "My number is [US_SSN]."
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
}
every_coding = pytest.mark.parametrize("coding", PACKERS)


def asking(text: str) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()


def saying(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()


def refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


# Compressed


@every_coding
@pytest.mark.parametrize(("text", "expected"), [(TEXT, REDACTED), ("Hello.", "Hello.")])
def test_compressed_request_arrives_uncompressed(
    redacting: Stack, coding: str, text: str, expected: str
) -> None:
    headers = {"content-type": "application/json", "content-encoding": coding}
    with redacting.recorder.answering(document({"choices": []})) as received:
        response = redacting.client.post(
            CHAT, content=PACKERS[coding](asking(text)), headers=headers
        )
    assert response.status_code == 200
    [seen] = received
    assert seen.json["messages"][0]["content"] == expected
    assert seen.headers["content-length"] == str(len(seen.body))
    assert "content-encoding" not in seen.headers


@every_coding
@pytest.mark.parametrize(("text", "expected"), [(TEXT, REDACTED), ("Hello.", "Hello.")])
def test_compressed_answer_arrives_uncompressed(
    redacting: Stack, coding: str, text: str, expected: str
) -> None:
    answer = whole(PACKERS[coding](saying(text)), content_encoding=coding)
    with redacting.recorder.answering(answer):
        response = redacting.client.post(CHAT, content=asking("Hi"))
    assert "content-encoding" not in response.headers
    assert response.headers["content-length"] == str(len(response.content))
    assert response.json()["choices"][0]["message"]["content"] == expected


@every_coding
@pytest.mark.parametrize("name", ["redacting", "redacting_chunks"])
def test_compressed_stream_arrives_uncompressed(
    request: pytest.FixtureRequest, name: str, coding: str
) -> None:
    running: Stack = request.getfixturevalue(name)
    events = [sse.chunk({"content": part}) for part in ("My number is 123-4", "5-6789", ".")]
    packed = PACKERS[coding](b"".join([*events, sse.END]))
    pieces = [packed[at : at + 11] for at in range(0, len(packed), 11)]
    headers = (("content-type", "text/event-stream"), ("content-encoding", coding))
    with running.recorder.answering(Answer(pieces, headers=headers)) as received:
        response = running.client.post(CHAT, content=asking("Hi"))
    assert "accept-encoding" not in received[0].headers
    assert "content-encoding" not in response.headers
    assert list(sse.texts(sse.parse(response.content)).values()) == [REDACTED]
    assert running.idle()


@pytest.mark.parametrize("name", ["redacting", "redacting_chunks"])
def test_stream_that_cannot_be_decoded_ends_in_a_clean_error(
    request: pytest.FixtureRequest, name: str
) -> None:
    running: Stack = request.getfixturevalue(name)
    packed = gzip.compress(sse.chunk({"content": "Hello. "}))
    headers = (("content-type", "text/event-stream"), ("content-encoding", "gzip"))
    with running.recorder.answering(
        Answer([packed, gzip.compress(TEXT.encode())], headers=headers)
    ):
        response = running.client.post(CHAT, content=asking("Hi"))
    passed = sse.parse(response.content)
    assert list(sse.texts(passed).values()) == ["Hello. "]
    assert passed[-2].data["error"]["code"] == "unreadable_stream"
    assert leaks(response.content) == []
    assert running.idle()


@pytest.mark.parametrize(
    ("coding", "body", "expected"),
    [
        ("gzip", gzip.compress(asking(TEXT)) + b"{}", (400, "invalid_encoding")),
        ("gzip", gzip.compress(asking(TEXT)) * 2, (400, "invalid_encoding")),
        ("br", asking(TEXT), (400, "invalid_encoding")),
        ("gzip", gzip.compress(bytes(3 << 20)), (413, "decompression_bomb")),
        ("compress", asking(TEXT), (415, "content_encoding")),
        ("gzip, gzip, gzip", asking(TEXT), (415, "content_encoding")),
    ],
)
def test_compressed_request_that_cannot_be_read_is_refused(
    redacting: Stack, coding: str, body: bytes, expected: tuple[int, str]
) -> None:
    with redacting.recorder.answering(document({})) as received:
        response = redacting.client.post(CHAT, content=body, headers={"content-encoding": coding})
    assert refused(response) == expected
    assert received == []


# Forms, files and JSON Lines


PNG = b"\x89PNG\r\n\x1a\n\0\xff" + SSN.encode()


@pytest.fixture
def client(redacting: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key="any",
        base_url=f"{redacting.gateway.url}/openai/v1",
        http_client=openai.DefaultHttpxClient(trust_env=False),
    ) as made:
        yield made


def test_transcription_through_the_official_client(redacting: Stack, client: openai.OpenAI) -> None:
    with redacting.recorder.answering(document({"text": TEXT})) as received:
        answer = client.audio.transcriptions.create(
            model="whisper-1", file=("talk.mp3", b"ID3\xff\0", "audio/mpeg"), prompt=TEXT
        )
    assert answer.text == REDACTED
    [seen] = received
    assert REDACTED.encode() in seen.body
    assert b"ID3\xff\0" in seen.body
    assert leaks(seen.body) == []
    assert seen.headers["content-length"] == str(len(seen.body))


@pytest.mark.parametrize("form", ["text", "srt", "vtt", "verbose_json"])
def test_transcript_of_any_form_is_redacted(redacting: Stack, form: str) -> None:
    said = {
        "text": whole(TEXT.encode(), "text/plain; charset=utf-8"),
        "srt": whole(f"1\n00:00 --> 00:01\n{TEXT}\n".encode(), "application/x-subrip"),
        "vtt": whole(f"WEBVTT\n\n00:00 --> 00:01\n{TEXT}\n".encode(), "text/vtt"),
        "verbose_json": document({"text": TEXT, "segments": [{"text": TEXT}]}),
    }[form]
    with redacting.recorder.answering(said):
        response = redacting.client.post(
            "/openai/v1/audio/transcriptions", files={"file": ("a.mp3", b"\xff", "audio/mpeg")}
        )
    assert REDACTED in response.text
    assert leaks(response.content) == []


def test_batch_file_is_redacted_line_by_line(redacting: Stack, client: openai.OpenAI) -> None:
    lines = [
        {"custom_id": f"id-{n}", "method": "POST", "url": "/v1/chat/completions"}
        | {"body": {"model": "m", "messages": [{"role": "user", "content": f"{n}: {text}"}]}}
        for n, text in enumerate([TEXT, "Hello.", TEXT])
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    with redacting.recorder.answering(document({"id": "file-1"})) as received:
        client.files.create(file=("batch.jsonl", content), purpose="batch")
    assert leaks(received[0].body) == []
    sent = [line for line in received[0].body.split(b"\r\n") if line.startswith(b"{")]
    parsed = [json.loads(line) for line in sent[0].splitlines()]
    assert [line["custom_id"] for line in parsed] == ["id-0", "id-1", "id-2"]
    assert [line["body"]["messages"][0]["content"] for line in parsed] == [
        f"0: {REDACTED}",
        "1: Hello.",
        f"2: {REDACTED}",
    ]


@pytest.mark.parametrize("name", ["redacting", "blocking"])
def test_file_through_the_official_client_of_anthropic(
    request: pytest.FixtureRequest, name: str
) -> None:
    running: Stack = request.getfixturevalue(name)
    stored: dict[str, Any] = {
        "id": "file_1",
        "type": "file",
        "filename": "a.txt",
        "mime_type": "text/plain",
    }
    stored |= {"size_bytes": 1, "created_at": "2026-01-01T00:00:00Z"}
    with (
        running.recorder.answering(document(stored)) as received,
        anthropic.Anthropic(
            api_key="any",
            base_url=f"{running.gateway.url}/anthropic",
            http_client=anthropic.DefaultHttpxClient(trust_env=False),
        ) as client,
    ):
        file = ("a.txt", TEXT.encode(), "text/plain")
        if name == "blocking":
            with pytest.raises(anthropic.PermissionDeniedError, match="us_ssn"):
                client.beta.files.upload(file=file)
            assert received == []
        else:
            assert client.beta.files.upload(file=file).id == "file_1"
            assert REDACTED.encode() in received[0].body


def test_form_where_nothing_is_found_passes_as_it_came(redacting: Stack) -> None:
    with redacting.recorder.answering(document({"id": "file-1"})) as received:
        request = redacting.client.build_request(
            "POST",
            "/openai/v1/images/edits",
            data={"prompt": "a cat"},
            files={"image": ("x.png", PNG.replace(SSN.encode(), b""), "image/png")},
        )
        assert redacting.client.send(request).status_code == 200
    assert received[0].body == request.read()


def test_file_that_only_calls_itself_an_image_is_read(redacting: Stack) -> None:
    files = {"image": ("x.png", TEXT.encode(), "image/png")}
    with redacting.recorder.answering(document({})) as received:
        redacting.client.post("/openai/v1/images/edits", files=files)
    assert REDACTED.encode() in received[0].body


def test_image_is_refused_where_everything_must_be_inspected(blocking: Stack) -> None:
    files = {"image": ("x.png", PNG, "image/png")}
    with blocking.recorder.answering(document({})) as received:
        response = blocking.client.post("/openai/v1/images/edits", files=files)
    assert refused(response) == (403, "policy_violation")
    assert "image" in response.json()["error"]["message"]
    assert received == []


def test_form_that_two_parsers_could_read_differently_is_refused(redacting: Stack) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    body = f'preamble\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n{TEXT}\r\n--b--\r\n'
    with redacting.recorder.answering(document({})) as received:
        response = redacting.client.post("/openai/v1/files", content=body, headers=headers)
    assert refused(response) == (400, "invalid_multipart")
    assert received == []


def test_json_lines_of_an_unknown_api_are_redacted(redacting: Stack) -> None:
    content = f'{{"a": "{TEXT}"}}\n["{TEXT}"]\n'.encode()
    headers = {"content-type": "application/x-ndjson"}
    with redacting.recorder.answering(whole(content, "application/x-ndjson")) as received:
        response = redacting.client.post("/openai/v1/unknown", content=content, headers=headers)
    expected = f'{{"a":"{REDACTED}"}}\n["{REDACTED}"]\n'
    assert received[0].body.decode() == response.text == expected


# Answers that are files


def test_speech_passes_through_the_official_client(redacting: Stack, client: openai.OpenAI) -> None:
    audio = b"ID3\xff\0" * 1000
    before = redacting.processor.metric("extproc_failures_total", mode="skip")
    with redacting.recorder.answering(whole(audio, "audio/mpeg")) as received:
        answer = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
    assert answer.content == audio
    assert received[0].json["input"] == REDACTED
    assert redacting.processor.metric("extproc_failures_total", mode="skip") == before + 1


def test_speech_is_refused_where_everything_must_be_inspected(blocking: Stack) -> None:
    with blocking.recorder.answering(whole(b"ID3\xff", "audio/mpeg")):
        response = blocking.client.post("/openai/v1/audio/speech", json={"input": "Hello."})
    assert refused(response) == (403, "policy_violation")
    assert "audio" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (TEXT.encode(), "application/octet-stream", REDACTED.encode()),
        (TEXT.encode(), "application/pdf", REDACTED.encode()),
        (f'{{"a": "{TEXT}"}}\n'.encode() * 2, "application/octet-stream", None),
        (b"%PDF-1.7\n\xff", "application/pdf", b"%PDF-1.7\n\xff"),
    ],
)
def test_content_of_a_file_is_redacted_where_it_is_text(
    redacting: Stack, content: bytes, content_type: str, expected: bytes | None
) -> None:
    with redacting.recorder.answering(whole(content, content_type)):
        response = redacting.client.get("/openai/v1/files/file-1/content")
    assert response.content == (expected or f'{{"a":"{REDACTED}"}}\n'.encode() * 2)


def test_json_that_is_declared_as_bytes_is_redacted(redacting: Stack) -> None:
    error = json.dumps({"error": {"message": TEXT}}).encode()
    with redacting.recorder.answering(whole(error, "application/octet-stream", 400)):
        response = redacting.client.post(CHAT, content=asking("Hi"))
    assert (response.status_code, response.json()["error"]["message"]) == (400, REDACTED)


def test_events_that_are_declared_as_bytes_are_withheld(redacting: Stack) -> None:
    events = sse.chunk({"content": TEXT}) + sse.END
    with redacting.recorder.answering(whole(events, "application/octet-stream")):
        response = redacting.client.post(CHAT, content=asking("Hi"))
    assert refused(response) == (403, "unscanned_content")


# Unknown APIs and upgraded connections


UPGRADING = {"upgrade_configs": [{"upgrade_type": "websocket"}]}


@pytest.fixture(scope="session")
def trusting(recorder: Recorder) -> Iterator[Stack]:
    """A policy that redacts what it knows, minds nothing else, behind an Envoy that upgrades."""
    spec = {"unknownApis": "allow", "unscanned": "allow"}
    text = policy({"name": "take-out", "detect": DATA, "action": "flag"}, name="trusting", **spec)
    with stack(recorder, text, manager=UPGRADING) as made:
        yield made


def test_unknown_api_passes_unread_where_the_policy_says_so(trusting: Stack) -> None:
    """Also what nobody could read, and what is still being said."""
    before = trusting.processor.metric("extproc_failures_total", reason="unknown_api")
    events = [b"data: one\n\n", b"data: {oops\n\n"]
    with trusting.recorder.answering(stream(events)) as received:
        response = trusting.client.post("/openai/v1/unknown", content=b"{" + TEXT.encode())
    assert received[0].body == b"{" + TEXT.encode()
    assert response.content == b"".join(events)
    assert response.headers["x-extproc-verdict"] == "allow"
    after = trusting.processor.metric("extproc_failures_total", reason="unknown_api")
    assert after == before + 2
    assert trusting.idle()


def test_unknown_api_is_refused_where_the_policy_says_so(recorder: Recorder) -> None:
    text = policy({"name": "take-out", "detect": DATA, "action": "flag"}, unknownApis="block")
    with stack(recorder, text) as running, recorder.answering(document({})) as received:
        unknown = running.client.post("/openai/v1/unknown", json={})
        assert refused(unknown) == (403, "unknown_api")
        assert running.client.get("/openai/v1/models").status_code == 200
        assert running.client.post(CHAT, content=asking("Hi")).status_code == 200
    assert len(received) == 2


UPGRADE = (
    b"GET /openai/v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n"
)


def upgraded(running: Stack, text: bytes) -> bytes:
    """What comes of asking for a WebSocket and saying `text` at once."""
    url = httpx.URL(running.gateway.url)
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        connection.sendall(UPGRADE + text)
        return connection.recv(4096)


def test_upgrade_passes_on_record_where_nothing_is_minded(trusting: Stack) -> None:
    switch = whole(b"", None, 101, upgrade="websocket", connection="upgrade")
    with trusting.recorder.answering(switch) as received:
        assert upgraded(trusting, b"frames").startswith(b"HTTP/1.1 101")
    assert received[0].headers["upgrade"] == "websocket"
    assert trusting.idle()
    assert trusting.processor.metric("extproc_failures_total", reason="unscanned_websocket") == 2


def test_upgrade_is_refused_where_anything_is_enforced(recorder: Recorder) -> None:
    with (
        stack(recorder, REDACT, manager=UPGRADING) as running,
        recorder.answering(document({})) as received,
    ):
        answer = upgraded(running, b"")
        assert answer.startswith(b"HTTP/1.1 403")
        assert b"unscanned_websocket" in answer
    assert received == []
