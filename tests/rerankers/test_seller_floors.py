"""Prices lift the items of their sellers."""

import numpy as np
import pytest
from tests.rerankers.conftest import facts_of, pool_of

from unsung.errors import InputError
from unsung.rerankers.seller_floors import SellerFloors, SellerFloorSettings

FACTS = facts_of([0, 0, 0], brands=np.array([0, 1, -1], np.int32))
POOL = pool_of([[0, 1, 2]], [[0.5, 0.4, 0.3]])
SETTINGS = SellerFloorSettings(owner="brand", scale="relevance")


def test_the_strength_multiplies_prices_and_items_without_an_owner_have_none():
    method = SellerFloors(SETTINGS, np.array([0.0, 0.15]))
    assert method.rerank(POOL, FACTS, 3, np.array([1.0])).tolist() == [[1, 0, 2]]
    assert method.rerank(POOL, FACTS, 3, np.array([0.5])).tolist() == [[0, 1, 2]]


def test_without_prices_lists_stay():
    assert SellerFloors(SETTINGS).rerank(POOL, FACTS, 3, np.ones(1)).tolist() == [[0, 1, 2]]


def test_a_seller_without_a_price_is_named():
    with pytest.raises(InputError, match="brand 1 has no price"):
        SellerFloors(SETTINGS, np.zeros(1)).rerank(POOL, FACTS, 3, np.ones(1))
