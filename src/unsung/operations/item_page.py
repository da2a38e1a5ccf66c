"""What is known of one item."""

import json
from typing import Any

import numpy as np

from unsung import schema
from unsung.data.state import ShopState
from unsung.operations.search import segment_of
from unsung.operations.served_model import ServedModel
from unsung.pipeline.reasons import title_of
from unsung.text.documents import build_documents


def item_page(served: ServedModel, item_id: str) -> dict[str, Any] | None:
    """An item's values, segment, buyers, document, reviews, title advice; None where unknown.

    Parameters
    ----------
    served : ServedModel
    item_id : str
    """
    state = served.shop.whole
    item = state.items.find(item_id)
    if item < 0:
        return None
    row = state.catalogue.iloc[[item]].reset_index(drop=True)
    values = row.iloc[0].dropna().to_dict()
    settings = served.describer.documents
    reviews = served.bundle.item_reviews.get(item_id)
    return {
        "item_id": item_id,
        "title": title_of(state, item),
        "segment": segment_of(served, item),
        "buyers": int(state.buyers[item]),
        "in_stock": bool(served.shop.in_stock[item]),
        "attributes": {
            str(name): _plain(value)
            for name, value in values.items()
            if name not in (schema.TITLE, schema.IN_STOCK)
        },
        "document": build_documents(row, settings.attributes, settings=settings).texts[0],
        "reviews": None if reviews is None else json.loads(reviews),
        "title_advice": served.bundle.title_advice.get(item_id),
    }


def image_of(state: ShopState, item: int) -> str | None:
    """The address of an item's picture, as the shop gives it; None where it has none."""
    if schema.IMAGE not in state.catalogue:
        return None
    value = state.catalogue[schema.IMAGE].iloc[item]
    return value if isinstance(value, str) and value else None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6)
    return value if isinstance(value, bool | int | str) else str(value)
