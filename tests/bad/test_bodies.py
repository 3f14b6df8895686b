"""Bodies that two parsers could read differently: each is refused, or passes as one that all read
alike and that holds nothing of what was to be redacted.
"""

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from multipart import MultipartParser

from extproc.exchange.commands import ContinueBody, Reject
from extproc.exchange.events import RequestBody, RequestHeaders
from tests.exchange.driving import JSON, POST, advance, exchange, only, refusal
from tests.guardrail.making import REDACT_ALL, SSN

HERE = Path(__file__).parent
CARD = "4111111111111111"
CHAT = POST | JSON
FORM = {"content-type": "multipart/form-data; boundary=b", ":path": "/v1/files", ":method": "POST"}
LINES = {"content-type": "application/jsonl", ":path": "/x", ":method": "POST"}


def coded(coding: str) -> dict[str, str]:
    return CHAT | {"content-encoding": coding}


# File: headers of its request, and the code of its refusal; "" where it passes.
BODIES: dict[str, tuple[dict[str, str], str]] = {
    "a-number-that-is-a-card.json": (CHAT, ""),
    "block-comment.json": (CHAT, "invalid_json"),
    "br-trailing-text.bin": (coded("br"), "invalid_encoding"),
    "byte-order-mark.json": (CHAT, "invalid_json"),
    "case-variants.json": (CHAT, ""),
    "deflate-raw.bin": (coded("deflate"), ""),
    "deflate-with-a-dictionary.bin": (coded("deflate"), "invalid_encoding"),
    "deflate-zlib.bin": (coded("deflate"), ""),
    "duplicate-key-escaped.json": (CHAT, "duplicate_key"),
    "duplicate-key-inside.json": (CHAT, "duplicate_key"),
    "duplicate-key.json": (CHAT, "duplicate_key"),
    "escaped-names.json": (CHAT, ""),
    "escaped-nul.json": (CHAT, ""),
    "form-epilogue.bin": (FORM, "invalid_multipart"),
    "form-feed-between.bin": (CHAT, "invalid_json"),
    "form-in-a-form.bin": (FORM, "invalid_multipart"),
    "form-in-base64.bin": (FORM, "invalid_multipart"),
    "form-in-quoted-printable.bin": (FORM, "invalid_multipart"),
    "form-in-utf-16.bin": (FORM, "charset"),
    "form-of-bare-line-feeds.bin": (FORM, "invalid_multipart"),
    "form-of-two-boundaries.bin": (FORM, "invalid_multipart"),
    "form-preamble.bin": (FORM, "invalid_multipart"),
    "form-that-names-its-charset.bin": (FORM, "invalid_multipart"),
    "form-with-a-bare-line-feed.bin": (FORM, "invalid_multipart"),
    "form-with-a-folded-header.bin": (FORM, "invalid_multipart"),
    "form-with-a-length.bin": (FORM, "invalid_multipart"),
    "form-with-a-longer-boundary.bin": (FORM, "invalid_multipart"),
    "form-with-an-escaped-name.bin": (FORM, ""),
    "form-with-an-extended-file-name.bin": (FORM, "invalid_multipart"),
    "form-with-an-image-of-text.bin": (FORM, ""),
    "form-with-duplicate-keys.bin": (FORM, "duplicate_key"),
    "form-with-lenient-json.bin": (FORM, "invalid_json"),
    "form-with-names-twice.bin": (FORM, ""),
    "form-with-spaces-behind-a-boundary.bin": (FORM, "invalid_multipart"),
    "form-with-two-names.bin": (FORM, "invalid_multipart"),
    "form-without-an-end.bin": (FORM, "invalid_multipart"),
    "gzip-bomb.bin": (coded("gzip"), "decompression_bomb"),
    "gzip-in-gzip.bin": (coded("gzip, gzip"), ""),
    "gzip-in-silence.bin": (CHAT, "invalid_json"),
    "gzip-trailing-text.bin": (coded("gzip"), "invalid_encoding"),
    "gzip-trailing-zeros.bin": (coded("gzip"), "invalid_encoding"),
    "gzip-truncated.bin": (coded("gzip"), "invalid_encoding"),
    "gzip-two-members.bin": (coded("gzip"), "invalid_encoding"),
    "gzip-without-header.bin": (coded("gzip"), "invalid_encoding"),
    "gzip-wrong-checksum.bin": (coded("gzip"), "invalid_encoding"),
    "gzip-wrong-length.bin": (coded("gzip"), "invalid_encoding"),
    "gzip.bin": (coded("gzip"), ""),
    "hash-comment.json": (CHAT, "invalid_json"),
    "huge-numbers.json": (CHAT, ""),
    "json-inside-a-string.json": (CHAT, ""),
    "latin-1.bin": (CHAT, "invalid_json"),
    "line-comment.json": (CHAT, "invalid_json"),
    "lines-duplicate-key.jsonl": (LINES, "duplicate_key"),
    "lines-of-several-documents.jsonl": (LINES, "invalid_json"),
    "lines-over-two-lines.jsonl": (LINES, "invalid_json"),
    "lines-with-carriage-returns.jsonl": (LINES, "invalid_json"),
    "lines-with-escapes.jsonl": (LINES, ""),
    "lines-with-line-separators.jsonl": (LINES, ""),
    "lone-surrogate-in-a-name.json": (CHAT, "invalid_json"),
    "lone-surrogate.json": (CHAT, "invalid_json"),
    "name-that-is-a-value.json": (CHAT, ""),
    "names-without-quotes.json": (CHAT, "invalid_json"),
    "nested-too-deeply.json": (CHAT, "too_deep"),
    "no-break-space-between.bin": (CHAT, "invalid_json"),
    "number-in-hex.json": (CHAT, "invalid_json"),
    "number-infinity.json": (CHAT, "invalid_json"),
    "number-minus-infinity.json": (CHAT, "invalid_json"),
    "number-nan.json": (CHAT, "invalid_json"),
    "number-with-leading-zero.json": (CHAT, "invalid_json"),
    "number-with-plus.json": (CHAT, "invalid_json"),
    "number-without-fraction.json": (CHAT, "invalid_json"),
    "number-without-whole.json": (CHAT, "invalid_json"),
    "overlong-quote.bin": (CHAT, "invalid_json"),
    "overlong-utf-8.bin": (CHAT, "invalid_json"),
    "raw-control-character.json": (CHAT, "invalid_json"),
    "record-separators.bin": (CHAT, "invalid_json"),
    "single-quotes.json": (CHAT, "invalid_json"),
    "surrogates-in-utf-8.bin": (CHAT, "invalid_json"),
    "trailing-comma.json": (CHAT, "invalid_json"),
    "trailing-nul.bin": (CHAT, "invalid_json"),
    "trailing-text.json": (CHAT, "invalid_json"),
    "two-documents-in-a-line.json": (CHAT, "invalid_json"),
    "two-documents.json": (CHAT, "invalid_json"),
    "unknown-escape.json": (CHAT, "invalid_json"),
    "utf-16-be.bin": (CHAT, "invalid_json"),
    "utf-16-le.bin": (CHAT, "invalid_json"),
    "utf-16.bin": (CHAT, "invalid_json"),
    "utf-32-be.bin": (CHAT, "invalid_json"),
    "utf-32.bin": (CHAT, "invalid_json"),
    "utf-7.json": (CHAT, ""),
    "zstd-large-window.bin": (coded("zstd"), "invalid_encoding"),
    "zstd-skippable-frame.bin": (coded("zstd"), "invalid_encoding"),
    "zstd-two-frames.bin": (coded("zstd"), "invalid_encoding"),
}


def path(name: str) -> Path:
    return HERE / f"body-{name}"


def passed(name: str) -> bytes:
    """The body that arrives at the provider."""
    headers, _ = BODIES[name]
    body = path(name).read_bytes()
    commands = advance(
        exchange(REDACT_ALL), RequestHeaders(headers, False), RequestBody(body, True)
    )
    command = only(commands, ContinueBody)
    return body if command.body is None else command.body


# Parsers that providers have: a strict one, and lenient ones that take the first or the last of two
# members, or either whatever its case.


def strict(text: bytes) -> Any:
    return floats(orjson.loads(text))


def last(text: bytes) -> Any:
    return floats(json.loads(text, strict=False))


def first(text: bytes) -> Any:
    def keep_first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    found = json.loads(text.decode("utf-8-sig"), strict=False, object_pairs_hook=keep_first)
    return floats(found)


def relaxed(text: bytes) -> Any:
    """As JSON5: comments and trailing commas outside of strings mean nothing."""
    token = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[\]}])', re.DOTALL)
    plain = token.sub(lambda match: match[1] or "", text.decode())
    return last(plain.encode())


def floats(value: Any) -> Any:
    """The value with numbers as those parsers have them that know no others."""
    match value:
        case dict():
            return {key: floats(item) for key, item in value.items()}
        case list():
            return [floats(item) for item in value]
        case bool() | None | str():
            return value
    return float(value)


READERS: list[Callable[[bytes], Any]] = [strict, first, last, relaxed]


def documents(name: str) -> list[bytes]:
    """What is JSON of the body that arrives."""
    body = passed(name)
    headers, _ = BODIES[name]
    if headers is FORM:
        parts = MultipartParser(BytesIO(body), "b")
        return [json.dumps([part.name, part.filename, part.value]).encode() for part in parts]
    return body.splitlines() if headers is LINES else [body]


@pytest.mark.parametrize("name", [name for name, (_, code) in BODIES.items() if code])
def test_a_body_that_could_be_read_in_two_ways_is_refused(name: str) -> None:
    headers, code = BODIES[name]
    body = RequestBody(path(name).read_bytes(), end_of_stream=True)
    commands = advance(exchange(), RequestHeaders(headers, end_of_stream=False), body)
    status, error = refusal(commands)
    assert error["code"] == code
    assert status == {"charset": 415, "decompression_bomb": 413}.get(code, 400)
    assert "; " in error["message"] or "line" in error["message"]
    assert SSN not in only(commands, Reject).body.decode()


@pytest.mark.parametrize("name", [name for name, (_, code) in BODIES.items() if not code])
def test_a_body_that_passes_is_read_alike_by_all_and_holds_nothing_of_it(name: str) -> None:
    for document in documents(name):
        readings = [read(document) for read in READERS]
        assert all(reading == readings[0] for reading in readings)
        for hidden in (SSN, CARD, "4111111111111111.0"):
            assert hidden not in json.dumps(readings[0])
        assert SSN.encode() not in passed(name)


def test_a_body_that_is_refused_would_have_been_read_otherwise_by_someone() -> None:
    """The corpus is worth something: lenient parsers find in it what strict ones do not."""
    found = 0
    for name, (headers, code) in BODIES.items():
        if code and headers is CHAT:
            readings = []
            for read in READERS:
                try:
                    readings.append(json.dumps(read(path(name).read_bytes())))
                except (ValueError, RecursionError):
                    readings.append("")
            found += len(set(readings)) > 1
    assert found >= 10


def test_every_file_here_has_its_expectation() -> None:
    assert {*HERE.glob("body-*")} == {path(name) for name in BODIES}
