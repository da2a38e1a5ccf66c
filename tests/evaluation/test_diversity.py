import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from unsung.evaluation import diversity
from unsung.evaluation.diversity import intra_list_diversity

MakeCase = Callable[..., tuple[np.ndarray, sp.csr_array]]


def random_vectors(seed: int) -> np.ndarray:
    """Signed, sparse, some of them zero."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(9, 4)) * (rng.random((9, 4)) < 0.6)
    return (vectors * (rng.random((9, 1)) < 0.8)).astype(np.float32)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_diversity_equals_the_mean_over_pairs(make_case: MakeCase, seed: int) -> None:
    lists, _ = make_case(seed)
    vectors = random_vectors(seed)
    found = intra_list_diversity(lists, vectors)
    sparse = intra_list_diversity(lists, sp.csr_array(vectors))
    for user, row in enumerate(lists):
        items = row[row >= 0]
        if len(items) < 2:
            assert math.isnan(found[user])
            continue
        cosines = cosine_similarity(vectors[items].astype(np.float64))
        pairs = cosines[np.triu_indices(len(items), 1)]
        assert found[user] == pytest.approx(1 - pairs.mean(), abs=1e-9)
    np.testing.assert_allclose(sparse, found, atol=1e-9)


def test_batches_change_nothing(make_case: MakeCase, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, _ = make_case(5, n_users=40)
    whole = intra_list_diversity(lists, random_vectors(5))
    monkeypatch.setattr(diversity, "_BATCH_SLOTS", 20)
    np.testing.assert_allclose(intra_list_diversity(lists, random_vectors(5)), whole)


def test_no_user_is_fine() -> None:
    assert intra_list_diversity(np.zeros((0, 3), dtype=np.int32), np.eye(3)).shape == (0,)
