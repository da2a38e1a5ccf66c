"""Which items the second stage looks at: every scorer's best, and a share kept for the tail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from unsung.pipeline.ranking import top_k
from unsung.schema import EMPTY
from unsung.settings import Settings


class CandidateSettings(Settings):
    """How many items are looked at for a user, and how many of them for their own sake."""

    total: int = Field(default=300, ge=1)
    """Items that the second stage scores for a user."""
    exploration_share: float = Field(default=0.2, ge=0, lt=1)
    """Share of them kept for items of the established tail and for items never sold, best by
    text first, so that some are always among them."""


@dataclass(frozen=True, eq=False)
class Exploration:
    """What the exploration share goes to.

    Parameters
    ----------
    groups : sequence of ndarray of bool, shape (n_items,)
        Parts of the catalogue, such as the established tail and the cold items; each gets an equal
        share, as far as it has items.
    scorers : sequence of str
        Scorers that say which of their items come first, those of text where there are any.
    """

    groups: Sequence[np.ndarray]
    scorers: Sequence[str]


def choose_candidates(
    scores: Mapping[str, np.ndarray],
    allowed: np.ndarray,
    exploration: Exploration,
    settings: CandidateSettings,
    n_fitted: int | None = None,
) -> np.ndarray:
    """The union of every scorer's best items, and of the best of each explored group.

    Every scorer in turn gives its next best item until the places are filled; the items explored
    are given in the same way by the scorers named for it, out of each group. Nothing is drawn at
    random: the same scores give the same candidates.

    Parameters
    ----------
    scores : mapping of str to ndarray of float32, shape (n, n_items)
        By scorer.
    allowed : ndarray of bool, shape (n, n_items)
        Items that may be candidates.
    exploration : Exploration
    settings : CandidateSettings
    n_fitted : int, optional
        Items that were there at the fit; later ones take no place of theirs, and have as many
        places of their own as are explored. All where not given.

    Returns
    -------
    candidates : ndarray of int32, shape (n, m)
        Item indices, ascending; ``EMPTY`` at the end of lists that are shorter. m is at most
        ``settings.total``, and what is explored of later items.
    """
    n_fitted = allowed.shape[1] if n_fitted is None else n_fitted
    later = np.arange(allowed.shape[1]) >= n_fitted
    groups = [group & ~later for group in exploration.groups if group[:n_fitted].any()]
    n_explored = int(settings.total * settings.exploration_share)
    n_best = settings.total - (n_explored if groups else 0)
    every = list(scores.values())
    chosen = best_in_turn(every, allowed & ~later, n_best)
    ranked = [scores[name] for name in exploration.scorers]
    for group in groups:
        _choose(chosen, ranked, allowed, group, n_explored // len(groups))
    if later.any():
        _choose(chosen, every, allowed, later, max(n_explored, 1))
    return _as_lists(chosen)


def _choose(
    chosen: np.ndarray,
    scores: Sequence[np.ndarray],
    allowed: np.ndarray,
    group: np.ndarray,
    n: int,
) -> None:
    """Add the n best of a group that aren't chosen yet, looking at nothing but the group."""
    inside = np.flatnonzero(group)
    free = allowed[:, inside] & ~chosen[:, inside]
    chosen[:, inside] |= best_in_turn([some[:, inside] for some in scores], free, n)


def best_in_turn(scores: Sequence[np.ndarray], allowed: np.ndarray, n: int) -> np.ndarray:
    """The n items that stand highest with the scorer that places them highest.

    Parameters
    ----------
    scores : sequence of ndarray of float32, shape (n_users, n_items)
        Equal places are settled by the order of the scorers.
    allowed : ndarray of bool, shape (n_users, n_items)
    n : int

    Returns
    -------
    chosen : ndarray of bool, shape (n_users, n_items)
        At most n a row.

    Examples
    --------
    >>> first, second = np.array([[9, 8, 7, 0]]), np.array([[0, 1, 8, 9]])
    >>> best_in_turn([first, second], np.ones((1, 4), bool), 3).astype(int).tolist()
    [[1, 1, 0, 1]]
    """
    n_users, n_items = allowed.shape
    depth = min(n, n_items)
    # All scorers at once: for a single user the calls would take longer than their work.
    tops = top_k(np.concatenate(list(scores)), depth, np.tile(allowed, (len(scores), 1)))
    # First places of all scorers in turn, then second places, and so on.
    turns = tops.reshape(len(scores), n_users, depth).transpose(1, 2, 0).reshape(n_users, -1)
    rows, turn = np.arange(n_users)[:, None], np.arange(turns.shape[1])
    # Of an item's turns the first: what is written last stays, where memory is walked forwards
    # (hence the copies). Empty slots (-1) fall into a column of their own.
    first = np.full((n_users, n_items + 1), -1)
    first[rows, turns[:, ::-1].copy()] = turn[::-1].copy()
    new = (first[rows, turns] == turn) & (turns != EMPTY)
    new &= np.cumsum(new, axis=1) <= n
    chosen = np.zeros((n_users, n_items), dtype=bool)
    row, place = np.nonzero(new)
    chosen[row, turns[row, place]] = True
    return chosen


def _as_lists(chosen: np.ndarray) -> np.ndarray:
    counts = chosen.sum(axis=1)
    row, item = np.nonzero(chosen)
    lists = np.full((len(chosen), int(counts.max(initial=0))), EMPTY, dtype=np.int32)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    lists[row, place] = item
    return lists
