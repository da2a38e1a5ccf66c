"""Months of recommend, choose, refit: what policies do to a shop that learns from their lists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from pydantic import Field

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions
from unsung.data.settings import ShopSettings
from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.pipeline.rules import Rules
from unsung.popularity.concentration import gini
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.progress import Progress, silent
from unsung.schema import DAY_US, EMPTY
from unsung.settings import Settings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.simulation_demand import Demand, check_choices, fit_demand, item_kinds
from unsung.workflows.simulation_policies import (
    ChosenDial,
    SimulatedPolicy,
    choose_dial,
    policies,
)
from unsung.workflows.simulation_world import WORLDS, Attention, Market


class SimulationSettings(Settings):
    """How the loop is simulated."""

    months: int = Field(default=6, ge=1)
    """Months to simulate, each with lists of its own and a refit before it."""
    month_days: float = Field(default=28.0, gt=0)
    """Length of a month, and of the past window that the shoppers are taken from."""
    seeds: int = Field(default=3, ge=2)
    """Runs of every policy in every world; bands are over them."""
    k: int = Field(default=10, ge=1)
    """Length of the lists."""
    budget: float = Field(default=0.05, gt=0, lt=1)
    """Share of NDCG that the simulated dial may give up on the latest real window."""
    classes: int = Field(default=3, ge=1)
    """Classes of shoppers in the choice model."""
    kinds: int = Field(default=20, ge=2)
    """Kinds of items that shoppers have a taste for."""
    first_slot: float = Field(default=20.0, ge=1)
    """How many times likelier an item is chosen in the first slot than without a list. Not known
    without logged exposures: an assumption."""
    buys_alone: float = Field(default=0.5, gt=0, le=1)
    """Share of visits that end in a purchase without any list. An assumption, too."""
    seed: int = Field(default=0, ge=0)
    """Of everything that is drawn."""


@dataclass(frozen=True, eq=False)
class Run:
    """A policy in a world, by one seed.

    Parameters
    ----------
    world, policy : str
    seed : int
    months : tuple of dict of str to float
        Since the start, up to the end of each month: ``purchases``, ``revenue``, ``purchases_*``
        of each segment as of the start, ``gini`` of purchases over the listed items, ``reached``
        and ``shown`` (distinct items bought and listed); of the month alone ``tail_in_lists``
        (the established tail's share of places).
    """

    world: str
    policy: str
    seed: int
    months: tuple[dict[str, float], ...]


@dataclass(frozen=True, eq=False)
class Simulation:
    """What was simulated.

    Parameters
    ----------
    shop : str
    settings : SimulationSettings
    runs : tuple of Run
    choice : dict
        As from ``check_choices``.
    dial : ChosenDial
    n_shoppers, n_items : int
        Simulated users, and items that can be bought.
    """

    shop: str
    settings: SimulationSettings
    runs: tuple[Run, ...]
    choice: dict[str, Any]
    dial: ChosenDial
    n_shoppers: int
    n_items: int


@dataclass(frozen=True, eq=False)
class Start:
    """Where every run begins.

    Parameters
    ----------
    dataset : Dataset
    shop : ShopSettings
    settings : SimulationSettings
    state : ShopState
        With content vectors.
    demand : Demand
    """

    dataset: Dataset
    shop: ShopSettings
    settings: SimulationSettings
    state: ShopState
    demand: Demand

    @property
    def rules(self) -> Rules:
        """As in the evaluation."""
        return Rules(repeats=self.shop.repeats, in_stock_only=False)


def simulate(
    dataset: Dataset,
    shop: ShopSettings,
    settings: SimulationSettings | None = None,
    *,
    progress: Progress = silent,
) -> Simulation:
    """Run every policy in every world.

    Parameters
    ----------
    dataset : Dataset
        With a clock.
    shop : ShopSettings
    settings : SimulationSettings, optional
    progress : Progress, optional

    Raises
    ------
    InputError
        Where only order is known; NotEnoughDataError where the last window has no shoppers.

    Notes
    -----
    The refit of each month is that of a linear model and the trend, not of the whole pipeline.
    """
    settings = settings or SimulationSettings()
    if not dataset.has_clock:
        raise InputError("months need a clock: bring interactions with a timestamp.")
    rng = np.random.default_rng(settings.seed)
    length, end = int(settings.month_days * DAY_US), dataset.end
    progress("fitting the shoppers' choices", 0, 1)
    state, _, _ = ContentBuilder(None).build(dataset.as_of(), progress)
    kinds = item_kinds(state, settings.kinds, rng)
    how = {"end": end, "length": length, "n_classes": settings.classes}
    repeats = shop.repeats == "show"
    choice = check_choices(dataset, kinds, **how, repeats=repeats, rng=rng)
    demand = fit_demand(dataset, kinds, **how, repeats=repeats, rng=rng)
    progress("fitting the shoppers' choices", 1, 1)
    window = (end - length, end)
    dial = choose_dial(dataset, shop, window=window, budget=settings.budget, k=settings.k)
    start = Start(dataset, shop, settings, state, demand)
    tried = policies(dial.policy, with_text=state.content.terms.nnz > 0)
    runs = tuple(simulated(start, tuple(WORLDS), tried, progress=progress))
    n_items = int(state.listed.sum())
    return Simulation(shop.name, settings, runs, choice, dial, len(demand.users), n_items)


def simulated(
    start: Start,
    worlds: Sequence[str],
    tried: Sequence[SimulatedPolicy],
    *,
    progress: Progress = silent,
) -> Iterator[Run]:
    """Every policy in every world, seed by seed; all of them meet the same visits."""
    settings = start.settings
    total = len(worlds) * settings.seeds * len(tried)
    done = 0
    for world in worlds:
        for seed in range(settings.seeds):
            for policy in tried:
                progress("simulating months", done, total)
                yield _run(start, world, policy, seed)
                done += 1
    progress("simulating months", total, total)


def _run(start: Start, name: str, policy: SimulatedPolicy, seed: int) -> Run:
    settings, demand, world = start.settings, start.demand, WORLDS[name]
    rng = np.random.default_rng([settings.seed, seed])
    content = world.content(start.state.content, rng)
    draws = rng.random(len(demand.users))[:, None]
    ends = np.cumsum(demand.membership, axis=1)
    classes = np.minimum((draws > ends).sum(axis=1), ends.shape[1] - 1)
    attention = Attention(settings.first_slot, settings.buys_alone)
    market = Market(world, demand, attention, start.rules, start.state, classes)
    dataset, moment = start.dataset, start.dataset.end
    length = int(settings.month_days * DAY_US)
    tally, months = Tally(start), []
    for month in range(settings.months):
        # A stream of its own for each month: lists of other lengths don't shift what is drawn.
        drawn = np.random.default_rng([settings.seed, seed, month])
        state = dataset.as_of(moment).with_content(content)
        lists = policy.lists(state, demand.users, start.shop, start.rules, settings.k)
        row, item = market.buy(lists, state, settings.month_days, drawn)
        months.append(tally.after(item, lists))
        times = moment + (drawn.random(len(item)) * length).astype(np.int64)
        dataset = _with_purchases(dataset, demand.users[row], item, times, tally.price)
        moment += length
    return Run(name, policy.name, seed, tuple(months))


class Tally:
    """What came of it since the start."""

    def __init__(self, start: Start) -> None:
        state = start.state
        self.listed = state.listed
        self.segments = segment_items(state, start.shop.segments)
        self.price = np.full(state.n_items, np.nan)
        if schema.PRICE in state.catalogue:
            self.price = state.catalogue[schema.PRICE].to_numpy(dtype=np.float64, na_value=np.nan)
        self.bought = np.zeros(state.n_items)
        self.shown = np.zeros(state.n_items, dtype=bool)

    def after(self, item: np.ndarray, lists: np.ndarray) -> dict[str, float]:
        """Count a month's purchases and lists, and say where it stands."""
        self.bought += np.bincount(item, minlength=len(self.bought))
        slots = lists[lists != EMPTY]
        self.shown[slots] = True
        by_segment = np.bincount(self.segments, self.bought, minlength=len(SEGMENT_NAMES))
        tail = self.segments[slots] == SEGMENT_NAMES.index("tail")
        return {
            "purchases": float(self.bought.sum()),
            "revenue": float(np.nansum(self.bought * np.nan_to_num(self.price))),
            **{
                f"purchases_{name}": float(count)
                for name, count in zip(SEGMENT_NAMES, by_segment, strict=True)
            },
            "gini": gini(self.bought[self.listed]),
            "reached": float((self.bought > 0).sum()),
            "shown": float(self.shown.sum()),
            "tail_in_lists": float(tail.mean()) if len(slots) else 0.0,
        }


def _with_purchases(
    dataset: Dataset, users: np.ndarray, items: np.ndarray, times: np.ndarray, price: np.ndarray
) -> Dataset:
    """The shop with some more purchases, one piece each."""
    rows = dataset.interactions
    targets = rows.event[rows.is_target]
    event = int(np.bincount(targets).argmax()) if len(targets) else 0
    new: Mapping[str, np.ndarray] = {
        "user_index": users,
        "item_index": items,
        "timestamp": times,
        "event": np.full(len(users), event),
        "price": price[items],
        "quantity": np.ones(len(users)),
    }
    more = Interactions.from_columns(**new)
    columns = {
        f.name: np.concatenate([getattr(rows, f.name), getattr(more, f.name)])
        for f in fields(Interactions)
    }
    return dataset.with_interactions(Interactions.from_columns(**columns))
