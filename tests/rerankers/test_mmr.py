"""Near-duplicates go down; item after item against the formula written out."""

import numpy as np
import pytest
import scipy.sparse as sp
from tests.rerankers.conftest import facts_of, pool_of

from unsung.errors import InputError
from unsung.rerankers.mmr import BATCH_PLACES, MMR


def test_a_duplicate_gives_way():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    facts = facts_of([0, 0, 0], vectors=vectors)
    pool = pool_of([[0, 1, 2]], [[0.5, 0.4, 0.3]])
    assert MMR().rerank(pool, facts, 3, np.array([0.2])).tolist() == [[0, 2, 1]]
    assert MMR().rerank(pool, facts, 3, np.array([0.05])).tolist() == [[0, 1, 2]]


def by_the_formula(relevance, vectors, s, k):
    listed: list[int] = []
    while len(listed) < k:
        left = [i for i in range(len(relevance)) if i not in listed]

        def value(i):
            near = max([max(float(vectors[i] @ vectors[j]), 0.0) for j in listed], default=0.0)
            return (1 - s) * relevance[i] - s * near

        listed.append(max(left, key=value))
    return listed


@pytest.mark.parametrize("s", [0.02, 0.4])
@pytest.mark.parametrize("sparse", [False, True])
def test_over_several_batches_it_is_the_formula(sparse, s):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 5)) * (rng.random((40, 5)) < 0.6)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    n = BATCH_PLACES // 40 + 3
    relevance = -np.sort(-rng.uniform(0.01, 0.9, (n, 40)), axis=1)
    pool = pool_of(np.tile(np.arange(40), (n, 1)), relevance)
    facts = facts_of([0] * 40, vectors=sp.csr_array(vectors) if sparse else vectors)
    lists = MMR().rerank(pool, facts, 6, np.full(n, s))
    for row in (0, 1, n - 1):
        assert lists[row].tolist() == by_the_formula(relevance[row], vectors, s, 6)


def test_items_without_vectors_are_refused():
    with pytest.raises(InputError, match="vectors"):
        MMR().rerank(pool_of([[0]], [[0.5]]), facts_of([0]), 1, np.array([0.5]))
