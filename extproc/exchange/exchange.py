"""The state machine of one exchange."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from extproc.dialects import registry
from extproc.dialects.base import Dialect
from extproc.exchange import refusals
from extproc.exchange.commands import (
    Afterwards,
    Command,
    ContinueBody,
    ContinueHeaders,
    ContinueTrailers,
    Defer,
    HeaderList,
    Patient,
    Reject,
    Report,
    SendBody,
)
from extproc.exchange.events import (
    BodyMode,
    Event,
    FilterContract,
    Headers,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    WorkDone,
)
from extproc.exchange.headers import (
    Kind,
    caller_credential,
    check_readable,
    codings,
    content_length,
    is_upgrade,
    kind,
    media_type,
    safe_name,
)
from extproc.exchange.inspector import inspect
from extproc.exchange.state import Limits, State
from extproc.guardrail.blocks import is_failure, of_verdict
from extproc.guardrail.guardrail import Guardrail, Inspection
from extproc.guardrail.selection import Guardrails
from extproc.guardrail.slow import Failed, Late
from extproc.guardrail.stream import Step, StreamGuard
from extproc.model.errors import BodyError, ContractError, ProtocolError
from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Direction, Refusal, Skipped, Usage, Verdict
from extproc.redaction.pseudonyms import Pseudonyms

_WANTED = FilterContract(BodyMode.BUFFERED, BodyMode.BUFFERED)

_LET_REQUEST_HEADERS_PASS = ContinueHeaders(
    Direction.REQUEST,
    remove_headers=("accept-encoding",),  # providers shall answer in the clear
)

# Where nobody looks at an exchange, Envoy need not send it.
_LET_EXCHANGE_PASS = ContinueHeaders(Direction.REQUEST, body_mode=BodyMode.NONE)

_UPGRADE = BodyError(
    "unscanned_websocket", "an upgraded connection cannot be inspected; use the API over HTTP"
)
_UNKNOWN_API = BodyError(
    "unknown_api",
    "this API is not known and the policy refuses unknown ones; call a known API, or have the "
    "policy say unknownApis: scan or allow",
)

_NO_HEADERS: Headers = {}
_NO_DIALECT: Dialect = registry.find("", "")
_WITH_BODY = ("POST", "PUT", "PATCH")
_CODED = ("content-encoding",)  # what is written anew is never compressed
_TOO_LARGE = ("body_too_large", "decompression_bomb")

_NO_REFUSAL = refusals.of_stream("")

# By the actions of request and response: the worst of them.
_VERDICT_MARKS = {
    (one, two): ("x-extproc-verdict", max(one, two, key=lambda action: action.severity).value)
    for one in Action
    for two in Action
}


class Exchange:
    """Give it events in order; perform the commands that it returns, in order.

    `new_request_id` is called at most once, where Envoy sent no x-request-id.
    Raises ProtocolError for an event that the protocol does not allow now.
    """

    def __init__(
        self,
        guardrails: Guardrail | Guardrails,
        limits: Limits,
        new_request_id: Callable[[], str],
    ) -> None:
        self._guardrails = guardrails
        self._guardrail = guardrails.select(_NO_HEADERS)
        self._limits = limits
        self._new_request_id = new_request_id
        self._state = State.START
        self._dialect = _NO_DIALECT
        self._request_headers: Headers = {}
        self._response_headers: Headers = {}
        self._request_id = ""
        self._caller = ""
        self._customer_id = ""
        self._pseudonyms: Pseudonyms | None = None
        self._calls: tuple[str | int, ...] = ()
        self._request_action = Action.ALLOW
        self._lane = "inline"
        self._bytes = 0
        self._guard: StreamGuard | None = None
        self._stream_refusal = _NO_REFUSAL
        self._unread: BodyError | None = None  # why both sides pass as they are
        self._is_trailed = False  # whether a stream that waits has ended in trailers
        self._is_coded = False  # whether the response is a compressed stream
        self._reported = False
        self._in_turn = False  # whether the response began after the request was dealt with
        self.over = False
        """Whether Envoy has been told all, and has nothing more to tell."""
        self._piece = ResponseBody(b"", end_of_stream=False)  # of a stream, while work is out

    @property
    def state(self) -> State:
        return self._state

    @property
    def holds_text(self) -> bool:
        """Whether text of the open stream waits for more."""
        return self._guard is not None and self._guard.holds_text

    def receive(self, event: Event) -> list[Command]:
        """Take the next event."""
        handler = self._TRANSITIONS.get((self._state, type(event)))
        if handler is None:
            name = type(event).__name__
            raise ProtocolError(f"{name} is not legal in state {self._state.name}")
        return handler(self, event)

    def cancel(self) -> list[Command]:
        """The other side went away; put on record what was decided so far."""
        commands = self._stream_report() if self._guard is not None else []
        self._state = State.DONE
        return commands

    def fail(self) -> list[Command]:
        """Something went wrong inside: end an open full-duplex stream in an error of its API.

        In every other state there is nothing to say; the transport ends the exchange.
        """
        if self._state is not State.STREAM:
            return []
        data = self._open_guard().abandon(self._stream_refusal)
        return [SendBody(data, end_of_stream=True), *self._finish_stream()]

    # Request

    def _on_request_headers(self, event: RequestHeaders) -> list[Command]:
        headers = event.headers
        self._request_headers = headers
        self._guardrail = self._guardrails.select(headers)
        self._request_id = safe_name(headers, "x-request-id") or self._new_request_id()
        self._customer_id = safe_name(headers, self._limits.customer_header)
        tenant = self._customer_id or caller_credential(headers)
        self._caller = tenant or self._request_id
        self._pseudonyms = self._guardrail.pseudonyms(tenant)
        method = headers.get(":method", "")
        self._dialect = registry.find(
            method, headers.get(":path", ""), headers.get(":authority", "")
        )
        if event.contract is not None and event.contract != _WANTED:
            raise ContractError(
                "the ext_proc filter must be configured with request_body_mode and "
                "response_body_mode BUFFERED; see envoy/README.md"
            )
        unusual = event.end_of_stream or "upgrade" in headers
        if unusual or self._dialect.name == registry.FALLBACK:
            error = self._fault_of_headers(event)
            if error is not None:
                return self._unreadable(Direction.REQUEST, error, 0)
        self._state = State.RESPONSE_HEADERS if event.end_of_stream else State.REQUEST_BODY
        return [_LET_REQUEST_HEADERS_PASS]

    def _fault_of_headers(self, event: RequestHeaders) -> BodyError | None:
        """Why a request cannot be inspected, or shall not be, as far as its headers tell."""
        headers, name = event.headers, self._dialect.name
        if is_upgrade(headers):
            return _UPGRADE
        if name == registry.FALLBACK:
            unknown = self._guardrail.policy.unknown_apis
            if unknown == "allow" or (unknown == "block" and not event.end_of_stream):
                return _UNKNOWN_API
        needs_json = name not in registry.ANY_CONTENT
        if event.end_of_stream and needs_json and headers.get(":method") in _WITH_BODY:
            return BodyError("empty_body", "the body is empty; send a JSON document")
        return None

    def _on_request_body(self, event: RequestBody) -> list[Command]:
        return self._inspect(Direction.REQUEST, self._request_headers, event.body)

    def _on_request_trailers(self, _event: RequestTrailers) -> list[Command]:
        return [ContinueTrailers(Direction.REQUEST)]

    # Response

    def _on_response_headers(self, event: ResponseHeaders) -> list[Command]:
        self._response_headers = event.headers
        self._request_id = self._request_id or self._new_request_id()
        marks = self._marks()
        in_turn = self._state is State.RESPONSE_HEADERS
        if event.end_of_stream:
            self._state = State.DONE
            self.over = in_turn
            return [ContinueHeaders(Direction.RESPONSE, (*marks, self._verdict_mark()))]
        if self._unread is not None:
            return self._unreadable(Direction.RESPONSE, self._unread, 0)
        try:
            guard = self._stream_guard(event.headers)
        except BodyError as error:
            return self._unreadable(Direction.RESPONSE, error, 0)
        if guard is not None:
            return self._open_stream(guard, marks)
        self._state = State.RESPONSE_BODY
        self._in_turn = in_turn
        return [ContinueHeaders(Direction.RESPONSE, marks, body_mode=BodyMode.BUFFERED)]

    def _stream_guard(self, headers: Headers) -> StreamGuard | None:
        """A guard where the response is a stream. Raises BodyError where it cannot be inspected."""
        coded = codings(headers) if "content-encoding" in headers else ()
        check_readable(headers)
        reader = self._dialect.stream(media_type(headers))
        if reader is not None:
            self._is_coded = bool(coded)
            return self._guardrail.open_stream(
                reader, self._caller, self._limits.max_event, coded, self._pseudonyms
            )
        body_kind = kind(headers)
        # What an API that is known says line by line may be pieces of one text.
        is_known = self._dialect.name not in registry.ANY_CONTENT
        if body_kind is Kind.EVENTS or (body_kind is Kind.LINES and is_known):
            raise BodyError("unscanned_stream", "streams of this API cannot be inspected yet")
        if body_kind in (Kind.OTHER, Kind.FORM) and not self._may_be_readable(headers):
            raise BodyError("unscanned_content", "the answer is of a kind that cannot be inspected")
        if content_length(headers) > self._limits.max_body:
            raise BodyError("body_too_large", "the answer is larger than allowed")
        return None

    def _may_be_readable(self, headers: Headers) -> bool:
        """Whether to look at an answer that is not declared as something that can be inspected."""
        if self._guardrail.ignores(Direction.RESPONSE) and not self._pseudonyms:
            return False
        if media_type(headers) == "application/octet-stream":  # some say so of errors in JSON
            return self._dialect.name != registry.FALLBACK
        return self._dialect.name == registry.FILES

    def _open_stream(self, guard: StreamGuard, marks: HeaderList) -> list[Command]:
        limits = self._limits
        self._guard = guard
        self._stream_refusal = refusals.of_stream(self._request_id, self._calls)
        self._lane = "stream"
        self._bytes = 0
        full_duplex = limits.stream_mode is BodyMode.FULL_DUPLEX_STREAMED
        self._state = State.STREAM if full_duplex else State.CHUNKS
        headers = (*marks, self._verdict_mark())
        # What passes may be shorter or longer than what the provider announced, and is decoded.
        removed = ("content-length", *_CODED) if self._is_coded else ("content-length",)
        return [ContinueHeaders(Direction.RESPONSE, headers, removed, limits.stream_mode)]

    def _on_stream_body(self, event: ResponseBody) -> list[Command]:
        step = self._feed(event)
        if step is None:
            self._state = State.STREAM_WORK
            return [Defer(self._piece_work(), is_awaited=False)]
        return self._after_stream_body(event, step)

    def _on_chunk(self, event: ResponseBody) -> list[Command]:
        step = self._feed(event)
        if step is None:
            self._state = State.CHUNK_WORK
            return [Defer(self._piece_work())]
        return self._after_chunk(event, step)

    def _feed(self, event: ResponseBody) -> Step | None:
        """Guard a piece of a stream. None for a large one, to be guarded elsewhere."""
        guard, size = self._open_guard(), len(event.body)
        self._bytes += size
        if size > self._limits.inline_body or self._is_coded or guard.waiting is not None:
            self._piece = event
            return None
        return guard.feed(event.body, self._stream_refusal, final=event.end_of_stream)

    def _piece_work(self) -> Callable[[], object]:
        piece, guard = self._piece, self._open_guard()
        work = partial(guard.feed, piece.body, self._stream_refusal, final=piece.end_of_stream)
        return work if guard.waiting is None else Patient(work)

    def _on_stream_work(self, event: WorkDone) -> list[Command]:
        self._state = State.STREAM
        if self._is_trailed:
            return self._after_stream_trailers(_step(event))
        return self._after_stream_body(self._piece, _step(event))

    def _on_chunk_work(self, event: WorkDone) -> list[Command]:
        self._state = State.CHUNKS
        return self._after_chunk(self._piece, _step(event))

    def _after_stream_body(self, event: ResponseBody, step: Step) -> list[Command]:
        """Full duplex: any number of answers; ending early also stops the provider."""
        data, ended = step
        if ended or event.end_of_stream:
            return [SendBody(data, end_of_stream=True), *self._finish_stream()]
        return [SendBody(data, end_of_stream=False)] if data else []

    def _after_chunk(self, event: ResponseBody, step: Step) -> list[Command]:
        """Streamed: exactly one answer; after a block the rest is emptied."""
        body = None if step.data == event.body else step.data
        commands: list[Command] = [ContinueBody(Direction.RESPONSE, body)]
        if step.ended or event.end_of_stream:
            commands += self._stream_report()
        if event.end_of_stream:
            self._state = State.DONE
        return commands

    def _on_stream_trailers(self, _event: ResponseTrailers) -> list[Command]:
        guard = self._open_guard()
        if guard.ended():
            return []
        self._piece = ResponseBody(b"", end_of_stream=True)
        work = self._piece_work()
        if guard.waiting is not None:
            self._is_trailed = True
            self._state = State.STREAM_WORK
            return [Defer(work, is_awaited=False)]
        return self._after_stream_trailers(_step(WorkDone(work())))

    def _after_stream_trailers(self, step: Step) -> list[Command]:
        commands: list[Command] = []
        if step.data or step.ended:
            commands.append(SendBody(step.data, end_of_stream=step.ended))
        if not step.ended:
            commands.append(ContinueTrailers(Direction.RESPONSE))
        return commands + self._finish_stream()

    def _on_response_trailers(self, _event: ResponseTrailers) -> list[Command]:
        return [ContinueTrailers(Direction.RESPONSE)]

    def _on_response_body(self, event: ResponseBody) -> list[Command]:
        self._in_turn = self._in_turn and event.end_of_stream  # else trailers are to come
        return self._inspect(Direction.RESPONSE, self._response_headers, event.body)

    def _ignore_rest(self, _event: ResponseBody) -> list[Command]:
        """After an early end Envoy may still deliver what was under way; it goes nowhere."""
        return []

    # Inspection of a whole body, at once or deferred

    def _inspect(self, direction: Direction, headers: Headers, body: bytes) -> list[Command]:
        self._bytes = len(body)
        self._lane = "inline"
        work = partial(
            inspect,
            self._guardrail,
            self._dialect,
            direction,
            headers,
            body,
            self._caller,
            self._limits.max_body,
            self._pseudonyms,
        )
        if len(body) > self._limits.inline_body or "content-encoding" in headers:
            self._lane = "deferred"
            return [self._defer(direction, Defer(work))]
        try:
            return self._inspected(direction, work())
        except BodyError as error:
            return self._unreadable(direction, error, len(body))

    def _defer(self, direction: Direction, command: Defer) -> Defer:
        requested = direction is Direction.REQUEST
        self._state = State.REQUEST_WORK if requested else State.RESPONSE_WORK
        return command

    def _on_request_work(self, event: WorkDone) -> list[Command]:
        return self._on_work(Direction.REQUEST, event)

    def _on_response_work(self, event: WorkDone) -> list[Command]:
        return self._on_work(Direction.RESPONSE, event)

    def _on_work(self, direction: Direction, event: WorkDone) -> list[Command]:
        match event.result:
            case Inspection() as inspection:
                return self._inspected(direction, inspection)
            case BodyError() as error:
                return self._unreadable(direction, error, self._bytes)
            case BaseException() as error:
                raise error
        raise ProtocolError(f"deferred work returned {type(event.result).__name__}")

    def _inspected(self, direction: Direction, inspection: Inspection) -> list[Command]:
        if inspection.waits is not None:
            # Envoy can be asked for more time once.
            command = Defer(Patient(inspection.waits), is_awaited=self._lane == "inline")
            self._lane = "waiting"
            return [self._defer(direction, command)]
        verdict = inspection.verdict
        self._calls = self._calls or inspection.calls
        refusal = None
        if verdict.action is Action.BLOCK:
            refusal = of_verdict(verdict, direction, self._request_id, self._calls)
        outcome = _outcome(verdict, inspection.failed)
        record = self._record(
            direction,
            outcome,
            verdict=verdict,
            reason=verdict.reason if outcome is Outcome.JUDGED else _missed(inspection.failed)[0],
            scanned=inspection.scanned,
            skipped=inspection.skipped,
            usage=inspection.usage,
            status=0 if refusal is None else refusal.http_status,
        )
        report: list[Command] = [Report(record)]
        if refusal is not None:
            return [self._reject(refusal), *report]
        if inspection.later is not None:
            report.append(Afterwards(partial(_late, inspection.later, record), self._bytes))
        if direction is Direction.REQUEST:
            self._request_action = verdict.action
            self._state = State.RESPONSE_HEADERS
            marks: HeaderList = ()
        else:
            self._state = State.DONE
            self.over = self._in_turn
            marks = (self._verdict_mark(verdict.action),)
        if inspection.body is not None:
            marks += (("content-length", str(len(inspection.body))),)
            return [ContinueBody(direction, inspection.body, marks, _CODED), *report]
        return [ContinueBody(direction, None, marks), *report]

    # What cannot be inspected

    def _unreadable(self, direction: Direction, error: BodyError, size: int) -> list[Command]:
        """Refuse what an enforcing policy cannot see, or let it pass and say so on record."""
        self._bytes = size
        requested = direction is Direction.REQUEST
        if self._must_refuse(direction, error):
            refusal = refusals.of_body(error, direction, self._request_id, self._calls)
            record = self._record(
                direction, Outcome.REFUSED, reason=error.code, status=refusal.http_status
            )
            return [self._reject(refusal), Report(record)]
        report = Report(self._record(direction, Outcome.FAIL_OPEN, reason=error.code))
        if requested and self._state is State.START:
            self._state = State.RESPONSE_HEADERS
            if error in (_UPGRADE, _UNKNOWN_API):
                self._unread = error
                return [_LET_EXCHANGE_PASS, report]
            return [_LET_REQUEST_HEADERS_PASS, report]
        if requested:
            self._state = State.RESPONSE_HEADERS
            return [ContinueBody(direction), report]
        if self._state in (State.RESPONSE_BODY, State.RESPONSE_WORK):
            self._state = State.DONE
            return [ContinueBody(direction, set_headers=(self._verdict_mark(),)), report]
        self._state = State.DONE
        marks = (*self._marks(), self._verdict_mark())
        return [ContinueHeaders(direction, marks, body_mode=BodyMode.NONE), report]

    def _must_refuse(self, direction: Direction, error: BodyError) -> bool:
        policy, enforces = self._guardrail.policy, self._guardrail.enforces
        if error is _UNKNOWN_API:
            return policy.unknown_apis == "block"
        if error is _UPGRADE:
            return policy.unscanned is not Action.ALLOW or any(map(enforces, Direction))
        if error.code in _TOO_LARGE and direction is Direction.REQUEST:
            return True
        return enforces(direction)

    # Parts of answers

    def _reject(self, refusal: Refusal) -> Reject:
        self._state = State.DONE
        headers = (
            ("content-type", "application/json"),
            *self._marks(),
            self._verdict_mark(Action.BLOCK),
        )
        return Reject(refusal.http_status, headers, self._dialect.error(refusal), refusal.code)

    def _marks(self) -> HeaderList:
        return (
            ("x-extproc-request-id", self._request_id),
            ("x-extproc-policy", self._guardrail.policy.name),
        )

    def _verdict_mark(self, response: Action = Action.ALLOW) -> tuple[str, str]:
        return _VERDICT_MARKS[self._request_action, response]

    def _open_guard(self) -> StreamGuard:
        if self._guard is None:
            raise ProtocolError("no stream is open")
        return self._guard

    def _finish_stream(self) -> list[Command]:
        self._state = State.DONE
        return self._stream_report()

    def _stream_report(self) -> list[Command]:
        """The record of the stream, once."""
        if self._reported:
            return []
        self._reported = True
        guard = self._open_guard()
        outcome, reason = Outcome.JUDGED, guard.verdict().reason
        if guard.unreadable:
            refused = self._guardrail.enforces(Direction.RESPONSE) or guard.ended()
            outcome = Outcome.REFUSED if refused else Outcome.FAIL_OPEN
        elif guard.waiting is not None:
            failed = tuple(guard.waiting.failed)
            outcome = _outcome(guard.verdict(), failed)
            reason = reason if outcome is Outcome.JUDGED else _missed(failed)[0]
        record = self._record(
            Direction.RESPONSE,
            outcome,
            verdict=guard.verdict(),
            reason=guard.unreadable or reason,
            scanned=guard.events,
            skipped=tuple(guard.skipped),
            usage=guard.usage,
        )
        later = self._guardrail.after_stream(guard, self._caller)
        if later is None:
            return [Report(record)]
        return [Report(record), Afterwards(partial(_late, later, record), self._bytes)]

    def _record(
        self,
        direction: Direction,
        outcome: Outcome,
        *,
        verdict: Verdict | None = None,
        reason: str = "",
        status: int = 0,
        scanned: int = 0,
        skipped: tuple[Skipped, ...] = (),
        usage: Usage | None = None,
    ) -> Record:
        return Record(
            request_id=self._request_id,
            direction=direction,
            dialect=self._dialect.name,
            outcome=outcome,
            policy=self._guardrail.policy.name,
            customer_id=self._guardrail.on_record(self._customer_id),
            lane=self._lane,
            body_bytes=self._bytes,
            verdict=verdict,
            reason=reason,
            status=status,
            scanned=scanned,
            skipped=skipped,
            usage=usage,
            stepped_back=() if verdict is None else self._guardrail.policy.note(verdict),
        )

    # What may follow what. Anything else is a ProtocolError, and nothing passes. A response may
    # begin early: Envoy answers by itself where a limit, a timeout or a route says so.
    _TRANSITIONS: ClassVar[dict[tuple[State, type[Event]], Callable[..., list[Command]]]] = {
        (State.START, RequestHeaders): _on_request_headers,
        (State.START, ResponseHeaders): _on_response_headers,
        (State.REQUEST_BODY, RequestBody): _on_request_body,
        (State.REQUEST_BODY, RequestTrailers): _on_request_trailers,
        (State.REQUEST_BODY, ResponseHeaders): _on_response_headers,
        (State.REQUEST_WORK, WorkDone): _on_request_work,
        (State.RESPONSE_HEADERS, RequestTrailers): _on_request_trailers,
        (State.RESPONSE_HEADERS, ResponseHeaders): _on_response_headers,
        (State.RESPONSE_BODY, ResponseBody): _on_response_body,
        (State.RESPONSE_BODY, ResponseTrailers): _on_response_trailers,
        (State.RESPONSE_WORK, WorkDone): _on_response_work,
        (State.STREAM, ResponseBody): _on_stream_body,
        (State.STREAM_WORK, WorkDone): _on_stream_work,
        (State.CHUNK_WORK, WorkDone): _on_chunk_work,
        (State.STREAM, ResponseTrailers): _on_stream_trailers,
        (State.CHUNKS, ResponseBody): _on_chunk,
        (State.CHUNKS, ResponseTrailers): _on_response_trailers,
        (State.DONE, ResponseBody): _ignore_rest,
        (State.DONE, RequestTrailers): _on_request_trailers,
        (State.DONE, ResponseTrailers): _on_response_trailers,
    }


def _outcome(verdict: Verdict, failed: tuple[Failed, ...]) -> Outcome:
    """Whether slow detectors that a rule waited for have failed, and the body passed or not."""
    if not _missed(failed):
        return Outcome.JUDGED
    if verdict.action is not Action.BLOCK:
        return Outcome.FAIL_OPEN
    return Outcome.REFUSED if is_failure(verdict) else Outcome.JUDGED


def _missed(failed: tuple[Failed, ...]) -> list[str]:
    """Why rules that would have acted could not be asked; of one that observes a metric tells."""
    return [each.reason for each in failed if each.action is not None]


def _late(later: Callable[[], Late | None], record: Record) -> Record | None:
    """The second record of a body: what became known after it had passed."""
    late = later()
    if late is None:
        return None
    missed = _missed(late.failed)
    if not (missed or late.verdict.judged or late.verdict.shadowed):
        return None
    return replace(
        record,
        outcome=Outcome.FAIL_OPEN if missed else Outcome.JUDGED,
        lane="afterwards",
        verdict=late.verdict,
        reason=missed[0] if missed else "",
        scanned=late.texts,
        skipped=(),
        usage=None,
    )


def _step(event: WorkDone) -> Step:
    match event.result:
        case Step() as step:
            return step
        case BaseException() as error:
            raise error
    raise ProtocolError(f"deferred work returned {type(event.result).__name__}")
