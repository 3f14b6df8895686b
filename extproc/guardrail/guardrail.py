"""The entry to inspection: one policy with its detectors, compiled."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import lru_cache, partial
from typing import NamedTuple

from extproc.detectors import catalog
from extproc.detectors.compiler import IN_MEMORY, Compiler
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner
from extproc.detectors.slow import Text
from extproc.dialects import document as json_document
from extproc.dialects.base import Dialect, StreamReader
from extproc.dialects.codings import Decoder
from extproc.dialects.contents import Body, read_text
from extproc.guardrail.bodies import find_all, marked, redact_document
from extproc.guardrail.decoded import DecodedStreamGuard
from extproc.guardrail.entities import recognizer_of
from extproc.guardrail.filters import Context, Scanners
from extproc.guardrail.held import Waiting
from extproc.guardrail.slow import (
    NOTHING,
    SILENCE,
    Asking,
    Failed,
    Heard,
    Late,
    Plan,
    Slow,
    preview,
)
from extproc.guardrail.stream import StreamGuard
from extproc.guardrail.supervised import Supervised
from extproc.guardrail.transcript import Aside, Transcript
from extproc.model.values import (
    Action,
    Direction,
    Finding,
    History,
    Segment,
    Skipped,
    Usage,
    Verdict,
)
from extproc.policy.judge import Judge
from extproc.policy.policy import Policy
from extproc.redaction.operators import Redactor
from extproc.redaction.pseudonyms import Pseudonyms
from extproc.redaction.styles import STYLES

Look = Callable[[], list[Text] | None]
"""The texts of a body as they would pass; None where nothing passes."""


class Inspection(NamedTuple):
    """What became of one whole body. `body` is None where it may pass as it came."""

    verdict: Verdict
    body: bytes | None
    scanned: int
    skipped: tuple[Skipped, ...] = ()
    usage: Usage | None = None
    calls: tuple[str | int, ...] = ()  # as a Reading's
    failed: tuple[Failed, ...] = ()  # slow detectors that it has waited for
    later: Callable[[], Late | None] | None = None
    """What others may still find out, to be called where it may take its time."""
    waits: "Callable[[], Inspection] | None" = None
    """Waits for detectors and says what becomes of the body; until then nothing passes."""

    def finished(self) -> "Inspection":
        """The same after waiting, if anything is waited for."""
        return self.waits() if self.waits is not None else self


class Guardrail:
    """A policy made ready. Immutable, so a reload builds another one.

    `shared` are types that others look for too: what is compiled for them serves all.
    """

    def __init__(
        self,
        policy: Policy,
        redactor: Redactor,
        compiler: Compiler = IN_MEMORY,
        slow: Iterable[Supervised] = (),
        shared: frozenset[str] = frozenset(),
    ) -> None:
        self.policy = policy
        detectors = tuple(slow)
        self._slow = Slow(policy, detectors) if detectors else None
        self._redactor = redactor
        self._gives_pseudonyms = any(
            active.rule.action is Action.REDACT and active.rule.redaction in STYLES
            for each in (policy, *policy.also)
            for active in each.rules
        )
        watched = {direction: policy.watched(direction) for direction in Direction}
        own = tuple(map(recognizer_of, policy.entities))
        known = {*catalog.TYPES, *(recognizer.type for recognizer in own)}
        fast = {direction: types.intersection(known) for direction, types in watched.items()}
        holding = policy.holding(Direction.RESPONSE).intersection(known)
        observing = fast[Direction.RESPONSE] - holding
        wanted = {*fast.values(), holding, observing}
        scanners = (
            {types: _scanner(compiler, shared, own).of(types) for types in wanted}
            if shared
            else _scanners(wanted, compiler, own)
        )
        self._whole = {direction: scanners[types] for direction, types in fast.items()}
        self._clean = Verdict(Action.ALLOW, 0.0, policy.name)
        # Where a policy looks for nothing, and minds nothing that cannot be looked at.
        self._idle = frozenset(
            direction
            for direction, types in watched.items()
            if not types and policy.unscanned is Action.ALLOW
        )
        self._streamed = Scanners(
            scanners[holding] if holding else None, scanners[observing] if observing else None
        )
        for scanner in filter(None, self._streamed):
            scanner.find_until_unfinished(NormalText(""))  # works out what the first one needs

    @property
    def fast(self) -> "Guardrail":
        """The same without slow detectors."""
        alone = copy(self)
        alone._slow = None  # noqa: SLF001 - one of its own kind
        return alone

    def select(self, _headers: Mapping[str, str]) -> "Guardrail":
        """Itself, whatever the request: one policy holds for all."""
        return self

    def pseudonyms(self, tenant: str) -> Pseudonyms | None:
        """Those of one exchange, to be given to its request and to its answer; None for none."""
        return self._redactor.pseudonyms(tenant) if self._gives_pseudonyms else None

    def enforces(self, direction: Direction) -> bool:
        """Whether a body that cannot be inspected must be refused."""
        return self.policy.on_error(direction) is Action.BLOCK

    def ignores(self, direction: Direction) -> bool:
        """Whether nothing is looked for, and nothing minded that cannot be looked at."""
        return direction in self._idle

    def on_record(self, customer_id: str) -> str:
        """A customer as logs may name it."""
        if not (self.policy.anonymize_audit and customer_id):
            return customer_id
        return self._redactor.replacement("hash", "customer", customer_id)

    def uninspected(self, usage: Usage | None = None) -> Inspection:
        """What becomes of a body that nobody wants to know of."""
        return Inspection(self._clean, None, 0, usage=usage)

    def inspect_json(
        self,
        dialect: Dialect,
        direction: Direction,
        body: bytes,
        caller: str,
        pseudonyms: Pseudonyms | None = None,
    ) -> Inspection:
        """Inspect a JSON body. Raises BodyError when it cannot be read."""
        requested = direction is Direction.REQUEST
        is_idle = direction in self._idle and not pseudonyms
        if is_idle and requested:
            return self.uninspected()
        document = json_document.parse(body)
        if is_idle:
            return self.uninspected(dialect.usage(document))
        reading = dialect.request(document) if requested else dialect.response(document)
        usage = None if requested else dialect.usage(document)
        body_read = Body(document, reading, json_document.write)
        return self._inspect(direction, caller, body_read, pseudonyms, usage)

    def inspect_text(self, direction: Direction, body: bytes, caller: str) -> Inspection:
        """Inspect a body that is plain text. Raises BodyError when it is not UTF-8."""
        return self.inspect_body(direction, partial(read_text, body), caller)

    def inspect_body(
        self,
        direction: Direction,
        read: Callable[[str], Body],
        caller: str,
        pseudonyms: Pseudonyms | None = None,
    ) -> Inspection:
        """Inspect a body of any form; `read` is given the role of its texts.

        Raises BodyError where it cannot be read.
        """
        if direction in self._idle and not pseudonyms:
            return self.uninspected()
        body = read("user" if direction is Direction.REQUEST else "assistant")
        return self._inspect(direction, caller, body, pseudonyms)

    def _inspect(
        self,
        direction: Direction,
        caller: str,
        body: Body,
        pseudonyms: Pseudonyms | None,
        usage: Usage | None = None,
    ) -> Inspection:
        document, reading, write = body
        scanner, segments = self._whole[direction], reading.segments
        is_answer = direction is Direction.RESPONSE
        restoring = pseudonyms if is_answer and pseudonyms else None
        if restoring is not None:
            segments = marked(segments, restoring)
        found = find_all(segments, scanner)
        plan = self._plan(direction, caller)
        is_clean = not (any(found) or reading.skipped) and len(found) == len(segments)
        if is_clean and plan is NOTHING and restoring is None:  # nearly always
            return Inspection(self._clean, None, len(segments), (), usage, reading.calls)
        look = partial(
            self._preview, direction, caller, segments, found, reading.history, restoring
        )

        def finish(heard: Heard) -> Inspection:
            judge = Judge(self.policy, direction, caller, reading.history)
            if reading.skipped:
                judge.refuse(self.policy.unscanned, f"unscanned_{reading.skipped[0].reason}")
            context = self._context(Scanners(scanner, None), judge, pseudonyms, is_answer=is_answer)
            if not is_answer and context.pseudonyms is not None:
                context.pseudonyms.begin([segment.text for segment in segments])
            judged, changed = redact_document(document, segments, found, context, heard.findings)
            if changed and restoring is not None:
                judged = restoring.restore_all(judged)
            for failed in heard.failed:
                judge.refuse(failed.action or Action.ALLOW, failed.reason)
            blocked, later = judge.blocked(), None
            if plan.observing and not blocked:
                later = partial(self._observe, plan.observing, look, direction, caller)
            return Inspection(
                verdict=judge.verdict(),
                body=write(judged) if changed and not blocked else None,
                scanned=len(segments),
                skipped=tuple(reading.skipped),
                usage=usage,
                calls=reading.calls,
                failed=heard.failed,
                later=later,
            )

        return self._hear(plan.awaited, look, direction, caller, finish)

    def _context(
        self,
        scanners: Scanners,
        judge: Judge,
        pseudonyms: Pseudonyms | None,
        *,
        is_answer: bool,
    ) -> Context:
        if pseudonyms is None:
            pseudonyms = self.pseudonyms("")  # of a body that is no part of an exchange
        return Context(scanners, judge, self._redactor, pseudonyms, is_answer)

    def _plan(self, direction: Direction, caller: str) -> Plan:
        return self._slow.plan(direction, caller) if self._slow is not None else NOTHING

    def _preview(
        self,
        direction: Direction,
        caller: str,
        segments: list[Segment],
        found: list[list[Finding]],
        history: History,
        restoring: Pseudonyms | None,
    ) -> list[Text] | None:
        scanners = Scanners(self._whole[direction], None)
        judge = Judge(self.policy, direction, caller, history)
        is_answer = direction is Direction.RESPONSE
        context = Context(scanners, judge, self._redactor, restoring, is_answer)
        return preview(segments, found, context)

    def _hear(
        self,
        askings: Sequence[Asking],
        look: Look,
        direction: Direction,
        caller: str,
        finish: Callable[[Heard], Inspection],
    ) -> Inspection:
        """What becomes of a body with what detectors say of it, at once if they know it already."""
        slow, texts = self._slow, look() if askings else None
        if slow is None or texts is None:
            return finish(SILENCE)
        questions = slow.ask(askings, texts, direction)

        def wait() -> Inspection:
            return finish(slow.hear(questions, texts, caller))

        if all(question.asked.done() for question in questions):
            return wait()
        return Inspection(Verdict(Action.BLOCK, 0.0, self.policy.name), None, 0, waits=wait)

    def _observe(
        self, askings: Sequence[Asking], look: Look, direction: Direction, caller: str
    ) -> Late | None:
        texts = look()
        if texts is None or self._slow is None:
            return None
        return self._slow.observe(askings, texts, direction, caller)

    def after_stream(self, guard: StreamGuard, caller: str) -> Callable[[], Late | None] | None:
        """What slow detectors find out of a stream that has ended, as `later` of an inspection."""
        plan, transcript = self._plan(Direction.RESPONSE, caller), guard.transcript
        if plan is NOTHING or transcript is None:
            return None
        return partial(self._observe, plan.observing, transcript.texts, Direction.RESPONSE, caller)

    def open_stream(
        self,
        reader: StreamReader,
        caller: str,
        max_event: int,
        codings: tuple[str, ...] = (),
        pseudonyms: Pseudonyms | None = None,
    ) -> StreamGuard:
        """A guard for one streamed response, compressed as `codings` says."""
        judge = Judge(self.policy, Direction.RESPONSE, caller)
        context = self._context(self._streamed, judge, pseudonyms, is_answer=True)
        scanner = self._whole[Direction.RESPONSE]
        plan, waiting = self._plan(Direction.RESPONSE, caller), None
        if plan.awaited and self._slow is not None:
            waiting = Waiting(self._slow, plan.awaited, caller, context)
        aside = Aside(Transcript() if plan.observing else None, waiting)
        if codings:
            decoder = Decoder(codings)
            return DecodedStreamGuard(
                decoder, reader, context, scanner, self.policy, max_event, aside
            )
        return StreamGuard(reader, context, scanner, self.policy, max_event, aside)


def _scanners(
    wanted: set[frozenset[str]], compiler: Compiler, own: tuple[Recognizer, ...]
) -> dict[frozenset[str], Scanner]:
    """Scanners by what they look for. Compiling them side by side makes for an early start."""
    with ThreadPoolExecutor(len(wanted)) as pool:
        made = pool.map(lambda types: _scanner(compiler, types, own), wanted)
        return dict(zip(wanted, made, strict=True))


@lru_cache(maxsize=16)  # policies often look for the same
def _scanner(compiler: Compiler, types: frozenset[str], own: tuple[Recognizer, ...]) -> Scanner:
    return catalog.scanner(types, compiler, own)
