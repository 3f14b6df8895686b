"""Streamed answers of Amazon Bedrock Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. The kind
of an event stands in the headers of its message, and shows in its members.
"""

from typing import Any

from extproc.dialects import bedrock_shapes as shapes
from extproc.dialects import document as json_document
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.bedrock_errors import error_event
from extproc.dialects.event_stream import EventStream, head_of
from extproc.dialects.framing import Frame
from extproc.dialects.walk import read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Path, Refusal, Segment

_ENDED_BY_FILTER = "content_filtered"
_NOTHING_USED = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
# What stands whole in one event.
_WHOLE = frozenset({"citation", "json", "error"})
_KINDS = frozenset(
    {
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    }
)
_STOP = frozenset({"contentBlockIndex", "p"})


class ConverseStream:
    """The events of ConverseStream. A channel's scope is the index of its content block."""

    free: tuple[str, ...] = ("p",)

    def __init__(self) -> None:
        self._open: dict[int, None] = {}  # ordered set
        self._started = False
        self._stopped = False
        # What the last event closes is closed for the client once it has passed.
        self._closing: tuple[int, ...] = ()
        self._last = StreamEvent()

    def framing(self, max_event: int) -> EventStream:
        return EventStream(max_event)

    def read(self, data: bytes) -> StreamEvent:
        document = json_document.parse(data)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "an event of the stream is not a JSON object")
        self._pass()
        event = StreamEvent(document)
        self._read_event(document, (), event)
        self._last = event
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        value: Any = text
        for step in reversed(channel[1:]):
            value = {step: value} if isinstance(step, str) else [value]
        return self._frame("contentBlockDelta", contentBlockIndex=channel[0], delta=value)

    def filtered_end(self) -> list[Frame]:
        if self._last.passed:
            self._pass()
        if self._stopped:
            return []
        frames = [] if self._started else [self._frame("messageStart", role="assistant")]
        frames += [self._frame("contentBlockStop", contentBlockIndex=index) for index in self._open]
        frames.append(self._frame("messageStop", stopReason=_ENDED_BY_FILTER))
        frames.append(self._frame("metadata", usage=_NOTHING_USED, metrics={"latencyMs": 0}))
        return frames

    def error_end(self, refusal: Refusal) -> list[Frame]:
        return [error_event(refusal)]

    def _frame(self, kind: str, **members: Any) -> Frame:
        head = head_of(event_type=kind, content_type="application/json", message_type="event")
        return Frame(json_document.write(members), head=head)

    def _read_event(self, document: dict[str, Any], holder: Path, event: StreamEvent) -> None:
        """Read what stands at `holder`: tell what grows from what is whole, and what ends."""
        event.usage = shapes.usage(document) or event.usage
        reading = shapes.with_roles(read(document, shapes.EVENT, role="assistant"))
        event.whole.skipped += [each._replace(path=holder + each.path) for each in reading.skipped]
        for segment in reading.segments:
            placed = segment._replace(path=holder + segment.path)
            if _grows(segment):
                channel = (_index(document), *segment.path[1:])
                event.deltas.append(Delta(channel, placed))
            else:
                event.whole.segments.append(placed)
        self._follow(document, event)

    def _pass(self) -> None:
        """The event before has passed: note what it has closed for the client."""
        for closed in self._closing:
            self._open.pop(closed, None)
        self._stopped = self._stopped or self._last.closes_all
        self._closing = ()

    def _follow(self, document: dict[str, Any], event: StreamEvent) -> None:
        """Note which blocks are open, and what this event closes."""
        self._started = True
        if "stopReason" in document:
            event.closes_all = True
        elif "contentBlockIndex" in document:
            index = _index(document)
            if document.keys() <= _STOP:
                self._closing = event.closed_scopes = (index,)
            else:
                self._open[index] = None


class NovaStream(ConverseStream):
    """The same events of Nova under InvokeModel, each in a member that is its kind.

    https://docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html
    """

    free: tuple[str, ...] = ()

    def _read_event(self, document: dict[str, Any], holder: Path, event: StreamEvent) -> None:
        beside = {}
        for kind, value in document.items():
            if kind in _KINDS and isinstance(value, dict):
                super()._read_event(value, (kind,), event)
            else:
                beside[kind] = value
        if beside:
            super()._read_event(beside, holder, event)

    def _frame(self, kind: str, **members: Any) -> Frame:
        return Frame(json_document.write({kind: members}))


def _grows(segment: Segment) -> bool:
    path: Path = segment.path
    return (
        len(path) > 1
        and path[0] == "delta"
        and segment.format in (Format.TEXT, Format.JSON)
        and _WHOLE.isdisjoint(path)
    )


def _index(document: dict[str, Any]) -> int:
    index = document.get("contentBlockIndex")
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise BodyError("invalid_event", "the index of a content block is not a whole number")
    return index
