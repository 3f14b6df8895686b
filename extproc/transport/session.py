"""One ext_proc stream without its wire: messages in, messages out, records to telemetry.

Shared by every transport. Synchronous; work that must wait is handed out and taken back.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from extproc.exchange.commands import Afterwards, Command, Defer, Report
from extproc.exchange.events import RequestHeaders, ResponseHeaders, WorkDone
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.selection import Guardrails
from extproc.model.errors import ContractError, ProtocolError
from extproc.model.record import Record
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.call import (
    FAILED_PRECONDITION,
    INTERNAL,
    OK,
    RESOURCE_EXHAUSTED,
    Reply,
    Status,
    Work,
)
from extproc.transport.convert import MORE_TIME, to_bytes, to_event

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
PROCESS = f"/{SERVICE}/Process"

# Above the largest body, so that a body that is somewhat too large gets its 413 and not a 503.
_MESSAGE_OVERHEAD = 64 << 20

_STREAMS = (State.STREAM, State.CHUNKS)

# How long text is held back is measured at the first of so many pieces, since all would cost more
# than a tenth of what a piece costs.
_HELD_BACK_EVERY = 8

_log = logging.getLogger(__name__)


class Background(Protocol):
    """Runs what nobody waits for."""

    def later(self, work: Callable[[], Record | None], size: int) -> None:
        """Run `work`, which keeps `size` bytes, and put what it returns on record."""


@dataclass(slots=True)
class Service:
    """What every stream of a processor shares. `guardrail` gives the one in force now."""

    guardrail: Callable[[], Guardrail | Guardrails]
    limits: Limits
    telemetry: Telemetry
    new_request_id: Callable[[], str]
    max_streams: int = 4096
    background: Background | None = None  # needed where a policy has slow detectors
    open_streams: int = 0

    @property
    def max_message(self) -> int:
        """Bytes of the largest message that is read."""
        return self.limits.max_body + _MESSAGE_OVERHEAD

    def later(self, command: Afterwards) -> None:
        """Have it done when there is time; at once where nobody does that."""
        if self.background is not None:
            self.background.later(command.work, command.size)
        elif (record := command.work()) is not None:
            self.telemetry.observe_late(record)

    def open(self) -> "Session | Status":
        """A session, or why there is none: Envoy then acts as if the processor were down."""
        if self.open_streams >= self.max_streams:
            return Status(RESOURCE_EXHAUSTED, "too many exchanges at once")
        return Session(self)


class Session:
    """Drives one exchange, as a `Call`. Whatever goes wrong is a status, and ends it."""

    def __init__(self, service: Service) -> None:
        service.open_streams += 1
        self._service = service
        self._telemetry = service.telemetry
        self._exchange = Exchange(service.guardrail(), service.limits, service.new_request_id)
        self._started = 0.0
        self._streaming = False
        self._pieces = 0  # of a stream
        self._held_since = 0.0
        service.telemetry.exchange_opened()

    def receive(self, message: bytes) -> Reply:
        """Take a ProcessingRequest of Envoy."""
        try:
            event = to_event(message)
            now = time.perf_counter()
            if not self._streaming:
                self._started = now
            elif self._held_since:
                self._telemetry.holdback.observe(now - self._held_since)
                self._held_since = 0.0
            reply = self._perform(self._exchange.receive(event))
            if isinstance(event, RequestHeaders):
                if event.contract is not None and self._telemetry.contract_problem:
                    self._telemetry.filter_contract("")
            elif isinstance(event, ResponseHeaders) and self._exchange.state in _STREAMS:
                self._streaming = True
                self._telemetry.stream_opened()
            if self._streaming:
                self._pieces += 1
                if self._pieces % _HELD_BACK_EVERY == 1 and self._exchange.holds_text:
                    self._held_since = now
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass
            return self._failed(error)
        return reply

    def resume(self, result: object) -> Reply:
        """Take the outcome of work: its result, or the exception that it raised."""
        try:
            return self._perform(self._exchange.receive(WorkDone(result)))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass
            return self._failed(error)

    def half_close(self) -> Reply:
        """Envoy has no more to say."""
        return Reply([], status=OK)

    def close(self) -> None:
        """The stream is over; whatever was decided goes on record."""
        self._service.open_streams -= 1
        if self._streaming:
            self._telemetry.stream_closed()
        self._perform(self._exchange.cancel())
        self._telemetry.exchange_closed()

    def _perform(self, commands: list[Command]) -> Reply:
        messages: list[bytes] = []
        work: Work | None = None
        for command in commands:
            if isinstance(command, Report):
                self._telemetry.observe(command.record, time.perf_counter() - self._started)
            elif isinstance(command, Afterwards):
                self._service.later(command)
            elif isinstance(command, Defer):
                work = command.work
                if command.is_awaited:
                    messages.append(MORE_TIME)
            else:
                messages.append(to_bytes(command))
        return Reply(messages, work, OK if self._exchange.over else None)

    def _failed(self, error: Exception) -> Reply:
        if isinstance(error, ProtocolError):
            if isinstance(error, ContractError):
                self._telemetry.filter_contract(str(error))
            self._telemetry.error("protocol")
            _log.error("exchange refused", extra={"reason": str(error)})
            return Reply([], status=Status(FAILED_PRECONDITION, str(error)))
        self._telemetry.error("internal")
        _log.error("exchange failed", extra={"reason": type(error).__name__})
        said = self._perform(self._exchange.fail()).messages
        return Reply(said, status=Status(INTERNAL, "internal error; nothing was let pass"))
