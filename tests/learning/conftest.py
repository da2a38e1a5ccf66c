"""A language model of a few hundred weights, in the layout of Hugging Face."""

from pathlib import Path

import pytest

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "blue", "lamp", "tea", "pot", "garden", "spade"]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    from unsung.learning.encoder import quiet

    folder = tmp_path_factory.mktemp("models") / "tiny"
    with quiet(), torch.random.fork_rng():
        torch.random.default_generator.manual_seed(7)
        model = BertModel(
            BertConfig(
                vocab_size=len(WORDS),
                hidden_size=8,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=16,
                max_position_embeddings=32,
                initializer_range=0.5,
            )
        )
        model.save_pretrained(folder)
    numbers = {word: number for number, word in enumerate(WORDS)}
    tokeniser = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokeniser.pre_tokenizer = pre_tokenizers.Whitespace()
    tokeniser.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokeniser.save(str(folder / "tokenizer.json"))
    return folder
