"""Forms: what is read is what other parsers read, and what they could read otherwise is refused."""

import email
import email.policy
import re
from io import BytesIO
from typing import Any

import httpx
import multipart as other_multipart
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart.multipart import create_form_parser

from extproc.dialects.multipart import Part, boundary, parse, write
from extproc.model.errors import BodyError

BOUND = b"bound"
TYPE = "multipart/form-data; boundary=bound"
Form = list[tuple[str, str | None, bytes]]  # name, file name and content of each part


NAMED = 'Content-Disposition: form-data; name="a"'


def part(content: bytes = b"hello", head: str = NAMED) -> bytes:
    return b"--bound\r\n" + head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + content + b"\r\n"


END = b"--bound--\r\n"
GOOD = part() + part(b"\0\xff", 'Content-Disposition: form-data; name="b"; filename="c"') + END

PIECES = [
    *(b"--bound", b"--", b"\r\n", b"\n", b"\r", b" ", b"x", b"\r\n--bound\r\n", part(), END),
    *(NAMED.encode(), b"; filename=f", b"\r\n\r\n", b"content-disposition: form-data;"),
]


def read(body: bytes, bound: bytes = BOUND) -> Form:
    return [(one.name, one.filename, one.content) for one in parse(body, bound)]


def read_by_email(body: bytes) -> Form:
    head = f"Content-Type: {TYPE}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    form: Form = []
    for one in message.iter_parts():
        disposition = one["content-disposition"]
        content = one.get_payload(decode=True)
        assert isinstance(content, bytes)
        form.append((disposition.params["name"], disposition.params.get("filename"), content))
    return form


def read_by_multipart(body: bytes) -> Form:
    parser = other_multipart.MultipartParser(BytesIO(body), BOUND)
    return [(one.name, one.filename, one.raw) for one in parser]


def read_by_python_multipart(body: bytes) -> Form:
    form: Form = []

    def on_field(field: Any) -> None:
        form.append((field.field_name.decode(), None, field.value or b""))

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        form.append((file.field_name.decode(), file.file_name.decode(), file.file_object.read()))

    parser = create_form_parser({"Content-Type": TYPE.encode()}, on_field, on_file)
    parser.write(body)
    parser.finalize()
    return form


def code(body: bytes) -> str:
    with pytest.raises(BodyError) as caught:
        parse(body, BOUND)
    assert "; " in str(caught.value)  # a remedy
    return caught.value.code


def test_a_form_is_read_as_three_other_parsers_read_it() -> None:
    expected = [("a", None, b"hello"), ("b", "c", b"\0\xff")]
    assert read(GOOD) == expected
    assert read_by_multipart(GOOD) == expected
    assert read_by_python_multipart(GOOD) == expected
    text = part() + part(b"", 'Content-Disposition: form-data; name="a"') + END
    assert read(text) == read_by_email(text) == [("a", None, b"hello"), ("a", None, b"")]


@given(
    body=st.lists(
        st.sampled_from(PIECES),
        max_size=14,
    ).map(b"".join)
)
def test_whatever_is_accepted_other_parsers_read_alike(body: bytes) -> None:
    try:
        form = read(body)
    except BodyError:
        return
    assert read_by_multipart(body) == form
    assert read_by_python_multipart(body) == form


@given(body=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for data in (body, part(body) + END, part(b"x", "Content-Disposition: ") + body + END):
        try:
            form = parse(data, BOUND)
        except BodyError:
            continue
        assert [p._replace(written=("", "")) for p in parse(write(form, BOUND), BOUND)] == [
            p._replace(written=("", "")) for p in form
        ]


@pytest.mark.parametrize("name", ["a", "a[]", "é", "100%", "a+b", 'say "x"', "back\\slash", "a\nb"])
@pytest.mark.parametrize("filename", [None, "", "a.txt", 'é "x"\r\n.txt'])
def test_a_changed_form_is_written_as_others_read_it(name: str, filename: str | None) -> None:
    body = write([Part(name, filename, "", b"text", ("old", filename and "old"))], BOUND)
    [again] = parse(body, BOUND)
    assert (again.filename, again.content) == (filename, b"text")
    assert again.name == name
    assert len(read_by_multipart(body)) == 1


def test_what_was_not_changed_is_written_as_it_came() -> None:
    head = 'Content-Disposition: form-data; name="a%20b"; filename="c%22"\nContent-Type: text/x'
    body = part(b"x", head) + part(b"y") + END
    assert write(parse(body, BOUND), BOUND) == body


def test_content_that_has_become_the_boundary_is_not_written() -> None:
    [one] = parse(part(b"--bouXXnd") + END, BOUND)
    with pytest.raises(BodyError, match="choose another one"):
        write([one._replace(content=one.content.replace(b"XX", b""))], BOUND)


@pytest.mark.parametrize(
    "body",
    {
        "nothing": b"",
        "json": b'{"a": 1}',
        "preamble": b"preamble\r\n" + GOOD,
        "empty line before": b"\r\n" + GOOD,
        "epilogue": GOOD + b"epilogue",
        "second form behind": GOOD + GOOD,
        "no end": GOOD[: -len(END)],
        "cut end": GOOD[:-4],
        "another boundary": GOOD.replace(b"bound", b"other"),
        "longer boundary inside": part(b"x\r\n--bound2\r\n") + END,
        "boundary after a bare LF": part(b"x\n--bound\n") + END,
        "boundary after a bare CR": part(b"x\r--bound\r") + END,
        "boundary in a line": part(b"x--bound") + END,
        "boundary with spaces behind": GOOD.replace(b"--bound\r\n", b"--bound \r\n"),
        "bare LF in the head": GOOD.replace(b'"a"\r\n', b'"a"\n'),
        "bare LF everywhere": GOOD.replace(b"\r\n", b"\n"),
        "no head": b"--bound\r\nhello\r\n" + END,
        "no empty line": b'--bound\r\nContent-Disposition: form-data; name="a"\r\n' + END,
        "no disposition": part(head="Content-Type: text/plain") + END,
        "invalid UTF-8": part().replace(b'"a"', b'"\xff"') + END,
    }.values(),
)
def test_a_body_that_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    assert code(body) == "invalid_multipart"


@pytest.mark.parametrize(
    "head",
    {
        "folded": 'Content-Disposition: form-data;\n name="a"',
        "two dispositions": NAMED + "\n" + NAMED.lower(),
        "unknown header": NAMED + "\nX-Name: b",
        "space before the colon": 'Content-Disposition : form-data; name="a"',
        "attachment": 'Content-Disposition: attachment; name="a"',
        "no name": "Content-Disposition: form-data",
        "two names": NAMED + '; name="b"',
        "two names by case": NAMED + '; NAME="b"',
        "extended file name": NAMED + "; filename*=UTF-8''b",
        "continued name": NAMED + '; name*0="b"',
        "backslash": 'Content-Disposition: form-data; name="a\\"; filename=\\"b"',
        "control character": 'Content-Disposition: form-data; name="a\x0bb"',
        "another line end": NAMED + "\u2028Content-Type: text/plain",
        "base64": NAMED + "\nContent-Transfer-Encoding: base64",
        "wrong length": NAMED + "\nContent-Length: 3",
        "charset field": 'Content-Disposition: form-data; name="_charset_"',
        "form in a form": NAMED + "\nContent-Type: multipart/mixed; boundary=c",
        "large": 'Content-Disposition: form-data; name="' + "a" * 17_000 + '"',
    }.values(),
)
def test_a_head_that_two_parsers_could_read_differently_is_refused(head: str) -> None:
    assert code(part(head=head) + END) == "invalid_multipart"


def test_a_part_in_another_charset_is_refused() -> None:
    head = 'Content-Disposition: form-data; name="a"\nContent-Type: text/plain; charset=utf-16'
    assert code(part(head=head) + END) == "charset"


@pytest.mark.parametrize(
    ("content_type", "bound"),
    [
        (TYPE, b"bound"),
        ('Multipart/Form-Data; Boundary="a:b?c"', b"a:b?c"),
        ("multipart/form-data; charset=utf-8; boundary=x;", b"x"),
    ],
)
def test_a_boundary_is_found(content_type: str, bound: bytes) -> None:
    assert boundary(content_type) == bound


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=a; Boundary=b",
        "multipart/form-data; boundary*=utf-8''a; boundary=a",
        "multipart/form-data; boundary*0=a; boundary=b",
        'multipart/form-data; boundary="a b"',
        'multipart/form-data; boundary="a\\"b"',
        "multipart/form-data; boundary=a,multipart/form-data; boundary=b",
        "multipart/form-data, boundary=a",
        "multipart/form-data boundary=a",
        "multipart/form-data; boundary='a'; x",
        f"multipart/form-data; boundary={'a' * 71}",
    ],
)
def test_a_boundary_that_could_be_read_in_two_ways_is_refused(content_type: str) -> None:
    with pytest.raises(BodyError) as caught:
        boundary(content_type)
    assert caught.value.code == "invalid_multipart"


def test_forms_of_an_official_client_are_read() -> None:
    files = {"file": ('naïve "q".mp3', b"\0\1", "audio/mpeg")}
    request = httpx.Request("POST", "http://x/", data={"a[]": ["x", "y"]}, files=files)
    form = read(request.read(), boundary(request.headers["content-type"]))
    assert form == [("a[]", None, b"x"), ("a[]", None, b"y"), ("file", 'naïve "q".mp3', b"\0\1")]


def test_a_long_line_of_parameters_is_refused_in_no_time() -> None:
    for value in ("a/b" + ";x=y" * 20_000 + "\0", "a/b" + " " * 60_000 + "\0", "a" * 60_000 + "\0"):
        with pytest.raises(BodyError):
            boundary(re.sub("^a/b", "multipart/form-data", value))
