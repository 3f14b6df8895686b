"""One gRPC call as its transport sees it: messages in, replies out, as bytes."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

Work = Callable[[], object]


class Status(NamedTuple):
    """How a call ends: a number of google.rpc.Code, and a text without content."""

    code: int
    message: str = ""


OK = Status(0)

# google.rpc.Code
NOT_FOUND = 5
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
UNIMPLEMENTED = 12
INTERNAL = 13


class Reply(NamedTuple):
    """What a call does next: messages in order, then work to wait for, or the end."""

    messages: list[bytes]
    work: Work | None = None
    status: Status | None = None


class Call(Protocol):
    """A call under way. Its methods raise nothing."""

    def receive(self, message: bytes) -> Reply:
        """Take a message of the client. Not called while work is out."""

    def resume(self, result: object) -> Reply:
        """Take the outcome of work: its result, or the exception that it raised."""

    def half_close(self) -> Reply:
        """The client sends no more messages."""

    def close(self) -> None:
        """The call is over, for whatever reason. Called once, last."""
