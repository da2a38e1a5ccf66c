"""One shop out of two tables of the same shop: its files, and what came since."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.build import target_event
from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import ShopSettings
from unsung.data.state import ShopState
from unsung.errors import InputError


def joined_dataset(first: Dataset, second: Dataset, settings: ShopSettings) -> Dataset:
    """Everything that either dataset knows; where both speak of an item, the second is right.

    Parameters
    ----------
    first, second : Dataset
        Both with a clock, or both without.
    settings : ShopSettings
        Whose weights of events the two have in common.

    Returns
    -------
    dataset : Dataset
        An interaction that is in both (same user, item, time and kind) counts once.

    Raises
    ------
    InputError
        Where one has a clock and the other hasn't.
    """
    if first.has_clock != second.has_clock:
        raise InputError(
            "the shop's files know only an order, and the store knows times; fit from one of them."
        )
    users = Identifiers.from_ids([*first.users.values, *second.users.values])
    items = Identifiers.from_ids([*first.items.values, *second.items.values])
    kinds = tuple(
        kind for kind in settings.weights if kind in {*first.event_kinds, *second.event_kinds}
    )
    rows = [_rows(part, users, items, kinds) for part in (first, second)]
    rows[1]["title"] = np.where(
        rows[1]["title"] >= 0, rows[1]["title"] + len(first.titles), rows[1]["title"]
    )
    most = int(rows[0]["basket"].max(initial=-1)) + 1
    rows[1]["basket"] = np.where(rows[1]["basket"] >= 0, rows[1]["basket"] + most, -1)
    columns = {name: np.concatenate([rows[0][name], rows[1][name]]) for name in rows[0]}
    if kinds:
        columns["is_target"] = columns["event"] == kinds.index(target_event(kinds, settings))
    derived = first.catalogue_is_derived and second.catalogue_is_derived
    return Dataset(
        users=users,
        items=items,
        catalogue=_catalogue(first, second, items),
        catalogue_is_derived=derived,
        interactions=Interactions.from_columns(**_once(columns)),
        event_kinds=kinds,
        titles=np.concatenate([first.titles, second.titles]),
        reviews=_reviews(first, second, users, items),
        exposures=_exposures(first, second, users, items),
        user_table=_user_table(first, second, users),
        has_clock=first.has_clock,
        read_at=max(first.read_at, second.read_at),
    )


def without_users(dataset: Dataset, gone: np.ndarray) -> Dataset:
    """The same shop without some users' interactions, reviews and exposures.

    Parameters
    ----------
    dataset : Dataset
    gone : ndarray of bool, shape (n_users,)

    Returns
    -------
    dataset : Dataset
        The users' ids are in it no more.
    """
    kept, place = _places_without(gone)
    reviews, shown = dataset.reviews, dataset.exposures
    return replace(
        dataset,
        users=Identifiers(dataset.users.values[kept]),
        interactions=_rows_without(dataset.interactions, place),
        reviews=_placed(reviews, place),
        exposures=None if shown is None else _placed(shown, place),
        user_table=None
        if dataset.user_table is None
        else dataset.user_table.iloc[kept].reset_index(drop=True),
    )


def opted_out(dataset: Dataset) -> np.ndarray:
    """Who said that nothing may be learnt from them: ndarray of bool, shape (n_users,).

    Whoever said nothing isn't among them.
    """
    table = dataset.user_table
    if table is None or schema.PROFILING_CONSENT not in table:
        return np.zeros(dataset.n_users, dtype=bool)
    said = table[schema.PROFILING_CONSENT].astype("boolean")
    return np.asarray(~said.fillna(value=True), dtype=bool)


def state_without_users(state: ShopState, gone: np.ndarray) -> ShopState:
    """The same for a shop as of a moment; counters follow.

    Parameters
    ----------
    state : ShopState
    gone : ndarray of bool, shape (n_users,)
    """
    kept, place = _places_without(gone)
    return replace(
        state,
        users=Identifiers(state.users.values[kept]),
        interactions=_rows_without(state.interactions, place),
        reviews=_placed(state.reviews, place),
    )


def _places_without(gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who stays, and everybody's new index (-1: none)."""
    kept = np.flatnonzero(~gone)
    place = np.full(len(gone), -1, dtype=np.int32)
    place[kept] = np.arange(len(kept))
    return kept, place


def _rows_without(rows: Interactions, place: np.ndarray) -> Interactions:
    stay = rows.take(place[rows.user_index] >= 0)
    return replace(stay, user_index=place[stay.user_index])


def _placed(table: pd.DataFrame, place: np.ndarray) -> pd.DataFrame:
    """Without the rows of users who are gone; rows of nobody stay."""
    user = table["user_index"].to_numpy(dtype=np.int64)
    found = np.where(user >= 0, np.append(place, -1)[user], -1)
    kept = (user < 0) | (found >= 0)
    return table.assign(user_index=found.astype(np.int32))[kept].reset_index(drop=True)


def _rows(
    part: Dataset, users: Identifiers, items: Identifiers, kinds: tuple[str, ...]
) -> dict[str, np.ndarray]:
    rows = part.interactions
    columns = {column.name: getattr(rows, column.name) for column in fields(Interactions)}
    code = np.array([kinds.index(kind) for kind in part.event_kinds], dtype=np.int8)
    columns["user_index"] = users.index_of(part.users.values)[rows.user_index]
    columns["item_index"] = items.index_of(part.items.values)[rows.item_index]
    if len(rows):
        columns["event"] = code[rows.event]
    return columns


def _once(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    same = pd.DataFrame(
        {name: columns[name] for name in ("user_index", "item_index", "timestamp", "event")}
    )
    seen = same.duplicated().to_numpy()
    return {name: values[~seen] for name, values in columns.items()}


def _catalogue(first: Dataset, second: Dataset, items: Identifiers) -> pd.DataFrame:
    parts = [
        part.catalogue.set_axis(items.index_of(part.items.values), axis=0)
        for part in (second, first)
    ]
    merged = parts[0].combine_first(parts[1]).reindex(range(len(items)))
    merged[schema.ITEM_ID] = pd.array(items.values, dtype="str")
    columns = [*first.catalogue.columns, *second.catalogue.columns]
    merged = merged[list(dict.fromkeys(columns))]
    for name in merged.columns:
        source = first.catalogue if name in first.catalogue else second.catalogue
        if str(source[name].dtype) in ("str", "float64", "float32", "boolean"):
            merged[name] = merged[name].astype(source[name].dtype)
    return merged


def _reviews(
    first: Dataset, second: Dataset, users: Identifiers, items: Identifiers
) -> pd.DataFrame:
    tables = [_renumbered(part.reviews, part, users, items) for part in (first, second)]
    every = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    return every.astype(first.reviews.dtypes.to_dict())


def _exposures(
    first: Dataset, second: Dataset, users: Identifiers, items: Identifiers
) -> pd.DataFrame | None:
    tables = [
        _renumbered(part.exposures, part, users, items)
        for part in (first, second)
        if part.exposures is not None
    ]
    return pd.concat(tables, ignore_index=True) if tables else None


def _renumbered(
    table: pd.DataFrame, part: Dataset, users: Identifiers, items: Identifiers
) -> pd.DataFrame:
    user = np.append(users.index_of(part.users.values), -1)
    item = np.append(items.index_of(part.items.values), -1)
    return table.assign(
        user_index=user[table["user_index"].to_numpy(dtype=np.int64)].astype(np.int32),
        item_index=item[table["item_index"].to_numpy(dtype=np.int64)].astype(np.int32),
    )


def _user_table(first: Dataset, second: Dataset, users: Identifiers) -> pd.DataFrame | None:
    parts = [
        part.user_table.set_axis(users.index_of(part.users.values), axis=0)
        for part in (second, first)
        if part.user_table is not None
    ]
    if not parts:
        return None
    merged = parts[0] if len(parts) == 1 else parts[0].combine_first(parts[1])
    return merged.reindex(range(len(users)))
