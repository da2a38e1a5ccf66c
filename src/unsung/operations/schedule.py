"""Refits that come by themselves."""

from pathlib import Path

from unsung.operations.jobs import refit_under_way, start_refit
from unsung.store.database import Store
from unsung.store.jobs import Job, jobs
from unsung.store.models import model_history
from unsung.store.rates import take

HOUR_US = 3_600_000_000
WHO = "schedule"


def refit_if_due(
    store: Store, url: str, shop: Path | None, bundle: Path, hours: float, now: int
) -> Job | None:
    """Start a refit where the last one, or the model that serves, is so old.

    Parameters
    ----------
    store : Store
    url : str
        Of the store, for the process.
    shop : Path or None
        The shop's files.
    bundle : Path
        The new bundle goes beside it.
    hours : float
        Above 0.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    job : Job or None
        None where none is due, or one is under way.

    Raises
    ------
    InputError
        Where the service wasn't told where the shop's files are.
    StoreError
        Where the store can't be written now.

    Notes
    -----
    Any number of processes may ask: one of them takes the token that the hours put into a bucket.
    A refit that failed is tried again when the hours have passed, not before.
    """
    if now < last_learnt(store) + hours * HOUR_US or refit_under_way(store, now):
        return None
    # Half of the hours: a token that was taken must be there again when the next refit is due.
    taken, _ = take(store, "refit schedule", 1, 1, 2 / (hours * 3600), now)
    if not taken:
        return None
    return start_refit(store, url, shop, bundle.with_name(f"bundle-{now // 1_000_000}"), WHO, now)


def last_learnt(store: Store) -> int:
    """When the model last changed or a refit was last asked for; microseconds, 0 for never.

    Parameters
    ----------
    store : Store
    """
    changed = [change.timestamp for change in model_history(store)]
    asked = [job.created for job in jobs(store, 50) if job.kind == "refit"]
    return max([*changed, *asked], default=0)
