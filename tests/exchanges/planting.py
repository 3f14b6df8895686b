"""Canaries in recorded exchanges, by rules that know the recordings and no dialect of ours.

Text is what people can read: a string with a space in it, a string under a name that says text, and
whatever stands in the arguments and results of tools. The rest is left alone, and must arrive so.
"""

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.dataplane import sse
from tests.dataplane.canaries import planted_arguments, spelled_out
from tests.exchanges.recordings import Recording, encode

Path = tuple[str | int, ...]

_TEXT_NAMES = re.compile(
    r"text|content|description|title|arguments|input|output|thinking|reasoning|reasoning_content"
    r"|refusal|instructions|system|message|query|queries|summary|name|displayName|filename|texts"
    r"|stdout|stderr|stdOut|stdErr|return_value|error|value|inputText"
)
_DATA_OF_TOOLS = re.compile(
    r".*(\.(args|arguments)|unction_?[rR]esponse\.response|toolUse\.input|content\.\*\.input)\..+"
)
# Words from fixed lists under a name that says text, names of resources, and members of schemas.
_NOT_TEXT = re.compile(
    r".*(response_format|responseFormat)\.type|(response\.)?reasoning\.summary|.*modalit(y|ies)(\.\*)?|.*[mM]odel|"
    r".*(required|enum|dependentRequired\..+)\.\*|.*token(_strings)?(\.\*)?"
)
_OPAQUE = re.compile(r"(data:[^,]*,.*|[A-Za-z0-9+/_=\s-]{100,})", re.DOTALL)
_LONG_WORD = re.compile(r"\S{100}")
_URL = re.compile(r"(https?|gs|s3)://\S*")
_REPEATS = frozenset({"logprobs", "logprobsResult"})
_RESOURCE = re.compile(r"(cachedContents|fileSearchStores|files|models)/[\w./-]+")
_NAMES = (_URL, _RESOURCE)


def is_text(path: Path, value: str) -> bool:
    """Whether a string is for people. Empty ones are nothing."""
    if not value or _is_opaque(value) or _NOT_TEXT.fullmatch(dotted(path)):
        return False
    if any(name.fullmatch(value) for name in _NAMES):
        return False
    named = next((step for step in reversed(path) if isinstance(step, str)), "")
    return (
        any(map(str.isspace, value))
        or bool(_TEXT_NAMES.fullmatch(named))
        or bool(_DATA_OF_TOOLS.fullmatch(dotted(path)))
    )


def _is_opaque(value: str) -> bool:
    return bool(_OPAQUE.fullmatch(value)) and bool(_LONG_WORD.search(value))


def dotted(path: Path) -> str:
    return ".".join("*" if isinstance(step, int) else step for step in path)


def strings(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every string of a document with its place, names left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from strings(item, (*path, position))
    elif isinstance(value, str):
        yield path, value


def planted(document: Any, text: str) -> Any:
    """A copy with `text` at the end of every string that is text."""
    return _mapped(document, (), lambda path, value: _planted(path, value, text))


def without_repeats(value: Any) -> Any:
    """A copy without what spells a text out once more: it goes where its text was redacted."""
    if isinstance(value, dict):
        return {
            key: None if key in _REPEATS else without_repeats(item) for key, item in value.items()
        }
    return [without_repeats(item) for item in value] if isinstance(value, list) else value


def _planted(path: Path, value: str, text: str) -> str:
    if not is_text(path, value):
        return value
    # Code on a recorded page ("via@agent.tool") reads as an address, and would be redacted.
    value = value.replace("@agent.", "@ agent.")
    is_json = path[-1] == "arguments" or value.startswith(("{", "["))
    return planted_arguments(value, text) if is_json else f"{value} {text}"


def _mapped(value: Any, path: Path, change: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(item, (*path, key), change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, (*path, position), change) for position, item in enumerate(value)]
    return change(path, value) if isinstance(value, str) else value


def planted_request(recording: Recording, text: str) -> bytes:
    """The body with `text` in it: in JSON, in each part of a form, at the end of plain text."""
    if recording.request is not None:
        return encode(planted(recording.request, text))
    boundary = recording.request_content_type.partition("boundary=")[2].encode()
    if not boundary:
        return recording.request_body + f" {text}".encode() if recording.request_body else b""
    first, *parts = recording.request_body.split(b"\r\n--" + boundary)
    return (b" " + text.encode() + b"\r\n--" + boundary).join((first, *parts))


# Streams


class Message(NamedTuple):
    """One event of any framing: what stands beside its data, and the data, JSON where it is."""

    head: tuple[str, ...] | bytes
    data: Any


Channel = tuple[Any, ...]

_GROWS = {
    "openai_chat": r"choices\.\*\.delta\.(content|refusal|reasoning|reasoning_content"
    r"|content\.\*\.(thinking\.\*\.)?text|reasoning_details\.\*\.(text|summary))",
    "responses": r"delta",
    "anthropic": r"delta\.(text|thinking)",
    "gemini": r"candidates\.\*\.content\.parts\.\*\.text",
    "bedrock": r"delta\.(text|reasoningContent\.text)",
}
_GROWS_AS_JSON = {
    "openai_chat": r"choices\.\*\.delta\.tool_calls\.\*\.function\.arguments",
    "anthropic": r"delta\.partial_json",
    "bedrock": r"delta\.toolUse\.input",
}
_INDEX = re.compile(r"(\w+_)?(index|id)|contentBlockIndex|thought|type")
_PADDING = frozenset({"obfuscation", "p"})


def read_stream(recording: Recording, body: bytes) -> list[Message]:
    """The events of a whole body. Raises ValueError for what no client could read."""
    if isinstance(recording.response, str):
        return [Message(*event) for event in sse.parse(body)]
    messages = []
    while body:
        size, head_size = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
        message, body = body[:size], body[size:]
        assert len(message) == size
        assert zlib.crc32(message[:8]) == int.from_bytes(message[8:12])
        assert zlib.crc32(message[:-4]) == int.from_bytes(message[-4:])
        head = message[12 : 12 + head_size]
        messages.append(Message(head, json.loads(message[12 + head_size : -4])))
    return messages


def write_stream(messages: list[Message]) -> list[bytes]:
    """The bytes of each event."""
    return [_write(message) for message in messages]


def _write(message: Message) -> bytes:
    if not isinstance(message.head, bytes):
        return sse.write(sse.Event(message.head, message.data))
    data = encode(message.data)
    start = (16 + len(message.head) + len(data)).to_bytes(4) + len(message.head).to_bytes(4)
    start += zlib.crc32(start).to_bytes(4) + message.head + data
    return start + zlib.crc32(start).to_bytes(4)


def planted_stream(recording: Recording, text: str, half: int = 12) -> list[Message]:
    """The recorded events with `text` in every text; where it grows, the first `half` of it is at
    the end of one event and the rest at the start of another.

    What is repeated whole by a later event is the same there.
    """
    events = read_stream(recording, recording.response_body)
    places: dict[Channel, list[tuple[int, Path, str]]] = {}
    for number, event in enumerate(events):
        for channel, path, piece in growing(recording.family, event.data):
            places.setdefault(channel, []).append((number, path, piece))
    put: dict[tuple[int, Path], str] = {}
    repeats: dict[str, str] = {}
    for channel, pieces in places.items():
        grown = "".join(piece for _, _, piece in pieces)
        if not grown:
            continue
        cut = _cut_json(grown, pieces, text, half) if channel[0] else _cut(pieces, text, half)
        repeats[grown] = "".join(cut)
        put |= {(number, path): new for (number, path, _), new in zip(pieces, cut, strict=True)}
    result = []
    for number, event in enumerate(events):

        def change(path: Path, value: str, number: int = number) -> str:
            if (number, path) in put:
                return put[number, path]
            return repeats.get(value) or _planted(path, value, text)

        result.append(event._replace(data=_mapped(event.data, (), change)))
    return result


def _cut(pieces: list[tuple[int, Path, str]], text: str, half: int) -> list[str]:
    texts = [piece for _, _, piece in pieces]
    if len(texts) == 1:
        return [f"{texts[0]} {text} "]
    place = (len(texts) - 1) // 2
    texts[place] += f" {text[:half]}"
    texts[place + 1] = f"{text[half:]} {texts[place + 1]}"
    return texts


def _cut_json(grown: str, pieces: list[tuple[int, Path, str]], text: str, half: int) -> list[str]:
    """Arguments are written anew, partly as escapes, and cut at a place in `text`."""
    whole = planted_arguments(grown, text, spelled_out)
    texts = [""] * len(pieces)
    if len(texts) == 1:
        return [whole]
    place = whole.index("Mail ") + half
    texts[0], texts[-1] = whole[:place], whole[place:]
    return texts


def growing(family: str, document: Any) -> Iterator[tuple[Channel, Path, str]]:
    """The pieces of growing texts in one event; the first item of a channel: whether it is JSON."""
    for path, piece in strings(document):
        name = dotted(path)
        as_json = re.fullmatch(_GROWS_AS_JSON.get(family, "(?!)"), name) is not None
        if family == "responses" and isinstance(document, dict):
            as_json = "arguments" in document.get("type", "") and name == "delta"
        if as_json or re.fullmatch(_GROWS[family], name):
            yield (as_json, name, *_indexes(document, path)), path, piece


def _indexes(document: Any, path: Path) -> Iterator[Any]:
    """What the objects around a place say of it: indexes and ids."""
    for step in path:
        if isinstance(document, dict):
            stated = {k: v for k, v in document.items() if _INDEX.fullmatch(k)}
            if len(path) > 1 and path[0] in ("choices", "candidates"):
                stated.pop("id", None)
                stated.pop("type", None)
            yield tuple(sorted(stated.items()))
        document = document[step]


def texts(family: str, events: list[Message]) -> dict[Channel, Any]:
    """What a client has put together of each text at the end; arguments as the JSON they are."""
    grown: dict[Channel, str] = {}
    for event in events:
        for channel, _, piece in growing(family, event.data):
            grown[channel] = grown.get(channel, "") + piece
    return {
        channel: json.loads(text) if channel[0] else text for channel, text in grown.items() if text
    }


def standing(family: str, events: list[Message]) -> set[tuple[str, str]]:
    """Place and value of every string that does not grow, padding left out."""
    found = set()
    for event in events:
        grows = {path for _, path, _ in growing(family, event.data)}
        found |= {
            (dotted(path), _unescaped(value))
            for path, value in strings(event.data)
            if path not in grows and path and path[-1] not in _PADDING
        }
    return found


def _unescaped(value: str) -> str:
    """JSON in a string may be spelled in many ways."""
    try:
        return json.dumps(json.loads(value)) if value.startswith(("{", "[")) else value
    except ValueError:
        return value
