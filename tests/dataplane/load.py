"""Requests at a steady rate, whatever becomes of them."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import httpx


@dataclass(frozen=True, slots=True)
class Outcome:
    sent: float
    ended: float
    status: int
    body: bytes


class Load:
    """Sends `rate` requests a second, whatever becomes of them, until told to stop."""

    def __init__(self, send: Callable[[int], httpx.Response], rate: int) -> None:
        self._send = send
        self._rate = rate
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(64)
        self._thread = threading.Thread(target=self._run)
        self.outcomes: list[Outcome] = []
        self.errors: list[Exception] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._pool.shutdown()

    def _run(self) -> None:
        start, number = time.monotonic(), 0
        while not self._stopping.wait(max(0, start + number / self._rate - time.monotonic())):
            self._pool.submit(self._one, number)
            number += 1

    def _one(self, number: int) -> None:
        sent = time.monotonic()
        try:
            response = self._send(number)
        except Exception as error:  # noqa: BLE001 - every kind is counted
            self.errors.append(error)
            return
        self.outcomes.append(
            Outcome(sent, time.monotonic(), response.status_code, response.content)
        )
