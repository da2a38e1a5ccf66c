"""Whether an item sells in certain months only, compared with the shop as a whole."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from unsung.data.interactions import Interactions
from unsung.schema import DAY_US

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Season:
    """The strongest stretch of months of each item; all arrays of shape (n_items,).

    Parameters
    ----------
    first_month : ndarray of int64
        Month of the year in which the stretch begins, 0 = January.
    share : ndarray of float64
        Share of the item's buyers in these months; a buyer counts once a calendar month.
    shop_share : ndarray of float64
        The same share of the whole shop, counted from the month of the item's first sale on.
    p_value : ndarray of float64
        Chance of such a share if the item sold like the shop, corrected for the choice of the
        best of 12 stretches.
    recurs : ndarray of bool
        Whether the item sold in the stretch of two years or more; where target events cover less
        than two years, of one.
    """

    first_month: np.ndarray
    share: np.ndarray
    shop_share: np.ndarray
    p_value: np.ndarray
    recurs: np.ndarray


def month_starts(first: int, last: int) -> np.ndarray:
    """Starts of the calendar months (UTC) that touch ``first .. last``, and of the one after.

    Parameters
    ----------
    first, last : int
        Microseconds since 1970 UTC.

    Returns
    -------
    starts : ndarray of int64, shape (n_months + 1,)

    Examples
    --------
    >>> month_starts(0, 40 * DAY_US).tolist() == [0, 31 * DAY_US, 59 * DAY_US]
    True
    """
    begin = np.datetime64(first, "us").astype("datetime64[M]")
    end = np.datetime64(last, "us").astype("datetime64[M]") + 2
    return np.arange(begin, end).astype("datetime64[us]").astype(np.int64)


def item_seasons(rows: Interactions, n_items: int, as_of: int, window_months: int) -> Season | None:
    """The stretch of months in which each item sold most, beside the shop's share in it.

    Parameters
    ----------
    rows : Interactions
        Everything before the moment.
    n_items : int
    as_of : int
        The moment, in microseconds.
    window_months : int
        Length of the stretch.

    Returns
    -------
    season : Season or None
        None where target events cover less than a year, since then no season can be told from a
        trend. Items without a sale have shares of 0 and a p-value of 1.

    Notes
    -----
    Counting the shop from the item's first sale on keeps a new item, all of whose sales are
    recent, from looking seasonal.
    """
    sold = rows.take(rows.is_target)
    if not len(sold) or as_of - int(sold.timestamp[0]) < 365 * DAY_US:
        return None
    stamps = sold.timestamp.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    seen = np.unique(np.column_stack([sold.item_index, sold.user_index, stamps]), axis=0)
    item, month = seen[:, 0], seen[:, 2]
    item_counts = np.bincount(item * 12 + month % 12, minlength=n_items * 12).reshape(-1, 12)
    windows = _window_sums(item_counts, window_months)
    best = windows.argmax(axis=1)
    n = item_counts.sum(axis=1)
    k = windows[np.arange(n_items), best]

    start = int(month.min())
    first = np.full(n_items, int(month.max()) - start)
    np.minimum.at(first, item, month - start)
    since = _shop_counts_since(month - start, start)
    shop_share = _window_sums(since, window_months)[first, best] / since.sum(axis=1)[first]
    p_value = np.where(n > 0, stats.binom.sf(k - 1, n, np.minimum(shop_share, 1)) * 12, 1)
    needed = 2 if as_of - int(sold.timestamp[0]) >= 2 * 365 * DAY_US else 1
    recurs = _years_in_season(item, month, best, window_months) >= needed
    return Season(best, k / np.maximum(n, 1), shop_share, np.minimum(p_value, 1), recurs)


def _years_in_season(
    item: np.ndarray, month: np.ndarray, first_month: np.ndarray, length: int
) -> np.ndarray:
    since = month - first_month[item]
    inside = since % 12 < length
    years = np.unique(np.column_stack([item[inside], since[inside] // 12]), axis=0)
    return np.bincount(years[:, 0], minlength=len(first_month))


def _window_sums(counts: np.ndarray, length: int) -> np.ndarray:
    return sum((np.roll(counts, -shift, axis=1) for shift in range(length)), np.zeros_like(counts))


def _shop_counts_since(month: np.ndarray, start: int) -> np.ndarray:
    n_months = int(month.max()) + 1
    counts = np.zeros((n_months, 12), dtype=np.int64)
    calendar = (np.arange(n_months) + start) % 12
    counts[np.arange(n_months), calendar] = np.bincount(month, minlength=n_months)
    return counts[::-1].cumsum(axis=0)[::-1]
