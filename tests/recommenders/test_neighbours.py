"""Sparse item-item weights."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from unsung.recommenders import neighbours
from unsung.recommenders.neighbours import (
    keep_largest,
    keep_largest_of,
    weights_from_arrays,
    weights_to_arrays,
)

WEIGHTS = hnp.arrays(
    np.float32, st.integers(1, 9).map(lambda n: (n, n)), elements=st.integers(-5, 5)
)


@given(WEIGHTS, st.integers(1, 12))
def test_the_largest_of_every_column_are_kept(weights: np.ndarray, keep: int):
    kept = keep_largest(weights, keep).toarray()
    off = weights * (1 - np.eye(len(weights)))
    for column in range(len(weights)):
        wanted = np.sort(np.abs(off[:, column]))[::-1][:keep]
        found = np.sort(np.abs(kept[:, column][kept[:, column] != 0]))[::-1]
        assert np.array_equal(found, wanted[wanted > 0])
        same = (kept[:, column] == off[:, column]) | (kept[:, column] == 0)
        assert same.all()


def test_blocks_and_the_whole_give_the_same(rng, monkeypatch):
    weights = rng.normal(size=(50, 50)).astype(np.float32)
    whole = keep_largest(weights, 7)
    monkeypatch.setattr(neighbours, "BLOCK", 16)
    assert np.array_equal(keep_largest(weights, 7).toarray(), whole.toarray())
    in_parts = keep_largest_of(lambda a, b: weights[:, a:b], 50, 7)
    assert np.array_equal(in_parts.toarray(), whole.toarray())


def test_no_items_no_weights():
    empty = keep_largest_of(lambda a, b: np.zeros((0, 0), np.float32), 0, 5)
    assert isinstance(empty, sp.csr_array)
    assert empty.shape == (0, 0)


def test_weights_that_come_back_have_narrow_indices():
    weights = sp.csr_array(np.array([[0, 1], [2, 0]], np.float32))
    back = weights_from_arrays(weights_to_arrays(weights))
    assert back.indices.dtype == back.indptr.dtype == np.int32
    assert (back != weights).nnz == 0
