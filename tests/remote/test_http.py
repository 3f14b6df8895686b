"""Detectors over HTTP: what they find, and every way in which a service fails."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.detectors.slow import Deadline, DetectorError, Failure, Labels, SlowDetector, Text
from extproc.model.errors import InputError
from extproc.model.values import Direction, Finding
from extproc.remote.guard import GuardDetector, differences
from extproc.remote.http import HttpClient
from extproc.remote.moderation import ModerationDetector
from extproc.remote.webhook import WebhookDetector
from tests.remote.services import HttpService, free_port, raw_service

WHOLE = Labels("hook", {}, 0.5, {"hook": "custom"})
TEXTS = [Text("é 😀 forbidden", "user"), Text("fine", "tool")]

Kind = Callable[[str], SlowDetector]


def webhook(url: str) -> SlowDetector:
    return WebhookDetector(HttpClient(f"{url}/webhook", {"authorization": "Bearer k"}, None), WHOLE)


def moderation(url: str) -> SlowDetector:
    labels = Labels("hook", {"violence": "threat"}, 0.5, {"threat": "toxicity"})
    return ModerationDetector(HttpClient(f"{url}/moderations", {}, None), "m", labels)


def guard(url: str) -> SlowDetector:
    return GuardDetector(HttpClient(f"{url}/guard", {}, None), WHOLE)


def detect(
    detector: SlowDetector, texts: list[Text] | None = None, seconds: float = 5
) -> list[list[Finding]]:
    try:
        return detector.detect(texts or TEXTS, Direction.REQUEST, Deadline(seconds))
    finally:
        detector.close()


def failure(detector: SlowDetector, seconds: float = 5) -> Failure:
    with pytest.raises(DetectorError) as caught:
        detect(detector, seconds=seconds)
    return caught.value.kind


def test_a_webhook_gives_spans_in_code_points(over_http: HttpService) -> None:
    assert detect(webhook(over_http.url)) == [[Finding("hook", "custom", 4, 13, 0.9)], []]
    [asked] = over_http.asked
    assert asked["direction"] == "request"
    assert [text["role"] for text in asked["texts"]] == ["user", "tool"]
    assert over_http.headers[0]["authorization"] == "Bearer k"


def test_a_moderation_judges_whole_texts_by_wanted_categories(over_http: HttpService) -> None:
    found = detect(moderation(over_http.url))
    assert found == [[Finding("threat", "toxicity", 0, 13, 0.97)], []]


def test_a_guard_that_blocks_means_the_last_text(over_http: HttpService) -> None:
    found = detect(guard(over_http.url), [Text("an attack", "user"), Text("ok", "user")])
    assert found == [[], [Finding("hook", "custom", 0, 2, 0.95)]]


def test_a_guard_that_redacts_means_what_it_changed(over_http: HttpService) -> None:
    assert detect(guard(over_http.url)) == [[Finding("hook", "custom", 4, 13, 0.8)], []]


def test_a_guard_that_allows_means_nothing(over_http: HttpService) -> None:
    assert detect(guard(over_http.url), [Text("hello", "user")]) == [[]]


@pytest.mark.parametrize(
    ("text", "other", "spans"),
    [
        ("a b c", "a b c", []),
        ("my name is Jane Doe ok", "my name is [NAME] [NAME] ok", ["Jane", "Doe"]),
        ("one two", "", ["one two"]),
        ("", "more", []),
        ("a b", "a new b", []),
        ("x y z", "p q r", ["x", "y", "z"]),
    ],
)
def test_differences_are_what_stands_otherwise(text: str, other: str, spans: list[str]) -> None:
    assert [text[start:end] for start, end in differences(text, other)] == spans


def test_differences_of_long_texts_take_bounded_time() -> None:
    started = time.perf_counter()
    text = "a b " * 20_000
    [(start, end)] = differences(f"x {text} y", f"z {'b a ' * 20_000} w")
    assert (start, end) == (0, len(text) + 4)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("kind", [webhook, moderation, guard])
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("garbage", Failure.BAD_ANSWER),
        ("fewer", Failure.BAD_ANSWER),
        ("schema", Failure.BAD_ANSWER),
        ("status", Failure.REFUSED),
        ("redirect", Failure.REFUSED),
    ],
)
def test_a_wrong_answer_is_a_failure(
    over_http: HttpService, kind: Kind, mode: str, expected: Failure
) -> None:
    over_http.mode = mode
    assert failure(kind(over_http.url)) is expected


def test_a_span_outside_its_text_is_a_failure(over_http: HttpService) -> None:
    over_http.mode = "range"
    assert failure(webhook(over_http.url)) is Failure.BAD_ANSWER


@pytest.mark.parametrize("mode", ["slow", "drip"])
def test_the_deadline_is_for_the_whole_answer(over_http: HttpService, mode: str) -> None:
    over_http.mode = mode
    started = time.monotonic()
    assert failure(webhook(over_http.url), seconds=0.3) is Failure.TIMEOUT
    assert time.monotonic() - started < 2


def test_nobody_there_is_a_refusal() -> None:
    assert failure(webhook(f"http://127.0.0.1:{free_port()}")) is Failure.REFUSED


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", {Failure.BAD_ANSWER, Failure.REFUSED}),
        (b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"results":', {Failure.BAD_ANSWER}),
        (b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"r', {Failure.BAD_ANSWER}),
        (b"HTTP/1.1 200 OK\r\ncontent-le", {Failure.BAD_ANSWER, Failure.REFUSED}),
        (b"SSH-2.0-OpenSSH\r\n", {Failure.BAD_ANSWER}),
        (b"HTTP/1.1 204 No Content\r\n\r\n", {Failure.REFUSED}),
    ],
)
def test_half_an_answer_is_a_failure(answer: bytes, expected: set[Failure]) -> None:
    with raw_service(answer) as url:
        assert failure(webhook(url)) in expected


def test_a_connection_is_used_again_and_replaced_when_it_was_closed(
    over_http: HttpService,
) -> None:
    detector = webhook(over_http.url)
    for _ in range(3):
        assert detector.detect(TEXTS, Direction.REQUEST, Deadline(5))[0]
    detector.close()
    assert detector.detect(TEXTS, Direction.REQUEST, Deadline(5))[0]
    detector.close()


def test_authorities_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name a PEM file"):
        HttpClient("https://localhost/x", {}, tmp_path / "none.pem")


class Saying(HttpClient):
    """Answers without a network."""

    def __init__(self, answer: object) -> None:
        super().__init__("http://localhost/", {}, None)
        self.answer = answer

    def post(self, document: object, deadline: Deadline) -> object:
        return self.answer


_KEYS = st.sampled_from(
    [
        "results",
        "findings",
        "label",
        "start",
        "end",
        "score",
        "category_scores",
        "decision",
        "threat_type",
        "confidence",
        "redacted_messages",
        "content",
    ]
)
_WORDS = st.sampled_from(["allow", "block", "redact", "word", ""]) | st.text(max_size=5)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _WORDS
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_FINDING = st.fixed_dictionaries(
    {"label": _WORDS | _LEAVES, "score": st.floats(-1, 2) | _LEAVES},
    optional={"start": st.integers(-1, 20) | _LEAVES, "end": st.integers(-1, 20) | _LEAVES},
)
_RESULTS = st.fixed_dictionaries(
    {"results": st.lists(st.fixed_dictionaries({"findings": st.lists(_FINDING, max_size=3)}))}
)


@given(_JSON | _RESULTS)
def test_any_answer_is_findings_within_the_texts_or_a_failure(answer: object) -> None:
    client = Saying(answer)
    for detector in (
        WebhookDetector(client, WHOLE),
        ModerationDetector(client, "m", WHOLE),
        GuardDetector(client, WHOLE),
    ):
        try:
            found = detector.detect(TEXTS, Direction.REQUEST, Deadline(5))
        except DetectorError as error:
            assert error.kind is Failure.BAD_ANSWER  # noqa: PT017 - as good as an answer
            continue
        for text, findings in zip(TEXTS, found, strict=True):
            for finding in findings:
                assert 0 <= finding.start <= finding.end <= len(text.text)
                assert 0 <= finding.score <= 1
