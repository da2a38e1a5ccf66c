"""Well-known layouts of files, as a table: what they are recognised by and what means what."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from unsung.data.readers.paths import is_table_file
from unsung.data.readers.sample import read_sample
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError
from unsung.settings import build_settings

_TEXT_SHARE = 0.1
"""A column that is empty in more than 90 % of the rows looked at gives way to the next."""


@dataclass(frozen=True)
class TableLayout:
    """One table of a known layout.

    Parameters
    ----------
    table : str
        Our table that the files become.
    columns : dict of str to tuple of str
        Our column -> the files' columns that may hold it; the first that is there is taken. With
        none to choose from, a column of our name is not ours (a review's title is no item's).
    needs : tuple of str
        Columns that a file must have.
    name : str
        Pattern of the file's name (without ``.gz``, lower case); any where empty.
    how : dict
        Fields of ``Source`` that say how the file is written.
    constants : dict of str to str
    attributes : tuple of str or None
        Item columns to keep, as far as they are there; None keeps all.
    """

    table: str
    columns: dict[str, tuple[str, ...]]
    needs: tuple[str, ...] = ()
    name: str = ""
    how: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    attributes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Layout:
    """A known layout: its tables, and the shop-wide settings that go with it."""

    name: str
    tables: tuple[TableLayout, ...]
    settings: dict[str, Any] = field(default_factory=dict)


def _amazon(name: str, needs: tuple[str, ...], items: TableLayout, extra: str = "") -> Layout:
    user, item, rating, time, title, text = needs
    known: dict[str, tuple[str, ...]] = {
        "user_id": (user,),
        "item_id": (item,),
        "timestamp": (time,),
        "rating": (rating,),
    }
    how = {"time_unit": "ms" if time == "timestamp" else "s"}
    least = (user, item, rating, time, *filter(None, [extra]))
    rated = TableLayout(
        "interactions", known | {"title": ()}, least, how=how, constants={"event": "rating"}
    )
    written = known | {"title": (title,), "text": (text,)}
    return Layout(name, (rated, TableLayout("reviews", written, (*least, text), how=how), items))


_AMAZON_OLD = ("reviewerID", "asin", "overall", "unixReviewTime", "summary", "reviewText")
_AMAZON_NEW = ("user_id", "parent_asin", "rating", "timestamp", "title", "text")
_AMAZON_OLD_ITEMS = TableLayout(
    "items",
    {
        "item_id": ("asin",),
        "title": ("title",),
        "description": ("description",),
        "category": ("categories", "category", "main_cat"),
        "brand": ("brand",),
        "price": ("price",),
        "image": ("imUrl", "imageURLHighRes", "imageURL", "image"),
    },
    ("asin", "title"),
    attributes=("feature",),
)
_AMAZON_NEW_ITEMS = TableLayout(
    "items",
    {
        "item_id": ("parent_asin",),
        "title": ("title",),
        "description": ("description",),
        "category": ("categories", "main_category"),
        "brand": ("store",),
        "price": ("price",),
    },
    ("parent_asin", "title", "main_category"),
    attributes=("features",),
)


def _movielens(
    name: str,
    files: dict[str, str],
    columns: dict[str, tuple[str, ...]],
    delimiters: dict[str, str],
) -> Layout:
    """Files and columns of ratings, items and users; no delimiter = a CSV file with a header."""

    def table(kind: str, known: dict[str, str], **more: Any) -> TableLayout:
        known = {ours: theirs for ours, theirs in known.items() if theirs in columns[kind]}
        there: dict[str, tuple[str, ...]] = {ours: (theirs,) for ours, theirs in known.items()}
        how: dict[str, Any] = {}
        if kind in delimiters:
            how = {"delimiter": delimiters[kind], "encoding": "latin-1", "header": columns[kind]}
        at_least = tuple(known.values())
        return TableLayout(more.pop("table", kind), there, at_least, files[kind], how, **more)

    rated = {"user_id": "userId", "item_id": "movieId", "rating": "rating"}
    tables = [
        table(
            "ratings",
            {**rated, "timestamp": "timestamp"},
            table="interactions",
            constants={"event": "rating"},
        ),
        table(
            "items",
            {"item_id": "movieId", "title": "title", "category": "genres"},
            attributes=(),
        ),
    ]
    if "users" in files:
        tables.append(table("users", {"user_id": "userId"}))
    return Layout(name, tuple(tables))


_GENRES = (
    "unknown Action Adventure Animation Children Comedy Crime Documentary Drama Fantasy Film-Noir "
    "Horror Musical Mystery Romance Sci-Fi Thriller War Western"
)
_RATINGS = ("userId", "movieId", "rating", "timestamp")
_MOVIES = ("movieId", "title", "genres")
_ORDER_LINE = {
    "user_id": ("CustomerID", "Customer ID"),
    "item_id": ("StockCode",),
    "timestamp": ("InvoiceDate",),
    "price": ("UnitPrice", "Price"),
    "quantity": ("Quantity",),
    "basket_id": ("InvoiceNo", "Invoice"),
    "title": ("Description",),
}
# Postage, fees and test entries have codes that don't start with five digits; invoices that start
# with a C are cancellations. Times stay as written (UTC): nothing here hangs on the hour.
_ORDER_RULES = {
    "cleaning": {"item_id_pattern": r"^\d{5}", "cancelled_basket_pattern": "^C"},
}


def _order_lines(name: str, columns: tuple[str, ...], **how: str) -> Layout:
    lines = TableLayout("interactions", _ORDER_LINE, columns, "", how, {"event": "purchase"})
    return Layout(name, (lines,), _ORDER_RULES)


def _typed(kind: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{name}:{kind}" for name in names)


LAYOUTS: tuple[Layout, ...] = (
    _amazon("amazon-2023", _AMAZON_NEW, _AMAZON_NEW_ITEMS),
    _amazon("amazon-2018", _AMAZON_OLD, _AMAZON_OLD_ITEMS, extra="verified"),
    _amazon("amazon-2014", _AMAZON_OLD, _AMAZON_OLD_ITEMS),
    _movielens(
        "movielens-100k",
        {"ratings": r"u\.data", "items": r"u\.item", "users": r"u\.user"},
        {
            "ratings": _RATINGS,
            "items": ("movieId", "title", "release", "video", "url", *_GENRES.split()),
            "users": ("userId", "age", "gender", "occupation", "zip"),
        },
        {"ratings": "\t", "items": "|", "users": "|"},
    ),
    _movielens(
        "movielens-1m",
        {"ratings": r"ratings\.dat", "items": r"movies\.dat", "users": r"users\.dat"},
        {
            "ratings": _RATINGS,
            "items": _MOVIES,
            "users": ("userId", "gender", "age", "occupation", "zip"),
        },
        {"ratings": "::", "items": "::", "users": "::"},
    ),
    _movielens(
        "movielens",
        {"ratings": r"ratings?\.csv", "items": r"movies?\.csv"},
        {"ratings": _RATINGS, "items": _MOVIES},
        {},
    ),
    _order_lines(
        "online-retail",
        ("InvoiceNo", "StockCode", "Description", "InvoiceDate", "UnitPrice", "CustomerID"),
    ),
    _order_lines(
        "online-retail-ii",
        ("Invoice", "StockCode", "Description", "InvoiceDate", "Price", "Customer ID"),
        sheet="*",
    ),
    Layout(
        "recbole",
        (
            TableLayout(
                "interactions",
                {
                    "user_id": _typed("token", "user_id", "session_id"),
                    "item_id": _typed("token", "item_id"),
                    "timestamp": _typed("float", "timestamp"),
                    "rating": _typed("float", "rating"),
                },
                ("item_id:token",),
                r".*\.inter",
                {"delimiter": "\t"},
            ),
            TableLayout(
                "items",
                {
                    "item_id": _typed("token", "item_id"),
                    "title": (
                        *_typed("token_seq", "title", "movie_title", "item_name", "name"),
                        *_typed("token", "title", "movie_title", "item_name", "name"),
                    ),
                    "category": (
                        *_typed("token_seq", "categories", "category", "class", "genre"),
                        *_typed("token", "category", "categories", "class", "genre"),
                    ),
                    "brand": _typed("token", "brand", "store"),
                    "price": _typed("float", "price"),
                    "description": _typed("token_seq", "description"),
                },
                ("item_id:token",),
                r".*\.item",
                {"delimiter": "\t"},
                attributes=(),
            ),
            TableLayout(
                "users",
                {"user_id": _typed("token", "user_id")},
                ("user_id:token",),
                r".*\.user",
                {"delimiter": "\t"},
            ),
        ),
    ),
)


def detect_layout(paths: Sequence[Path]) -> ShopSettings | None:
    """Settings for files of a known layout; None where they are of none.

    Parameters
    ----------
    paths : sequence of Path
        Files, and folders whose files are looked at.

    Returns
    -------
    settings : ShopSettings or None
        ``folder`` is the files' common folder and paths are relative to it.

    Raises
    ------
    InputError
        Where a file can't be read.
    """
    files = list_files(paths)
    look = _Look()
    for layout in LAYOUTS:
        found = {t.table: (t, [p for p in files if look.matches(p, t)]) for t in layout.tables}
        if found["interactions"][1]:
            folder = common_folder(files)
            sources = {
                name: _source(table, matched, folder, look)
                for name, (table, matched) in found.items()
                if matched
            }
            values = {"folder": str(folder), "layout": layout.name, **layout.settings, **sources}
            return build_settings(ShopSettings, values, f"layout {layout.name}")
    return None


def list_files(paths: Sequence[Path]) -> list[Path]:
    """The table files among ``paths``; folders stand for the files right in them."""
    files: dict[Path, None] = {}
    for path in paths:
        inside = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        tables = [p for p in inside if is_table_file(p) or not path.is_dir()]
        files.update(dict.fromkeys(p.resolve() for p in tables))
    return list(files)


def common_folder(files: Sequence[Path]) -> Path:
    """The deepest folder that holds all ``files``."""
    return Path(os.path.commonpath([path.resolve().parent for path in files]))


class _Look:
    """Looks at each file at most once for each way to read it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Path, str], pd.DataFrame | None] = {}

    def rows(self, path: Path, table: TableLayout) -> pd.DataFrame | None:
        key = (path, repr(sorted(table.how.items())))
        if key not in self._rows:
            try:
                how = Source(path=str(path), **table.how)
                self._rows[key] = read_sample(path, how).rows
            except InputError:
                # Not in this layout's way of writing; the guess will say what is wrong.
                self._rows[key] = None
        return self._rows[key]

    def matches(self, path: Path, table: TableLayout) -> bool:
        name = path.name.lower().removesuffix(".gz")
        if table.name and not re.fullmatch(table.name, name):
            return False
        rows = self.rows(path, table)
        if rows is None or ("header" in table.how and rows.empty):
            return False
        return set(table.needs) <= set(rows.columns)


def _source(table: TableLayout, files: list[Path], folder: Path, look: _Look) -> Source:
    rows = [found for p in files if (found := look.rows(p, table)) is not None]
    every = pd.concat(rows)
    columns = {}
    for ours, candidates in table.columns.items():
        there = [name for name in candidates if all(name in found for found in rows)]
        filled = [name for name in there if every[name].notna().mean() > _TEXT_SHARE]
        theirs = (filled or there or [""])[0]
        # An empty name keeps a column of our own name from being taken.
        if theirs not in (ours, "") or (theirs == "" and ours in every):
            columns[ours] = theirs
    kept = table.attributes
    if kept is not None:
        kept = tuple(name for name in kept if all(name in found for found in rows))
    names = [str(path.relative_to(folder).as_posix()) for path in files]
    return Source(
        path=names[0] if len(names) == 1 else tuple(names),
        columns=columns,
        constants=table.constants,
        attributes=kept if table.table == "items" else None,
        **table.how,
    )
