"""Streams in which every event holds the next piece of its texts, each in a member of its own.

So do the APIs of many models and of Ollama; what they say besides differs, and is a `Form`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.framing import Frame, Framing
from extproc.dialects.numbers import stated_index
from extproc.dialects.walk import Shape, is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Path, Refusal, Segment, Usage

_UNFINISHED = (None, False, "", "null")


@dataclass(frozen=True, slots=True)
class Form:
    """One API's way of saying it.

    `whole` names members whose text does not go on, or the paths of some, and `finish` those that
    say that an answer, or an item of it, has ended. `kept` names identifiers that an added event
    must have too, and `more` is what else it has. `filtered` is the event of an end by a filter, by
    the member of the text that was cut.
    """

    shape: Shape
    framing: Callable[[int], Framing]
    error: Callable[[Refusal], Frame]
    usage: Callable[[Any], Usage | None]
    whole: frozenset[str | Path]
    finish: frozenset[str]
    kept: frozenset[str]
    filtered: dict[str, dict[str, Any]]
    more: dict[str, Any] = field(default_factory=dict)
    free: tuple[str, ...] = ()


class PieceStream:
    """A reader for streams of a form. A channel's scope is the index of its item, else 0."""

    def __init__(self, form: Form) -> None:
        self.free = form.free
        self._form = form
        self._envelope: dict[str, Any] = {}
        self._member = ""  # of the text that came last
        self._holders: dict[Channel, list[dict[str, Any]]] = {}
        self._last = StreamEvent()
        self._ended = False  # for the client, once the last event has passed

    def framing(self, max_event: int) -> Framing:
        return self._form.framing(max_event)

    def read(self, data: bytes) -> StreamEvent:
        document = json_document.parse(data)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "an event of the stream is not a JSON object")
        event = StreamEvent(document, usage=self._form.usage(document))
        reading = read(document, self._form.shape, role="assistant")
        event.whole.skipped = reading.skipped
        for segment in reading.segments:
            if self._grows(segment):
                event.deltas.append(Delta(self._channel(document, segment.path), segment))
            else:
                event.whole.segments.append(segment)
        self._follow(document, event)
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        holders = self._holders[channel]
        value: Any = text
        for step, beside in zip(reversed(channel[1:]), reversed(holders), strict=True):
            value = {**beside, step: value} if isinstance(step, str) else [value]
        return Frame(json_document.write({**value, **self._form.more}))

    def filtered_end(self) -> list[Frame]:
        if self._ended or (self._last.passed and self._last.closes_all):
            return []
        forms = self._form.filtered
        end = forms.get(self._member) or next(iter(forms.values()))
        return [Frame(json_document.write({**self._envelope, **end}))]

    def error_end(self, refusal: Refusal) -> list[Frame]:
        return [self._form.error(refusal)]

    def _grows(self, segment: Segment) -> bool:
        whole, path = self._form.whole, segment.path
        grows = path not in whole and whole.isdisjoint(path)
        return grows and segment.format in (Format.TEXT, Format.JSON)

    def _channel(self, document: dict[str, Any], path: Path) -> Channel:
        """Name the channel of the text at `path`, by the indexes that the events state."""
        names: list[str | int] = []
        holders = []
        holder: Any = document
        for step in path:
            holders.append(self._identifiers(holder))
            holder = holder[step]
            names.append(stated_index(holder, step) if isinstance(step, int) else step)
        scope = next((name for name in names if isinstance(name, int)), 0)
        channel = (scope, *names)
        self._member = str(path[0])
        self._holders.setdefault(channel, holders)
        return channel

    def _identifiers(self, holder: Any) -> dict[str, Any]:
        if not isinstance(holder, dict):
            return {}
        return {
            name: value
            for name in self._form.kept
            if isinstance(value := holder.get(name), int)
            or (isinstance(value, str) and is_token(value))
        }

    def _follow(self, document: dict[str, Any], event: StreamEvent) -> None:
        """Note what identifies the answer, and what this event ends."""
        self._ended = self._ended or self._last.closes_all
        self._last = event
        self._envelope = self._identifiers(document)
        if self._finishes(document):
            event.closes_all = True
            return
        scopes: list[str | int] = []
        for items in document.values():
            if isinstance(items, list):
                scopes += (
                    stated_index(item, place)
                    for place, item in enumerate(items)
                    if isinstance(item, dict) and self._finishes(item)
                )
        event.closed_scopes = tuple(scopes)

    def _finishes(self, holder: dict[str, Any]) -> bool:
        return any(holder.get(name) not in _UNFINISHED for name in self._form.finish)
