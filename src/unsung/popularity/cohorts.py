"""How items did in their first weeks, beside items that came at the same time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unsung.popularity.segments import NEVER, popularity_place

LABELLED: Final = 0
NEVER_SOLD: Final = 1
BIRTH_CUT: Final = 2
"""First sold when the data begin: when it was really born can't be told."""
WINDOW_CUT: Final = 3
"""Born so late that its first weeks aren't over."""
NO_COHORT: Final = -1

RARE_SHARE: Final = 0.2
MIN_COHORT: Final = 50


@dataclass(frozen=True, eq=False)
class TailLabels:
    """What became of every item; all arrays of shape (n_items,).

    Parameters
    ----------
    status : ndarray of int8
        ``LABELLED``, ``NEVER_SOLD``, ``BIRTH_CUT`` or ``WINDOW_CUT``.
    cohort : ndarray of int32
        Number of the cohort, oldest first; ``NO_COHORT`` without a label.
    buyers : ndarray of int64
        Distinct buyers within the window; 0 without a label.
    place : ndarray of float64
        Place by buyers within the cohort, from 0 (most bought) to 1, as ``popularity_place`` gives
        it; NaN without a label.
    """

    status: np.ndarray
    cohort: np.ndarray
    buyers: np.ndarray
    place: np.ndarray

    @property
    def labelled(self) -> np.ndarray:
        """Which items have a label: ndarray of bool, shape (n_items,)."""
        return np.asarray(self.status == LABELLED)

    @property
    def demand(self) -> np.ndarray:
        """ln(1 + buyers), ndarray of float64, shape (n_items,); 0 without a label."""
        return np.asarray(np.log1p(self.buyers))

    def is_rare(self, share: float = RARE_SHARE) -> np.ndarray:
        """Which labelled items are the top sellers of their cohort: ndarray of bool.

        Parameters
        ----------
        share : float
            In (0, 1): the share of a cohort that is rare; the rest is its tail. Equally bought
            items go together, so the cut is the one nearest to the share, and a cohort in which
            all sold alike has no rare item.

        Examples
        --------
        >>> bought = np.array([9, 3, 3, 1, 1])
        >>> labels_of_totals(bought).is_rare().tolist()
        [True, False, False, False, False]
        """
        # NaN compares as False: no label, not rare.
        return np.asarray(self.place < share)


def label_first_weeks(
    buyers: np.ndarray,
    born: np.ndarray,
    *,
    start: int,
    end: int,
    window: int,
    known_birth: np.ndarray | None = None,
    min_cohort: int = MIN_COHORT,
) -> TailLabels:
    """Labels from each item's first weeks, by cohort.

    Parameters
    ----------
    buyers : ndarray of int64, shape (n_items,)
        Distinct buyers within the window, as from ``buyers_within``.
    born : ndarray of int64, shape (n_items,)
        Time of the first sale, microseconds since 1970 UTC; ``NEVER`` where there was none.
    start, end : int
        The data's first moment and the one just after the last that is read, in microseconds.
    window : int
        Microseconds that are counted from the first sale on. An item first sold within as long
        after ``start`` may well have been sold before, so its birth counts as cut off.
    known_birth : ndarray of bool, shape (n_items,), optional
        Items of which something else, such as ``created_at``, says that they weren't there before
        ``start``.
    min_cohort : int
        Calendar months are joined until a cohort has as many items.

    Returns
    -------
    labels : TailLabels
    """
    status = np.full(len(born), LABELLED, dtype=np.int8)
    early = born < start + window
    if known_birth is not None:
        early &= ~known_birth
    status[early] = BIRTH_CUT
    sold = born < NEVER
    late = np.zeros(len(born), dtype=bool)
    late[sold] = born[sold] + window > end
    status[late] = WINDOW_CUT
    status[~sold] = NEVER_SOLD
    labelled = status == LABELLED
    cohort = np.full(len(born), NO_COHORT, dtype=np.int32)
    cohort[labelled] = cohorts_by_month(born[labelled], min_cohort)
    return TailLabels(
        status, cohort, np.where(labelled, buyers, 0), place_in_cohort(buyers, cohort)
    )


def labels_of_totals(buyers: np.ndarray, included: np.ndarray | None = None) -> TailLabels:
    """Labels from all buyers, every item in one cohort: for data without a clock.

    Also for items whose birth is cut off, which are old enough to be compared by their totals.

    Parameters
    ----------
    buyers : ndarray of int64, shape (n_items,)
        Distinct buyers.
    included : ndarray of bool, shape (n_items,), optional
        Which items get a label; those with a buyer where not given.

    Returns
    -------
    labels : TailLabels
        Items left out count as ``NEVER_SOLD``.
    """
    labelled = buyers > 0 if included is None else included
    status = np.where(labelled, LABELLED, NEVER_SOLD).astype(np.int8)
    cohort = np.where(labelled, 0, NO_COHORT).astype(np.int32)
    return TailLabels(
        status, cohort, np.where(labelled, buyers, 0), place_in_cohort(buyers, cohort)
    )


def buyers_within(
    item_index: np.ndarray,
    user_index: np.ndarray,
    timestamp: np.ndarray,
    born: np.ndarray,
    window: int,
) -> np.ndarray:
    """Distinct buyers of each item within a time from its first sale.

    Parameters
    ----------
    item_index, user_index : ndarray of int32, shape (n,)
        Purchases.
    timestamp : ndarray of int64, shape (n,)
    born : ndarray of int64, shape (n_items,)
        Time of each item's first sale.
    window : int
        Same unit as the times; a sale just ``window`` after the first is outside.

    Returns
    -------
    buyers : ndarray of int64, shape (n_items,)

    Examples
    --------
    >>> item, user = np.array([0, 0, 0, 1]), np.array([7, 7, 8, 7])
    >>> buyers_within(item, user, np.array([0, 1, 9, 4]), np.array([0, 4]), 5).tolist()
    [1, 1]
    """
    inside = timestamp - born[item_index] < window
    pairs = np.unique(np.column_stack([item_index[inside], user_index[inside]]), axis=0)
    return np.bincount(pairs[:, 0], minlength=len(born))


def cohorts_by_month(born: np.ndarray, min_items: int = MIN_COHORT) -> np.ndarray:
    """Number the cohorts of items by the calendar month (UTC) of their birth.

    Parameters
    ----------
    born : ndarray of int64, shape (n,)
        Microseconds since 1970 UTC.
    min_items : int
        Months are joined, from the oldest on, until a cohort has as many; what is left at the end
        joins the cohort before it.

    Returns
    -------
    cohort : ndarray of int32, shape (n,)

    Examples
    --------
    >>> days = np.array(["2025-01-03", "2025-02-01", "2025-02-09", "2025-04-01"])
    >>> cohorts_by_month(days.astype("datetime64[us]").astype(np.int64), 2).tolist()
    [0, 0, 0, 0]
    >>> cohorts_by_month(days.astype("datetime64[us]").astype(np.int64), 1).tolist()
    [0, 1, 1, 2]
    """
    months = born.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    distinct, month, counts = np.unique(months, return_inverse=True, return_counts=True)
    number = np.zeros(len(distinct), dtype=np.int32)
    cohort, held = 0, 0
    for place, count in enumerate(counts):
        number[place] = cohort
        held += int(count)
        if held >= min_items:
            cohort, held = cohort + 1, 0
    if held:
        number = np.minimum(number, max(cohort - 1, 0))
    return np.asarray(number[month])


def place_in_cohort(buyers: np.ndarray, cohort: np.ndarray) -> np.ndarray:
    """Place of each item by buyers among its cohort.

    Parameters
    ----------
    buyers : ndarray of int64, shape (n_items,)
    cohort : ndarray of int32, shape (n_items,)

    Returns
    -------
    place : ndarray of float64, shape (n_items,)
        From 0 (most bought) to 1, the middle of the group for equally bought items; NaN where
        there is no cohort.
    """
    place = np.full(len(buyers), np.nan)
    for number in np.unique(cohort[cohort != NO_COHORT]):
        members = cohort == number
        place[members] = popularity_place(buyers[members])
    return place
