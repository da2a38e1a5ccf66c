"""What was shown since midnight UTC: how much of the catalogue, and how much of it to explore."""

from dataclasses import dataclass

from unsung.operations.served_model import ServedModel
from unsung.schema import DAY_US
from unsung.store.daily import slots_by_item, warm_up_slots
from unsung.store.database import Store


@dataclass(frozen=True)
class Today:
    """Counts since midnight UTC.

    Parameters
    ----------
    shown : int
        Distinct items of the catalogue that lists held.
    coverage : float
        The same as a share of the listed items.
    explored : int
        Impressions that warm-ups spent.
    """

    shown: int
    coverage: float
    explored: int


def today_of(store: Store, served: ServedModel, now: int) -> Today:
    """Count what was shown today, by all processes.

    Parameters
    ----------
    store : Store
    served : ServedModel
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    StoreError
        Where the store can't be read now.
    """
    midnight = now // DAY_US * DAY_US
    whole = served.shop.whole
    items = [item for _, item, _ in slots_by_item(store, midnight, now + 1)]
    shown = sum(1 for place in whole.items.index_of(items) if place >= 0 and whole.listed[place])
    listed = int(whole.listed.sum())
    return Today(shown, shown / max(listed, 1), warm_up_slots(store, midnight, now + 1))
