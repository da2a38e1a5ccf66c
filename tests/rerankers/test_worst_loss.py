import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.rerankers.worst_loss import worst_losses


def all_losses(lists: np.ndarray, reference: np.ndarray, n_items: int) -> np.ndarray:
    """Of one pair of lists, for every set of wanted items."""
    wanted = (np.arange(1, 2**n_items)[:, None] >> np.arange(n_items)) & 1
    targets = sp.csr_array(wanted.astype(float))
    k = lists.shape[1]
    before, after = (
        ndcg_at_k(find_hits(np.repeat(rows, len(wanted), axis=0), targets, k))
        for rows in (reference, lists)
    )
    return before - after


@given(st.integers(0, 2**32 - 1))
def test_worst_loss_is_the_largest_over_everything_a_user_can_want(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lists, reference = (rng.permutation(8)[None, :4].astype(np.int32) for _ in range(2))
    lists[0, rng.integers(1, 5) :] = -1
    found = worst_losses(lists, reference)
    assert found[0] == pytest.approx(all_losses(lists, reference, 8).max(), abs=1e-12)


def test_lists_that_lose_nothing(rng: np.random.Generator) -> None:
    lists = np.array([rng.permutation(9)[:5] for _ in range(6)])
    assert worst_losses(lists, lists).tolist() == [0] * 6
    assert worst_losses(lists, np.full_like(lists, -1)).tolist() == [0] * 6
    assert worst_losses(lists[:, :0], lists[:, :0]).tolist() == [0] * 6
    with pytest.raises(InputError, match="pair them"):
        worst_losses(lists, lists[:, 1:])
