"""Streams of chat completion chunks: reading them, planting text in them, cutting them."""

import copy
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tests.dataplane.canaries import (
    NOT_TEXT_IN_RESPONSES,
    is_text,
    planted,
    planted_arguments,
    spelled_out,
)

DONE = "[DONE]"

Path = tuple[str | int, ...]
Channel = Path
"""Names one growing text: index of the choice, then fields and stated indexes inside its delta."""


class Event(NamedTuple):
    """One server-sent event. `data` is None for a comment, a JSON value, or `[DONE]`."""

    others: tuple[str, ...]
    data: Any


class Delta(NamedTuple):
    channel: Channel
    path: Path
    text: str


def parse(body: bytes) -> list[Event]:
    """The events of a stream. Raises ValueError for what no client could read."""
    text = body.decode().replace("\r\n", "\n")
    assert text.endswith("\n\n"), f"the stream ends inside an event: {text[-80:]!r}"
    return [_event(block) for block in text.split("\n\n") if block.strip("\n")]


def _event(block: str) -> Event:
    lines = block.strip("\n").split("\n")
    data = "\n".join(line[5:].removeprefix(" ") for line in lines if line.startswith("data:"))
    others = tuple(line for line in lines if not line.startswith("data:"))
    if not data:
        return Event(others, None)
    return Event(others, DONE if data.strip() == DONE else json.loads(data))


def write(event: Event) -> bytes:
    lines = [*event.others]
    if event.data is not None:
        spelled = DONE if event.data == DONE else json.dumps(event.data, ensure_ascii=False)
        lines.append(f"data: {spelled}")
    return ("\n".join(lines) + "\n\n").encode()


def chunk(delta: dict[str, Any], finish_reason: str | None = None, index: int = 0) -> bytes:
    """One chunk of a streamed answer."""
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
    return write(Event((), {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}))


END = chunk({}, "stop") + write(Event((), DONE))


def deltas(document: Any) -> Iterator[Delta]:
    """The pieces of growing texts in one chunk."""
    if not isinstance(document, dict):
        return
    for position, choice in enumerate(document.get("choices") or ()):
        index = choice.get("index", position)
        yield from _deltas(choice.get("delta"), (index,), ("choices", position, "delta"))


def _deltas(value: Any, channel: Channel, path: Path) -> Iterator[Delta]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _deltas(item, (*channel, key), (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            stated = item.get("index", position) if isinstance(item, dict) else position
            yield from _deltas(item, (*channel, stated), (*path, position))
    elif isinstance(value, str) and path[-1] != "name" and is_text(_dotted(path), _NO_TEXT):
        yield Delta(channel, path, value)


_NO_TEXT = NOT_TEXT_IN_RESPONSES


def _dotted(path: Path) -> str:
    return ".".join("*" if isinstance(step, int) else step for step in path)


def texts(events: Iterable[Event]) -> dict[Channel, str]:
    """What a client has put together of each text at the end; empty texts are left out."""
    grown: dict[Channel, str] = {}
    for event in events:
        for delta in deltas(event.data):
            grown[delta.channel] = grown.get(delta.channel, "") + delta.text
    return {channel: text for channel, text in grown.items() if text}


def meaning(channels: dict[Channel, str]) -> dict[Channel, Any]:
    """The texts, with the arguments of tools read as the JSON that they are."""
    return {
        channel: _loaded(text) if channel[-1] == "arguments" else text
        for channel, text in channels.items()
    }


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def finishes(events: Iterable[Event]) -> list[tuple[int, str]]:
    """Index and reason of every choice that is finished, in order."""
    return [
        (choice.get("index", 0), choice["finish_reason"])
        for event in events
        if isinstance(event.data, dict)
        for choice in event.data.get("choices") or ()
        if choice.get("finish_reason")
    ]


def standing(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Dotted path and value of the texts that do not grow, and the counts of tokens, in order."""
    found: list[tuple[str, str]] = []
    for event in events:
        growing = {delta.path for delta in deltas(event.data)}
        found += [("", line) for line in event.others]
        found += [
            (_dotted(path), str(value))
            for path, value in _leaves(event.data, ())
            if path not in growing
            and (path[0] == "usage" if isinstance(value, int) else is_text(_dotted(path), _NO_TEXT))
        ]
    return found


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str | int]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, (*path, position))
    elif path and isinstance(value, str | int):
        yield path, value


def planted_stream(body: bytes, text: str) -> list[bytes]:
    """The events of `body` with `text` in every text: whole where it stands whole, and cut into
    events of a few characters where it grows, inside tool arguments partly as JSON escapes.
    """
    events = [_planted_whole(event, text) for event in parse(body)]
    for channel, grown in texts(events).items():
        holders = [i for i, e in enumerate(events) if any(_on(channel, e))]
        if channel[-1] == "arguments":
            pieces = pieces_of(planted_arguments(grown, text, spelled_out))
            place = holders[0]
            for holder in holders:
                [delta] = _on(channel, events[holder])
                _put(events[holder].data, delta.path, "")
        else:
            pieces = pieces_of(f" {text} ")
            place = holders[len(holders) // 2]
        [delta] = _on(channel, events[place])
        carriers = [_carrier(events[place], delta, piece) for piece in pieces]
        if not any(choice == channel[0] for choice, _ in finishes([events[place]])):
            place += 1
        events[place:place] = carriers
    return [write(event) for event in events]


def pieces_of(text: str) -> list[str]:
    """`text` in pieces of 1 to 5 characters."""
    pieces = []
    start, size = 0, 1
    while start < len(text):
        pieces.append(text[start : start + size])
        start, size = start + size, size % 5 + 1
    return pieces


def _on(channel: Channel, event: Event) -> list[Delta]:
    return [delta for delta in deltas(event.data) if delta.channel == channel]


def _planted_whole(event: Event, text: str) -> Event:
    """Text in all that does not grow: names, errors, fields beside the choices."""
    if not isinstance(event.data, dict):
        return event
    growing = tuple(re.escape(_dotted(delta.path)) for delta in deltas(event.data))
    document = planted(event.data, text, (*_NO_TEXT, *growing))
    return event._replace(data=document)


def _carrier(event: Event, delta: Delta, piece: str) -> Event:
    """An event like `event` that brings nothing but `piece`."""
    document = copy.deepcopy(event.data)
    position = delta.path[1]
    choice = document["choices"][position]
    document["choices"] = [{**choice, "finish_reason": None, "delta": _bare(choice["delta"])}]
    path = ("choices", 0, *delta.path[2:])
    for other in list(deltas(document)):
        _put(document, other.path, piece if other.path == path else "")
    return Event((), document)


def _bare(delta: Any) -> Any:
    """Without what a provider sends only once."""
    if isinstance(delta, dict):
        return {k: _bare(v) for k, v in delta.items() if k not in ("role", "name", "id")}
    return [_bare(item) for item in delta] if isinstance(delta, list) else delta


def _put(document: Any, path: Path, value: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value
