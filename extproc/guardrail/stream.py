"""Inspection and redaction of a streamed answer."""

import re
from typing import Any, NamedTuple

from extproc.detectors.scanner import Scanner
from extproc.dialects import document as json_document
from extproc.dialects.base import Channel, Delta, StreamEvent, StreamReader
from extproc.dialects.framing import Frame
from extproc.guardrail.blocks import of_verdict
from extproc.guardrail.bodies import find_all, marked, redact_document, redacted_text
from extproc.guardrail.filters import Context, Filter, RestoringFilter, TextFilter
from extproc.guardrail.json_filter import JsonFilter
from extproc.guardrail.template import Template, is_repeatable, learn, spelling, text_of
from extproc.guardrail.transcript import NOBODY, Aside
from extproc.model.errors import BodyError
from extproc.model.values import (
    Action,
    Direction,
    Format,
    Path,
    Refusal,
    Segment,
    Skipped,
    Usage,
    Verdict,
)
from extproc.policy.policy import Policy

_FIELDS = frozenset({b"", b"event", b"id", b"retry"})
_EVENT_NAME = re.compile(rb"event: ?[a-z][a-z_.-]{0,63}")  # an identifier
_MAX_CHANNELS = 1024  # texts that one stream may hold open
_MAX_CLOSED = 1 << 16  # texts of one stream that have ended
_MAX_UNUSED = 8  # templates in a row that no event was like


class Step(NamedTuple):
    """What goes out for what came in. After `ended` nothing may follow."""

    data: bytes
    ended: bool


class StreamGuard:
    """Turns the bytes of a stream into the bytes that may pass."""

    def __init__(
        self,
        reader: StreamReader,
        context: Context,
        scanner: Scanner,
        policy: Policy,
        max_event: int,
        aside: Aside = NOBODY,
    ) -> None:
        self.transcript, self.waiting = aside
        self._reader = reader
        self._context = context
        self._scanner = scanner
        self._policy = policy
        self._framing = reader.framing(max_event)
        self._refusal: Refusal  # that was told last
        self._filters: dict[Channel, Filter] = {}
        self._closed: set[Channel] = set()
        self._out: list[bytes] = []
        self._template: Template | None = None  # of the last event that was read
        self._unused = 0
        self._is_first = True  # whether no event has passed
        self._unguarded = False
        self._ended = False
        self.events = 0
        self.skipped: list[Skipped] = []
        self._usage: Usage | None = None
        self._alike = b""  # the last event, if it was passed by its form
        self.unreadable = ""  # code of the first event that could not be read

    def verdict(self) -> Verdict:
        """What has been decided so far."""
        for filtered in self._filters.values():
            filtered.look()
        return self._context.judge.verdict()

    def ended(self) -> bool:
        """Whether the stream was ended from here; nothing may follow."""
        return self._ended

    @property
    def usage(self) -> Usage | None:
        """Tokens as the provider has counted them so far."""
        template, data = self._template, self._alike
        if template is None or not data:
            return self._usage
        if template.is_whole:
            [frame] = self._reader.framing(len(data)).feed(data, final=True)
            data = frame.data or b""
        return self._reader.read(data).usage or self._usage

    @property
    def holds_text(self) -> bool:
        """Whether some text waits for more."""
        return any(filtered.waiting for filtered in self._filters.values())

    def abandon(self, refusal: Refusal) -> bytes:
        """The bytes that end the stream in an error; what is held back is dropped."""
        self._out.clear()
        self.unreadable = refusal.code
        self._end(self._reader.error_end(refusal))
        return b"".join(self._out)

    def feed(self, chunk: bytes, refusal: Refusal, *, final: bool = False) -> Step:
        """Take the next bytes of the stream. `refusal` is told if it can be inspected no further.

        With `final` the provider has ended the stream and all that is held back is decided.
        """
        if self.ended():
            return Step(b"", ended=True)
        self._refusal = refusal
        if self._gave_up():
            return Step(chunk, ended=False)
        if final or not self._pass_whole(chunk, refusal):
            for event in self._framing.feed(chunk, final=final):
                self._pass_or_give_up(event, refusal)
        if self._framing.fault is not None and not (self._unguarded or self._ended):
            self._give_up(self._framing.fault, refusal)
        if self._gave_up():
            self._emit(self._framing.rest())
        elif final:
            self._finish(refusal)
        data = b"".join(self._out)
        self._out.clear()
        return Step(data, self._ended)

    def _pass_whole(self, chunk: bytes, refusal: Refusal) -> bool:
        """Pass a chunk that is one event of the known form; tell whether it was."""
        template = self._template
        if template is None or not (template.is_whole and self._framing.is_whole(chunk)):
            return False
        try:
            return self._pass_alike(chunk, chunk, template)
        except BodyError as error:
            self._give_up(error, refusal)
            self._emit(chunk)
            return True

    def _pass_or_give_up(self, event: Frame, refusal: Refusal) -> None:
        if self._ended:
            return
        if not self._unguarded:
            try:
                if not self._pass_known(event):
                    self._pass(event, refusal)
            except BodyError as error:
                self._give_up(error, refusal)
            else:
                return
        self._emit(event.raw)

    def _gave_up(self) -> bool:
        return self._unguarded

    def _finish(self, refusal: Refusal) -> None:
        """The provider has ended the stream: decide all that is held back."""
        try:
            self._flush(list(self._filters))
        except BodyError as error:
            self._give_up(error, refusal)
        if self._context.judge.blocked():
            self._end_filtered([])

    def _pass(self, event: Frame, refusal: Refusal) -> None:
        self.events += 1
        lines = self._inspect_lines(event.lines)
        if self._context.judge.blocked():
            self._end_filtered([])
            return
        if not event.data:
            self._emit(event.raw if lines == event.lines else self._encoded(event, lines))
            return
        if self._usage is not None:
            self._usage = self.usage  # as the last event had it that was not read
        self._template, self._alike = None, b""
        try:
            read = self._reader.read(event.data)
        except BodyError as error:
            self._cannot_read(error, refusal)
            self._emit(event.raw)
            return
        self._inspect_event(event, read, lines)
        self._is_first = False
        may_repeat = is_repeatable(read) and _are_names(event.lines)
        if may_repeat and self._unused < _MAX_UNUSED and not self._ended:
            self._template = learn(event, read, self._reader, self._framing)
            self._unused += 1

    def _pass_known(self, event: Frame) -> bool:
        """Pass an event that differs from the last one read in its text only; tell whether so."""
        template = self._template
        if template is None or event.data is None:
            return False
        if template.is_whole:
            return self._pass_alike(event.raw, event.raw, template)
        known = template.frame
        return (
            event.lines == known.lines
            and event.head == known.head
            and self._pass_alike(event.raw, event.data, template)
        )

    def _pass_alike(self, raw: bytes, data: bytes, template: Template) -> bool:
        """The same for an event of which `data` must be of the form of the template."""
        values = template.split(data)
        spelled = values[template.text_at] if values else b""
        if not values or not spelled:  # readers leave out an empty text
            return False
        filtered = self._filters[template.channel]
        text = spelled.decode("latin-1")  # as it is, if JSON writes it so
        passed = filtered.feed_plain(text)
        if passed is None:
            known = text_of(spelled)
            if known is None:
                return False
            text = known
        self._unused = 0
        self._alike = data
        self.events += 1
        if passed is None:
            passed = filtered.feed(text)
        if self._context.judge.blocked():
            self._end_filtered([(template.channel, passed)])
        elif passed == text:
            self._emit(raw)
        else:
            values[template.text_at] = spelling(passed)
            made, learned = template.write(values), template.frame
            if not template.is_whole:
                made = self._framing.encode(made, learned.lines, learned.head)
            self._emit(made)
        return True

    def _inspect_event(self, event: Frame, read: StreamEvent, lines: tuple[bytes, ...]) -> None:
        self._usage = read.usage or self._usage
        self._account(read)
        document, changed = read.document, False
        closing = self._closing(read)
        passing: list[tuple[Channel, str]] = []
        last = {delta.channel: delta for delta in read.deltas} if closing else {}
        for delta in read.deltas:
            final = delta.channel in closing and delta is last[delta.channel]
            passed = self._filter(delta).feed(delta.segment.text, final=final)
            passing.append((delta.channel, passed))
            if final:
                self._close(delta.channel)
                closing.remove(delta.channel)
            if passed != delta.segment.text:
                document = json_document.replace(document, delta.segment.path, passed)
                changed = True
        self._flush(closing)
        if read.whole.segments and not self._context.judge.blocked():
            # Last, since it may rename members that the paths above lead through.
            document, rewritten = self._redact_whole(document, read)
            changed |= rewritten
        if self._context.judge.blocked():
            self._end_filtered(passing)
            return
        if changed:
            event = event._replace(data=json_document.write(document))
            self._emit(self._encoded(event, lines))
        elif lines != event.lines:
            self._emit(self._encoded(event, lines))
        else:
            self._emit(event.raw)
        read.passed = True

    def _redact_whole(self, document: Any, read: StreamEvent) -> tuple[Any, bool]:
        """Redact the texts that come whole in an event; return its document and whether."""
        segments, stale = read.whole.segments, self._stale_repeats(document, read)
        restoring = self._context.restoring
        if restoring is not None:
            segments = marked(segments, restoring)
        found = find_all(segments, self._scanner)
        more = self.waiting.find_whole(segments, found) if self.waiting is not None else {}
        document, changed = redact_document(document, segments, found, self._context, more, stale)
        if self.transcript is not None:
            self.transcript.add_whole(document, segments)
        if changed and restoring is not None:
            document = restoring.restore_all(document)
        return document, changed

    def _stale_repeats(self, document: Any, read: StreamEvent) -> frozenset[Path]:
        """Where log-probabilities spell out anything but what passes in the same event.

        Beside a whole text they are dropped where it is redacted.
        """
        repeats = [s for s in read.whole.segments if s.format is Format.REPEAT]
        if not repeats or not (self._context.scanners.holding or self.waiting):
            return frozenset()
        whole = {(s.path[:-1], s.text) for s in read.whole.segments if s.format is Format.TEXT}
        sizes = {len(segment.path) - 1 for segment in repeats}
        passing: dict[Path, list[str]] = {}
        for delta in read.deltas:
            path = delta.segment.path
            for size in sizes:
                passing.setdefault(path[:size], []).append(_value_at(document, path))
        return frozenset(
            segment.path
            for segment in repeats
            if (segment.path[:-1], segment.text) not in whole
            and segment.text != "".join(passing.get(segment.path[:-1], ()))
        )

    def _filter(self, delta: Delta) -> Filter:
        found = self._filters.get(delta.channel)
        if delta.channel in self._closed:
            # What it held back has passed by now; more of the same text could complete a match.
            raise BodyError("text_after_end", "the stream goes on with a text that had ended")
        if found is None:
            if len(self._filters) >= _MAX_CHANNELS:
                raise BodyError("too_many_channels", "the stream interleaves too many texts")
            self._check_names(delta)
            kind = JsonFilter if delta.segment.format is Format.JSON else TextFilter
            found = kind(self._context, delta.channel, delta.segment.role)
            if self.waiting is not None:
                found = self.waiting.hold(found, delta.channel, delta.segment)
            if self.transcript is not None:
                found = self.transcript.follow(found, delta.segment.role)
            if self._context.restoring is not None:
                found = RestoringFilter(found, self._context.restoring)
            self._filters[delta.channel] = found
        return found

    def _check_names(self, delta: Delta) -> None:
        """The names on the way to a text are written again by its carrier."""
        for step in delta.channel:
            if isinstance(step, str) and self._redacted(step) != step:
                raise BodyError("unreadable_field", "a field's name must not pass")

    def _redacted(self, text: str) -> str:
        segment = Segment((), text, Format.TEXT, "assistant")
        return redacted_text(text, segment, self._context, self._scanner)

    def _closing(self, read: StreamEvent) -> list[Channel]:
        if not (read.closes_all or read.closed_scopes):
            return []
        touched = dict.fromkeys(delta.channel for delta in read.deltas)
        channels = [*self._filters, *(c for c in touched if c not in self._filters)]
        return [c for c in channels if read.closes_all or c[0] in read.closed_scopes]

    def _flush(self, channels: list[Channel]) -> None:
        """Bring what is held back on `channels` in events of its own."""
        for channel in channels:
            passed = self._filters[channel].feed("", final=True)
            self._close(channel)
            if passed:
                self._add(self._reader.carrier(channel, passed))

    def _close(self, channel: Channel) -> None:
        del self._filters[channel]
        if len(self._closed) >= _MAX_CLOSED:
            raise BodyError("too_many_channels", "the stream interleaves too many texts")
        self._closed.add(channel)

    def _inspect_lines(self, lines: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Comments and fields other than data are rare, and text like any other.

        A line that some client could read as data is left out where text is redacted: one with an
        unknown field, or with a character at which only some parsers end a line.
        """
        if _are_names(lines):
            return lines
        passing = []
        for line in lines:
            text = line.decode("utf-8", "replace")
            redacted = self._redacted(text)
            known = line.partition(b":")[0] in _FIELDS and len(text.splitlines()) == 1
            if known or self._context.scanners.holding is None:
                passing.append(line if redacted == text else redacted.encode())
        return tuple(passing)

    def _account(self, read: StreamEvent) -> None:
        for skipped in read.whole.skipped:
            if len(self.skipped) < _MAX_CHANNELS:
                self.skipped.append(skipped)
            self._context.judge.refuse(self._policy.unscanned, f"unscanned_{skipped.reason}")

    def _end_filtered(self, passing: list[tuple[Channel, str]]) -> None:
        """End a blocked answer as its API does; of its last event only `passing` text goes out."""
        for channel, text in passing:
            if text:
                self._add(self._reader.carrier(channel, text))
        end = self._reader.filtered_end()
        if end is None:
            told = self._refusal
            refused = of_verdict(self.verdict(), Direction.RESPONSE, told.request_id, told.calls)
            end = self._reader.error_end(refused)
        self._end(end)

    def _cannot_read(self, error: BodyError, refusal: Refusal) -> None:
        """Refuse the rest of the stream, or let it pass on record where the policy says so."""
        self.unreadable = self.unreadable or error.code
        if self._policy.on_error(Direction.RESPONSE) is Action.BLOCK:
            self._end(self._reader.error_end(refusal))

    def _give_up(self, error: BodyError, refusal: Refusal) -> None:
        """The stream cannot be followed any further: refuse its rest, or let all of it pass."""
        self._cannot_read(error, refusal)
        self._unguarded = True
        for channel, held in self._filters.items():
            if held.waiting:
                self._add(self._reader.carrier(channel, held.rest))
        self._filters.clear()

    def _end(self, events: list[Frame]) -> None:
        for event in events:
            self._add(event)
        self._emit(self._framing.close())
        self._ended = True

    def _encoded(self, event: Frame, lines: tuple[bytes, ...]) -> bytes:
        return self._framing.encode(event.data, lines, event.head, first=self._is_first)

    def _add(self, event: Frame) -> None:
        """Bring an event that the provider did not send."""
        if self._out:  # what came last may be unfinished
            self._emit(self._framing.between(self._out[-1]))
        self._emit(self._encoded(event, event.lines))
        self._is_first = False

    def _emit(self, data: bytes) -> None:
        if data and not self.ended():
            self._out.append(data)


def _are_names(lines: tuple[bytes, ...]) -> bool:
    """Whether lines say no more than what kind of event it is."""
    return all(_EVENT_NAME.fullmatch(line) for line in lines)


def _value_at(document: Any, path: Path) -> str:
    for step in path:
        document = document[step]
    return str(document)
