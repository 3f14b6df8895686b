"""What an exchange is told. Nobody changes an event; frozen ones take twice as long to make."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

Headers = Mapping[str, str]
"""Lower-case names, pseudo-headers included; of a repeated header the values joined by comma."""


class BodyMode(IntEnum):
    """How Envoy hands over a body (envoy.extensions.filters.http.ext_proc.v3.ProcessingMode)."""

    NONE = 0
    STREAMED = 1
    BUFFERED = 2
    BUFFERED_PARTIAL = 3
    FULL_DUPLEX_STREAMED = 4


class FilterContract(NamedTuple):
    """The body modes that the filter was configured with, as its first message says."""

    request_body: BodyMode
    response_body: BodyMode


@dataclass(slots=True)
class RequestHeaders:
    headers: Headers
    end_of_stream: bool
    contract: FilterContract | None = None


@dataclass(slots=True)
class RequestBody:
    body: bytes
    end_of_stream: bool


@dataclass(slots=True)
class RequestTrailers:
    pass


@dataclass(slots=True)
class ResponseHeaders:
    headers: Headers
    end_of_stream: bool


@dataclass(slots=True)
class ResponseBody:
    body: bytes
    end_of_stream: bool


@dataclass(slots=True)
class ResponseTrailers:
    pass


@dataclass(slots=True)
class WorkDone:
    """The answer to `Defer`: what the work returned, or the error that it raised."""

    result: object


Event = (
    RequestHeaders
    | RequestBody
    | RequestTrailers
    | ResponseHeaders
    | ResponseBody
    | ResponseTrailers
    | WorkDone
)
