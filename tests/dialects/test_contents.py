"""What files, JSON Lines and forms hold, whatever they say they are."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.dialects.contents import Body, read_file, read_form, read_lines, read_text
from extproc.model.errors import BodyError
from extproc.model.values import Skipped

PNG = b"\x89PNG\r\n\x1a\n\0\xff"


def texts(body: Body) -> list[str]:
    return [segment.text for segment in body.reading.segments]


def form(**parts: Any) -> tuple[bytes, str]:
    request = httpx.Request("POST", "http://x/", files=parts)
    return request.read(), request.headers["content-type"]


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/pdf", "image/png"])
def test_what_is_utf8_is_text_whatever_it_says_it_is(media_type: str) -> None:
    body = read_file("Grüße 🎈".encode(), media_type, "user")
    assert texts(body) == ["Grüße 🎈"]
    assert body.write(body.document) == "Grüße 🎈".encode()


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (PNG, "", "image"),
        (PNG, "application/octet-stream", "image"),
        (b"\xff\xd8\xff\xe0", "", "image"),
        (b"RIFF\xff\0\0\0WAVEfmt", "", "audio"),
        (b"RIFF\xff\0\0\0WEBP", "", "image"),
        (b"ID3\xff", "", "audio"),
        (b"%PDF-1.7\n\xff", "application/pdf", "file"),
        (b"\xff\xff", "audio/mpeg", "audio"),
        (b"\xff\xff", "video/mp4", "video"),
        ("Text".encode("utf-16"), "", "file"),
    ],
)
def test_what_is_no_text_is_skipped_with_its_reason(
    content: bytes, media_type: str, reason: str
) -> None:
    body = read_file(content, media_type, "user")
    assert body.reading.skipped == [Skipped((), reason)]
    assert body.reading.segments == []
    assert body.write(body.document) == content


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-subrip"])
def test_text_that_is_not_utf8_is_refused(media_type: str) -> None:
    with pytest.raises(BodyError, match="send it as UTF-8") as caught:
        read_file(b"caf\xe9", media_type, "user")
    assert caught.value.code == "not_utf8"


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/json", "image/png"])
def test_json_is_read_with_its_escapes_whatever_it_says_it_is(media_type: str) -> None:
    body = read_file(b' {\n"a": "\\u0041bc"\n}', media_type, "user")
    assert texts(body) == ["Abc"]


@pytest.mark.parametrize(
    "content", [b"[note] see below", b"{oops", b"[1] One\n[2] Two", b"\xef\xbb\xbf{}", b"{}\ntext"]
)
def test_what_only_begins_like_json_is_text(content: bytes) -> None:
    assert texts(read_file(content, "text/plain", "user")) == [content.decode()]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (rb'{"a": "\u0041", "b": NaN}', "invalid_json"),
        (rb'{"a": "\u0041"} // comment', "invalid_json"),
        (rb'{"a": "\u0041",}', "invalid_json"),
        (b'\xef\xbb\xbf{"a": "\\u0041"}', "invalid_json"),
        (b'{"a": 1}\n{"a": "\\u0041",}', "invalid_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": 1}\n{"a": 1, "a": 2}', "duplicate_key"),
        (b"[" * 10_000, "too_deep"),
    ],
)
def test_what_is_json_for_some_parsers_only_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(BodyError) as caught:
        read_file(content, "text/plain", "user")
    assert caught.value.code == code


def test_what_is_declared_as_json_must_be_json() -> None:
    for media_type in ("application/json", "application/x+json", "application/x-ndjson"):
        with pytest.raises(BodyError) as caught:
            read_file(b"{oops", media_type, "user")
        assert caught.value.code == "invalid_json"


def test_lines_are_read_one_by_one_and_written_again() -> None:
    body = read_lines(b'{"a": "one", "n": 1.50}\r\n\n["two"]\n"three"', "user")
    assert [(s.path, s.text) for s in body.reading.segments] == [
        ((0, "a"), "one"),
        ((1, 0), "two"),
        ((2,), "three"),
    ]
    assert body.write(body.document) == b'{"a":"one","n":1.50}\n["two"]\n"three"'


def test_a_mistake_names_its_line() -> None:
    with pytest.raises(BodyError, match=r"^line 3: "):
        read_lines(b"{}\n\n{", "user")


def test_lines_are_bounded() -> None:
    for content in (b"{}\n" * 300_000, b"\n" * 300_000):
        with pytest.raises(BodyError, match="send it in parts"):
            read_file(content, "application/jsonl", "user")


def test_each_request_of_a_batch_is_read_by_the_dialect_of_its_url() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    chat = {"model": "gpt", "messages": [{"role": "system", "content": ["Hi", image]}]}
    line = {"custom_id": "id-1", "method": "POST", "url": "/v1/chat/completions", "body": chat}
    unknown = {**line, "url": "/v1/unknown", "body": {"model": "gpt"}, "comment": "text"}
    body = read_lines(f"{json.dumps(line)}\n{json.dumps(unknown)}".encode(), "user")
    assert [(s.text, s.role) for s in body.reading.segments if s.format.value == "text"] == [
        ("Hi", "system"),
        ("text", "user"),
        ("gpt", "user"),
    ]
    [skipped] = body.reading.skipped
    assert skipped.path[:3] == (0, "body", "messages")


def test_a_form_is_read_part_by_part() -> None:
    content, content_type = form(
        prompt=(None, "Hello"),
        meta=(None, '{"a": "b"}', "application/json"),
        file=("notes on Ann.txt", b"text", "application/octet-stream"),
        image=("x.png", PNG, "image/png"),
    )
    body = read_form(content, content_type, "user")
    assert [(s.path, s.text) for s in body.reading.segments] == [
        ((0, "name"), "prompt"),
        ((0, "content"), "Hello"),
        ((1, "name"), "meta"),
        ((1, "content", "a"), "b"),
        ((2, "name"), "file"),
        ((2, "filename"), "notes on Ann.txt"),
        ((2, "content"), "text"),
        ((3, "name"), "image"),
        ((3, "filename"), "x.png"),
    ]
    assert body.reading.skipped == [Skipped((3, "content"), "image")]


def test_a_form_is_written_with_what_was_changed() -> None:
    content, content_type = form(prompt=(None, "Hello"), image=("Ann.png", PNG, "image/png"))
    body = read_form(content, content_type, "user")
    body.document[0]["content"] = "Hi"
    body.document[1]["filename"] = "X.png"
    expected = content.replace(b"Hello", b"Hi").replace(b"Ann", b"X")
    assert body.write(body.document) == expected


def test_a_field_that_is_not_utf8_is_refused() -> None:
    content, content_type = form(prompt=(None, b"caf\xe9"))
    with pytest.raises(BodyError) as caught:
        read_form(content, content_type, "user")
    assert caught.value.code == "not_utf8"


@given(content=st.binary(max_size=200), media_type=st.sampled_from(["", "text/x", "image/png"]))
def test_everything_of_a_file_is_read_or_skipped_or_refused(
    content: bytes, media_type: str
) -> None:
    try:
        body = read_file(content, media_type, "user")
    except BodyError:
        return
    reading = body.reading
    assert reading.segments or reading.skipped or not content or content[:1] in b"{[ \r\n\t"


@given(
    value=st.recursive(
        st.text() | st.integers(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_lines_are_written_as_they_were_read(value: Any) -> None:
    line = json.dumps(value).encode()
    body = read_lines(line + b"\n" + line, "user")
    assert [json.loads(one) for one in body.write(body.document).splitlines()] == [value, value]


def test_an_empty_file_holds_nothing() -> None:
    for media_type in ("", "application/json", "text/plain", "application/jsonl"):
        assert read_file(b"", media_type, "user").reading.segments == []
    assert read_text(b"", "user").reading.segments == []
