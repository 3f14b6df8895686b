"""What has passed of a streamed answer, for those who judge it when it has ended."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from extproc.detectors.slow import Text
from extproc.guardrail.filters import Filter
from extproc.guardrail.held import Waiting
from extproc.model.values import Format, Path, Segment

_MOST = 64 << 10  # characters of one stream


class Transcript:
    """The texts of a stream, as they passed, in the order in which they began; bounded."""

    def __init__(self) -> None:
        self._left = _MOST
        self._texts: list[tuple[str, list[str]]] = []  # role and pieces

    def follow(self, filtered: Filter, role: str) -> Filter:
        """The same filter, with what it lets pass on record."""
        pieces: list[str] = []
        self._texts.append((role, pieces))
        return _Followed(filtered, pieces, self)

    def add_whole(self, document: Any, segments: Sequence[Segment]) -> None:
        """Texts of an event that are whole, as they stand in it now."""
        for segment in segments:
            if segment.format is Format.TEXT:
                text = _text_at(document, segment.path)
                if text:
                    pieces: list[str] = []
                    self._texts.append((segment.role, pieces))
                    self.add(pieces, text)

    def add(self, pieces: list[str], text: str) -> None:
        """Keep the next piece of a text, as far as there is room."""
        if self._left > 0:
            pieces.append(text[: self._left])
            self._left -= len(text)

    def texts(self) -> list[Text]:
        """Each text once: many APIs say all of it again at the end."""
        found = (Text("".join(pieces), role) for role, pieces in self._texts)
        return list(dict.fromkeys(text for text in found if text.text))


class Aside(NamedTuple):
    """What slow detectors have to do with a stream: to judge it when it has passed, or before."""

    transcript: Transcript | None = None
    waiting: Waiting | None = None


NOBODY = Aside()


class _Followed:
    """A filter that is listened to."""

    __slots__ = ("_filtered", "_pieces", "_transcript")

    def __init__(self, filtered: Filter, pieces: list[str], transcript: Transcript) -> None:
        self._filtered = filtered
        self._pieces = pieces
        self._transcript = transcript

    @property
    def waiting(self) -> bool:
        return self._filtered.waiting

    @property
    def rest(self) -> str:
        return self._filtered.rest

    def feed(self, text: str, *, final: bool = False) -> str:
        passed = self._filtered.feed(text, final=final)
        self._transcript.add(self._pieces, passed)
        return passed

    def feed_plain(self, text: str) -> str | None:
        passed = self._filtered.feed_plain(text)
        if passed is not None:
            self._transcript.add(self._pieces, passed)
        return passed

    def look(self) -> None:
        self._filtered.look()


def _text_at(document: Any, path: Path) -> str:
    """The text at a path; empty where a name on the way has been redacted."""
    try:
        for step in path:
            document = document[step]
    except (KeyError, IndexError, TypeError):
        return ""
    return document if isinstance(document, str) else ""
