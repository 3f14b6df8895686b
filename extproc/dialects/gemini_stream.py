"""Gemini's answers, streamed: each event is an answer that holds the next piece of the whole.

https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
"""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects import json_array
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.framing import Frame, Framing
from extproc.dialects.gemini_documents import RESPONSE, error_object, member, usage
from extproc.dialects.json_array import JsonArray
from extproc.dialects.numbers import stated_index
from extproc.dialects.sse import ServerSentEvents
from extproc.dialects.walk import Reading, is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Refusal, Segment

_ENVELOPE = ("modelVersion", "responseId", "createTime")
_TEXT, _THOUGHT, _ARGUMENT = "text", "thought", "argument"


class GeminiStream:
    """Events of a streamed answer. A channel's scope is the index of its candidate.

    Texts and thoughts of a candidate are one text each, wherever among its parts a piece stands:
    that is how clients join them. So is each string of a function call that comes in pieces.
    """

    free: tuple[str, ...] = ()

    def __init__(self, *, is_array: bool) -> None:
        self._is_array = is_array
        self._envelope: dict[str, Any] = {}
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
        self._sort(document, read(document, RESPONSE, role="assistant"), event)
        self._news = _candidates(document)
        event.closed_scopes = tuple(index for index, ends in self._news if ends)
        event.closes_all = "error" in document
        self._note_envelope(document)
        self._last = event
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        index, kind, *path = channel
        part: dict[str, Any] = {"text": text}
        if kind == _THOUGHT:
            part["thought"] = True
        elif kind == _ARGUMENT:
            piece = {"jsonPath": path[0], "stringValue": text, "willContinue": True}
            part = {"functionCall": {"partialArgs": [piece], "willContinue": True}}
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

    def _sort(self, document: dict[str, Any], reading: Reading, event: StreamEvent) -> None:
        """Tell the texts of an event that grow from those that are whole."""
        event.whole.skipped = reading.skipped
        for segment in reading.segments:
            channel = _channel(document, segment)
            if channel is None:
                event.whole.segments.append(segment)
            else:
                event.deltas.append(Delta(channel, segment))

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


def _channel(document: dict[str, Any], segment: Segment) -> Channel | None:
    """The channel of a text that goes on in later events; None for one that is whole."""
    match segment.path:
        case ("candidates", int(position), "content", "parts", *rest):
            candidate = document["candidates"][position]
        case _:
            return None
    if segment.format is not Format.TEXT:
        return None
    part = candidate["content"]["parts"]
    if rest and isinstance(rest[0], int):
        part, rest = part[rest[0]], rest[1:]
    index = stated_index(candidate, position)
    match rest:
        case ["text"]:
            return (index, _THOUGHT if part.get("thought") else _TEXT)
        case [("functionCall" | "function_call"), ("partialArgs" | "partial_args"), *steps, name]:
            piece = _at(part, [*rest[:2], *steps])
            path = member(piece, "jsonPath")
            if name in ("stringValue", "string_value") and isinstance(path, str):
                return (index, _ARGUMENT, path)
    return None


def _at(value: Any, path: list[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value
