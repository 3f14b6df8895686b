"""The reader of streams: opens N, keeps N open, and writes down when each event arrived.

`python -m bench.listener PORT TIMELINE OPEN REPEATS EVENTS RATE API`. It takes no notice of what it
reads but the ends of events, because it shares the machine with what is measured. Opening is
spread over one interval of events and at least a second, so that events are due at all times.
Prints how many streams ended in order.
"""

import asyncio
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop

from bench.apis import APIS, Api
from bench.timeline import FIRST_TEXT, REQUESTED, Timeline, arrived_at

_TEXT = re.compile(rb'"content": ?"[^"]')
_SUCCESS = b"HTTP/1.1 200 "
_LAST_CHUNK = b"0\r\n\r\n"
_OPENINGS_PER_SECOND = 400


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read: `repeats` streams one after the other on each of `opened` connections."""

    port: int
    timeline: Timeline
    opened: int
    repeats: int
    events: int
    rate: int
    api: str

    @property
    def request(self) -> Api:
        """What every stream asks for."""
        return APIS[self.api]


class Reader(asyncio.Protocol):
    """One connection; `finished` gives the number of streams that were read to their end."""

    def __init__(self, plan: Plan, first: int) -> None:
        self.finished: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._plan = plan
        self._index = first
        self._complete = 0
        self._arrived = arrived_at(plan.events)
        self._mark = plan.request.mark
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._request()

    def _request(self) -> None:
        plan = self._plan
        self._cells = plan.timeline.stream(self._index, plan.events)
        self._seen = 0
        self._tail = b""
        api = plan.request
        head = (
            f"POST {api.path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
            f"content-length: {len(api.body)}\r\n"
            f"x-bench-stream: {self._index} {plan.events} {plan.rate} {plan.api}\r\n\r\n"
        )
        self._cells[REQUESTED] = time.monotonic()
        self._transport.write(head.encode() + api.body)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        mark = self._mark
        ends = (self._tail + data).count(mark)
        self._tail = data[1 - len(mark) :] if len(mark) > 1 else b""
        seen = min(self._seen + ends, self._plan.events)
        for cell in range(self._arrived + self._seen, self._arrived + seen):
            self._cells[cell] = now
        self._seen = seen
        if not self._cells[FIRST_TEXT] and _TEXT.search(data):
            self._cells[FIRST_TEXT] = now
        if data.endswith(_LAST_CHUNK):
            self._ended()
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(_SUCCESS):
            self._transport.close()  # an error's body has no chunks: nothing else would end it

    def _ended(self) -> None:
        self._complete += self._seen == self._plan.events
        self._index += 1
        if self._index % self._plan.repeats:
            self._request()
        else:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.finished.set_result(self._complete)


async def listen(plan: Plan) -> int:
    """Read all streams. Returns how many ended in order, with every event."""
    loop = asyncio.get_running_loop()
    readers: list[Reader] = []
    start = loop.time()
    spread = max(1.0, plan.opened / _OPENINGS_PER_SECOND) if plan.opened > 1 else 0.0
    for number in range(plan.opened):
        await asyncio.sleep(start + spread * number / plan.opened - loop.time())
        reader = Reader(plan, number * plan.repeats)
        readers.append(reader)
        await loop.create_connection(lambda reader=reader: reader, "127.0.0.1", plan.port)  # type: ignore[misc]
    return sum([await reader.finished for reader in readers])


def main() -> None:
    port, file, *numbers, api = sys.argv[1:]
    opened, repeats, events, rate = map(int, numbers)
    plan = Plan(int(port), Timeline(Path(file)), opened, repeats, events, rate, api)
    print(uvloop.run(listen(plan)))


if __name__ == "__main__":
    main()
