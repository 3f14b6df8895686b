"""Who waits for slow detectors, what they are shown, and what their failure means."""

import json
from typing import Any

import pytest

from extproc.detectors.slow import Failure
from extproc.guardrail.guardrail import Guardrail, Inspection
from extproc.model.values import Action, Direction, Finding
from extproc.redaction.operators import Redactor
from tests.guardrail.making import CHAT, SSN, rule
from tests.guardrail.slow import WORD, Words, guardrail, policy, supervised

REQUEST, RESPONSE = Direction.REQUEST, Direction.RESPONSE


def inspect(guard: Guardrail, *messages: str | dict[str, Any]) -> Inspection:
    said = [m if isinstance(m, dict) else {"role": "user", "content": m} for m in messages]
    body = json.dumps({"model": "m", "messages": said}).encode()
    return guard.inspect_json(CHAT, REQUEST, body, "caller").finished()


def waits(words: Words, guard: Guardrail, direction: Direction = REQUEST) -> bool:
    """Whether a body waits for an answer that does not come."""
    words.gate.clear()
    inspection = guard.inspect_text(direction, b"text", "caller")
    words.gate.set()
    assert inspection.waits is None or inspection.verdict.action is Action.BLOCK
    return inspection.waits is not None


def contents(inspection: Inspection) -> list[Any]:
    assert inspection.body is not None
    return [message["content"] for message in json.loads(inspection.body)["messages"]]


def test_an_enforced_block_waits_and_blocks() -> None:
    words = Words()
    guard = guardrail(words, rule("slow", "block"))
    assert waits(words, guard)
    inspection = inspect(guard, f"it is {WORD}")
    assert inspection.verdict.action is Action.BLOCK
    assert inspection.later is None


def test_a_text_in_which_nothing_is_found_passes() -> None:
    inspection = inspect(guardrail(Words(), rule("slow", "block")), "hello")
    assert (inspection.verdict.action, inspection.body) == (Action.ALLOW, None)


def test_a_slow_finding_is_redacted_beside_fast_ones() -> None:
    guard = guardrail(Words(), rule("slow"), rule("us_ssn"))
    text = f"😀 {SSN} and {WORD} and {SSN}"
    assert contents(inspect(guard, text)) == ["😀 [US_SSN] and [SLOW] and [US_SSN]"]


def test_a_type_that_is_known_may_be_found_slowly_too() -> None:
    words = Words(found="us_ssn")
    declared = {"name": "slow", "kind": "webhook", "url": "http://127.0.0.1:1/"}
    known = policy(rule("pii"), declared=[declared | {"labels": {"x": "us_ssn"}}])
    guard = Guardrail(known, Redactor(b"key"), slow=[supervised(words)])
    assert waits(words, guard)
    assert contents(inspect(guard, f"{WORD} {SSN}")) == ["[US_SSN] [US_SSN]"]


@pytest.mark.parametrize(
    "chosen",
    [
        rule("slow", "flag"),
        rule("slow", "block", rollout="shadow"),
        rule("slow", "redact", rollout="sample: 100%"),
        rule("slow", "block", rollout="enforce: 0%"),
    ],
    ids=["flag", "shadow", "sample", "enforce for nobody"],
)
def test_what_only_observes_is_asked_afterwards(chosen: dict[str, Any]) -> None:
    words = Words()
    guard = guardrail(words, chosen)
    inspection = inspect(guard, f"it is {WORD}")
    assert (inspection.verdict.action, inspection.body) == (Action.ALLOW, None)
    assert words.asked == []
    assert inspection.later is not None
    late = inspection.later()
    assert late is not None
    assert [j.rule for j in (*late.verdict.judged, *late.verdict.shadowed)] == ["slow"]


def test_what_is_observed_and_not_found_is_nothing() -> None:
    inspection = inspect(guardrail(Words(), rule("slow", "flag")), "hello")
    assert inspection.later is not None
    assert inspection.later() is None


def test_nobody_is_asked_where_no_rule_wants_to_know() -> None:
    words = Words()
    guard = guardrail(words, rule("slow", "allow"), rule("us_ssn", on=["response"]))
    assert not waits(words, guard)
    assert inspect(guard, WORD).later is None


def test_a_rule_about_answers_does_not_delay_requests() -> None:
    words = Words()
    guard = guardrail(words, rule("slow", "block", on=["response"]))
    assert (waits(words, guard), waits(words, guard, RESPONSE)) == (False, True)


def test_what_the_fast_lane_blocks_is_shown_to_nobody() -> None:
    words = Words()
    guard = guardrail(words, rule("us_ssn", "block"), rule("slow", "block"))
    assert inspect(guard, WORD, f"my {SSN}").verdict.reason == "us-ssn"
    arguments = json.dumps({"n": SSN})
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    said = {"role": "assistant", "content": WORD, "tool_calls": [call]}
    assert inspect(guard, said).verdict.reason == "us-ssn"
    assert words.asked == []


def test_what_the_fast_lane_takes_out_is_shown_to_nobody() -> None:
    words = Words()
    inspect(guardrail(words, rule("us_ssn"), rule("slow", "block")), f"é {SSN} hello")
    [[text]] = words.asked
    assert text.text == f"é {'*' * len(SSN)} hello"


def test_only_texts_of_the_roles_of_its_rules_are_shown() -> None:
    words = Words()
    guard = guardrail(words, rule("slow", "block", roles=["tool"]))
    tool = {"role": "tool", "tool_call_id": "1", "content": "result"}
    assert inspect(guard, WORD, tool).verdict.action is Action.ALLOW
    assert [text.text for text in words.asked[0]] == ["result"]


def test_a_body_without_texts_of_those_roles_does_not_wait() -> None:
    words = Words()
    assert not waits(words, guardrail(words, rule("slow", "block", roles=["tool"])))
    assert words.asked == []


def test_of_one_body_some_texts_may_wait_and_others_be_observed() -> None:
    words = Words()
    tools = rule("slow", "block", roles=["tool"], name="tools")
    guard = guardrail(words, tools, rule("slow", "flag", name="all"))
    assert not waits(words, guard)
    tool = {"role": "tool", "tool_call_id": "1", "content": "result"}
    inspection = inspect(guard, WORD, tool)
    assert [[text.role for text in texts] for texts in words.asked] == [["tool"]]
    assert inspection.verdict.action is Action.ALLOW
    assert inspection.later is not None
    late = inspection.later()
    assert [[text.role for text in texts] for texts in words.asked] == [["tool"], ["user"]]
    assert late is not None
    assert [judged.rule for judged in late.verdict.judged] == ["all"]


def test_a_rule_that_only_looks_on_is_told_what_others_wait_for() -> None:
    words = Words()
    guard = guardrail(
        words, rule("slow", "block", rollout="shadow", name="shadow"), rule("slow", name="acts")
    )
    inspection = inspect(guard, WORD)
    assert inspection.later is None
    verdict = inspection.verdict
    assert [judged.rule for judged in (*verdict.judged, *verdict.shadowed)] == ["acts", "shadow"]


def test_a_body_that_is_known_does_not_wait() -> None:
    words = Words()
    chosen = policy(rule("slow", "block"))
    guard = Guardrail(chosen, Redactor(b"key"), slow=[supervised(words, cache=60.0)])
    assert waits(words, guard)
    assert inspect(guard, WORD).verdict.action is Action.BLOCK
    assert inspect(guard, "fine").verdict.action is Action.ALLOW
    body = json.dumps({"messages": [{"role": "user", "content": WORD}]}).encode()
    inspection = guard.inspect_json(CHAT, REQUEST, body, "caller")
    assert inspection.waits is None
    assert inspection.verdict.action is Action.BLOCK


def test_what_is_found_in_json_in_a_string_takes_all_of_it() -> None:
    guard = guardrail(Words(), rule("slow"))
    arguments = json.dumps({"q": f"a {WORD} thing"})
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    inspection = inspect(guard, {"role": "assistant", "content": None, "tool_calls": [call]})
    assert inspection.body is not None
    [message] = json.loads(inspection.body)["messages"]
    assert message["tool_calls"][0]["function"]["arguments"] == '"[SLOW]"'


@pytest.mark.parametrize("action", ["block", "redact"])
@pytest.mark.parametrize(
    ("on_error", "expected"),
    [("block", Action.BLOCK), ("flag", Action.FLAG), ("allow", Action.ALLOW)],
)
@pytest.mark.parametrize("failure", [Failure.TIMEOUT, Failure.REFUSED, ValueError("x")])
def test_a_failure_means_what_the_rule_says(
    action: str, on_error: str, expected: Action, failure: Failure | Exception
) -> None:
    words = Words()
    words.failure = failure
    inspection = inspect(guardrail(words, rule("slow", action, onError=on_error)), f"a {WORD}")
    assert inspection.verdict.action is expected
    [failed] = inspection.failed
    assert failed.kind is (failure if isinstance(failure, Failure) else Failure.ERROR)
    assert inspection.body is None


def test_of_several_rules_the_strictest_wish_counts() -> None:
    words = Words()
    words.failure = Failure.TIMEOUT
    allow = rule("slow", "redact", onError="allow", name="a")
    flag = rule("slow", "block", onError="flag", name="b")
    observing = rule("slow", "flag", name="c")  # its onError, block, is for nobody
    assert inspect(guardrail(words, allow, flag, observing), "x").verdict.action is Action.FLAG


def test_a_failure_does_not_matter_to_rules_about_others() -> None:
    words = Words()
    words.failure = Failure.TIMEOUT
    tools = rule("slow", "block", roles=["tool"], name="a")
    users = rule("slow", "block", roles=["user"], onError="allow", name="b")
    assert inspect(guardrail(words, tools, users), "x").verdict.action is Action.ALLOW


def test_what_was_redacted_stays_so_when_a_detector_fails() -> None:
    words = Words()
    words.failure = Failure.TIMEOUT
    guard = guardrail(words, rule("us_ssn"), rule("slow", "block", onError="allow"))
    assert contents(inspect(guard, SSN)) == ["[US_SSN]"]


def test_an_observer_that_fails_says_nothing_for_its_rule() -> None:
    words = Words()
    words.failure = Failure.TIMEOUT
    inspection = inspect(guardrail(words, rule("slow", "flag")), "x")
    assert inspection.later is not None
    late = inspection.later()
    assert late is not None
    assert [(f.kind, f.action) for f in late.failed] == [(Failure.TIMEOUT, None)]


class Opening(Words):
    """Opens the gate of another when it is asked."""

    other: Words

    def detect(self, *asked: Any) -> list[list[Finding]]:
        self.other.gate.set()
        return super().detect(*asked)


def test_detectors_are_asked_at_the_same_time() -> None:
    """Each waits until the other has been asked."""
    first, second = Opening(found="first"), Opening(found="second")
    first.other, second.other = second, first
    first.gate.clear()
    second.gate.clear()
    declared = policy(rule(["first", "second"], "block", name="a"), detectors=["first", "second"])
    both = [supervised(first, "first"), supervised(second, "second")]
    assert inspect(Guardrail(declared, Redactor(b"key"), slow=both), WORD).failed == ()


def test_one_detector_may_delay_and_another_look_on() -> None:
    first, second = Words(found="first"), Words(found="second")
    declared = policy(
        rule("first", "redact"), rule("second", "flag"), detectors=["first", "second"]
    )
    both = [supervised(first, "first"), supervised(second, "second")]
    inspection = inspect(Guardrail(declared, Redactor(b"key"), slow=both), WORD)
    assert contents(inspection) == ["[FIRST]"]
    assert (len(first.asked), second.asked) == (1, [])
    assert inspection.later is not None
    assert inspection.later() is not None
    assert len(second.asked) == 1


def test_without_slow_detectors_the_same_policy_is_fast() -> None:
    words = Words()
    guard = guardrail(words, rule("us_ssn"), rule("slow", "block")).fast
    assert contents(inspect(guard, f"{WORD} {SSN}")) == [f"{WORD} [US_SSN]"]
    assert words.asked == []
