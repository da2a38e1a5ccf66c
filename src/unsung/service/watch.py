"""What a service looks after once a minute: refits due or lost, rows too old, drift."""

from typing import Final

from unsung.operations.drift import drift_of
from unsung.operations.jobs import end_lost_jobs
from unsung.operations.schedule import WHO, refit_if_due
from unsung.operations.today import today_of
from unsung.service.context import Context
from unsung.service.metrics import (
    COVERAGE_TODAY,
    DRIFT,
    DRIFT_WARNINGS,
    SHOWN_TODAY,
    SPENT_TODAY,
)
from unsung.store.audit import append
from unsung.store.personal import forget_before
from unsung.store.rates import forget_buckets, take

FORGET_S: Final = 86_400.0
"""What is too old is deleted so often, by one of the processes."""
DRIFT_S: Final = 900.0
"""The figures of drift are counted so often, by one of the processes."""


def watch(context: Context, now: int) -> None:
    """Begin a refit that is due, and set the gauges of drift.

    Parameters
    ----------
    context : Context
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    StoreError
        Where the store can't be read or written now.
    """
    store, settings = context.shop.store, context.settings
    if settings.refit_hours is not None:
        job = refit_if_due(
            store, settings.store, settings.shop, settings.bundle, settings.refit_hours, now
        )
        if job is not None:
            append(store, WHO, "refit", "", {"job": job.job_id}, now)
    end_lost_jobs(store, now)
    forget(context, now)
    if context.shop.served is None:
        return
    taken, _ = take(store, "drift", 1, 1, 1 / DRIFT_S, now)
    if taken:
        set_gauges(context, now)


def forget(context: Context, now: int) -> None:
    """Delete what the settings say is too old and write down how much it was; old rates too.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    store, settings = context.shop.store, context.settings
    taken, _ = take(store, "buckets", 1, 1, 1 / FORGET_S, now)
    if taken:  # after so long every bucket is full again
        forget_buckets(store, now - round(2 * FORGET_S * 1e6))
    events, exposures = settings.keep_events_days, settings.keep_exposures_days
    if events is None and exposures is None:
        return
    taken, _ = take(store, "retention", 1, 1, 1 / FORGET_S, now)
    if taken:
        gone = forget_before(store, now, events_days=events, exposures_days=exposures)
        append(store, WHO, "retention", "", dict(gone), now)


def set_gauges(context: Context, now: int) -> None:
    """Tell Prometheus how far the recent days' figures are from the fit's.

    Parameters
    ----------
    context : Context
    now : int
        Microseconds since 1970 UTC.
    """
    found = drift_of(context.shop.store, context.shop.model(), context.settings.watch_days, now)
    for side in ("recent", "fit"):
        for name, value in found[side].items():
            if value is not None:
                DRIFT.labels(name, side).set(value)
    DRIFT_WARNINGS.set(len(found["warnings"]))
    today = today_of(context.shop.store, context.shop.model(), now)
    SHOWN_TODAY.set(today.shown)
    COVERAGE_TODAY.set(today.coverage)
    SPENT_TODAY.set(today.explored)
