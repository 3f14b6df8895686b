"""What keeps a slow detector from harming others."""

import logging
import threading

import pytest

from extproc.detectors.slow import DetectorError, Failure, Text
from extproc.guardrail.supervised import FAILURES, Supervised
from extproc.model.values import Direction
from extproc.telemetry.telemetry import Telemetry
from tests.guardrail.slow import Words, supervised

ONE = [Text("forbidden", "user")]
TWO = [*ONE, Text("fine", "user")]
REQUEST = Direction.REQUEST


def kind_of(detector: Supervised, texts: list[Text] = ONE) -> Failure | None:
    try:
        detector.ask(texts, REQUEST).result(10)
    except DetectorError as error:
        return error.kind
    return None


def sample(telemetry: Telemetry, name: str, **labels: str) -> float:
    return telemetry.registry.get_sample_value(name, {"detector": "slow", **labels}) or 0.0


def test_an_answer_is_passed_on() -> None:
    telemetry = Telemetry()
    found = supervised(Words(), telemetry=telemetry).ask(TWO, REQUEST).result(10)
    assert [len(each) for each in found] == [1, 0]
    assert sample(telemetry, "extproc_detector_duration_seconds_count") == 1


@pytest.mark.parametrize("failure", [Failure.TIMEOUT, Failure.REFUSED, Failure.BAD_ANSWER])
def test_a_breaker_opens_with_the_fifth_failure(failure: Failure) -> None:
    words, telemetry = Words(), Telemetry()
    words.failure = failure
    detector = supervised(words, telemetry=telemetry)
    kinds = [kind_of(detector) for _ in range(FAILURES + 3)]
    assert kinds == [failure] * FAILURES + [Failure.BREAKER_OPEN] * 3
    assert len(words.asked) == FAILURES == 5
    assert sample(telemetry, "extproc_detector_failures_total", kind=failure.value) == 5
    assert sample(telemetry, "extproc_detector_failures_total", kind="breaker_open") == 3
    assert sample(telemetry, "extproc_detector_breaker_open") == 1


def test_failures_that_do_not_follow_each_other_open_nothing() -> None:
    words = Words()
    detector = supervised(words)
    for _ in range(3):
        words.failure = Failure.REFUSED
        assert [kind_of(detector) for _ in range(FAILURES - 1)] == [Failure.REFUSED] * 4
        words.failure = None
        assert kind_of(detector) is None


def test_a_breaker_lets_one_question_through_and_closes_with_its_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    words, telemetry = Words(), Telemetry()
    words.failure = Failure.REFUSED
    detector = supervised(words, telemetry=telemetry, retry=0.05)
    for _ in range(FAILURES):
        kind_of(detector)
    waited = threading.Event()
    waited.wait(0.06)
    words.failure = None
    words.gate.clear()
    trial = detector.ask(ONE, REQUEST)
    assert kind_of(detector) is Failure.BREAKER_OPEN  # while the trial is out
    words.gate.set()
    assert trial.result(10)
    assert kind_of(detector) is None
    assert sample(telemetry, "extproc_detector_breaker_open") == 0
    states = [vars(r)["state"] for r in caplog.records if r.message == "breaker changed"]
    assert states == ["open", "half-open", "closed"]


def test_a_trial_that_fails_opens_it_again() -> None:
    words = Words()
    words.failure = Failure.REFUSED
    detector = supervised(words, retry=0.05)
    for _ in range(FAILURES):
        kind_of(detector)
    threading.Event().wait(0.06)
    assert [kind_of(detector), kind_of(detector)] == [Failure.REFUSED, Failure.BREAKER_OPEN]


def test_a_trial_that_nobody_waited_for_does_not_keep_it_half_open() -> None:
    words = Words()
    words.failure = Failure.REFUSED
    detector = supervised(words, retry=0.05, concurrency=1)
    for _ in range(FAILURES - 1):
        kind_of(detector)
    words.failure, words.gate = None, threading.Event()
    busy = detector.ask(ONE, REQUEST)
    waiting = detector.ask(ONE, REQUEST)
    assert waiting.cancel()  # the fifth failure
    threading.Event().wait(0.06)
    trial = detector.ask(ONE, REQUEST)
    assert trial.cancel()
    assert kind_of(detector) is Failure.BREAKER_OPEN
    threading.Event().wait(0.06)
    words.gate.set()
    assert busy.result(10)
    assert kind_of(detector) is None


def test_a_full_queue_is_a_failure_at_once() -> None:
    words = Words()
    words.gate.clear()
    detector = supervised(words, concurrency=1, queue=2)
    questions = [detector.ask(ONE, REQUEST) for _ in range(3)]
    assert kind_of(detector) is Failure.QUEUE_FULL
    words.gate.set()
    assert all(question.result(10) for question in questions)
    assert kind_of(detector) is None


def test_an_answer_that_comes_too_late_is_a_timeout() -> None:
    words = Words()
    words.gate.clear()
    assert kind_of(supervised(words, timeout=0.02)) is Failure.TIMEOUT


def test_an_error_of_a_model_is_a_failure_without_its_text() -> None:
    words = Words()
    words.failure = ValueError("forbidden content")
    with pytest.raises(DetectorError) as caught:
        supervised(words).ask(ONE, REQUEST).result(10)
    assert (caught.value.kind, str(caught.value)) == (Failure.ERROR, "ValueError")


def test_what_was_said_of_a_text_is_remembered() -> None:
    words, telemetry = Words(), Telemetry()
    detector = supervised(words, telemetry=telemetry, cache=60.0)
    first = detector.ask(TWO, REQUEST).result(10)
    third = Text("another", "user")
    assert detector.ask([*TWO, third], REQUEST).result(10) == [*first, []]
    assert words.asked == [TWO, [third]]
    assert sample(telemetry, "extproc_detector_cached_texts_total") == 2


@pytest.mark.parametrize("other", [Text("forbidden", "system"), Text("forbidden ", "user")])
def test_another_role_or_text_is_asked_anew(other: Text) -> None:
    words = Words()
    detector = supervised(words, cache=60.0)
    detector.ask(ONE, REQUEST).result(10)
    detector.ask([other], REQUEST).result(10)
    detector.ask(ONE, Direction.RESPONSE).result(10)
    assert len(words.asked) == 3


def test_what_is_remembered_is_forgotten_in_time() -> None:
    words = Words()
    detector = supervised(words, cache=0.05)
    detector.ask(ONE, REQUEST).result(10)
    threading.Event().wait(0.06)
    detector.ask(ONE, REQUEST).result(10)
    assert len(words.asked) == 2


def test_a_failure_is_not_remembered() -> None:
    words = Words()
    detector = supervised(words, cache=60.0)
    words.failure = Failure.TIMEOUT
    assert kind_of(detector) is Failure.TIMEOUT
    words.failure = None
    assert kind_of(detector) is None


def test_texts_that_are_judged_together_are_remembered_together() -> None:
    words = Words(is_joint=True)
    detector = supervised(words, cache=60.0)
    detector.ask(TWO, REQUEST).result(10)
    detector.ask(TWO, REQUEST).result(10)
    detector.ask(ONE, REQUEST).result(10)
    assert words.asked == [TWO, ONE]


def test_memory_answers_while_the_breaker_is_open() -> None:
    words = Words()
    detector = supervised(words, cache=60.0)
    detector.ask(ONE, REQUEST).result(10)
    words.failure = Failure.REFUSED
    for _ in range(FAILURES):
        kind_of(detector, [Text("other", "user")])
    assert kind_of(detector) is None


def test_closing_closes_the_detector() -> None:
    words = Words()
    detector = supervised(words)
    detector.close()
    assert words.closed
    assert kind_of(detector) is Failure.ERROR
