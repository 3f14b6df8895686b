"""The states of an exchange and the bounds that it keeps."""

from dataclasses import dataclass
from enum import IntEnum, auto

from extproc.exchange.events import BodyMode


class State(IntEnum):
    """What the exchange waits for."""

    START = auto()
    REQUEST_BODY = auto()
    REQUEST_WORK = auto()
    RESPONSE_HEADERS = auto()
    RESPONSE_BODY = auto()
    RESPONSE_WORK = auto()
    STREAM = auto()  # full-duplex response body
    STREAM_WORK = auto()
    CHUNKS = auto()  # streamed response body: one answer for each chunk
    CHUNK_WORK = auto()
    DONE = auto()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one exchange. Sizes are bytes."""

    max_body: int = 32 << 20
    max_event: int = 8 << 20
    inline_body: int = 16 << 10  # larger bodies and pieces are inspected off the event loop
    stream_mode: BodyMode = BodyMode.FULL_DUPLEX_STREAMED
    customer_header: str = "x-customer-id"
