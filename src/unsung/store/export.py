"""The store as files of a shop, for a fit to read."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung import schema
from unsung.artifacts import write_folder
from unsung.errors import InputError
from unsung.store import tables
from unsung.store.backup import rows_of, to_iso
from unsung.store.bounds import Row
from unsung.store.database import Store

_TYPES: Final = {
    "id": pa.string(),
    "text": pa.string(),
    "number": pa.float64(),
    "whole": pa.int64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
}
_SHOP: Final = """# Written by an export of the running shop's store.
name = "Store"

[cleaning]
# Ids are the store's own: nothing about them is a spreadsheet's doing.
trim_trailing_zero = false
"""


def export_events(store: Store, folder: Path, now: int) -> dict[str, int]:
    """Write interactions, items, reviews, exposures and users as parquet, with a ``shop.toml``.

    Parameters
    ----------
    store : Store
    folder : Path
        Absent, empty, or an older export, which is replaced when the new one is whole.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    rows : dict of str to int
        By table; a table without rows has no file.

    Raises
    ------
    InputError
        Where there is no event yet, or the folder holds something else.
    StoreError
        Where the store can't be read now.
    """
    with write_folder(folder, created=to_iso(now)) as draft, store.reading() as connection:
        rows = {
            "interactions": _write(connection, draft.path, "interactions", tables.events),
            "reviews": _write(connection, draft.path, "reviews", tables.reviews),
            "exposures": _write(connection, draft.path, "exposures", tables.exposures),
            "users": _write_users(connection, draft.path),
            "items": _write_items(connection, draft.path),
        }
        if not rows["interactions"]:
            raise InputError("The store has no events yet; there is nothing to fit on.")
        named = (f'\n[{name}]\npath = "{name}.parquet"\n' for name, count in rows.items() if count)
        (draft.path / "shop.toml").write_text(_SHOP + "".join(named), encoding="utf-8")
        draft.settings |= {"kind": "unsung export", "rows": rows}
    return rows


def _write(connection: Connection, folder: Path, name: str, table: sa.Table) -> int:
    kinds = {column: kind for column, kind in schema.COLUMNS[name].items() if column in table.c}
    query = sa.select(*(table.c[column] for column in kinds)).order_by(
        table.c.timestamp, *table.primary_key
    )
    return _write_parts(folder / f"{name}.parquet", kinds, rows_of(connection, query))


def _write_users(connection: Connection, folder: Path) -> int:
    table = tables.choices
    query = (
        sa.select(table.c.user_id, table.c.active.label(schema.PROFILING_CONSENT))
        .where(table.c.kind == "profiling")
        .order_by(table.c.user_id)
    )
    path = folder / "users.parquet"
    return _write_parts(path, schema.USER_COLUMNS, rows_of(connection, query))


def _write_items(connection: Connection, folder: Path) -> int:
    kinds = _item_kinds(_catalogue(connection))
    parts = (
        [{name: _cell(row.get(name), kind) for name, kind in kinds.items()} for row in part]
        for part in _catalogue(connection)
    )
    return _write_parts(folder / "items.parquet", kinds, parts)


def _catalogue(connection: Connection) -> Iterator[list[Row]]:
    table = tables.items
    for part in rows_of(connection, sa.select(table).order_by(table.c.item_id)):
        yield [
            {schema.ITEM_ID: row[schema.ITEM_ID], **json.loads(row["attributes"])} for row in part
        ]


def _item_kinds(catalogue: Iterable[list[Row]]) -> dict[str, str]:
    """Kind of every column: the schema's, or what all values of a free attribute are."""
    seen: dict[str, set[str]] = {}
    for part in catalogue:
        for row in part:
            for name, value in row.items():
                seen.setdefault(name, set()).add(_kind(value))
    free = {name: kinds.pop() if len(kinds) == 1 else "text" for name, kinds in seen.items()}
    return {schema.ITEM_ID: "id"} | {
        name: schema.ITEM_COLUMNS.get(name, free[name]) for name in sorted(free)
    }


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else "text"


def _cell(value: Any, kind: str) -> Any:
    if kind != "text" or value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _write_parts(path: Path, kinds: Mapping[str, str], parts: Iterable[list[Row]]) -> int:
    """Write rows as parquet; without any there is no file."""
    layout = pa.schema([(name, _TYPES[kind]) for name, kind in kinds.items()])
    count = 0
    with pq.ParquetWriter(path, layout) as writer:
        for part in parts:
            writer.write_table(pa.Table.from_pylist(part, layout))
            count += len(part)
    if not count:
        path.unlink()
    return count
