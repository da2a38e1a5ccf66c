"""How an item sells lately, against how it sold before."""

from typing import Final

import numpy as np

from unsung.data.state import ShopState
from unsung.features.history import divide

HALF_LIVES_DAYS: Final = (3.5, 7.0, 14.0, 28.0, 56.0)
SHORT_DAYS: Final = 7.0
LONG_DAYS: Final = 56.0

DEFINITIONS: Final = {
    **{
        f"trend.buyers_{days:g}d": (
            f"Log of one plus the item's distinct buyers, each halved for every {days:g} days "
            "since their last purchase of it."
        )
        for days in HALF_LIVES_DAYS
    },
    "trend.ratio": (
        f"Buyers with a half-life of {SHORT_DAYS:g} days over those with {LONG_DAYS:g}: near 1 for "
        f"an item that only sells lately, {SHORT_DAYS / LONG_DAYS:g} for one that sells evenly."
    ),
}


def trend_features(state: ShopState) -> dict[str, np.ndarray]:
    """The family ``trend``: arrays of float, shape (n_items,), by name; NaN without a clock."""
    if not state.has_clock:
        return {name: np.full(state.n_items, np.nan) for name in DEFINITIONS}
    buyers = {days: state.decayed_buyers(days) for days in HALF_LIVES_DAYS}
    found = {f"trend.buyers_{days:g}d": np.log1p(buyers[days]) for days in HALF_LIVES_DAYS}
    found["trend.ratio"] = divide(buyers[SHORT_DAYS], buyers[LONG_DAYS])
    return found
