import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as oracle

from unsung.errors import InputError
from unsung.evaluation.classification import (
    average_precision,
    bootstrap_differences,
    brier_score,
    calibration_bins,
    calibration_error,
    demand_metrics,
    roc_auc,
    spearman,
    tail_metrics,
    top_decile_lift,
)


def both_classes(draw_size):
    return st.lists(
        st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=draw_size
    ).filter(lambda rows: 0 < sum(row[0] for row in rows) < len(rows))


@given(both_classes(60))
def test_ranking_figures_equal_scikit_learns_ties_included(rows):
    positive = np.array([row[0] for row in rows])
    scores = np.array([row[1] / 6 for row in rows])
    assert average_precision(positive, scores) == pytest.approx(
        oracle.average_precision_score(positive, scores)
    )
    assert roc_auc(positive, scores) == pytest.approx(oracle.roc_auc_score(positive, scores))
    assert brier_score(positive, scores) == pytest.approx(oracle.brier_score_loss(positive, scores))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=50))
def test_rank_correlation_equals_scipys(rows):
    a, b = np.array(rows, dtype=float).T
    expected = np.nan if np.ptp(a) == 0 or np.ptp(b) == 0 else stats.spearmanr(a, b).statistic
    assert spearman(a, b) == pytest.approx(expected, nan_ok=True)


def test_scores_without_information_give_the_prevalence(rng):
    positive = rng.random(500) < 0.2
    same = np.full(500, 0.2)
    assert average_precision(positive, same) == pytest.approx(positive.mean())
    assert roc_auc(positive, same) == 0.5
    assert top_decile_lift(positive, same) == pytest.approx(1)


def test_ties_at_the_edge_of_the_top_tenth_count_in_parts():
    buyers = np.array([8, 4, 0, 0, 0, 0, 0, 0, 0, 0])
    scores = np.array([1.0, 1.0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert top_decile_lift(buyers, scores) == pytest.approx(6 / 1.2)
    # 15 items: a tenth is one item and a half.
    buyers = np.array([8, 4, *[0] * 13])
    assert top_decile_lift(buyers, -np.arange(15)) == pytest.approx((8 + 2) / 1.5 / 0.8)


def test_calibration_error_by_hand():
    probability = np.array([0.1, 0.1, 0.6, 0.8])
    positive = np.array([False, False, True, False])
    bins = calibration_bins(positive, probability, 2)
    assert [part["items"] for part in bins] == [2, 2]
    assert [part["predicted"] for part in bins] == pytest.approx([0.1, 0.7])
    assert [part["observed"] for part in bins] == [0, 0.5]
    assert calibration_error(positive, probability, 2) == pytest.approx(0.15)


def test_bins_hold_equally_many_items_and_all_of_them(rng):
    probability = rng.random(1000) ** 3
    sizes = [part["items"] for part in calibration_bins(probability < 0.1, probability)]
    assert len(sizes) == 15
    assert sum(sizes) == 1000
    assert max(sizes) - min(sizes) <= 1
    assert len(calibration_bins(np.ones(3, dtype=bool), np.ones(3))) == 3


def test_probabilities_that_come_true_are_calibrated(rng):
    probability = rng.random(200_000)
    positive = rng.random(200_000) < probability
    assert calibration_error(positive, probability) < 0.01
    assert calibration_error(positive, probability**3) > 0.1


@pytest.mark.parametrize("n", [0, 5])
def test_what_one_class_alone_cannot_tell_is_nan(n):
    none, scores = np.zeros(n, dtype=bool), np.linspace(0, 1, n)
    assert np.isnan(average_precision(none, scores))
    assert np.isnan(roc_auc(none, scores))
    assert np.isnan(top_decile_lift(none, scores))
    assert np.isnan(spearman(none, scores))
    assert np.isnan(brier_score(none, scores)) == (n == 0)
    assert np.isnan(calibration_error(none, scores)) == (n == 0)


def test_tail_figures_speak_of_both_classes(rng):
    rare = rng.random(400) < 0.2
    p_tail = np.clip(0.8 - 0.3 * rare + 0.1 * rng.standard_normal(400), 0, 1)
    found = tail_metrics(rare, p_tail)
    assert found["pr_auc_rare"] == pytest.approx(oracle.average_precision_score(rare, 1 - p_tail))
    assert found["pr_auc_tail"] == pytest.approx(oracle.average_precision_score(~rare, p_tail))
    assert found["roc_auc"] == pytest.approx(oracle.roc_auc_score(~rare, p_tail))
    assert found["brier"] == pytest.approx(oracle.brier_score_loss(~rare, p_tail))
    assert found["prevalence_rare"] + found["prevalence_tail"] == pytest.approx(1)
    nothing = tail_metrics(rare[:0], p_tail[:0])
    assert all(np.isnan(value) for value in nothing.values())


def test_demand_figures():
    buyers = np.array([9, *[1] * 9])
    found = demand_metrics(buyers, np.arange(10, 0, -1.0))
    assert found["top_decile_lift"] == pytest.approx(9 / 1.8)
    assert found["spearman"] > 0.4


def test_a_better_model_is_told_from_an_equal_one(rng):
    rare = rng.random(800) < 0.3
    good = rare + 0.7 * rng.standard_normal(800)
    poor = rare + 3.0 * rng.standard_normal(800)
    found = bootstrap_differences(
        {
            "better": (average_precision, rare, good, poor),
            "equal": (roc_auc, rare, good, good),
            "seeds": (roc_auc, rare, np.stack([good, poor]), poor),
        },
        rng=rng,
        n_boot=200,
    )
    better, equal, seeds = found.values()
    assert better.n == 800
    assert better.low < better.difference < better.high
    assert better.excludes_zero
    assert (equal.difference, equal.low, equal.high) == (0, 0, 0)
    assert not equal.excludes_zero
    expected = (roc_auc(rare, good) - roc_auc(rare, poor)) / 2
    assert seeds.difference == pytest.approx(expected)


def test_resamples_without_a_positive_are_left_out(rng):
    rare = np.array([True, False, False])
    scores = np.array([0.9, 0.1, 0.5])
    found = bootstrap_differences({"auc": (roc_auc, rare, scores, -scores)}, rng=rng, n_boot=50)
    assert found["auc"].low == found["auc"].high == 1
    none = bootstrap_differences(
        {"auc": (roc_auc, rare & False, scores, -scores)}, rng=rng, n_boot=5
    )
    assert np.isnan([none["auc"].difference, none["auc"].low, none["auc"].high]).all()
    assert not none["auc"].excludes_zero


def test_rows_that_are_not_the_same_items_are_refused(rng):
    with pytest.raises(InputError, match="pair the same items"):
        bootstrap_differences(
            {"auc": (roc_auc, np.ones(3, dtype=bool), np.ones(3), np.ones(4))}, rng=rng
        )
