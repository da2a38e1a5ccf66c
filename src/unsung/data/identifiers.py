"""The shop's own ids on one side, int32 row numbers on the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Identifiers:
    """A two-way table between ids (text) and indices (int32, 0-based).

    Indices follow the order of a *hash* of the id: neither an id's alphabetical place nor a row's
    place in a file is visible in them, so breaking ties by index gives no item an advantage, and
    shuffled files give the same indices.

    Parameters
    ----------
    values : ndarray of object (str), shape (n,)
        The ids; ``values[index]`` is the id.

    Examples
    --------
    >>> ids = Identifiers.from_ids(["b", "a", "b"])
    >>> len(ids)
    2
    >>> [ids.values[i] for i in ids.index_of(["a", "b"])]
    ['a', 'b']
    >>> ids.find("nobody")
    -1
    """

    values: np.ndarray

    @classmethod
    def from_ids(cls, ids: Iterable[str]) -> "Identifiers":
        """Number the distinct ``ids``."""
        return cls(_hash_ordered(np.asarray(pd.unique(_as_index(ids)), dtype=object)))

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def _index(self) -> Any:
        return pd.Index(self.values, dtype=object)

    def index_of(self, ids: Iterable[str]) -> np.ndarray:
        """Indices of ``ids``: ndarray of int32, shape (n,); -1 where an id is not known."""
        found: np.ndarray = self._index.get_indexer(_as_index(ids)).astype(np.int32)
        return found

    def find(self, one: str) -> int:
        """Index of one id, -1 where it isn't known: a tenth of what ``index_of`` takes for it."""
        if len(self.values) == 1:  # of a state that shows one user, an index would be made anew
            return 0 if self.values[0] == one else -1
        try:
            return int(self._index.get_loc(one))
        except KeyError:
            return -1

    def appended(self, ids: Iterable[str]) -> "Identifiers":
        """The same table with unknown ``ids`` at its end; known indices stay as they are."""
        wanted = np.asarray(pd.unique(_as_index(ids)), dtype=object)
        new = wanted[self.index_of(wanted) < 0]
        return Identifiers(np.concatenate([self.values, _hash_ordered(new)]))


def _as_index(ids: Iterable[str]) -> Any:
    listed = ids if isinstance(ids, Sequence | np.ndarray | pd.Series | pd.Index) else list(ids)
    return pd.Index(np.asarray(listed, dtype=object), dtype=object)


def _hash_ordered(values: np.ndarray) -> np.ndarray:
    if len(values) == 0:
        return values
    hashes = pd.util.hash_array(values, categorize=False)
    order = np.argsort(hashes, kind="stable")
    if (hashes[order][1:] == hashes[order][:-1]).any():
        # The id itself decides between equal hashes, so that the order is total. Not by an array
        # of text, in which every id would take as much room as the longest.
        ranked = sorted(range(len(values)), key=lambda place: (hashes[place], values[place]))
        order = np.array(ranked)
    return values[order]
