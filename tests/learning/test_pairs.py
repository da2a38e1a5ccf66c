"""Pairs that are drawn, and what counts beside them."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from unsung.learning.pairs import (
    anchor_shares,
    between,
    draw_pairs,
    similar_strangers,
    target_shares,
)

WEIGHTS = sp.csr_array(np.array([[0, 3, 1, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]], float))


def test_pairs_are_drawn_in_proportion_to_their_weight(rng):
    shares = np.array([0.5, 0.25, 0, 0.25])
    anchors, partners = draw_pairs(WEIGHTS, shares, 20_000, rng)
    drawn = np.zeros((4, 4))
    np.add.at(drawn, (anchors, partners), 1 / 20_000)
    wanted = [[0, 0.375, 0.125, 0], [0.25, 0, 0, 0], [0] * 4, [0, 0.125, 0.125, 0]]
    np.testing.assert_allclose(drawn, wanted, atol=0.015)


def test_a_row_of_tiny_weights_behind_a_row_of_large_ones_keeps_to_itself(rng):
    weights = sp.csr_array(np.array([[0, 1e12, 0], [1e-9, 0, 1e-9], [0, 0, 0]]))
    anchors, partners = draw_pairs(weights, np.array([0, 1.0, 0]), 200, rng)
    assert set(anchors) == {1}
    assert set(partners) <= {0, 2}


def test_popularity_decides_how_often_an_item_is_drawn():
    buyers = np.array([100, 1, 7, 0])
    alike = anchor_shares(WEIGHTS, buyers, popularity=0)
    as_sold = anchor_shares(WEIGHTS, buyers, popularity=1)
    np.testing.assert_allclose(alike, [1 / 3, 1 / 3, 0, 1 / 3])
    np.testing.assert_allclose(as_sold, np.array([100, 1, 0, 1]) / 102)
    assert not anchor_shares(sp.csr_array((4, 4)), buyers).any()


def test_pairs_without_text_or_of_one_text_are_left_out():
    texts, usable = np.array([0, 1, 2, 1]), np.array([True, True, False, True])
    kept = between(WEIGHTS, texts, usable).toarray()
    assert kept.tolist() == [[0, 3, 0, 0], [2, 0, 0, 0], [0] * 4, [0] * 4]


@st.composite
def batches(draw):
    """What a batch of ``ContrastiveTask`` can be: every row's partner belongs to it."""
    n, n_items = draw(st.integers(1, 6)), 8
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    texts = rng.integers(0, 6, n_items)
    weights = rng.random((n_items, n_items)) * (rng.random((n_items, n_items)) < 0.6)
    weights[texts[:, None] == texts] = 0
    rows = [i for i in rng.permutation(n_items) if weights[i].any()][:n]
    columns = [int(rng.choice(np.flatnonzero(weights[i]))) for i in rows]
    return np.array(rows, int), np.array(columns, int), texts, weights


@given(batches(), st.booleans())
def test_targets_sum_to_one_and_only_counted_columns_are_wanted(batch, soft):
    rows, columns, texts, weights = batch
    together = weights[rows][:, columns]
    partner = np.arange(len(rows))
    wanted, counted = target_shares(together, texts[rows], texts[columns], partner, soft=soft)
    np.testing.assert_allclose(wanted.sum(axis=1), 1, rtol=1e-5)
    assert counted[partner, partner].all()
    assert not wanted[~counted].any()


@given(batches())
def test_nothing_that_belongs_together_or_is_the_same_counts_as_wrong(batch):
    rows, columns, texts, weights = batch
    together = weights[rows][:, columns]
    partner = np.arange(len(rows))
    _, counted = target_shares(together, texts[rows], texts[columns], partner, soft=False)
    for i, j in np.argwhere(counted):
        if i != j:
            assert weights[rows[i], columns[j]] == 0
            assert texts[columns[j]] not in (texts[rows[i]], texts[columns[i]])


def test_copies_of_a_partner_share_its_weight():
    together = np.array([[6.0, 6.0, 2.0]])
    wanted, _ = target_shares(
        together, np.array([9]), np.array([4, 4, 5]), np.array([0]), soft=True
    )
    np.testing.assert_allclose(wanted, [[3 / 8, 3 / 8, 2 / 8]])


def test_strangers_are_near_of_the_same_group_and_do_not_belong_together():
    angle = np.array([0.0, 0.1, 0.2, 0.3, 0.05])
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    weights = sp.csr_array(([1.0], ([0], [1])), shape=(5, 5))
    groups = np.array([0, 0, 0, 0, 1])
    found = similar_strangers(vectors, weights, groups, 3)
    assert found[0].tolist() == [2, 3, 4]
    assert 0 not in found[1][:2]
    assert found[4][0] in {0, 1}
    assert similar_strangers(vectors[:0], sp.csr_array((0, 0)), groups[:0], 3).shape == (0, 3)


def test_targets_of_nobody_are_empty():
    wanted, counted = target_shares(
        np.zeros((0, 2)), np.zeros(0, int), np.zeros(2, int), np.zeros(0, int), soft=False
    )
    assert wanted.shape == counted.shape == (0, 2)
