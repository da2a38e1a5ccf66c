"""The policies that a simulation sets side by side, with a refit that is cheap."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings
from unsung.data.splits import split_by_time
from unsung.data.state import ShopState
from unsung.pipeline.components import default_components, default_weights, make_component
from unsung.pipeline.policy import Dial, Policy
from unsung.pipeline.pools import AS_LOG_ODDS, Relevance, item_facts, make_pools
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import segment_items
from unsung.recommenders.base import Scorer
from unsung.recommenders.blend import Blend
from unsung.recommenders.content_profile import ContentProfile, TermProfileSettings
from unsung.recommenders.popular import Popular
from unsung.rerankers.segment_weight import SegmentWeight, SegmentWeightSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.dial import relevance_of
from unsung.workflows.frontier import Bench, Position, reference_of
from unsung.workflows.testing import item_table

METHOD = SegmentWeightSettings(name="tail_odds", scale="log_odds")
"""What the simulated dial turns."""
NEIGHBOURS = 100
"""Weights kept of each item: a fifth of the product's, since everybody is listed every month."""


@dataclass(frozen=True, eq=False)
class SimulatedPolicy:
    """Makes everybody's lists of a month.

    Parameters
    ----------
    name : str
    make : callable
        State -> a scorer that is not fitted yet.
    dial : Policy or None
    """

    name: str
    make: Callable[[ShopState], Scorer]
    dial: Policy | None = None

    def lists(
        self, state: ShopState, users: np.ndarray, shop: ShopSettings, rules: Rules, k: int
    ) -> np.ndarray:
        """Refit on everything before the month, and list: ndarray of int32, shape (n, k).

        Parameters
        ----------
        state : ShopState
            As of the month's start.
        users : ndarray of int32, shape (n,)
        shop : ShopSettings
        rules : Rules
        k : int
            Length of the lists.
        """
        # Nothing is drawn in these fits.
        scorer = self.make(state).fit(state, rng=np.random.default_rng(0))
        dial = None
        if self.dial is not None and self.dial.strengths:
            dial = Dial(self.dial, item_facts(state, segment_items(state, shop.segments)))
        return recommend_lists(scorer, state, users, k, rules, dial=dial)


def linear_and_trend(state: ShopState) -> Scorer:
    """The cheap model: the linear model with text, and the trend, by the default weights."""
    components = [
        c.model_copy(update={"neighbours": NEIGHBOURS}) if c.kind == "linear" else c
        for c in default_components(state)
        if c.name in {"linear", "trend_log"}
    ]
    return Blend([make_component(c) for c in components], default_weights(components))


def policies(dial: Policy, *, with_text: bool) -> tuple[SimulatedPolicy, ...]:
    """Most popular, the cheap model with the dial at 0 and turned, and the profile of words."""
    found = [
        SimulatedPolicy("most_popular", lambda _: Popular()),
        SimulatedPolicy("undialled", linear_and_trend),
        SimulatedPolicy("dialled", linear_and_trend, dial),
    ]
    if with_text:
        found.append(
            SimulatedPolicy("term_profile", lambda _: ContentProfile(TermProfileSettings()))
        )
    return tuple(found)


@dataclass(frozen=True, eq=False)
class ChosenDial:
    """The strongest position within a budget on the latest real window; not certified.

    Parameters
    ----------
    policy : Policy
    loss, undialled_tail, tail : float
        Share of NDCG lost there, and the established tail's share of places without and with it.
    """

    policy: Policy
    loss: float
    undialled_tail: float
    tail: float


def choose_dial(
    dataset: Dataset,
    shop: ShopSettings,
    *,
    window: tuple[int, int],
    budget: float,
    k: int,
) -> ChosenDial:
    """Turn the cheap model's dial up on the latest real window, as far as the budget goes.

    Parameters
    ----------
    dataset : Dataset
    shop : ShopSettings
    window : pair of int
        Microseconds since 1970 UTC.
    budget : float
        Share of NDCG.
    k : int
    """
    split = split_by_time(dataset, *window, repeats=shop.repeats)
    state, _, _ = ContentBuilder(None).build(split.state)
    scorer = linear_and_trend(state).fit(state, rng=np.random.default_rng(0))
    items = item_table(state, shop)
    facts = item_facts(state, items.segments)
    rules = Rules(repeats=shop.repeats, in_stock_only=False)

    def bench(relevance: Relevance = AS_LOG_ODDS) -> Bench:
        pool = make_pools(scorer, state, split.users, facts, rules=rules, relevance=relevance)
        return Bench(pool, facts, sp.csr_array(split.targets), items, k)

    relevance = relevance_of(scorer, bench())
    measured, method = bench(relevance), SegmentWeight(METHOD)
    reference = reference_of(measured)
    best, strength = reference, 0.0
    for tried in method.strengths[1:]:
        lists = measured.lists(method, tried)
        found = Position(method.name, tried, measured.measure(lists, method.name))
        if found.relevance < (1 - budget) * reference.relevance:
            break
        best, strength = found, tried
    return ChosenDial(
        Policy(METHOD, (strength,) if strength else (), 1.0, relevance),
        1 - best.relevance / max(reference.relevance, 1e-12),
        reference.tail_share,
        best.tail_share,
    )
