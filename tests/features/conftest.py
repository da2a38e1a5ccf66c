from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.state import ShopState
from unsung.schema import DAY_US

DAY_0 = 1_735_689_600_000_000  # 2025-01-01, the toy shop's first day


@pytest.fixture
def state(toy_shop: Dataset) -> ShopState:
    """The toy shop on day 100."""
    return toy_shop.as_of(DAY_0 + 100 * DAY_US)


@pytest.fixture
def order_only(toy_shop: Dataset) -> ShopState:
    return replace(toy_shop, has_clock=False).as_of()


@pytest.fixture
def by_id(toy_shop: Dataset) -> Callable[[np.ndarray], dict[str, float]]:
    """Values of all items, by the item's id."""
    return lambda values: dict(zip(toy_shop.items.values, np.asarray(values).tolist(), strict=True))
