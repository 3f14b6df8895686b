"""Metrics and the log line of every judged body.

Bodies are counted and logged in batches, which takes half the time: what is alike is counted at
once, and many lines are one write.
"""

import asyncio
import logging
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric

from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Judged
from extproc.telemetry.detectors import DetectorMetrics
from extproc.telemetry.logs import EventRecord

_DURATIONS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_LOGGED_RULES = 20
_MOST_TOKENS = 1 << 53  # beyond it a number is no count
_BATCH = 64  # bodies
_BATCH_SECONDS = 0.02

_log = logging.getLogger("extproc.exchange")


class _Observed(NamedTuple):
    """A body that was dealt with; `seconds` is the time that it took, `at` when it was done."""

    record: Record
    seconds: float
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class _Kind:
    """Metrics of bodies that are alike; `fields` is what the log says of each of them."""

    bodies: Counter
    durations: Histogram
    scanned: Counter
    verdicts: Counter | None
    fields: dict[str, object]


class _Before:
    """Does something before the metrics of a registry are read, if it is the first in it."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action

    def collect(self) -> Iterable[Metric]:
        self._action()
        return ()


class Telemetry:
    """All metrics of a process, in a registry of its own. Not for several threads.

    What happens is counted and logged a little later, at once where no loop runs, and at the
    latest before the metrics are read; at the end `flush` does it.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        registry.register(_Before(self.flush))
        self.contract_problem = ""
        self._observed: list[_Observed] = []
        self._exchanges = self._streams = 0  # open now
        self._loop: asyncio.AbstractEventLoop | None = None  # that has been asked to flush
        self._kinds: dict[tuple[object, ...], _Kind] = {}
        self._bodies = Counter(
            "extproc_requests",
            "Bodies dealt with",
            ("dialect", "direction", "outcome"),
            registry=registry,
        )
        self._verdicts = Counter(
            "extproc_verdicts", "Verdicts", ("policy", "direction", "action"), registry=registry
        )
        self._rules = Counter(
            "extproc_rule_matches",
            "Findings that a rule decided on",
            ("policy", "rule", "action", "mode"),
            registry=registry,
        )
        self._findings = Counter(
            "extproc_findings", "Findings by entity type", ("type", "direction"), registry=registry
        )
        self._durations = Histogram(
            "extproc_phase_duration_seconds",
            "Time from a body to its answer; of a stream, its length",
            ("direction", "lane"),
            buckets=_DURATIONS,
            registry=registry,
        )
        self._scanned = Counter(
            "extproc_scanned",
            "Segments and stream events inspected",
            ("direction",),
            registry=registry,
        )
        self._skipped = Counter(
            "extproc_skipped",
            "Parts of bodies not inspected",
            ("direction", "reason"),
            registry=registry,
        )
        self._failures = Counter(
            "extproc_failures",
            "Bodies that were not judged: refused (block), let pass by policy (fail_open), with "
            "unscanned parts (skip), or lost to an error (error)",
            ("mode", "reason"),
            registry=registry,
        )
        tokens = Counter(
            "extproc_tokens", "Tokens as providers counted them", ("kind",), registry=registry
        )
        self._input_tokens = tokens.labels("input")
        self._output_tokens = tokens.labels("output")
        self._reloads = Counter(
            "extproc_policy_reloads", "Attempts to load a policy", ("result",), registry=registry
        )
        self._step_backs = Counter(
            "extproc_rule_step_backs",
            "Rules that went back to observing, since they blocked more than their bound",
            ("policy", "rule"),
            registry=registry,
        )
        self.holdback = Histogram(
            "extproc_stream_holdback_seconds",
            "How long text of a stream waited for more; of every eighth piece",
            buckets=_DURATIONS,
            registry=registry,
        )
        self._exchanges_open = Gauge(
            "extproc_exchanges_open",
            "HTTP exchanges under way",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._streams_open = Gauge(
            "extproc_streams_open",
            "Streamed responses under way",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def observe(self, record: Record, seconds: float) -> None:
        """Take one judged body; `seconds` is the time that it took."""
        for rule in record.stepped_back:
            self._step_backs.labels(record.policy, rule).inc()
            fields = {"policy": record.policy, "rule": rule}
            _log.warning("a rule blocks more than its maxBlockRate and now observes", extra=fields)
        self._observed.append(_Observed(record, seconds, time.time()))
        if len(self._observed) < _BATCH:
            self._flush_soon()
        else:
            self.flush()

    def observe_late(self, record: Record) -> None:
        """Take what became known of a body after it had passed; it has been counted before."""
        verdict = record.verdict
        if record.outcome is not Outcome.JUDGED:
            self._count_failure(record)
        if verdict is not None:
            self._count_rules(record, verdict.judged, "enforced")
            self._count_rules(record, verdict.shadowed, "shadow")
        if _log.isEnabledFor(logging.INFO):
            fields = _fields(self._kind(record), _Observed(record, 0.0, 0.0))
            del fields["response_time_ms"]
            _log.handle(EventRecord(_log.name, "judged afterwards", [(time.time(), fields)]))

    @cached_property
    def detectors(self) -> DetectorMetrics:
        """Of slow detectors; there are none where nobody asks for these."""
        return DetectorMetrics(self.registry)

    def exchange_opened(self) -> None:
        self._exchanges += 1
        self._flush_soon()

    def exchange_closed(self) -> None:
        self._exchanges -= 1
        self._flush_soon()

    def stream_opened(self) -> None:
        self._streams += 1
        self._flush_soon()

    def stream_closed(self) -> None:
        self._streams -= 1
        self._flush_soon()

    def flush(self) -> None:
        """Count and log what waits."""
        observed, self._observed = self._observed, []
        self._exchanges_open.set(self._exchanges)
        self._streams_open.set(self._streams)
        kinds: dict[_Kind, list[_Observed]] = {}
        events: list[tuple[float, Mapping[str, object]]] = []
        is_logged = _log.isEnabledFor(logging.INFO)
        for each in observed:
            kind = self._kind(each.record)
            kinds.setdefault(kind, []).append(each)
            if is_logged:
                events.append((each.at, _fields(kind, each)))
        if events:
            _log.handle(EventRecord(_log.name, "judged", events))
        for kind, alike in kinds.items():
            self._count(kind, alike)

    def _flush_soon(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        self._loop = loop
        loop.call_later(_BATCH_SECONDS, self._flush_now)

    def _flush_now(self) -> None:
        self._loop = None
        self.flush()

    def _count(self, kind: _Kind, alike: list[_Observed]) -> None:
        kind.bodies.inc(len(alike))
        if kind.verdicts is not None:
            kind.verdicts.inc(len(alike))
        scanned = tokens_in = tokens_out = 0
        for record, seconds, _ in alike:
            kind.durations.observe(seconds)
            scanned += record.scanned
            if record.usage is not None:
                tokens_in += _count_of(record.usage.input_tokens)
                tokens_out += _count_of(record.usage.output_tokens)
            if record.outcome is not Outcome.JUDGED or record.skipped:
                self._count_failure(record)
            if record.verdict is not None:
                self._count_rules(record, record.verdict.judged, "enforced")
                self._count_rules(record, record.verdict.shadowed, "shadow")
        kind.scanned.inc(scanned)
        self._input_tokens.inc(tokens_in)
        self._output_tokens.inc(tokens_out)

    def _count_failure(self, record: Record) -> None:
        """Count a body that was not judged, or not all of it."""
        for skipped in record.skipped:
            self._skipped.labels(record.direction.value, skipped.reason).inc()
        if record.outcome is Outcome.REFUSED:
            self._failures.labels("block", record.reason).inc()
        elif record.outcome is Outcome.FAIL_OPEN:
            self._failures.labels("fail_open", record.reason).inc()
        else:
            self._failures.labels("skip", record.skipped[0].reason).inc()

    def _kind(self, record: Record) -> _Kind:
        """What there is to know of bodies like this one; metrics by their labels take longer."""
        direction, verdict = record.direction, record.verdict
        action = verdict.action if verdict is not None else None
        key = record.dialect, direction, record.outcome, record.lane, record.policy, action
        kind = self._kinds.get(key)
        if kind is None:
            verdicts = self._verdicts.labels(record.policy, direction, action) if action else None
            kind = self._kinds[key] = _Kind(
                self._bodies.labels(record.dialect, direction, record.outcome),
                self._durations.labels(direction, record.lane),
                self._scanned.labels(direction),
                verdicts,
                {
                    "test_type": direction.value,
                    "flagged": action not in (None, Action.ALLOW),
                    "verdict": action.value if action else None,
                    "policy": record.policy,
                    "dialect": record.dialect,
                    "outcome": record.outcome.value,
                },
            )
        return kind

    def _count_rules(self, record: Record, judged: tuple[Judged, ...], mode: str) -> None:
        for item in judged:
            self._rules.labels(record.policy, item.rule, item.action.value, mode).inc()
            self._findings.labels(item.finding.type, record.direction.value).inc()

    def error(self, reason: str) -> None:
        """An exchange was lost to an error."""
        self._failures.labels("error", reason).inc()

    def filter_contract(self, problem: str) -> None:
        """How the filter of the newest exchange is configured: "", or what is wrong with it."""
        if problem:
            self.error("filter_contract")
        self.contract_problem = problem

    def reload(self, result: str) -> None:
        """A policy was `loaded` or `refused`."""
        self._reloads.labels(result).inc()


def _count_of(tokens: int) -> int:
    return tokens if 0 <= tokens < _MOST_TOKENS else 0


def _fields(kind: _Kind, observed: _Observed) -> dict[str, object]:
    """What the log says of a body."""
    record = observed.record
    verdict = record.verdict
    fields: dict[str, object] = {
        "request_id": record.request_id,
        **kind.fields,
        "response_time_ms": round(observed.seconds * 1000, 3),
        "score": verdict.risk_score if verdict is not None else None,
        "body_bytes": record.body_bytes,
        "scanned": record.scanned,
    }
    if record.customer_id:
        fields["customer_id"] = record.customer_id
    if record.reason:
        fields["reason"] = record.reason
    if verdict is not None and verdict.judged:
        fields["findings"] = dict(Tally(item.finding.type for item in verdict.judged))
        fields["rules"] = _rules(verdict.judged)
    if verdict is not None and verdict.shadowed:
        fields["shadow_rules"] = _rules(verdict.shadowed)
    if record.skipped:
        fields["skipped"] = dict(Tally(skipped.reason for skipped in record.skipped))
    if record.usage:
        fields["input_tokens"], fields["output_tokens"] = record.usage
    return fields


def _rules(judged: tuple[Judged, ...]) -> list[str]:
    return sorted({item.rule for item in judged})[:_LOGGED_RULES]
