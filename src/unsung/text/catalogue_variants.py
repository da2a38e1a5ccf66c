"""Which items of a catalogue are one product, of which a list holds one."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from unsung import schema
from unsung.text.near_duplicates import Variants, group_variants

_NEIGHBOURS = 20


def variants_of(catalogue: pd.DataFrame) -> np.ndarray:
    """Groups of items that are one product in several sizes, colours or listings.

    Parameters
    ----------
    catalogue : DataFrame, n_items rows
        ``title``, ``brand`` and ``category`` are read, where it has them.

    Returns
    -------
    variants : ndarray of int32, shape (n_items,)
        Items of one product share a number; -1 for an item alone.

    Examples
    --------
    >>> variants_of(pd.DataFrame({"title": ["red mug", "oak table", "blue mug"]})).tolist()
    [0, -1, 0]
    """
    return _grouped(catalogue).shared


def with_new_variants(
    variants: np.ndarray, catalogue: pd.DataFrame, terms: sp.csr_array
) -> np.ndarray:
    """The groups of a catalogue to which items were added at the end.

    Parameters
    ----------
    variants : ndarray of int32, shape (n_known,)
    catalogue : DataFrame, n_items rows
    terms : csr_array of float32, shape (n_items, n_terms)
        Term vectors of all: a new item is held against its nearest neighbours alone.

    Returns
    -------
    variants : ndarray of int32, shape (n_items,)
        Known groups keep their numbers.
    """
    n_known, n = len(variants), len(catalogue)
    added = np.append(variants, np.full(n - n_known, -1)).astype(np.int32)
    new = np.arange(n_known, n)
    near = sp.csr_array(terms[new] @ terms.T)
    beside = [
        row.indices[np.argsort(-row.data, kind="stable")[:_NEIGHBOURS]]
        for row in (near[[place]] for place in range(len(new)))
    ]
    some = np.unique(np.concatenate([new, *beside]))
    group = _grouped(catalogue.iloc[some]).shared
    following = int(variants.max(initial=-1)) + 1
    for number in np.unique(group[group >= 0]):
        members = some[group == number]
        if members[-1] < n_known:
            continue
        known = added[members][added[members] >= 0]
        label = int(known.min()) if len(known) else following
        following += not len(known)
        alone = members[added[members] < 0]
        added[alone] = label
    return added


def _grouped(catalogue: pd.DataFrame) -> Variants:
    titles, brands, categories = (
        _cells(catalogue, name) for name in (schema.TITLE, schema.BRAND, schema.CATEGORY)
    )
    return group_variants([title or "" for title in titles], brands, categories)


def _cells(catalogue: pd.DataFrame, name: str) -> list[str | None]:
    if name not in catalogue:
        return [None] * len(catalogue)
    return [value if isinstance(value, str) else None for value in catalogue[name].tolist()]
