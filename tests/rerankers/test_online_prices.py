"""Prices follow what is owed: floors hold over the traffic, and it is never much."""

import numpy as np
from tests.rerankers.conftest import facts_of, pool_of

from unsung.rerankers.base import position_discounts
from unsung.rerankers.floor_plan import exposure_of, proportional_floors, solve_floors
from unsung.rerankers.online_prices import OnlinePrices, OnlinePriceSettings

SETTINGS = OnlinePriceSettings(scale="relevance", step=0.01)
N, K, N_ITEMS, N_SELLERS = 600, 4, 24, 6
SELLERS = (np.arange(N_ITEMS) % N_SELLERS).astype(np.int32)
FACTS = facts_of(np.zeros(N_ITEMS), sellers=SELLERS)
EVERYTHING = position_discounts(K).sum()


def traffic(seed: int = 5):
    """Two of the sellers have what is liked less."""
    rng = np.random.default_rng(seed)
    liking = rng.uniform(0.01, 0.5, (N, N_ITEMS)) * np.where(SELLERS < 2, 0.5, 1)
    items = np.argsort(-liking, axis=1)
    return pool_of(items, np.take_along_axis(liking, items, axis=1))


def test_what_is_missing_is_never_more_than_price_over_step():
    pool = traffic()
    rates = proportional_floors(SELLERS, 0.5, EVERYTHING)
    online = OnlinePrices(rates, SETTINGS)
    lists = online.serve(pool, FACTS, K)
    before = exposure_of(pool.items[:, :K], SELLERS, N_SELLERS)
    assert (before < 0.6 * rates * N).any()
    assert (online.given > 0.85 * rates * N).all()
    assert (rates * N - online.given <= online.prices / SETTINGS.step + 1e-9).all()
    assert online.served == N
    np.testing.assert_allclose(online.given, exposure_of(lists, SELLERS, N_SELLERS))


def test_with_prices_of_another_batch_floors_hold_over_the_traffic():
    rates = proportional_floors(SELLERS, 0.5, EVERYTHING)
    plan = solve_floors(traffic(seed=6), FACTS, K, rates * N, SETTINGS)
    online = OnlinePrices(rates, SETTINGS, plan.prices)
    online.serve(traffic(), FACTS, K)
    assert online.met.all()


def test_its_prices_come_near_those_of_the_whole_batch():
    pool = traffic()
    rates = proportional_floors(SELLERS, 0.5, EVERYTHING)
    online = OnlinePrices(rates, OnlinePriceSettings(scale="relevance", step=0.003, ahead=1))
    online.serve(pool, FACTS, K)
    plan = solve_floors(pool, FACTS, K, rates * N, SETTINGS)
    np.testing.assert_allclose(online.prices, plan.prices, atol=0.02)


def test_one_by_one_is_all_at_once():
    pool = traffic()
    rates = proportional_floors(SELLERS, 0.5, EVERYTHING)
    at_once, one_by_one = OnlinePrices(rates, SETTINGS), OnlinePrices(rates, SETTINGS)
    lists = at_once.serve(pool, FACTS, K)
    for row in range(40):
        single = pool_of(pool.items[[row]], pool.relevance[[row]])
        np.testing.assert_array_equal(one_by_one.serve(single, FACTS, K)[0], lists[row])


def test_prices_to_begin_with_are_used_at_once():
    pool = pool_of([[2, 0]], [[0.4, 0.3]])
    prices = np.array([0.2, 0, 0, 0, 0, 0])
    online = OnlinePrices(np.zeros(N_SELLERS), SETTINGS, prices)
    assert online.serve(pool, FACTS, 2).tolist() == [[0, 2]]
    assert online.prices[0] < 0.2


def test_without_floors_lists_stay():
    pool = traffic()
    lists = OnlinePrices(np.zeros(N_SELLERS), SETTINGS).serve(pool, FACTS, K)
    np.testing.assert_array_equal(lists, pool.items[:, :K])


def test_a_floor_that_no_list_can_meet_stays_owed():
    pool = pool_of([[2, 0]], [[0.4, 0.3]])
    online = OnlinePrices(np.array([0, 0, 0, 1.0, 0, 0]), SETTINGS)
    online.serve(pool, FACTS, 2)
    assert online.met.tolist() == [True, True, True, False, True, True]
