import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from unsung.popularity.neighbours import prices_by_category, prices_by_terms


def test_a_category_needs_enough_priced_items():
    price = np.array([1.0, 2.0, 3.0, np.nan, 9.0])
    category = pd.Series(["tea", "tea", "tea", "tea", None], dtype="str")
    level = prices_by_category(price, category, 3)
    assert level.n.tolist() == [3, 3, 3, 3, 0]
    assert level.median[:4].tolist() == [2, 2, 2, 2]
    assert level.high[0] == pytest.approx(2.8)
    assert np.isnan(level.median[4])
    assert np.isnan(prices_by_category(price, category, 4).median).all()


def terms_of(*rows):
    dense = np.array(rows, dtype=np.float32)
    length = np.linalg.norm(dense, axis=1, keepdims=True)
    return sp.csr_array(dense / np.where(length > 0, length, 1))


def test_the_nearest_by_terms_without_the_item_itself():
    terms = terms_of([1, 0], [1, 0.1], [1, 0.3], [0, 1], [0, 0])
    price = np.array([100.0, 2.0, 4.0, 7.0, 5.0])
    level = prices_by_terms(price, terms, np.ones(5, bool), 2)
    assert level.n.tolist() == [2, 2, 2, 1, 0]
    assert level.median[0] == 3
    assert np.isnan(level.median[4])


def test_only_wanted_and_priced_items_are_compared():
    terms = terms_of([1, 0], [1, 0], [1, 0])
    level = prices_by_terms(np.array([1.0, np.nan, 3.0]), terms, np.array([False, True, True]), 2)
    assert np.isnan(level.median).tolist() == [True, True, False]
    assert level.median[2] == 1


def test_more_items_than_a_block_holds(rng):
    terms = terms_of(*rng.random((300, 4)))
    price = rng.random(300)
    level = prices_by_terms(price, terms, np.ones(300, bool), 5)
    item = 280
    cosine = (terms @ terms[[item]].T).toarray().ravel()
    cosine[item] = -1
    nearest = np.argsort(-cosine)[:5]
    assert level.median[item] == pytest.approx(np.median(price[nearest]))
