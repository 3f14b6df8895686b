"""The provider: one process that answers at once, or streams at an exact rate.

`python -m bench.upstream PORT TIMELINE`. A request with `x-bench-stream: INDEX EVENTS RATE API`
gets a stream of EVENTS of that API, RATE a second, and what was sent when is written to the
timeline. The role and the first token leave at once, as with real providers; the rest keeps the
beat of a wheel that is turned every millisecond, so that a thousand streams cost one timer.
A canary gets an answer that leaks, and `GET /canary` returns its body as it arrived.
"""

import asyncio
import re
import sys
import time
from collections import deque
from functools import cache
from pathlib import Path
from typing import cast

import uvloop

from bench.apis import APIS, CHAT
from bench.payloads import CANARY, SECRET, answer_body
from bench.timeline import SENT, Cells, Timeline

_TICK_SECONDS = 0.001
_STREAM = re.compile(rb"x-bench-stream: (\d+) (\d+) (\d+) ([^\r]+)\r\n")
_LENGTH = re.compile(rb"content-length: (\d+)\r\n")
_CHUNKED = b"transfer-encoding: chunked\r\n"
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"


def _whole(body: bytes, kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, len(body))
    return head + body


_WORD = CANARY.encode()
_ANSWER = _whole(answer_body())
_LEAK = _whole(answer_body(f"{CANARY}: her SSN is {SECRET}."))


@cache
def _chunks(name: str, events: int) -> list[bytes]:
    """Head and chunks of a streamed answer; the last chunk is followed by what ends it."""
    api = APIS[name]
    chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in api.events(events)]
    done = b"e\r\ndata: [DONE]\n\n\r\n" if name == CHAT else b""
    chunks[-1] += done + b"0\r\n\r\n"
    return [_STREAM_HEAD % api.media_type.encode() + chunks[0] + chunks[1], *chunks[1:]]


class Stream:
    """One streamed answer."""

    def __init__(
        self, transport: asyncio.WriteTransport, cells: Cells, chunks: list[bytes]
    ) -> None:
        self._transport = transport
        self._cells = cells
        self._chunks = chunks
        self._cells[SENT] = self._cells[SENT + 1] = time.monotonic()
        transport.write(chunks[0])
        self._next = 2

    def beat(self) -> bool:
        """Send the next event; False when there is none left, or nobody to send it to."""
        if self._transport.is_closing():
            return False
        self._cells[SENT + self._next] = time.monotonic()
        chunk = self._chunks[self._next]
        self._next += 1
        self._transport.write(chunk)
        return self._next < len(self._chunks)


class Wheel:
    """Streams of one rate, over the milliseconds of their interval; it turns while it has any."""

    def __init__(self, rate: int) -> None:
        self._slots: list[deque[Stream]] = [deque() for _ in range(round(1 / rate / _TICK_SECONDS))]
        self._open = 0
        self._turned = 0
        self._turning: asyncio.Task[None] | None = None

    def add(self, stream: Stream) -> None:
        """Its next event is due one interval from now."""
        self._slots[self._turned % len(self._slots)].append(stream)
        self._open += 1
        if self._open == 1:
            self._turning = asyncio.create_task(self._turn())

    async def _turn(self) -> None:
        """Send what is due, also what a late timer has missed."""
        start = time.monotonic() - self._turned * _TICK_SECONDS
        while self._open:
            await asyncio.sleep(_TICK_SECONDS)
            due = int((time.monotonic() - start) / _TICK_SECONDS)
            while self._turned < due:
                self._turned += 1
                self._beat(self._slots[self._turned % len(self._slots)])

    def _beat(self, slot: deque[Stream]) -> None:
        for _ in range(len(slot)):
            stream = slot.popleft()
            if stream.beat():
                slot.append(stream)
            else:
                self._open -= 1


class Provider:
    """What all connections share."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.canary = b""
        self.wheel = cache(Wheel)


class Connection(asyncio.Protocol):
    """HTTP/1.1 as far as Envoy and Python's clients speak it."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._buffer = bytearray()
        self._head = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._head:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = bytes(self._buffer[: end + 2]).lower()
            del self._buffer[: end + 4]
        length = self._body_length()
        if length is None:
            return
        head, body = self._head, bytes(self._buffer[:length])
        del self._buffer[:length]
        self._head = b""
        self._answer(head, body)

    def _body_length(self) -> int | None:
        """None while it is not all here. JSON has no bare line ends, so the last chunk is found."""
        if declared := _LENGTH.search(self._head):
            length = int(declared[1])
            return length if len(self._buffer) >= length else None
        if _CHUNKED in self._head:
            return len(self._buffer) if self._buffer.endswith(b"\r\n0\r\n\r\n") else None
        return 0

    def _answer(self, head: bytes, body: bytes) -> None:
        if wanted := _STREAM.search(head):
            index, events, rate = map(int, wanted.groups()[:3])
            cells = self._provider.timeline.stream(index, events)
            self._provider.wheel(rate).add(
                Stream(self._transport, cells, _chunks(wanted[4].decode(), events))
            )
        elif head.startswith(b"get /canary "):
            self._transport.write(_whole(self._provider.canary, b"text/plain"))
        elif _WORD in body:
            self._provider.canary = body
            self._transport.write(_LEAK)
        else:
            self._transport.write(_ANSWER)


async def serve(port: int, timeline: Path) -> None:
    """Answer until the process is ended."""
    provider = Provider(Timeline(timeline))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
