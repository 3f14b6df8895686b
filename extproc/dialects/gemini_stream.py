"""Gemini's answers, streamed: each event is an answer that holds the next piece of the whole.

https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from extproc.dialects import document as json_document
from extproc.dialects import json_array
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.framing import Frame, Framing
from extproc.dialects.gemini_documents import error_object, usage
from extproc.dialects.gemini_shapes import RESPONSE, member, spellings
from extproc.dialects.json_array import JsonArray
from extproc.dialects.numbers import stated_index
from extproc.dialects.sse import ServerSentEvents
from extproc.dialects.walk import Reading, is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Path, Refusal, Segment

_ENVELOPE = ("modelVersion", "responseId", "createTime")
_TEXT, _THOUGHT = "text", "thought"


class GeminiStream:
    """Events of a streamed answer. A channel's scope is the index of its candidate.

    Texts and thoughts of a candidate are one text each, wherever among its parts a piece stands:
    that is how clients join them. A string of a function call that comes in pieces is a scope of
    its own, since it may end before its candidate.
    """

    free: tuple[str, ...] = (
        "usageMetadata.candidatesTokenCount",
        "usageMetadata.thoughtsTokenCount",
        "usageMetadata.totalTokenCount",
    )

    def __init__(self, *, is_array: bool) -> None:
        self._is_array = is_array
        self._envelope: dict[str, Any] = {}
        self._call_count = 0
        self._strings: dict[int, dict[Channel, None]] = {}  # of open calls, by candidate
        # What a client knows of the candidates: all but what the last event says, until it passes.
        self._open: dict[int, None] = {}  # ordered set
        self._seen: set[int] = set()
        self._last = StreamEvent()
        self._news: list[tuple[int, bool]] = []  # candidates of the last event; whether they end

    def framing(self, max_event: int) -> Framing:
        if self._is_array:
            return JsonArray(max_event)
        return ServerSentEvents(max_event)

    def read(self, data: bytes) -> StreamEvent:
        self._follow()
        if self._is_array and data == json_array.END:
            return StreamEvent(closes_all=True)
        document = json_document.parse(data)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "an event of the stream is not a JSON object")
        event = StreamEvent(document, usage=usage(document))
        self._news = _candidates(document)
        arguments = self._follow_calls(document)
        self._sort(document, read(document, RESPONSE, role="assistant"), event, arguments)
        event.closed_scopes = (
            *(index for index, ends in self._news if ends),
            *(channel[0] for channel in arguments.closed),
        )
        event.closes_all = "error" in document
        self._note_envelope(document)
        self._last = event
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        if len(channel) == 3:
            _, index, path = channel
            piece = {"jsonPath": path, "stringValue": text, "willContinue": True}
            part: dict[str, Any] = {"functionCall": {"partialArgs": [piece], "willContinue": True}}
        else:
            index, kind = channel
            part = {"text": text, "thought": True} if kind == _THOUGHT else {"text": text}
        candidate = {"index": index, "content": {"role": "model", "parts": [part]}}
        return self._frame([candidate])

    def filtered_end(self) -> list[Frame]:
        if self._last.passed:
            self._follow()
        unfinished = [*self._open] if self._seen else [0]
        if not unfinished:
            return []
        return [self._frame([{"index": index, "finishReason": "SAFETY"} for index in unfinished])]

    def error_end(self, refusal: Refusal) -> list[Frame]:
        return [Frame(json_document.write(error_object(refusal)))]

    def _frame(self, candidates: list[dict[str, Any]]) -> Frame:
        return Frame(json_document.write({"candidates": candidates, **self._envelope}))

    def _sort(
        self,
        document: dict[str, Any],
        reading: Reading,
        event: StreamEvent,
        arguments: "_Arguments",
    ) -> None:
        """Tell the texts of an event that grow from those that are whole."""
        event.whole.skipped = reading.skipped
        for segment in reading.segments:
            channel = arguments.pieces.get(segment.path) or _channel(document, segment)
            if channel is None:
                event.whole.segments.append(segment)
            else:
                event.deltas.append(Delta(channel, segment))

    def _follow_calls(self, document: dict[str, Any]) -> "_Arguments":
        """Note which strings of function calls go on, and which have ended."""
        found = _Arguments({}, [])
        for place, index, call in _calls(document):
            if member(call, "name"):
                found.closed.extend(self._strings.pop(index, {}))
                self._call_count += 1
            strings = self._strings.setdefault(index, {})
            for at, piece in _items(call, "partialArgs"):
                path = member(piece, "jsonPath")
                if not isinstance(path, str):
                    continue
                channel = (f"{index}/{self._call_count}/{path}", index, path)
                for name in ("stringValue", "string_value"):
                    found.pieces[*place, *at, name] = channel
                strings[channel] = None
                if not member(piece, "willContinue"):
                    found.closed.append(channel)
            if not member(call, "willContinue"):
                found.closed.extend(self._strings.pop(index, {}))
        for index, ends in self._news:
            if ends:
                found.closed.extend(self._strings.pop(index, {}))
        return found

    def _note_envelope(self, document: dict[str, Any]) -> None:
        for name in _ENVELOPE:
            value = document.get(name)
            if isinstance(value, str) and is_token(value):
                self._envelope[name] = value

    def _follow(self) -> None:
        """The last event has passed: note which candidates it has begun or ended."""
        for index, ends in self._news:
            self._seen.add(index)
            if ends:
                self._open.pop(index, None)
            else:
                self._open[index] = None
        self._news = []


def _candidates(document: dict[str, Any]) -> list[tuple[int, bool]]:
    """Index of each candidate of an event, and whether it is finished."""
    candidates = document.get("candidates")
    return [
        (stated_index(candidate, position), bool(member(candidate, "finishReason")))
        for position, candidate in enumerate(candidates if isinstance(candidates, list) else [])
    ]


class _Arguments(NamedTuple):
    """Strings of function calls that come in pieces: where each piece stands, and which end."""

    pieces: dict[Path, Channel]
    closed: list[Channel]


def _calls(document: dict[str, Any]) -> Iterator[tuple[Path, int, Any]]:
    """Place, index of the candidate, and function call of each part that is one."""
    for at, candidate in _items(document, "candidates"):
        content = candidate.get("content") if isinstance(candidate, dict) else None
        for part_at, part in _items(content, "parts"):
            for name in ("functionCall", "function_call"):
                if isinstance(part, dict) and name in part:
                    index = stated_index(candidate, int(at[-1]))
                    yield (*at, "content", *part_at, name), index, part[name]


def _items(holder: Any, name: str) -> list[tuple[Path, Any]]:
    """The items of the list of that name in either spelling, with the path to each."""
    found = [
        (each, holder[each])
        for each in spellings(name)
        if isinstance(holder, dict) and each in holder
    ]
    return [
        ((each, at), item)
        for each, items in found
        if isinstance(items, list)
        for at, item in enumerate(items)
    ]


def _channel(document: dict[str, Any], segment: Segment) -> Channel | None:
    """The channel of a text that goes on in later events; None for one that is whole."""
    match segment.path:
        case ("candidates", int(position), "content", "parts", *rest):
            candidate = document["candidates"][position]
        case _:
            return None
    part = candidate["content"]["parts"]
    if rest and isinstance(rest[0], int):
        part, rest = part[rest[0]], rest[1:]
    if rest != ["text"] or segment.format is not Format.TEXT:
        return None
    thought = part.get("thought") or False
    if not isinstance(thought, bool):  # some clients read "no" as false
        raise BodyError("invalid_event", "a part of the stream is neither a thought nor none")
    return (stated_index(candidate, position), _THOUGHT if thought else _TEXT)
