"""Diagnose a shop: who gets the sales, who gets none, and why."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings
from unsung.data.state import ItemContent, ShopState
from unsung.popularity.concentration import effective_number, gini, share_of_top
from unsung.popularity.counts import ItemCounts, count_items
from unsung.popularity.diagnosis import Diagnosis, Figure, Table
from unsung.popularity.drift import drift_table
from unsung.popularity.reasons import NO_REASON, ReasonSettings, find_reasons
from unsung.popularity.segments import FRESH, HEAD, SEGMENT_NAMES, TAIL
from unsung.popularity.sentences import count_of
from unsung.popularity.tables import (
    COLUMNS,
    bands_table,
    definition_sentence,
    definitions_table,
    iso_time,
    items_table,
    lorenz_table,
    reasons_table,
    segments_table,
)
from unsung.progress import Progress, silent
from unsung.settings import load_settings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.outlook import ShopOutlook
from unsung.workflows.outlook_diagnosis import outlook_sentence, outlook_tables


def diagnose(
    dataset: Dataset,
    settings: ShopSettings,
    *,
    as_of: int | None = None,
    content: ItemContent | None = None,
    thresholds: ReasonSettings | None = None,
    outlook: ShopOutlook | None = None,
    progress: Progress = silent,
) -> Diagnosis:
    """Say how sales are spread over the catalogue and why items stay unseen.

    Parameters
    ----------
    dataset : Dataset
        Order lines alone are enough; prices, text, stock and exposures tell more.
    settings : ShopSettings
        Its name and its definition of the long tail are used.
    as_of : int, optional
        Microseconds since 1970 UTC; nothing at or after it is read. The end of the data where
        not given.
    content : ItemContent, optional
        Term vectors as of the moment, by which prices are compared between items with alike text;
        made here where not given.
    thresholds : ReasonSettings, optional
        From where on a reason holds; the shop's ``[diagnosis]`` where not given.
    outlook : ShopOutlook, optional
        What to expect of items without a history, as of the moment; read off term vectors here
        where not given.
    progress : Progress, optional

    Returns
    -------
    diagnosis : Diagnosis
        Also for empty, tiny or all-equal data: a sentence stands where a number can't.
    """
    progress("counting sales", 0, 4)
    state = dataset.as_of(as_of)
    counts = count_items(dataset, state, settings.segments)
    progress("looking for reasons", 1, 4)
    limits = thresholds or load_settings(
        ReasonSettings,
        {"new_days": settings.segments.fresh_days or 60, **settings.diagnosis},
        environment={},
        source="[diagnosis]",
    )
    state = _describe(state, content, limits)
    reasons = find_reasons(state, counts.segments, limits, counts.impressions)
    progress("following the months", 2, 4)
    drift = drift_table(dataset, state, settings.segments)
    progress("writing the tables", 3, 4)
    tables = {
        "segments": segments_table(state, counts),
        "bands": bands_table(state, counts),
        "lorenz": lorenz_table(state, counts),
        "definitions": definitions_table(state, counts, settings.segments),
        "drift": drift,
        "reasons": reasons_table(counts, reasons),
        "items": items_table(state, counts, reasons),
        **outlook_tables(dataset, state, outlook, progress),
    }
    figures = _figures(state, counts)
    progress("writing the tables", 4, 4)
    return Diagnosis(
        shop=settings.name,
        as_of=None if state.as_of is None else iso_time(state.as_of),
        tail_definition=definition_sentence(settings.segments),
        summary=tuple(_summary(state, counts, tables)),
        figures=figures,
        tables=tables,
    )


def _describe(state: ShopState, content: ItemContent | None, limits: ReasonSettings) -> ShopState:
    """The state with term vectors, where there are prices that they help to compare."""
    if content is not None:
        return state.with_content(content)
    if schema.PRICE not in state.catalogue or state.n_items > limits.max_compared_items:
        return state
    return ContentBuilder().build(state)[0]


def _figures(state: ShopState, counts: ItemCounts) -> dict[str, Figure]:
    listed, buyers = state.listed, counts.buyers[state.listed]
    sold = int(buyers.sum()) > 0
    nothing = "" if sold else " Not known: nothing has been sold."
    shown = counts.impressions
    n_listed = int(listed.sum())
    unsold = int((buyers == 0).sum())
    unseen = None if shown is None else int((shown[listed] == 0).sum())
    blind = "" if shown is not None else " Not known: the shop gave no exposures."
    active = len(np.unique(state.interactions.user_index))
    return {
        "n_items": Figure("items", n_listed, "Items listed at the moment."),
        "n_customers": Figure("customers", active, "Users with an interaction before the moment."),
        "n_interactions": Figure(
            "interactions", len(state.interactions), "Rows of interactions before the moment."
        ),
        "n_pairs": Figure("sales", int(buyers.sum()), COLUMNS["buyers"]),
        "zero_sale_items": Figure(
            "never sold", unsold, "Listed items without a single buyer before the moment."
        ),
        "zero_exposure_items": Figure(
            "never shown", unseen, "Listed items without a single impression." + blind
        ),
        "gini": Figure(
            "Gini",
            gini(buyers) if sold else None,
            "Gini coefficient of distinct buyers over all listed items, those without a sale "
            "included: 0 = all sell alike, 1 = one item sells all." + nothing,
        ),
        "top_share": Figure(
            "sales of the top 20%",
            share_of_top(buyers, 0.2) if sold else None,
            "Share of all buyers that the 20% most bought of the listed items have." + nothing,
            is_share=True,
        ),
        "effective_items": Figure(
            "effective items",
            effective_number(buyers) if sold else None,
            "How many equally bought items would be spread as widely: the exponential of the "
            "entropy of the buyers' shares." + nothing,
        ),
    }


def _summary(state: ShopState, counts: ItemCounts, tables: dict[str, Table]) -> Iterator[str]:
    n_listed = int(state.listed.sum())
    if n_listed == 0:
        yield "There is no item to diagnose: nothing was listed before the moment."
        return
    if not counts.buyers.any():
        yield (
            f"None of the {n_listed:,} listed items has been sold, so there is no head and no "
            "tail yet."
        )
        return
    yield _split({row["segment"]: row for row in tables["segments"].rows})
    unsold = int((counts.buyers[state.listed] == 0).sum())
    yield (
        f"{unsold:,} of {n_listed:,} listed items have never been sold."
        if unsold
        else "Every listed item has been sold at least once."
    )
    known = [row for row in tables["reasons"].rows if row["items"] and row["reason"] != NO_REASON]
    if known:
        top = max(known, key=lambda row: row["items"])
        yield (
            f"The most frequent reason for being outside the head is '{top['label']}' "
            f"({count_of(top['items'], 'item')})."
        )
    expected = outlook_sentence(tables)
    if expected:
        yield expected


def _split(segments: dict[str, dict[str, Any]]) -> str:
    head, tail, fresh = (segments[SEGMENT_NAMES[code]] for code in (HEAD, TAIL, FRESH))
    if head["items"] == 0:
        return (
            "No item stands out by its number of buyers, so there is no head: all that sold are "
            "tail or fresh."
        )
    return (
        f"The head, {count_of(head['items'], 'item')} or {head['catalogue_share']:.1%} of the "
        f"catalogue, makes {head['buyers_share']:.1%} of the sales; the established tail "
        f"({count_of(tail['items'], 'item')}) makes {tail['buyers_share']:.1%} and fresh items "
        f"({fresh['items']:,}) make {fresh['buyers_share']:.1%}."
    )
