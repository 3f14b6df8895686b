"""Of an API without a dialect every string is read as text."""

import json

from extproc.dialects.base import Dialect
from extproc.dialects.generic import GenericJson
from extproc.model.values import Refusal, Segment

GENERIC = GenericJson()


def test_a_request_is_the_users_text() -> None:
    assert GENERIC.request({"a": ["x"], "b": {"c": "y"}}).segments == [
        Segment(("a", 0), "x", role="user"),
        Segment(("b", "c"), "y", role="user"),
    ]


def test_an_answer_is_the_assistants_text() -> None:
    assert GENERIC.response("x").segments == [Segment((), "x", role="assistant")]


def test_usage_is_unknown() -> None:
    assert GENERIC.usage({"usage": {"prompt_tokens": 1, "completion_tokens": 1}}) is None


def test_streams_are_unknown() -> None:
    dialect: Dialect = GENERIC
    assert dialect.stream("text/event-stream") is None


def test_an_error_is_json_that_says_what_to_do() -> None:
    refusal = Refusal(415, "charset", "send charset=utf-8", "request-1")
    error = json.loads(GENERIC.error(refusal))["error"]
    assert (error["code"], error["request_id"]) == ("charset", "request-1")
    assert error["message"].endswith("send charset=utf-8")
