"""Nothing is skipped in silence: every string and long number of every recording is accounted for.

What a dialect neither reads nor skips is an identifier, and must look like one to a rule that knows
no dialect.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from extproc.dialects import document as json_document
from extproc.dialects import registry
from extproc.dialects.base import Dialect
from extproc.dialects.walk import Reading
from extproc.model.values import Action, Direction, Format, Path
from tests.exchanges import planting
from tests.exchanges.recordings import Recording, exchanges
from tests.guardrail.making import BROKEN, MAX_EVENT, guardrail

STRICT = guardrail(unscanned="block")
# Numbers with a meaning of their own: times, counts, seeds.
_NUMBERS = re.compile(r"created(_at)?|completed_at|expires_at|seed|.*[tT]okens?|.*index|duration")


class Account(NamedTuple):
    """Where a document's strings and long numbers went."""

    read: Counter[Path]
    skipped: Counter[Path]


def by_name(recording: Recording) -> str:
    return recording.name


def dialect_of(recording: Recording) -> Dialect:
    return registry.find(recording.method, recording.path, recording.host)


def account(*readings: Reading) -> Account:
    segments = [segment for reading in readings for segment in reading.segments]
    return Account(
        Counter(s.path for s in segments if s.format not in (Format.KEY, Format.REPEAT)),
        Counter(skipped.path for reading in readings for skipped in reading.skipped),
    )


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, str | int]]:
    """Every string that is not empty, and every whole number of seven digits or more."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from leaves(item, (*path, position))
    elif (isinstance(value, str) and value) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**6
    ):
        yield path, value


def repeated(reading: Reading) -> tuple[Path, ...]:
    """Holders of what spells a text out again; their segment stands for all that is in them."""
    return tuple(s.path for s in reading.segments if s.format is Format.REPEAT)


def check(document: Any, *readings: Reading) -> Counter[str]:
    """Each leaf is read once, or skipped once, or an identifier; return how many of each."""
    found = account(*readings)
    repeats = [path for reading in readings for path in repeated(reading)]
    counts: Counter[str] = Counter()
    for path, value in leaves(document):
        read, skipped = found.read.pop(path, 0), found.skipped.pop(path, 0)
        assert read + skipped <= 1, f"{path} is accounted for {read + skipped} times"
        counts["read"] += read
        counts["skipped"] += skipped
        if not read + skipped:
            apart = any(path[: len(holder)] == holder for holder in repeats)
            assert apart or is_identifier(path, value), f"{planting.dotted(path)}: {value!r:.80}"
            counts["tokens"] += 1
    short = [path for path in found.read if isinstance(at(document, path), str)]
    assert short == [], "read, and not in the document"
    assert not found.skipped, "skipped, and not in the document"
    return counts


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def is_identifier(path: Path, value: str | int) -> bool:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if isinstance(value, int):
        return bool(_NUMBERS.fullmatch(name))
    return len(value) <= 256 and not planting.is_text(path, value)


def documents(recording: Recording) -> Iterator[tuple[Any, list[Reading]]]:
    """The documents of an exchange with what the dialect makes of them, events included."""
    dialect = dialect_of(recording)
    if recording.request is not None:
        document = json_document.parse(recording.request_body)
        yield recording.request, [dialect.request(document)]
    if recording.streamed:
        yield from events(recording, dialect)
    elif recording.response is not None:
        document = json_document.parse(recording.response_body)
        yield recording.response, [dialect.response(document)]


def events(recording: Recording, dialect: Dialect) -> Iterator[tuple[Any, list[Reading]]]:
    reader = dialect.stream(recording.content_type.partition(";")[0])
    assert reader is not None, f"{dialect.name} reads no stream of {recording.path}"
    for frame in reader.framing(MAX_EVENT).feed(recording.response_body, final=True):
        if frame.data:
            event = reader.read(frame.data)
            grown = Reading([delta.segment for delta in event.deltas])
            yield event.document, [event.whole, grown]


@pytest.mark.parametrize("recording", exchanges(), ids=by_name)
def test_every_part_is_read_or_skipped_or_an_identifier(recording: Recording) -> None:
    for document, readings in documents(recording):
        check(document, *readings)


@pytest.mark.parametrize("recording", exchanges(), ids=by_name)
def test_strict_policy_refuses_just_what_is_skipped(recording: Recording) -> None:
    dialect = dialect_of(recording)
    if recording.request is not None:
        request = STRICT.inspect_json(dialect, Direction.REQUEST, recording.request_body, "caller")
        assert (request.verdict.action is Action.BLOCK) is bool(request.skipped)
    if recording.streamed:
        reader = dialect.stream(recording.content_type.partition(";")[0])
        assert reader is not None, f"{dialect.name} reads no stream of {recording.path}"
        stream = STRICT.open_stream(reader, "caller", MAX_EVENT)
        stream.feed(recording.response_body, BROKEN, final=True)
        assert stream.ended() is bool(stream.skipped)
    elif recording.response is not None:
        answer = STRICT.inspect_json(dialect, Direction.RESPONSE, recording.response_body, "caller")
        assert (answer.verdict.action is Action.BLOCK) is bool(answer.skipped)
