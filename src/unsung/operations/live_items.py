"""The catalogue as of now: what the fit knew, what changed, and items that came later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from unsung import schema
from unsung.data.identifiers import Identifiers
from unsung.data.state import ItemContent, ShopState
from unsung.store.items import Item
from unsung.text.base import TextEncoder
from unsung.text.catalogue_variants import with_new_variants
from unsung.text.documents import DocumentSettings, build_documents
from unsung.text.onnx_encoder import embed
from unsung.text.term_vectors import TermVectors


@dataclass(frozen=True, eq=False)
class Describer:
    """Turns an item's text into vectors as the fit did.

    Parameters
    ----------
    documents : DocumentSettings
        With the attributes that the fit chose.
    terms : TermVectors
    encoder : TextEncoder or None
    """

    documents: DocumentSettings
    terms: TermVectors
    encoder: TextEncoder | None

    def describe(self, catalogue: pd.DataFrame) -> ItemContent:
        """Vectors of the items of a catalogue, row by row."""
        documents = build_documents(catalogue, self.documents.attributes, settings=self.documents)
        terms = self.terms.transform(documents)
        if self.encoder is None:
            return ItemContent(terms, np.zeros((len(documents), 0), dtype=np.float32))
        return ItemContent(terms, embed(documents.texts, self.encoder))


class LiveItems:
    """The items of a shop as of now; those of the fit keep their indices.

    An item that comes later is described by its text at once and can be recommended. A known item
    takes new titles, prices and stock at once; what its text says to the model is read again at
    the next fit.

    Parameters
    ----------
    base : ShopState
        Of the fit.
    describer : Describer
    """

    def __init__(self, base: ShopState, describer: Describer) -> None:
        self._base, self._describer = base, describer
        self.items: Identifiers = base.items
        self.catalogue: pd.DataFrame = base.catalogue.reset_index(drop=True)
        self.listed: np.ndarray = base.listed
        self.in_stock: np.ndarray = base.in_stock
        self.content: ItemContent = base.content

    def with_items(self, items: Sequence[Item]) -> "LiveItems":
        """These items and others as the store has them; this object stays as it is.

        Parameters
        ----------
        items : sequence of Item

        Notes
        -----
        New items are described, a thousand of them for seconds.
        """
        given = {item.item_id: _usable(item.attributes) for item in items}
        other = LiveItems(self._base, self._describer)
        other.items = self.items.appended(given)
        n_items = len(other.items)
        places = {name: int(i) for name, i in zip(given, other.items.index_of(given), strict=True)}
        other.catalogue = _with_values(self.catalogue, n_items, places, given)
        other.content = self._content_with(other.catalogue)
        other.listed = _padded(self.listed, n_items, fill=True)
        # An item that order lines alone had made known is one of the catalogue from now on.
        other.listed[list(places.values())] = True
        other.in_stock = _padded(self.in_stock, n_items, fill=True)
        other.set_stock(items)
        return other

    def set_stock(self, items: Sequence[Item]) -> None:
        """Take in nothing but the stock of known items, where it is told."""
        stock = self.in_stock.copy()
        for item in items:
            place, told = self.items.find(item.item_id), item.attributes.get(schema.IN_STOCK)
            if place >= 0 and told is not None:
                stock[place] = bool(told)
        self.in_stock = stock

    def state(self, as_of: int | None) -> ShopState:
        """The shop's state with these items and the fit's interactions."""
        base = self._base
        return ShopState(
            as_of=as_of,
            users=base.users,
            items=self.items,
            catalogue=self.catalogue,
            listed=self.listed,
            in_stock=self.in_stock,
            interactions=base.interactions,
            reviews=base.reviews,
            content=self.content,
        )

    def _content_with(self, catalogue: pd.DataFrame) -> ItemContent:
        rows = catalogue.iloc[len(self.items) :]
        if not len(rows):
            return self.content
        found = self._describer.describe(rows.reset_index(drop=True))
        terms = sp.csr_array(sp.vstack([self.content.terms, found.terms], format="csr"))
        variants = self.content.variants
        if variants is not None:
            variants = with_new_variants(variants, catalogue, terms)
        return ItemContent(
            terms, np.concatenate([self.content.embeddings, found.embeddings]), variants
        )


def _usable(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _padded(values: np.ndarray, n: int, *, fill: bool) -> np.ndarray:
    return np.append(values, np.full(n - len(values), fill))


def _with_values(
    catalogue: pd.DataFrame,
    n_items: int,
    places: Mapping[str, int],
    given: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """The catalogue with new rows and values; columns that it lacks are added as text or number."""
    catalogue = catalogue.reindex(range(n_items))
    by_column: dict[str, dict[int, Any]] = {}
    for name, attributes in given.items():
        for column, value in attributes.items():
            by_column.setdefault(column, {})[places[name]] = value
    for column, cells in by_column.items():
        catalogue[column] = _column(catalogue.get(column), n_items, cells)
    return catalogue


def _column(old: pd.Series | None, n_items: int, cells: Mapping[int, Any]) -> pd.Series:
    rows, values = list(cells), list(cells.values())
    if old is None:
        numeric = all(isinstance(value, int | float) for value in values)
        old = pd.Series(np.nan, index=range(n_items), dtype="float64" if numeric else "str")
    new = old.astype(object)
    new.iloc[rows] = values
    if pd.api.types.is_bool_dtype(old.dtype) or str(old.dtype) == "boolean":
        return new.astype("boolean")
    if pd.api.types.is_numeric_dtype(old.dtype):
        # Whole numbers can't hold the empty cells of items that lack the value.
        return pd.to_numeric(new, errors="coerce").astype("float64")
    texts = [None if pd.isna(value) else _text(value) for value in new]
    return pd.Series(texts, index=range(n_items), dtype="str")


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
