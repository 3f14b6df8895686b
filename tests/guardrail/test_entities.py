"""A policy's own entities are found in bodies and in streams, beside those that are built in."""

from extproc.guardrail.filters import Context, Scanners, TextFilter
from extproc.model.values import Direction
from extproc.policy.judge import Judge
from extproc.redaction.operators import Redactor
from tests.guardrail.making import KEY, guardrail, rule

BADGE = {"name": "badge", "patterns": [r"EMP-\d+"], "words": ["Project Nightjar"]}
GUARD = guardrail(rule(["badge", "us_ssn"], name="own"), entities=[BADGE])
TEXT = "EMP-12345 of project nightjar has 123-45-6789"
REDACTED = "[BADGE] of [BADGE] has [US_SSN]"


def test_a_body_is_redacted() -> None:
    inspection = GUARD.inspect_text(Direction.REQUEST, TEXT.encode(), "caller")
    assert inspection.body == REDACTED.encode()
    assert {judged.finding.family for judged in inspection.verdict.judged} == {"custom", "pii"}


def test_a_stream_is_redacted_however_it_is_cut() -> None:
    scanner = GUARD._whole[Direction.RESPONSE]
    for size in range(1, len(TEXT)):
        judge = Judge(GUARD.policy, Direction.RESPONSE, "caller")
        text_filter = TextFilter(Context(Scanners(scanner, None), judge, Redactor(KEY)), (), "")
        pieces = [TEXT[start : start + size] for start in range(0, len(TEXT), size)]
        passed = "".join(map(text_filter.feed, pieces)) + text_filter.feed("", final=True)
        assert passed == REDACTED


def test_without_a_rule_that_names_it_nothing_is_sought() -> None:
    idle = guardrail(rule("us_ssn"), entities=[BADGE])
    assert idle.inspect_text(Direction.REQUEST, b"EMP-12345", "caller").body is None
