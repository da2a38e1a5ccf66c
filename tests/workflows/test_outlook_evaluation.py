import numpy as np
import pytest

from unsung.errors import InputError
from unsung.evaluation.classification import roc_auc
from unsung.schema import DAY_US
from unsung.workflows.outlook_evaluation import (
    learning_curve,
    outlook_trials,
)
from unsung.workflows.outlook_examples import OutlookSettings, outlook_examples

START = np.datetime64("2024-01-01", "us").astype(np.int64)


def judged(*given, **named):
    """The whole trial."""
    *_, whole = outlook_trials(*given, **named)
    return whole


def quick(**changed):
    return OutlookSettings(min_labelled=20, min_rare=3, fine_tuning=None).model_copy(update=changed)


def test_every_item_is_judged_once_by_models_that_never_saw_it(planted_shop):
    trial = judged(planted_shop, quick(), n_folds=4, seeds=(0, 1))
    labels = outlook_examples(planted_shop, quick()).labels
    assert len(trial.rare) == labels.labelled.sum()
    assert trial.rare.sum() == labels.is_rare().sum()
    assert trial.p_tail["terms"].shape == (2, len(trial.rare))
    assert roc_auc(~trial.rare, trial.p_tail["terms"][0]) > 0.95
    record = trial.record(rng=np.random.default_rng(1), n_boot=20)
    assert record["protocol"] == "held_out"
    assert record["n_seeds"] == 2
    assert set(record["models"]) == {"prior", "terms"}
    assert record["models"]["terms"]["pr_auc_rare"]["mean"] > 0.9
    assert record["differences"] == []


def test_a_trial_that_is_broken_off_has_said_something(planted_shop):
    trials = list(outlook_trials(planted_shop, quick(), n_folds=3, seeds=(0, 1)))
    assert [len(trial.p_tail["terms"]) for trial in trials] == [1, 1, 1, 2]
    sizes = [len(trial.rare) for trial in trials]
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3]
    whole = judged(planted_shop, quick(), n_folds=3, seeds=(0, 1))
    for trial in trials:
        n = len(trial.rare)
        np.testing.assert_array_equal(trial.rare, whole.rare[:n])
        for model, values in trial.p_tail.items():
            np.testing.assert_array_equal(values, whole.p_tail[model][: len(values), :n])


def test_arrivals_are_judged_by_what_was_known_before(planted_shop):
    moment = int(START + 250 * DAY_US)
    trial = judged(planted_shop, quick(), moment=moment)
    born = planted_shop.as_of().first_seen
    labels = outlook_examples(planted_shop, quick()).labels
    assert trial.protocol == "arrivals"
    assert len(trial.rare) == (labels.labelled & (born >= moment)).sum()
    assert trial.n_known == outlook_examples(planted_shop, quick(), moment).labels.labelled.sum()
    assert roc_auc(~trial.rare, trial.p_tail["terms"][0]) > 0.95
    with pytest.raises(InputError, match="too few items"):
        judged(planted_shop, quick(), moment=int(START + 399 * DAY_US))


def test_without_a_clock_nothing_arrives_later(planted_shop):
    ordered = planted_shop.with_interactions(planted_shop.interactions, has_clock=False)
    with pytest.raises(InputError, match="no clock"):
        judged(ordered, quick(), moment=START)


def test_more_labels_teach_more(planted_shop):
    rows = list(learning_curve(planted_shop, quick(), shares=(0.02, 1.0), seeds=(0,)))
    terms = {row["share"]: row for row in rows if row["model"] == "terms"}
    assert terms[0.02]["n_labels"] < 5 < terms[1.0]["n_labels"]
    assert terms[1.0]["roc_auc"] > 0.95
    assert terms[1.0]["roc_auc"] >= terms[0.02]["roc_auc"]


@pytest.mark.train
def test_a_language_model_learns_the_planted_word(planted_shop, tiny_tuning, tmp_path):
    settings = quick(fine_tuning=tiny_tuning, min_established=10)
    trial = judged(planted_shop, settings, n_folds=2)
    assert set(trial.p_tail) == {"prior", "terms", "fine_tuned", "fine_tuned_terms"}
    for model in ("fine_tuned", "fine_tuned_terms"):
        assert roc_auc(~trial.rare, trial.p_tail[model][0]) > 0.95
    record = trial.record(rng=np.random.default_rng(1), n_boot=20)
    compared = {(row["model"], row["baseline"]) for row in record["differences"]}
    assert compared == {("fine_tuned", "terms"), ("fine_tuned_terms", "terms")}
    rows = learning_curve(planted_shop, settings, shares=(1.0,))
    assert {row["model"] for row in rows} >= {"terms", "fine_tuned", "scratch"}


@pytest.mark.train
def test_a_top_seller_may_count_for_more_and_is_no_likelier(planted_shop, tiny_tuning):
    found = {}
    for weight in (1.0, 4.0):
        settings = quick(fine_tuning=tiny_tuning, min_established=10, rare_weight=weight)
        found[weight] = judged(planted_shop, settings, n_folds=2).p_tail["fine_tuned"][0]
    assert not np.array_equal(found[1.0], found[4.0])
    assert found[4.0].mean() == pytest.approx(found[1.0].mean(), abs=0.05)
