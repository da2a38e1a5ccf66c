"""What an evaluation needs to know of the items, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from unsung.errors import InputError
from unsung.popularity.segments import SEGMENT_NAMES


@dataclass(frozen=True, eq=False)
class ItemTable:
    """Segment, band and popularity of every item of the catalogue, as of the cut-off.

    Parameters
    ----------
    segments : ndarray of int8, shape (n_items,)
        Code of each item's segment, an index into ``segment_names``.
    buyers : ndarray of int64, shape (n_items,)
        Popularity: distinct buyers in training, never in the test window.
    n_training_users : int
        Users that ``buyers`` was counted over.
    segment_names : tuple of str
        Meaning of the segment codes.
    bands : ndarray of int8, shape (n_items,), optional
        Code of each item's popularity band, an index into ``band_names``.
    band_names : tuple of str
        Such as ``("0-20", "20-40", "40-60", "60-100")``, in percent of the catalogue from the most
        popular item down.
    vectors : ndarray or csr_array of float, shape (n_items, dim), optional
        What intra-list diversity compares.
    owners : mapping of str to ndarray of int, shape (n_items,)
        ``sellers``, ``brands``: number of each item's owner, -1 where it has none.

    Raises
    ------
    InputError
        Where a column has another length or a code has no name.
    """

    segments: np.ndarray
    buyers: np.ndarray
    n_training_users: int
    segment_names: tuple[str, ...] = SEGMENT_NAMES
    bands: np.ndarray | None = None
    band_names: tuple[str, ...] = ()
    vectors: np.ndarray | sp.csr_array | None = None
    owners: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for column in ("buyers", "bands", "vectors"):
            values = getattr(self, column)
            if values is not None and values.shape[0] != len(self):
                raise InputError(
                    f"{column} has {values.shape[0]} rows and segments has {len(self)}: give one"
                    " for each item of the catalogue."
                )
        _check_codes("segments", self.segments, self.segment_names)
        if self.bands is not None:
            _check_codes("bands", self.bands, self.band_names)
        if len(self) and self.buyers.max() > self.n_training_users:
            raise InputError(
                f"an item has {self.buyers.max()} buyers of {self.n_training_users} users:"
                " count both over the same training rows."
            )

    def __len__(self) -> int:
        return len(self.segments)

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """Name -> members (ndarray of bool, shape (n_items,)) of what is reported apart.

        Every segment, and where the names allow: ``tail_fresh``, established tail and fresh
        together; ``not_head``, everything outside the head.
        """
        names = self.segment_names
        groups = {name: self.segments == code for code, name in enumerate(names)}
        if "tail" in groups and "fresh" in groups:
            groups["tail_fresh"] = groups["tail"] | groups["fresh"]
        if "head" in groups:
            groups["not_head"] = ~groups["head"]
        return groups

    @cached_property
    def band_members(self) -> dict[str, np.ndarray]:
        """Name -> members of each popularity band; empty where no bands were given."""
        if self.bands is None:
            return {}
        return {name: self.bands == code for code, name in enumerate(self.band_names)}


def _check_codes(column: str, codes: np.ndarray, names: tuple[str, ...]) -> None:
    wrong = (codes < 0) | (codes >= len(names))
    if wrong.any():
        item = int(np.argmax(wrong))
        raise InputError(
            f"{column}: item {item} has code {codes[item]}, but names are given for 0 to"
            f" {len(names) - 1}."
        )
