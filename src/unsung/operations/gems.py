"""The gems of a model in service, as the shop is now."""

import json
from collections.abc import Callable
from typing import Any, Literal

import pandas as pd

from unsung.operations.item_page import image_of
from unsung.operations.served_model import ServedModel

Sort = Literal["score", "expected", "audience"]
_SORTS: dict[Sort, Callable[[dict[str, Any]], float]] = {
    "score": lambda gem: gem["score"],
    "expected": lambda gem: gem["expected_buyers"],
    "audience": lambda gem: gem["audience"]["size"],
}


def gems_of(
    served: ServedModel,
    k: int,
    *,
    in_stock_only: bool = True,
    words: str = "",
    held_back_by: str = "",
    sort: Sort = "score",
) -> dict[str, Any] | None:
    """The greatest gems that can be sold today, with what their forecast rests on.

    Parameters
    ----------
    served : ServedModel
    k : int
    in_stock_only : bool
    words : str
        In titles, in any case; or an item's whole id.
    held_back_by : str
        The code of something that holds an item back.
    sort : {"score", "expected", "audience"}
        By how far they exceed those that sell alike, by the buyers that are expected, or by the
        customers who would want them; the most first.

    Returns
    -------
    found : dict or None
        ``gems``, each with its ``image`` and what its ``reviews`` say, or None, and without erased
        customers among its examples, the ``back_test`` and the window's length in days; None where
        the fit had too little history to look for any.
    """
    folder = served.bundle.folder
    if "gems.json" not in folder:
        return None
    record = folder.read_json("gems.json")
    state, in_stock = served.shop.whole, served.shop.in_stock
    gems = []
    asked = words.casefold()
    for gem in sorted(record["gems"], key=_SORTS[sort], reverse=True):
        item = state.items.find(gem["item_id"])
        if item < 0 or not state.listed[item] or (in_stock_only and not in_stock[item]):
            continue
        title = str(state.titles[item])
        if asked not in title.casefold() and words != gem["item_id"]:
            continue
        if held_back_by and all(one["code"] != held_back_by for one in gem["obstacles"]):
            continue
        now = int(state.buyers[item])
        said = served.bundle.item_reviews.get(gem["item_id"])
        gems.append(
            {
                **gem,
                "audience": _known(gem["audience"], served),
                "title": title,
                "image": image_of(state, item),
                "buyers_since": now - gem["buyers"],
                "reviews": None if said is None else json.loads(said),
            }
        )
        if len(gems) == k:
            break
    return {**{name: record[name] for name in ("window_days", "back_test")}, "gems": gems}


def _known(audience: dict[str, Any], served: ServedModel) -> dict[str, Any]:
    """An audience without examples of customers who were erased since the fit."""
    known = [user_id for user_id in audience["examples"] if served.shop.knows(user_id)]
    return {**audience, "examples": known}


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
