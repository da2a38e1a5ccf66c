"""The linear model and everybody's list by an engine, against one machine's own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest

from unsung.data.engine.duckdb_engine import DuckDBEngine
from unsung.data.engine.spark_engine import SparkEngine
from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.pipeline.bundle import load_bundle
from unsung.pipeline.rules import Rules
from unsung.recommenders.linear import Linear, LinearSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.linear_parts import fit_linear_on
from unsung.workflows.lists import write_lists
from unsung.workflows.prepare import read_shop

ENGINES = ["duckdb", pytest.param("spark", marks=pytest.mark.spark)]
SETTINGS = LinearSettings(l2=2, term_weight=3, dense_items=2, nearest=6)


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """Makes each engine once; interpreted, since compiling takes longer than few rows."""
    made = {}

    def engine(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            options = {
                "spark.sql.codegen.wholeStage": "false",
                "spark.sql.codegen.factoryMode": "NO_CODEGEN",
                "spark.sql.shuffle.partitions": "2",
            }
            made[name] = (
                SparkEngine(folder, options=options) if name == "spark" else DuckDBEngine(folder)
            )
        return made[name]

    yield engine
    for engine_ in made.values():
        engine_.close()


@pytest.fixture(scope="module")
def state(shop_folder: Path) -> ShopState:
    described, _, _ = ContentBuilder().build(read_shop(shop_folder).dataset.as_of())
    return described


@pytest.mark.parametrize("name", ENGINES)
def test_the_linear_model_is_that_of_one_machine(name, engines, state: ShopState, tmp_path: Path):
    found = fit_linear_on(engines(name), state, SETTINGS, tmp_path)
    alone = Linear(SETTINGS).fit(state, rng=np.random.default_rng(0))
    assert alone.weights.nnz > 100
    np.testing.assert_allclose(found.weights.toarray(), alone.weights.toarray(), atol=1e-6)


def test_an_item_keeps_what_it_has_most_in_common_with(engines, state: ShopState, tmp_path: Path):
    few = SETTINGS.model_copy(update={"together": 3, "term_weight": 0.0})
    weights = fit_linear_on(engines("duckdb"), state, few, tmp_path).weights
    all_of_them = fit_linear_on(
        engines("duckdb"), state, SETTINGS.model_copy(update={"term_weight": 0.0}), tmp_path
    ).weights
    assert 0 < weights.nnz < all_of_them.nnz


@pytest.mark.parametrize("name", ENGINES)
def test_everybody_gets_the_list_that_a_request_gives(
    name, engines, bundle_folder: Path, tmp_path: Path
):
    out = tmp_path / "lists.parquet"
    write_lists(bundle_folder, out, engines(name), k=7)
    rows = ds.dataset(out, format="parquet").to_table().to_pandas()
    loaded = load_bundle(bundle_folder)
    assert set(rows["user_id"]) == set(loaded.model.state.users.values)
    for user_id in ("c1", "c3", "c12"):
        mine = rows[rows["user_id"] == user_id].sort_values("rank")
        assert mine["rank"].tolist() == list(range(1, 8))
        assert mine["item_id"].tolist() == [r.item_id for r in loaded.recommend(user_id, 7)]


def test_rules_hold_in_everybody_s_list(engines, bundle_folder: Path, tmp_path: Path):
    out = tmp_path / "lists.parquet"
    excluded = [r.item_id for r in load_bundle(bundle_folder).recommend("c1", 3)]
    told = []
    write_lists(
        bundle_folder,
        out,
        engines("duckdb"),
        k=5,
        progress=lambda *said: told.append(said),
        rules=Rules(exclude=excluded),
    )
    listed = set(pd.read_parquet(out)["item_id"])
    assert listed
    assert not listed & set(excluded)
    n_users = load_bundle(bundle_folder).model.state.n_users
    assert told[0] == ("making lists", 0, n_users)
    assert told[-1] == ("making lists", n_users, n_users)


def test_a_list_has_a_length(engines, bundle_folder: Path, tmp_path: Path):
    with pytest.raises(InputError, match="1 to 1,000"):
        write_lists(bundle_folder, tmp_path / "lists.parquet", engines("duckdb"), k=0)


def test_a_folder_of_something_else_stays(bundle_folder: Path, engines, tmp_path: Path):
    (tmp_path / "part-0.parquet").touch()
    with pytest.raises(InputError, match="is a folder"):
        write_lists(bundle_folder, tmp_path, engines("duckdb"))
    (tmp_path / "letter.txt").touch()

    class Spark:
        name = "spark"

    with pytest.raises(InputError, match=r"with 'letter\.txt' in it"):
        write_lists(bundle_folder, tmp_path, Spark())
    assert (tmp_path / "letter.txt").exists()
