"""What a shop says of itself: name, size, events, and its diagnosis without the long tables."""

from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from unsung import schema
from unsung.operations.browsing import diagnosed, outlook_of
from unsung.operations.served_model import ServedModel
from unsung.text.documents import build_documents

LONG_TABLES: Final = frozenset({"items"})


@dataclass(frozen=True, eq=False)
class _Diagnosis:
    """A diagnosis as pages ask for it: read once, for it takes seconds in a large shop.

    Parameters
    ----------
    overview : dict
        Without the long tables.
    rows : dict of str to bytes
        The row of each item, as JSON: a tenth of what it takes in memory else.
    """

    overview: dict[str, Any]
    rows: dict[str, bytes]


_DIAGNOSES: Final[WeakKeyDictionary[ServedModel, _Diagnosis]] = WeakKeyDictionary()


def shop_facts(served: ServedModel) -> dict[str, Any]:
    """Name, size and kinds of events of the shop that is served.

    Parameters
    ----------
    served : ServedModel
    """
    model, state = served.bundle.model, served.shop.whole
    columns, overview = set(state.catalogue.columns), _diagnosis(served).overview
    return {
        "shop": overview.get("shop", ""),
        "as_of": overview.get("as_of"),
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
    return _diagnosis(served).overview


def item_insight(served: ServedModel, item_id: str) -> dict[str, Any]:
    """What the diagnosis and the outlook say of one item; empty parts where they say nothing.

    Parameters
    ----------
    served : ServedModel
    item_id : str

    Notes
    -----
    An item with a history, or one that came after the fit, gets its outlook now: what its text
    would make likely if it were new. ``outlook["is_new"]`` says whether it is.
    """
    row = msgspec.json.decode(_diagnosis(served).rows.get(item_id, b"{}"))
    look = outlook_of(served).get(item_id)
    found = _read_off(served, item_id) if look is None else _outlook(look)
    if found is not None:
        found["is_new"] = look is not None or not row
    return {"item_id": item_id, "diagnosis": row, "outlook": found}


def _outlook(row: dict[str, Any]) -> dict[str, Any]:
    words = zip(row.get("words", ()), row.get("changes", ()), strict=True)
    return {
        "p_tail": float(row["p_tail"]),
        "demand": float(row["demand"]),
        "words": [{"word": str(word), "change": float(change)} for word, change in words],
    }


def _read_off(served: ServedModel, item_id: str) -> dict[str, Any] | None:
    outlook, state = served.bundle.outlook, served.shop.whole
    if outlook is None:
        return None
    row = state.catalogue.iloc[[state.items.find(item_id)]].reset_index(drop=True)
    settings = outlook.documents
    documents = build_documents(row, settings.attributes, settings=settings)
    found = outlook.forecast(documents)
    (words,) = outlook.driving_words(documents)
    return {
        "p_tail": round(float(found.p_tail[0]), 4),
        "demand": round(float(found.demand[0]), 3),
        "words": [word._asdict() for word in words],
    }


def _diagnosis(served: ServedModel) -> _Diagnosis:
    if served not in _DIAGNOSES:
        _DIAGNOSES[served] = _read(served)
    return _DIAGNOSES[served]


def _read(served: ServedModel) -> _Diagnosis:
    folder = served.bundle.folder
    whole = folder.read_json("diagnosis.json") if "diagnosis.json" in folder else {}
    tables, rows = whole.get("tables", {}), diagnosed(served)
    never = [row for row in rows if not row["buyers"]]
    overview = {
        **whole,
        "tables": {name: table for name, table in tables.items() if name not in LONG_TABLES},
        "never_sold": [{k: row[k] for k in ("item_id", "title", "segment")} for row in never[:12]],
    }
    return _Diagnosis(overview, {row["item_id"]: msgspec.json.encode(row) for row in rows})
