import numpy as np
import pytest

from unsung.features.trend import DEFINITIONS, trend_features


def test_names_are_the_defined_ones(state, order_only):
    assert list(trend_features(state)) == list(DEFINITIONS)
    assert list(trend_features(order_only)) == list(DEFINITIONS)


def test_the_toy_shop_by_hand(state, by_id):
    # The birdbath was sold once, 5 days ago; the teacup 80 and 4 days ago.
    found = {name: by_id(values) for name, values in trend_features(state).items()}
    assert found["trend.buyers_7d"]["birdbath"] == pytest.approx(np.log1p(0.5 ** (5 / 7)))
    teacup = np.log1p(0.5 ** (4 / 28) + 0.5 ** (80 / 28))
    assert found["trend.buyers_28d"]["teacup"] == pytest.approx(teacup)
    assert found["trend.buyers_28d"]["gnome"] == 0
    assert found["trend.ratio"]["birdbath"] == pytest.approx(0.5 ** (5 / 7 - 5 / 56))
    assert np.isnan(found["trend.ratio"]["gnome"])


def test_a_longer_half_life_counts_more(state):
    found = trend_features(state)
    for short, long in (("3.5", "7"), ("7", "14"), ("14", "28"), ("28", "56")):
        assert (found[f"trend.buyers_{short}d"] <= found[f"trend.buyers_{long}d"]).all()


def test_order_only_has_no_trend(order_only):
    for values in trend_features(order_only).values():
        assert np.isnan(values).all()
