"""The recorded provider exchanges of this folder; README.md has their source and fields."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("openai_chat.jsonl.gz")
_EVENT = re.compile(r".*?(?:\n\n|\r\n\r\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange. `response` is a JSON value, or the text of a stream where `streamed`."""

    name: str
    host: str
    path: str
    content_type: str
    request: Any
    status: int
    response: Any
    streamed: bool

    @property
    def request_body(self) -> bytes:
        return encode(self.request)

    @property
    def response_body(self) -> bytes:
        return self.response.encode() if self.streamed else encode(self.response)

    @property
    def response_chunks(self) -> list[bytes]:
        """The body in the pieces in which a provider would send it: event by event."""
        if not self.streamed:
            return [self.response_body]
        return [event.encode() for event in _EVENT.findall(self.response) if event]


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8, as providers and their SDKs send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def openai_chat() -> tuple[Recording, ...]:
    """All exchanges with chat completion APIs."""
    return tuple(_read())


def streams() -> tuple[Recording, ...]:
    """Those whose answer is a stream of events."""
    return tuple(recording for recording in openai_chat() if recording.streamed)


def _read() -> Iterator[Recording]:
    with gzip.open(_FILE, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            streamed = row["response_body_kind"] == "text"
            form = "stream" if streamed else "json"
            yield Recording(
                name=f"{number:03}-{row['host'].partition(':')[0]}-{form}-{row['status']}",
                host=row["host"],
                # A fragment never goes over the wire; one client notes there what it asks for.
                path=row["path"].partition("#")[0],
                content_type=row["response_content_type"],
                request=row["request_body"],
                status=row["status"],
                response=row["response_body"],
                streamed=streamed,
            )
