"""What a dialect is to the layers above it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from extproc.dialects.framing import Frame, Framing
from extproc.dialects.walk import Reading
from extproc.model.values import Refusal, Segment, Usage

Channel = tuple[str | int, ...]
"""Names one text that grows over the events of a stream. Its first item is its scope."""


class Delta(NamedTuple):
    """A piece of the text of a channel; `segment` says where it stands in the event."""

    channel: Channel
    segment: Segment


@dataclass(slots=True)
class StreamEvent:
    """One event, read. `document` is None for events that are not JSON, e.g. `[DONE]`.

    `usage` is what the provider has counted of the stream so far, where this event tells. `passed`
    is set by who asked for the event, once it has gone out, as it came or changed.
    """

    document: Any = None
    deltas: list[Delta] = field(default_factory=list)
    whole: Reading = field(default_factory=Reading)
    closed_scopes: tuple[str | int, ...] = ()
    closes_all: bool = False
    usage: Usage | None = None
    passed: bool = False


class StreamReader(Protocol):
    """Reads the events of one stream in order, and writes events that fit into it.

    `free` names members of an event's object whose value means nothing to its text: padding, or a
    count of events or tokens. One identifier or small number there is as good as another. Members
    of members are named with a dot.
    """

    free: tuple[str, ...]

    def framing(self, max_event: int) -> Framing:
        """How this stream is cut into events of at most `max_event` bytes."""
        ...

    def read(self, data: bytes) -> StreamEvent:
        """Read the data of one event. Raises BodyError when it is not what the API sends.

        An event that differs from the one before it only in free members and in the text of its
        only delta is read alike, and reading it leaves the reader as it was.
        """
        ...

    def carrier(self, channel: Channel, text: str) -> Frame:
        """An additional event that brings nothing but `text` on a channel seen before."""
        ...

    def filtered_end(self) -> list[Frame] | None:
        """The events by which this API ends an answer that its own filter cut.

        Empty where the answer has ended already. None where the API knows no such end: the stream
        ends in an error then.
        """
        ...

    def error_end(self, refusal: Refusal) -> list[Frame]:
        """The events by which a stream ends in an error."""
        ...


class Dialect(Protocol):
    """The wire format of one API."""

    name: str

    def request(self, document: Any) -> Reading:
        """Everything in a request body that is inspected or skipped."""
        ...

    def response(self, document: Any) -> Reading:
        """Everything in a whole response body that is inspected or skipped."""
        ...

    def usage(self, document: Any) -> Usage | None:
        """Tokens counted in a whole response."""
        ...

    def stream(self, media_type: str) -> StreamReader | None:
        """A reader for a response of that media type, or None where it is no stream of this API.

        The media type is in lower case and without parameters, e.g. `text/event-stream`.
        """
        ...

    def error(self, refusal: Refusal) -> bytes:
        """The JSON body of an error response of this API."""
        ...
