"""One ext_proc stream without its wire: messages in, messages out, records to telemetry.

Shared by every transport. Synchronous; work that must wait is handed out and taken back.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from extproc.exchange.commands import Command, Defer, Report
from extproc.exchange.events import (
    Event,
    RequestHeaders,
    ResponseBody,
    ResponseHeaders,
    WorkDone,
)
from extproc.exchange.exchange import Exchange
from extproc.exchange.state import Limits, State
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import ContractError, ProtocolError
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.convert import to_event, to_message
from extproc.transport.pb import external_processor_pb2 as pb

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"

Work = Callable[[], object]

# google.rpc.Code
_FAILED_PRECONDITION = 9
_INTERNAL = 13

_STREAMS = (State.STREAM, State.CHUNKS)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """What every stream of a processor shares. `guardrail` gives the one in force now."""

    guardrail: Callable[[], Guardrail]
    limits: Limits
    telemetry: Telemetry
    new_request_id: Callable[[], str]


class Failure(NamedTuple):
    """Why a stream ends in an error: a number of google.rpc.Code, and a text without content."""

    code: int
    message: str


class Outcome(NamedTuple):
    """What a message leads to: answers in order, then work to run and resume with, or the end."""

    messages: list[pb.ProcessingResponse]
    work: Work | None = None
    failure: Failure | None = None


class Session:
    """Drives one exchange. It raises nothing: whatever goes wrong is an outcome, and ends it."""

    def __init__(self, service: Service) -> None:
        self._telemetry = service.telemetry
        self._exchange = Exchange(service.guardrail(), service.limits, service.new_request_id)
        self._started = 0.0
        self._streaming = False
        self._held_since = 0.0
        self._work: Work | None = None
        service.telemetry.exchanges_open.inc()

    def receive(self, message: pb.ProcessingRequest) -> Outcome:
        """Take a message of Envoy."""
        return self._safely(lambda: self._receive(to_event(message)))

    def resume(self, result: object) -> Outcome:
        """Take the outcome of work: its result, or the exception that it raised."""
        return self._safely(lambda: self._perform(self._exchange.receive(WorkDone(result))))

    def close(self) -> None:
        """The stream is over; whatever was decided goes on record."""
        self._telemetry.exchanges_open.dec()
        if self._streaming:
            self._telemetry.streams_open.dec()
        self._perform(self._exchange.cancel())

    def _safely(self, action: Callable[[], list[pb.ProcessingResponse]]) -> Outcome:
        try:
            messages = action()
        except ContractError as error:
            self._telemetry.filter_contract(str(error))
            return self._refused(error)
        except ProtocolError as error:
            return self._refused(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass
            self._telemetry.error("internal")
            _log.error("exchange failed", extra={"reason": type(error).__name__})
            failure = Failure(_INTERNAL, "internal error; nothing was let pass")
            return Outcome(self._perform(self._exchange.fail()), failure=failure)
        work, self._work = self._work, None
        return Outcome(messages, work)

    def _refused(self, error: ProtocolError) -> Outcome:
        self._telemetry.error("protocol")
        _log.error("exchange refused", extra={"reason": str(error)})
        return Outcome([], failure=Failure(_FAILED_PRECONDITION, str(error)))

    def _receive(self, event: Event) -> list[pb.ProcessingResponse]:
        now = time.perf_counter()
        if self._streaming and isinstance(event, ResponseBody):
            if self._held_since:
                self._telemetry.holdback.observe(now - self._held_since)
        else:
            self._started = now
        messages = self._perform(self._exchange.receive(event))
        if isinstance(event, RequestHeaders) and event.contract is not None:
            self._telemetry.filter_contract("")
        if isinstance(event, ResponseHeaders) and self._exchange.state in _STREAMS:
            self._streaming = True
            self._telemetry.streams_open.inc()
        if self._streaming:
            self._held_since = now if self._exchange.holds_text else 0.0
        return messages

    def _perform(self, commands: list[Command]) -> list[pb.ProcessingResponse]:
        messages: list[pb.ProcessingResponse] = []
        for command in commands:
            if isinstance(command, Report):
                self._telemetry.observe(command.record, time.perf_counter() - self._started)
            elif isinstance(command, Defer):
                self._work = command.work
            else:
                messages.append(to_message(command))
        return messages
