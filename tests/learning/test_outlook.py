import numpy as np
import pytest

from unsung.errors import InputError
from unsung.evaluation.classification import roc_auc, spearman
from unsung.learning.settings import FineTuneSettings

pytestmark = pytest.mark.train

PAIRS = [f"{first} {second}" for first in ("tea", "garden", "lamp") for second in ("pot", "spade")]


@pytest.fixture
def encoder(tiny_model):
    from unsung.learning.encoder import TorchEncoder
    from unsung.learning.weights import find_weights

    return TorchEncoder.load(find_weights(tiny_model), max_tokens=8)


def settings(**changed):
    return FineTuneSettings(
        trained="all", learning_rate=5e-3, head_learning_rate=2e-2, batch_size=16,
        epochs=20, dropout=0.0, device="cpu",
    ).model_copy(update=changed)  # fmt: skip


@pytest.fixture
def world(rng):
    """Red things sell, unless they are for the garden: no single word tells."""
    texts = [f"{rng.choice(['red', 'blue'])} {rng.choice(PAIRS)}" for _ in range(120)]
    sells = np.array([("red" in text) != ("garden" in text) for text in texts])
    demand = np.where(sells, 3.0, 1.0) + 0.1 * rng.standard_normal(120)
    place = np.argsort(np.argsort(-demand)) / 120
    # A fifth is rare: what sells most.
    return texts, place * 0.2 / max(sells.mean(), 0.2), demand, sells


def targets(place, demand, known=slice(None), **more):
    from unsung.learning.outlook import Targets

    kept = np.full(len(place), np.nan)
    kept[known] = place[known]
    return Targets(kept, demand, **more)


def test_words_that_only_tell_together_are_learned(encoder, world):
    from unsung.learning.outlook import Start, fine_tune_outlook

    texts, place, demand, sells = world
    found = fine_tune_outlook(
        Start(encoder), texts, [targets(place, demand, slice(80))], settings(epochs=150)
    )
    unseen = slice(80, 120)
    log_odds = found.tail.predict(found.vectors)
    assert roc_auc(~sells[unseen], log_odds[unseen]) > 0.95
    assert spearman(sells[unseen], found.demand.predict(found.vectors)[unseen]) > 0.8
    assert found.record.task == "outlook"
    # Heads are on vectors as the encoder gives them, so the service needs nothing else.
    np.testing.assert_allclose(found.vectors, encoder.encode(texts), atol=1e-3)


def test_heads_start_with_the_means(encoder, world):
    from unsung.learning.outlook import OutlookTask, Start

    texts, place, demand, _ = world
    task = OutlookTask(Start(encoder), texts, [targets(place, demand)], settings())
    tail, head = task.linear()
    share = (place < 0.2).mean()
    assert (tail.coefficients == 0).all()
    assert 1 / (1 + np.exp(-tail.intercept)) == pytest.approx(1 - share, abs=1e-6)
    assert head.intercept == pytest.approx(demand.mean(), abs=1e-6)


def test_heads_go_on_from_an_earlier_training(encoder, world):
    from unsung.learning.outlook import OutlookTask, Start, fine_tune_outlook

    texts, place, demand, _ = world
    first = fine_tune_outlook(Start(encoder), texts, [targets(place, demand)], settings(epochs=10))
    kinds = [targets(place, demand), targets(place, demand)]
    task = OutlookTask(Start(first.encoder, first.heads), texts, kinds, settings())
    tail, head = task.linear()
    np.testing.assert_allclose(tail.coefficients, first.tail.coefficients, atol=1e-5)
    np.testing.assert_allclose(head.coefficients, first.demand.coefficients, atol=1e-5)
    weight = task.heads.weight.detach().numpy()
    np.testing.assert_array_equal(weight[:5], weight[5:])


def test_what_validation_doesnt_like_is_not_kept(encoder, world):
    from unsung.learning.outlook import Start, Validate, fine_tune_outlook

    texts, place, demand, _ = world
    seen = []

    rows = np.arange(0, len(texts), 3)

    def worse_each_time(log_odds, logarithm):
        assert log_odds.shape == logarithm.shape == (len(rows),)
        seen.append(log_odds)
        return -float(len(seen))

    found = fine_tune_outlook(
        Start(encoder),
        texts,
        [targets(place, demand)],
        settings(epochs=9, patience=2),
        validate=Validate(rows, worse_each_time),
    )
    assert len(seen) == 3
    assert found.record.best_step == 0
    np.testing.assert_allclose(found.tail.predict(found.vectors)[rows], seen[0], atol=1e-4)


def test_equal_texts_are_read_once_with_the_mean_of_their_labels(encoder):
    from unsung.learning.outlook import OutlookTask, Start

    place, demand = np.array([0.1, 0.9, 0.9, np.nan]), np.array([3.0, 1.0, 1.0, 9.0])
    texts = ["red pot", "red pot", "blue pot", "red spade"]
    task = OutlookTask(Start(encoder), texts, [targets(place, demand)], settings())
    assert len(task.rows) == 2
    assert task.n_steps() == 1
    red = task.place_of[0]
    np.testing.assert_allclose(task.values[red, :4], [0.5, 0, 0.5, 0.5])
    np.testing.assert_array_equal(task.weights[red], [2, 1, 1, 1, 2])
    assert task.place_of[0] == task.place_of[1]
    assert task.vectors().shape == (4, 8)
    batches = list(task.batches(0, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches).tolist()) == sorted(task.rows.tolist())


def test_a_top_seller_that_counts_more_is_no_likelier_in_the_end(encoder, rng):
    from unsung.learning.outlook import Start, fine_tune_outlook

    # One text, so that all there is to learn is how often it sells.
    place = np.where(np.arange(200) < 40, 0.1, 0.9)
    demand = rng.random(200)
    for weight in (1.0, 4.0):
        found = fine_tune_outlook(
            Start(encoder),
            ["red pot"] * 200,
            [targets(place, demand, rare_weight=weight)],
            settings(epochs=200),
        )
        share = 1 / (1 + np.exp(-found.tail.predict(found.vectors)[0]))
        assert share == pytest.approx(0.8, abs=0.05)


def test_labels_of_other_kinds_teach_the_same_encoder(encoder, world):
    from unsung.learning.outlook import OutlookTask, Start

    texts, place, demand, _ = world
    kinds = [
        targets(place, demand, slice(40)),
        targets(place, demand * 9, slice(40, 120), weight=0.5),
        targets(np.full(120, np.nan), demand),
    ]
    task = OutlookTask(Start(encoder), texts, kinds, settings())
    assert task.heads.out_features == 15
    first, second = (set(np.unique(task.place_of[part])) for part in (slice(40), slice(40, 120)))
    assert set(task.rows) == first | second
    assert (task.weights[:, 10:] == 0).all()
    assert task.loss(task.rows[:4]).item() > 0


def test_without_a_label_there_is_nothing_to_learn(encoder):
    from unsung.learning.outlook import OutlookTask, Start

    nothing = targets(np.full(2, np.nan), np.zeros(2))
    with pytest.raises(InputError, match="No item has a label"):
        OutlookTask(Start(encoder), ["red", "blue"], [nothing], settings())


def test_equal_demand_is_no_division_by_zero(encoder):
    from unsung.learning.outlook import Start, fine_tune_outlook

    same = targets(np.array([0.1, 0.9]), np.ones(2))
    found = fine_tune_outlook(Start(encoder), ["red", "blue"], [same], settings(epochs=1))
    np.testing.assert_allclose(found.demand.predict(found.vectors), 1, atol=0.2)


def test_an_untrained_encoder_has_the_same_shape_and_other_weights(encoder):
    from unsung.learning.outlook import copy_of, untrained

    fresh, again = untrained(encoder, 3), untrained(encoder, 3)
    texts = ["red lamp", "blue lamp"]
    np.testing.assert_array_equal(fresh.encode(texts), again.encode(texts))
    assert np.abs(fresh.encode(texts) - encoder.encode(texts)).max() > 0.01
    assert np.abs(fresh.encode(texts) - untrained(encoder, 4).encode(texts)).max() > 1e-4
    copied = copy_of(encoder)
    np.testing.assert_array_equal(copied.encode(texts), encoder.encode(texts))
    assert copied.transformer is not encoder.transformer
