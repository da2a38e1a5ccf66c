"""The torch side: the vectors of the published model, and gradients for training."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.learning.encoder import TorchEncoder, quiet
from unsung.learning.weights import Weights, find_weights

pytestmark = pytest.mark.train
TITLES = ["Red enamel tea pot", "OPI Nail Lacquer, 0.5-Fluid Ounce", "mug", "Crème für Kinder"]


def test_vectors_are_those_of_the_published_recipe():
    import torch
    from transformers import AutoModel, AutoTokenizer

    weights = find_weights()
    with quiet():
        tokeniser = AutoTokenizer.from_pretrained(weights.folder, local_files_only=True)
        model = AutoModel.from_pretrained(weights.folder, local_files_only=True).eval()
    batch = tokeniser(TITLES, padding=True, truncation=True, max_length=128, return_tensors="pt")
    with torch.inference_mode():
        tokens = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    expected = torch.nn.functional.normalize((tokens * mask).sum(1) / mask.sum(1))
    found = TorchEncoder.load(weights).encode(TITLES)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_pooling_is_what_it_says(tiny_model):
    import torch

    encoder = TorchEncoder.load(find_weights(tiny_model))
    ids, mask = torch.tensor([[2, 4, 6, 3, 0]]), torch.tensor([[1, 1, 1, 1, 0]])
    with torch.inference_mode():
        tokens = encoder.transformer(input_ids=ids, attention_mask=mask).last_hidden_state[0]
        mean = encoder.vectors(ids, mask)[0]
        encoder.pooling = "cls"
        first = encoder.vectors(ids, mask)[0]
    for found, expected in ((mean, tokens[:4].mean(0)), (first, tokens[0])):
        torch.testing.assert_close(found, expected / expected.norm())


def test_gradients_reach_the_transformer_and_encoding_leaves_its_mode(tiny_model):
    import torch

    encoder = TorchEncoder.load(find_weights(tiny_model))
    encoder.transformer.train()
    assert encoder.encode(["red lamp", ""]).shape == (2, 8)
    assert encoder.transformer.training
    ids, mask = torch.tensor([[2, 4, 3]]), torch.ones((1, 3), dtype=torch.int64)
    encoder.vectors(ids, mask)[0, 0].backward()
    embeddings = encoder.transformer.embeddings.word_embeddings.weight
    assert embeddings.grad is not None
    assert embeddings.grad.abs().sum() > 0


def test_loading_says_nothing(tiny_model, capfd):
    TorchEncoder.load(find_weights(tiny_model))
    assert capfd.readouterr() == ("", "")


def test_a_model_that_can_t_be_loaded_is_named(tiny_model, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "never_heard_of"}')
    with pytest.raises(InputError, match="can't be loaded"):
        TorchEncoder.load(Weights("odd", tmp_path, "", "mean"))
