"""Advice on the titles of a shop's items, for its bundle and beside its gems."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from unsung.discovery.sentences import with_titles
from unsung.discovery.text_advice import TextAdviceSettings, text_advice
from unsung.pipeline.bundle import Model
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.workflows.outlook import ShopOutlook

FORMAT: Final = 1
POOR_TITLE: Final = frozenset({"no_title", "short_title"})
"""Reasons of the diagnosis that a title can mend."""


def title_advice(
    model: Model,
    diagnosis: Mapping[str, Any],
    outlook: ShopOutlook | None,
    gems: dict[str, Any] | None,
    settings: TextAdviceSettings,
) -> dict[str, Any] | None:
    """What the titles of items lack that are outside the head with a poor one.

    Parameters
    ----------
    model : Model
    diagnosis : mapping
        As in ``diagnosis.json``.
    outlook : ShopOutlook or None
        Foretells what a title promises.
    gems : dict or None
        As in ``gems.json``; a gem's advice gets the better title. Changed in place.
    settings : TextAdviceSettings

    Returns
    -------
    record : dict or None
        ``items``: by item id, as ``text_advice`` gives them. None where no title is poor.
    """
    rows = diagnosis["tables"]["items"]["rows"]
    poor = [
        row["item_id"] for row in rows if POOR_TITLE & {reason["code"] for reason in row["reasons"]}
    ]
    if not poor:
        return None
    codes = {name: code for code, name in enumerate(SEGMENT_NAMES)}
    segments = np.array([codes[name] for name in model.segments], dtype=np.int8)
    items = model.state.items.index_of(poor)
    expected = None if outlook is None else outlook.outlook
    found = text_advice(model.state, segments, items, expected, settings)
    if gems is not None:
        with_titles(gems["gems"], found)
    return {"format": FORMAT, "items": found}
