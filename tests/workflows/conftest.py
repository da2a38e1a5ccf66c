"""A shop that is busy enough to be tested by time."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
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
