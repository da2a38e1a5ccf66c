"""Shops that are busy enough to be tested by time, and a language model that knows their words."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.learning.settings import FineTuneSettings
from unsung.schema import DAY_US


@pytest.fixture
def busy_shop(toy_shop: Dataset) -> Dataset:
    """The toy shop's ten items, bought by forty people over a hundred days."""
    rng = np.random.default_rng(8)
    users = Identifiers.from_ids([f"u{n}" for n in range(40)])
    user = np.repeat(np.arange(40), 6)
    item = np.concatenate([rng.choice(toy_shop.n_items, 6, replace=False) for _ in range(40)])
    time = int(toy_shop.interactions.timestamp[0]) + rng.integers(0, 100 * DAY_US, len(user))
    rows = Interactions.from_columns(user_index=user, item_index=item, timestamp=time)
    reviews = toy_shop.reviews.iloc[:0]
    return replace(toy_shop, users=users, interactions=rows, reviews=reviews)


NOUNS = ("lamp", "pot", "spade", "tea")


@pytest.fixture
def planted_shop() -> Dataset:
    """240 items, a new one every other day or so; those called red find twenty buyers, not one.

    Twenty items were there when the data begin, the last items are young, and one never sold.
    """
    start = np.datetime64("2024-01-01", "us").astype(np.int64)
    rng = np.random.default_rng(3)
    n = 240
    born = np.concatenate([rng.integers(0, 20, 20), rng.integers(30, 395, n - 20)])
    red = rng.random(n) < 0.2
    places = rng.choice(["", " garden"], n)
    colours = np.where(red, "red", "blue")
    titles = [
        f"{colour} {rng.choice(NOUNS)}{place}"
        for colour, place in zip(colours, places, strict=True)
    ]
    users, items, days = [], [], []
    for item in range(n):
        buyers = rng.choice(300, 20 if red[item] else 1, replace=False)
        users += buyers.tolist()
        items += [item] * len(buyers)
        days += [born[item], *(born[item] + rng.integers(0, 25, len(buyers) - 1))]
    ids = Identifiers.from_ids([f"i{number:03d}" for number in range(n + 1)])
    order = ids.index_of([f"i{number:03d}" for number in range(n + 1)])
    title_of = pd.Series([*titles, "red tea"], index=order).sort_index()
    kept = np.array(days) < 400
    return Dataset(
        users=Identifiers.from_ids([f"u{number}" for number in range(300)]),
        items=ids,
        catalogue=pd.DataFrame({"item_id": ids.values, "title": title_of.astype("str")}),
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=np.array(users)[kept],
            item_index=order[np.array(items)][kept],
            timestamp=start + np.array(days)[kept] * DAY_US,
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame(
            {name: [] for name in ("user_index", "item_index", "timestamp", "rating")}
        ).assign(title="", text=""),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


@pytest.fixture(scope="session")
def word_model(tmp_path_factory) -> Callable[..., Path]:
    """Makes a language model of a few hundred weights that knows certain words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    from unsung.learning.encoder import quiet

    def made(name: str, words: Sequence[str], n_layers: int, seed: int) -> Path:
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words]
        folder = tmp_path_factory.mktemp("models") / name
        config = BertConfig(
            vocab_size=len(words), hidden_size=8, num_hidden_layers=n_layers,
            num_attention_heads=2, intermediate_size=16, max_position_embeddings=32,
            initializer_range=0.5,
        )  # fmt: skip
        with quiet(), torch.random.fork_rng():
            torch.random.default_generator.manual_seed(seed)
            BertModel(config).save_pretrained(folder)
        numbers = {word: number for number, word in enumerate(words)}
        tokeniser = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
        tokeniser.pre_tokenizer = pre_tokenizers.Whitespace()
        tokeniser.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        tokeniser.save(str(folder / "tokenizer.json"))
        return folder

    return made


@pytest.fixture(scope="session")
def planted_model(word_model) -> Path:
    """A language model that knows the planted shop's words."""
    return word_model("planted", ["red", "blue", "garden", *NOUNS], n_layers=1, seed=7)


@pytest.fixture
def tiny_tuning(planted_model):
    return FineTuneSettings(
        model=str(planted_model), trained="all", learning_rate=5e-3, head_learning_rate=2e-2,
        batch_size=32, epochs=5, dropout=0.0, max_tokens=8, device="cpu", patience=20,
    )  # fmt: skip
