"""The catalogue as the running shop knows it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung import schema
from unsung.errors import InputError, Location
from unsung.store import bounds, tables
from unsung.store.counter import lock_numbers, take_numbers
from unsung.store.database import Store
from unsung.store.rows import parts

Value = str | float | bool | int | None
_CHECKS: Final[dict[str, Callable[[object], Value]]] = {
    "text": lambda value: bounds.text(value, tables.TEXT_CHARACTERS),
    "number": bounds.number,
    "time": bounds.whole,
    "flag": bounds.flag,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the catalogue.

    Parameters
    ----------
    item_id : str
    attributes : mapping of str to str, float, bool, int or None
        Columns of ``schema.ITEM_COLUMNS`` and free ones; ``created_at`` in microseconds since
        1970 UTC. None takes a value away.
    """

    item_id: str
    attributes: Mapping[str, Value]


def put_items(store: Store, items: Sequence[Item], now: int) -> int:
    """Add items, or replace the given attributes of known ones and keep their others.

    Parameters
    ----------
    store : Store
    items : sequence of Item
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    number : int
        Of the newest change, these among it; an item that says nothing new is no change.

    Raises
    ------
    InputError
        Where an attribute doesn't fit its column; the message names it.
    StoreError
        Where the store can't be written now.
    """
    asked: dict[str, dict[str, Value]] = {}
    for place, item in enumerate(items, 1):
        bounds.checked(tables.items, [{"item_id": item.item_id}])
        asked.setdefault(item.item_id, {}).update(_attributes(item, place))
    with store.writing() as connection:
        return _put(connection, asked, now)


def set_stock(store: Store, in_stock: Mapping[str, bool], now: int) -> int:
    """Say which items are in stock; an unknown item is added. Number of the newest change."""
    stock = [Item(item_id, {schema.IN_STOCK: there}) for item_id, there in in_stock.items()]
    return put_items(store, stock, now)


def items(store: Store) -> list[Item]:
    """The whole catalogue, by id."""
    with store.reading() as connection:
        table = tables.items
        return read_items(connection, sa.select(table).order_by(table.c.item_id))


def read_items(
    connection: Connection, query: sa.Select[Any], values: Mapping[str, Any] | None = None
) -> list[Item]:
    """The items that a select of the table finds, with the values of its placeholders."""
    rows = connection.execute(query, values).mappings()
    return [Item(row["item_id"], json.loads(row["attributes"])) for row in rows]


def _put(connection: Connection, asked: Mapping[str, Mapping[str, Value]], now: int) -> int:
    table = tables.items
    number = lock_numbers(connection)
    known: dict[str, str] = {}
    for part in parts(list(asked)):
        query = sa.select(table.c.item_id, table.c.attributes).where(table.c.item_id.in_(part))
        known |= dict(connection.execute(query).all())
    merged = {name: _merged(known.get(name), given) for name, given in asked.items()}
    changed = {name: text for name, text in merged.items() if known.get(name) != text}
    if not changed:
        return number
    first = take_numbers(connection, len(changed))
    rows = [
        {"item_id": name, "attributes": text, "number": place, "updated": now}
        for place, (name, text) in enumerate(changed.items(), first)
    ]
    bounds.checked(table, rows)
    for part in parts([name for name in changed if name in known]):
        connection.execute(sa.delete(table).where(table.c.item_id.in_(part)))
    connection.execute(sa.insert(table), rows)
    return first + len(rows) - 1


def _merged(stored: str | None, given: Mapping[str, Value]) -> str:
    attributes = {**json.loads(stored or "{}"), **given}
    present = {name: value for name, value in attributes.items() if value is not None}
    return bounds.as_json(tables.items, "attributes", present)


def _attributes(item: Item, place: int) -> Iterable[tuple[str, Value]]:
    for name, value in item.attributes.items():
        try:
            bounds.text(name, tables.NAME_CHARACTERS, filled=True)
            if name == schema.ITEM_ID:
                raise ValueError("is no attribute")
            yield name, value if value is None else _checked(name, value)
        except ValueError as error:
            at = Location(tables.items.name, name[: tables.NAME_CHARACTERS], place)
            raise InputError(f"{error}.", at=at) from None


def _checked(name: str, value: Any) -> Value:
    kind = schema.ITEM_COLUMNS.get(name)
    if kind is not None:
        return _CHECKS[kind](value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return bounds.whole(value)
    if isinstance(value, float):
        return bounds.number(value)
    return bounds.text(value, tables.TEXT_CHARACTERS)
