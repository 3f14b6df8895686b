"""What a dialect is to the layers above it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

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
    """One event, read. `document` is None for events that are not JSON, e.g. `[DONE]`."""

    document: Any = None
    deltas: list[Delta] = field(default_factory=list)
    whole: Reading = field(default_factory=Reading)
    closed_scopes: tuple[str | int, ...] = ()
    closes_all: bool = False
    usage: Usage | None = None


class StreamReader(Protocol):
    """Reads the events of one stream in order, and writes events that fit into it.

    `padding` names a member of events that hides the length of their texts, empty for none: one
    identifier there is as good as another.
    """

    padding: str

    def read(self, data: bytes) -> StreamEvent:
        """Read the data of one event. Raises BodyError when it is not what the API sends.

        An event that differs from the one before it in its padding and the text of its only delta
        is read alike, and reading it leaves the reader as it was.
        """
        ...

    def carrier(self, channel: Channel, text: str) -> bytes:
        """Data of an additional event that brings nothing but `text` on a channel seen before."""
        ...

    def filtered_end(self) -> list[bytes]:
        """Data of the events by which this API ends an answer that its own filter cut."""
        ...

    def error_end(self, refusal: Refusal) -> list[bytes]:
        """Data of the events by which a stream ends in an error."""
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

    def stream(self) -> StreamReader | None:
        """A reader for one streamed response, or None where the API's stream is not known."""
        ...

    def error(self, refusal: Refusal) -> bytes:
        """The JSON body of an error response of this API."""
        ...
