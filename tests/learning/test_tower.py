"""What is kept of frozen layers changes no vector and no gradient."""

import numpy as np
import pytest

from unsung.learning import frozen
from unsung.learning.layers import load_encoder
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tower import TextTower
from unsung.learning.weights import find_weights

pytestmark = pytest.mark.train
TEXTS = ["red lamp", "", "garden spade red blue lamp tea pot", "tea", "blue blue pot", "red lamp"]
ROWS = np.array([2, 0, 3, 0, 1])


def tower(model, **fields):
    settings = FineTuneSettings(model=str(model), max_tokens=16, dropout=0, **fields)
    return TextTower(load_encoder(settings), TEXTS, settings)


@pytest.fixture
def expected(layered_model):
    return load_encoder(FineTuneSettings(model=str(layered_model), max_tokens=16)).encode(TEXTS)


@pytest.mark.parametrize(
    ("fields", "n_kept", "tolerance"),
    [
        ({"kept_precision": "float16"}, 6, 1e-3),
        ({"kept_precision": "float32"}, 6, 1e-6),
        ({"kept_mb": 0}, 0, 1e-6),
        ({"top_layers": 3, "kept_precision": "float32"}, 6, 1e-6),
        ({"trained": "heads"}, 6, 1e-6),
        ({"trained": "all"}, 0, 1e-6),
        ({"trained": "lora"}, 0, 1e-6),
    ],
)
def test_vectors_are_the_whole_model_s(layered_model, expected, fields, n_kept, tolerance):
    found = tower(layered_model, **fields)
    assert found.n_kept == n_kept
    np.testing.assert_allclose(found.encode(), expected, atol=tolerance)
    np.testing.assert_allclose(found.encode(ROWS), expected[ROWS], atol=tolerance)
    np.testing.assert_allclose(found.vectors(ROWS).detach(), expected[ROWS], atol=tolerance)
    assert not found.encode(np.array([1])).any()


def test_keeping_changes_no_gradient(layered_model):
    def gradients(**fields):
        made = tower(layered_model, top_layers=1, **fields)
        made.vectors(ROWS)[:, 0].sum().backward()
        return {n: p.grad for n, p in made.module.named_parameters() if p.grad is not None}

    kept, whole = gradients(kept_precision="float32"), gradients(kept_mb=0)
    assert kept.keys() == whole.keys()
    assert all(name.startswith("encoder.layer.2.") for name in kept)
    for name, gradient in kept.items():
        np.testing.assert_allclose(gradient, whole[name], atol=1e-5)


def test_what_doesn_t_fit_is_computed(layered_model, expected):
    settings = FineTuneSettings(model=str(layered_model), max_tokens=16, dropout=0)
    made = tower(layered_model)
    # 8 numbers of 4 bytes a token: room for the four shortest texts, of 2, 3, 4 and 4 tokens.
    some = frozen.FrozenLayers(made.encoder, made.texts, 1, memory=13 * 32, precision="float32")
    assert settings.top_layers == 2
    assert some.n_kept == 4
    worded = np.array([2, 0, 3, 5, 4])
    np.testing.assert_allclose(some.vectors(worded).detach(), expected[worded], atol=1e-6)


def test_upper_layers_are_shared_with_the_encoder(layered_model):
    import torch

    made = tower(layered_model, kept_precision="float32")
    before = made.encode()
    with torch.no_grad():
        for parameter in made.module.parameters():
            if parameter.requires_grad:
                parameter.mul_(1.5)
    assert abs(made.encode() - before).max() > 1e-2
    np.testing.assert_allclose(made.encode(), made.encoder.encode(TEXTS), atol=1e-6)


def test_the_same_text_has_the_same_bits_whatever_was_asked_before(layered_model):
    first, second = tower(layered_model), tower(layered_model)
    first.vectors(np.array([4]))
    assert np.array_equal(first.encode(ROWS), second.encode(ROWS))


def test_an_architecture_that_can_t_be_entered_half_way_is_computed_whole(tmp_path, layered_model):
    from tokenizers import Tokenizer
    from transformers import ElectraConfig, ElectraModel

    # Electra projects its embeddings to another width before the first layer.
    shape = {"hidden_size": 8, "embedding_size": 4, "num_attention_heads": 2}
    config = ElectraConfig(
        vocab_size=11,
        num_hidden_layers=2,
        intermediate_size=16,
        max_position_embeddings=32,
        **shape,
    )
    ElectraModel(config).save_pretrained(tmp_path)
    Tokenizer.from_file(str(layered_model / "tokenizer.json")).save(
        str(tmp_path / "tokenizer.json")
    )
    made = tower(tmp_path, top_layers=1)
    assert made.n_kept == 0
    np.testing.assert_allclose(made.encode(), made.encoder.encode(TEXTS), atol=1e-6)


def test_the_published_model_keeps_its_vectors():
    settings = FineTuneSettings(dropout=0)
    titles = ["Red enamel tea pot", "OPI Nail Lacquer, 0.5-Fluid Ounce", "mug", "Für Kinder " * 30]
    made = TextTower(load_encoder(settings), titles, settings)
    assert made.n_kept == 4
    assert made.texts.lengths.max() == 32
    np.testing.assert_allclose(made.encode(), made.encoder.encode(titles), atol=1e-3)
    assert find_weights().name == made.encoder.name


def test_no_texts_are_fine(layered_model):
    settings = FineTuneSettings(model=str(layered_model))
    assert TextTower(load_encoder(settings), [], settings).encode().shape == (0, 8)
