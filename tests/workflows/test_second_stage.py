"""Whether the second stage serves, and what a shop gets where it can't."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import ShopSettings, Source
from unsung.errors import MissingLibraryError
from unsung.pipeline.two_stage import TwoStage
from unsung.recommenders.ranker import RankerSettings
from unsung.schema import DAY_US
from unsung.workflows.evaluate import EvaluateSettings, evaluate
from unsung.workflows.evaluation_record import evaluation_record
from unsung.workflows.fit import FitSettings, fit
from unsung.workflows.prepare import Shop
from unsung.workflows.second_stage import _decide
from unsung.workflows.tune import TuneSettings
from unsung.workflows.windows import SecondStageSettings

SHOP = ShopSettings(name="Crowds", interactions=Source(path="unused.csv"))
SMALL = RankerSettings(n_seeds=2, trees=20, leaves=7, min_rows=10, n_threads=1)
SECOND = SecondStageSettings(min_buyers=20, ranker=SMALL)
SETTINGS = EvaluateSettings(
    min_users=20,
    tuning=TuneSettings(budget_s=0, min_users=20, candidates=30),
    second_stage=SECOND,
)


@pytest.fixture(scope="module")
def crowds() -> Dataset:
    """Two hundred people, forty items: dear ones are bought by those who bought dear, and late.

    Only price and time tell what comes next; the linear model has nothing to hold on to.
    """
    rng = np.random.default_rng(2)
    price = np.where(np.arange(40) < 20, 2.0, 90.0)
    users, items = (
        Identifiers.from_ids([f"{c}{n}" for n in range(m)]) for c, m in (("u", 200), ("i", 40))
    )
    rows = []
    for user in range(200):
        own = np.arange(20) + 20 * (user % 2)
        chosen = rng.choice(own, 12, replace=False)
        rows += [
            (user, item, day) for item, day in zip(chosen, rng.integers(0, 160, 12), strict=True)
        ]
    user, item, day = (np.array(column) for column in zip(*rows, strict=True))
    table = pd.DataFrame({"item_id": items.values, "price": price})
    return Dataset(
        users=users,
        items=items,
        catalogue=table,
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=user, item_index=item, timestamp=(day + 20_000) * DAY_US
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame(
            {c: [] for c in ("user_index", "item_index", "timestamp", "rating", "title", "text")}
        ),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


def run(dataset: Dataset, settings: EvaluateSettings = SETTINGS):
    return evaluate(dataset, SHOP, settings, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def found(crowds):
    return run(crowds)


def test_the_test_has_a_row_for_the_second_stage(found):
    names = [result.evaluation.name for result in found.results]
    assert names[-2:] == ["blend", "two_stage"]
    record = evaluation_record(found, rng=np.random.default_rng(0))
    assert record["serves"] in ("blend", "two_stage")
    assert record["notes"][0] == record["second_stage"]["reason"]
    assert record["second_stage"]["validation"].keys() == {"blend", "two_stage"}
    assert {c["a"] for c in record["comparisons"]} == {record["serves"]}


def test_same_seed_same_trees(crowds, found):
    again = run(crowds)
    first, second = (e.second.ranker.to_arrays() for e in (found, again))
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
    one, other = (e.results[-1].evaluation.per_user["ndcg_at_k"] for e in (found, again))
    np.testing.assert_array_equal(one, other)


def test_a_fit_serves_what_was_decided(crowds, tmp_path, monkeypatch):
    monkeypatch.setattr("unsung.workflows.fit.fit_report_page", lambda page: "")
    check = {"shop": "Crowds", "tables": [], "findings": []}
    settings = FitSettings(encoder="none", evaluation=SETTINGS)
    fitted = fit(Shop(SHOP, crowds, check), tmp_path / "bundle", settings)
    serves = fitted.evaluation["serves"]
    assert (serves == "two_stage") == isinstance(fitted.bundle.model.scorer, TwoStage)
    assert "two_stage" in fitted.bundle.metrics
    for item in fitted.bundle.recommend("u3", 5, explain=True):
        assert sum(r.amount for r in item.reasons) == pytest.approx(item.score, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"enabled": False}, "switched off"),
        ({"min_buyers": 1000}, "no past window has 1000 customers"),
    ],
)
def test_where_it_cannot_be_trained_the_blend_serves(crowds, change, sentence):
    other = SETTINGS.model_copy(update={"second_stage": SECOND.model_copy(update=change)})
    found = run(crowds, other)
    assert found.serves == "blend"
    assert sentence in found.second.reason
    assert found.results[-1].evaluation.name == "blend"


def test_an_order_only_shop_is_served_by_the_blend(crowds):
    ordered = crowds.with_interactions(crowds.interactions, has_clock=False)
    found = run(ordered)
    assert found.serves == "blend"
    assert "clock" in found.second.reason


def test_a_machine_without_openmp_is_served_by_the_blend(crowds, monkeypatch):
    def missing():
        raise MissingLibraryError("lightgbm can't be loaded.")

    monkeypatch.setattr("unsung.recommenders.ranker.load_lightgbm", missing)
    found = run(crowds)
    assert found.serves == "blend"
    assert "lightgbm can't be loaded" in found.second.reason


@pytest.mark.parametrize(
    ("ndcg", "tail", "serves"),
    [
        (0.11, 0.02, True),
        (0.09, 0.05, False),
        (0.10, 0.05, False),
        (0.2, 0.0185, True),
        (0.2, 0.01, False),
    ],
)
def test_more_relevance_may_not_cost_the_tail(found, ndcg, tail, serves):
    trial = replace(found.trial, budget=0.08)
    blend = {"ndcg_at_k": 0.10, "tail_ndcg_at_k": 0.02}
    decided, reason = _decide(blend, {"ndcg_at_k": ndcg, "tail_ndcg_at_k": tail}, trial)
    assert decided == serves
    assert reason.startswith("The second stage" if serves else "The blend")
