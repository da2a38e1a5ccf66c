"""Fit a shop again, on its files and on what its running service has stored since."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from unsung.data.joining import joined_dataset, without_users
from unsung.errors import InputError
from unsung.progress import Progress, silent
from unsung.store.database import Store
from unsung.store.export import export_events
from unsung.store.persons import suppressed_ids
from unsung.workflows.fit import FitSettings, Fitted, fit
from unsung.workflows.prepare import Shop, read_shop


def with_stored(
    shop: Shop, store: Store, *, now: datetime | None = None, progress: Progress = silent
) -> Shop:
    """The shop with what the store knows, and without whom the store has erased.

    Parameters
    ----------
    shop : Shop
        Read from its files.
    store : Store
    now : datetime, optional
        The present, with a zone.
    progress : Progress, optional

    Returns
    -------
    shop : Shop
        The shop itself where the store has no events yet.
    """
    moment = now or datetime.now(UTC)
    dataset = shop.dataset
    with tempfile.TemporaryDirectory(prefix="unsung-refit-") as folder:
        try:
            export_events(store, Path(folder, "export"), round(moment.timestamp() * 1e6))
        except InputError:
            later = None
        else:
            flags = {"event_weights": dict(shop.settings.weights)}
            read = read_shop(Path(folder, "export"), now=now, flags=flags, progress=progress)
            later = read.dataset
    if later is not None:
        dataset = joined_dataset(dataset, later, shop.settings)
    gone = suppressed_ids(store, dataset.users.values.tolist())
    if gone:
        dataset = without_users(dataset, np.isin(dataset.users.values, sorted(gone)))
    return Shop(shop.settings, dataset, shop.check)


def refit(
    shop: Shop,
    store: Store,
    out: Path,
    settings: FitSettings | None = None,
    *,
    progress: Progress = silent,
) -> Fitted:
    """Fit on everything that is known now, into a bundle of its own.

    Parameters
    ----------
    shop : Shop
        Read from its files.
    store : Store
    out : Path
        Where the new bundle goes; the one that serves stays as it is.
    settings : FitSettings, optional
    progress : Progress, optional

    Raises
    ------
    InputError
        Where nothing can be learnt, or ``out`` is something else than a bundle.
    StoreError
        Where the store can't be read now.
    """
    return fit(with_stored(shop, store, progress=progress), out, settings, progress=progress)
