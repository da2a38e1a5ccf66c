"""How a customer of the running shop buys, held against the shop's habits as of the fit."""

from typing import Any
from weakref import WeakKeyDictionary

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


_KNOWN: WeakKeyDictionary[Model, ShopHabits] = WeakKeyDictionary()


def _habits(model: Model) -> ShopHabits:
    """Measured once, and held no longer than the model."""
    found = _KNOWN.get(model)
    if found is None:
        tail = np.array([name == "tail" for name in model.segments], dtype=bool)
        found = _KNOWN[model] = shop_habits(model.state, tail)
    return found
