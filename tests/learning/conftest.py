"""A language model of a few hundred weights, in the layout of Hugging Face."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "blue", "lamp", "tea", "pot", "garden", "spade"]


PAIR_TRAINING = Path(__file__).with_name("pair_training.py")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny", n_layers=1)


@pytest.fixture(scope="session")
def layered_model(tmp_path_factory) -> Path:
    """The same with three layers, for what trains only some of them."""
    return write_model(tmp_path_factory.mktemp("models") / "layered", n_layers=3)


@pytest.fixture(scope="session")
def masking_model(tmp_path_factory) -> Path:
    """The tiny one with a token for what is hidden."""
    folder = tmp_path_factory.mktemp("models") / "masking"
    return write_model(folder, n_layers=1, words=(*WORDS, "[MASK]"))


@pytest.fixture(scope="session")
def pair_training() -> ModuleType:
    """The small training of ``pair_training.py``, which tests also start as a program."""
    spec = importlib.util.spec_from_file_location("pair_training", PAIR_TRAINING)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pairs(pair_training, layered_model) -> Callable[..., Any]:
    """``pairs(**settings)``: the task of ten pairs, and its settings."""

    def make(**fields):
        settings = pair_training.settings_for(layered_model, **fields)
        return pair_training.PairTask(settings), settings

    return make


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many threads as ``pair_training.py`` has as a program: the same bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_model(folder: Path, n_layers: int, words: Sequence[str] = WORDS) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    from unsung.learning.encoder import quiet

    with quiet(), torch.random.fork_rng():
        torch.default_generator.manual_seed(7)
        model = BertModel(
            BertConfig(
                vocab_size=len(words),
                hidden_size=8,
                num_hidden_layers=n_layers,
                num_attention_heads=2,
                intermediate_size=16,
                max_position_embeddings=32,
                initializer_range=0.5,
            )
        )
        model.save_pretrained(folder)
    numbers = {word: number for number, word in enumerate(words)}
    tokeniser = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokeniser.pre_tokenizer = pre_tokenizers.Whitespace()
    tokeniser.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokeniser.save(str(folder / "tokenizer.json"))
    return folder
