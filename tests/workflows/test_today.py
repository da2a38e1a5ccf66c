"""Today's lists against Unsung's: the shop's own where it logged them, else the better baseline."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.interactions import Interactions
from unsung.data.settings import ShopSettings, Source
from unsung.data.splits import split_by_time
from unsung.workflows import today as today_module
from unsung.workflows.evaluate import EvaluateSettings, evaluate
from unsung.workflows.today import SHOWN, shown_lists, today_record
from unsung.workflows.tune import TuneSettings

SHOP = ShopSettings(name="toy", interactions=Source(path="orders.csv"))
SETTINGS = EvaluateSettings(min_users=10, tuning=TuneSettings(budget_s=0))


@pytest.fixture
def found(busy_shop):
    return evaluate(busy_shop, SHOP, SETTINGS, rng=np.random.default_rng(0))


def exposures_of(found, lists) -> pd.DataFrame:
    """Every test user is shown a list at the start of the window, and another one later."""
    split, rows = found.split, []
    for number, (user, items) in enumerate(zip(split.users, lists, strict=True)):
        for later, shown in enumerate((items, items[::-1])):
            for rank, item in enumerate(shown, start=1):
                rows.append((f"r{number}.{later}", user, item, rank, split.cutoff + later))
    columns = ["request_id", "user_index", "item_index", "rank", "timestamp"]
    return pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=3)


def test_the_first_list_of_the_window_is_todays(busy_shop, found):
    rng = np.random.default_rng(1)
    n = len(found.split.users)
    lists = np.array([rng.choice(busy_shop.n_items, 4, replace=False) for _ in range(n)])
    logged = replace(busy_shop, exposures=exposures_of(found, lists))
    np.testing.assert_array_equal(shown_lists(logged, found.split, 4), lists)
    np.testing.assert_array_equal(shown_lists(logged, found.split, 2), lists[:, :2])
    before = split_by_time(busy_shop, found.split.cutoff - 10, found.split.cutoff)
    assert (shown_lists(logged, before, 4) == -1).all()
    assert (shown_lists(busy_shop, found.split, 4) == -1).all()


def test_a_baseline_stands_in_where_nothing_was_logged(busy_shop, found):
    record = today_record(found, busy_shop, rng=np.random.default_rng(0))
    by_name = {result.evaluation.name: result.evaluation.summary for result in found.results}
    best = max(("trend", "most_popular"), key=lambda name: by_name[name]["ndcg_at_k"])
    assert (record["before"], record["is_shown"]) == (best, False)
    assert record["after"] == found.applied == "blend"
    relevance = record["rows"][0]
    assert relevance["before"] == pytest.approx(by_name[best]["ndcg_at_k"])
    assert relevance["after"] == pytest.approx(by_name["blend"]["ndcg_at_k"])
    assert "stands in for today's lists" in record["assumptions"][0]
    assert "undialled here" in record["assumptions"][2]
    for side in ("before", "after"):
        shares = [row["slot_share"] for row in record["segments"] if row["side"] == side]
        assert sum(share or 0 for share in shares) == pytest.approx(1)
    assert {row["metric"] for row in record["groups"]} == {"ndcg_at_k", "aplt_tail"}
    assert len({row["group"] for row in record["groups"]}) == 2


def test_the_shops_own_lists_are_compared_on_their_customers(busy_shop, found, monkeypatch):
    monkeypatch.setattr(today_module, "MIN_SHOWN_USERS", 5)
    targets = found.tested.targets.tocsr()
    n = len(found.split.users)
    # Those who were shown a list found in it what they wanted.
    lists = np.array([targets.indices[targets.indptr[row]] for row in range(n)])[:, None]
    some = exposures_of(found, lists)
    some = some[some["user_index"].isin(found.split.users[: n // 2])]
    record = today_record(found, replace(busy_shop, exposures=some), rng=np.random.default_rng(0))
    assert (record["before"], record["is_shown"]) == (SHOWN, True)
    assert record["n_users"] == n // 2
    rows = {row["metric"]: row for row in record["rows"]}
    assert rows["hr_at_k"]["before"] == 1
    assert "favours them" in record["assumptions"][0]
    assert rows["ndcg_at_k"]["difference"] < 0
    assert record["worse"] == [name for name, row in rows.items() if row["high"] < 0]


def test_captured_value_is_money(busy_shop):
    rng = np.random.default_rng(2)
    price = rng.integers(0, 50, len(busy_shop.interactions)).astype(np.float32)
    rows = busy_shop.interactions
    paid = Interactions.from_columns(
        user_index=rows.user_index, item_index=rows.item_index, timestamp=rows.timestamp,
        price=price, quantity=np.full(len(price), 2.0),
    )  # fmt: skip
    shop = replace(busy_shop, interactions=paid)
    found = evaluate(shop, SHOP, SETTINGS, rng=np.random.default_rng(0))
    record = today_record(found, shop, rng=np.random.default_rng(0))
    targets = found.tested.targets
    assert targets.sum() == pytest.approx(found.split.values.sum(), rel=0.01)
    assert targets.nnz == found.split.targets.nnz
    captured = next(row for row in record["lists"] if row["metric"] == "captured_value_at_k")
    value = next(row for row in record["rows"] if row["metric"] == "value_at_k")
    n = record["n_users"]
    assert captured["after"] == pytest.approx(value["after"] * n / targets.sum())


def test_order_alone_has_no_later_data(busy_shop):
    settings = SETTINGS.model_copy(update={"protocol": "leave-one-out"})
    found = evaluate(busy_shop, SHOP, settings, rng=np.random.default_rng(0))
    assert today_record(found, busy_shop, rng=np.random.default_rng(0)) is None


def test_one_customer_tells_nothing(busy_shop, found):
    tested = replace(found.tested, users=found.tested.users[:1])
    alone = replace(found, tested=tested)
    assert today_record(alone, busy_shop, rng=np.random.default_rng(0)) is None


def test_brands_that_lists_reach_are_counted(busy_shop):
    brands = np.array(["oak", "elm", None])[np.arange(busy_shop.n_items) % 3]
    shop = replace(busy_shop, catalogue=busy_shop.catalogue.assign(brand=brands))
    found = evaluate(shop, SHOP, SETTINGS, rng=np.random.default_rng(0))
    record = today_record(found, shop, rng=np.random.default_rng(0))
    figures = {row["metric"]: row for row in record["lists"]}
    assert 1 <= figures["brands_shown"]["before"] <= 2
    for side in ("before", "after"):
        assert figures["brands_shown_share"][side] == figures["brands_shown"][side] / 2
    assert "sellers_shown" not in figures
