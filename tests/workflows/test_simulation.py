"""Months of a small shop whose truth is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings, ShopSettings, Source
from unsung.errors import InputError, NotEnoughDataError
from unsung.evaluation.choice import ChoiceModel
from unsung.pipeline.policy import Policy
from unsung.pipeline.rules import Rules
from unsung.recommenders.popular import Popular
from unsung.rerankers.segment_weight import SegmentWeightSettings
from unsung.schema import DAY_US
from unsung.workflows.simulation import (
    SimulationSettings,
    Start,
    simulate,
    simulated,
)
from unsung.workflows.simulation_demand import Demand, fit_demand, item_kinds
from unsung.workflows.simulation_policies import SimulatedPolicy
from unsung.workflows.simulation_record import outcome_rows, simulation_record, verdict
from unsung.workflows.simulation_world import WORLDS, Attention, Market, shown_to

N_USERS, N_ITEMS, DAYS = 150, 60, 120
SHOP = ShopSettings(
    interactions=Source(path="o.csv"), segments=SegmentSettings(head_share=0.2, fresh_days=10)
)
SETTINGS = SimulationSettings(months=2, seeds=2, k=5, classes=2, kinds=3)
NO_DIAL = Policy(SegmentWeightSettings(), ())
STRONG = Policy(SegmentWeightSettings(), (1.0,))


def made_shop() -> Dataset:
    """Everybody buys now and then, the first items most; titles tell two kinds apart."""
    rng = np.random.default_rng(4)
    n = 3000
    chance = 1 / np.arange(1, N_ITEMS + 1) ** 0.7
    item = rng.choice(N_ITEMS, n, p=chance / chance.sum())
    words = ["red lamp", "blue pot", "green spade"]
    start = pd.Timestamp("2025-01-01", tz="UTC").value // 1_000
    return Dataset(
        users=Identifiers(np.array([f"u{i:03d}" for i in range(N_USERS)], dtype=object)),
        items=Identifiers(np.array([f"i{i:03d}" for i in range(N_ITEMS)], dtype=object)),
        catalogue=pd.DataFrame(
            {
                "item_id": [f"i{i:03d}" for i in range(N_ITEMS)],
                "title": [f"{words[i % 3]} {i // 6}" for i in range(N_ITEMS)],
                "price": np.linspace(1, 20, N_ITEMS),
            }
        ),
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=rng.integers(0, N_USERS, n),
            item_index=item,
            timestamp=start + rng.integers(0, DAYS * DAY_US, n),
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame(
            {name: [] for name in ("user_index", "item_index", "timestamp", "rating")}
        ).assign(title="", text=""),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return made_shop()


@pytest.fixture(scope="module")
def even(dataset) -> Start:
    """A start from which everybody wants every item as much: the tail is as good as the head."""
    state = dataset.as_of()
    model = ChoiceModel(np.ones(1), np.zeros((1, 5)), np.zeros(1))
    users = np.arange(N_USERS, dtype=np.int32)
    demand = Demand(
        model, np.zeros(N_ITEMS, int), users, np.full(N_USERS, 0.5), np.zeros((N_USERS, 1)),
        np.ones((N_USERS, 1)),
    )  # fmt: skip
    return Start(dataset, SHOP, SETTINGS.model_copy(update={"seeds": 4}), state, demand)


@pytest.fixture(scope="module")
def found(dataset):
    return simulate(dataset, SHOP, SETTINGS)


def popular(name: str, dial: Policy = NO_DIAL) -> SimulatedPolicy:
    return SimulatedPolicy(name, lambda _: Popular(), dial)


def test_where_the_tail_is_as_good_exposure_raises_its_sales(even):
    runs = list(simulated(even, ["fitted"], [popular("undialled"), popular("dialled", STRONG)]))
    plain, turned = runs[0].months[-1], runs[1].months[-1]
    assert turned["purchases_tail"] > 1.3 * plain["purchases_tail"]
    # Of the first month: what was promoted for a month is no tail any more.
    assert runs[0].months[0]["tail_in_lists"] < 0.4
    assert runs[1].months[0]["tail_in_lists"] > 0.9
    rows = list(outcome_rows(runs))
    assert "in all 1 worlds" in verdict(rows, 2)


def test_two_equal_policies_differ_by_nothing(even):
    runs = list(simulated(even, list(WORLDS), [popular("undialled"), popular("dialled")]))
    assert [a.months for a in runs[::2]] == [b.months for b in runs[1::2]]
    rows = list(outcome_rows(runs))
    assert {row["change"] for row in rows if row["policy"] == "dialled"} <= {0.0, None}
    assert "in 0 of 4 worlds" in verdict(rows, 2)


def test_another_seed_draws_other_purchases(even):
    first, second, *_ = simulated(even, ["fitted"], [popular("undialled")])
    assert first.months != second.months


def test_where_lists_add_no_sales_every_policy_sells_as_much(even):
    tried = [popular("undialled"), popular("dialled", STRONG)]
    plain, turned, *_ = simulated(even, ["no_added_sales"], tried)
    assert plain.months[-1]["purchases"] == turned.months[-1]["purchases"]


def test_a_better_placed_item_sells_more(even):
    state = even.state
    market = Market(
        WORLDS["fitted"], even.demand, Attention(20.0, 0.5), Rules(repeats="show"), state,
        np.zeros(N_USERS, int),
    )  # fmt: skip
    lists = np.tile(np.array([7, 8, 9], np.int32), (N_USERS, 1))
    _, item = market.buy(lists, state, 100.0, np.random.default_rng(0))
    sold = np.bincount(item, minlength=N_ITEMS)
    assert sold[7] > sold[8] > sold[9] > 3 * sold[10:].mean()
    # First slot: 20 times; the others by what they are seen.
    assert sold[7] / sold[10:].mean() == pytest.approx(20, rel=0.15)


def test_without_lists_half_of_the_visits_buy(even):
    market = Market(
        WORLDS["fitted"], even.demand, Attention(20.0, 0.5), Rules(repeats="show"), even.state,
        np.zeros(N_USERS, int),
    )  # fmt: skip
    nothing = np.full((N_USERS, 3), -1, np.int32)
    _, item = market.buy(nothing, even.state, 100.0, np.random.default_rng(0))
    assert len(item) == pytest.approx(N_USERS * 0.5 * 100, rel=0.05)


def test_what_is_owned_is_not_bought_again(even):
    rules = Rules(repeats="hide")
    classes = np.zeros(N_USERS, int)
    market = Market(
        WORLDS["popularity_is_quality"], even.demand, Attention(1.0, 1.0), rules, even.state,
        classes,
    )  # fmt: skip
    nothing = np.full((N_USERS, 3), -1, np.int32)
    row, item = market.buy(nothing, even.state, 20.0, np.random.default_rng(0))
    owned = even.state.pairs.matrix(N_ITEMS).toarray() > 0
    assert len(row) > 0
    assert not owned[row, item].any()


def test_texts_that_tell_nothing_are_the_same_texts(found, dataset):
    state = dataset.as_of()
    content = replace(state.content, terms=sp.csr_array(np.eye(N_ITEMS, dtype=np.float32)))
    dealt = WORLDS["text_tells_nothing"].content(content, np.random.default_rng(0))
    assert (dealt.terms.toarray() != content.terms.toarray()).any()
    assert (dealt.terms.toarray().sum(axis=0) == 1).all()
    assert WORLDS["fitted"].content(content, np.random.default_rng(0)) is content


def test_a_record_says_everything(found):
    record = simulation_record(found)
    assert set(record["worlds"]) == set(WORLDS)
    policies = {"most_popular", "undialled", "dialled", "term_profile"}
    assert {row["policy"] for row in record["outcomes"]} == policies
    assert record["choice"]["model"] > record["choice"]["chance"]
    assert record["verdict"].startswith("After 2 months")
    ends = {(r["world"], r["policy"], r["metric"]): r["mean"] for r in record["outcomes"]}
    last = [row for row in record["paths"] if row["month"] == 2]
    assert {(r["world"], r["policy"], r["metric"]): r["mean"] for r in last} == ends
    assert all(row["least"] <= row["mean"] <= row["most"] for row in record["paths"])


def test_purchases_add_up_over_segments_and_months(found):
    for run in found.runs:
        for month in run.months:
            parts = [month[f"purchases_{name}"] for name in ("head", "tail", "fresh", "cold")]
            assert sum(parts) == month["purchases"]
        assert run.months[0]["purchases"] < run.months[1]["purchases"]


def test_only_a_clock_has_months(dataset):
    with pytest.raises(InputError, match="timestamp"):
        simulate(replace(dataset, has_clock=False), SHOP, SETTINGS)


def test_nobody_to_simulate_is_said(dataset):
    kinds = np.zeros(N_ITEMS, dtype=int)
    with pytest.raises(NotEnoughDataError, match="nobody"):
        fit_demand(
            dataset, kinds, end=dataset.end - 1000 * DAY_US, length=DAY_US, n_classes=1,
            repeats=False, rng=np.random.default_rng(0),
        )  # fmt: skip


def test_a_short_history_has_no_check(dataset):
    rows = dataset.interactions
    late = rows.take(rows.timestamp > dataset.end - 50 * DAY_US)
    short = simulate(dataset.with_interactions(late), SHOP, SETTINGS)
    assert short.choice == {}
    assert "too short" in " ".join(simulation_record(short)["assumptions"])


def test_kinds_are_categories_where_there_are_some(dataset):
    state = dataset.as_of()
    rng = np.random.default_rng(0)
    assert not item_kinds(state, 4, rng).any()
    names = pd.Series(["a"] * 30 + ["b"] * 20 + ["c"] * 9 + [None], dtype="str")
    known = replace(state, catalogue=state.catalogue.assign(category=names))
    kinds = item_kinds(known, 3, rng)
    assert np.bincount(kinds).tolist() == [30, 20, 10]


def test_like_texts_are_of_one_kind(dataset):
    state = dataset.as_of()
    terms = sp.csr_array(np.repeat(np.eye(30, dtype=np.float32), 2, axis=0))
    told = state.with_content(replace(state.content, terms=terms))
    kinds = item_kinds(told, 5, np.random.default_rng(0))
    assert (kinds[::2] == kinds[1::2]).all()
    assert 1 < len(np.unique(kinds)) <= 5


def test_what_is_shown_draws_more():
    appeal = np.ones((2, 3))
    shown_to(appeal, np.array([[0, -1], [2, 1]]), 3.0)
    assert appeal[0].tolist() == [3.0, 1.0, 1.0]
    assert appeal[1, 2] == 3.0
    assert 1 < appeal[1, 1] < 3
