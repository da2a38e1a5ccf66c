"""What is the same for all candidates of a moment: how much the shop could have learnt by then."""

from typing import Final

import numpy as np

from unsung.data.state import ShopState
from unsung.schema import DAY_US

DEFINITIONS: Final = {
    "shop.history_days": "Days from the shop's first interaction to the moment.",
}


def shop_features(state: ShopState) -> dict[str, float]:
    """The family ``shop``: one number by name; NaN without a clock or a history."""
    times = state.interactions.timestamp
    if state.as_of is None or not len(times):
        return {"shop.history_days": np.nan}
    return {"shop.history_days": (state.as_of - int(times[0])) / DAY_US}
