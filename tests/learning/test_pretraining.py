"""Tokens are hidden as they should be, and what a shop's text teaches is measured."""

import json

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.learning.batches import TokenisedTexts
from unsung.learning.layers import load_encoder
from unsung.learning.pretraining import IGNORED, MaskedTokens, Masker, pretrain
from unsung.learning.settings import FineTuneSettings
from unsung.text.tokens import read_tokeniser

pytestmark = pytest.mark.train
# Red goes with lamp and blue with pot, always: there is something to learn.
TEXTS = [
    f"{first} {pair} {last}"
    for pair in ("red lamp", "blue pot")
    for first in ("tea", "garden", "spade", "tea garden", "spade tea")
    for last in ("tea", "garden", "spade", "garden tea")
]


@pytest.fixture
def tokeniser(masking_model):
    return read_tokeniser(masking_model / "tokenizer.json", 16)


def settings_for(model, **fields):
    usual = {"batch_size": 4, "epochs": 10, "learning_rate": 3e-3, "patience": 99, "dropout": 0}
    return FineTuneSettings(model=str(model), **{**usual, **fields})


def test_tokens_are_hidden_in_the_stated_shares(tokeniser, rng):
    texts = TokenisedTexts(tokeniser, ["red blue lamp tea pot garden spade red blue lamp tea"], 16)
    batch = Masker(tokeniser).batch(texts, np.zeros(20_000, dtype=int), rng)
    original, _ = texts.batch(np.array([0]))
    guessed = batch["targets"] != IGNORED
    assert guessed[:, 1:-1].mean() == pytest.approx(0.15, abs=0.02)
    assert not guessed[:, [0, -1]].any()
    assert guessed.any(axis=1).all()
    whole = np.broadcast_to(original, guessed.shape)
    assert (batch["targets"][guessed] == whole[guessed]).all()
    assert (batch["token_ids"][~guessed] == whole[~guessed]).all()
    seen = batch["token_ids"][guessed]
    assert (seen == tokeniser.token_to_id("[MASK]")).mean() == pytest.approx(0.8, abs=0.02)
    # A random one of the seven words is the right one now and then.
    kept = (seen == whole[guessed]).mean()
    assert kept == pytest.approx(0.1 + 0.1 / 7, abs=0.01)
    assert set(np.unique(seen)) == set(range(4, 12))


def test_short_and_padded_texts_have_a_word_to_guess(tokeniser, rng):
    texts = TokenisedTexts(tokeniser, ["tea", "red blue lamp tea pot"], 16)
    batch = Masker(tokeniser).batch(texts, np.array([0, 1]), rng)
    assert batch["targets"][0].tolist() == [IGNORED, 7, *[IGNORED] * 5]
    assert batch["mask"].sum(axis=1).tolist() == [3, 7]


def test_epochs_hide_other_tokens_and_seeds_repeat(masking_model):
    task = MaskedTokens(
        load_encoder(settings_for(masking_model)), TEXTS, settings_for(masking_model)
    )

    def epoch(number):
        batches = list(task.batches(number, np.random.default_rng([0, number])))
        assert len(batches) == task.n_steps()
        return b"".join(batch["targets"].tobytes() for batch in batches)

    assert epoch(0) == epoch(0)
    assert epoch(0) != epoch(1)


def test_what_text_teaches_is_measured_on_texts_held_out(masking_model, tmp_path):
    encoder = load_encoder(settings_for(masking_model))
    before = encoder.encode(TEXTS)
    record = pretrain(encoder, [*TEXTS, *TEXTS, " "], settings_for(masking_model), folder=tmp_path)
    assert (record.n_texts, record.n_held_out) == (36, 4)
    assert record.loss_after < record.loss_before
    assert record.model.points[-1]["loss"] < record.model.points[0]["loss"]
    assert record.output_layer.trained == "heads"
    assert abs(encoder.encode(TEXTS) - before).max() > 1e-3
    values = record.to_json()
    assert values["loss_before"] == -values["model"]["validations"][0]["value"]
    assert json.loads((tmp_path / "model/record.json").read_text())["task"] == "masked tokens"


def test_pretraining_that_doesn_t_help_leaves_the_model(masking_model):
    encoder = load_encoder(settings_for(masking_model))
    before = encoder.encode(TEXTS)
    wild = settings_for(masking_model, learning_rate=30.0, epochs=1, warmup_share=0)
    record = pretrain(encoder, TEXTS, wild)
    assert record.loss_after == record.loss_before
    assert np.array_equal(encoder.encode(TEXTS), before)


def test_adapters_are_merged_after_it(masking_model):
    encoder = load_encoder(settings_for(masking_model))
    pretrain(encoder, TEXTS, settings_for(masking_model, trained="lora", epochs=1))
    assert not [n for n, _ in encoder.transformer.named_parameters() if "lora" in n]


def test_what_can_t_be_pretrained_is_said(masking_model):
    with pytest.raises(InputError, match="2 texts are too few"):
        pretrain(
            load_encoder(settings_for(masking_model)), ["tea", "pot"], settings_for(masking_model)
        )
    encoder = load_encoder(settings_for(masking_model))
    encoder.tokeniser = type(encoder.tokeniser).from_str(
        encoder.tokeniser.to_str().replace("[MASK]", "hidden")
    )
    with pytest.raises(InputError, match=r"no \[MASK\] or <mask>"):
        MaskedTokens(encoder, TEXTS, settings_for(masking_model))
    encoder = load_encoder(settings_for(masking_model))
    encoder.dim = 9
    with pytest.raises(InputError, match="embeddings of width 8 and vectors of width 9"):
        MaskedTokens(encoder, TEXTS, settings_for(masking_model))
