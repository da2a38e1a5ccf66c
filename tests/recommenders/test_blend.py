"""The blend by hand."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.recommenders.blend import Blend, standardise
from unsung.recommenders.popular import Popular, PopularSettings


def test_components_without_weight_are_left_out():
    parts = [Popular(PopularSettings(name=name)) for name in ("a", "b", "c")]
    assert [c.name for c in Blend(parts, {"a": 1, "b": 0}).components] == ["a"]


def test_the_weighted_sum_of_standardised_scores(toy_shop: Dataset, rng):
    state = toy_shop.as_of()
    plain, log = Popular(PopularSettings()), Popular(PopularSettings(name="log", log=True))
    blend = Blend([plain, log], {"popular": 2.0, "log": -0.5}).fit(state, rng=rng)
    buyers = state.buyers.astype(float)

    def z(x):
        return (x - x.mean()) / x.std()

    wanted = 2 * z(buyers) - 0.5 * z(np.log1p(buyers))
    np.testing.assert_allclose(blend.score(state, np.array([0]))[0], wanted, rtol=1e-4, atol=1e-5)


def test_equal_scores_say_nothing():
    assert not standardise(np.full((2, 5), 0.1, np.float32)).any()


def test_columns_beyond_the_fit_do_not_move_the_scale():
    short, long = np.array([[1.0, 3.0]], np.float32), np.array([[1.0, 3.0, 99.0]], np.float32)
    assert standardise(long, np.ones(2, bool))[0, :2] == pytest.approx(standardise(short)[0])


def test_items_that_are_not_listed_do_not_move_the_scale(toy_shop: Dataset, rng):
    state = toy_shop.as_of()
    listed = state.items.values != "kettle"
    scorer = Popular()
    found = Blend([scorer], {"popular": 1.0}).fit(state, rng=rng)
    scores = found.score(replace(state, listed=listed), np.array([0]))[0, listed]
    assert scores.mean() == pytest.approx(0, abs=1e-6)
    assert scores.std() == pytest.approx(1, abs=1e-6)


def test_without_a_listed_item_scores_stay_finite():
    scores = np.array([[1.0, 3.0]], np.float32)
    assert standardise(scores.copy(), np.zeros(2, bool)).tolist() == scores.tolist()


def test_what_adds_the_same_to_everybody_is_asked_for_once(toy_shop: Dataset, rng, monkeypatch):
    state = toy_shop.as_of()
    popular = Popular(PopularSettings())
    blend = Blend([popular], {"popular": 1.0}).fit(state, rng=rng)
    alone = blend.score(state, np.array([0]))
    assert np.array_equal(blend.score(state, np.array([0, 1])), np.repeat(alone, 2, axis=0))
    later = replace(state, whole=None).with_counters(
        state.buyers[::-1], state.first_seen, state.first_interaction, {}
    )
    assert not np.array_equal(blend.score(later, np.array([0])), alone)
    monkeypatch.setattr(popular, "score", lambda *_: pytest.fail("asked again"))
    assert np.array_equal(blend.score(state, np.array([1])), alone)
    assert np.array_equal(blend.score(state.seen_by("x", state.interactions, 0), [0]), alone)
