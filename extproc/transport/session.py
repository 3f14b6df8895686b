"""One ext_proc stream without its wire: messages in, messages out, records to telemetry.

Shared by every transport. Synchronous; work that must wait is handed out and taken back.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError

from extproc.exchange.commands import Command, Defer, Report
from extproc.exchange.events import (
    Event,
    RequestHeaders,
    ResponseHeaders,
    WorkDone,
)
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import ContractError, ProtocolError
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
from extproc.transport.pb import external_processor_pb2 as pb

T = TypeVar("T")

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
PROCESS = f"/{SERVICE}/Process"

# Above the largest body, so that a body that is somewhat too large gets its 413 and not a 503.
_MESSAGE_OVERHEAD = 64 << 20

_STREAMS = (State.STREAM, State.CHUNKS)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Service:
    """What every stream of a processor shares. `guardrail` gives the one in force now."""

    guardrail: Callable[[], Guardrail]
    limits: Limits
    telemetry: Telemetry
    new_request_id: Callable[[], str]
    max_streams: int = 4096
    open_streams: int = 0

    @property
    def max_message(self) -> int:
        """Bytes of the largest message that is read."""
        return self.limits.max_body + _MESSAGE_OVERHEAD

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
        self._held_since = 0.0
        self._work: Work | None = None
        service.telemetry.exchange_opened()

    def receive(self, message: bytes) -> Reply:
        """Take a ProcessingRequest of Envoy."""
        return self._safely(self._receive, message)

    def resume(self, result: object) -> Reply:
        """Take the outcome of work: its result, or the exception that it raised."""
        return self._safely(self._resume, result)

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

    def _safely(self, action: Callable[[T], list[bytes]], argument: T) -> Reply:
        try:
            messages = action(argument)
        except ContractError as error:
            self._telemetry.filter_contract(str(error))
            return self._refused(error)
        except ProtocolError as error:
            return self._refused(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass
            self._telemetry.error("internal")
            _log.error("exchange failed", extra={"reason": type(error).__name__})
            status = Status(INTERNAL, "internal error; nothing was let pass")
            return Reply(self._perform(self._exchange.fail()), status=status)
        if self._work is None:
            return Reply(messages, None, OK if self._exchange.over else None)
        work, self._work = self._work, None
        return Reply(messages, work)

    def _refused(self, error: ProtocolError) -> Reply:
        self._telemetry.error("protocol")
        _log.error("exchange refused", extra={"reason": str(error)})
        return Reply([], status=Status(FAILED_PRECONDITION, str(error)))

    def _resume(self, result: object) -> list[bytes]:
        return self._perform(self._exchange.receive(WorkDone(result)))

    def _receive(self, message: bytes) -> list[bytes]:
        event = _event(message)
        now = time.perf_counter()
        if not self._streaming:
            self._started = now
        elif self._held_since:
            self._telemetry.holdback.observe(now - self._held_since)
        messages = self._perform(self._exchange.receive(event))
        if isinstance(event, RequestHeaders):
            if event.contract is not None:
                self._telemetry.filter_contract("")
        elif isinstance(event, ResponseHeaders) and self._exchange.state in _STREAMS:
            self._streaming = True
            self._telemetry.stream_opened()
        if self._streaming:
            self._held_since = now if self._exchange.holds_text else 0.0
        return messages

    def _perform(self, commands: list[Command]) -> list[bytes]:
        messages: list[bytes] = []
        for command in commands:
            if isinstance(command, Report):
                self._telemetry.observe(command.record, time.perf_counter() - self._started)
            elif isinstance(command, Defer):
                self._work = command.work
                if command.is_awaited:
                    messages.append(MORE_TIME)
            else:
                messages.append(to_bytes(command))
        return messages


def _event(message: bytes) -> Event:
    try:
        return to_event(pb.ProcessingRequest.FromString(message))
    except DecodeError:
        raise ProtocolError("a message that is no ProcessingRequest") from None
