"""What an exchange asks for, in order. As with events, nobody changes a command."""

from collections.abc import Callable
from dataclasses import dataclass

from extproc.exchange.events import BodyMode
from extproc.model.record import Record
from extproc.model.values import Direction

HeaderList = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class ContinueHeaders:
    """Let headers pass, changed; for a response perhaps with another body mode."""

    direction: Direction
    set_headers: HeaderList = ()
    remove_headers: tuple[str, ...] = ()
    body_mode: BodyMode | None = None


@dataclass(slots=True)
class ContinueBody:
    """Let a buffered body, or one streamed chunk, pass. `body` None leaves it as it is."""

    direction: Direction
    body: bytes | None = None
    set_headers: HeaderList = ()
    remove_headers: tuple[str, ...] = ()


@dataclass(slots=True)
class SendBody:
    """Send a piece of a full-duplex response body; `end_of_stream` ends the response."""

    body: bytes
    end_of_stream: bool


@dataclass(slots=True)
class ContinueTrailers:
    direction: Direction


@dataclass(slots=True)
class Reject:
    """Answer the caller at once. Legal until response headers have been let pass."""

    status: int
    set_headers: HeaderList
    body: bytes
    details: str


@dataclass(slots=True)
class Defer:
    """Run `work` where it may take its time, and bring its outcome back as `WorkDone`.

    `is_awaited` says whether Envoy waits for the answer, and not longer than it was told.
    """

    work: Callable[[], object]
    is_awaited: bool = True


@dataclass(frozen=True, slots=True)
class Patient:
    """Work that mostly waits for others, so it must not take the place of work that does not."""

    work: Callable[[], object]

    def __call__(self) -> object:
        return self.work()


@dataclass(slots=True)
class Afterwards:
    """Run `work` when there is time, and put on record what it returns. Nobody waits for it.

    `size` is how many bytes it keeps in memory.
    """

    work: Callable[[], Record | None]
    size: int


@dataclass(slots=True)
class Report:
    """Put on record."""

    record: Record


Command = (
    ContinueHeaders
    | ContinueBody
    | SendBody
    | ContinueTrailers
    | Reject
    | Defer
    | Report
    | Afterwards
)
