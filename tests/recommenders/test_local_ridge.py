"""The linear model item by item: against the equations that each item's weights must satisfy."""

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.data.state import ItemContent
from unsung.errors import UnsungError
from unsung.recommenders.item_gram import ItemGram, TextWeights
from unsung.recommenders.linear import solve_whole
from unsung.recommenders.local_ridge import nearest_items, solve_columns, solve_locally

N_USERS, N_ITEMS = 200, 60


@pytest.fixture
def bought(rng: np.random.Generator) -> sp.csr_array:
    return sp.csr_array((rng.random((N_USERS, N_ITEMS)) < 0.1).astype(np.float32))


@pytest.fixture
def gram(bought: sp.csr_array, rng: np.random.Generator) -> ItemGram:
    words = rng.random((N_ITEMS, 12)).astype(np.float32) * (rng.random((N_ITEMS, 12)) < 0.3)
    words /= np.maximum(np.linalg.norm(words, axis=1, keepdims=True), 1e-9)
    vectors = rng.normal(size=(N_ITEMS, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    content = ItemContent(sp.csr_array(words), vectors)
    return ItemGram(sp.csr_array(bought.T @ bought), content, TextWeights(3, 2, 0.5))


def test_every_item_solves_its_own_normal_equations(gram: ItemGram):
    whole, l2 = gram.columns(0, N_ITEMS).astype(np.float64), 4.0
    weights = solve_locally(gram, l2, 15).toarray()
    for item in range(N_ITEMS):
        used = np.flatnonzero(weights[:, item])
        assert 0 < len(used) <= 15 and item not in used
        left = (whole[np.ix_(used, used)] + l2 * np.eye(len(used))) @ weights[used, item]
        np.testing.assert_allclose(left, whole[used, item], rtol=1e-3, atol=1e-4)


def test_over_all_other_items_it_is_the_whole_solution(gram: ItemGram):
    # No two of these have nothing in common, so none is left out.
    assert (gram.columns(0, N_ITEMS) > 0).all()
    whole = solve_whole(gram, 4.0, N_ITEMS).toarray()
    np.testing.assert_allclose(solve_locally(gram, 4.0, N_ITEMS).toarray(), whole, atol=1e-5)


def test_the_nearest_have_most_in_common_for_their_size(gram: ItemGram):
    whole, l2 = gram.columns(0, N_ITEMS), 4.0
    near = nearest_items(gram, l2, 7)
    share = whole / np.sqrt(np.diag(whole) + l2)[:, None]
    np.fill_diagonal(share, 0)
    for item in (0, 31, N_ITEMS - 1):
        found = near.indices[near.indptr[item] : near.indptr[item + 1]]
        assert set(found) == set(np.argsort(-share[:, item])[:7])
    assert np.array_equal(
        nearest_items(gram, l2, 7, range(20, 33)).toarray(), near[:, 20:33].toarray()
    )


def test_columns_are_the_same_however_they_are_divided(gram: ItemGram):
    near = nearest_items(gram, 4.0, 9)
    whole = solve_columns(gram, near, np.arange(N_ITEMS), 4.0).toarray()
    parts = [np.array([0]), np.arange(1, 40), np.arange(40, 60)]
    solved = [solve_columns(gram, near[:, part], part, 4.0) for part in parts]
    assert np.array_equal(sp.hstack(solved).toarray(), whole)


def without_last_user(bought: sp.csr_array, gram: ItemGram) -> ItemGram:
    fewer = bought[:-1]
    return ItemGram(sp.csr_array(fewer.T @ fewer), gram.content, gram.text)


def test_what_a_user_did_not_touch_keeps_its_weights(gram: ItemGram, bought: sp.csr_array, rng):
    weights = solve_locally(gram, 4.0, 5)
    # Marked, so that what is solved again shows.
    marked = weights.copy()
    marked.data += 1
    after = without_last_user(bought, gram)
    found = solve_locally(after, 4.0, 5, known=(gram, marked)).toarray()
    anew = solve_locally(after, 4.0, 5).toarray()
    same = np.array([np.array_equal(found[:, i], marked.toarray()[:, i]) for i in range(N_ITEMS)])
    assert 0 < same.sum() < N_ITEMS
    assert np.array_equal(found[:, ~same], anew[:, ~same])
    # Those that kept what they had would have learnt the same again.
    assert np.array_equal(weights.toarray()[:, same], anew[:, same])


def test_items_at_the_end_come_in(gram: ItemGram):
    fewer = ItemGram(
        gram.together[:50][:, :50],
        ItemContent(gram.content.terms[:50], gram.content.embeddings[:50]),
        gram.text,
    )
    known = (fewer, solve_locally(fewer, 4.0, 5))
    found = solve_locally(gram, 4.0, 5, known=known).toarray()
    assert np.array_equal(found, solve_locally(gram, 4.0, 5).toarray())


def test_an_item_with_nothing_in_common_has_no_weights():
    alone = ItemGram(sp.csr_array(np.eye(3, dtype=np.float32)), ItemContent.empty(3),
                     TextWeights(0, 0, 1))  # fmt: skip
    assert solve_locally(alone, 1.0, 2).nnz == 0


def test_a_problem_that_cannot_be_solved_says_what_to_do():
    twins = ItemGram(sp.csr_array(np.ones((3, 3), np.float32)), ItemContent.empty(3),
                     TextWeights(0, 0, 1))  # fmt: skip
    near = nearest_items(twins, 1.0, 2)
    with pytest.raises(UnsungError, match="raise 'l2'"):
        solve_columns(twins, near, np.arange(3), 0.0)
