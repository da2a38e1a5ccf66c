"""What there is to read about each item: a text for the encoder, words for the term vectors."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.state import ShopState
from unsung.settings import Settings
from unsung.text.normalise import normalise

T = TypeVar("T")

# A cell can hold a list ("red | blue") or a path ("Beauty > Nails").
_BETWEEN_VALUES = re.compile(r" [|>] ")


class AttributeColumns(Settings):
    """The free attributes of a catalogue that say something in words."""

    tokens: tuple[str, ...] = ()
    """Columns whose values repeat from item to item: colour, material, size."""
    prose: tuple[str, ...] = ()
    """Columns of free text."""


class DocumentSettings(Settings):
    """What goes into an item's document."""

    attributes: AttributeColumns | None = None
    """Free attributes to read; chosen by looking at the catalogue where not given. What was fitted
    keeps the choice (``settled``), so that new items can't change it."""
    description_characters: int = 300
    """How much of the description's start is read."""
    review_characters: int = 200
    """How much of the latest reviews is read, all together; 0 leaves reviews out."""
    max_numbers: int = 20
    """A numeric attribute with more distinct values than this is a measure, not a name."""


@dataclass(frozen=True)
class Documents:
    """Documents of items, row by row; all tuples of length n_items.

    Parameters
    ----------
    texts : tuple of str
        What an encoder reads: title, brand, category, attributes, start of the description, what
        reviews said. Empty for an item without text.
    titles : tuple of str
        Normalised titles, whose words and word pairs are terms.
    tokens : tuple of tuple of str
        Whole values that are terms, such as ``brand=opi``.
    """

    texts: tuple[str, ...]
    titles: tuple[str, ...]
    tokens: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.titles)

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> "Documents":
        """Documents that are a title and nothing else, such as what somebody searches for."""
        titles = tuple(normalise(text) for text in texts)
        return cls(titles, titles, ((),) * len(titles))


def documents_of(state: ShopState, settings: DocumentSettings | None = None) -> Documents:
    """Build the documents of a shop's items as of the state's moment."""
    settings = settings or DocumentSettings()
    return build_documents(state.catalogue, settings.attributes, state.reviews, settings=settings)


def settled(settings: DocumentSettings, catalogue: pd.DataFrame) -> DocumentSettings:
    """The same settings with the attributes chosen, for a bundle to keep."""
    chosen = settings.attributes or choose_attributes(catalogue, settings.max_numbers)
    return settings.model_copy(update={"attributes": chosen})


def choose_attributes(catalogue: pd.DataFrame, max_numbers: int = 20) -> AttributeColumns:
    """Tell which free attributes of a catalogue are worth reading, and how.

    Left out are the columns of ``schema.ITEM_COLUMNS``, times, addresses, columns in which every
    item has a value of its own (ids), and numbers that are measures.

    Parameters
    ----------
    catalogue : DataFrame
    max_numbers : int
        A numeric column with more distinct values than this is a measure.

    Returns
    -------
    columns : AttributeColumns

    Examples
    --------
    >>> catalogue = pd.DataFrame({
    ...     "sku": ["A1", "A2", "A3"], "colour": ["red", "blue", "red"], "size": [1, 2, 1],
    ...     "use": ["for dry hair", "for oily hair", "for thin hair"],
    ... })
    >>> choose_attributes(catalogue)
    AttributeColumns(tokens=('colour', 'size'), prose=('use',))
    """
    kinds: dict[str, list[str]] = {"tokens": [], "prose": []}
    for name in catalogue.columns:
        kind = None if name in schema.ITEM_COLUMNS else _kind(catalogue[name], max_numbers)
        if kind is not None:
            kinds[kind].append(str(name))
    return AttributeColumns(tokens=tuple(kinds["tokens"]), prose=tuple(kinds["prose"]))


def _kind(column: pd.Series, max_numbers: int) -> str | None:
    values = column.dropna()
    if pd.api.types.is_datetime64_any_dtype(values):
        return None
    if pd.api.types.is_numeric_dtype(values):
        n_distinct = values.nunique()
        return "tokens" if 1 < n_distinct <= min(max_numbers, len(values) - 1) else None
    cells = values.astype(str)
    parts = cells[cells.str.strip() != ""].str.split(_BETWEEN_VALUES, regex=True).explode()
    n_distinct = parts.nunique()
    if n_distinct < 2 or parts.str.match(r"(?:https?:)?//").mean() > 0.5:
        return None
    own_share = n_distinct / len(parts)
    if own_share > 0.5 and parts.str.contains(r"\S\s+\S").mean() > 0.5:
        return "prose"
    return "tokens" if own_share <= 0.9 else None


def build_documents(
    catalogue: pd.DataFrame,
    attributes: AttributeColumns | None = None,
    reviews: pd.DataFrame | None = None,
    *,
    settings: DocumentSettings | None = None,
) -> Documents:
    """Write the document of every row of a catalogue.

    Parameters
    ----------
    catalogue : DataFrame, n_items rows
        Columns as in ``schema.ITEM_COLUMNS`` and free attributes; any of them may be absent.
    attributes : AttributeColumns, optional
        Free attributes to read; chosen by looking where not given.
    reviews : DataFrame, optional
        ``item_index, timestamp, title, text``, all of them from before the moment.
    settings : DocumentSettings, optional

    Returns
    -------
    documents : Documents
        Columns that a later catalogue lacks count as empty.
    """
    settings = settings or DocumentSettings()
    attributes = attributes or choose_attributes(catalogue, settings.max_numbers)
    titles = _column(catalogue, schema.TITLE, str)
    values = {
        name: _column(catalogue, name, cell_values)
        for name in (schema.BRAND, schema.CATEGORY, *attributes.tokens)
    }
    passages = [titles]
    passages += [[_readable(cell) for cell in column] for column in values.values()]
    start = partial(_start, limit=settings.description_characters)
    passages += [
        _column(catalogue, name, start) for name in (*attributes.prose, schema.DESCRIPTION)
    ]
    if reviews is not None and settings.review_characters > 0:
        passages.append(_review_passages(reviews, len(catalogue), settings.review_characters))
    names = [normalise(name).lower() for name in values]
    return Documents(
        texts=tuple(map(_joined, zip(*passages, strict=True))),
        titles=tuple(titles),
        tokens=tuple(
            tuple(
                f"{name}={value.lower()}"
                for name, cell in zip(names, row, strict=True)
                for value in cell
            )
            for row in zip(*values.values(), strict=True)
        ),
    )


def _column(catalogue: pd.DataFrame, name: str, read: Callable[[str], T]) -> list[T]:
    """Read every cell of a column, equal cells once; absent ones as an empty text."""
    if name not in catalogue:
        return [read("")] * len(catalogue)
    codes, distinct = pd.factorize(catalogue[name])
    cells = [read(normalise(_spelled(value))) for value in distinct] + [read("")]
    return [cells[code] for code in codes]  # pandas gives an absent cell the code -1: the last


def _spelled(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))  # whole numbers become floats beside an empty cell
    return str(value)


def cell_values(cell: str) -> tuple[str, ...]:
    """The values that a cell holds: a list ("red | blue") or a path ("Beauty > Nails")."""
    return tuple(value for value in _BETWEEN_VALUES.split(cell) if value)


def _readable(values: tuple[str, ...]) -> str:
    """Join the values that a language model can read: not numbers, codes of flags or lists."""
    return ", ".join(value for value in values if any(map(str.isalpha, value)))


def _joined(passages: Iterable[str]) -> str:
    return ". ".join(filter(None, (passage.rstrip(". ") for passage in passages)))


def _start(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit].rpartition(" ")[0] or text[:limit]


def _review_passages(reviews: pd.DataFrame, n_items: int, limit: int) -> list[str]:
    """What the latest reviews of each item say, newest first, up to a length."""
    written = [name for name in (schema.TITLE, schema.TEXT) if name in reviews]
    latest = reviews.sort_values(
        [schema.TIMESTAMP, *written], ascending=[False] + [True] * len(written)
    )
    said = [""] * n_items
    for item, *parts in latest[["item_index", *written]].itertuples(index=False, name=None):
        if len(said[item]) < limit:
            passages = [normalise(part) for part in parts if isinstance(part, str)]
            said[item] = _joined([said[item], *passages])
    return [_start(passage, limit) for passage in said]
