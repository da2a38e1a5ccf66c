"""A small shop on disk, with two crowds, a tail that sells and files of its own column names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

TEA = ("kettle", "teapot", "teacup", "saucer", "strainer", "tray", "spoon", "caddy")
GARDEN = ("spade", "rake", "hoe", "trowel", "gnome", "pot", "hose", "glove")
COLOURS = ("red", "blue", "green")


def write_shop(folder: Path, *, n_users: int = 80, n_days: int = 120, seed: int = 5) -> Path:
    """CSV files and their shop.toml; customers buy from their own crowd, a few hits most often."""
    rng = np.random.default_rng(seed)
    names = [f"{colour} {thing}" for thing in (*TEA, *GARDEN) for colour in COLOURS]
    items = pd.DataFrame(
        {
            "sku": [f"S{n:03}" for n in range(len(names))],
            "name": names,
            "kind": ["tea" if name.split()[1] in TEA else "garden" for name in names],
            "cost": rng.integers(2, 50, len(names)),
        }
    )
    weight = 1 / (1 + rng.permutation(len(names)))
    lines = []
    for user in range(n_users):
        crowd = (items["kind"] == ("tea" if user % 2 else "garden")).to_numpy()
        chance = weight * np.where(crowd, 1.0, 0.05)
        bought = rng.choice(len(names), rng.integers(4, 14), replace=False, p=chance / chance.sum())
        days = np.sort(rng.uniform(0, n_days, len(bought)))
        for item, day in zip(bought, days, strict=True):
            moment = pd.Timestamp("2026-01-01") + pd.Timedelta(days=float(day))
            lines.append((f"c{user}", items["sku"][item], moment.isoformat(), 1))
    orders = pd.DataFrame(lines, columns=["customer", "sku", "when", "pieces"])
    folder.mkdir(parents=True, exist_ok=True)
    items.to_csv(folder / "catalogue.csv", index=False)
    orders.to_csv(folder / "orders.csv", index=False)
    (folder / "shop.toml").write_text(
        """
name = "Tea & Garden <b>"

[interactions]
path = "orders.csv"
[interactions.columns]
user_id = "customer"
item_id = "sku"
timestamp = "when"
quantity = "pieces"

[items]
path = "catalogue.csv"
[items.columns]
item_id = "sku"
title = "name"
category = "kind"
price = "cost"
""",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def bundle_folder(shop_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from unsung.workflows.evaluate import EvaluateSettings
    from unsung.workflows.fit import FitSettings, fit
    from unsung.workflows.prepare import read_shop
    from unsung.workflows.tune import TuneSettings

    target = tmp_path_factory.mktemp("out") / "bundle"
    settings = FitSettings(
        encoder="none",
        evaluation=EvaluateSettings(min_users=20, tuning=TuneSettings(budget_s=1)),
    )
    fit(read_shop(shop_folder), target, settings)
    return target
