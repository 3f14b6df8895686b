"""Newline-delimited JSON, cut at any byte (https://github.com/ndjson/ndjson-spec)."""

from extproc.dialects.framing import TOO_LARGE, Frame
from extproc.model.errors import BodyError

MEDIA_TYPES = frozenset(
    f"application/{name}"
    for name in ("x-ndjson", "ndjson", "x-jsonl", "jsonl", "x-jsonlines", "jsonlines")
)


class NdJson:
    """The framing of `application/x-ndjson`: an event is a line."""

    is_literal = True

    def __init__(self, max_event: int) -> None:
        self._max_event = max_event
        self._kept = bytearray()  # the unfinished line
        self._searched = 0  # up to where it holds no end
        self.fault: BodyError | None = None

    def feed(self, chunk: bytes, *, final: bool = False) -> list[Frame]:
        """With `final` what is left counts as a line, since clients read it as one."""
        frames: list[Frame] = []
        self._kept += chunk
        while self.fault is None:
            end = self._kept.find(b"\n", self._searched) + 1
            self._searched = len(self._kept)
            size = end or (self._searched if final else 0)
            if (size or self._searched) > self._max_event:
                self.fault = TOO_LARGE
            elif not size:
                break
            else:
                frames.append(self._take(size))
        return frames

    def is_whole(self, chunk: bytes) -> bool:
        return not (self._kept or self.fault) and len(chunk) <= self._max_event

    def rest(self) -> bytes:
        rest = bytes(self._kept)
        self._kept.clear()
        return rest

    def between(self, last: bytes) -> bytes:
        """The end that the last line of a provider may lack."""
        return b"" if last.endswith(b"\n") else b"\n"

    def encode(
        self,
        data: bytes | None,
        lines: tuple[bytes, ...] = (),  # noqa: ARG002 - part of the protocol
        head: bytes = b"",  # noqa: ARG002
        *,
        first: bool = False,  # noqa: ARG002
    ) -> bytes:
        return (data or b"") + b"\n"

    def close(self) -> bytes:
        return b""

    def _take(self, size: int) -> Frame:
        raw = bytes(self._kept[:size])
        del self._kept[:size]
        self._searched = 0
        return Frame(raw.strip() or None, raw=raw)
