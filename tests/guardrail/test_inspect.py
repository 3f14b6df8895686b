"""Whole bodies: what each action and operator does to each form of text."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.dialects.generic import GenericJson
from extproc.guardrail.guardrail import Guardrail, Inspection
from extproc.model.errors import BodyError
from extproc.model.values import Action, Direction, Skipped, Usage
from extproc.redaction.operators import Redactor
from tests.guardrail.making import (
    BLOCK_SSN,
    CARD,
    CHAT,
    REDACT_ALL,
    SSN,
    guardrail,
    rule,
)

GENERIC = GenericJson()
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}


def ask(guard: Guardrail, *messages: Any, caller: str = "caller", **fields: Any) -> Inspection:
    body = json.dumps({"model": "m", "messages": list(messages), **fields}).encode()
    return guard.inspect_json(CHAT, Direction.REQUEST, body, caller)


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def answer(guard: Guardrail, *choices: dict[str, Any], **fields: Any) -> Inspection:
    body = json.dumps({"choices": list(choices), **fields}).encode()
    return guard.inspect_json(CHAT, Direction.RESPONSE, body, "caller")


def left(inspection: Inspection) -> Any:
    assert inspection.body is not None
    return json.loads(inspection.body)


def called(text: str) -> dict[str, Any]:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": text}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def arguments_left(inspection: Inspection) -> str:
    text: str = left(inspection)["messages"][0]["tool_calls"][0]["function"]["arguments"]
    return text


@pytest.mark.parametrize("direction", list(Direction))
def test_a_clean_body_passes_as_it_came(direction: Direction) -> None:
    body = b'{ "messages": [{"role": "user", "content": "h\\u0069"}], "n": 1.0 }'
    inspection = REDACT_ALL.inspect_json(CHAT, direction, body, "caller")
    assert inspection.body is None
    assert inspection.verdict.action is Action.ALLOW
    assert inspection.verdict.risk_score == 0


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("replace", "It is [US_SSN]!"),
        ("mask", "It is ***-**-****!"),
        ("remove", "It is !"),
    ],
)
def test_each_operator_rewrites_a_text(operator: str, expected: str) -> None:
    inspection = ask(guardrail(rule("us_ssn", redaction=operator)), user(f"It is {SSN}!"))
    assert left(inspection)["messages"][0]["content"] == expected
    assert inspection.verdict.action is Action.REDACT


def test_a_hash_is_the_same_for_the_same_value_and_tells_others_apart() -> None:
    guard = guardrail(rule("email_address", redaction="hash"))
    text = left(ask(guard, user("a@b.io, a@b.io, c@d.io")))["messages"][0]["content"]
    first, second, third = text.split(", ")
    assert first == second != third
    assert first.startswith("[EMAIL_ADDRESS:")


def test_a_hash_of_another_key_is_another() -> None:
    guard = guardrail(rule("email_address", redaction="hash"))
    other = Guardrail(guard.policy, Redactor(b"another key"))
    assert ask(guard, user("a@b.io")).body != ask(other, user("a@b.io")).body


def test_only_what_was_found_is_rewritten() -> None:
    message = {**user(f"a {SSN} b"), "name": "jane", "x": [1.50, None, True]}
    inspection = ask(REDACT_ALL, message, temperature=0.10, seed=2**70)
    assert left(inspection) == {
        "model": "m",
        "messages": [{**message, "content": "a [US_SSN] b"}],
        "temperature": 0.1,
        "seed": 2**70,
    }


def test_text_in_a_part_is_rewritten_in_its_place() -> None:
    parts = [{"type": "text", "text": "hi"}, {"type": "text", "text": SSN}]
    content = left(ask(REDACT_ALL, user(parts)))["messages"][0]["content"]
    assert [part["text"] for part in content] == ["hi", "[US_SSN]"]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("replace", {"ssn": "[US_SSN]", "n": 1}),
        ("mask", {"ssn": "***-**-****", "n": 1}),
        ("remove", {"ssn": "", "n": 1}),
    ],
)
def test_each_operator_rewrites_json_in_a_string(operator: str, expected: Any) -> None:
    guard = guardrail(rule("us_ssn", redaction=operator))
    inspection = ask(guard, called(json.dumps({"ssn": SSN, "n": 1})))
    assert json.loads(arguments_left(inspection)) == expected


def test_arguments_that_are_no_json_are_rewritten_as_text() -> None:
    assert arguments_left(ask(REDACT_ALL, called(f"ssn={SSN}"))) == "ssn=[US_SSN]"


@pytest.mark.parametrize(
    "text",
    ["[my ssn is 078 05 1120]", "{'card': 4111 1111 1111 1111}", "{} 4111 1111 1111 1111"],
)
def test_arguments_that_only_begin_like_json_hide_nothing(text: str) -> None:
    try:
        inspection = ask(REDACT_ALL, called(text))
    except BodyError:
        return  # refused, as what cannot be read may be
    passed = text if inspection.body is None else arguments_left(inspection)
    assert "078 05 1120" not in passed
    assert CARD not in passed


@pytest.mark.parametrize(
    ("operator", "name"),
    [("replace", "[EMAIL_ADDRESS]"), ("mask", "****@*******.***"), ("remove", "")],
)
def test_each_operator_renames_a_member(operator: str, name: str) -> None:
    guard = guardrail(rule("email_address", redaction=operator))
    inspection = ask(guard, metadata={"jane@example.com": "x", "other": "y"})
    assert left(inspection)["metadata"] == {name: "x", "other": "y"}


def test_members_that_get_one_name_all_stay() -> None:
    inspection = ask(REDACT_ALL, metadata={"a1@b.io": "x", "c1@d.io": "y", "e1@f.io": SSN})
    assert list(left(inspection)["metadata"].values()) == ["x", "y", "[US_SSN]"]


def test_a_renamed_member_keeps_what_is_in_it() -> None:
    inspection = ask(REDACT_ALL, metadata={"a1@b.io": {"c1@d.io": [SSN, {"e1@f.io": CARD}]}})
    mail = "[EMAIL_ADDRESS]"
    assert left(inspection)["metadata"] == {mail: {mail: ["[US_SSN]", {mail: "[CREDIT_CARD]"}]}}


def test_a_number_becomes_a_string() -> None:
    inspection = ask(REDACT_ALL, metadata={"card": 4111111111111111, "other": 7})
    assert left(inspection)["metadata"] == {"card": "[CREDIT_CARD]", "other": 7}


def test_a_number_with_an_exponent_becomes_a_string() -> None:
    body = b'{"messages": [], "card": 4.111111111111111e15}'
    inspection = REDACT_ALL.inspect_json(CHAT, Direction.REQUEST, body, "caller")
    assert left(inspection)["card"] == "[CREDIT_CARD]"


def test_log_probabilities_go_with_the_text_that_they_repeat() -> None:
    tokens = [{"token": t, "logprob": -0.1} for t in ("123", "-45", "-6789")]
    choices = [
        {"index": 0, "message": {"content": SSN}, "logprobs": {"content": tokens}},
        {"index": 1, "message": {"content": "ok"}, "logprobs": {"content": [{"token": "ok"}]}},
    ]
    first, second = left(answer(REDACT_ALL, *choices))["choices"]
    assert first["message"]["content"] == "[US_SSN]"
    assert first["logprobs"] is None
    assert second == choices[1]


def test_log_probabilities_that_spell_a_value_by_themselves_go_too() -> None:
    tokens = [{"token": t, "logprob": -0.1} for t in ("123", "-45", "-6789")]
    inspection = answer(REDACT_ALL, {"message": {}, "logprobs": {"content": tokens}})
    assert left(inspection)["choices"][0]["logprobs"] is None


def test_a_member_of_dropped_log_probabilities_needs_no_other_name() -> None:
    tokens = [{"token": SSN}, {"jane@example.com": 1}]
    inspection = answer(REDACT_ALL, {"message": {}, "logprobs": {"content": tokens}})
    assert left(inspection)["choices"][0]["logprobs"] is None


def test_many_log_probabilities_take_no_longer_than_their_number() -> None:
    tokens = {"content": [{"token": "a"}]}
    choices = [{"message": {"content": SSN}, "logprobs": tokens}] * 10_000
    started = time.perf_counter()
    answer(REDACT_ALL, *choices)
    assert time.perf_counter() - started < 5


def test_every_choice_is_redacted() -> None:
    choices = [{"index": i, "message": {"content": f"{i}: {SSN}"}} for i in range(3)]
    passed = left(answer(REDACT_ALL, *choices))["choices"]
    assert [choice["message"]["content"] for choice in passed] == [
        f"{i}: [US_SSN]" for i in range(3)
    ]


@pytest.mark.parametrize("body", [b'"mail a@b.io"', b" 4111111111111111 "])
def test_a_document_that_is_one_value_stays_json(body: bytes) -> None:
    inspection = REDACT_ALL.inspect_json(GENERIC, Direction.REQUEST, body, "caller")
    assert left(inspection) in ("mail [EMAIL_ADDRESS]", "[CREDIT_CARD]")


def test_plain_text_is_redacted_as_text() -> None:
    inspection = REDACT_ALL.inspect_text(Direction.REQUEST, f"é {SSN}".encode(), "caller")
    assert inspection.body == "é [US_SSN]".encode()


def test_plain_text_that_is_not_utf8_cannot_be_read() -> None:
    with pytest.raises(BodyError) as caught:
        REDACT_ALL.inspect_text(Direction.REQUEST, b"caf\xe9", "caller")
    assert caught.value.code == "not_utf8"


@pytest.mark.parametrize("action", ["allow", "flag"])
def test_what_is_not_redacted_passes_as_it_came(action: str) -> None:
    inspection = ask(guardrail(rule("us_ssn", action)), user(SSN))
    assert inspection.body is None
    assert inspection.verdict.action is Action(action)


def test_a_block_passes_nothing() -> None:
    inspection = ask(
        guardrail(rule("us_ssn", "block"), rule("email_address")), user(f"a@b.io {SSN}")
    )
    assert inspection.body is None
    assert inspection.verdict.action is Action.BLOCK
    assert inspection.verdict.reason == "us-ssn"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [called(json.dumps({"a": SSN}))]},
        {"messages": [], "metadata": {f"id {SSN}": 1}},
        {"messages": [user([{"type": "text", "text": SSN}])]},
        {"messages": [], "tools": [{"function": {"description": SSN}}]},
    ],
    ids=["json", "key", "part", "tool"],
)
def test_a_block_is_found_in_every_form(body: Any) -> None:
    inspection = BLOCK_SSN.inspect_json(
        CHAT, Direction.REQUEST, json.dumps(body).encode(), "caller"
    )
    assert inspection.verdict.action is Action.BLOCK
    assert inspection.body is None


def test_a_finding_says_where_it_stands_in_code_points() -> None:
    [judged] = ask(REDACT_ALL, user(f"😀é {SSN}")).verdict.judged
    assert (judged.finding.start, judged.finding.end) == (3, 14)
    assert judged.path == ("messages", 0, "content")
    assert (judged.rule, judged.action, judged.operator) == ("pii", Action.REDACT, "replace")


def test_rules_apply_to_their_direction() -> None:
    guard = guardrail(rule("us_ssn", "block", on=["response"]))
    assert ask(guard, user(SSN)).verdict.action is Action.ALLOW
    assert answer(guard, {"message": {"content": SSN}}).verdict.action is Action.BLOCK


def test_rules_apply_to_their_roles() -> None:
    guard = guardrail(rule("us_ssn", roles=["user", "tool"]))
    roles = ("system", "user", "assistant", "tool")
    messages = left(ask(guard, *({"role": role, "content": SSN} for role in roles)))["messages"]
    assert [message["content"] == SSN for message in messages] == [True, False, True, False]


def test_a_role_inside_a_message_does_not_take_it_out_of_its_rule() -> None:
    guard = guardrail(rule("us_ssn", "block", roles=["user"]))
    part = {"type": "text", "text": SSN, "role": "system"}
    assert ask(guard, user([part])).verdict.action is Action.BLOCK


def test_the_first_rule_that_applies_decides() -> None:
    guard = guardrail(
        rule("us_ssn", "flag", roles=["tool"]), rule("us_ssn", "allow"), rule("pii", "block")
    )
    assert ask(guard, user(SSN)).verdict.action is Action.ALLOW
    assert ask(guard, {"role": "tool", "content": SSN}).verdict.action is Action.FLAG
    assert ask(guard, user("a@b.io")).verdict.action is Action.BLOCK


def test_risk_above_the_limit_is_a_block() -> None:
    guard = guardrail(rule("us_ssn", "flag"), maxRiskScore=0.4)
    inspection = ask(guard, user(SSN))
    assert inspection.verdict.action is Action.BLOCK
    assert inspection.verdict.reason == "max_risk_score"


def test_risk_that_is_redacted_does_not_count_against_the_limit() -> None:
    inspection = ask(guardrail(rule("us_ssn"), maxRiskScore=0.1), user(" ".join([SSN] * 9)))
    assert inspection.verdict.action is Action.REDACT
    assert inspection.verdict.risk_score > 0.9


@pytest.mark.parametrize(
    ("strictness", "action"),
    [("permissive", Action.ALLOW), ("moderate", Action.FLAG), ("strict", Action.BLOCK)],
)
def test_strictness_decides_on_what_cannot_be_scanned(strictness: str, action: Action) -> None:
    inspection = ask(guardrail(rule("us_ssn"), strictness=strictness), user([IMAGE]))
    assert inspection.verdict.action is action
    assert inspection.skipped == (
        Skipped(("messages", 0, "content", 0, "image_url", "url"), "image"),
    )


def test_unscanned_wins_over_strictness() -> None:
    guard = guardrail(rule("us_ssn"), strictness="strict", unscanned="allow")
    assert ask(guard, user([IMAGE])).verdict.action is Action.ALLOW


def test_a_block_of_what_cannot_be_scanned_says_what_it_is() -> None:
    inspection = ask(guardrail(unscanned="block"), user([IMAGE]))
    assert inspection.verdict.reason == "unscanned_image"


def test_everything_is_counted_as_scanned_or_skipped() -> None:
    inspection = ask(REDACT_ALL, user([IMAGE, {"type": "text", "text": "hi"}]), user("there"))
    assert (inspection.scanned, len(inspection.skipped)) == (2, 1)


def test_usage_is_read_from_answers_only() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    assert answer(REDACT_ALL, usage=usage).usage == Usage(3, 5)
    assert ask(REDACT_ALL, usage=usage).usage is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"messages": 1}', b'{"a":1,"a":2}', b"\xff"])
def test_a_body_that_cannot_be_read_is_an_error(body: bytes) -> None:
    with pytest.raises(BodyError):
        REDACT_ALL.inspect_json(CHAT, Direction.REQUEST, body, "caller")


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text('{}[]":,messages roluc0\\u1', max_size=80).map(str.encode))
def test_any_bytes_are_judged_or_refused(body: bytes) -> None:
    for direction in Direction:
        for dialect in (CHAT, GENERIC):
            try:
                REDACT_ALL.inspect_json(dialect, direction, body, "caller")
            except BodyError as error:
                assert error.code  # noqa: PT017 - a refusal is as good as a verdict


CANARIES = (SSN, CARD, "jane@example.com", "AKIAIOSFODNN7EXAMPLE")
documents = st.recursive(
    st.sampled_from([*CANARIES, "hello", "", 7, 4111111111111111, None, True]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "role", "x", *CANARIES]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(documents)
def test_no_canary_passes_wherever_it_stands(document: Any) -> None:
    body = json.dumps([document]).encode()
    inspection = REDACT_ALL.inspect_json(GENERIC, Direction.REQUEST, body, "caller")
    passed = json.dumps(json.loads(body if inspection.body is None else inspection.body))
    assert not [canary for canary in (*CANARIES, "4111111111111111") if canary in passed]


def test_a_redacted_body_is_clean_when_it_is_inspected_again() -> None:
    once = ask(REDACT_ALL, user(f"{SSN} {CARD} a@b.io"), metadata={"c1@d.io": CARD})
    assert once.body is not None
    again = REDACT_ALL.inspect_json(CHAT, Direction.REQUEST, once.body, "caller")
    assert again.verdict.judged == ()


@pytest.mark.parametrize("escape", [r"\n", r"\t", r"\r\n", r"\\n"])
@pytest.mark.parametrize("value", [SSN, "jane@example.com", "AKIAIOSFODNN7EXAMPLE"])
def test_a_value_behind_an_escape_of_json_in_text_is_found(value: str, escape: str) -> None:
    """Structured outputs are JSON in a text: their escapes are no letters of a value."""
    text = f'{{"note": "Contact:{escape}{value}"}}'
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]})
    found = REDACT_ALL.inspect_json(CHAT, Direction.RESPONSE, body.encode(), "c").body
    assert found is not None
    content = json.loads(found)["choices"][0]["message"]["content"]
    assert value not in content
    assert json.loads(content)["note"].startswith(json.loads(f'"Contact:{escape}["'))
