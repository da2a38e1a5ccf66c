"""A shop whose customers stick to one colour: what there is to learn, and what misleads."""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings
from unsung.data.splits import split_by_time
from unsung.errors import InputError
from unsung.learning.layers import load_encoder
from unsung.learning.quantise import quantise
from unsung.learning.settings import FineTuneSettings
from unsung.pipeline.rules import Rules
from unsung.recommenders.associations import Associations
from unsung.recommenders.content_profile import ContentProfile, EncoderProfileSettings
from unsung.schema import DAY_US
from unsung.text.onnx_encoder import OnnxEncoder, read_card
from unsung.workflows import interest as interest_module
from unsung.workflows.content import ContentBuilder
from unsung.workflows.content_judge import ContentJudge, Measured
from unsung.workflows.fine_tuning import training_record
from unsung.workflows.interest import InterestSettings, _Report, learn_interest
from unsung.workflows.validation import Judge, ValidationWindow

pytestmark = pytest.mark.train
COLOURS, NOUNS = ("red", "blue"), ("lamp", "tea", "pot", "garden", "spade")
TITLES = [" ".join(words) for words in product(COLOURS, NOUNS, NOUNS)]
IS_RED = np.array([title.startswith("red") for title in TITLES])
CUTOFF = 200 * DAY_US
N_USERS = 80


def settings_for(model, **training):
    usual = {"learning_rate": 3e-3, "max_tokens": 16, "dropout": 0.0, "batch_size": 16}
    return InterestSettings(
        training=FineTuneSettings(model=str(model), device="cpu", **(usual | training)),
        min_users=20,
        n_boot=200,
    )


def shop_with(toy_shop: Dataset, learned_by, bought_by) -> Dataset:
    """Customers choose by one property before the cut-off, and by another one after it."""
    rng = np.random.default_rng(4)
    order = Identifiers.from_ids([f"i{n:02d}" for n in range(len(TITLES))])
    numbers = order.index_of([f"i{n:02d}" for n in range(len(TITLES))])
    user, item, day = [], [], []
    for number in range(N_USERS):
        for choose, count, start in ((learned_by, 6, 0), (bought_by, 2, 200)):
            pool = np.flatnonzero(choose == number % 2)
            user += [number] * count
            item += numbers[rng.choice(pool, count, replace=False)].tolist()
            day += (start + rng.choice(100, count, replace=False)).tolist()
    titles = pd.Series(TITLES, index=numbers).sort_index()
    return replace(
        toy_shop,
        users=Identifiers.from_ids([f"u{n:02d}" for n in range(N_USERS)]),
        items=order,
        catalogue=pd.DataFrame({"item_id": order.values, "title": titles.astype("str")}),
        interactions=Interactions.from_columns(
            user_index=np.array(user), item_index=np.array(item), timestamp=np.array(day) * DAY_US
        ),
        reviews=toy_shop.reviews.iloc[:0],
    )


@pytest.fixture(scope="session")
def model(word_model):
    """A language model that knows the shop's words."""
    return word_model("colours", [*COLOURS, *NOUNS], n_layers=2, seed=11)


def window_of(shop: Dataset, settings: InterestSettings) -> tuple[ValidationWindow, ContentBuilder]:
    # Colours are what these customers choose by, and not listings of one product.
    builder = ContentBuilder(load_encoder(settings.training), one_of_variants=False)
    split = split_by_time(shop, CUTOFF)
    state, _, _ = builder.build(split.state)
    return ValidationWindow(state, state, split.users, split.targets, days=100), builder


def learn(shop: Dataset, settings: InterestSettings, folder):
    window, builder = window_of(shop, settings)
    return learn_interest(window, builder, settings, folder=folder), window


def test_what_customers_choose_by_is_learned_and_exported(toy_shop, model, tmp_path):
    shop = shop_with(toy_shop, IS_RED, IS_RED)
    interest, window = learn(shop, settings_for(model), tmp_path)
    record = interest.record
    assert record["kept"] == "fine-tuned"
    assert "no cut down" in record["sentence"]
    everything = record["cuts"][0]
    assert (everything["cut"], everything["n"]) == ("all", len(window.users))
    assert everything["low"] > 0
    assert everything["fine_tuned"] > everything["frozen"] + 0.02
    assert everything["difference"] == pytest.approx(
        everything["fine_tuned"] - everything["frozen"]
    )
    assert all(cut["fine_tuned"] >= cut["frozen"] for cut in record["cuts"] if cut["judged"])
    assert record["positives"]["n_items"] <= len(TITLES)
    assert record["training"]["validations"][0]["step"] == 0
    encoder = OnnxEncoder(interest.folder)
    assert encoder.name == "colours, interest"
    vectors = encoder.encode(TITLES)
    judge = ContentJudge.of(window, SegmentSettings(), Rules(in_stock_only=False), 10)
    places = [TITLES.index(title) for title in shop.catalogue["title"]]
    value = judge.measure(vectors[places], (0.1, 0.2, 0.3)).value
    assert value == pytest.approx(everything["fine_tuned"], abs=2e-3)


def test_the_shops_text_is_read_first_where_that_is_asked_for(toy_shop, word_model, tmp_path):
    hiding = word_model("hiding", [*COLOURS, *NOUNS, "[MASK]"], n_layers=2, seed=11)
    settings = settings_for(hiding).model_copy(
        update={"pretraining": FineTuneSettings(epochs=2, learning_rate=3e-3, batch_size=8)}
    )
    interest, _ = learn(shop_with(toy_shop, IS_RED, IS_RED), settings, tmp_path)
    found = interest.record["pretraining"]
    assert found["n_texts"] + found["n_held_out"] == len(set(TITLES))
    assert found["loss_after"] <= found["loss_before"]
    assert found["ndcg_at_k"] == interest.record["training"]["validations"][0]["value"]
    assert found["sentence"].startswith("Continued pretraining on 45 texts took the loss")
    told = training_record(interest.record, [], 10)
    assert told["sentences"] == [found["sentence"], interest.record["sentence"]]
    assert [run["label"] for run in told["runs"]] == ["Continued pretraining", "Interest encoder"]
    assert learn(shop_with(toy_shop, IS_RED, IS_RED), settings, tmp_path)[0].record == (
        interest.record
    )


@pytest.mark.parametrize("loss", [0.01, -9.0])
def test_eight_bits_serve_only_where_they_find_the_same(
    toy_shop, model, tmp_path, monkeypatch, loss
):
    monkeypatch.setattr(
        interest_module, "quantise", partial(quantise, min_overlap=0, max_relative_loss=loss)
    )
    settings = settings_for(model).model_copy(update={"int8": True})
    for _ in range(2):  # a folder that was used serves again
        interest, _ = learn(shop_with(toy_shop, IS_RED, IS_RED), settings, tmp_path)
    found = interest.record["int8"]
    assert found["kept"] == read_card(interest.folder).precision
    assert found["value_float32"] == pytest.approx(
        interest.record["cuts"][0]["fine_tuned"], abs=2e-3
    )
    assert found["kept"] == "float32" or loss > 0


def test_a_folder_that_was_used_serves_again(toy_shop, model, tmp_path):
    shop = shop_with(toy_shop, IS_RED, IS_RED)
    first, _ = learn(shop, settings_for(model), tmp_path)
    vectors = OnnxEncoder(first.folder).encode(TITLES)
    again, _ = learn(shop, settings_for(model), tmp_path)
    assert again.record["kept"] == first.record["kept"] == "fine-tuned"
    np.testing.assert_array_equal(OnnxEncoder(again.folder).encode(TITLES), vectors)


def test_checkpoints_of_another_training_are_refused(toy_shop, model, tmp_path):
    shop = shop_with(toy_shop, IS_RED, IS_RED)
    learn(shop, settings_for(model), tmp_path)
    with pytest.raises(InputError, match="of a training with another"):
        learn(shop, settings_for(model, learning_rate=1e-3), tmp_path)


def test_the_pretrained_encoder_stays_where_what_was_learned_misleads(toy_shop, model, tmp_path):
    by_noun = np.array([NOUNS.index(title.split()[1]) % 2 for title in TITLES])
    against = 1 - by_noun
    interest, _ = learn(shop_with(toy_shop, by_noun, against), settings_for(model), tmp_path)
    assert interest.folder is None
    assert interest.record["kept"] == "frozen"
    assert interest.record["sentence"].startswith("The pretrained encoder stays")
    assert not (tmp_path / "encoder").exists()


def test_a_destroyed_encoder_is_not_kept(toy_shop, model, tmp_path, monkeypatch):
    # Customers choose by what the pretrained encoder tells apart best, so there is much to lose.
    vectors = load_encoder(settings_for(model).training).encode(TITLES)
    along = np.linalg.svd(vectors - vectors.mean(axis=0))[2][0]
    side = vectors @ along > np.median(vectors @ along)
    shop = shop_with(toy_shop, side, side)
    settings = settings_for(model, learning_rate=30.0, schedule="constant", validate_every=1000)
    settings = settings.model_copy(update={"shares": (1.0,)})
    window, builder = window_of(shop, settings)
    measured = ContentJudge.measure
    seen = []

    def without_early_stopping(self, vectors, temperatures):
        found = measured(self, vectors, temperatures)
        seen.append(found.value)
        # The start looks worse than it is, so that the destroyed weights are the best ones.
        start = len(seen) == 2
        return replace(found, values={"all": np.zeros(3)}) if start else found

    monkeypatch.setattr(ContentJudge, "measure", without_early_stopping)
    interest = learn_interest(window, builder, settings, folder=tmp_path)
    assert interest.record["training"]["best_step"] > 0
    assert interest.record["shares"][0]["ndcg_at_k"] < seen[0]
    assert interest.record["kept"] == "frozen"


def test_few_users_decide_nothing(toy_shop, model, tmp_path):
    shop = shop_with(toy_shop, IS_RED, IS_RED)
    settings = settings_for(model).model_copy(update={"min_users": 500})
    interest, window = learn(shop, settings, tmp_path)
    assert interest.folder is None
    assert f"{len(window.users)} validation users are too few" in interest.record["sentence"]
    assert interest.record["training"] is None


def test_lone_purchases_teach_nothing(toy_shop, model, tmp_path):
    shop = shop_with(toy_shop, IS_RED, IS_RED)
    rows = shop.interactions
    _, first = np.unique(rows.user_index, return_index=True)
    kept = np.zeros(len(rows), dtype=bool)
    kept[first] = True
    kept |= rows.timestamp >= CUTOFF
    interest, _ = learn(replace(shop, interactions=rows.take(kept)), settings_for(model), tmp_path)
    assert interest.folder is None
    assert "no two items were found to belong together" in interest.record["sentence"]


def measured(**cuts: float) -> Measured:
    return Measured(0.2, {name: np.full(60, value) for name, value in cuts.items()})


@pytest.fixture
def report(toy_shop, model):
    settings = settings_for(model)
    window, _ = window_of(shop_with(toy_shop, IS_RED, IS_RED), settings)
    judge = ContentJudge.of(window, SegmentSettings(), Rules(), 10)
    return _Report(settings, judge, Associations(judge.judge.window.targets[:, :0], {"linear": 4}))


def test_the_best_share_that_loses_no_cut_is_taken(report):
    shares = {
        1.0: measured(all=0.5, head=0.6, tail=0.1),
        0.75: measured(all=0.4, head=0.5, tail=0.2),
        0.5: measured(all=0.35, head=0.5, tail=0.3),
    }
    assert report.choose(measured(all=0.3, head=0.4, tail=0.2), shares) == 0.75
    assert report.choose(measured(all=0.3, head=0.4, tail=0.4), shares) is None
    assert "established tail targets 0.4000 -> 0.1000" in report.refusal()
    assert report.choose(measured(all=0.6, head=0.1, tail=0.1), shares) is None
    assert "all targets 0.6000 -> 0.5000" in report.refusal()


def test_of_shares_that_cannot_be_told_apart_the_one_nearest_to_pretrained_is_taken(report):
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.1, 60)
    tuned = {
        1.0: Measured(0.2, {"all": np.full(60, 0.5)}),
        0.5: Measured(0.2, {"all": 0.495 + noise - noise.mean()}),
        0.25: Measured(0.2, {"all": 0.45 + noise - noise.mean()}),
    }
    assert report.choose(measured(all=0.3), tuned) == 0.5


def test_a_cut_of_few_users_is_not_judged(report):
    few = np.where(np.arange(60) < 19, 1.0, np.nan)
    frozen = Measured(0.2, {"all": np.full(60, 0.3), "cold": few})
    tuned = Measured(0.2, {"all": np.full(60, 0.4), "cold": few * 0.5})
    assert report.choose(frozen, {1.0: tuned}) == 1.0
    record = report.kept(1.0)
    assert [cut["judged"] for cut in record["cuts"]] == [True, False]
    assert record["cuts"][1]["difference"] == -0.5


def test_the_judge_measures_the_encoder_profile(toy_shop, model):
    settings = settings_for(model)
    window, _ = window_of(shop_with(toy_shop, IS_RED, IS_RED), settings)
    rules = Rules(in_stock_only=False)
    judge = ContentJudge.of(window, SegmentSettings(), rules, 10)
    found = judge.measure(window.state.content.embeddings, (0.3,))
    profile = ContentProfile(EncoderProfileSettings(temperature=0.3, half_life=200))
    profile.fit(window.state, rng=np.random.default_rng(0))
    plain = Judge(window, 10, rules)
    assert found.value == pytest.approx(plain.ndcg(profile), abs=1e-6)
    assert found.counts["all"] == len(window.users)
    best = judge.measure(window.state.content.embeddings, (0.05, 0.3, 2.0))
    assert best.value >= found.value
