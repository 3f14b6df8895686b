"""What a policy makes of a text, and why."""

from typing import Any

import pytest

from extproc.app.explain import Explanation, explain
from extproc.model.values import Action, Direction
from extproc.policy.trace import Answer
from tests.guardrail.making import CARD, SSN, TEXT, guardrail, rule


def explained(text: str, *rules: dict[str, Any], **spec: Any) -> Explanation:
    return explain(text, guardrail(*rules, **spec), Direction.REQUEST)


def answers(explanation: Explanation) -> dict[str, list[Answer]]:
    return {each.finding.type: [asked.answer for asked in each.asked] for each in explanation.seen}


def test_a_finding_has_its_rule_and_the_text_that_passes() -> None:
    explanation = explained(f"It is {SSN}", rule("us_ssn"))
    [seen] = explanation.seen
    assert (seen.finding.type, seen.finding.start, seen.finding.end) == ("us_ssn", 6, 17)
    assert seen.decision is not None
    assert seen.decision.rule == "us-ssn"
    assert (explanation.verdict.action, explanation.text) == (Action.REDACT, "It is [US_SSN]")


def test_what_no_rule_is_about_is_seen_all_the_same() -> None:
    explanation = explained(TEXT, rule("us_ssn"))
    assert answers(explanation) == {
        "email_address": [],
        "us_ssn": [Answer.DECIDES],
        "credit_card": [],
    }


def test_what_is_below_the_strictness_is_seen() -> None:
    entities = [{"name": "code_name", "words": ["Nightjar"], "score": 0.4}]
    explanation = explained("on Nightjar", rule("code_name"), entities=entities)
    assert answers(explanation) == {"code_name": [Answer.TOO_UNSURE]}
    assert explanation.verdict.action is Action.ALLOW


def test_what_lies_within_something_surer_is_told_with_it() -> None:
    text = "call 4111 1111 1111 1111"
    explanation = explained(text, rule("credit_card"), rule("phone_number"))
    covered = {each.finding.type: each for each in explanation.seen if each.overlapped}
    assert covered.keys() == {"phone_number"}
    assert covered["phone_number"].overlapped is not None
    assert covered["phone_number"].overlapped.type == "credit_card"
    assert covered["phone_number"].decision is None


def test_a_rule_that_allows_decides() -> None:
    explanation = explained(SSN, rule("us_ssn", "allow"), rule("pii", "block"))
    assert answers(explanation)["us_ssn"] == [Answer.DECIDES, Answer.NOT_ASKED]
    assert explanation.text == SSN


@pytest.mark.parametrize("action", ["flag", "redact", "block"])
def test_risks_add_up_to_the_score(action: str) -> None:
    names = ["us_ssn", "email_address", "credit_card"]
    explanation = explained(TEXT, rule(names, action))
    assert [risk.finding.type for risk in explanation.risks] == [
        "email_address",
        "us_ssn",
        "credit_card",
    ]
    total = sum(risk.added for risk in explanation.risks)
    assert total == pytest.approx(explanation.verdict.risk_score, abs=1e-4)
    assert explanation.residual == pytest.approx(0 if action == "redact" else total, abs=1e-9)


def test_nothing_passes_of_what_is_blocked() -> None:
    explanation = explained(f"{CARD} {SSN}", rule("credit_card", "block"), rule("us_ssn"))
    assert (explanation.verdict.action, explanation.text) == (Action.BLOCK, "")


def test_an_entity_of_the_policy_is_explained() -> None:
    entities = [{"name": "code_name", "words": ["Nightjar"]}]
    explanation = explained("on Nightjar", rule("code_name"), entities=entities)
    assert answers(explanation) == {"code_name": [Answer.DECIDES]}


def test_who_says_it_and_to_whom_decides() -> None:
    made = guardrail(rule("us_ssn", on=["response"], roles=["tool"]))
    asked = [
        explain(SSN, made, Direction.REQUEST).seen[0].asked[0].answer,
        explain(SSN, made, Direction.RESPONSE).seen[0].asked[0].answer,
        explain(SSN, made, Direction.RESPONSE, role="tool").seen[0].asked[0].answer,
    ]
    assert asked == [Answer.OTHER_DIRECTION, Answer.OTHER_ROLE, Answer.DECIDES]


def test_a_rollout_is_decided_for_the_caller() -> None:
    made = guardrail(rule("us_ssn", rollout="enforce: 50%"))
    verdicts = {
        explain(SSN, made, Direction.REQUEST, caller=f"c{n}").verdict.action for n in range(12)
    }
    assert verdicts == {Action.ALLOW, Action.REDACT}
