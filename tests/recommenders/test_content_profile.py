"""Content profiles against sums that can be done by hand."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.data.dataset import Dataset
from unsung.data.state import ItemContent
from unsung.recommenders.content_profile import (
    ContentProfile,
    EncoderProfileSettings,
    TermProfileSettings,
    encoder_similarity,
)


def test_a_users_score_is_the_decayed_sum_of_similarities(toy_shop: Dataset, rng):
    state = toy_shop.as_of()
    vectors = rng.normal(size=(state.n_items, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    content = ItemContent(sp.csr_array(vectors), vectors)
    state = state.with_content(content)
    for settings, similarity in (
        (TermProfileSettings(half_life=30), vectors @ vectors.T),
        (
            EncoderProfileSettings(half_life=30, temperature=0.5),
            np.exp((vectors @ vectors.T - 1) / 0.5),
        ),
    ):
        user = int(state.users.index_of(["ann"])[0])
        entries = state.pairs.of_user(user)
        history, age = state.pairs.item_index[entries], state.pairs.age[entries]
        wanted = np.zeros(state.n_items)
        for item in range(state.n_items):
            for other, days in zip(history, age, strict=True):
                if other != item:
                    wanted[item] += 0.5 ** (days / 30) * similarity[other, item]
        scorer = ContentProfile(settings).fit(state, rng=rng)
        np.testing.assert_allclose(scorer.score(state, np.array([user]))[0], wanted, rtol=1e-4)


def test_items_without_text_are_like_nothing():
    vectors = np.array([[1, 0], [0, 0], [1, 0]], np.float32)
    content = ItemContent(sp.csr_array((3, 0), dtype=np.float32), vectors)
    found = encoder_similarity(content, 0, 3, temperature=0.2)
    assert found.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


def test_a_shop_without_text_scores_nothing(toy_shop: Dataset, rng):
    state = toy_shop.as_of()
    scorer = ContentProfile(TermProfileSettings()).fit(state, rng=rng)
    assert not scorer.score(state, np.arange(3, dtype=np.int32)).any()


@pytest.mark.parametrize("half_life", [7.0, 70.0])
def test_order_only_histories_decay_by_steps(toy_shop: Dataset, rng, half_life: float):
    rows = toy_shop.interactions
    positions = np.zeros(len(rows), dtype=np.int64)
    for user in np.unique(rows.user_index):
        mine = np.flatnonzero(rows.user_index == user)
        positions[mine] = np.arange(len(mine))
    ordered = replace(rows, timestamp=positions)
    state = toy_shop.with_interactions(
        ordered.take(np.argsort(positions, kind="stable")), has_clock=False
    ).as_of()
    identity = np.eye(state.n_items, dtype=np.float32)
    same = ItemContent(sp.csr_array(np.ones_like(identity)), identity)
    user = int(state.users.index_of(["ann"])[0])
    scorer = ContentProfile(TermProfileSettings(half_life=half_life))
    scores = scorer.fit(state.with_content(same), rng=rng).score(
        state.with_content(same), np.array([user])
    )
    cosy = int(state.items.index_of(["cosy"])[0])
    wanted = state.n_items * sum(0.5 ** (step / half_life) for step in range(3))
    assert scores[0, cosy] == pytest.approx(wanted, rel=1e-5)
