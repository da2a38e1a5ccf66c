"""The gems of a model in service, as the shop is now."""

from typing import Any

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
        ``gems``, the ``back_test`` and the window's length in days; None where the fit had too
        little history to look for any.
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
        gems.append({**gem, "title": str(state.titles[item]), "buyers_since": now - gem["buyers"]})
        if len(gems) == k:
            break
    return {**{name: record[name] for name in ("window_days", "back_test")}, "gems": gems}
