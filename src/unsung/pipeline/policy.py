"""The dial as it is served: a balance method at a strength, and how far a list may go with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unsung import schema
from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.pipeline.components import RerankerSettings, make_reranker, parse_reranker
from unsung.pipeline.pools import AS_LOG_ODDS, Relevance, history_sizes, pool_of, tastes_of
from unsung.rerankers.base import ItemFacts, Pool
from unsung.rerankers.segment_weight import SegmentWeightSettings
from unsung.rerankers.slot_rules import SlotRules, apply_rules
from unsung.rerankers.worst_loss import worst_losses

NO_RULES = SlotRules()


@dataclass(frozen=True, eq=False)
class Policy:
    """Makes lists of pools.

    Every list is at the strongest of some strengths with which it can lose no more than so much
    NDCG, whatever its user wants; that is known from the list alone, and is what lets a few hundred
    users certify the whole.

    Parameters
    ----------
    settings : settings of a reranker
    strengths : tuple of float
        Ascending, none 0; the last is where the dial stands. None: the dial stands at 0.
    most_lost : float
        In (0, 1]; 1 lets every list go all the way.
    relevance : Relevance
        How scores become probabilities.
    certificate : mapping, optional
        What is promised of it and how that was found, as plain values: of the lists before rules.
    rules : SlotRules
        What the shop wants of every list, whatever the dial does.
    """

    settings: RerankerSettings
    strengths: tuple[float, ...]
    most_lost: float = 1.0
    relevance: Relevance = AS_LOG_ODDS
    certificate: Mapping[str, Any] | None = None
    rules: SlotRules = NO_RULES

    @property
    def changes_lists(self) -> bool:
        """Whether any list may differ from the scorer's own."""
        return bool(self.strengths) or self.rules != NO_RULES

    def lists(self, pool: Pool, facts: ItemFacts, k: int) -> np.ndarray:
        """Each user's list.

        Parameters
        ----------
        pool : Pool
        facts : ItemFacts
        k : int

        Returns
        -------
        lists : ndarray of int32, shape (n, k)
            That of the pool's own order for a user whom no strength leaves within the limit; then
            changed where a rule asks for it. Slots are reserved in lists that are long enough.
        """
        lists, _ = self.positions(pool, facts, k)
        rules = self.rules
        if sum(rules.reserved.values()) > k:
            rules = rules.model_copy(update={"reserved": {}})
        return lists if rules == NO_RULES else apply_rules(lists, pool, facts, rules)

    def positions(self, pool: Pool, facts: ItemFacts, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The lists, and which of the strengths each is at: ndarray of int64, (n,); -1 for none."""
        lists = first_items(pool, k)
        undialled, at = lists.copy(), np.full(len(pool), -1)
        method = make_reranker(self.settings)
        undecided = np.arange(len(pool))
        for number in range(len(self.strengths) - 1, -1, -1):
            some = pool.of_users(undecided)
            strength = np.full(len(undecided), self.strengths[number])
            found = method.rerank(some, facts, k, strength)
            within = worst_losses(found, undialled[undecided]) <= self.most_lost
            lists[undecided[within]] = found[within]
            at[undecided[within]] = number
            undecided = undecided[~within]
            if not len(undecided):
                break
        return lists, at

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``policy.json``."""
        return {
            "method": self.settings.model_dump(mode="json"),
            "strengths": list(self.strengths),
            "most_lost": self.most_lost,
            "relevance": {"slope": self.relevance.slope, "intercept": self.relevance.intercept},
            "certificate": self.certificate,
            "rules": self.rules.model_dump(mode="json"),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Policy":
        """The policy of ``to_json``; a ValueError where a method isn't known."""
        return cls(
            parse_reranker(values["method"]),
            tuple(values["strengths"]),
            values["most_lost"],
            Relevance(**values["relevance"]),
            values["certificate"],
            SlotRules.model_validate(values.get("rules", {})),
        )


def with_rules(policy: Policy | None, rules: SlotRules) -> Policy | None:
    """A policy that keeps a shop's rules; None where neither changes a list."""
    if rules == NO_RULES:
        return policy
    return replace(policy or Policy(SegmentWeightSettings(), ()), rules=rules)


def check_rules(rules: SlotRules, columns: Collection[str]) -> None:
    """Refuse limits for owners that a catalogue doesn't name.

    Raises
    ------
    InputError
        Which says what is missing.
    """
    known = {"seller": schema.SELLER_ID, "brand": schema.BRAND}
    for kind in rules.at_most:
        if known.get(kind) not in columns:
            raise InputError(
                f"[fit.rules] at_most.{kind}: the catalogue has no {known.get(kind, kind)}, so "
                "items of one can't be counted; leave the rule out."
            )


@dataclass(frozen=True, eq=False)
class Dial:
    """A policy with what it has to know of a state's items.

    Parameters
    ----------
    policy : Policy
    facts : ItemFacts
    """

    policy: Policy
    facts: ItemFacts

    def lists(
        self, scores: np.ndarray, items: np.ndarray, state: ShopState, users: np.ndarray, k: int
    ) -> np.ndarray:
        """Lists of some users.

        Parameters
        ----------
        scores : ndarray of float32, shape (n, n_items)
        items : ndarray of int32, shape (n, m)
            Their best items, best first, ``EMPTY`` at the end: what the lists are chosen from.
        state : ShopState
        users : ndarray of int32, shape (n,)
        k : int

        Returns
        -------
        lists : ndarray of int32, shape (n, k)
        """
        found = np.take_along_axis(scores, np.maximum(items, 0), axis=1)
        tastes = tastes_of(state, users, self.facts.segments)
        n_history = history_sizes(state, users)
        pool = pool_of(items, found, tastes, self.policy.relevance, n_history)
        return self.policy.lists(pool, self.facts, k)


def first_items(pool: Pool, k: int) -> np.ndarray:
    """The lists that the scorer makes alone: ndarray of int32, shape (n, k)."""
    places = np.full((len(pool), k), -1, dtype=np.int32)
    width = min(k, pool.items.shape[1])
    places[:, :width] = np.arange(width)
    return pool.lists(places)
