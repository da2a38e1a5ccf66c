"""Slots of lists that a warm-up fills: which request gets them, what stands there, how probably."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from unsung.errors import StoreError
from unsung.operations.answers import Answer, Query, Scored
from unsung.operations.served_model import NOBODY, ServedModel
from unsung.pipeline.reasons import Reason, reasons_for, title_of
from unsung.pipeline.recommend import Recommendation
from unsung.pipeline.rules import allowed_items, seen_items
from unsung.promotion.budget import Budget, Offer, Pace, Spent, Traffic, make_offer, set_pace
from unsung.promotion.slots import ExploredList, eligible_items, explore, hash_uniforms
from unsung.schema import DAY_US, EMPTY
from unsung.store.database import Store
from unsung.store.warm_up_ledger import (
    Impression,
    SoFar,
    add_offers,
    offers_since,
    spend,
    spent_so_far,
)
from unsung.store.warm_ups import WARMING, WarmUp, WarmUpItem, warm_ups

RANKS: Final = (4, 8, 12)
"""The slots that are kept, as many of them as a warm-up takes: seen, and not the first."""
LEAST_K: Final = 4
"""Shorter lists are left alone."""
_BUCKET_US: Final = 600_000_000
_TURN_US: Final = 60_000_000
_STEPS: Final = 8
"""Levels of interest to an octave: offers within 9 % of each other count as alike."""
_MOST_OFFERS: Final = 50_000
"""Beyond so many offers a day a pace is set from every n-th."""
_LOOKED_US: Final = 1_000_000
"""So long a warm-up that was started, stopped or decided by another process goes unnoticed."""

Report = Callable[[str, Exception], None]


@dataclass(frozen=True, eq=False)
class _Open:
    """A warm-up that may spend, with its pace."""

    budget: WarmUp
    item_ids: tuple[str, ...]
    pace: Pace


@dataclass(eq=False)
class WarmUpSlots:
    """What a process does for the warm-ups of the store.

    Parameters
    ----------
    store : Store
    report : callable
        Told of what failed and was got over.
    """

    store: Store
    report: Report
    _open: tuple[_Open, ...] = field(default=(), init=False)
    _looked: int = field(default=-_LOOKED_US, init=False)
    _offers: Counter[tuple[str, int, int]] = field(default_factory=Counter, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def idle(self) -> bool:
        """Whether no list is touched now."""
        return not self._open

    def look(self, now: int, *, at_once: bool = False) -> bool:
        """Take in what runs and set its pace, at most once a second; whether it did."""
        if not at_once and 0 <= now - self._looked < _LOOKED_US:
            return False
        self._looked = now
        with self._lock:
            offers, self._offers = self._offers, Counter()
        add_offers(self.store, offers, now)
        running = warm_ups(self.store, running_only=True)
        self._open = tuple(
            _Open(budget, warming_ids(items), self._pace(budget, now))
            for budget, items in sorted(running, key=lambda pair: pair[0].warm_up_id)
            if may_spend(budget, items, now)
        )
        return True

    def place(
        self,
        served: ServedModel,
        found: Answer,
        query: Query,
        request_id: str,
        now: int,
        *,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """The answer with what a warm-up puts into it, and the propensity of every slot.

        Parameters
        ----------
        served : ServedModel
        found : Answer
            As it is without.
        query : Query
        request_id : str
            Seeds the draw.
        now : int
            Microseconds since 1970 UTC.
        wanted : callable
            Asked last: False where the list comes too late to be shown.

        Returns
        -------
        answer : Answer
            ``found`` itself where nothing runs or nobody is named, in lists of fewer than four and
            for those who opted out: they aren't counted, and each user's impressions have to be.
        """
        scored, running = found.scored, self._open
        if not running or scored is None or query.user_id == NOBODY:
            return found
        if query.k < LEAST_K or found.rung != served.rungs[0].name:
            return found
        if not served.shop.wishes_of(query.user_id).profiled:
            return found
        one = running[_turn(query.user_id, now) % len(running)]
        draw = _Draw(one, scored, found, query, request_id, now)
        try:
            return self._placed(served, draw, wanted)
        except StoreError as error:
            self.report("warm-up", error)
            return found

    def _placed(self, served: ServedModel, draw: "_Draw", wanted: Callable[[], bool]) -> Answer:
        budget = draw.one.budget
        offer = draw.offer(spent_so_far(self.store, budget.warm_up_id, draw.query.user_id))
        if not offer.slots:
            return draw.found
        level = level_of(offer.interest)
        with self._lock:
            self._offers[budget.warm_up_id, draw.now // _BUCKET_US * _BUCKET_US, level] += 1
        share = _share(draw.one.pace, level)
        if not share:
            return draw.found
        if draw.coin >= share:
            return draw.left_alone(share)
        shown: list[ExploredList] = []

        def decide(so_far: SoFar) -> Sequence[Impression]:
            last = draw.offer(so_far)
            if not (last.slots and so_far.running and wanted()):
                return ()
            shown.append(draw.explored(last))
            return draw.impressions(shown[-1], share)

        if spend(self.store, budget.warm_up_id, draw.query.user_id, decide):
            return draw.answer(served, shown[-1], share)
        return draw.found

    def _pace(self, warm_up: WarmUp, now: int) -> Pace:
        rows = offers_since(self.store, warm_up.warm_up_id, now - DAY_US)
        every = -(-sum(count for _, _, count in rows) // _MOST_OFFERS) or 1
        counts = np.array([count for _, _, count in rows], dtype=np.int64)
        # Offers of a level are alike, so every n-th of them says the same.
        counts = (np.cumsum(counts) // every) - ((np.cumsum(counts) - counts) // every)
        moments = np.array([bucket for bucket, _, _ in rows], dtype=np.int64)
        levels = np.array([level for _, level, _ in rows], dtype=np.int64)
        traffic = Traffic(np.repeat(moments, counts), np.repeat(interest_of(levels), counts))
        left = warm_up.impressions - warm_up.spent
        thinned = replace(budget_of(warm_up), impressions=max(-(-left // every), 1))
        return set_pace(thinned, 0 if left else thinned.impressions, traffic, now)


def warming_ids(items: Sequence[WarmUpItem]) -> tuple[str, ...]:
    """Items without a verdict."""
    return tuple(item.item_id for item in items if item.state == WARMING)


def may_spend(budget: WarmUp, items: Sequence[WarmUpItem], now: int) -> bool:
    """Whether there is anything left to spend, and something to spend it on."""
    in_time = budget.starts <= now < budget.ends
    return in_time and budget.spent < budget.impressions and bool(warming_ids(items))


def budget_of(warm_up: WarmUp) -> Budget:
    """The limits of a warm-up."""
    return Budget(
        warm_up.impressions,
        warm_up.starts,
        warm_up.ends,
        warm_up.per_request,
        warm_up.min_per_item,
        warm_up.max_per_item,
        warm_up.max_per_user,
    )


def level_of(interest: float) -> int:
    """The level that an interest lies on.

    Examples
    --------
    >>> level_of(0.5), level_of(0.26), interest_of(np.array([-8, -16])).tolist()
    (-8, -16, [0.5, 0.25])
    """
    return int(np.floor(_STEPS * np.log2(max(interest, 1e-12))))


def interest_of(levels: np.ndarray) -> np.ndarray:
    """The interest that a level stands for: ndarray of float64."""
    return np.asarray(2.0 ** (levels / _STEPS))


def _share(pace: Pace, level: int) -> float:
    """P(an offer of a level is taken), over the coin."""
    interest = float(interest_of(np.array(level)))
    return float(pace.takes(interest, -1.0)) if interest != pace.threshold else pace.tie_share


def _turn(user_id: str, now: int) -> int:
    """Several warm-ups take turns, minute by minute: whose it is doesn't hang on chance."""
    start = int(hash_uniforms(1, user_id)[0] * 2**20)
    return start + now // _TURN_US


@dataclass(frozen=True, eq=False)
class _Draw:
    """One warm-up before one request."""

    one: _Open
    scored: Scored
    found: Answer
    query: Query
    request_id: str
    now: int
    allowed: np.ndarray = field(init=False)
    items: np.ndarray = field(init=False)
    listed: np.ndarray = field(init=False)
    interest: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        state, rules = self.scored.state, self.scored.rules
        user = np.array([state.users.find(self.scored.user_id)], dtype=np.int32)
        allowed = allowed_items(state, rules) & ~seen_items(state, user, rules)[0]
        named = state.items.index_of(list(self.one.item_ids))
        listed = state.items.index_of([item.item_id for item in self.found.items])
        items = eligible_items(named[named >= 0], listed, np.zeros(0, dtype=np.int32), allowed)
        # Log-odds of a purchase where the whole model answers; else a blend's number, whose order
        # is what matters.
        interest = 1 / (1 + np.exp(-self.scored.scores[items].astype(np.float64)))
        made = {"allowed": allowed, "items": items, "listed": listed, "interest": interest}
        for name, value in made.items():
            object.__setattr__(self, name, value)

    @property
    def coin(self) -> float:
        return float(hash_uniforms(1, self.request_id, self.one.budget.warm_up_id, "coin")[0])

    def offer(self, so_far: SoFar) -> Offer:
        """What limits leave now; nobody is shown an item twice."""
        ids = self.scored.state.items.values[self.items]
        had = set(so_far.of_user)
        fresh = np.array([item not in had for item in ids], dtype=bool)
        by_item = np.array([so_far.by_item.get(item, 0) for item in ids], dtype=np.int64)
        spent = Spent(so_far.total, by_item, len(so_far.of_user))
        interest = np.where(fresh, self.interest, 0.0)
        budget = budget_of(self.one.budget)
        return make_offer(
            replace(budget, per_request=min(budget.per_request, len(self._ranks(len(RANKS))))),
            spent,
            interest,
            self.now,
        )

    def _ranks(self, slots: int) -> tuple[int, ...]:
        return tuple(rank for rank in RANKS if rank <= self.query.k)[:slots]

    def explored(self, offer: Offer) -> ExploredList:
        base = np.full(self.query.k, EMPTY, dtype=np.int32)
        base[: len(self.listed)] = self.listed
        return explore(
            base,
            self.items,
            offer.weights,
            ranks=self._ranks(offer.slots),
            request_id=self.request_id,
            campaign_id=self.one.budget.warm_up_id,
        )

    def impressions(self, explored: ExploredList, share: float) -> list[Impression]:
        ids = self.scored.state.items.values
        return [
            Impression(
                self.request_id,
                int(place) + 1,
                self.one.budget.warm_up_id,
                self.query.user_id,
                str(ids[explored.items[place]]),
                self.now,
                float(share * explored.logging_propensity[place]),
            )
            for place in np.flatnonzero(explored.drawn & (explored.items != EMPTY))
        ]

    def left_alone(self, share: float) -> Answer:
        """A request that the coin decided against: from the first kept slot on, it might have."""
        first = RANKS[0]
        propensities = [1.0 if item.rank < first else 1 - share for item in self.found.items]
        return replace(self.found, propensities=tuple(propensities))

    def answer(self, served: ServedModel, explored: ExploredList, share: float) -> Answer:
        known = {item.item_id: item for item in self.found.items}
        ids, first = self.scored.state.items.values, RANKS[0]
        items, propensities = [], []
        for place in np.flatnonzero(explored.items != EMPTY):
            rank, index = int(place) + 1, int(explored.items[place])
            item = known.get(str(ids[index])) or self._drawn(served, index)
            items.append(replace(item, rank=rank))
            certain = rank < first and not explored.drawn[place]
            propensities.append(
                1.0 if certain else float(share * explored.logging_propensity[place])
            )
        return replace(self.found, items=tuple(items), propensities=tuple(propensities))

    def _drawn(self, served: ServedModel, item: int) -> Recommendation:
        model, scored = served.bundle.model, self.scored
        segments, reasons = model.segments, tuple[Reason, ...]()
        if self.query.explain:
            user = scored.state.users.find(scored.user_id)
            scorer = served.rungs[0].scorer
            reasons = (
                *reasons_for(scorer, scored.state, user, item, model.terms.terms),
                Reason("warm_up", 0.0, None, (), "a warm-up shows it, to see whether it sells"),
            )
        return Recommendation(
            rank=0,
            item_id=str(scored.state.items.values[item]),
            title=title_of(scored.state, item),
            score=float(scored.scores[item]),
            segment=segments[item] if item < len(segments) else "cold",
            undialled_rank=1
            + int(np.count_nonzero(self.allowed & (scored.scores > scored.scores[item]))),
            reasons=reasons,
        )
