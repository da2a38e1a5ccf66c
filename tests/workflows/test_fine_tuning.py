"""What an encoder may know, and how what it changed is told."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings, Source
from unsung.data.splits import TimeSplit, Windows, split_by_time, split_leave_one_out
from unsung.reports.page import render
from unsung.reports.training import before_after_sections
from unsung.schema import DAY_US
from unsung.workflows.content import ContentBuilder
from unsung.workflows.fine_tuning import (
    FineTuned,
    fine_tune,
    interest_split,
    training_record,
    what_changed,
)
from unsung.workflows.interest import InterestSettings

SHOP = ShopSettings(name="toy", interactions=Source(path="orders.csv"))
DAYS = 10


def windows_of(dataset: Dataset, first_day: int) -> Windows:
    """Validation and test of ten days each, so many days after the first purchase."""
    start = int(dataset.interactions.timestamp[0]) + first_day * DAY_US
    length = DAYS * DAY_US
    return Windows(start, start + length, start + 2 * length, DAYS)


def split_for(dataset: Dataset, first_day: int, n: int = 2) -> tuple[TimeSplit, Windows]:
    windows = windows_of(dataset, first_day)
    validation = split_by_time(dataset, windows.validation_start, windows.test_start)
    found = interest_split(dataset, SHOP, validation, windows, n)
    assert isinstance(found, TimeSplit)
    return found, windows


def test_the_encoder_is_judged_before_every_window_that_the_second_stage_learns_from(busy_shop):
    found, windows = split_for(busy_shop, 70)
    length = DAYS * DAY_US
    assert found.end == windows.validation_start - 2 * length
    assert found.cutoff == found.end - length
    assert found.state.interactions.timestamp.max() < found.cutoff


def test_a_short_history_shares_its_first_window(busy_shop):
    # Twenty-nine days before validation: one window to learn from, none before it.
    found, windows = split_for(busy_shop, 29)
    assert found.end == windows.validation_start
    assert found.cutoff == windows.validation_start - DAYS * DAY_US


def test_no_earlier_window_at_all(busy_shop):
    found, windows = split_for(busy_shop, 12)
    assert (found.cutoff, found.end) == (windows.validation_start, windows.test_start)


def test_where_only_order_is_known_the_validation_items_judge(toy_shop):
    unclocked = toy_shop.with_interactions(toy_shop.interactions, has_clock=False)
    validation = split_leave_one_out(unclocked, holdout="validation")
    assert interest_split(unclocked, SHOP, validation, None, 2) is validation


def test_nothing_at_or_after_the_window_is_learned_from(busy_shop):
    rows = busy_shop.interactions
    found, _ = split_for(busy_shop, 70)
    emptied = busy_shop.with_interactions(rows.before(found.end))
    again, _ = split_for(emptied, 70)
    assert again.cutoff == found.cutoff
    np.testing.assert_array_equal(
        again.fit_state.interactions.item_index, found.fit_state.interactions.item_index
    )


def test_without_an_encoder_nothing_is_fine_tuned(busy_shop, tmp_path):
    split, _ = split_for(busy_shop, 70)
    builder = ContentBuilder()
    tuned = fine_tune(split, SHOP, builder, InterestSettings(), folder=tmp_path)
    assert tuned.content is builder
    assert tuned.record is None
    assert tuned.encoder_folder is None
    assert list(tmp_path.iterdir()) == []


def test_where_the_pretrained_encoder_stays_nothing_changed():
    rng = np.random.default_rng(0)
    assert what_changed(FineTuned(ContentBuilder()), None, None, (), rng=rng) == []


@pytest.fixture
def interest():
    run = {
        "metric": "NDCG@10 of the profile",
        "model": "tiny",
        "trained": "top",
        "n_parameters": 10,
        "n_trainable": 5,
        "points": [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}],
        "validations": [],
        "best_step": 2,
        "seconds": 1.0,
        "examples_per_s": 64.0,
    }
    cut = {
        "cut": "tail",
        "n": 40,
        "judged": True,
        "frozen": 0.02,
        "fine_tuned": 0.03,
        "difference": 0.01,
        "low": 0.001,
        "high": 0.02,
    }
    return {"sentence": "It was kept.", "cuts": [cut], "training": run}


def test_the_record_is_what_the_page_shows(interest):
    record = training_record(interest, [], 10, {"training": replace_metric(interest, "log loss")})
    assert record["validation"][0]["metric"] == "tail_ndcg_at_k"
    assert (record["validation"][0]["before"], record["validation"][0]["after"]) == (0.02, 0.03)
    assert [run["label"] for run in record["runs"]] == ["Interest encoder", "Outlook of new items"]
    page = render("Report", "toy", "now", before_after_sections(record))
    assert "It was kept." in page
    assert "Outlook of new items: training loss" in page


def replace_metric(interest, metric):
    return {**interest["training"], "metric": metric}


def test_nothing_fine_tuned_leaves_no_record():
    assert training_record(None, [], 10) is None
    assert training_record(None, [], 10, {"training": None}) is None


def test_the_kept_encoder_is_where_it_was_written():
    assert FineTuned(replace(ContentBuilder(), encoder=None)).encoder_folder is None
