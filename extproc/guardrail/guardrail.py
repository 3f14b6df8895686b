"""The entry to inspection: one policy with its detectors, compiled."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, NamedTuple

from extproc.detectors import catalog
from extproc.detectors.compiler import IN_MEMORY, Compiler
from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner
from extproc.dialects import document as json_document
from extproc.dialects.base import Dialect, StreamReader
from extproc.dialects.codings import Decoder
from extproc.dialects.contents import Body, read_text
from extproc.dialects.walk import Reading
from extproc.guardrail.bodies import find_all, redact_document
from extproc.guardrail.decoded import DecodedStreamGuard
from extproc.guardrail.filters import Context, Scanners
from extproc.guardrail.stream import StreamGuard
from extproc.model.values import Action, Direction, Skipped, Usage, Verdict
from extproc.policy.judge import Judge
from extproc.policy.policy import Policy
from extproc.redaction.operators import Redactor


class Inspection(NamedTuple):
    """What became of one whole body. `body` is None where it may pass as it came."""

    verdict: Verdict
    body: bytes | None
    scanned: int
    skipped: tuple[Skipped, ...] = ()
    usage: Usage | None = None
    calls: tuple[str | int, ...] = ()  # as a Reading's


class Guardrail:
    """A policy made ready. Immutable, so a reload builds another one."""

    def __init__(self, policy: Policy, redactor: Redactor, compiler: Compiler = IN_MEMORY) -> None:
        self.policy = policy
        self._redactor = redactor
        watched = {direction: policy.watched(direction) for direction in Direction}
        holding = policy.holding(Direction.RESPONSE)
        observing = watched[Direction.RESPONSE] - holding
        scanners = _scanners({*watched.values(), holding, observing}, compiler)
        self._whole = {direction: scanners[types] for direction, types in watched.items()}
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

    def enforces(self, direction: Direction) -> bool:
        """Whether a body that cannot be inspected must be refused."""
        return self.policy.on_error(direction) is Action.BLOCK

    def ignores(self, direction: Direction) -> bool:
        """Whether nothing is looked for, and nothing minded that cannot be looked at."""
        return direction in self._idle

    def uninspected(self, usage: Usage | None = None) -> Inspection:
        """What becomes of a body that nobody wants to know of."""
        return Inspection(self._clean, None, 0, usage=usage)

    def inspect_json(
        self, dialect: Dialect, direction: Direction, body: bytes, caller: str
    ) -> Inspection:
        """Inspect a JSON body. Raises BodyError when it cannot be read."""
        requested = direction is Direction.REQUEST
        if direction in self._idle and requested:
            return self.uninspected()
        document = json_document.parse(body)
        if direction in self._idle:
            return self.uninspected(dialect.usage(document))
        reading = dialect.request(document) if requested else dialect.response(document)
        usage = None if requested else dialect.usage(document)
        return self._inspect(direction, caller, document, reading, json_document.write, usage)

    def inspect_text(self, direction: Direction, body: bytes, caller: str) -> Inspection:
        """Inspect a body that is plain text. Raises BodyError when it is not UTF-8."""
        return self.inspect_body(direction, partial(read_text, body), caller)

    def inspect_body(
        self, direction: Direction, read: Callable[[str], Body], caller: str
    ) -> Inspection:
        """Inspect a body of any form; `read` is given the role of its texts.

        Raises BodyError where it cannot be read.
        """
        if direction in self._idle:
            return self.uninspected()
        body = read("user" if direction is Direction.REQUEST else "assistant")
        return self._inspect(direction, caller, body.document, body.reading, body.write)

    def _inspect(
        self,
        direction: Direction,
        caller: str,
        document: Any,
        reading: Reading,
        write: Callable[[Any], bytes],
        usage: Usage | None = None,
    ) -> Inspection:
        scanner, segments = self._whole[direction], reading.segments
        found = find_all(segments, scanner)
        if not (any(found) or reading.skipped) and len(found) == len(segments):  # nearly always
            return Inspection(self._clean, None, len(segments), (), usage, reading.calls)
        judge = Judge(self.policy, direction, caller)
        if reading.skipped:
            judge.refuse(self.policy.unscanned, f"unscanned_{reading.skipped[0].reason}")
        context = Context(Scanners(scanner, None), judge, self._redactor)
        document, changed = redact_document(document, segments, found, context)
        return Inspection(
            verdict=judge.verdict(),
            body=write(document) if changed and not judge.blocked() else None,
            scanned=len(segments),
            skipped=tuple(reading.skipped),
            usage=usage,
            calls=reading.calls,
        )

    def open_stream(
        self, reader: StreamReader, caller: str, max_event: int, codings: tuple[str, ...] = ()
    ) -> StreamGuard:
        """A guard for one streamed response, compressed as `codings` says."""
        judge = Judge(self.policy, Direction.RESPONSE, caller)
        context = Context(self._streamed, judge, self._redactor)
        scanner = self._whole[Direction.RESPONSE]
        if codings:
            decoder = Decoder(codings)
            return DecodedStreamGuard(decoder, reader, context, scanner, self.policy, max_event)
        return StreamGuard(reader, context, scanner, self.policy, max_event)


def _scanners(wanted: set[frozenset[str]], compiler: Compiler) -> dict[frozenset[str], Scanner]:
    """Scanners by what they look for. Compiling them side by side makes for an early start."""
    with ThreadPoolExecutor(len(wanted)) as pool:
        return dict(zip(wanted, pool.map(partial(_scanner, compiler), wanted), strict=True))


@lru_cache(maxsize=16)  # policies often look for the same
def _scanner(compiler: Compiler, types: frozenset[str]) -> Scanner:
    return catalog.scanner(types, compiler)
