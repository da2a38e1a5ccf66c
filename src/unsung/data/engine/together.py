"""Who bought what together, counted by an engine."""

from typing import Any

import ibis


def common_buyers_table(pairs: Any, kept: int) -> Any:
    """How much the buyers of two items have in common.

    Parameters
    ----------
    pairs : ibis.Table
        ``user``, ``item`` and ``value``, one row a pair.
    kept : int
        Rows kept of each item beside its own, those with most in common; of equal ones the item
        that comes first.

    Returns
    -------
    together : ibis.Table
        ``item``, ``other`` and ``common``, the sum of the products of the values.
    """
    others = pairs.select("user", other="item", by="value")
    both = pairs.join(others, "user")
    counted = both.group_by(["item", "other"]).agg(common=(both["value"] * both["by"]).sum())
    own = counted["item"] == counted["other"]
    # An item's own row stands first and takes no place.
    order = [own.cast("int8").desc(), counted["common"].desc(), counted["other"]]
    place = ibis.row_number().over(group_by=counted["item"], order_by=order)
    ranked = counted.mutate(place=place)
    return ranked.filter(ranked["place"] <= kept).drop("place")
