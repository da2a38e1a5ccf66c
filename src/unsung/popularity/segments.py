"""Which items are head, established tail, fresh or cold, and in which band of popularity."""

from typing import Final

import numpy as np

from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.schema import DAY_US

HEAD: Final = 0
TAIL: Final = 1
"""The established tail: neither head nor fresh nor cold."""
FRESH: Final = 2
COLD: Final = 3
SEGMENT_NAMES: Final = ("head", "tail", "fresh", "cold")

NEVER: Final = int(np.iinfo(np.int64).max)
"""Time of what has not happened."""

BAND_EDGES: Final = (0.2, 0.4, 0.6)
BAND_NAMES: Final = ("0-20", "20-40", "40-60", "60-100")
FINE_BAND_EDGES: Final = (0.2, 0.3, 0.4, 0.6)
"""With a cut just under the head, where near-hits gather."""
FINE_BAND_NAMES: Final = ("0-20", "20-30", "30-40", "40-60", "60-100")


def popularity_place(
    buyers: np.ndarray, listed: np.ndarray | None = None, weights: np.ndarray | None = None
) -> np.ndarray:
    """Place of every item in the order of popularity, from 0 (most popular) to 1.

    Items with equally many buyers are one group and share the place of the group's middle, so no
    id or row number decides between them. A cut at a share therefore takes a whole group in when
    more than half of it fits, which is the cut nearest to the share.

    Parameters
    ----------
    buyers : ndarray of int, shape (n_items,)
        Distinct buyers.
    listed : ndarray of bool, shape (n_items,), optional
        The items that are placed; all where not given. The others get 1.
    weights : ndarray of float, shape (n_items,), optional
        What the place is a share of: items (each 1) where not given.

    Returns
    -------
    place : ndarray of float64, shape (n_items,)
        Share of the weight held by items with more buyers, plus half of the own group's.

    Examples
    --------
    >>> popularity_place(np.array([9, 1, 1, 0])).tolist()
    [0.125, 0.5, 0.5, 0.875]
    """
    placed = np.ones(len(buyers), dtype=bool) if listed is None else listed
    weight = np.ones(len(buyers)) if weights is None else weights.astype(np.float64)
    place = np.ones(len(buyers))
    _, group = np.unique(-buyers[placed].astype(np.int64), return_inverse=True)
    held = np.bincount(group, weight[placed])
    if held.sum() > 0:
        place[placed] = ((np.cumsum(held) - held / 2) / held.sum())[group]
    return place


def popularity_bands(
    buyers: np.ndarray,
    listed: np.ndarray | None = None,
    edges: tuple[float, ...] = BAND_EDGES,
) -> np.ndarray:
    """Band of popularity of every item, by its place among the listed items.

    Parameters
    ----------
    buyers : ndarray of int, shape (n_items,)
        Distinct buyers.
    listed : ndarray of bool, shape (n_items,), optional
        The catalogue; all items where not given. Unlisted items are in the last band.
    edges : tuple of float
        Where bands end: ``BAND_EDGES`` for ``BAND_NAMES``, ``FINE_BAND_EDGES`` for
        ``FINE_BAND_NAMES``.

    Returns
    -------
    bands : ndarray of int8, shape (n_items,)
        0 = the most popular; equally popular items are in one band.

    Examples
    --------
    >>> popularity_bands(np.array([50, 40, 30, 20, 10])).tolist()
    [0, 1, 2, 3, 3]
    """
    place = popularity_place(buyers, listed)
    return np.searchsorted(edges, place, side="right").astype(np.int8)


def head_items(buyers: np.ndarray, listed: np.ndarray, settings: SegmentSettings) -> np.ndarray:
    """Which items are head: ndarray of bool, shape (n_items,).

    Shares are of the listed items (those without a sale included), interactions are distinct
    buyers, and equally popular items are taken in or left out together (see
    ``popularity_place``). An item without a buyer is never head.
    """
    if settings.definition == "threshold":
        inside = buyers >= settings.min_buyers
    elif settings.definition == "interaction_share":
        place = popularity_place(buyers, listed, weights=buyers)
        inside = place < settings.head_share_of_interactions
    else:
        inside = popularity_place(buyers, listed) < settings.head_share
    return np.asarray(inside & listed & (buyers > 0))


def assign_segments(
    buyers: np.ndarray,
    first_seen: np.ndarray,
    listed: np.ndarray,
    as_of: int | None,
    settings: SegmentSettings,
) -> np.ndarray:
    """Segment of every item, from arrays.

    Parameters
    ----------
    buyers : ndarray of int, shape (n_items,)
        Distinct buyers before the moment.
    first_seen : ndarray of int64, shape (n_items,)
        Microseconds since 1970 UTC; ``NEVER`` for an item without any interaction.
    listed : ndarray of bool, shape (n_items,)
    as_of : int or None
        The moment; None where only order is known, and then nothing is fresh.
    settings : SegmentSettings

    Returns
    -------
    segments : ndarray of int8, shape (n_items,)
        ``HEAD``, ``TAIL``, ``FRESH`` or ``COLD``.

    Examples
    --------
    >>> buyers = np.array([9, 3, 2, 1, 0])
    >>> seen = np.array([0, 0, 0, 70, NEVER // DAY_US]) * DAY_US
    >>> seen[4] = NEVER
    >>> listed = np.ones(5, dtype=bool)
    >>> assign_segments(buyers, seen, listed, 100 * DAY_US, SegmentSettings()).tolist()
    [0, 1, 1, 2, 3]
    """
    segments = np.full(len(buyers), TAIL, dtype=np.int8)
    if as_of is not None:
        segments[first_seen > as_of - settings.fresh_days * DAY_US] = FRESH
    segments[first_seen == NEVER] = COLD
    segments[head_items(buyers, listed, settings)] = HEAD
    return segments


def segment_items(state: ShopState, settings: SegmentSettings) -> np.ndarray:
    """Segment of every item as of the state's moment.

    Head by the definition in use; cold = no interaction yet; fresh = first sold (where never sold:
    first seen) less than ``fresh_days`` ago and not head; the rest is the established tail.

    Parameters
    ----------
    state : ShopState
    settings : SegmentSettings

    Returns
    -------
    segments : ndarray of int8, shape (n_items,)
        ``HEAD``, ``TAIL``, ``FRESH`` or ``COLD``; an item not yet listed is cold until somebody
        interacts with it.
    """
    first = item_first_seen(state)
    return assign_segments(state.buyers, first, state.listed, state.as_of, settings)


def item_first_seen(state: ShopState) -> np.ndarray:
    """Time of the first sale, or of the first interaction where there is no sale.

    Returns
    -------
    first : ndarray of int64, shape (n_items,)
        ``NEVER`` without a target event and without an event of a weight above 0.
    """
    sold = state.first_seen
    return np.where(sold < NEVER, sold, state.first_interaction)
