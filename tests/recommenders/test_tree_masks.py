"""Sums of trees by masks are those that lightgbm itself gives."""

import threading

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsung.recommenders.tree_masks import ROWS, TreeMasks

N_COLUMNS = 6


def rows_of(rng: np.random.Generator, n: int) -> np.ndarray:
    """Columns with gaps, of few values, equal everywhere, and below zero."""
    values = rng.normal(size=(n, N_COLUMNS)).astype(np.float32)
    values[:, 1] = np.round(values[:, 1])
    values[:, 2] = 3
    values[rng.random(n) < 0.3, 3] = np.nan
    values[:, 4] = np.abs(values[:, 4])
    return values


def trained(seed: int, leaves: int, trees: int = 20) -> lightgbm.Booster:
    rng = np.random.default_rng(seed)
    values = rows_of(rng, 3000)
    target = np.nan_to_num(values).sum(axis=1) + values[:, 0] * values[:, 1] > 3
    given_to = {
        "objective": "binary",
        "num_leaves": leaves,
        "min_data_in_leaf": 2,
        "min_sum_hessian_in_leaf": 0,
    }
    fixed = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": seed}
    data = lightgbm.Dataset(values, target.astype(np.float32))
    return lightgbm.train(given_to | fixed, data, trees)


BOOSTERS = {leaves: [trained(seed, leaves) for seed in (1, 2)] for leaves in (2, 31, 33, 64)}


def texts(leaves: int) -> list[str]:
    return [booster.model_to_string() for booster in BOOSTERS[leaves]]


def by_lightgbm(leaves: int, values: np.ndarray) -> np.ndarray:
    found = [b.predict(values, raw_score=True, num_threads=1) for b in BOOSTERS[leaves]]
    return np.sum(found, axis=0)


@pytest.mark.parametrize("leaves", list(BOOSTERS))
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 40))
@settings(deadline=None, max_examples=10)
def test_the_sums_are_lightgbms(leaves, seed, n):
    trees = TreeMasks.of_texts(texts(leaves), N_COLUMNS)
    values = rows_of(np.random.default_rng(seed), n)
    # Gaps also where the training had none, and values at a threshold.
    values[np.random.default_rng(seed).random(values.shape) < 0.1] = np.nan
    np.testing.assert_allclose(trees.sums(values), by_lightgbm(leaves, values), rtol=0, atol=1e-12)


def test_thresholds_themselves_go_the_same_way():
    trees = TreeMasks.of_texts(texts(31), N_COLUMNS)
    tree_rows = BOOSTERS[31][0].trees_to_dataframe().dropna(subset=["threshold"])
    exact = tree_rows["threshold"].to_numpy(dtype=np.float32)
    values = np.stack([exact, np.nextafter(exact, np.float32(9)), -exact], axis=1)
    values = np.tile(values, (1, 2)).astype(np.float32)
    np.testing.assert_allclose(trees.sums(values), by_lightgbm(31, values), rtol=0, atol=1e-12)


def test_many_rows_are_as_few_at_a_time():
    trees = TreeMasks.of_texts(texts(31), N_COLUMNS)
    values = rows_of(np.random.default_rng(0), 2 * ROWS + 7)
    one_by_one = np.concatenate([trees.sums(row[None]) for row in values])
    assert trees.sums(values).tolist() == one_by_one.tolist()


def test_what_is_known_of_some_columns_needn_t_be_looked_at():
    trees = TreeMasks.of_texts(texts(31), N_COLUMNS)
    items = rows_of(np.random.default_rng(5), 50)
    known = trees.known(items, (0, 3))
    at = np.array([7, 7, 49, 0])
    asked = rows_of(np.random.default_rng(6), 4)
    asked[:, [0, 3]] = np.nan
    whole = asked.copy()
    whole[:, [0, 3]] = items[at][:, [0, 3]]
    assert trees.sums(asked, known, at).tolist() == trees.sums(whole).tolist()


def test_the_lowest_sum_is_lightgbms():
    trees = TreeMasks.of_texts(texts(31), N_COLUMNS)
    assert trees.lowest == pytest.approx(sum(b.lower_bound() for b in BOOSTERS[31]))


def test_a_tree_without_a_split_counts_too():
    rng = np.random.default_rng(0)
    data = lightgbm.Dataset(rows_of(rng, 30), np.arange(30) % 2)
    fixed = {"objective": "binary", "min_data_in_leaf": 30, "verbose": -1}
    booster = lightgbm.train(fixed, data, 2)
    trees = TreeMasks.of_texts([booster.model_to_string()], N_COLUMNS)
    values = rows_of(rng, 5)
    np.testing.assert_allclose(trees.sums(values), booster.predict(values, raw_score=True))


def test_other_kinds_of_trees_are_left_to_lightgbm():
    text = texts(31)[0]
    assert TreeMasks.of_texts([text.replace("num_cat=0", "num_cat=1", 1)], N_COLUMNS) is None
    assert TreeMasks.of_texts([text.replace("is_linear=0", "is_linear=1", 1)], N_COLUMNS) is None
    assert TreeMasks.of_texts([trained(1, 80, 3).model_to_string()], N_COLUMNS) is None


def test_threads_do_not_disturb_each_other():
    trees = TreeMasks.of_texts(texts(31), N_COLUMNS)
    values = [rows_of(np.random.default_rng(seed), 300) for seed in range(4)]
    alone = [trees.sums(some).tolist() for some in values]
    together: dict[int, list[list[float]]] = {number: [] for number in range(4)}

    def work(number: int) -> None:
        for _ in range(20):
            together[number].append(trees.sums(values[number]).tolist())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found == alone[n] for n, all_of_n in together.items() for found in all_of_n)
