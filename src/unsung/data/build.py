"""Canonical tables to a Dataset: ids become row numbers, text columns become codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.preparation import PreparedTable, PreparedTables
from unsung.data.settings import ShopSettings
from unsung.errors import InputError, Location

NEVER: int = int(np.iinfo(np.int64).max)
"""Time of a review whose time isn't known, in a shop that has a clock: known at no moment."""
_PANDAS_TYPES = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
_MAX_KINDS = 127


def build_dataset(prepared: PreparedTables, settings: ShopSettings) -> Dataset:
    """Number the ids of all tables and put the rows into arrays.

    Parameters
    ----------
    prepared : PreparedTables
    settings : ShopSettings
        Its weights of events.

    Returns
    -------
    dataset : Dataset
        Users are those of interactions, reviews and the users file; items those of the items file
        and of interactions (an item that the items file lacks keeps its row, without text).
        Reviews and exposures of other items are left out. Times are int64 microseconds since 1970
        UTC (``created_at``: Int64, missing where not known), prices float64 in the catalogue and
        float32 in interactions, flags ``boolean``, text ``str`` with missing values. Reviews
        without a time have the largest int64, so that no moment knows them; without a clock 0.

    Raises
    ------
    InputError
        Where there is no interaction left, or there are over 127 kinds of events.

    Notes
    -----
    Ids are encoded by Arrow, a column at a time: ten million rows take about 1.5 GB at the peak.
    """
    tables = prepared.tables
    rows = tables["interactions"]
    if rows.n_accepted == 0:
        raise InputError(
            f"none of its {rows.n_read:,} rows can be used; look at {prepared.quarantine_csv} "
            "for the reasons.",
            at=Location(rows.mapped.file),
        )
    user_codes, user_ids = _encoded(rows, schema.USER_ID)
    item_codes, item_ids = _encoded(rows, schema.ITEM_ID)
    users = _identifiers(user_ids, tables, schema.USER_ID, ("reviews", "users"))
    items = _identifiers(item_ids, tables, schema.ITEM_ID, ("items",))
    user_index, item_index = (
        users.index_of(user_ids)[user_codes],
        items.index_of(item_ids)[item_codes],
    )
    has_clock = schema.TIMESTAMP in rows.columns
    catalogue = _catalogue(tables.get("items"), items)
    columns = {"user_index": user_index, "item_index": item_index}
    columns["timestamp"] = (
        _numbers(rows, schema.TIMESTAMP)
        if has_clock
        else _steps(user_index, _numbers(rows, schema.POSITION))
    )
    titles = _add_titles(columns, rows, catalogue)
    kinds = _add_events(columns, rows, settings)
    for name in (schema.PRICE, schema.QUANTITY):
        if name in rows.columns:
            columns[name] = _numbers(rows, name).astype(np.float32)
    if schema.BASKET_ID in rows.columns:
        columns["basket"], _ = _encoded(rows, schema.BASKET_ID)
    if schema.WEIGHT in rows.columns:
        # Interactions sort by everything but weight: settle that first.
        order = np.argsort(columns["weight"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
    return Dataset(
        users=users,
        items=items,
        catalogue=catalogue,
        catalogue_is_derived="items" not in tables,
        interactions=Interactions.from_columns(**columns),
        event_kinds=kinds,
        titles=titles,
        reviews=_reviews(tables.get("reviews"), users, items, has_clock=has_clock),
        exposures=_exposures(tables.get("exposures"), users, items),
        user_table=_user_table(tables.get("users"), users),
        has_clock=has_clock,
        read_at=int(prepared.now.timestamp() * 1_000_000),
    )


def read_canonical(table: PreparedTable, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Columns of a canonical table (all where not given), as pandas types that can be missing."""
    wanted = list(table.columns if columns is None else columns)
    arrow = _dataset(table.path).to_table(wanted)
    return pd.DataFrame(arrow.to_pandas(types_mapper=_PANDAS_TYPES.get))


def _dataset(path: Path) -> Any:
    return ds.dataset(path, format="parquet")


def _column(table: PreparedTable, name: str) -> Any:
    return _dataset(table.path).to_table([name])[name]


def _numbers(table: PreparedTable, name: str) -> np.ndarray:
    values: np.ndarray = _column(table, name).to_numpy()
    return values


def _encoded(table: PreparedTable, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (int32, -1 = missing) of a text column and its distinct values in text order."""
    encoded = _column(table, name).dictionary_encode().combine_chunks()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    # One place more, at the end, for what is missing.
    code = np.full(len(order) + 1, -1, dtype=np.int32)
    code[order] = np.arange(len(order), dtype=np.int32)
    places = pc.fill_null(encoded.indices, -1).to_numpy()
    values = encoded.dictionary.to_numpy(zero_copy_only=False)[order]
    return code[places], values


def _identifiers(
    ids: np.ndarray, tables: dict[str, PreparedTable], column: str, others: tuple[str, ...]
) -> Identifiers:
    found = [ids]
    for name in others:
        if name in tables and column in tables[name].columns:
            distinct = pc.unique(_column(tables[name], column)).drop_null()
            found.append(distinct.to_numpy(zero_copy_only=False))
    return Identifiers.from_ids(np.concatenate(found))


def _steps(user_index: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Positions within each user's history counted from 0; equal positions stay equal."""
    order = np.lexsort((position, user_index))
    user, place = user_index[order], position[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = user[1:] != user[:-1]
    later = np.zeros(len(order), dtype=np.int64)
    later[1:] = (place[1:] != place[:-1]) & ~first[1:]
    total = np.cumsum(later)
    starts = np.flatnonzero(first)
    steps = np.empty_like(total)
    steps[order] = total - np.repeat(total[starts], np.diff([*starts, len(order)]))
    return steps


def _add_events(
    columns: dict[str, np.ndarray], rows: PreparedTable, settings: ShopSettings
) -> tuple[str, ...]:
    """Add event codes, weights and targets; returns the kinds, in the order of the weights."""
    codes, names = _encoded(rows, schema.EVENT)
    kinds = tuple(kind for kind in settings.weights if kind in set(names))
    if len(kinds) > _MAX_KINDS:
        raise InputError(
            f"has {len(kinds)} kinds of events, and {_MAX_KINDS} can be told apart; give some "
            "the same name under [event_names].",
            at=rows.mapped.at(schema.EVENT),
        )
    code = np.array([kinds.index(name) for name in names], dtype=np.int8)
    event = columns["event"] = code[codes]
    weights = np.array([settings.weights[kind] for kind in kinds])
    columns["weight"] = weights[event].astype(np.float32)
    if schema.WEIGHT in rows.columns:
        own = _numbers(rows, schema.WEIGHT)
        columns["weight"] = np.where(np.isnan(own), weights[event], own).astype(np.float32)
    columns["is_target"] = event == kinds.index(target_event(kinds, settings))
    return kinds


def target_event(kinds: Sequence[str], settings: ShopSettings) -> str:
    """The kind of event that the shop wants more of, out of those that it has.

    The first of ``schema.TARGET_EVENTS``; where it has none of these, the kind of most weight.
    """
    wanted = next((kind for kind in schema.TARGET_EVENTS if kind in kinds), None)
    return wanted or max(kinds, key=lambda kind: settings.weights[kind])


def _add_titles(
    columns: dict[str, np.ndarray], rows: PreparedTable, catalogue: pd.DataFrame
) -> np.ndarray:
    """Add the titles of order lines whose item has none in the catalogue; returns the titles."""
    if schema.TITLE not in rows.columns:
        return np.array([], dtype=object)
    codes, values = _encoded(rows, schema.TITLE)
    if schema.TITLE in catalogue:
        has_title = catalogue[schema.TITLE].notna().to_numpy()
        codes = np.where(has_title[columns["item_index"]], -1, codes)
    used = np.unique(codes[codes >= 0])
    renumbered = np.full(len(values) + 1, -1, dtype=np.int32)
    renumbered[used] = np.arange(len(used), dtype=np.int32)
    columns["title"] = renumbered[codes]
    titles: np.ndarray = values[used]
    return titles


def _catalogue(table: PreparedTable | None, items: Identifiers) -> pd.DataFrame:
    if table is None:
        return pd.DataFrame({schema.ITEM_ID: pd.Series(items.values, dtype="str")})
    return _aligned(table, schema.ITEM_ID, items)


def _user_table(table: PreparedTable | None, users: Identifiers) -> pd.DataFrame | None:
    return None if table is None else _aligned(table, schema.USER_ID, users)


def _aligned(table: PreparedTable, key: str, ids: Identifiers) -> pd.DataFrame:
    """Row i describes id i; ids that the table lacks have no values."""
    frame = read_canonical(table).set_index(key)
    return frame.reindex(pd.Index(ids.values, dtype="str", name=key)).reset_index()


def _reviews(
    table: PreparedTable | None, users: Identifiers, items: Identifiers, *, has_clock: bool
) -> pd.DataFrame:
    given = pd.DataFrame() if table is None else read_canonical(table)
    reviews = _with_indices(given, users, items)
    told = given.reindex(columns=[c for c in schema.REVIEW_DTYPES if c not in reviews])
    time = told[schema.TIMESTAMP].astype("Int64")
    told[schema.TIMESTAMP] = time.fillna(NEVER if has_clock else 0)
    reviews = reviews.join(told).astype(schema.REVIEW_DTYPES)
    return _settled(reviews, schema.TIMESTAMP)


def _exposures(
    table: PreparedTable | None, users: Identifiers, items: Identifiers
) -> pd.DataFrame | None:
    if table is None:
        return None
    given = read_canonical(table)
    named = [c for c in given.columns if c not in (schema.USER_ID, schema.ITEM_ID)]
    exposures = _with_indices(given, users, items).join(given[named])
    first = schema.TIMESTAMP if schema.TIMESTAMP in named else "user_index"
    return _settled(exposures, first)


def _with_indices(given: pd.DataFrame, users: Identifiers, items: Identifiers) -> pd.DataFrame:
    """``user_index`` and ``item_index`` (-1 = not known) of a table's rows."""
    index = {}
    for name, ids in ((schema.USER_ID, users), (schema.ITEM_ID, items)):
        missing = np.full(len(given), -1, dtype=np.int32)
        found = ids.index_of(given[name].to_numpy(dtype=object)) if name in given else missing
        index[name.replace("_id", "_index")] = found
    return pd.DataFrame(index, index=given.index)


def _settled(rows: pd.DataFrame, first: str) -> pd.DataFrame:
    """Rows of known items in an order that the file's order has no part in."""
    known = rows[rows["item_index"] >= 0]
    keys = [first, *(c for c in known.columns if c != first)]
    return known.sort_values(keys, ignore_index=True)
