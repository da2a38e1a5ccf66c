"""From a shop's files to a bundle and back."""

from pathlib import Path

import numpy as np
import pytest

import unsung
from unsung.errors import InputError
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.workflows.evaluate import EvaluateSettings
from unsung.workflows.fit import FitSettings, fit
from unsung.workflows.prepare import read_shop
from unsung.workflows.tune import TuneSettings

QUICK = FitSettings(
    encoder="none", evaluation=EvaluateSettings(min_users=20, tuning=TuneSettings(budget_s=0))
)


def test_a_bundle_holds_what_the_design_names(bundle_folder: Path):
    names = {file.name for file in bundle_folder.iterdir()}
    assert names >= {
        "manifest.json",
        "model.json",
        "model.safetensors",
        "diagnosis.json",
        "evaluation.json",
        "quality.json",
        "report.html",
    }
    bundle = unsung.load_bundle(bundle_folder)
    assert bundle.metrics["blend"]["ndcg_at_k"] > bundle.metrics["most_popular"]["ndcg_at_k"]


def test_one_by_one_equals_the_batch(bundle_folder: Path):
    bundle = unsung.load_bundle(bundle_folder)
    state = bundle.model.state
    users = np.arange(state.n_users, dtype=np.int32)
    lists = recommend_lists(bundle.model.blend, state, users, 7, Rules())
    for user in users[::9]:
        found = bundle.recommend(str(state.users.values[user]), 7)
        assert [item.item_id for item in found] == list(state.items.values[lists[user]])


def test_bought_items_do_not_come_back_and_k_may_exceed_the_catalogue(bundle_folder: Path):
    bundle = unsung.load_bundle(bundle_folder)
    state = bundle.model.state
    user = int(state.users.index_of(["c3"])[0])
    bought = set(state.items.values[state.pairs.item_index[state.pairs.of_user(user)]])
    found = {item.item_id for item in bundle.recommend("c3", 1000)}
    product = dict(zip(state.items.values, products_of(state), strict=True))
    left = set(state.items.values) - bought
    assert found <= left
    # One listing of each product, and of none fewer.
    assert sorted(product[item] for item in found) == sorted({product[item] for item in left})
    everything = bundle.recommend("c3", 1000, rules=Rules(repeats="show"))
    assert len(everything) == len(set(product.values()))


def products_of(state) -> list[int]:
    """A number for each product: listings of one share it."""
    group = state.content.variants
    return [int(g) if g >= 0 else -1 - item for item, g in enumerate(group)]


def test_the_same_files_give_the_same_bundle(shop_folder: Path, bundle_folder: Path, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for target in (first, second):
        fit(read_shop(shop_folder), target, QUICK)
    for name in ("model.safetensors", "model.json", "interactions.safetensors", "items.parquet"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_shuffled_files_give_the_same_lists(shop_folder: Path, tmp_path: Path):
    import pandas as pd

    orders = pd.read_csv(shop_folder / "orders.csv").sample(frac=1, random_state=3)
    items = pd.read_csv(shop_folder / "catalogue.csv").sample(frac=1, random_state=4)
    orders.to_csv(tmp_path / "orders.csv", index=False)
    items.to_csv(tmp_path / "catalogue.csv", index=False)
    (tmp_path / "shop.toml").write_text((shop_folder / "shop.toml").read_text())
    fitted = [
        fit(read_shop(folder), tmp_path / f"bundle-{n}", QUICK).bundle
        for n, folder in enumerate((shop_folder, tmp_path))
    ]
    for user in ("c0", "c1", "c40", "nobody"):
        plain, shuffled = (bundle.recommend(user, explain=True) for bundle in fitted)
        assert plain == shuffled


DEGENERATE = {
    "empty": [],
    "one of each": [("u", "i", "2026-01-01")],
    "one user": [("u", f"i{n}", f"2026-01-{n + 1:02}") for n in range(20)],
    "one item": [(f"u{n}", "i", f"2026-01-{n + 1:02}") for n in range(20)],
    "one day": [(f"u{n % 5}", f"i{n % 7}", "2026-01-01") for n in range(35)],
    "all equally popular": [
        (f"u{n}", f"i{(n + m) % 12}", f"2026-{m + 1:02}-{n + 1:02}")
        for n in range(12)
        for m in range(4)
    ],
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_shops_are_fitted_or_refused_in_a_sentence(name: str, tmp_path: Path):
    rows = ["user_id,item_id,timestamp", *map(",".join, DEGENERATE[name])]
    (tmp_path / "interactions.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "shop.toml").write_text('[interactions]\npath = "interactions.csv"\n')
    try:
        shop = read_shop(tmp_path)
        fitted = fit(shop, tmp_path / "bundle", QUICK)
    except InputError as error:
        assert name == "empty", error
        assert str(error).endswith(".")
        return
    found = fitted.bundle.recommend("somebody", 5, explain=True)
    assert found
    assert np.isfinite([item.score for item in found]).all()
