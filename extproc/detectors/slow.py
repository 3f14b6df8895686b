"""What a detector is that may take its time: a model, or somebody else's service."""

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from extproc.model.errors import ExtprocError
from extproc.model.values import Direction, Finding


class Failure(StrEnum):
    """Why a slow detector has no answer."""

    TIMEOUT = "timeout"
    REFUSED = "refused"  # no connection, or a status that is an error
    BAD_ANSWER = "bad_answer"
    ERROR = "error"  # of a model
    BREAKER_OPEN = "breaker_open"  # not asked after too many failures
    QUEUE_FULL = "queue_full"


class DetectorError(ExtprocError):
    """A slow detector has no answer. The text holds no content."""

    def __init__(self, kind: Failure, message: str = "") -> None:
        super().__init__(message or kind.value)
        self.kind = kind


class Text(NamedTuple):
    """One text of a body as it would pass, and who said it."""

    text: str
    role: str


class Deadline:
    """A moment, `seconds` from now."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds; negative when it has passed."""
        return self._at - time.monotonic()

    def check(self) -> float:
        """Seconds that are left. Raises DetectorError when there are none."""
        left = self.left
        if left <= 0:
            raise DetectorError(Failure.TIMEOUT)
        return left


class SlowDetector(Protocol):
    """Finds what the patterns cannot. Its methods are called from several threads."""

    @property
    def is_joint(self) -> bool:
        """Whether what is found in a text depends on the others that it comes with."""
        ...

    def detect(
        self, texts: Sequence[Text], direction: Direction, deadline: Deadline
    ) -> list[list[Finding]]:
        """What is in each text. Raises DetectorError, and returns about when the time is up."""
        ...

    def close(self) -> None:
        """Give back what it holds; it is not asked again."""
        ...


class Labels:
    """What a detector's own words are as entity types."""

    def __init__(
        self,
        own_type: str,
        labels: Mapping[str, str],
        threshold: float,
        families: Mapping[str, str],
    ) -> None:
        self._own_type = own_type
        self._labels = labels
        self._threshold = threshold
        self._families = families

    def finding(self, label: str, start: int, end: int, score: float) -> Finding | None:
        """The finding for a label, or None for one that is not sure enough or not wanted.

        Without a table every label is the detector's own type.
        """
        named = self._labels.get(label) if self._labels else self._own_type
        if named is None or score < self._threshold:
            return None
        return Finding(named, self._families[named], start, end, score)


def checked(start: Any, end: Any, score: Any, length: int) -> tuple[int, int, float]:
    """A span of a text of that length and its score, as somebody else has said.

    Both ends 0 mean the whole text. Raises DetectorError `bad_answer` for what is none.
    """
    if type(start) is not int or type(end) is not int or type(score) not in (int, float):
        raise DetectorError(Failure.BAD_ANSWER, "a span or score is not a number")
    if start == end == 0:
        end = length
    if not (0 <= start <= end <= length and 0 <= score <= 1):
        raise DetectorError(Failure.BAD_ANSWER, "a span or score is out of range")
    return start, end, float(score)
