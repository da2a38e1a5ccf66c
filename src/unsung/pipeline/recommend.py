"""From a request to a list: score -> rules -> ranking -> reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.pipeline.policy import Dial
from unsung.pipeline.pools import POOL_SIZE
from unsung.pipeline.ranking import one_of_group, top_k, user_batches
from unsung.pipeline.reasons import Reason, dial_reason, reasons_for, title_of
from unsung.pipeline.rules import Rules, allowed_items, seen_items
from unsung.recommenders.base import Scorer
from unsung.schema import EMPTY

SCORES_AN_ITEM = 4
"""Held for each user and item while a list is made: a blend's sum, a scorer's part, and copies."""
MOST_K = 1000
"""Longest list that is made for a request."""


@dataclass(frozen=True)
class Request:
    """One user's request for a list.

    Parameters
    ----------
    user_id : str
        A user that the state doesn't know gets what is good for anybody.
    k : int
        Length of the list, 1 to ``MOST_K``.
    rules : Rules
    explain : bool
        Whether reasons are wanted.
    """

    user_id: str
    k: int = 10
    rules: Rules = field(default_factory=Rules)
    explain: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MOST_K:
            raise InputError(f"k is {self.k}; it must be from 1 to {MOST_K}.")


@dataclass(frozen=True)
class Recommendation:
    """One slot of a list.

    Parameters
    ----------
    rank : int
        From 1.
    item_id, title : str
    score : float
        Higher is better; comparable within the list alone.
    segment : str
        ``head``, ``tail`` (established), ``fresh`` or ``cold``, as of the fit.
    undialled_rank : int
        Where it would stand if the dial stood at 0.
    reasons : tuple of Reason
        Sum to the score; empty where none were asked for.
    """

    rank: int
    item_id: str
    title: str
    score: float
    segment: str
    undialled_rank: int
    reasons: tuple[Reason, ...] = ()


def recommend(
    request: Request,
    recommender: Scorer,
    state: ShopState,
    *,
    segments: Sequence[str] = (),
    vocabulary: Sequence[str] = (),
    dial: Dial | None = None,
    scores: np.ndarray | None = None,
) -> tuple[Recommendation, ...]:
    """The list for one request.

    Parameters
    ----------
    request : Request
    recommender : Scorer
        Fitted.
    state : ShopState
        As of now.
    segments : sequence of str
        Segment of every item as of the fit; items beyond its end are ``cold``.
    vocabulary : sequence of str
        Terms of ``state.content.terms``, for reasons.
    dial : Dial, optional
        Turns the list; without one the scores alone make it.
    scores : ndarray of float32, shape (1, n_items), optional
        The recommender's, where the caller has them already.

    Returns
    -------
    list : tuple of Recommendation
        Shorter than ``request.k`` where the rules leave fewer items.
    """
    users = np.array([state.users.find(request.user_id)], dtype=np.int32)
    scores = recommender.score(state, users) if scores is None else scores
    allowed = allowed_items(state, request.rules) & ~seen_items(state, users, request.rules)[0]
    allowed = one_of_group(scores, allowed, state.content.variants)
    size = request.k if dial is None else max(request.k, POOL_SIZE)
    best = top_k(scores, min(size, state.n_items), allowed)
    undialled = best[0].tolist()
    items = undialled[: request.k]
    if dial is not None:
        items = dial.lists(scores, best, state, users, request.k)[0].tolist()
    user, found = int(users[0]), []
    for rank, item in enumerate((item for item in items if item != EMPTY), start=1):
        before = undialled.index(item) + 1
        reasons: tuple[Reason, ...] = ()
        if request.explain:
            reasons = reasons_for(recommender, state, user, item, vocabulary)
            reasons = (*reasons, *dial_reason(rank, before))
        found.append(
            Recommendation(
                rank=rank,
                item_id=str(state.items.values[item]),
                title=title_of(state, item),
                score=float(scores[0, item]),
                segment=segments[item] if item < len(segments) else "cold",
                undialled_rank=before,
                reasons=reasons,
            )
        )
    return tuple(found)


def recommend_lists(
    recommender: Scorer,
    state: ShopState,
    users: np.ndarray,
    k: int,
    rules: Rules | None = None,
    *,
    dial: Dial | None = None,
) -> np.ndarray:
    """Lists for many users at once, as evaluation wants them.

    Parameters
    ----------
    recommender : Scorer
        Fitted.
    state : ShopState
        As of the moment that the lists are for.
    users : ndarray of int32, shape (n,)
    k : int
        Length of the lists.
    rules : Rules, optional
    dial : Dial, optional

    Returns
    -------
    lists : ndarray of int32, shape (len(users), k)
        Item indices, ``EMPTY`` at the end where too few items were left; the same lists as one
        request at a time.
    """
    rules = rules or Rules()
    allowed = allowed_items(state, rules)
    lists = np.full((len(users), k), EMPTY, dtype=np.int32)
    for part in user_batches(len(users), SCORES_AN_ITEM * state.n_items):
        some = users[part]
        scores = recommender.score(state, some)
        free = ~seen_items(state, some, rules) & allowed
        free = one_of_group(scores, free, state.content.variants)
        if dial is None:
            lists[part] = top_k(scores, k, free)
        else:
            best = top_k(scores, min(max(k, POOL_SIZE), state.n_items), free)
            lists[part] = dial.lists(scores, best, state, some, k)
    return lists
