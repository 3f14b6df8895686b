"""A policy over a corpus, line by line."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.app.batch import judge_line, scan_file
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError, InputError
from extproc.model.values import Direction
from tests.guardrail.making import BLOCK_SSN, REDACT_ALL, SSN, guardrail, rule

CHAT_PATH = "/v1/chat/completions"


def judged(
    line: Any, guard: Guardrail = REDACT_ALL, direction: Direction = Direction.REQUEST
) -> Any:
    return judge_line(json.dumps(line).encode(), guard, direction)


def scanned(file: Path, guard: Guardrail = REDACT_ALL) -> tuple[dict[str, int], list[Any]]:
    target = io.BytesIO()
    counts = scan_file(file, target, guard, Direction.REQUEST, lambda _: None)
    return counts, [json.loads(line) for line in target.getvalue().splitlines()]


def test_a_line_of_text() -> None:
    assert judged({"text": f"It is {SSN}."}) == {
        "verdict": "redact",
        "risk_score": 0.425,
        "findings": [{"type": "us_ssn", "start": 6, "end": 17, "score": 0.85, "rule": "pii"}],
        "text": "It is [US_SSN].",
    }


def test_a_clean_line_of_text() -> None:
    assert judged({"text": "hi"}) == {
        "verdict": "allow",
        "risk_score": 0.0,
        "findings": [],
        "text": "hi",
    }


def test_offsets_are_code_points_of_the_text_as_given() -> None:
    text = "😀👨\u200d👩 é: jane@example.com"
    [finding] = judged({"text": text})["findings"]
    assert text[finding["start"] : finding["end"]] == "jane@example.com"


def test_a_line_with_a_body() -> None:
    body = {"messages": [{"role": "user", "content": f"é {SSN}"}]}
    result = judged({"path": CHAT_PATH, "body": body})
    assert json.loads(result["text"])["messages"][0]["content"] == "é [US_SSN]"
    [finding] = result["findings"]
    assert (finding["path"], finding["start"], finding["end"]) == ("messages.0.content", 2, 13)


def test_a_body_may_be_a_string() -> None:
    body = json.dumps({"messages": [{"role": "user", "content": SSN}]})
    assert judged({"path": CHAT_PATH, "body": body})["verdict"] == "redact"


def test_a_body_of_an_unknown_path_is_any_json() -> None:
    assert judged({"path": "/x", "body": {"a": [SSN]}})["text"] == '{"a":["[US_SSN]"]}'


def test_a_body_may_be_an_answer() -> None:
    body = {"choices": [{"message": {"content": SSN}}]}
    guard = guardrail(rule("us_ssn", "flag", on=["response"]))
    line = {"path": CHAT_PATH, "body": body}
    assert judged(line, guard, Direction.RESPONSE)["verdict"] == "flag"
    assert judged({"text": SSN}, guard)["verdict"] == "allow"


def test_a_blocked_line_says_so() -> None:
    result = judged({"text": SSN}, BLOCK_SSN)
    assert result["verdict"] == "block"
    assert [finding["type"] for finding in result["findings"]] == ["us_ssn"]


def test_the_text_of_a_blocked_line_does_not_hold_what_was_found() -> None:
    result = judged({"text": f"It is {SSN}, jane@example.com"}, BLOCK_SSN)
    assert result["verdict"] == "block"
    assert SSN not in result["text"]
    assert "jane@example.com" not in result["text"]


@pytest.mark.parametrize(
    "line",
    [
        {},
        [],
        "x",
        7,
        {"text": 7},
        {"text": None},
        {"path": "/x"},
        {"body": {}},
        {"path": 1, "body": 1},
    ],
)
def test_a_line_of_another_form_is_told_what_to_write(line: Any) -> None:
    with pytest.raises(BodyError, match=r'write \{"text"'):
        judged(line)


@pytest.mark.parametrize(
    "line", [b"{", b'{"text": "\xff"}', b'{"text": "a", "text": "b"}', rb'{"text": "\ud800"}']
)
def test_a_line_that_is_no_json_is_refused(line: bytes) -> None:
    with pytest.raises(BodyError):
        judge_line(line, REDACT_ALL, Direction.REQUEST)


LINES = b"".join(
    json.dumps({"text": text}).encode() + b"\n" for text in ("hi", SSN, "ho", "a@b.io")
)


def test_a_file_keeps_its_order(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(LINES)
    counts, results = scanned(file)
    assert counts == {"allow": 2, "redact": 2}
    assert [result["text"] for result in results] == ["hi", "[US_SSN]", "ho", "[EMAIL_ADDRESS]"]


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl.gz"
    file.write_bytes(gzip.compress(LINES))
    assert len(scanned(file)[1]) == 4


def test_blank_lines_and_a_missing_last_end_are_nothing(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n \r\n" + LINES.rstrip() + b"\n\n")
    assert len(scanned(file)[1]) == 4
    file.write_bytes(LINES.rstrip())
    assert len(scanned(file)[1]) == 4


def test_an_empty_file_has_no_results(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.touch()
    assert scanned(file) == ({}, [])


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_bad_line_is_told_by_file_and_line(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"in.jsonl{suffix}"
    content = b'{"text": "hi"}\n\n{"txt": "ho"}\n'
    file.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(InputError) as caught:
        scanned(file)
    assert str(caught.value).startswith(f"{file}:3: write ")


def test_a_message_about_a_bad_line_does_not_quote_it(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(f'{{"text": "{SSN}}}'.encode())
    with pytest.raises(InputError) as caught:
        scanned(file)
    assert SSN not in str(caught.value)


def _damaged() -> bytes:
    data = bytearray(gzip.compress(LINES * 500))
    data[20:26] = b"\xff" * 6
    return bytes(data)


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(LINES)[:-9], gzip.compress(LINES)[:20], _damaged()],
    ids=["empty", "text", "no end", "cut", "damaged"],
)
def test_a_compressed_file_that_is_damaged_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "in.jsonl.gz"
    file.write_bytes(content)
    if not content:
        assert scanned(file) == ({}, [])
        return
    with pytest.raises(InputError, match="cannot be read"):
        scanned(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name a JSONL file"):
        scanned(tmp_path / "none.jsonl")


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    for name, content in (("in.jsonl", LINES), ("in.jsonl.gz", gzip.compress(LINES))):
        file = tmp_path / name
        file.write_bytes(content)
        seen: list[int] = []
        scan_file(file, io.BytesIO(), REDACT_ALL, Direction.REQUEST, seen.append)
        assert seen[-1] == len(content)
        assert seen == sorted(seen)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=40)
    | st.text('{}[]":,textpathbody/ \\u1', max_size=40).map(str.encode)
    | st.builds(
        lambda path, body: json.dumps({"path": path, "body": body}).encode(),
        st.sampled_from(["", "/x", CHAT_PATH]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["messages", "content", "x"]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
def test_any_line_is_judged_or_refused(line: bytes) -> None:
    try:
        assert judge_line(line, REDACT_ALL, Direction.REQUEST)["verdict"]
    except BodyError as error:
        assert error.code  # noqa: PT017 - a refusal is as good as a verdict
