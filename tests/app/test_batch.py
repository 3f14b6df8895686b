"""One line of a corpus, judged."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.app.batch import judge_line
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Direction
from tests.guardrail.making import BLOCK_SSN, REDACT_ALL, SSN, guardrail, rule

CHAT_PATH = "/v1/chat/completions"


def judged(
    line: Any, guard: Guardrail = REDACT_ALL, direction: Direction = Direction.REQUEST
) -> Any:
    return judge_line(json.dumps(line).encode(), guard, direction)


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


BATCH = {
    "custom_id": "request-1",
    "method": "POST",
    "url": CHAT_PATH,
    "body": {"messages": [{"role": "user", "content": SSN}]},
}


def test_a_line_of_a_batch_keeps_its_id() -> None:
    result = judged(BATCH)
    assert json.loads(result["text"])["messages"][0]["content"] == "[US_SSN]"
    assert (result["verdict"], result["custom_id"]) == ("redact", "request-1")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"object": "chat.completion", "choices": [{"message": {"content": SSN}}]}, "redact"),
        ({"object": "chat.completion", "choices": [], "model": SSN}, "allow"),
        ({"object": "of another kind", "model": SSN}, "redact"),
    ],
)
def test_an_answer_of_a_batch_is_read_by_what_it_says_it_is(body: Any, verdict: str) -> None:
    line = {"custom_id": "1", "response": {"status_code": 200, "body": body}, "error": None}
    result = judged(line, direction=Direction.RESPONSE)
    assert (result["verdict"], result["custom_id"]) == (verdict, "1")


def test_a_body_is_read_by_the_dialect_of_its_path() -> None:
    """A model is no text."""
    body = {"model": SSN, "messages": []}
    assert judged({"path": CHAT_PATH, "body": body})["verdict"] == "allow"
    assert judged({**BATCH, "body": body})["verdict"] == "allow"
    assert judged({"path": "/x", "body": body})["verdict"] == "redact"


def test_a_text_is_of_the_role_that_it_names() -> None:
    guard = guardrail(rule("us_ssn", roles=["tool"]))
    assert judged({"text": SSN, "role": "tool"}, guard)["verdict"] == "redact"
    assert judged({"text": SSN, "role": "user"}, guard)["verdict"] == "allow"
    assert judged({"text": SSN, "role": 7}, guard)["verdict"] == "allow"


def test_a_rollout_is_decided_for_the_customer_of_the_line() -> None:
    guard = guardrail(rule("us_ssn", "block", rollout="enforce: 50%"))
    verdicts = {}
    for number in range(20):
        result = judged({"text": SSN, "customer_id": f"c{number}"}, guard)
        verdicts[result["customer_id"]] = result["verdict"]
    assert verdicts.keys() == {f"c{number}" for number in range(20)}
    assert {*verdicts.values()} == {"allow", "block"}


def test_what_a_shadow_rule_would_have_done_is_told() -> None:
    guard = guardrail(rule("us_ssn", "block", rollout="shadow"))
    result = judged({"text": SSN}, guard)
    assert (result["verdict"], result["findings"]) == ("allow", [])
    [would] = result["shadow"]
    assert (would["type"], would["rule"], would["action"]) == ("us_ssn", "us-ssn", "block")


def test_what_was_not_scanned_is_told_with_what_became_of_it() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body = {"messages": [{"role": "user", "content": [image, image]}]}
    line = {"path": CHAT_PATH, "body": body}
    result = judged(line, guardrail(rule("us_ssn"), unscanned="block"))
    assert (result["verdict"], result["skipped"]) == ("block", {"image": 2})
    assert result["reason"] == "unscanned_image"


def test_a_block_for_its_risk_says_so() -> None:
    result = judged({"text": SSN}, guardrail(rule("us_ssn", "flag"), maxRiskScore=0.2))
    assert (result["verdict"], result["reason"]) == ("block", "max_risk_score")


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
        {"custom_id": "1", "method": "POST", "url": "/x"},
        {"custom_id": "1", "method": "POST", "url": "/x", "body": "{}"},
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


@settings(max_examples=200)
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
