"""What a shop says of itself: name, size, events, and its diagnosis without the long tables."""

from typing import Any, Final

from unsung import schema
from unsung.operations.browsing import diagnosed, outlook_of
from unsung.operations.served_model import ServedModel

LONG_TABLES: Final = frozenset({"items"})


def shop_facts(served: ServedModel) -> dict[str, Any]:
    """Name, size and kinds of events of the shop that is served.

    Parameters
    ----------
    served : ServedModel
    """
    model, state = served.bundle.model, served.shop.whole
    columns = set(state.catalogue.columns)
    return {
        "shop": _diagnosis(served).get("shop", ""),
        "as_of": _diagnosis(served).get("as_of"),
        "model": served.version,
        "note": model.note,
        "n_items": state.n_items,
        "n_customers": len(served.shop.user_ids()),
        "has_clock": state.has_clock,
        "target": model.events.target,
        "events": dict(model.events.weights),
        "repeats": model.repeats,
        "columns": sorted(columns & {schema.CATEGORY, schema.BRAND, schema.PRICE, schema.IMAGE}),
    }


def diagnosis_overview(served: ServedModel) -> dict[str, Any]:
    """The diagnosis without its table of every item: what fits one page.

    Parameters
    ----------
    served : ServedModel

    Notes
    -----
    ``never_sold`` has the first 12 items without a buyer, so that they can be named.
    """
    whole = _diagnosis(served)
    tables = whole.get("tables", {})
    never = [row for row in diagnosed(served) if not row["buyers"]]
    return {
        **whole,
        "tables": {name: table for name, table in tables.items() if name not in LONG_TABLES},
        "never_sold": [{k: row[k] for k in ("item_id", "title", "segment")} for row in never[:12]],
    }


def item_insight(served: ServedModel, item_id: str) -> dict[str, Any]:
    """What the diagnosis and the outlook say of one item; empty parts where they say nothing.

    Parameters
    ----------
    served : ServedModel
    item_id : str
    """
    row = next((row for row in diagnosed(served) if row["item_id"] == item_id), {})
    look = outlook_of(served).get(item_id)
    return {
        "item_id": item_id,
        "diagnosis": row,
        "outlook": None if look is None else _outlook(look),
    }


def _outlook(row: dict[str, Any]) -> dict[str, Any]:
    words = zip(row.get("words", ()), row.get("changes", ()), strict=True)
    return {
        "p_tail": float(row["p_tail"]),
        "demand": float(row["demand"]),
        "words": [{"word": str(word), "change": float(change)} for word, change in words],
    }


def _diagnosis(served: ServedModel) -> dict[str, Any]:
    folder = served.bundle.folder
    if "diagnosis.json" not in folder:
        return {}
    found: dict[str, Any] = folder.read_json("diagnosis.json")
    return found
