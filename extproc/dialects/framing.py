"""How the events of a stream are cut out of its bytes, and written into them."""

from typing import NamedTuple, Protocol

from extproc.model.errors import BodyError

TOO_LARGE = BodyError("event_too_large", "an event of the stream is larger than allowed")
"""The fault of a framing that met an event over its bound."""


class Frame(NamedTuple):
    """One event of a stream.

    `data` is what a reader reads, None where there is none. `lines` is text beside it, inspected
    like any other. `head` is what only its framing understands, and needs to write it again.
    `raw` are its bytes as received, everything up to the next event included; empty for an event
    that the provider did not send.
    """

    data: bytes | None
    lines: tuple[bytes, ...] = ()
    head: bytes = b""
    raw: bytes = b""


class Framing(Protocol):
    """Cuts the bytes of one stream into frames, and keeps at most one unfinished frame.

    `fault` says why nothing more can be cut, if so; what is left is in `rest`.
    """

    fault: BodyError | None

    is_literal: bool
    """Whether what stands around the data of an event does not depend on it."""

    def feed(self, chunk: bytes, *, final: bool = False) -> list[Frame]:
        """Take a chunk; return the frames it completes. With `final` nothing comes after it."""
        ...

    def is_whole(self, chunk: bytes) -> bool:
        """Whether a chunk that begins and ends as one event does is one, and no part of another."""
        ...

    def rest(self) -> bytes:
        """Give up what is kept and was in no frame."""
        ...

    def between(self, last: bytes) -> bytes:
        """What must stand between `last`, which was sent last, and one more event."""
        ...

    def encode(
        self,
        data: bytes | None,
        lines: tuple[bytes, ...] = (),
        head: bytes = b"",
        *,
        first: bool = False,
    ) -> bytes:
        """The bytes of a frame that was changed or added; `first` where no event is before it."""
        ...

    def close(self) -> bytes:
        """What must follow the last event of a stream that is ended before its provider ends it."""
        ...
