"""APIs described by their shapes alone: which of them stream, and what they count."""

import pytest

from extproc.dialects.bedrock_whole import COUNT_TOKENS
from extproc.dialects.cohere import VOYAGE
from extproc.dialects.openai_single import EMBEDDINGS, IMAGES
from extproc.dialects.responses_stream import TypedStream
from extproc.dialects.whole import WholeBodies
from extproc.model.errors import BodyError
from extproc.model.values import Usage

EVENTS = "text/event-stream"


def test_images_come_as_typed_events_too() -> None:
    assert isinstance(IMAGES.stream(EVENTS), TypedStream)
    assert IMAGES.stream("application/json") is None


@pytest.mark.parametrize("dialect", [COUNT_TOKENS, VOYAGE])
def test_others_have_no_streams(dialect: WholeBodies) -> None:
    assert dialect.stream(EVENTS) is None


def test_tokens_are_read_by_either_name() -> None:
    assert EMBEDDINGS.usage({"usage": {"prompt_tokens": 5}}) == Usage(5, 0)
    counted = {"usage": {"input_tokens": 3, "output_tokens": 4}}
    assert IMAGES.usage(counted) == Usage(3, 4)
    assert IMAGES.usage({"usage": {"input_tokens": -1}}) is None


def test_a_request_is_an_object() -> None:
    with pytest.raises(BodyError, match="send one"):
        EMBEDDINGS.request(["x"])
