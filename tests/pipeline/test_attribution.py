"""The trees' contributions as named parts."""

import numpy as np
import pytest

from unsung.features.build import feature_definitions
from unsung.pipeline.attribution import attribute
from unsung.recommenders.base import Part

EVIDENCE = {
    "linear": [Part("history", "cup", 3.0), Part("history", "spade", -2.0)],
    "trend_log": [Part("item", "trend_log", 1.5)],
    "blend": [
        Part("history", "cup", 1.0, "linear"),
        Part("item", "popular_log", 3.0, "popular_log"),
        Part("rest", "average", 5.0),
    ],
}


def parts(amounts: dict[str, float], start: float = -4.0) -> dict[tuple[str, str, str], float]:
    found = attribute(list(amounts), np.array([*amounts.values(), start]), EVIDENCE)
    assert sum(part.amount for part in found) == pytest.approx(sum(amounts.values()) + start)
    return {(part.kind, part.name, part.scorer): part.amount for part in found}


def test_what_a_scorer_adds_belongs_to_what_speaks_for_the_item():
    found = parts({"first_stage.linear": 0.4, "first_stage.linear_rank": 0.2})
    assert found[("history", "cup", "linear")] == pytest.approx(0.6)
    assert ("history", "spade", "linear") not in found


def test_what_a_scorer_takes_away_has_no_owner():
    found = parts({"first_stage.linear": -0.4})
    assert found[("rest", "linear", "linear")] == pytest.approx(-0.4)


def test_the_blend_is_split_over_all_that_it_is_made_of():
    found = parts({"first_stage.blend": 0.8})
    assert found[("history", "cup", "linear")] == pytest.approx(0.2)
    assert found[("item", "popular_log", "popular_log")] == pytest.approx(0.6)


@pytest.mark.parametrize("amount", [0.5, -0.5])
def test_a_scorer_of_the_item_alone_is_the_items(amount):
    assert parts({"first_stage.trend_log": amount})[("item", "trend_log", "trend_log")] == amount


def test_each_term_has_its_name():
    found = parts(
        {
            "item.price": 0.1,
            "item.price_to_category": 0.2,
            "trend.ratio": 0.3,
            "trend.buyers_7d": 0.1,
            "pair.category_share": 0.2,
            "pair.brand_share": 0.0,
            "user.n_items": -0.2,
            "shop.history_days": 0.1,
        }
    )
    assert found[("item", "price", "")] == pytest.approx(0.3)
    assert found[("item", "trend", "")] == pytest.approx(0.4)
    assert found[("pair", "category", "")] == pytest.approx(0.2)
    assert ("pair", "brand", "") not in found
    assert found[("rest", "customer", "")] == pytest.approx(-0.1)


def test_every_feature_has_a_term():
    names = [name for name in feature_definitions() if not name.startswith(("user.", "shop."))]
    for name in names:
        (kind, _, _), *_ = parts({name: 1.0})
        assert kind in ("item", "pair")
