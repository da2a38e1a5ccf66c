"""An evaluation on the toy shop, and what its record says."""

import json

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError
from unsung.workflows.evaluate import EvaluateSettings, evaluate
from unsung.workflows.evaluation_record import evaluation_record
from unsung.workflows.tune import TuneSettings

SHOP = ShopSettings(name="Toy", interactions=Source(path="unused.csv"))


def run(dataset: Dataset, **settings):
    rng = np.random.default_rng(0)
    options = EvaluateSettings(min_users=1, tuning=TuneSettings(budget_s=0), **settings)
    found = evaluate(dataset, SHOP, options, rng=rng)
    return found, evaluation_record(found, rng=rng)


def test_leave_one_out_tests_every_users_last_item(toy_shop: Dataset):
    found, record = run(toy_shop, protocol="leave-one-out", k=3)
    assert record["n_users"] == 6
    assert record["cutoff"] is None
    assert [m["name"] for m in record["models"]] == ["most_popular", "terms", "ease", "blend"]
    assert found.results[-1].evaluation.summary["hr_at_k"] > 0.5
    json.dumps(record, allow_nan=False)


def test_strict_and_refit_differ_in_what_is_fitted(toy_shop: Dataset):
    strict, _ = run(toy_shop, protocol="leave-one-out")
    refit, _ = run(toy_shop, protocol="leave-one-out", refit=True)
    rows = [len(found.split.train.interactions) for found in (strict, refit)]
    assert rows == [6, 12]


def test_by_time_compares_with_every_baseline(busy_shop: Dataset):
    found, record = run(busy_shop)
    assert record["protocol"] == "time"
    assert record["cutoff"] < record["end"]
    assert {c["a"] for c in record["comparisons"]} <= {"blend"}
    train = found.split.train.interactions
    assert train.timestamp.max() < found.split.cutoff <= found.split.test.timestamp.min()


def test_a_shop_without_a_clock_is_tested_by_leave_one_out(toy_shop: Dataset):
    ordered = toy_shop.with_interactions(toy_shop.interactions, has_clock=False)
    assert run(ordered)[1]["protocol"] == "leave-one-out"
    with pytest.raises(InputError, match="leave-one-out"):
        run(ordered, protocol="time")


def test_nobody_to_test_on_is_said(toy_shop: Dataset):
    # Only first purchases stay: nobody has a history.
    rows = toy_shop.interactions
    first = np.unique(rows.user_index, return_index=True)[1]
    alone = toy_shop.with_interactions(rows.take(np.sort(first)))
    with pytest.raises(InputError, match="nobody to test on"):
        run(alone, protocol="leave-one-out")


def test_same_seed_same_figures(busy_shop: Dataset):
    first, second = (run(busy_shop)[1] for _ in range(2))
    for one, other in zip(first["models"], second["models"], strict=True):
        assert one["summary"] == other["summary"]
    assert first["comparisons"] == second["comparisons"]
