"""What a service looks after once a minute: whether a refit is due, and how far figures drift."""

from typing import Final

from unsung.operations.drift import drift_of
from unsung.operations.schedule import WHO, refit_if_due
from unsung.service.context import Context
from unsung.service.metrics import DRIFT, DRIFT_WARNINGS
from unsung.store.audit import append
from unsung.store.rates import take

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
    if context.shop.served is None:
        return
    taken, _ = take(store, "drift", 1, 1, 1 / DRIFT_S, now)
    if taken:
        set_gauges(context, now)


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
