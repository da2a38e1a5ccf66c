"""Pins and business rules: what a shop wants of every list, whatever balances it."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from unsung.errors import InputError
from unsung.rerankers.base import ItemFacts, OwnerKind, Pool, SegmentName
from unsung.schema import EMPTY
from unsung.settings import Settings


class SlotRules(Settings):
    """Slots kept for segments, and how much of a list one seller may hold."""

    reserved: dict[SegmentName, int] = Field(default_factory=dict)
    """Segment -> fewest slots for it, as far as the user's pool has such items."""
    at_most: dict[OwnerKind, int] = Field(default_factory=dict)
    """``seller``, ``brand`` or ``variant`` -> most items of one of them in a list. Items without
    one are not counted."""

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if min(self.reserved.values(), default=0) < 0 or min(self.at_most.values(), default=1) < 1:
            raise ValueError("reserve 0 slots or more, and allow each owner 1 item or more")
        return self


def apply_rules(
    lists: np.ndarray,
    pool: Pool,
    items: ItemFacts,
    rules: SlotRules,
    *,
    pins: Mapping[int, int] | None = None,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """The lists of a balance method, changed where a rule asks for it.

    Items are taken in the order of the list, then in that of the pool. One is passed over where
    its owner has its most already, or where only so many slots are left as are reserved for
    others. Pins come first of all: they count as slots of their segment and items of their owner.

    Parameters
    ----------
    lists : ndarray of int32, shape (n, k)
        Subsets of the pool's rows.
    pool : Pool
        What slots are filled from.
    items : ItemFacts
    rules : SlotRules
    pins : mapping of int to int, optional
        Rank (from 1) -> item index, for all users, in the pool or not. Where ``allowed`` forbids
        the item, or the rank is beyond k, it is left out.
    allowed : ndarray of bool, shape (n_items,) or (n, n_items), optional
        What may be listed, such as what is in stock.

    Returns
    -------
    lists : ndarray of int32, shape (n, k)
        None twice, ``EMPTY`` at the end; in a list that is too short, pins move up.

    Raises
    ------
    InputError
        Where more slots are reserved than there are, an item is pinned twice, or the items have no
        such owners.

    Examples
    --------
    One of two slots is reserved for the tail, whose best item is 4.

    >>> facts = ItemFacts(np.array([0, 0, 0, 0, 1], np.int8), np.zeros(5, int))
    >>> scores = np.array([[3.0, 2.0, 1.0]])
    >>> pool = Pool(np.array([[2, 0, 4]]), scores, scores / 10)
    >>> lists = np.array([[2, 0]])
    >>> apply_rules(lists, pool, facts, SlotRules(reserved={"tail": 1})).tolist()
    [[2, 4]]
    >>> apply_rules(lists, pool, facts, SlotRules(), pins={1: 3}).tolist()
    [[3, 2]]
    """
    k = lists.shape[1]
    if sum(rules.reserved.values()) > k:
        raise InputError(f"{sum(rules.reserved.values())} slots are reserved in lists of {k}.")
    may = np.ones(len(items.segments), dtype=bool) if allowed is None else allowed
    may = np.broadcast_to(may, (len(pool), len(items.segments)))
    pinned = _pinned(pins or {}, may, k)
    filling = _Filling(_candidates(lists, pool, may, pinned), pinned, items, rules)
    filling.run(keep_reserved=True)
    # Slots kept for items that their owner's limit shut out go to whoever is next.
    filling.run(keep_reserved=False)
    return _compact(_between(filling.taken, pinned))


def _pinned(pins: Mapping[int, int], may: np.ndarray, k: int) -> np.ndarray:
    """The pin of every slot: ndarray of int32, shape (n, k), ``EMPTY`` where there is none."""
    if len(set(pins.values())) < len(pins) or min(pins, default=1) < 1:
        raise InputError("pin each item to one rank, from 1 on.")
    pinned = np.full((len(may), k), EMPTY, dtype=np.int32)
    for rank, item in pins.items():
        if rank <= k:
            pinned[:, rank - 1] = np.where(may[:, item], item, EMPTY)
    return pinned


def _candidates(lists: np.ndarray, pool: Pool, may: np.ndarray, pinned: np.ndarray) -> np.ndarray:
    """What slots are filled with, in this order: ndarray of int32, ``EMPTY`` = passed over."""
    later = np.where(_among(pool.items, lists), EMPTY, pool.items)
    candidates = np.concatenate([lists, later], axis=1)
    usable = np.take_along_axis(may, np.maximum(candidates, 0), axis=1)
    return np.where(usable & ~_among(candidates, pinned), candidates, EMPTY)


def _among(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each value stands in the same row of the others."""
    found = np.zeros(values.shape, dtype=bool)
    for column in others.T:
        found |= values == column[:, None]
    return found


class _Filling:
    """Lists that are filled candidate by candidate, for all users at once."""

    def __init__(
        self, candidates: np.ndarray, pinned: np.ndarray, items: ItemFacts, rules: SlotRules
    ) -> None:
        self.candidates = candidates
        self.taken = np.full(pinned.shape, EMPTY, dtype=np.int32)
        self.free = (pinned == EMPTY).sum(axis=1)
        self.filled = np.zeros(len(pinned), dtype=np.int64)
        self.limits = [(items.of_owner(kind), most) for kind, most in rules.at_most.items()]
        self.pinned = pinned
        self.reserved = []
        for name, slots in rules.reserved.items():
            member = items.in_segment(name)
            owed = slots - (member[pinned] & (pinned != EMPTY)).sum(axis=1)
            self.reserved.append((member, owed))

    def run(self, *, keep_reserved: bool) -> None:
        """Take candidates in order while there are free slots."""
        left = [self._left(member) for member, _ in self.reserved]
        for column, item in enumerate(self.candidates.T):
            if (self.filled >= self.free).all():
                break
            takes = (item != EMPTY) & (self.filled < self.free)
            for owners, most in self.limits:
                takes &= self._held(owners, item) < most
            if keep_reserved:
                takes &= self._spare(item, [behind[:, column] for behind in left]) > 0
            self._take(takes, item, column)

    def _left(self, member: np.ndarray) -> np.ndarray:
        """Members from each candidate on."""
        mine = member[self.candidates] & (self.candidates != EMPTY)
        return np.asarray(np.cumsum(mine[:, ::-1], axis=1)[:, ::-1])

    def _held(self, owners: np.ndarray, item: np.ndarray) -> np.ndarray:
        """Items of the candidate's owner in the list; none where it has no owner."""
        owner = owners[item][:, None]
        held = np.concatenate([self.taken, self.pinned], axis=1)
        same = (owners[held] == owner) & (held != EMPTY) & (owner >= 0)
        return np.asarray(same.sum(axis=1))

    def _spare(self, item: np.ndarray, left: list[np.ndarray]) -> np.ndarray:
        """Free slots that aren't kept for others."""
        spare = self.free - self.filled
        for (member, owed), behind in zip(self.reserved, left, strict=True):
            kept = np.clip(owed, 0, behind)
            spare = spare - np.where(member[item], np.maximum(kept - 1, 0), kept)
        return np.asarray(spare)

    def _take(self, takes: np.ndarray, item: np.ndarray, column: int) -> None:
        self.taken[takes, self.filled[takes]] = item[takes]
        self.filled += takes
        for member, owed in self.reserved:
            np.subtract(owed, takes & member[item], out=owed)
        self.candidates[takes, column] = EMPTY


def _between(taken: np.ndarray, pinned: np.ndarray) -> np.ndarray:
    """The items taken, in the slots between the pins."""
    free = pinned == EMPTY
    number = np.maximum(np.cumsum(free, axis=1) - 1, 0)
    return np.where(free, np.take_along_axis(taken, number, axis=1), pinned)


def _compact(lists: np.ndarray) -> np.ndarray:
    """Holes moved to the end."""
    order = np.argsort(lists == EMPTY, axis=1, kind="stable")
    return np.take_along_axis(lists, order, axis=1).astype(np.int32)
