"""What trains is what was asked for, and adapters can be merged away."""

import pytest

from unsung.errors import InputError
from unsung.learning.layers import choose_trained, layers_of, load_encoder, merge_adapters
from unsung.learning.settings import FineTuneSettings

pytestmark = pytest.mark.train
TEXTS = ["red lamp", "blue tea pot"]


def prepared(model, **fields):
    settings = FineTuneSettings(model=str(model), **fields)
    encoder = load_encoder(settings)
    choose_trained(encoder, settings)
    return encoder


def trained_names(encoder):
    return [name for name, p in encoder.transformer.named_parameters() if p.requires_grad]


@pytest.mark.parametrize(
    ("fields", "prefixes"),
    [
        ({"trained": "top", "top_layers": 1}, {"encoder.layer.2"}),
        ({"trained": "top", "top_layers": 2}, {"encoder.layer.1", "encoder.layer.2"}),
        ({"trained": "heads"}, set()),
    ],
)
def test_top_layers_train_and_the_rest_doesn_t(layered_model, fields, prefixes):
    names = trained_names(prepared(layered_model, **fields))
    assert {".".join(name.split(".")[:3]) for name in names} == prefixes
    assert len(names) == 16 * len(prefixes)


def test_more_top_layers_than_there_are_train_them_all_but_no_embeddings(layered_model):
    names = trained_names(prepared(layered_model, top_layers=9))
    assert len(names) == 48
    assert all(name.startswith("encoder.layer") for name in names)


def test_all_is_every_weight_of_the_vectors(layered_model):
    encoder = prepared(layered_model, trained="all")
    every = {name for name, _ in encoder.transformer.named_parameters()}
    assert every - set(trained_names(encoder)) == {"pooler.dense.weight", "pooler.dense.bias"}


def test_lora_trains_adapters_alone(layered_model):
    names = trained_names(prepared(layered_model, trained="lora", lora_rank=2))
    assert len(names) == 3 * 6 * 2
    assert all("lora_" in name and "encoder.layer" in name for name in names)


def test_the_same_seed_gives_the_same_adapters(layered_model):
    import torch

    def first(seed):
        encoder = prepared(layered_model, trained="lora", seed=seed)
        return next(p for n, p in encoder.transformer.named_parameters() if "lora_A" in n)

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_dropout_is_where_training_is(layered_model):
    import torch

    encoder = prepared(layered_model, top_layers=1, dropout=0.3)
    shares = {
        name.rpartition("layer.")[2].partition(".")[0] if "layer." in name else "embeddings": m.p
        for name, m in encoder.transformer.named_modules()
        if isinstance(m, torch.nn.Dropout)
    }
    assert shares == {"embeddings": 0.0, "0": 0.0, "1": 0.0, "2": 0.3}


def test_merged_adapters_leave_a_plain_model_with_the_same_vectors(layered_model):
    import torch

    plain = {name for name, _ in prepared(layered_model).transformer.named_parameters()}
    encoder = prepared(layered_model, trained="lora", lora_rank=2)
    before = encoder.encode(TEXTS)
    with torch.no_grad():
        for name, parameter in encoder.transformer.named_parameters():
            if "lora_B" in name:
                parameter.fill_(0.3)
    adapted = encoder.encode(TEXTS)
    assert abs(adapted - before).max() > 1e-2
    merge_adapters(encoder.transformer)
    assert {name for name, _ in encoder.transformer.named_parameters()} == plain
    assert abs(encoder.encode(TEXTS) - adapted).max() < 1e-5
    merge_adapters(encoder.transformer)
    assert {name for name, _ in encoder.transformer.named_parameters()} == plain


def test_shared_layers_are_refused_with_what_to_do():
    from transformers import AlbertConfig, AlbertModel

    config = AlbertConfig(
        vocab_size=9, hidden_size=8, embedding_size=4, num_hidden_layers=3, num_attention_heads=2
    )
    with pytest.raises(InputError, match="AlbertModel can't be told apart; train 'all'"):
        layers_of(AlbertModel(config))
