"""What balance methods work on: each user's best items with what a slot of them is worth."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from unsung import schema
from unsung.data.state import ShopState
from unsung.features.history import histories_of
from unsung.features.item import group_codes
from unsung.pipeline.ranking import one_of_group, top_k
from unsung.pipeline.rules import Rules, allowed_items, seen_items
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.recommenders.base import Scorer
from unsung.rerankers.base import ItemFacts, Pool
from unsung.schema import EMPTY

POOL_SIZE = 300
"""Items of a user that a balance method chooses from."""
BATCH = 1024
"""Users scored at a time: memory goes with this times the number of items."""


@dataclass(frozen=True)
class Relevance:
    """How a score becomes P(purchase): ``expit(slope * score + intercept)``.

    The second stage's scores are log-odds already; for the blend a window tells both numbers.

    Parameters
    ----------
    slope : float
        Above 0.
    intercept : float
    """

    slope: float = 1.0
    intercept: float = 0.0

    def of(self, scores: np.ndarray) -> np.ndarray:
        """P(purchase): ndarray of float64, of the shape of the scores."""
        return np.asarray(expit(self.slope * scores.astype(np.float64) + self.intercept))


AS_LOG_ODDS = Relevance()


def item_facts(state: ShopState, segments: np.ndarray) -> ItemFacts:
    """What the balance methods may know of a state's items.

    Parameters
    ----------
    state : ShopState
    segments : ndarray of int8, shape (n_items,)
        Codes, as of the fit.
    """
    terms, embeddings = state.content.terms, state.content.embeddings
    vectors = embeddings if embeddings.shape[1] else terms if terms.shape[1] else None
    return ItemFacts(
        segments=segments,
        popularity=state.buyers,
        sellers=_codes(state, schema.SELLER_ID),
        brands=_codes(state, schema.BRAND),
        vectors=vectors,
    )


def make_pools(
    scorer: Scorer,
    state: ShopState,
    users: np.ndarray,
    facts: ItemFacts,
    *,
    rules: Rules,
    relevance: Relevance = AS_LOG_ODDS,
    size: int = POOL_SIZE,
) -> Pool:
    """Each user's best items that the rules allow.

    Parameters
    ----------
    scorer : Scorer
        Fitted.
    state : ShopState
    users : ndarray of int32, shape (n,)
        -1 for somebody without a history.
    facts : ItemFacts
        Of the state's items.
    rules : Rules
    relevance : Relevance
    size : int
        Items a user; fewer where the rules leave fewer.

    Returns
    -------
    pool : Pool
        The first k items of each row are the list that the scorer makes alone.
    """
    allowed = allowed_items(state, rules)
    width = min(size, state.n_items)
    items = np.full((len(users), width), EMPTY, dtype=np.int32)
    scores = np.zeros((len(users), width), dtype=np.float32)
    for start in range(0, len(users), BATCH):
        part = slice(start, start + BATCH)
        found = scorer.score(state, users[part])
        free = allowed & ~seen_items(state, users[part], rules)
        items[part] = top_k(found, width, one_of_group(found, free, state.content.variants))
        scores[part] = np.take_along_axis(found, np.maximum(items[part], 0), axis=1)
    tastes = tastes_of(state, users, facts.segments)
    return pool_of(items, scores, tastes, relevance, history_sizes(state, users))


def pool_of(
    items: np.ndarray,
    scores: np.ndarray,
    tastes: np.ndarray,
    relevance: Relevance = AS_LOG_ODDS,
    n_history: np.ndarray | None = None,
) -> Pool:
    """The pool of lists that are there.

    Parameters
    ----------
    items : ndarray of int32, shape (n, m)
        Best first, ``EMPTY`` at the end.
    scores : ndarray of float32, shape (n, m)
    tastes : ndarray of float64, shape (n, n_segments)
    relevance : Relevance
    n_history : ndarray of int64, shape (n,), optional
    """
    inside = items != EMPTY
    worth = np.where(inside, relevance.of(scores), 0)
    return Pool(items, np.where(inside, scores, 0).astype(np.float64), worth, tastes, n_history)


def history_sizes(state: ShopState, users: np.ndarray) -> np.ndarray:
    """Items in each user's history: ndarray of int64, shape (n,); 0 for whom nobody knows."""
    # The last place stands for users that came after the state was made, and for -1.
    sizes = np.append(np.diff(state.pairs.indptr), 0)
    return np.asarray(sizes[np.minimum(users, len(sizes) - 1)])


def tastes_of(state: ShopState, users: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Share of each segment among the items of users' histories.

    Parameters
    ----------
    state : ShopState
    users : ndarray of int32, shape (n,)
    segments : ndarray of int8, shape (n_items,)

    Returns
    -------
    tastes : ndarray of float64, shape (n, n_segments)
        Rows sum to 1, or are 0 for a user without a history.
    """
    counts = histories_of(state, users).count_by(segments, len(SEGMENT_NAMES))
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def _codes(state: ShopState, column: str) -> np.ndarray | None:
    if column not in state.catalogue:
        return None
    return group_codes(state, column).astype(np.int32)
