"""Several workers behind one Envoy: it spreads over them, and goes around those that are gone."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.dataplane import sse
from tests.dataplane.canaries import REDACTED, TEXT, leaks
from tests.dataplane.harness import CHAT, REDACT, Filters, Stack, children, eventually, stack, wait
from tests.dataplane.load import Load
from tests.dataplane.recorder import Answer, Received, Recorder, document, stream

RATE = 30  # requests a second
REQUEST = {"model": "m", "messages": [{"role": "user", "content": TEXT}]}
ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}}]}


def patient(filters: Filters) -> None:
    """A busy machine is no dead worker."""
    filters["ext_proc"]["typed_config"]["message_timeout"] = "20s"


@pytest.fixture(scope="module")
def working(recorder: Recorder) -> Iterator[Stack]:
    with stack(recorder, REDACT, patient, workers="2", drain_seconds="20") as running:
        yield running


def ask(running: Stack, number: int = 0) -> httpx.Response:
    return running.client.post(CHAT, json={**REQUEST, "user": f"{number}"})


def judged(running: Stack) -> list[dict[str, Any]]:
    return [line for line in running.processor.logs() if line["message"] == "judged"]


def all_serve(running: Stack) -> bool:
    """As the supervisor sees it, and Envoy too: it looks once a second."""
    checks = running.processor.get("/health/ready").json()["checks"]
    healthy = running.gateway.stat("cluster.extproc.membership_healthy")
    return healthy == 2 and "2 of 2 workers" in [check["detail"] for check in checks]


def judges(running: Stack) -> set[int]:
    """The workers that judge the next few requests."""
    before = len(judged(running))
    with running.recorder.answering(document(ANSWER)):
        for _ in range(10):
            ask(running)
    assert eventually(lambda: len(judged(running)) >= before + 20)
    return {line["worker"] for line in judged(running)[before:]}


def test_exchanges_are_spread_and_counted_together(working: Stack) -> None:
    assert eventually(lambda: all_serve(working))
    assert working.idle()
    wait(0.1)  # workers count a moment later
    before = len(judged(working))
    counted = working.processor.metric("extproc_requests_total", outcome="judged")
    with working.recorder.answering(document(ANSWER)) as received:
        assert {ask(working).status_code for _ in range(60)} == {200}
    assert [leaks(request.body) for request in received] == [[]] * 60
    assert eventually(lambda: len(judged(working)) == before + 120)
    shares = Counter(line["worker"] for line in judged(working)[before:])
    assert min(shares.values()) > 20, shares
    total, judging = "extproc_requests_total", working.processor
    assert eventually(lambda: judging.metric(total, outcome="judged") == counted + 120)


class OpenStreams:
    """Streams that go on when the gate opens; `ended` holds their bodies, None for a cut one."""

    def __init__(self, running: Stack, number: int) -> None:
        self.begun = 0
        self.ended: list[bytes | None] = []
        self._threads = [
            threading.Thread(target=self._read, args=(running,)) for _ in range(number)
        ]
        for thread in self._threads:
            thread.start()
        assert eventually(lambda: self.begun == number)

    def _read(self, running: Stack) -> None:
        body = bytearray()
        try:
            with running.client.stream("POST", CHAT, json={**REQUEST, "stream": True}) as response:
                for data in response.iter_raw():
                    self.begun += not body
                    body += data
        except httpx.RemoteProtocolError:
            assert leaks(bytes(body)) == []
            self.ended.append(None)
        else:
            self.ended.append(bytes(body))

    def join(self) -> None:
        for thread in self._threads:
            thread.join(20)


def script(gate: threading.Event, request: Received) -> Answer:
    """A whole answer, or a stream that waits for the gate."""

    def events() -> Iterator[bytes]:
        yield sse.chunk({"content": "Hello. "})
        assert gate.wait(20)
        yield sse.chunk({"content": TEXT})
        yield sse.END

    return stream(events()) if "stream" in request.json else document(ANSWER)


def test_killed_worker_takes_only_what_is_open_on_it(working: Stack, gate: threading.Event) -> None:
    """Nothing passes unscanned, counters go on, and its place is taken and used again."""
    assert eventually(lambda: all_serve(working))
    assert working.idle()
    processor = working.processor
    restarts = processor.metric("extproc_worker_restarts_total", reason="died")
    counted = processor.metric("extproc_requests_total")
    [victim, other] = children(processor.pid)
    with (
        working.recorder.answering(lambda request: script(gate, request)) as received,
        Load(lambda number: ask(working, number), RATE) as load,
    ):
        streams = OpenStreams(working, 8)
        assert eventually(lambda: processor.metric("extproc_streams_open") == 8)
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: victim not in children(processor.pid))
        gone = time.monotonic()
        assert processor.metric("extproc_requests_total") >= counted
        assert eventually(lambda: len(streams.ended) > 0)
        wait(1.0)
        cut = len(streams.ended)
        assert eventually(lambda: processor.metric("extproc_streams_open") == 8 - cut)
        gate.set()
        streams.join()
        assert eventually(lambda: all_serve(working), 30)

    assert 0 < cut < 8
    assert streams.ended.count(None) == cut
    for body in filter(None, streams.ended):
        assert list(sse.texts(sse.parse(body)).values()) == [f"Hello. {REDACTED}"]
    assert {one.status for one in load.outcomes if one.sent > gone} == {200}
    assert {one.status for one in load.outcomes} <= {200, 503}
    assert load.errors == []
    assert [request.body for request in received if leaks(request.body)] == []
    assert [one.body for one in load.outcomes if leaks(one.body)] == []

    assert processor.metric("extproc_worker_restarts_total", reason="died") == restarts + 1
    assert eventually(lambda: processor.metric("extproc_requests_total") > counted)
    assert other in children(processor.pid)
    assert judges(working) == {0, 1}
    assert working.idle(), "a gauge of the dead worker is left"


def test_rolling_restart_fails_nothing(working: Stack) -> None:
    assert eventually(lambda: all_serve(working))
    before = set(children(working.processor.pid))
    lines = len(working.processor.logs())

    def is_over() -> bool:
        newer = working.processor.logs()[lines:]
        return "all workers replaced" in [line["message"] for line in newer]

    with (
        working.recorder.answering(document(ANSWER)) as received,
        Load(lambda number: ask(working, number), RATE) as load,
    ):
        os.kill(working.processor.pid, signal.SIGHUP)
        assert eventually(is_over, 30)
    assert not before & set(children(working.processor.pid))
    assert load.errors == []
    assert {one.status for one in load.outcomes} == {200}
    assert [request.body for request in received if leaks(request.body)] == []
    assert eventually(lambda: all_serve(working))
    assert judges(working) == {0, 1}


def test_open_streams_are_finished_before_terminated_workers_exit(
    recorder: Recorder, gate: threading.Event
) -> None:
    with stack(recorder, REDACT, workers="2", drain_seconds="20") as running:
        assert eventually(lambda: all_serve(running))
        with recorder.answering(lambda request: script(gate, request)):
            streams = OpenStreams(running, 8)
            running.processor.terminate()
            assert eventually(lambda: ask(running).status_code == 503, 5)
            assert running.processor.get("/health/ready").status_code == 503
            assert running.processor.get("/health/live").status_code == 200
            gate.set()
            streams.join()
        assert running.processor.wait() == 0
        stopped = [line for line in running.processor.logs() if line["message"] == "stopped"]
        assert {line.get("worker") for line in stopped[:-1]} == {0, 1}
        assert "worker" not in stopped[-1]
    for body in streams.ended:
        assert body is not None
        assert list(sse.texts(sse.parse(body)).values()) == [f"Hello. {REDACTED}"]
