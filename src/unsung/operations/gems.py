"""The gems of a model in service, as the shop is now."""

import json
from typing import Any

import pandas as pd

from unsung.operations.served_model import ServedModel


def gems_of(served: ServedModel, k: int, *, in_stock_only: bool = True) -> dict[str, Any] | None:
    """The greatest gems that can be sold today, with what their forecast rests on.

    Parameters
    ----------
    served : ServedModel
    k : int
    in_stock_only : bool

    Returns
    -------
    found : dict or None
        ``gems``, each with what its ``reviews`` say or None, the ``back_test`` and the window's
        length in days; None where the fit had too little history to look for any.
    """
    folder = served.bundle.folder
    if "gems.json" not in folder:
        return None
    record = folder.read_json("gems.json")
    state, in_stock = served.shop.whole, served.shop.in_stock
    gems = []
    for gem in record["gems"]:
        item = state.items.find(gem["item_id"])
        if item < 0 or not state.listed[item] or (in_stock_only and not in_stock[item]):
            continue
        now = int(state.buyers[item])
        said = served.bundle.item_reviews.get(gem["item_id"])
        gems.append(
            {
                **gem,
                "title": str(state.titles[item]),
                "buyers_since": now - gem["buyers"],
                "reviews": None if said is None else json.loads(said),
            }
        )
        if len(gems) == k:
            break
    return {**{name: record[name] for name in ("window_days", "back_test")}, "gems": gems}


def gems_frame(found: dict[str, Any]) -> pd.DataFrame:
    """The gems of ``gems_of`` as a table for spreadsheets, one row a gem.

    Parameters
    ----------
    found : dict
    """
    rows = [
        {
            "item_id": gem["item_id"],
            "title": gem["title"],
            "expected_buyers": gem["expected_buyers"],
            "low": gem["low"],
            "high": gem["high"],
            "expected_of_alike": gem["expected_of_alike"],
            "recent_buyers": gem["recent_buyers"],
            "audience": gem["audience"]["size"],
            "reason": gem["reason"],
            "held_back_by": " ".join(
                one["sentence"] for one in gem["obstacles"] if one["code"] != "no_reason"
            ),
        }
        for gem in found["gems"]
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    "item_id",
    "title",
    "expected_buyers",
    "low",
    "high",
    "expected_of_alike",
    "recent_buyers",
    "audience",
    "reason",
    "held_back_by",
]
