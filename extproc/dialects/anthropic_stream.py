"""Anthropic Messages, streamed.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects.anthropic_documents import EVENT, counted, error_object
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.framing import Frame
from extproc.dialects.numbers import stated_index
from extproc.dialects.sse import ServerSentEvents
from extproc.dialects.walk import Reading, is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Segment, Usage

# Texts that a block may begin with, and the kind of delta by which each goes on.
_BEGINNINGS = {"text": "text_delta", "thinking": "thinking_delta"}
# Kinds of delta that bring something whole.
_WHOLE = frozenset({"citations_delta", "compaction_delta"})
_BLOCK_EVENTS = frozenset({"content_block_start", "content_block_delta", "content_block_stop"})


class MessageStream:
    """Events of a streamed message. A channel's scope is the index of its content block."""

    free: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._kinds: dict[Channel, str] = {}  # of the delta that carries each text
        # What a client knows of the stream: all but what the last event says, until that passes.
        self._begun = False
        self._finished = False
        self._open: dict[int, None] = {}  # ordered set of content blocks
        self._last = StreamEvent()
        self._news = ("", 0)  # type and index of the last event

    def framing(self, max_event: int) -> ServerSentEvents:
        return ServerSentEvents(max_event)

    def read(self, data: bytes) -> StreamEvent:
        self._follow()
        document = json_document.parse(data)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "an event of the stream is not a JSON object")
        kind = document.get("type")
        kind = kind if isinstance(kind, str) else ""
        index = stated_index(document, None) if kind in _BLOCK_EVENTS else 0
        event = StreamEvent(document, usage=self._count(document))
        self._sort(document, index, read(document, EVENT, role="assistant"), event)
        if kind == "content_block_stop":
            event.closed_scopes = (index,)
        event.closes_all = kind in ("message_stop", "error") or _stop_reason(document) is not None
        self._last, self._news = event, (kind, index)
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        index = channel[0]
        if index not in self._open and self._news == ("content_block_start", index):
            # The event that begins the block must not pass: it is begun with what may.
            self._follow()
            field = str(channel[1])
            block = {"type": field, field: text}
            return _frame("content_block_start", index=index, content_block=block)
        value: Any = text
        for step in reversed(channel[1:]):
            value = {step: value} if isinstance(step, str) else [value]
        return _frame(
            "content_block_delta", index=index, delta={"type": self._kinds[channel], **value}
        )

    def filtered_end(self) -> list[Frame]:
        if self._last.passed:
            self._follow()
        if self._finished:
            return []
        frames = [] if self._begun else [_frame("message_start", message=_NOTHING)]
        frames += [_frame("content_block_stop", index=index) for index in self._open]
        end = {"stop_reason": "refusal", "stop_sequence": None}
        usage = {"output_tokens": self._counts.get("output", 0)}
        return [*frames, _frame("message_delta", delta=end, usage=usage), _frame("message_stop")]

    def error_end(self, refusal: Refusal) -> list[Frame]:
        return [Frame(json_document.write(error_object(refusal)), (b"event: error",))]

    def _sort(
        self, document: dict[str, Any], index: int, reading: Reading, event: StreamEvent
    ) -> None:
        """Tell the texts of an event that grow from those that are whole."""
        event.whole.skipped = reading.skipped
        for segment in reading.segments:
            if _grows(document, segment):
                channel = (index, *segment.path[1:])
                event.deltas.append(Delta(channel, segment))
                self._kinds.setdefault(channel, _kind_of_delta(document, segment))
            else:
                event.whole.segments.append(segment)

    def _count(self, document: dict[str, Any]) -> Usage | None:
        """What is counted so far: what goes in when a message starts, what comes out at its end."""
        message = document.get("message")
        holder = message if isinstance(message, dict) else document
        counts = counted(holder.get("usage"))
        self._counts |= counts
        if not counts or len(self._counts) < 2:
            return None
        return Usage(self._counts["input"], self._counts["output"])

    def _follow(self) -> None:
        """The last event has passed: note what it has begun or ended."""
        kind, index = self._news
        self._news = ("", 0)
        if kind == "message_start":
            self._begun = True
        elif kind == "content_block_start":
            self._open[index] = None
        elif kind == "content_block_stop":
            self._open.pop(index, None)
        elif kind in ("message_stop", "error"):
            self._finished = True


# A message of which nothing but its end is told.
_NOTHING: dict[str, Any] = {
    "id": "msg_filtered",
    "type": "message",
    "role": "assistant",
    "model": "",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 0, "output_tokens": 0},
}


def _frame(kind: str, **members: Any) -> Frame:
    """An event of that type, with its name."""
    return Frame(json_document.write({"type": kind, **members}), (b"event: " + kind.encode(),))


def _grows(document: dict[str, Any], segment: Segment) -> bool:
    """Whether a text goes on in later events."""
    path = segment.path
    if len(path) < 2 or segment.format not in (Format.TEXT, Format.JSON):
        return False
    if document.get("type") == "content_block_start":
        return path[0] == "content_block" and len(path) == 2 and path[1] in _BEGINNINGS
    return (
        document.get("type") == "content_block_delta"
        and path[0] == "delta"
        and isinstance(path[1], str)
        and path[1] != "type"
        and _delta_type(document) not in _WHOLE
    )


def _kind_of_delta(document: dict[str, Any], segment: Segment) -> str:
    if segment.path[0] == "content_block":
        return _BEGINNINGS[str(segment.path[1])]
    return _delta_type(document)


def _delta_type(document: dict[str, Any]) -> str:
    delta = document["delta"]
    kind = delta.get("type") if isinstance(delta, dict) else None
    return kind if isinstance(kind, str) and is_token(kind) else ""


def _stop_reason(document: dict[str, Any]) -> Any:
    """Why the message ends, where an event says so; nothing grows after that."""
    delta = document.get("delta")
    if document.get("type") != "message_delta" or not isinstance(delta, dict):
        return None
    return delta.get("stop_reason")
