import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.popularity.concentration import (
    effective_number,
    gini,
    lorenz_curve,
    share_of_top,
    shares,
)

counts = st.lists(st.integers(0, 50), min_size=1, max_size=30).map(np.array)
sold = counts.filter(lambda values: values.sum() > 0)


@given(sold)
def test_gini_is_the_mean_difference_of_all_pairs(values):
    differences = np.abs(values[:, None] - values[None, :]).mean()
    assert gini(values) == pytest.approx(differences / (2 * values.mean()))


@given(sold)
def test_gini_is_twice_the_area_between_the_lorenz_curve_and_the_diagonal(values):
    place, held = lorenz_curve(values)
    assert gini(values) == pytest.approx(1 - 2 * np.trapezoid(held, place))


@given(sold)
def test_the_lorenz_curve_rises_ever_faster(values):
    place, held = lorenz_curve(values)
    assert (held[0], held[-1]) == (0, 1)
    assert (np.diff(held, 2) >= -1e-12).all()
    assert (held <= place + 1e-12).all()


@given(sold, st.integers(1, 9))
def test_a_common_factor_changes_nothing(values, factor):
    assert gini(values * factor) == pytest.approx(gini(values))
    assert effective_number(values * factor) == pytest.approx(effective_number(values))


@given(sold)
def test_effective_number_is_the_exponential_of_entropy(values):
    assert effective_number(values) == pytest.approx(np.exp(stats.entropy(values)))


@given(sold)
def test_effective_number_lies_between_one_and_the_items_that_sold(values):
    assert 1 - 1e-9 <= effective_number(values) <= (values > 0).sum() + 1e-9


@given(sold, st.floats(0, 1))
def test_the_top_holds_at_least_its_share(values, top):
    assert share_of_top(values, top) >= top - 1e-9


@pytest.mark.parametrize("values", [np.zeros(0, int), np.zeros(3, int)])
def test_nothing_to_share_out(values):
    assert gini(values) == 0
    assert effective_number(values) == 0
    assert shares(values).tolist() == [0] * len(values)
    place, held = lorenz_curve(values)
    assert (place == held).all()


def test_one_item_sells_all():
    assert gini(np.array([0, 0, 0, 0, 7])) == pytest.approx(0.8)
    assert effective_number(np.array([0, 7])) == pytest.approx(1)
    assert share_of_top(np.array([0, 0, 0, 0, 7]), 0.2) == pytest.approx(1)
