"""Costs inside the processor, without wire: microseconds for each step, median of several rounds.

Run it with `make bench-lane`. These machines are noisy: compare rows of one run, not runs.
"""

import json
import statistics
import time
from collections.abc import Callable

from bench.payloads import PROSE, TOKENS, answer_body, request_body
from extproc.app.policies import load_policy
from extproc.detectors.normal import NormalText
from extproc.detectors.watcher import Watcher
from extproc.dialects.openai_chat import ChatStream
from extproc.dialects.registry import find
from extproc.exchange.state import Limits
from extproc.guardrail.guardrail import Guardrail
from extproc.model.values import Direction, Refusal
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry
from extproc.transport.pb import external_processor_pb2 as pb
from extproc.transport.session import Service, Session

ROUNDS = 7
REFUSAL = Refusal(502, "x", "x", "x")


def microseconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of one call, over several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        rounds.append((time.perf_counter() - start) / repeats * 1e6)
    return statistics.median(rounds)


def headers(*pairs: tuple[str, str]) -> pb.HeaderMap:
    return pb.HeaderMap(headers=[pb.HeaderValue(key=k, raw_value=v.encode()) for k, v in pairs])


def exchange(service: Service, prompt: bytes, answer: bytes) -> Callable[[], object]:
    """One exchange of four messages, from bytes to bytes."""
    request = headers(
        (":method", "POST"),
        (":path", "/openai/v1/chat/completions"),
        ("content-type", "application/json"),
        ("x-request-id", "1"),
    )
    response = headers((":status", "200"), ("content-type", "application/json"))
    messages = [
        pb.ProcessingRequest(request_headers=pb.HttpHeaders(headers=request)),
        pb.ProcessingRequest(request_body=pb.HttpBody(body=prompt, end_of_stream=True)),
        pb.ProcessingRequest(response_headers=pb.HttpHeaders(headers=response)),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=answer, end_of_stream=True)),
    ]
    raw = [message.SerializeToString() for message in messages]

    def run() -> None:
        session = Session(service)
        for data in raw:
            session.receive(data)
        session.close()

    return run


def stream(guardrail: Guardrail) -> Callable[[], object]:
    """One streamed answer, a token an event."""
    events = []
    for token in TOKENS:
        choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}
        events.append(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def run() -> None:
        guard = guardrail.open_stream(ChatStream(), "c", 1 << 20)
        for event in events:
            guard.feed(event, REFUSAL)

    return run


def held_back(guardrail: Guardrail) -> list[tuple[int, int]]:
    """After each token of prose: how many characters, and how many tokens, wait for more."""
    guard = guardrail.open_stream(ChatStream(), "c", 1 << 20)
    waiting: list[tuple[int, int]] = []
    fed = passed = 0
    ends: list[int] = []
    for token in TOKENS:
        choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
        data = guard.feed(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n", REFUSAL)
        fed += len(token)
        ends.append(fed)
        event = json.loads(data.data.removeprefix(b"data: "))
        passed += len(event["choices"][0]["delta"]["content"])
        waiting.append((fed - passed, sum(end > passed for end in ends)))
    return waiting


def main() -> None:
    guardrail = Guardrail(load_policy(None), Redactor(b"key"))
    service = Service(lambda: guardrail, Limits(), Telemetry(), lambda: "id")
    whole = guardrail._whole[Direction.REQUEST]  # noqa: SLF001 - measured on its own
    clean = request_body(PROSE[:2048])
    found = request_body(PROSE[:2000] + " jane@example.com 123-45-6789")
    dialect = find("POST", "/v1/chat/completions")

    def watch() -> None:
        watcher = Watcher(whole)
        for token in TOKENS:
            watcher.feed(token)

    rows = {
        "find in 2 KB of prose": microseconds(lambda: whole.find(NormalText(PROSE[:2048])), 500),
        "inspect a clean 2 KB request": microseconds(
            lambda: guardrail.inspect_json(dialect, Direction.REQUEST, clean, "c"), 300
        ),
        "inspect a 2 KB request, 2 findings": microseconds(
            lambda: guardrail.inspect_json(dialect, Direction.REQUEST, found, "c"), 300
        ),
        "whole exchange, 4 messages, 2 KB": microseconds(
            exchange(service, clean, answer_body()), 200
        ),
        "watch one token": microseconds(watch, 3) / len(TOKENS),
        "guard one SSE event": microseconds(stream(guardrail), 2) / len(TOKENS),
    }
    for name, value in rows.items():
        print(f"{name:<38}{value:>9.1f} µs")
    waiting = held_back(guardrail)
    for unit, values in zip(("characters", "tokens"), zip(*waiting, strict=True), strict=True):
        middle, most = statistics.median(values), max(values)
        print(f"{'held back in prose, ' + unit:<38}{middle:>9.0f} median, {most} at most")


if __name__ == "__main__":
    main()
