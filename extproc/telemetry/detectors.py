"""Metrics of slow detectors. Unlike others they may be counted from any thread."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)


class DetectorMetrics:
    """Labels are the names that the policy gives its detectors."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "extproc_detector_duration_seconds",
            "Time that a slow detector took, also to fail",
            ("detector",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._failures = Counter(
            "extproc_detector_failures",
            "Questions to slow detectors without an answer",
            ("detector", "kind"),
            registry=registry,
        )
        self._cached = Counter(
            "extproc_detector_cached_texts",
            "Texts of which a slow detector's answer was remembered",
            ("detector",),
            registry=registry,
        )
        self._open = Gauge(
            "extproc_detector_breaker_open",
            "Whether a slow detector is not asked, since it failed too often; sum over workers",
            ("detector",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._dropped = Counter(
            "extproc_late_dropped",
            "Bodies that slow detectors did not judge afterwards for want of room",
            registry=registry,
        )

    def detector_answered(self, detector: str, seconds: float) -> None:
        """It was asked, and has answered or failed."""
        self._seconds.labels(detector).observe(seconds)

    def detector_failed(self, detector: str, kind: str) -> None:
        """There is no answer."""
        self._failures.labels(detector, kind).inc()

    def detector_cached(self, detector: str, texts: int) -> None:
        """So many texts had been judged before."""
        self._cached.labels(detector).inc(texts)

    def detector_breaker(self, detector: str, *, is_open: bool) -> None:
        """Its breaker has changed."""
        self._open.labels(detector).set(is_open)

    def late_dropped(self) -> None:
        """A body was not judged afterwards."""
        self._dropped.inc()
