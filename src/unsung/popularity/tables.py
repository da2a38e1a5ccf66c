"""The tables of a diagnosis, made from counts per item."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from unsung import schema
from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.popularity.concentration import lorenz_curve, shares
from unsung.popularity.counts import ItemCounts
from unsung.popularity.diagnosis import Table
from unsung.popularity.reasons import Reason
from unsung.popularity.segments import (
    COLD,
    FINE_BAND_EDGES,
    FINE_BAND_NAMES,
    FRESH,
    NEVER,
    SEGMENT_NAMES,
    TAIL,
    popularity_bands,
    segment_items,
)

COLUMNS: Final = {
    "segment": "Head, established tail, fresh or cold, by the definition in use.",
    "band": "Place of the item in the catalogue by popularity, in per cent: 0 = the most popular.",
    "items": "Listed items in the group.",
    "catalogue_share": "The group's listed items as a share of all listed items.",
    "buyers": "Distinct buyers, added up over the items: a customer and an item count once, "
    "however often it was bought.",
    "buyers_share": "The group's buyers as a share of all: its share of sales.",
    "purchases": "Lines bought, repeats included.",
    "purchases_share": "The group's purchases as a share of all.",
    "revenue": "Price times quantity of the purchases where both are known, in the shop's "
    "currency; returns are not taken off.",
    "revenue_share": "The group's revenue as a share of all.",
    "exposure": "Impressions before the moment, each counted 1 / log2(1 + rank).",
    "exposure_share": "The group's exposure as a share of all.",
}


def spread_rows(
    name: str,
    codes: np.ndarray,
    names: Sequence[str],
    listed: np.ndarray,
    measures: Mapping[str, np.ndarray | None],
) -> tuple[dict[str, Any], ...]:
    """Add up measures by group of items.

    Parameters
    ----------
    name : str
        Column of the group's name.
    codes : ndarray of int, shape (n_items,)
        Group of each item, an index into ``names``.
    names : sequence of str
    listed : ndarray of bool, shape (n_items,)
        Items that count as catalogue.
    measures : mapping of str to ndarray of number, shape (n_items,), or None
        Measure -> value of each item; None where the shop has no such data, and then its columns
        are left out.

    Returns
    -------
    rows : tuple of dict
        ``name, items, catalogue_share`` and, for each measure m, ``m`` and ``m_share``.

    Examples
    --------
    >>> spread_rows("band", np.array([0, 1, 1]), ("a", "b"), np.ones(3, dtype=bool),
    ...             {"buyers": np.array([3, 1, 0])})[1]
    {'band': 'b', 'items': 2, 'catalogue_share': 0.666..., 'buyers': 1, 'buyers_share': 0.25}
    """
    sums = {"items": np.bincount(codes[listed], minlength=len(names))}
    for measure, values in measures.items():
        if values is not None:
            total = np.bincount(codes, values, minlength=len(names))
            sums[measure] = total.astype(np.int64) if values.dtype.kind in "iub" else total
    rows = []
    for at, group in enumerate(names):
        row: dict[str, Any] = {name: group}
        for measure, total in sums.items():
            share = "catalogue_share" if measure == "items" else f"{measure}_share"
            row |= {measure: total[at].item(), share: float(shares(total)[at])}
        rows.append(row)
    return tuple(rows)


def _table(definition: str, rows: tuple[dict[str, Any], ...], **columns: str) -> Table:
    known = {**COLUMNS, **columns}
    used = {name: known[name] for name in (rows[0] if rows else columns)}
    return Table(definition, used, rows)


def segments_table(state: ShopState, counts: ItemCounts) -> Table:
    """The catalogue and its sales by segment."""
    rows = spread_rows("segment", counts.segments, SEGMENT_NAMES, state.listed, counts.measures)
    return _table("The catalogue and its sales by segment, as of the moment.", rows)


def bands_table(state: ShopState, counts: ItemCounts) -> Table:
    """The catalogue and its sales by popularity band, with a cut just under the head."""
    bands = popularity_bands(counts.buyers, state.listed, FINE_BAND_EDGES)
    rows = spread_rows("band", bands, FINE_BAND_NAMES, state.listed, counts.measures)
    return _table(
        "The catalogue and its sales by popularity band; equally popular items are in one band.",
        rows,
    )


def lorenz_table(state: ShopState, counts: ItemCounts) -> Table:
    """The Lorenz curve at every per cent of the catalogue."""
    grid = np.linspace(0, 1, 101)
    held = np.interp(grid, *lorenz_curve(counts.buyers[state.listed]))
    return _table(
        "Lorenz curve of the buyers over the listed items, from the least to the most popular.",
        tuple(
            {"catalogue_share": round(float(x), 4), "buyers_share": float(y)}
            for x, y in zip(grid, held, strict=True)
        ),
        catalogue_share="The least popular share of the listed items.",
        buyers_share="Share of all buyers that these items have together.",
    )


def definitions_table(state: ShopState, counts: ItemCounts, settings: SegmentSettings) -> Table:
    """The three usual definitions of the long tail side by side, the one in use named."""
    rows = []
    for kind in ("top_items", "interaction_share", "threshold"):
        other = settings.model_copy(update={"definition": kind})
        segments = segment_items(state, other)
        row: dict[str, Any] = {
            "definition": kind,
            "sentence": definition_sentence(other),
            "in_use": kind == settings.definition,
        }
        for group in spread_rows(
            "segment", segments, SEGMENT_NAMES, state.listed, {"buyers": counts.buyers}
        ):
            name = group["segment"]
            row |= {f"{name}_items": group["items"], f"{name}_buyers_share": group["buyers_share"]}
        rows.append(row)
    columns = {
        "definition": "Name of the definition in shop.toml.",
        "sentence": "What it counts as head and tail.",
        "in_use": "Whether the rest of this diagnosis uses it.",
    }
    for name in SEGMENT_NAMES:
        columns[f"{name}_items"] = f"Listed items in the segment '{name}' by this definition."
        columns[f"{name}_buyers_share"] = f"Share of all buyers in the segment '{name}'."
    return Table(
        "The three usual definitions of the long tail, side by side.", columns, tuple(rows)
    )


def definition_sentence(settings: SegmentSettings) -> str:
    """What counts as head, fresh, cold and established tail, in one sentence."""
    head = {
        "top_items": f"the {settings.head_share:.0%} of the listed items with most distinct buyers",
        "interaction_share": "the most popular items that together hold "
        f"{settings.head_share_of_interactions:.0%} of all buyers",
        "threshold": f"items with at least {settings.min_buyers} distinct buyers",
    }[settings.definition]
    ties = "" if settings.definition == "threshold" else " (equally bought ones all or none)"
    return (
        f"Head = {head}{ties}; cold = no interaction yet; fresh = first seen less than "
        f"{settings.fresh_days:g} days ago and not head; the established tail is the rest."
    )


def reasons_table(counts: ItemCounts, reasons: tuple[Reason, ...]) -> Table:
    """How many items outside the head each reason holds for."""
    outside = max(int(np.sum(np.any([reason.holds for reason in reasons], axis=0))), 1)
    rows = []
    for reason in reasons:
        segments = counts.segments[reason.holds]
        rows.append(
            {
                "reason": reason.code,
                "label": reason.label,
                "sentence": reason.definition,
                "items": len(segments),
                "items_share": len(segments) / outside,
                "tail": int((segments == TAIL).sum()),
                "fresh": int((segments == FRESH).sum()),
                "cold": int((segments == COLD).sum()),
            }
        )
    columns = {
        "reason": "Stable code of the reason.",
        "label": "The reason in words.",
        "sentence": "When it holds.",
        "items": "Listed items outside the head for which it holds; an item can have several.",
        "items_share": "These as a share of all listed items outside the head.",
        "tail": "Of these, established tail.",
        "fresh": "Of these, fresh.",
        "cold": "Of these, cold.",
    }
    return Table("Why items are outside the head.", columns, tuple(rows))


def items_table(state: ShopState, counts: ItemCounts, reasons: tuple[Reason, ...]) -> Table:
    """Every listed item with its segment, its counts and its reasons."""
    bands = popularity_bands(counts.buyers, state.listed, FINE_BAND_EDGES)
    titles = [None] * state.n_items
    if schema.TITLE in state.catalogue:
        column = state.catalogue[schema.TITLE]
        titles = column.astype(object).where(column.notna(), None).tolist()
    rows = []
    # Most bought first; the index, which follows a hash of the id, only makes the order total.
    for item in np.lexsort((np.arange(state.n_items), -counts.buyers)):
        if not state.listed[item]:
            continue
        row: dict[str, Any] = {
            "item_id": state.items.values[item],
            "title": titles[item],
            "segment": SEGMENT_NAMES[counts.segments[item]],
            "band": FINE_BAND_NAMES[bands[item]],
            "buyers": int(counts.buyers[item]),
            "purchases": int(counts.purchases[item]),
        }
        if counts.revenue is not None:
            row["revenue"] = round(float(counts.revenue[item]), 2)
        if counts.impressions is not None:
            row["impressions"] = int(counts.impressions[item])
        if state.as_of is not None:
            seen = int(counts.first_seen[item])
            row["first_seen"] = None if seen == NEVER else iso_time(seen)[:10]
        row["reasons"] = [reason.of_item(int(item)) for reason in reasons if reason.holds[item]]
        rows.append(row)
    return _table(
        "Every listed item, most bought first.",
        tuple(rows),
        item_id="The shop's own id.",
        title="Title as of the moment.",
        buyers="Distinct buyers of the item.",
        revenue=COLUMNS["revenue"],
        impressions="How often the item was shown before the moment.",
        first_seen="Day (UTC) of the first sale; of the first interaction where never sold.",
        reasons="Every reason that holds, for items outside the head.",
    )


def iso_time(moment: int) -> str:
    """A moment in microseconds as ISO 8601 text, UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()
