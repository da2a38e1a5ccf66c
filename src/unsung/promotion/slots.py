"""Slots of a list that chance fills, with exact probabilities and the same draw everywhere."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np

from unsung.errors import InputError
from unsung.schema import EMPTY

_DIGEST = 64
"""Bytes of one blake2b digest: eight uniform numbers."""
_BITS = 40
"""Bits of a uniform number: few enough for u + slot to be exact, whatever the machine."""
_CERTAIN: Final = 1 - 1e-12
"""A probability so near to 1 is 1: rounding could draw such an item twice."""


@dataclass(frozen=True, eq=False)
class ExploredList:
    """A list of which some slots were drawn, and how probable each slot's item was.

    Parameters
    ----------
    items : ndarray of int32, shape (k,)
        None twice; ``EMPTY`` at the end.
    logging_propensity : ndarray of float64, shape (k,)
        Exact P(the policy puts this item in this slot of this request): 1 where nothing was
        drawn, NaN at ``EMPTY``.
    drawn : ndarray of bool, shape (k,)
        Slots that chance filled.
    """

    items: np.ndarray
    logging_propensity: np.ndarray
    drawn: np.ndarray


def eligible_items(
    campaign_items: np.ndarray, listed: np.ndarray, seen: np.ndarray, allowed: np.ndarray
) -> np.ndarray:
    """Items of a campaign that may be drawn for a user: ndarray of int32, ascending.

    Parameters
    ----------
    campaign_items : ndarray of int, shape (m,)
    listed : ndarray of int
        The list as it would be without the campaign.
    seen : ndarray of int
        Items that mustn't come back.
    allowed : ndarray of bool, shape (n_items,)
        What rules let through, such as what is in stock.

    Examples
    --------
    >>> eligible_items(np.array([4, 2, 1, 0]), np.array([2]), np.array([4]), np.ones(5, bool))
    array([0, 1], dtype=int32)
    """
    free = np.setdiff1d(campaign_items, np.concatenate([listed, seen]))
    return np.asarray(free[allowed[free]], dtype=np.int32)


def explore(
    base: np.ndarray,
    items: np.ndarray,
    weights: np.ndarray,
    *,
    ranks: tuple[int, ...],
    request_id: str,
    campaign_id: str,
) -> ExploredList:
    """Fill the reserved ranks of a list with items drawn without replacement.

    Item i is drawn with ``inclusion_probabilities`` p_i, which add up to the number of slots n,
    and stands in each of these slots with probability p_i / n.

    Proof. Lay the items end to end, in any order, as intervals of length p_i <= 1; together they
    cover [0, n). Take those that u, u + 1, ..., u + n - 1 fall into, with u uniform in [0, 1).
    Modulo 1 an interval of length p_i covers a share p_i of [0, 1), no point of it twice: item i is
    taken with probability p_i, at most once (systematic sampling). The n items taken then go to
    the n slots in an order that is drawn uniformly and independently of u, so each of them stands
    in a given slot with probability 1 / n.

    Parameters
    ----------
    base : ndarray of int32, shape (k,)
        The list without the campaign, best first, ``EMPTY`` at the end. Its items move down past
        the reserved slots, and the last ones out.
    items : ndarray of int, shape (m,)
        What may be drawn (``eligible_items``): none twice, none in ``base``. Their order is of no
        consequence.
    weights : ndarray of float64, shape (m,)
        0 or more; an item of weight 0 is not drawn.
    ranks : tuple of int
        The reserved slots, from 1 to k. Where fewer items than slots may be drawn, the first of
        the slots are used.
    request_id, campaign_id : str
        Seed the draw: asked again, the same request gets the same list.

    Returns
    -------
    explored : ExploredList

    Raises
    ------
    InputError
        Where ranks or weights are out of range, or an item could come twice.

    Notes
    -----
    Probabilities are those given the user, the weights and the base list. Run at most one campaign
    in a list: a second one could draw only what the first did not. Uniform numbers come as
    multiples of 2^-40, which is how exact "exact" is. Time: O(m log m), .4 ms for m = 300.

    References
    ----------
    Madow (1949), doi:10.1214/aoms/1177729988 (systematic sampling)

    Examples
    --------
    Two items of equal weight and one slot: each is drawn with probability 1 / 2.

    >>> draw = explore(np.array([5, 6, 7]), np.array([1, 2]), np.ones(2), ranks=(2,),
    ...                request_id="r1", campaign_id="spring")
    >>> draw.items[[0, 2]].tolist(), draw.logging_propensity.tolist()
    ([5, 6], [1.0, 0.5, 1.0])
    """
    _check(base, items, ranks)
    order = np.argsort(items)
    items, weights = items[order], np.asarray(weights, dtype=np.float64)[order]
    probabilities = inclusion_probabilities(weights, len(ranks))
    uniforms = hash_uniforms(len(items) + len(ranks) + 1, request_id, campaign_id)
    start, of_items, of_slots = np.split(uniforms, [1, 1 + len(items)])
    taken = _systematic_sample(probabilities, float(start[0]), np.argsort(of_items, kind="stable"))
    taken = taken[np.argsort(of_slots[: len(taken)], kind="stable")]
    propensities = probabilities[taken] / max(len(taken), 1)
    return _merge(base, items[taken], propensities, sorted(ranks)[: len(taken)])


def inclusion_probabilities(weights: np.ndarray, n: int) -> np.ndarray:
    """Probabilities in proportion to weights, none above 1, that add up to n.

    What an item would have above 1 goes to the others. Where at most n weights are above 0, those
    items are certain.

    Parameters
    ----------
    weights : ndarray of float64, shape (m,)
    n : int
        Items to draw without replacement.

    Returns
    -------
    probabilities : ndarray of float64, shape (m,)

    Raises
    ------
    InputError
        Where a weight is below 0 or not finite.

    Examples
    --------
    >>> inclusion_probabilities(np.array([8.0, 1.0, 1.0]), 2).tolist()
    [1.0, 0.5, 0.5]
    """
    weights = np.asarray(weights, dtype=np.float64)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise InputError("a weight is below 0 or not a number: leave such items out of the draw.")
    if np.count_nonzero(weights) <= n:
        return (weights > 0).astype(np.float64)
    order = np.argsort(-weights, kind="stable")
    ranked = weights[order]
    # Summed one by one: other ways of adding up differ between machines in the last bit.
    rest = np.cumsum(ranked[::-1])[::-1]
    certain = int(np.argmin((n - np.arange(len(ranked))) * ranked >= _CERTAIN * rest))
    probabilities = np.ones(len(weights))
    uncertain = order[certain:]
    probabilities[uncertain] = (n - certain) * weights[uncertain] / rest[certain]
    return probabilities


def hash_uniforms(count: int, *key: str) -> np.ndarray:
    """Numbers in [0, 1) that a key decides, the same on every machine: ndarray of float64.

    Examples
    --------
    >>> hash_uniforms(2, "r1", "spring").round(4).tolist()
    [0.484, 0.824]
    """
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    seed = "".join(f"{len(part)}:{part}" for part in key).encode()
    blocks = range(-(-8 * count // _DIGEST))
    stream = b"".join(
        blake2b(seed, digest_size=_DIGEST, salt=block.to_bytes(8, "little")).digest()
        for block in blocks
    )
    words = np.frombuffer(stream, dtype="<u8")[:count]
    return np.asarray((words >> np.uint64(64 - _BITS)) * 2.0**-_BITS)


def _check(base: np.ndarray, items: np.ndarray, ranks: tuple[int, ...]) -> None:
    if len(set(ranks)) < len(ranks) or not all(1 <= rank <= len(base) for rank in ranks):
        raise InputError(f"reserved ranks {ranks}: give distinct ranks from 1 to {len(base)}.")
    if len(np.unique(items)) < len(items) or np.isin(items, base).any():
        raise InputError("an item could stand in the list twice: draw from eligible_items.")


def _systematic_sample(probabilities: np.ndarray, start: float, order: np.ndarray) -> np.ndarray:
    """Positions of the items drawn; the certain ones first."""
    certain = np.flatnonzero(probabilities == 1)
    uncertain = order[probabilities[order] < 1]
    n = round(float(probabilities[uncertain].sum()))
    if n == 0:
        return certain
    ends = np.cumsum(probabilities[uncertain])
    ends *= n / ends[-1]
    return np.concatenate(
        [certain, uncertain[np.searchsorted(ends, start + np.arange(n), "right")]]
    )


def _merge(
    base: np.ndarray, items: np.ndarray, propensities: np.ndarray, ranks: list[int]
) -> ExploredList:
    """The base list with the drawn items in their slots; moved up where it is too short."""
    k, slots = len(base), np.array(ranks, dtype=np.int64) - 1
    merged, propensity = np.full(k, EMPTY, dtype=np.int32), np.ones(k)
    drawn = np.zeros(k, dtype=bool)
    drawn[slots] = True
    merged[~drawn] = base[: k - len(slots)]
    merged[slots], propensity[slots] = items, propensities
    propensity[merged == EMPTY] = np.nan
    order = np.argsort(merged == EMPTY, kind="stable")
    return ExploredList(merged[order], propensity[order], drawn[order])
