"""Metrics and the log line of every judged body."""

import logging
from collections import Counter as Tally
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from extproc.model.record import Outcome, Record
from extproc.model.values import Action, Judged
from extproc.telemetry.logs import EventRecord

_DURATIONS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_LOGGED_RULES = 20
_MOST_TOKENS = 1 << 53  # beyond it a number is no count

_log = logging.getLogger("extproc.exchange")


class _Counters(NamedTuple):
    """Metrics with the labels of one kind of body."""

    bodies: Counter
    durations: Histogram
    scanned: Counter
    verdicts: Counter | None


class Telemetry:
    """All metrics of a process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.contract_problem = ""
        self._counters: dict[tuple[str | None, ...], _Counters] = {}
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
        self._tokens = tuple(tokens.labels(kind) for kind in ("input", "output"))
        self._reloads = Counter(
            "extproc_policy_reloads", "Attempts to load a policy", ("result",), registry=registry
        )
        self.holdback = Histogram(
            "extproc_stream_holdback_seconds",
            "How long text of a stream waited for more",
            buckets=_DURATIONS,
            registry=registry,
        )
        self.exchanges_open = Gauge(
            "extproc_exchanges_open",
            "HTTP exchanges under way",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.streams_open = Gauge(
            "extproc_streams_open",
            "Streamed responses under way",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def observe(self, record: Record, seconds: float) -> None:
        """Count and log one judged body; `seconds` is the time that it took."""
        direction, verdict = record.direction.value, record.verdict
        counters = self._counters_of(record)
        counters.bodies.inc()
        counters.durations.observe(seconds)
        if record.scanned:
            counters.scanned.inc(record.scanned)
        for skipped in record.skipped:
            self._skipped.labels(direction, skipped.reason).inc()
        if record.outcome is Outcome.REFUSED:
            self._failures.labels("block", record.reason).inc()
        elif record.outcome is Outcome.FAIL_OPEN:
            self._failures.labels("fail_open", record.reason).inc()
        elif record.skipped:
            self._failures.labels("skip", record.skipped[0].reason).inc()
        if record.usage is not None:
            for tokens, count in zip(self._tokens, record.usage, strict=True):
                if 0 <= count < _MOST_TOKENS:
                    tokens.inc(count)
        if counters.verdicts is not None and verdict is not None:
            counters.verdicts.inc()
            self._count(record, verdict.judged, "enforced")
            self._count(record, verdict.shadowed, "shadow")
        _log_record(record, seconds)

    def _counters_of(self, record: Record) -> "_Counters":
        """The metrics that every body counts in; looking for them by labels takes longer."""
        action = record.verdict.action if record.verdict else None
        key = record.dialect, record.direction, record.outcome, record.lane, record.policy, action
        counters = self._counters.get(key)
        if counters is None:
            dialect, direction, outcome, lane, policy, _ = key
            verdicts = self._verdicts.labels(policy, direction, action) if action else None
            counters = self._counters[key] = _Counters(
                self._bodies.labels(dialect, direction, outcome),
                self._durations.labels(direction, lane),
                self._scanned.labels(direction),
                verdicts,
            )
        return counters

    def _count(self, record: Record, judged: tuple[Judged, ...], mode: str) -> None:
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


def _log_record(record: Record, seconds: float) -> None:
    if not _log.isEnabledFor(logging.INFO):
        return
    verdict = record.verdict
    judged = verdict.judged if verdict else ()
    fields: dict[str, object] = {
        "request_id": record.request_id,
        "test_type": record.direction.value,
        "response_time_ms": round(seconds * 1000, 3),
        "flagged": bool(verdict and verdict.action is not Action.ALLOW),
        "score": verdict.risk_score if verdict else None,
        "verdict": verdict.action.value if verdict else None,
        "policy": record.policy,
        "dialect": record.dialect,
        "outcome": record.outcome.value,
        "body_bytes": record.body_bytes,
        "scanned": record.scanned,
    }
    if record.customer_id:
        fields["customer_id"] = record.customer_id
    if record.reason:
        fields["reason"] = record.reason
    if judged:
        fields["findings"] = dict(Tally(item.finding.type for item in judged))
        fields["rules"] = sorted({item.rule for item in judged})[:_LOGGED_RULES]
    if verdict and verdict.shadowed:
        fields["shadow_rules"] = sorted({item.rule for item in verdict.shadowed})[:_LOGGED_RULES]
    if record.skipped:
        fields["skipped"] = dict(Tally(skipped.reason for skipped in record.skipped))
    if record.usage:
        fields["input_tokens"], fields["output_tokens"] = record.usage
    _log.handle(EventRecord(_log.name, "judged", fields))
