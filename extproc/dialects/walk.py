"""Every string of a document, and what a dialect knows about the places where strings stand.

A dialect describes only what is *not* plain text: identifiers that must arrive as they are, media
that no text detector can read, and JSON inside strings. Whatever it does not name is text and is
inspected, so a field that a provider adds tomorrow is covered today.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jiter

from extproc.dialects.history import NOTHING, history
from extproc.model.values import Format, History, Path, Segment, Skipped

# A sentence in the place of an identifier is read as text.
_TOKEN = re.compile(r"\S{0,256}").fullmatch
# A role that is none of these is the provider's to refuse, and judged as the least trusted one.
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_LEAST_NUMBER = 7  # digits below which no detector finds anything in a number
_LEAST_NAME = 6  # characters below which no detector finds anything in a member's name


@dataclass(frozen=True, slots=True)
class Token:
    """A short string with a meaning of its own: an identifier, a name from a fixed list."""


@dataclass(frozen=True, slots=True)
class Media:
    """A string, or a list of numbers, that is not text.

    `kind` goes on record as the reason why it was not scanned.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Json:
    """A string that holds a JSON document."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A string that is a piece of a text, which is read as a whole."""


@dataclass(frozen=True, slots=True)
class Role:
    """The string that says whose words the object around it holds.

    `names` are an API's own words for the usual ones.
    """

    names: Mapping[str, str] = field(default_factory=dict)


TOKEN = Token()
JSON = Json()
APART = Apart()
ROLE = Role()


@dataclass(frozen=True, slots=True)
class Place:
    """A place for different things: a string, a list of `numbers`, or objects told apart by `type`.

    `role` is whose words they are, where the API says so and not the document.
    """

    otherwise: "Shape" = field(default_factory=dict)
    types: "Mapping[str, Shape]" = field(default_factory=dict)
    string: "Shape" = None
    numbers: "Shape" = None
    role: str = ""

    def of(self, value: Any) -> "Shape":
        """The shape of what stands here."""
        if isinstance(value, str):
            return self.string
        if self.numbers is not None and isinstance(value, list) and _are_numbers(value):
            return self.numbers
        named = value.get("type") if isinstance(value, dict) else None
        return self.types.get(named, self.otherwise) if isinstance(named, str) else self.otherwise


@dataclass(frozen=True, slots=True)
class Repeat:
    """A value that spells a text out once more, in pieces that stand APART.

    `text` joins them; it is given whatever stands there.
    """

    shape: "Shape"
    text: Callable[[Any], str]


Shape = Token | Media | Json | Apart | Role | Place | Repeat | dict[str, "Shape"] | None
"""What stands at a place. In a mapping `*` stands for every list index and every other key."""


@dataclass(slots=True)
class Reading:
    """What a document holds: segments to inspect with the role they belong to, and the rest.

    `calls` are the names of what it asks for or answers, in APIs whose errors must name it.
    """

    segments: list[Segment] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    calls: tuple[str | int, ...] = ()
    history: History = NOTHING


def read(document: Any, shape: Shape, role: str = "", turns: str = "") -> Reading:
    """Collect the strings, member names and long numbers of `document`, in its order.

    `role` holds until the shape has a ROLE; only there a document may name another. `turns` is the
    list of a request that holds a conversation.
    """
    reading = Reading()
    if turns:
        reading.history = history(document, turns)
    _visit(document, shape, (), role, reading)
    return reading


def _visit(value: Any, shape: Shape, path: Path, role: str, reading: Reading) -> None:
    while type(shape) is Place:
        role = shape.role or role
        shape = shape.of(value)
    kind = type(value)
    if type(shape) is Repeat:
        _visit(value, shape.shape, path, role, reading)
        if text := shape.text(value):
            reading.segments.append(Segment(path, text, Format.REPEAT, role))
    elif kind is dict:
        _visit_object(value, shape, path, role, reading)
    elif kind is str:
        _visit_string(value, shape, path, role, reading)
    elif kind is list:
        _visit_list(value, shape, path, role, reading)
    elif kind not in _SILENT and shape is not TOKEN:
        _visit_number(value, path, role, reading)


def _visit_list(value: list[Any], shape: Shape, path: Path, role: str, reading: Reading) -> None:
    if value and type(value[0]) in _NUMBER_TYPES and _are_numbers(value):
        if isinstance(shape, Media):
            reading.skipped.append(Skipped(path, shape.kind))
            return
        if shape is TOKEN or _are_small(value):  # an embedding, or the like
            return
    inner = shape.get("*") if type(shape) is dict else None
    for index, item in enumerate(value):
        _visit(item, inner, (*path, index), role, reading)


def _visit_string(value: str, shape: Shape, path: Path, role: str, reading: Reading) -> None:
    if not value:
        return
    if shape is APART or ((shape is TOKEN or isinstance(shape, Role)) and is_token(value)):
        return
    if isinstance(shape, Media):
        reading.skipped.append(Skipped(path, shape.kind))
        return
    form = Format.JSON if shape is JSON else Format.TEXT
    reading.segments.append(Segment(path, value, form, role))


def is_token(value: str) -> bool:
    """Whether a string in the place of an identifier can be one."""
    return _TOKEN(value) is not None


def _visit_object(
    value: dict[str, Any], shape: Shape, path: Path, role: str, reading: Reading
) -> None:
    known = shape if type(shape) is dict else _NOTHING
    said_by = known.get("role")
    if isinstance(said_by, Role) and isinstance(value.get("role"), str):
        named = value["role"].strip().lower()
        named = said_by.names.get(named, named)
        role = named if named in _ROLES else "user"
    for key, item in value.items():
        inner = known.get(key, _UNKNOWN)
        kind = type(item)
        if inner is TOKEN:  # most of what documents hold
            if kind not in _HOLDERS and (kind is not str or _TOKEN(item) is not None):
                continue
        elif inner is _UNKNOWN:
            inner = known.get("*")
            if len(key) >= _LEAST_NAME:
                reading.segments.append(Segment((*path, key), key, Format.KEY, role))
        if kind not in _SILENT:
            _visit(item, inner, (*path, key), role, reading)


def _are_numbers(value: list[Any]) -> bool:
    return _NUMBER_TYPES.issuperset(map(type, value))


def _are_small(numbers: list[Any]) -> bool:
    """Whether `number_text` finds nothing in any of them, told sooner."""
    return _MAY_BE_LONG(",".join(map(str, numbers))) is None


def _visit_number(value: Any, path: Path, role: str, reading: Reading) -> None:
    text = number_text(
        bytes(value).decode() if isinstance(value, jiter.LosslessFloat) else str(value)
    )
    if text:
        reading.segments.append(Segment(path, text, Format.NUMBER, role))


def number_text(number: str) -> str:
    """The digits of a JSON number that may mean something, or "" where they are too few.

    The fraction is left out, and so is all but the whole part of a small number with an exponent:
    the digits of a log-probability often look like a card number.
    """
    if len(number) < _LEAST_NUMBER:
        return ""
    mantissa, _, exponent = number.lstrip("-").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    if exponent and not (fraction and exponent.startswith("-")):
        whole += fraction
    return whole if len(whole) >= _LEAST_NUMBER else ""


_UNKNOWN = Token()
_NOTHING: dict[str, Shape] = {}
# Parsers make nothing but these types, so `type` says as much as `isinstance`, and sooner.
_HOLDERS = frozenset({dict, list})
_SILENT = frozenset({bool, type(None)})
_NUMBER_TYPES = frozenset({jiter.LosslessFloat, int})
_MAY_BE_LONG = re.compile(rf"(?<![0-9.])[0-9]{{{_LEAST_NUMBER}}}|[eE](?!-)").search
