"""Popularity and trend on the toy shop, whose buyers are known."""

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.recommenders.popular import Popular, PopularSettings


def scores_by_id(dataset: Dataset, settings: PopularSettings, *, clock: bool = True):
    state = dataset.with_interactions(dataset.interactions, has_clock=clock).as_of()
    rng = np.random.default_rng(0)
    row = Popular(settings).fit(state, rng=rng).score(state, np.array([-1]))[0]
    return dict(zip(state.items.values, row.tolist(), strict=True))


def test_most_popular_counts_distinct_buyers(toy_shop: Dataset):
    found = scores_by_id(toy_shop, PopularSettings())
    assert found["kettle"] == 5
    assert found["teapot"] == found["spade"] == found["rake"] == 3
    assert found["cosy"] == 0


def test_a_trend_halves_with_its_half_life(toy_shop: Dataset):
    # The state's moment is just after the last event, on day 96.
    found = scores_by_id(toy_shop, PopularSettings(half_life_days=10))
    assert found["birdbath"] == pytest.approx(0.5**0.1, rel=1e-5)
    assert found["teacup"] == pytest.approx(1 + 0.5**7.6, rel=1e-5)


def test_log_takes_the_edge_off(toy_shop: Dataset):
    assert scores_by_id(toy_shop, PopularSettings(log=True))["kettle"] == pytest.approx(np.log(6))


def test_without_a_clock_there_is_no_trend(toy_shop: Dataset):
    trend = scores_by_id(toy_shop, PopularSettings(half_life_days=1), clock=False)
    assert trend == scores_by_id(toy_shop, PopularSettings())
