"""What people look at: the catalogue as a table, customers to choose from, lists as a preview."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.state import ShopState
from unsung.operations.answers import Answer
from unsung.operations.running import RunningShop
from unsung.operations.search import find_items
from unsung.operations.served_model import ServedModel
from unsung.pipeline.recommend import Request, recommend
from unsung.pipeline.rules import Rules

Column = Literal["relevance", "title", "segment", "buyers", "price", "p_tail", "demand"]
MOST_FOUND: Final = 500
"""Items that a search looks through for a table."""
MOST_ROWS: Final = 200_000
"""Rows of a file."""
_TABLES: Final[WeakKeyDictionary[ServedModel, tuple[ShopState, pd.DataFrame]]] = WeakKeyDictionary()
_REASONS: Final[WeakKeyDictionary[ServedModel, dict[str, tuple[str, ...]]]] = WeakKeyDictionary()
SHOWN: Final = (schema.ITEM_ID, schema.TITLE, "segment", "buyers", schema.PRICE, "in_stock",
                "p_tail", "demand", "reasons", schema.IMAGE)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Which part of the catalogue is looked at.

    Parameters
    ----------
    query : str
        Words or a wish; empty for everything.
    segments : collection of str
        Only these; empty for all.
    reason : str
        Only items that are in the tail for this reason (code); empty for all.
    sort : str
        A column; ``relevance`` is how well the query is met, or the number of buyers without one.
    descending : bool
    offset, limit : int
    """

    query: str = ""
    segments: Collection[str] = ()
    reason: str = ""
    sort: Column = "relevance"
    descending: bool = True
    offset: int = 0
    limit: int = 25


def catalogue_page(served: ServedModel, page: Page) -> dict[str, Any]:
    """Rows of the catalogue, sorted and filtered.

    Parameters
    ----------
    served : ServedModel
    page : Page

    Returns
    -------
    page : dict
        ``n_items`` that the filters leave, and ``items``: one dict a row.
    """
    chosen = _sorted(_filtered(served, page), page)
    rows = chosen.iloc[page.offset : page.offset + page.limit]
    return {"n_items": len(chosen), "items": _records(rows)}


def catalogue_frame(served: ServedModel, page: Page) -> pd.DataFrame:
    """All rows that the filters leave, as a table with the columns of ``SHOWN``."""
    return _sorted(_filtered(served, page), page).head(MOST_ROWS)[list(SHOWN)]


def sample_customers(served: ServedModel, text: str, k: int) -> list[dict[str, Any]]:
    """Customers to look at: those whose id begins with a text, or a few unlike ones.

    Without a text they are spread over the lengths of the histories: few, usual, many items.

    Parameters
    ----------
    served : ServedModel
    text : str
    k : int
    """
    known = served.shop.user_ids()
    if text:
        exact = [user for user in known if user == text]
        found = exact + [user for user in known if user != text and user.startswith(text)]
        return [_customer(served, user) for user in found[:k]]
    state = served.bundle.model.state
    rows = state.interactions
    counts = np.bincount(rows.user_index[rows.is_target], minlength=state.n_users)
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] >= min(3, counts.max(initial=0))]
    places = np.linspace(0.25, 0.9, k) * max(len(order) - 1, 0)
    alive = set(known)
    users = [str(state.users.values[user]) for user in order[np.unique(places.astype(int))]]
    return [_customer(served, user) for user in users if user in alive]


def popular_for(shop: RunningShop, user_id: str, k: int, now: int) -> Answer:
    """What most-popular would show a customer: the most bought items that they don't have.

    Parameters
    ----------
    shop : RunningShop
    user_id : str
    k : int
    now : int
        Microseconds since 1970 UTC.
    """
    served = shop.model()
    rung = served.rungs[-1]
    items = recommend(
        Request(user_id, k, Rules(repeats=served.bundle.model.repeats)),
        rung.scorer,
        served.shop.state_of(user_id, now),
        segments=served.bundle.model.segments,
    )
    return Answer(items, rung.name, "undialled", served.version, known=False)


def _filtered(served: ServedModel, page: Page) -> pd.DataFrame:
    table = _table(served)
    if page.query.strip():
        rules = Rules(in_stock_only=False)
        found = find_items(served, page.query, MOST_FOUND, rules)
        ranks = {item.item_id: -rank for rank, item in enumerate(found)}
        table = table[table[schema.ITEM_ID].isin(ranks)]
        table = table.assign(relevance=table[schema.ITEM_ID].map(ranks))
    if page.segments:
        table = table[table["segment"].isin(list(page.segments))]
    if page.reason:
        given = [page.reason in reasons for reasons in table["reasons"]]
        table = table[np.array(given, dtype=bool)]
    return table


def _sorted(table: pd.DataFrame, page: Page) -> pd.DataFrame:
    descending = page.descending or page.sort == "relevance"
    return table.sort_values(
        [page.sort, schema.ITEM_ID],
        ascending=[not descending, True],
        na_position="last",
        kind="stable",
        key=lambda column: column.str.casefold() if column.name == schema.TITLE else column,
    )


def _table(served: ServedModel) -> pd.DataFrame:
    """The whole catalogue as of now, made anew when the shop was counted anew."""
    state = served.shop.whole
    known = _TABLES.get(served)
    if known is None or known[0] is not state:
        known = _TABLES[served] = (state, _made(served, state))
    return known[1].assign(in_stock=served.shop.in_stock[: state.n_items])


def _made(served: ServedModel, state: ShopState) -> pd.DataFrame:
    ids = state.items.values.astype(str)
    known = served.bundle.model.segments
    buyers = np.asarray(state.buyers, dtype=np.int64)
    prices = state.catalogue.get(schema.PRICE)
    titles = state.catalogue.get(schema.TITLE)
    named = pd.Series(ids) if titles is None else titles.reset_index(drop=True).astype(object)
    table = pd.DataFrame(
        {
            schema.ITEM_ID: ids,
            schema.TITLE: named.where(named.notna() & (named != ""), ids).astype(str),
            "segment": [*known, *("cold",) * (state.n_items - len(known))],
            "buyers": buyers,
            schema.PRICE: np.nan if prices is None else prices.to_numpy(dtype=float).round(4),
            "in_stock": True,
            schema.IMAGE: _texts(state.catalogue.get(schema.IMAGE), state.n_items),
            "relevance": buyers,
        }
    )
    outlook, reasons = outlook_of(served), reasons_of(served)
    table["p_tail"] = [outlook.get(item, {}).get("p_tail", np.nan) for item in ids]
    table["demand"] = [outlook.get(item, {}).get("demand", np.nan) for item in ids]
    table["reasons"] = [reasons.get(item, ()) for item in ids]
    return table


def _texts(cells: pd.Series | None, n_items: int) -> pd.Series:
    """A column of the catalogue as text; empty where there is nothing."""
    if cells is None:
        return pd.Series([""] * n_items)
    return cells.reset_index(drop=True).astype(object).fillna("").astype(str)


def outlook_of(served: ServedModel) -> dict[str, dict[str, Any]]:
    """What the text of items without a history makes likely, by item id."""
    folder = served.bundle.folder
    if "outlook.parquet" not in folder:
        return {}
    rows = folder.read_table("outlook.parquet").to_dict("records")
    return {
        str(row[schema.ITEM_ID]): {str(name): value for name, value in row.items()} for row in rows
    }


def reasons_of(served: ServedModel) -> dict[str, tuple[str, ...]]:
    """Codes of the reasons why an item is outside the head, by item id, as of the fit."""
    if served not in _REASONS:
        _REASONS[served] = {
            row["item_id"]: tuple(reason["code"] for reason in row.get("reasons") or ())
            for row in diagnosed(served)
        }
    return _REASONS[served]


def diagnosed(served: ServedModel) -> Sequence[dict[str, Any]]:
    """The diagnosis item by item; empty where the bundle has none."""
    folder = served.bundle.folder
    if "diagnosis.json" not in folder:
        return ()
    tables = folder.read_json("diagnosis.json").get("tables", {})
    found: list[dict[str, Any]] = tables.get("items", {}).get("rows", [])
    return found


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    shown = rows[list(SHOWN)].astype(object)
    return [
        {str(name): None if _absent(value) else value for name, value in row.items()}
        for row in shown.to_dict("records")
    ]


def _absent(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))


def _customer(served: ServedModel, user_id: str) -> dict[str, Any]:
    rows = served.shop.fitted_rows(user_id)
    return {"user_id": user_id, "n_items": len({row["item_id"] for row in rows})}
