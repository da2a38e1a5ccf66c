"""What is counted of the service, for Prometheus."""

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

_BUCKETS: Final = (0.001, 0.002, 0.003, 0.005, 0.008, 0.012, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 5)

REQUESTS: Final = Counter(
    "unsung_requests_total", "Requests by route and status.", ["method", "path", "status"]
)
SECONDS: Final = Histogram(
    "unsung_request_seconds", "Time to the end of the answer.", ["path"], buckets=_BUCKETS
)
LISTS: Final = Counter(
    "unsung_lists_total", "Lists by the rung of the ladder that made them.", ["rung"]
)
SLOTS: Final = Counter(
    "unsung_slots_total", "Places of lists by the segment of their item.", ["segment"]
)
FAILURES: Final = Counter(
    "unsung_failures_total", "What failed and was got over, by place.", ["place"]
)
EVENTS: Final = Counter("unsung_events_total", "Events received, by what became of them.", ["fate"])
SHADOWED: Final = Counter(
    "unsung_shadow_lists_total", "Lists that a shadow was asked for too, by fate.", ["fate"]
)
DRIFT: Final = Gauge(
    "unsung_drift",
    "Recent days' figures by name, beside the fit's (where known), as /v1/drift gives them.",
    ["figure", "side"],
    multiprocess_mode="mostrecent",
)
DRIFT_WARNINGS: Final = Gauge(
    "unsung_drift_warnings",
    "What stands out in the recent days' figures.",
    multiprocess_mode="mostrecent",
)
SHOWN_TODAY: Final = Gauge(
    "unsung_items_shown_today",
    "Distinct items in lists since midnight UTC.",
    multiprocess_mode="mostrecent",
)
COVERAGE_TODAY: Final = Gauge(
    "unsung_coverage_today",
    "The same as a share of the catalogue.",
    multiprocess_mode="mostrecent",
)
SPENT_TODAY: Final = Gauge(
    "unsung_exploration_spent_today",
    "Impressions that warm-ups spent since midnight UTC.",
    multiprocess_mode="mostrecent",
)
EXPOSURES: Final = Counter("unsung_exposures_total", "Exposures: stored or dropped.", ["fate"])


def exposition() -> tuple[bytes, str]:
    """All figures as text, and its content type.

    Notes
    -----
    With several workers ``PROMETHEUS_MULTIPROC_DIR`` names the folder in which each keeps its own,
    and the sum over them is given.
    """
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def note_request(method: str, path: str, status: int, seconds: float) -> None:
    """Count one request.

    Parameters
    ----------
    method, path : str
        The path is the route's pattern.
    status : int
    seconds : float
        To the end of the answer.
    """
    REQUESTS.labels(method, path, str(status)).inc()
    SECONDS.labels(path).observe(seconds)
