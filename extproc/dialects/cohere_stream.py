"""Streamed answers of Cohere's chat.

https://docs.cohere.com/v2/docs/streaming
"""

from typing import Any

from extproc.dialects import cohere_shapes as shapes
from extproc.dialects import document as json_document
from extproc.dialects import refusal as refusals
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.framing import Frame
from extproc.dialects.numbers import stated_index
from extproc.dialects.sse import ServerSentEvents
from extproc.dialects.walk import is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Segment

_DONE = b"[DONE]"
_GROWING = frozenset({"content-start", "content-delta", "tool-plan-delta", "tool-call-delta"})
_BEGINS = {"content-start": "content", "tool-call-start": "tool-call"}
_ENDS = {"content-end": "content", "tool-call-end": "tool-call"}
_PLAN = "tool-plan"
_SCOPES = {"content-delta": "content", "tool-call-delta": "tool-call", "tool-plan-delta": _PLAN}
_CUT = "the answer was cut by a policy"


class CohereStream:
    """Events of a streamed answer. A channel's scope is its kind and index, e.g. `content 0`."""

    free: tuple[str, ...] = ()

    def __init__(self) -> None:
        # What a client knows of the stream: all but what the last event ends, until that passes.
        self._started = False
        self._open: dict[str, None] = {}  # ordered set of scopes
        self._closing = ""
        self._ended = False
        self._last = StreamEvent()

    def framing(self, max_event: int) -> ServerSentEvents:
        return ServerSentEvents(max_event)

    def read(self, data: bytes) -> StreamEvent:
        self._pass()
        if data.strip() == _DONE:
            self._last = StreamEvent(closes_all=True)
            return self._last
        document = json_document.parse(data)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "an event of the stream is not a JSON object")
        event = StreamEvent(document, usage=shapes.usage(document))
        reading = read(document, shapes.EVENT, role="assistant")
        event.whole.skipped = reading.skipped
        kind = document.get("type")
        kind = kind if isinstance(kind, str) and is_token(kind) else ""
        for segment in reading.segments:
            if _grows(kind, segment):
                channel = (_scope(kind, document), *segment.path[1:])
                event.deltas.append(Delta(channel, segment))
            else:
                event.whole.segments.append(segment)
        self._follow(kind, document, event)
        self._last = event
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        value: Any = text
        for step in reversed(channel[1:]):
            value = {step: value} if isinstance(step, str) else [value]
        name, _, index = str(channel[0]).partition(" ")
        return _frame(f"{name}-delta", index, delta=value)

    def filtered_end(self) -> list[Frame]:
        if self._last.passed:
            self._pass()
        if self._ended:
            return []
        message = {"role": "assistant"}
        frames = [] if self._started else [_frame("message-start", delta={"message": message})]
        for scope in self._open:
            name, _, index = scope.partition(" ")
            frames.append(_frame(f"{name}-end", index))
        return [*frames, _message_end(_CUT)]

    def error_end(self, refusal: Refusal) -> list[Frame]:
        return [_message_end(refusals.message(refusal))]

    def _pass(self) -> None:
        """The event before has passed: note what it has ended for the client."""
        self._open.pop(self._closing, None)
        self._ended = self._ended or self._last.closes_all
        self._closing = ""

    def _follow(self, kind: str, document: dict[str, Any], event: StreamEvent) -> None:
        """Note what is open, and what this event ends."""
        self._started = True
        if kind in _ENDS:
            self._closing = _scope(kind, document)
            event.closed_scopes = (self._closing,)
        elif kind in _BEGINS:
            self._open[_scope(kind, document)] = None
            if kind == "tool-call-start":
                event.closed_scopes = (_PLAN,)
        elif kind == "message-end":
            event.closes_all = True


def _scope(kind: str, document: dict[str, Any]) -> str:
    name = _BEGINS.get(kind) or _ENDS.get(kind) or _SCOPES[kind]
    return name if name == _PLAN else f"{name} {stated_index(document, 0)}"


def _grows(kind: str, segment: Segment) -> bool:
    path = segment.path
    if path[:2] != ("delta", "message") or len(path) == 2:
        return False
    if kind == "tool-call-start":
        return segment.format is Format.JSON
    is_text = path[-1] != "name" and segment.format in (Format.TEXT, Format.JSON)
    return kind in _GROWING and is_text


def _message_end(error: str) -> Frame:
    return _frame("message-end", delta={"finish_reason": "ERROR", "error": error})


def _frame(kind: str, index: str = "", **members: Any) -> Frame:
    """An event of that type, with its name."""
    at = {"index": int(index)} if index else {}
    event = {"type": kind, **at, **members}
    return Frame(json_document.write(event), (b"event: " + kind.encode(),))
