"""Streams of OpenAI Responses.

https://platform.openai.com/docs/api-reference/responses-streaming. Every event says what it is by
its `type`; a text grows in events whose type ends in `.delta`, and ends with one in `.done`.
"""

from typing import Any, NamedTuple

from extproc.dialects import document as json_document
from extproc.dialects.base import Channel, Delta, StreamEvent
from extproc.dialects.framing import Frame
from extproc.dialects.numbers import is_count, stated_index
from extproc.dialects.openai_chat import error_object
from extproc.dialects.responses_shapes import RESPONSE, event_shape
from extproc.dialects.sse import ServerSentEvents
from extproc.dialects.walk import TOKEN, is_token, read
from extproc.model.errors import BodyError
from extproc.model.values import Format, Path, Refusal, Usage

_DONE = b"[DONE]"  # some compatible providers end their streams so
_DELTA = ".delta"
_ENDS = frozenset(
    {
        "response.completed",
        "response.incomplete",
        "response.failed",
        "response.cancelled",
        "error",
    }
)
_ENDS_OF_MEDIA = frozenset(
    {
        "image_edit.completed",
        "image_generation.completed",
        "speech.audio.done",
        "transcript.text.done",
    }
)
# Parts and items may be added with the beginning of what grows later.
_BEGINNINGS: dict[tuple[str | int, ...], str] = {
    ("part", "output_text", "text"): "response.output_text.delta",
    ("part", "refusal", "refusal"): "response.refusal.delta",
    ("part", "reasoning_text", "text"): "response.reasoning_text.delta",
    ("part", "summary_text", "text"): "response.reasoning_summary_text.delta",
    ("item", "function_call", "arguments"): "response.function_call_arguments.delta",
    ("item", "mcp_call", "arguments"): "response.mcp_call_arguments.delta",
    ("item", "custom_tool_call", "input"): "response.custom_tool_call_input.delta",
    ("item", "code_interpreter_call", "code"): "response.code_interpreter_call_code.delta",
}
# What clients expect of a response, where its first event did not say.
_EMPTY: dict[str, Any] = {
    "id": "",
    "object": "response",
    "created_at": 0,
    "model": "",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": None,
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "usage": None,
}
_REPEATED = 1 << 18  # bytes of finished items that a filtered end says again
_LATE = 1_000_000  # more than any number of an event that may pass unread (see template.py)


class _Brought(NamedTuple):
    """What an event brings if it passes: a beginning or an end, a finished item and its size."""

    begins: bool = False
    ends: bool = False
    item: Any = None
    size: int = 0


_NOTHING = _Brought()


class ResponsesStream:
    """Events of a streamed response.

    A channel is its scope: the output item, the part of it, and the kind of text. Clients join
    texts by the position of their item, so that is how they are told apart here; what an event
    does not state is 0, as for the transcript of a spoken answer.

    An additional event has a number between that of the event before it and the next, both
    included, so that a client which goes on from there misses nothing that the provider said. An
    end has a number beyond all that came before; it says the items again that were finished.
    """

    free: tuple[str, ...] = ("sequence_number", "obfuscation")

    def __init__(self) -> None:
        self._envelope: dict[str, Any] = {}
        self._begun = False  # whether clients have seen the response
        self._finished: list[Any] = []  # items that have passed
        self._size = 0  # of the events that brought them, in bytes
        self._ended = False  # and its end
        self._last = _NOTHING  # of what came last, and may yet be cut
        self._open: dict[str, None] = {}  # ordered set of scopes
        self._skeletons: dict[Channel, dict[str, Any]] = {}
        self._number = _LATE  # of an additional event

    def framing(self, max_event: int) -> ServerSentEvents:
        return ServerSentEvents(max_event)

    def read(self, data: bytes) -> StreamEvent:
        self._pass_last()
        if data.strip() == _DONE:
            return StreamEvent(closes_all=True)
        document = json_document.parse(data)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "an event of the stream is not a JSON object")
        kind = document.get("type")
        kind = kind if isinstance(kind, str) and is_token(kind) else ""
        response = document.get("response")
        event = StreamEvent(document, usage=usage_of(response) or usage_of(document))
        reading = read(document, event_shape(kind), role="assistant")
        event.whole.skipped = reading.skipped
        for segment in reading.segments:
            grown = _grown(document, kind, segment.path)
            if grown and segment.format in (Format.TEXT, Format.JSON):
                event.deltas.append(Delta(self._channel(document, grown), segment))
            else:
                event.whole.segments.append(segment)
        event.closes_all = kind in _ENDS
        event.closed_scopes = self._closed(document, kind)
        if event.closes_all or event.closed_scopes:
            self._number = max(_number(document) - 1, 0)
        else:
            self._number = _LATE
        self._follow(document, kind, len(data))
        return event

    def carrier(self, channel: Channel, text: str) -> Frame:
        skeleton = self._skeletons[channel]
        number = {"sequence_number": self._number} if "sequence_number" in skeleton else {}
        return _named({**skeleton, **number, "delta": text})

    def filtered_end(self) -> list[Frame] | None:
        if self._ended:
            return []
        begin = {**_EMPTY, **self._envelope, "status": "in_progress", "output": []}
        end = {
            **begin,
            "status": "incomplete",
            "incomplete_details": {"reason": "content_filter"},
            "output": self._finished,
        }
        kinds = [("response.incomplete", end)]
        if not self._begun:
            kinds.insert(0, ("response.created", begin))
        return [
            _named({"type": kind, "sequence_number": _LATE + number, "response": response})
            for number, (kind, response) in enumerate(kinds)
        ]

    def error_end(self, refusal: Refusal) -> list[Frame]:
        """The error as it is documented, and as OpenAI sends it, which is what its SDK raises."""
        error = error_object(refusal)["error"]
        stated = {name: error[name] for name in ("code", "message", "param")}
        event = {"type": "error", "sequence_number": _LATE, **stated, "error": error}
        return [_named(event)]

    def _channel(self, document: dict[str, Any], kind: str) -> Channel:
        """Name the channel of a text that goes on in events of type `kind`."""
        scope = _prefix(document, kind) + kind.removesuffix(_DELTA) + "/"
        item = document.get("item")
        stated = {"item_id": item.get("id") if isinstance(item, dict) else None, **document}
        skeleton = {
            "type": kind,
            **{
                name: stated[name]
                for name in _PLACE
                if stated.get(name) is not None and _is_token(stated[name])
            },
        }
        if kind == "response.output_text.delta":
            skeleton["logprobs"] = []
        self._open[scope] = None
        self._skeletons.setdefault((scope,), skeleton)
        return (scope,)

    def _closed(self, document: dict[str, Any], kind: str) -> tuple[str, ...]:
        """The scopes that an event ends."""
        stem = kind.removesuffix(".done")
        if stem == kind:
            return ()
        if stem == "response.output_item":
            prefix = f"{stated_index(document, 0, 'output_index')}/"
        else:
            prefix = _prefix(document, kind)
            prefix += "" if stem.endswith("_part") else f"{stem}/"
        closed = tuple(scope for scope in self._open if scope.startswith(prefix))
        for scope in closed:
            del self._open[scope]
        return closed

    def _follow(self, document: dict[str, Any], kind: str, size: int) -> None:
        """Note what an end would say again, for when this event has passed."""
        response = document.get("response")
        if isinstance(response, dict):
            self._envelope = {
                name: value
                for name, value in response.items()
                if RESPONSE.get(name) is TOKEN and _is_token(value)
            }
        # Of the item there is no copy: what is redacted in it is gone when it has passed.
        item = document.get("item") if kind == "response.output_item.done" else None
        ends = kind in _ENDS or kind in _ENDS_OF_MEDIA
        self._last = _Brought(isinstance(response, dict), ends, item, size)

    def _pass_last(self) -> None:
        """Another event follows, so the last one has passed."""
        begins, ends, item, size = self._last
        self._begun |= begins
        self._ended |= ends
        if item is not None and self._size + size <= _REPEATED:
            self._finished.append(item)
            self._size += size
        self._last = _NOTHING


class TypedStream(ResponsesStream):
    """Events of the same form, of APIs that have no word for an end by a filter.

    So images, speech and transcripts are streamed.
    """

    def filtered_end(self) -> list[Frame] | None:
        return [] if self._ended else None


_PLACE = ("sequence_number", "item_id", "output_index", "content_index", "summary_index")


def _prefix(document: dict[str, Any], kind: str) -> str:
    """The beginning of all scopes of one part of an item."""
    name = "summary_index" if "summary" in kind else "content_index"
    output = stated_index(document, 0, "output_index")
    return f"{output}/{name}/{stated_index(document, 0, name)}/"


def _grown(document: dict[str, Any], kind: str, path: Path) -> str:
    """The type of the events in which the text at `path` goes on; "" where it is whole."""
    if path == ("delta",):
        return kind if kind.endswith(_DELTA) else ""
    if len(path) != len(("part", "text")) or not kind.endswith(".added"):
        return ""
    holder = document[str(path[0])]
    named = holder.get("type") if isinstance(holder, dict) else None
    return _BEGINNINGS.get((path[0], named, path[1]), "") if isinstance(named, str) else ""


def _is_token(value: Any) -> bool:
    """Whether a value was passed on as it came."""
    return is_token(value) if isinstance(value, str) else not isinstance(value, (dict, list))


def _number(document: dict[str, Any]) -> int:
    number = document.get("sequence_number")
    return number if is_count(number) else 0


def _named(event: dict[str, Any]) -> Frame:
    return Frame(json_document.write(event), (b"event: " + event["type"].encode(),))


def usage_of(response: Any) -> Usage | None:
    """Tokens counted in a response."""
    usage = response.get("usage") if isinstance(response, dict) else None
    if not isinstance(usage, dict):
        return None
    given, said = usage.get("input_tokens"), usage.get("output_tokens")
    return Usage(int(given), int(said)) if is_count(given) and is_count(said) else None
