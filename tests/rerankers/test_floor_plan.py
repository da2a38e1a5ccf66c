"""Floors are met at the least relevance: against all lists of a small batch, then a larger one."""

from itertools import product

import numpy as np
import pytest
from tests.rerankers.conftest import all_lists, discounted, facts_of, pool_of

from unsung.errors import InputError
from unsung.rerankers.base import position_discounts
from unsung.rerankers.floor_plan import exposure_of, proportional_floors, solve_floors
from unsung.rerankers.seller_floors import SellerFloors, SellerFloorSettings

RELEVANCE = SellerFloorSettings(scale="relevance")


def shop(seed: int, n: int, n_items: int, n_sellers: int):
    rng = np.random.default_rng(seed)
    sellers = np.concatenate([np.arange(n_sellers), rng.integers(-1, n_sellers, n_items)])
    facts = facts_of(np.zeros(n_items), sellers=sellers[:n_items].astype(np.int32))
    # Later items are liked less by everybody, so their sellers are left out.
    liking = rng.uniform(0.01, 0.5, (n, n_items)) * np.linspace(1, 0.3, n_items)
    items = np.argsort(-liking, axis=1)
    return pool_of(items, np.take_along_axis(liking, items, axis=1)), facts, liking


@pytest.mark.parametrize("seed", range(4))
def test_no_lists_that_meet_the_floors_keep_more(seed):
    pool, facts, liking = shop(seed, n=3, n_items=4, n_sellers=2)
    floors = np.array([1.0, 1.2])
    plan = solve_floors(pool, facts, 2, floors, RELEVANCE)
    every = all_lists(range(4), 2)
    best = 0.0
    for chosen in product(every, repeat=3):
        if (exposure_of(np.array(chosen), facts.sellers, 2) >= floors - 1e-9).all():
            kept = sum(discounted(one, row) for one, row in zip(liking, chosen, strict=True))
            best = max(best, kept)
    own = sum(discounted(one, row[:2]) for one, row in zip(liking, pool.items, strict=True))
    assert plan.met.all()
    assert plan.kept <= best / own + 1e-9 <= plan.most + 2e-9
    # Integral lists are made of those that paid in the mixture; few users leave them little room.
    assert plan.kept >= 0.9 * best / own


def test_every_floor_is_met_for_almost_nothing():
    pool, facts, liking = shop(7, n=300, n_items=40, n_sellers=8)
    everything = 300 * position_discounts(5).sum()
    floors = proportional_floors(facts.sellers, 0.6, everything)
    before = exposure_of(pool.items[:, :5], facts.sellers, 8)
    plan = solve_floors(pool, facts, 5, floors, RELEVANCE)
    assert (before < floors).any()
    assert plan.met.all()
    np.testing.assert_allclose(plan.exposure, exposure_of(plan.lists, facts.sellers, 8))
    assert plan.most - plan.kept < 2e-3
    own = sum(discounted(one, row[:5]) for one, row in zip(liking, pool.items, strict=True))
    kept = sum(discounted(one, row) for one, row in zip(liking, plan.lists, strict=True))
    assert plan.kept == pytest.approx(kept / own)
    assert all(len(set(row)) == 5 for row in plan.lists.tolist())


def test_its_prices_bring_other_users_near_the_floors():
    pool, facts, _ = shop(7, n=300, n_items=40, n_sellers=8)
    floors = proportional_floors(facts.sellers, 0.6, 300 * position_discounts(5).sum())
    plan = solve_floors(pool, facts, 5, floors, RELEVANCE)
    method = SellerFloors(RELEVANCE, plan.prices)
    found = exposure_of(method.rerank(pool, facts, 5, np.ones(300)), facts.sellers, 8)
    before = exposure_of(pool.items[:, :5], facts.sellers, 8)
    assert (found / floors).min() > 0.9 > (before / floors).min()


def test_no_floors_change_nothing():
    pool, facts, _ = shop(1, n=5, n_items=9, n_sellers=3)
    plan = solve_floors(pool, facts, 4, np.zeros(3))
    np.testing.assert_array_equal(plan.lists, pool.items[:, :4])
    assert plan.kept == plan.most == pytest.approx(1)


def test_a_floor_out_of_reach_is_said_and_the_others_are_met():
    facts = facts_of([0, 0, 0], sellers=np.array([0, 1, 2], np.int32))
    pool = pool_of([[0, 1], [0, 1]], [[0.5, 0.1], [0.5, 0.4]])
    plan = solve_floors(pool, facts, 1, np.array([0.0, 1.0, 1.0]), RELEVANCE)
    assert plan.met.tolist() == [True, True, False]
    assert plan.lists.tolist() == [[0], [1]]


def test_the_same_batch_gives_the_same_bytes():
    pool, facts, _ = shop(3, n=60, n_items=20, n_sellers=6)
    floors = proportional_floors(facts.sellers, 0.8, 60 * position_discounts(4).sum())
    one, two = (solve_floors(pool, facts, 4, floors) for _ in range(2))
    assert one.lists.tobytes() == two.lists.tobytes()
    assert one.prices.tobytes() == two.prices.tobytes()


def test_nothing_is_printed(capfd):
    pool, facts, _ = shop(3, n=10, n_items=9, n_sellers=3)
    solve_floors(pool, facts, 2, np.array([3.0, 3.0, 3.0]))
    assert capfd.readouterr() == ("", "")


def test_floors_may_be_in_proportion_to_buyers():
    floors = proportional_floors(np.array([0, 1, 1]), 0.5, 8.0, np.array([6, 1, 1]))
    assert floors.tolist() == [3.0, 1.0]


def test_items_without_sellers_are_refused():
    with pytest.raises(InputError, match="no item has a seller"):
        solve_floors(pool_of([[0]], [[0.5]]), facts_of([0]), 1, np.zeros(1))
