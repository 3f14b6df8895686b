"""The words of the project: what was read, what was found, what was decided."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Where a string stands in a JSON document: object keys and list indexes from the root."""


class Direction(StrEnum):
    """Which half of an exchange a text belongs to."""

    REQUEST = "request"
    RESPONSE = "response"


class Action(StrEnum):
    """What a verdict asks for, mildest first."""

    ALLOW = "allow"
    FLAG = "flag"
    REDACT = "redact"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """0 for allow up to 3 for block."""
        return _SEVERITY[self]


_SEVERITY = {action: rank for rank, action in enumerate(Action)}


class Format(Enum):
    """How the text of a segment is written."""

    TEXT = "text"
    JSON = "json"  # a JSON document inside a string, e.g. the arguments of a tool call
    KEY = "key"  # the name of an object's member
    NUMBER = "number"  # a JSON number
    REPEAT = "repeat"  # a value that spells out a text once more, e.g. its log-probabilities


class Segment(NamedTuple):
    """One piece of a body that is inspected: its decoded text, where it stands, and who said it.

    `role` is the provider's word (`system`, `user`, `assistant`, `tool` …), or empty.
    """

    path: Path
    text: str
    format: Format = Format.TEXT
    role: str = ""


class Skipped(NamedTuple):
    """One piece of a body that is not inspected, and why, e.g. `image`."""

    path: Path
    reason: str


class History(NamedTuple):
    """What a request replays: the first `size` items of its list `turns`."""

    turns: str
    size: int

    def turn(self, path: Path, role: str) -> int | None:
        """The turn of a text that is replayed; None for what is new.

        Instructions of the system count anew with every request, wherever they stand.
        """
        if not self.size or len(path) < 2 or path[0] != self.turns or role in _INSTRUCTING:
            return None
        turn = path[1]
        return turn if isinstance(turn, int) and turn < self.size else None


_INSTRUCTING = ("system", "developer")


class Finding(NamedTuple):
    """A span of text that a detector recognised. Offsets are code points, end exclusive."""

    type: str
    family: str
    start: int
    end: int
    score: float


class Judged(NamedTuple):
    """A finding with the rule that decides on it. A shadow rule's action is only observed."""

    finding: Finding
    rule: str
    action: Action
    operator: str = ""
    path: Path = ()


class Edit(NamedTuple):
    """Replace the code points `start` to `end` (exclusive) of a text."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy decides about one body or one stream.

    `risk_score` is 0 to 1. `shadowed` holds what shadow rules would have done.
    """

    action: Action
    risk_score: float
    policy: str
    judged: tuple[Judged, ...] = ()
    shadowed: tuple[Judged, ...] = ()
    reason: str = ""


class Usage(NamedTuple):
    """Tokens as the provider counted them."""

    input_tokens: int
    output_tokens: int


class Violation(NamedTuple):
    """One entry of a refusal: what kind of thing was found by which rule, never its value."""

    type: str
    rule: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a caller is told in place of an answer. `status` is that of HTTP.

    `calls` are the names of what is refused, in APIs that answer calls by name: their errors are
    answers like others, and come with `http_status` 200.
    """

    status: int
    code: str
    message: str
    request_id: str
    risk_score: float | None = None
    violations: tuple[Violation, ...] = ()
    calls: tuple[str | int, ...] = ()

    @property
    def http_status(self) -> int:
        return 200 if self.calls else self.status
