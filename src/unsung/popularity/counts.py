"""Sales, money and impressions of every item."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.popularity.exposure import attention_per_item, impressions_per_item
from unsung.popularity.segments import item_first_seen, segment_items


@dataclass(frozen=True, eq=False)
class ItemCounts:
    """What a diagnosis counts, by item; all arrays of shape (n_items,).

    Parameters
    ----------
    segments : ndarray of int8
        As in ``segment_items``.
    buyers : ndarray of int64
        Distinct buyers.
    purchases : ndarray of int64
        Target events, repeats included.
    first_seen : ndarray of int64
        As in ``item_first_seen``.
    revenue : ndarray of float64, optional
        Price times quantity of the purchases where both are known; None where they never are.
    impressions : ndarray of int64, optional
        How often the item was shown before the moment; None without exposures.
    exposure : ndarray of float64, optional
        The same, discounted by rank.
    """

    segments: np.ndarray
    buyers: np.ndarray
    purchases: np.ndarray
    first_seen: np.ndarray
    revenue: np.ndarray | None
    impressions: np.ndarray | None
    exposure: np.ndarray | None

    @property
    def measures(self) -> dict[str, np.ndarray | None]:
        """What is added up by group, by column name."""
        return {
            "buyers": self.buyers,
            "purchases": self.purchases,
            "revenue": self.revenue,
            "exposure": self.exposure,
        }


def count_items(dataset: Dataset, state: ShopState, settings: SegmentSettings) -> ItemCounts:
    """Count sales, money and impressions of every item before the state's moment."""
    rows = state.interactions.take(state.interactions.is_target)
    money = rows.price.astype(np.float64) * rows.quantity
    known = np.isfinite(money)
    n = state.n_items
    impressions, exposure = _exposures(dataset, state)
    return ItemCounts(
        segments=segment_items(state, settings),
        buyers=state.buyers,
        purchases=np.bincount(rows.item_index, minlength=n),
        first_seen=item_first_seen(state),
        revenue=np.bincount(rows.item_index[known], money[known], minlength=n)
        if known.any()
        else None,
        impressions=impressions,
        exposure=exposure,
    )


def _exposures(dataset: Dataset, state: ShopState) -> tuple[np.ndarray | None, np.ndarray | None]:
    shown = dataset.exposures
    if shown is None:
        return None, None
    if state.as_of is not None and schema.TIMESTAMP in shown:
        # A slot without a time can't be known to lie before the moment.
        shown = shown[(shown[schema.TIMESTAMP] < state.as_of).fillna(False).to_numpy(dtype=bool)]
    item = shown["item_index"].to_numpy(dtype=np.int64)
    rank = np.full(len(shown), np.nan)
    if schema.RANK in shown:
        rank = pd.to_numeric(shown[schema.RANK]).to_numpy(dtype=np.float64, na_value=np.nan)
    n = state.n_items
    return impressions_per_item(item, n), attention_per_item(item, rank, n)
