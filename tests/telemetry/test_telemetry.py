"""What operators see of each judged body."""

import asyncio
import io
import json
import logging
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Direction, Finding, Judged, Skipped, Usage, Verdict
from extproc.telemetry.logs import EventRecord, JsonFormatter, LineHandler, configure
from extproc.telemetry.telemetry import Telemetry

SSN = Judged(Finding("us_ssn", "pii", 0, 11, 0.85), "ids", Action.REDACT, "replace", ("messages",))
CARD = Judged(Finding("credit_card", "pci", 0, 16, 0.95), "cards", Action.BLOCK)
VERDICT = Verdict(Action.REDACT, 0.425, "production", (SSN, SSN), (CARD,))


def record(**changes: Any) -> Record:
    fields: dict[str, Any] = {
        "request_id": "request-1",
        "direction": Direction.REQUEST,
        "dialect": "openai_chat",
        "outcome": Outcome.JUDGED,
        "policy": "production",
        "verdict": VERDICT,
        "scanned": 3,
        "body_bytes": 200,
    }
    return Record(**(fields | changes))


def value(telemetry: Telemetry, name: str, **labels: str) -> float:
    return telemetry.registry.get_sample_value(name, labels) or 0.0


def observed(*records: Record) -> Telemetry:
    telemetry = Telemetry()
    for each in records:
        telemetry.observe(each, 0.002)
    return telemetry


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The log as operators get it, filled as it is written."""
    found: list[dict[str, Any]] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.extend(map(json.loads, self.format(record).split("\n")))

    logger, handler = logging.getLogger("extproc"), Lines()
    handler.setFormatter(JsonFormatter())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(before)


# Metrics


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_body_is_counted_by_its_outcome(outcome: Outcome) -> None:
    telemetry = observed(record(outcome=outcome, reason="x"))
    labels = {"dialect": "openai_chat", "direction": "request"}
    for each in Outcome:
        counted = value(telemetry, "extproc_requests_total", outcome=each.value, **labels)
        assert counted == (1 if each is outcome else 0)


@pytest.mark.parametrize(
    ("changes", "mode", "reason"),
    [
        (
            {"outcome": Outcome.REFUSED, "reason": "invalid_json", "verdict": None},
            "block",
            "invalid_json",
        ),
        (
            {"outcome": Outcome.FAIL_OPEN, "reason": "too_deep", "verdict": None},
            "fail_open",
            "too_deep",
        ),
        ({"skipped": (Skipped((), "image"), Skipped((), "file"))}, "skip", "image"),
    ],
)
def test_a_body_that_was_not_judged_is_a_failure_of_its_mode(
    changes: dict[str, Any], mode: str, reason: str
) -> None:
    telemetry = observed(record(**changes))
    samples = {
        (s.labels["mode"], s.labels["reason"]): s.value
        for metric in telemetry.registry.collect()
        for s in metric.samples
        if s.name == "extproc_failures_total"
    }
    assert samples == {(mode, reason): 1}


def test_a_body_that_was_judged_is_no_failure() -> None:
    telemetry = observed(record())
    names = {s.name for metric in telemetry.registry.collect() for s in metric.samples}
    assert "extproc_failures_total" not in names


def test_an_internal_error_is_a_failure_of_its_own_mode() -> None:
    telemetry = Telemetry()
    telemetry.error("internal")
    assert value(telemetry, "extproc_failures_total", mode="error", reason="internal") == 1


def test_verdicts_are_counted_by_policy_side_and_action() -> None:
    telemetry = observed(record(), record(direction=Direction.RESPONSE))
    for direction in Direction:
        assert (
            value(
                telemetry,
                "extproc_verdicts_total",
                policy="production",
                direction=direction.value,
                action="redact",
            )
            == 1
        )


def test_rules_are_counted_by_what_they_did_or_would_have_done() -> None:
    telemetry = observed(record())
    name, policy = "extproc_rule_matches_total", "production"
    assert value(telemetry, name, policy=policy, rule="ids", action="redact", mode="enforced") == 2
    assert value(telemetry, name, policy=policy, rule="cards", action="block", mode="shadow") == 1


def test_findings_are_counted_by_type() -> None:
    telemetry = observed(record())
    assert value(telemetry, "extproc_findings_total", type="us_ssn", direction="request") == 2
    assert value(telemetry, "extproc_findings_total", type="credit_card", direction="request") == 1


def test_coverage_is_counted() -> None:
    telemetry = observed(record(skipped=(Skipped((), "image"), Skipped((), "image"))))
    assert value(telemetry, "extproc_scanned_total", direction="request") == 3
    assert value(telemetry, "extproc_skipped_total", direction="request", reason="image") == 2


def test_durations_are_kept_by_side_and_lane() -> None:
    telemetry = observed(record(), record(lane="deferred"))
    for lane in ("inline", "deferred"):
        name = "extproc_phase_duration_seconds_sum"
        assert value(telemetry, name, direction="request", lane=lane) == pytest.approx(0.002)


def test_tokens_are_counted() -> None:
    telemetry = observed(record(usage=Usage(3, 5)), record(usage=Usage(10, 20)))
    assert value(telemetry, "extproc_tokens_total", kind="input") == 13
    assert value(telemetry, "extproc_tokens_total", kind="output") == 25


def test_reloads_are_counted_by_their_result() -> None:
    telemetry = Telemetry()
    for result in ("loaded", "refused", "refused"):
        telemetry.reload(result)
    assert value(telemetry, "extproc_policy_reloads_total", result="loaded") == 1
    assert value(telemetry, "extproc_policy_reloads_total", result="refused") == 2


def test_a_wrong_filter_is_told_apart_and_forgotten_once_it_is_right() -> None:
    telemetry = Telemetry()
    telemetry.filter_contract("configure BUFFERED")
    assert telemetry.contract_problem == "configure BUFFERED"
    assert value(telemetry, "extproc_failures_total", mode="error", reason="filter_contract") == 1
    telemetry.filter_contract("")
    assert telemetry.contract_problem == ""


def test_two_processors_of_one_process_count_apart() -> None:
    observed(record())
    assert value(Telemetry(), "extproc_scanned_total", direction="request") == 0


# Bodies are counted and logged in batches


def test_without_a_loop_a_body_is_counted_and_logged_at_once(lines: list[dict[str, Any]]) -> None:
    telemetry = Telemetry()
    for number in range(3):
        telemetry.observe(record(request_id=str(number)), 0.002)
        assert [line["request_id"] for line in lines] == [str(each) for each in range(number + 1)]


def test_what_waits_is_counted_and_logged_before_the_metrics_are_read(
    lines: list[dict[str, Any]],
) -> None:
    telemetry = Telemetry()

    async def main() -> None:
        telemetry.exchange_opened()
        telemetry.stream_opened()
        telemetry.observe(record(), 0.002)
        assert lines == []
        assert value(telemetry, "extproc_scanned_total", direction="request") == 3
        assert value(telemetry, "extproc_exchanges_open") == 1
        assert value(telemetry, "extproc_streams_open") == 1
        telemetry.stream_closed()
        telemetry.exchange_closed()
        assert value(telemetry, "extproc_exchanges_open") == 0
        assert value(telemetry, "extproc_streams_open") == 0

    asyncio.run(main())
    assert len(lines) == 1


def test_a_body_waits_for_others_only_for_a_moment(lines: list[dict[str, Any]]) -> None:
    telemetry = Telemetry()

    async def main() -> None:
        for number in range(3):
            telemetry.observe(record(request_id=str(number)), 0.002)
            async with asyncio.timeout(10):
                while len(lines) <= number:
                    await asyncio.sleep(0.001)

    asyncio.run(main())


def test_few_bodies_wait_and_their_lines_are_in_order(lines: list[dict[str, Any]]) -> None:
    telemetry = Telemetry()

    async def main() -> None:
        for number in range(1000):
            direction = Direction.RESPONSE if number % 3 else Direction.REQUEST
            telemetry.observe(record(request_id=str(number), direction=direction), 0.002)
            assert number - len(lines) < 64

    asyncio.run(main())
    telemetry.flush()
    assert [line["request_id"] for line in lines] == [str(number) for number in range(1000)]
    assert value(telemetry, "extproc_scanned_total", direction="request") == 334 * 3


def test_a_line_has_the_time_of_its_body(lines: list[dict[str, Any]]) -> None:
    telemetry = Telemetry()

    async def main() -> None:
        telemetry.observe(record(), 0.002)
        await asyncio.sleep(0.01)
        telemetry.observe(record(), 0.002)

    asyncio.run(main())
    telemetry.flush()
    one, two = (datetime.fromisoformat(line["timestamp"]) for line in lines)
    assert two - one >= timedelta(seconds=0.009)


def test_what_waits_when_its_loop_ends_is_counted_with_the_next() -> None:
    telemetry = Telemetry()

    async def main() -> None:
        telemetry.observe(record(), 0.002)

    asyncio.run(main())
    asyncio.run(main())
    telemetry.observe(record(), 0.002)
    assert value(telemetry, "extproc_scanned_total", direction="request") == 9


def test_bodies_of_a_batch_are_counted_each_by_its_own_labels() -> None:
    telemetry = Telemetry()
    kinds = [
        record(),
        record(dialect="generic_json"),
        record(outcome=Outcome.REFUSED, verdict=None, reason="invalid_json"),
        record(verdict=Verdict(Action.ALLOW, 0.0, "production"), usage=Usage(1, -1)),
        record(policy="other"),
    ]

    async def main() -> None:
        for _ in range(3):
            for each in kinds:
                telemetry.observe(each, 0.002)

    asyncio.run(main())
    bodies = [
        (s.labels["dialect"], s.labels["outcome"], s.value)
        for metric in telemetry.registry.collect()
        for s in metric.samples
        if s.name == "extproc_requests_total"
    ]
    assert sorted(bodies) == [
        ("generic_json", "judged", 3),
        ("openai_chat", "judged", 9),
        ("openai_chat", "refused", 3),
    ]
    labels = {"policy": "production", "direction": "request"}
    assert value(telemetry, "extproc_verdicts_total", action="redact", **labels) == 6
    assert value(telemetry, "extproc_verdicts_total", action="allow", **labels) == 3
    assert value(telemetry, "extproc_tokens_total", kind="input") == 3
    assert value(telemetry, "extproc_tokens_total", kind="output") == 0
    name = "extproc_phase_duration_seconds_count"
    assert value(telemetry, name, direction="request", lane="inline") == 15


# The log


def test_the_line_of_a_body_has_the_documented_fields(lines: list[dict[str, Any]]) -> None:
    observed(record(customer_id="acme", usage=Usage(3, 5)))
    [line] = lines
    assert {
        "timestamp",
        "level",
        "service",
        "request_id",
        "test_type",
        "response_time_ms",
        "flagged",
        "score",
        "customer_id",
    } <= set(line)
    assert line["timestamp"].endswith("+00:00")
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "service": "extproc",
        "message": "judged",
        "request_id": "request-1",
        "test_type": "request",
        "response_time_ms": 2.0,
        "flagged": True,
        "score": 0.425,
        "customer_id": "acme",
        "verdict": "redact",
        "policy": "production",
        "dialect": "openai_chat",
        "outcome": "judged",
        "body_bytes": 200,
        "scanned": 3,
        "findings": {"us_ssn": 2},
        "rules": ["ids"],
        "shadow_rules": ["cards"],
        "input_tokens": 3,
        "output_tokens": 5,
    }


@pytest.mark.parametrize("action", list(Action))
def test_flagged_is_whatever_is_not_allowed(action: Action, lines: list[dict[str, Any]]) -> None:
    observed(record(verdict=Verdict(action, 0.0, "production")))
    assert lines[0]["flagged"] is (action is not Action.ALLOW)


def test_a_body_that_was_not_judged_has_no_score(lines: list[dict[str, Any]]) -> None:
    observed(record(outcome=Outcome.REFUSED, verdict=None, reason="invalid_json"))
    [line] = lines
    assert (line["flagged"], line["score"], line["reason"]) == (False, None, "invalid_json")
    assert "customer_id" not in line


def test_what_was_skipped_is_in_the_log(lines: list[dict[str, Any]]) -> None:
    observed(record(skipped=(Skipped((), "image"), Skipped((), "image"), Skipped((), "file"))))
    assert lines[0]["skipped"] == {"image": 2, "file": 1}


def test_the_list_of_rules_is_bounded(lines: list[dict[str, Any]]) -> None:
    judged = tuple(SSN._replace(rule=f"rule-{number}") for number in range(100))
    observed(record(verdict=Verdict(Action.REDACT, 1.0, "production", judged, judged)))
    assert len(lines[0]["rules"]) == len(lines[0]["shadow_rules"]) == 20


def test_nothing_is_logged_below_the_level(lines: list[dict[str, Any]]) -> None:
    logging.getLogger("extproc").setLevel(logging.WARNING)
    observed(record())
    assert lines == []


# The format


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger that writes as operators get it, and what it has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    made = logging.getLogger("test.format")
    made.propagate = False
    made.addHandler(handler)
    yield made, written
    made.removeHandler(handler)


SECRET = "My SSN is 123-45-6789"


def fail() -> None:
    raise ValueError(SECRET)


def test_fields_of_the_process_are_in_every_line() -> None:
    record = logging.makeLogRecord({"msg": "hello", "levelname": "INFO"})
    line = json.loads(JsonFormatter(worker=1).format(record))
    assert (line["worker"], line["message"]) == (1, "hello")


@pytest.mark.parametrize("how", ["exception", "exc_info", "chained"])
def test_the_text_of_an_exception_is_never_written(
    how: str, logger: tuple[logging.Logger, io.StringIO]
) -> None:
    log, written = logger
    try:
        try:
            fail()
        except ValueError as error:
            if how == "chained":
                raise RuntimeError(SECRET) from error
            raise
    except Exception as error:
        if how == "exception":
            log.exception("it failed")
        else:
            log.warning("it failed", exc_info=error)
    line = json.loads(written.getvalue())
    assert line["error"] in ("ValueError", "RuntimeError")
    assert "123-45" not in written.getvalue()


def test_the_text_of_an_exception_that_the_loop_reports_is_not_written_either(
    logger: tuple[logging.Logger, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, written = logger
    monkeypatch.setattr("asyncio.base_events.logger", log)

    async def main() -> None:
        task = asyncio.create_task(asyncio.to_thread(fail))
        await asyncio.wait({task})
        context = {"message": "Task exception was never retrieved", "future": task}
        asyncio.get_running_loop().call_exception_handler(context | {"exception": task.exception()})

    asyncio.run(main())
    assert json.loads(written.getvalue())["error"] == "ValueError"
    assert "123-45" not in written.getvalue()


def test_a_name_that_is_no_utf8_is_written_all_the_same(
    logger: tuple[logging.Logger, io.StringIO],
) -> None:
    logger[0].error("refused", extra={"reason": "policy-\udcff.yaml"})
    assert json.loads(logger[1].getvalue())["reason"].startswith("policy-")


def test_an_error_without_an_exception_has_none(
    logger: tuple[logging.Logger, io.StringIO],
) -> None:
    logger[0].error("it failed", exc_info=True)
    assert "error" not in json.loads(logger[1].getvalue())


def test_every_line_is_one_json_object(logger: tuple[logging.Logger, io.StringIO]) -> None:
    log, written = logger
    log.warning("line one\nline two %s", "é😀", extra={"what": {1, 2}, "n": 1})
    [text, end] = written.getvalue().split("\n")
    line = json.loads(text)
    assert end == ""
    assert line["message"] == "line one\nline two é😀"
    assert (line["level"], line["n"]) == ("warning", 1)


def test_a_value_that_is_no_json_is_written_as_text(
    logger: tuple[logging.Logger, io.StringIO],
) -> None:
    logger[0].error("x", extra={"path": object})
    assert json.loads(logger[1].getvalue())["path"].startswith("<class")


def test_all_logs_go_to_stderr_in_this_form(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    levels = {name: logging.getLogger(name).level for name in ("", "grpc", "uvicorn")}
    try:
        configure("warning")
        logging.getLogger("extproc.x").info("too little to tell")
        logging.getLogger("any.library").warning("told")
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "told"


# Lines of one turn of the loop are written together


class Written(io.StringIO):
    """Keeps the pieces that were written."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, text: str, /) -> int:
        self.pieces.append(text.encode())
        return super().write(text)


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def handler(written: Written) -> LineHandler:
    made = LineHandler(written)
    made.setFormatter(JsonFormatter())
    return made


def event(number: int) -> EventRecord:
    return EventRecord("test.lines", "judged", [(time.time(), {"number": number})])


def numbers(written: Written) -> list[int]:
    return [json.loads(line)["number"] for line in written.getvalue().splitlines()]


def test_without_a_loop_a_line_is_written_at_once(handler: LineHandler, written: Written) -> None:
    handler.handle(event(1))
    assert numbers(written) == [1]
    handler.handle(event(2))
    assert numbers(written) == [1, 2]


def test_the_lines_of_a_turn_are_one_write(handler: LineHandler, written: Written) -> None:
    async def main() -> None:
        for turn in range(3):
            for number in range(10):
                handler.handle(event(turn * 10 + number))
            await asyncio.sleep(0)
            assert len(numbers(written)) == 10 * (turn + 1)

    asyncio.run(main())
    assert numbers(written) == list(range(30))
    assert len(written.pieces) == 3


def test_many_lines_are_written_in_pieces_that_a_pipe_takes_whole(
    handler: LineHandler, written: Written
) -> None:
    async def main() -> None:
        for number in range(1000):
            handler.handle(event(number))
        handler.handle(EventRecord("test.lines", "é" * 5000, [(0.0, {"number": 1000})]))

    asyncio.run(main())
    assert numbers(written) == list(range(1001))
    *pieces, large = written.pieces
    assert all(3000 < len(piece) <= select.PIPE_BUF for piece in pieces[:-1])
    assert all(piece.endswith(b"\n") for piece in written.pieces)
    assert large.count(b"\n") == 1


def test_lines_of_a_loop_that_ended_are_written(handler: LineHandler, written: Written) -> None:
    for number in range(3):
        loop = asyncio.new_event_loop()
        loop.call_soon(handler.handle, event(number))
        loop.call_soon(loop.stop)
        loop.run_forever()  # ends before what was asked of it in this turn
        loop.close()
    handler.flush()
    assert numbers(written) == [0, 1, 2]


def test_nothing_is_lost_at_exit() -> None:
    program = """
import asyncio, logging, sys
from extproc.telemetry.logs import configure

async def main():
    configure("info")
    for number in range(1000):
        logging.getLogger("x").info("judged", extra={"number": number})
    sys.exit(0)

asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    found = [json.loads(line)["number"] for line in ended.stderr.splitlines()]
    assert found == list(range(1000))


def test_threads_may_log_while_a_loop_does(handler: LineHandler, written: Written) -> None:
    def log(first: int) -> None:
        for number in range(first, first + 500):
            handler.handle(event(number))

    async def main() -> None:
        aside = [asyncio.to_thread(log, first) for first in (0, 500)]
        waiting = asyncio.gather(*aside)
        for number in range(1000, 1500):
            handler.handle(event(number))
            await asyncio.sleep(0)
        await waiting

    asyncio.run(main())
    handler.flush()
    assert sorted(numbers(written)) == list(range(1500))


def test_an_event_is_written_like_any_other_record(
    handler: LineHandler, written: Written, logger: tuple[logging.Logger, io.StringIO]
) -> None:
    handler.handle(event(1))
    logger[0].setLevel(logging.INFO)
    logger[0].info("judged", extra={"number": 1})
    ours, other = json.loads(written.getvalue()), json.loads(logger[1].getvalue())
    assert datetime.fromisoformat(ours.pop("timestamp")).utcoffset() == timedelta(0)
    assert datetime.fromisoformat(other.pop("timestamp")).utcoffset() == timedelta(0)
    assert ours == other


@pytest.mark.parametrize("created", [0.0, 1.999, 1_700_000_000.0005, 1_700_000_000.9999])
def test_a_timestamp_is_that_of_its_record(
    created: float, handler: LineHandler, written: Written
) -> None:
    handler.handle(EventRecord("test.lines", "judged", [(created, {})]))
    stamp = datetime.fromisoformat(json.loads(written.getvalue())["timestamp"])
    assert abs(stamp.timestamp() - created) <= 0.001


def test_any_formatter_can_write_an_event() -> None:
    assert "judged" in logging.Formatter("%(asctime)s %(name)s:%(lineno)d %(message)s").format(
        event(1)
    )
