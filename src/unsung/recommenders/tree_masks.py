"""Sums of many small trees, for a few hundred rows at a time, without walking through any tree."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

MOST_LEAVES: Final = 64
MOST_CELLS: Final = 2**25
"""Of the tables of one ensemble: 128 MB where trees have up to 32 leaves."""
ROWS: Final = 512
"""Rows at a time: what they need stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Known:
    """What some columns alone leave of the trees, for rows that are asked for again and again.

    Parameters
    ----------
    columns : frozenset of int
    masks : ndarray of uint32 or uint64, shape (n_known, n_trees)
        Bit j of a tree is 1 where its leaf j, from the left, can still be reached.
    """

    columns: frozenset[int]
    masks: np.ndarray


@dataclass(frozen=True)
class Split:
    """One inner node: which leaves a row loses that goes to the right.

    Parameters
    ----------
    column, tree : int
    threshold : float
        Rows with a value above it go to the right.
    lost : int
        Bits of the leaves to its left.
    nan_goes_right : bool
    """

    column: int
    tree: int
    threshold: float
    lost: int
    nan_goes_right: bool


class TreeMasks:
    """Scores rows by looking up, column by column, which leaves their value leaves open.

    Each column has a table with a row for every interval between its thresholds, and one for NaN.
    What remains of a tree when all columns have had their say begins with its leaf.

    Parameters
    ----------
    splits : sequence of Split
        Of all trees.
    leaves : ndarray of float64, shape (n_trees, width)
        Values from left to right; width is 32 or 64.
    n_columns : int

    References
    ----------
    Lucchese et al., QuickScorer: a fast algorithm to rank documents with additive ensembles of
    regression trees, SIGIR 2015, doi:10.1145/2766462.2767733.
    """

    def __init__(self, splits: Sequence[Split], leaves: np.ndarray, n_columns: int) -> None:
        n_trees, width = leaves.shape
        self._mask: type[np.unsignedinteger[Any]] = np.uint32 if width == 32 else np.uint64
        self._real: type[np.floating[Any]] = np.float32 if width == 32 else np.float64
        info = np.finfo(self._real)
        self._mantissa = info.nmant
        # The exponent of 2 ** j, less its bias, is j.
        self._first_leaf = np.arange(n_trees) * width - (2 ** (info.nexp - 1) - 1)
        self._leaves = leaves.ravel()
        self.n_trees = n_trees
        self.lowest = float(leaves.min(axis=1, where=~np.isnan(leaves), initial=np.inf).sum())
        by_column: list[list[Split]] = [[] for _ in range(n_columns)]
        for split in splits:
            by_column[split.column].append(split)
        self._columns = [self._table(some) for some in by_column]
        self._memory = threading.local()

    def _table(self, splits: Sequence[Split]) -> tuple[np.ndarray, np.ndarray]:
        """Thresholds of a column, and what each interval between them leaves of every tree."""
        exact = np.array([split.threshold for split in splits])
        rounded = exact.astype(np.float32)
        # Rows are float32: x <= t holds where x is at most the next float32 below t.
        lower = np.nextafter(rounded, np.float32(-np.inf))
        limit = np.where(rounded > exact, lower, rounded)
        thresholds, place = np.unique(limit, return_inverse=True)
        tree = np.array([split.tree for split in splits], dtype=np.int64)
        lost = np.array([split.lost for split in splits], dtype=self._mask)
        nan = np.array([split.nan_goes_right for split in splits], dtype=bool)
        table = np.full((len(thresholds) + 2, self.n_trees), ~self._mask(0), dtype=self._mask)
        np.bitwise_and.at(table, (place + 1, tree), ~lost)
        np.bitwise_and.accumulate(table[:-1], axis=0, out=table[:-1])
        np.bitwise_and.at(table, (np.full(len(tree), len(table) - 1)[nan], tree[nan]), ~lost[nan])
        return thresholds, table

    def sums(
        self, values: np.ndarray, known: Known | None = None, at: np.ndarray | None = None
    ) -> np.ndarray:
        """Sum of all trees' leaves.

        Parameters
        ----------
        values : ndarray of float32, shape (n, n_columns)
        known : Known, optional
            What some columns leave open; these columns of ``values`` aren't looked at.
        at : ndarray of int, shape (n,), optional
            Which row of ``known`` each row is.

        Returns
        -------
        sums : ndarray of float64, shape (n,)
        """
        found = np.empty(len(values))
        for start in range(0, len(values), ROWS):
            part = slice(start, start + ROWS)
            rows = None if at is None else at[part]
            self._open(values[part], known, rows)
            found[part] = self._of_open(min(ROWS, len(values) - start))
        return found

    def known(self, values: np.ndarray, columns: Sequence[int]) -> Known:
        """What some columns alone leave of the trees.

        Parameters
        ----------
        values : ndarray of float32, shape (n, n_columns)
            Only these columns are looked at.
        columns : sequence of int
        """
        others = Known(frozenset(range(values.shape[1])) - set(columns), self._all(1))
        masks = np.empty((len(values), self.n_trees), dtype=self._mask)
        for start in range(0, len(values), ROWS):
            some = values[start : start + ROWS]
            masks[start : start + ROWS] = self._open(some, others, np.zeros(len(some), np.int64))
        return Known(frozenset(columns), masks)

    def _all(self, n: int) -> np.ndarray:
        return np.full((n, self.n_trees), ~self._mask(0), dtype=self._mask)

    def _open(self, values: np.ndarray, known: Known | None, at: np.ndarray | None) -> np.ndarray:
        """The leaves that rows can still reach: (n, n_trees), in this thread's memory."""
        memory, n = self._buffers, len(values)
        masks, more = memory.masks[:n], memory.more[:n]
        if known is None or at is None:
            masks.fill(~self._mask(0))
        else:
            np.take(known.masks, at, axis=0, out=masks, mode="clip")
        of_all = self._all(1)[0]
        for column, (thresholds, table) in enumerate(self._columns):
            if not len(thresholds) or (known is not None and column in known.columns):
                continue
            value = np.ascontiguousarray(values[:, column])
            place = thresholds.searchsorted(value)
            place[np.isnan(value)] = len(thresholds) + 1
            if (place == place[0]).all():
                of_all &= table[place[0]]
                continue
            np.take(table, place, axis=0, out=more, mode="clip")
            np.bitwise_and(masks, more, out=masks)
        np.bitwise_and(masks, of_all, out=masks)
        return masks

    def _of_open(self, n: int) -> np.ndarray:
        """Sum of the first open leaves, of what ``_open`` left in this thread's memory."""
        memory = self._buffers
        masks, more, real, place = (
            part[:n] for part in (memory.masks, memory.more, memory.real, memory.place)
        )
        np.negative(masks, out=more)
        np.bitwise_and(masks, more, out=masks)  # the lowest bit alone: 2 ** its place
        np.copyto(real, masks, casting="unsafe")
        exponent = real.view(self._mask)
        np.right_shift(exponent, self._mask(self._mantissa), out=exponent)
        np.add(exponent, self._first_leaf, out=place, casting="unsafe")
        leaves = memory.leaves[:n]
        self._leaves.take(place, out=leaves, mode="clip")
        return np.asarray(leaves.sum(axis=1))

    @property
    def _buffers(self) -> "_Buffers":
        found = getattr(self._memory, "buffers", None)
        if found is None:
            found = self._memory.buffers = _Buffers(self.n_trees, self._mask, self._real)
        return found

    @classmethod
    def of_texts(cls, texts: Sequence[str], n_columns: int) -> Self | None:
        """The trees of lightgbm models, from their text.

        Parameters
        ----------
        texts : sequence of str
            As ``Booster.model_to_string`` gives them.
        n_columns : int

        Returns
        -------
        trees : TreeMasks or None
            None where they are too large, or of a kind that isn't known here (categories, linear
            leaves, zeros as missing values).
        """
        trees = [tree for text in texts for tree in _trees_of(text)]
        widest = max((len(tree.leaf_value) for tree in trees), default=0)
        if widest > MOST_LEAVES or not trees or not all(tree.simple for tree in trees):
            return None
        splits = [split for number, tree in enumerate(trees) for split in tree.splits(number)]
        if (len(splits) + 2 * n_columns) * len(trees) > MOST_CELLS:
            return None
        leaves = np.full((len(trees), 32 if widest <= 32 else 64), np.nan)
        for row, tree in enumerate(trees):
            leaves[row, : len(tree.leaf_value)] = np.array(tree.leaf_value)[tree.order]
        return cls(splits, leaves, n_columns)


class _Buffers:
    """Memory of one thread: given back and asked for again, it would cost more than the work."""

    def __init__(self, n_trees: int, mask: type[np.generic], real: type[np.generic]) -> None:
        self.masks, self.more = (np.empty((ROWS, n_trees), dtype=mask) for _ in range(2))
        self.real = np.empty((ROWS, n_trees), dtype=real)
        self.place = np.empty((ROWS, n_trees), dtype=np.int64)
        self.leaves = np.empty((ROWS, n_trees))


@dataclass(frozen=True)
class _Tree:
    """One tree of a lightgbm model; children below zero are leaves, counted from -1 down."""

    simple: bool
    leaf_value: list[float]
    column: list[int]
    threshold: list[float]
    decision: list[int]
    left: list[int]
    right: list[int]

    @cached_property
    def _walked(self) -> tuple[list[int], dict[int, tuple[int, int]]]:
        order: list[int] = []
        first: dict[int, int] = {}
        spans: dict[int, tuple[int, int]] = {}
        waiting = [(0 if self.column else -1, False)]
        while waiting:
            node, left_done = waiting.pop()
            if node < 0:
                order.append(~node)
            elif left_done:
                spans[node] = (first[node], len(order))
                waiting.append((self.right[node], False))
            else:
                first[node] = len(order)
                waiting += [(node, True), (self.left[node], False)]
        return order, spans

    @property
    def order(self) -> list[int]:
        """The leaves from left to right."""
        return self._walked[0]

    def splits(self, tree: int) -> list[Split]:
        """The inner nodes."""
        found = []
        for node, (start, stop) in self._walked[1].items():
            threshold, decision = self.threshold[node], self.decision[node]
            # Bit 1: NaN goes to the left; bits 2 and 3: 0 where NaN stands for zero, 2 where not.
            right = threshold < 0 if decision >> 2 == 0 else not decision & 2
            lost = (1 << stop) - (1 << start)
            found.append(Split(self.column[node], tree, threshold, lost, right))
        return found


def _trees_of(text: str) -> list[_Tree]:
    parts = text.partition("\nend of trees")[0].split("\nTree=")[1:]
    return [
        _tree_of(dict(line.split("=", 1) for line in part.splitlines() if "=" in line))
        for part in parts
    ]


def _tree_of(said: dict[str, str]) -> _Tree:
    def numbers(name: str) -> list[int]:
        return [int(word) for word in said.get(name, "").split()]

    decisions = numbers("decision_type")
    simple = said.get("num_cat") == "0" and said.get("is_linear", "0") == "0"
    return _Tree(
        simple=simple and all(not d & 1 and d >> 2 in (0, 2) for d in decisions),
        leaf_value=[float(word) for word in said["leaf_value"].split()],
        column=numbers("split_feature"),
        threshold=[float(word) for word in said.get("threshold", "").split()],
        decision=decisions,
        left=numbers("left_child"),
        right=numbers("right_child"),
    )
