"""How a customer of the running shop buys, held against the shop's habits as of the fit."""

from functools import lru_cache
from typing import Any

import numpy as np

from unsung.data.state import ShopState
from unsung.features.behaviour import ShopHabits, behaviour_of, shop_habits
from unsung.operations.served_model import ServedModel
from unsung.pipeline.bundle import Model


def customer_habits(served: ServedModel, user_id: str, state: ShopState) -> dict[str, Any] | None:
    """As of now, what ``behaviour_of`` tells of a customer.

    Parameters
    ----------
    served : ServedModel
    user_id : str
    state : ShopState
        Of this customer alone.

    Returns
    -------
    behaviour : dict or None
        None for who opted out, and in a shop that knows only an order.
    """
    model = served.bundle.model
    if not (state.has_clock and model.state.has_clock):
        return None
    if not served.shop.wishes_of(user_id).profiled:
        return None
    return behaviour_of(state, _habits(model))


@lru_cache(maxsize=2)
def _habits(model: Model) -> ShopHabits:
    tail = np.array([name == "tail" for name in model.segments], dtype=bool)
    return shop_habits(model.state, tail)
