"""Texts that belong together find each other in a batch."""

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.learning.contrastive import ContrastiveSettings, ContrastiveTask
from unsung.learning.interest import Positives, fine_tune_interest
from unsung.learning.layers import load_encoder
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tower import TextTower

pytestmark = pytest.mark.train
# Items 0 and 3 have one text; item 6 has none.
TEXTS = ["red lamp", "tea pot", "garden spade", "red lamp", "blue tea", "spade pot", ""]
PAIRS = np.array([[0, 1], [0, 2], [0, 3], [1, 0], [2, 5], [4, 5], [5, 4], [3, 2], [6, 1], [1, 6]])
WEIGHTS = sp.csr_array(
    (np.array([3, 1, 5, 2, 2, 1, 1, 1, 9, 9], np.float32), (PAIRS[:, 0], PAIRS[:, 1])),
    shape=(7, 7),
)
BUYERS = np.arange(7)


def settings_for(model, **fields):
    usual = {"max_tokens": 16, "dropout": 0, "kept_precision": "float32", "batch_size": 4}
    return FineTuneSettings(model=str(model), **(usual | fields))


@pytest.fixture
def task_of(layered_model):
    def make(strangers=None, **objective):
        settings = settings_for(layered_model)
        tower = TextTower(load_encoder(settings), TEXTS, settings)
        return ContrastiveTask(
            tower,
            TEXTS,
            WEIGHTS,
            BUYERS,
            ContrastiveSettings(**objective),
            batch_size=settings.batch_size,
            strangers=strangers,
        )

    return make


def cross_entropy(logits, wanted, counted):
    kept = np.where(counted, logits, -np.inf)
    logs = kept - np.log(np.exp(kept).sum())
    return -sum(share * log for share, log in zip(wanted, logs, strict=True) if share)


def one_way(vectors, rows, columns, weights, temperature):
    """The loss as its settings describe it, column by column."""
    total = 0.0
    for place, row in enumerate(rows):
        partner = columns[place]
        counted = [
            at == place
            or not (
                TEXTS[column] in (TEXTS[row], TEXTS[partner])
                or weights[row, column]
                or weights[column, row]
            )
            for at, column in enumerate(columns)
        ]
        wanted = [float(at == place) for at in range(len(columns))]
        logits = vectors[columns] @ vectors[row] / temperature
        total += cross_entropy(logits, wanted, counted)
    return total / len(rows)


def test_the_loss_is_that_of_its_definition(task_of):
    task = task_of(temperature=0.3)
    batch = {"anchors": np.array([0, 1, 4, 2]), "partners": np.array([2, 0, 5, 5])}
    vectors, weights = task.tower.encode(), WEIGHTS.toarray()
    there = one_way(vectors, batch["anchors"], batch["partners"], weights, 0.3)
    back = one_way(vectors, batch["partners"], batch["anchors"], weights, 0.3)
    assert float(task.loss(batch).detach()) == pytest.approx((there + back) / 2, abs=1e-5)


def test_soft_targets_spread_over_all_partners(task_of):
    task = task_of(targets="soft", temperature=0.3)
    vectors = task.tower.encode()
    batch = {"anchors": np.array([0, 4]), "partners": np.array([1, 5])}
    there = cross_entropy(vectors[[1, 5]] @ vectors[0] / 0.3, [1, 0], [True, True])
    there += cross_entropy(vectors[[1, 5]] @ vectors[4] / 0.3, [0, 1], [True, True])
    back = cross_entropy(vectors[[0, 4]] @ vectors[1] / 0.3, [1, 0], [True, True])
    back += cross_entropy(vectors[[0, 4]] @ vectors[5] / 0.3, [0, 1], [True, True])
    assert float(task.loss(batch).detach()) == pytest.approx((there + back) / 4, abs=1e-5)
    both = {"anchors": np.array([0, 0]), "partners": np.array([1, 2])}
    wanted = [0.75, 0.25]
    logits = vectors[[1, 2]] @ vectors[0] / 0.3
    there = cross_entropy(logits, wanted, [True, True])
    # Each partner finds the one text of both rows, whichever copy.
    back = [
        cross_entropy(vectors[[0, 0]] @ vectors[i] / 0.3, [0.5, 0.5], [True] * 2) for i in (1, 2)
    ]
    found = float(task.loss(both).detach())
    assert found == pytest.approx((there + np.mean(back)) / 2, abs=1e-5)


def test_strangers_are_further_columns(task_of):
    batch = {"anchors": np.array([0]), "partners": np.array([1])}
    assert float(task_of().loss(batch).detach()) == pytest.approx(0, abs=1e-6)
    harder = batch | {"strangers": np.array([4])}
    vectors = task_of().tower.encode()
    logits = vectors[[1, 4]] @ vectors[0] / 0.1
    there = cross_entropy(logits, [1, 0], [True, True])
    found = float(task_of().loss(harder).detach())
    assert found == pytest.approx(there / 2, abs=1e-5)


def test_batches_hold_pairs_of_unlike_texts_and_follow_from_the_generator(task_of):
    task = task_of()
    assert task.n_steps() == 25
    drawn = [list(task.batches(0, np.random.default_rng(5))) for _ in range(2)]
    assert len(drawn[0]) == 25
    pairs = {
        (int(a), int(p))
        for batch in drawn[0]
        for a, p in zip(batch["anchors"], batch["partners"], strict=True)
    }
    # Item 6 has no text, and items 0 and 3 have the same.
    assert pairs == {(0, 1), (0, 2), (1, 0), (2, 5), (3, 2), (4, 5), (5, 4)}
    for first, second in zip(*drawn, strict=True):
        assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_fingerprint_is_that_of_the_data(task_of):
    assert task_of().fingerprint == task_of().fingerprint
    assert task_of().fingerprint != task_of(temperature=0.2).fingerprint
    assert task_of().fingerprint != task_of(popularity=1).fingerprint


@pytest.mark.parametrize("objective", [{}, {"targets": "soft"}, {"hard_negatives": True}])
def test_fine_tuning_brings_partners_together(layered_model, objective):
    settings = settings_for(layered_model, learning_rate=1e-2, epochs=2, trained="all")
    positives = Positives(TEXTS, WEIGHTS, BUYERS, np.zeros(7, dtype=np.int64))
    found = fine_tune_interest(positives, settings, ContrastiveSettings(**objective))
    frozen, between, tuned = (found.vectors(share) for share in (0.0, 0.5, 1.0))

    together = (WEIGHTS + WEIGHTS.T).toarray() > 0
    strange = ~together & (np.array(TEXTS)[:, None] != np.array(TEXTS))
    strange[6] = strange[:, 6] = together[6] = together[:, 6] = together[0, 3] = False

    def gap(vectors):
        cosines = vectors @ vectors.T
        return cosines[together].mean() - cosines[strange].mean()

    assert gap(tuned) > gap(frozen) + 0.1
    np.testing.assert_allclose(frozen, found.frozen.encode(TEXTS), atol=1e-5)
    np.testing.assert_allclose(between, found.encoder(0.5).encode(TEXTS), atol=1e-5)
    np.testing.assert_allclose(found.vectors(1.0), tuned, atol=1e-7)
    assert found.record.n_steps == 50
    assert not tuned[6].any()
