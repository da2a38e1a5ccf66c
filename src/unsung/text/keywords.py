"""What sets the text of an item, of a category or of a history apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from unsung.errors import InputError
from unsung.text.phrases import PhraseCounts, count_phrases, without_fragments

_PRIOR_PHRASES = 500.0
_STANDS_ALONE = 0.3


class Keyword(NamedTuple):
    """A phrase and how far it sets a text apart: a z-score, or a share of the best one."""

    phrase: str
    weight: float


def log_odds(
    counts: np.ndarray,
    n: np.ndarray | float,
    others: np.ndarray,
    n_others: np.ndarray | float,
    prior: np.ndarray,
) -> np.ndarray:
    """z-score of the log-odds of phrases in one text against others, with an informative prior.

    Parameters
    ----------
    counts, others : ndarray of float64, shape (n_phrases,)
        How often each phrase is used here and there.
    n, n_others : float
        Counts of all phrases, those not given included.
    prior : ndarray of float64, shape (n_phrases,)
        Pseudo-counts in proportion to the phrases' frequency at large, above 0.

    Returns
    -------
    z : ndarray of float64, shape (n_phrases,)
        Above 0 for what is used more here.

    References
    ----------
    Monroe, Colaresi and Quinn (2008), Fightin' Words, doi:10.1093/pan/mpn018, equations 15, 16
    and 22, with the prior's total taken as that of all phrases.

    Examples
    --------
    >>> z = log_odds(np.array([3.0, 1.0]), 10, np.array([0.0, 9.0]), 90, np.array([0.3, 1.0]))
    >>> bool(z[0] > 1 > z[1])
    True
    """
    total = _PRIOR_PHRASES
    here, there = counts + prior, others + prior
    odds = np.log(here / np.maximum(n + total - here, 1e-9))
    odds -= np.log(there / np.maximum(n_others + total - there, 1e-9))
    return np.asarray(odds / np.sqrt(1 / here + 1 / there))


@dataclass(frozen=True, eq=False)
class Keywords:
    """Phrases of a catalogue's texts, to ask for those of an item, a category or a history.

    Parameters
    ----------
    counts : PhraseCounts
    categories : tuple of str, length n_categories
        Sorted; empty where none were given.
    category_of : ndarray of int32, shape (n_items,)
        Row of the item's category; -1 for none.
    by_category : csr_array of float64, shape (n_categories, n_phrases)
    total : ndarray of float64, shape (n_phrases,)
        Counts in all texts.
    joined : frozenset of str
        Phrases that nearly always stand inside one longer phrase; they are no keywords.

    Examples
    --------
    >>> keywords = Keywords.fit(["red oak table", "oak chair", "oak bed"], ["t", "c", "b"])
    >>> [keyword.phrase for keyword in keywords.of_category("t", 2)]
    ['red', 'table']
    """

    counts: PhraseCounts
    categories: tuple[str, ...]
    category_of: np.ndarray = field(repr=False)
    by_category: sp.csr_array = field(repr=False)
    total: np.ndarray = field(repr=False)
    joined: frozenset[str] = field(repr=False)

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        categories: Sequence[str | None] | None = None,
        max_words: int = 3,
    ) -> "Keywords":
        """Count the phrases of items' texts.

        Parameters
        ----------
        texts : sequence of str
            Titles or documents, one an item.
        categories : sequence of str or None, optional
            Of the same length.
        max_words : int
            Longest phrase.

        Raises
        ------
        InputError
            Where the lengths differ.
        """
        given = list(categories) if categories is not None else [None] * len(texts)
        if len(given) != len(texts):
            raise InputError(f"{len(given)} categories of {len(texts)} texts: give each item one.")
        counts = count_phrases(texts, max_words)
        names = sorted({name for name in given if isinstance(name, str) and name})
        row_of = {name: row for row, name in enumerate(names)}
        category_of = np.array(
            [row_of.get(name, -1) if isinstance(name, str) else -1 for name in given], np.int32
        )
        known = np.flatnonzero(category_of >= 0)
        member = sp.csr_array(
            (np.ones(len(known)), (category_of[known], known)), shape=(len(names), len(texts))
        )
        total = np.asarray(counts.counts.sum(axis=0), dtype=np.float64)
        by_category = sp.csr_array(member @ counts.counts)
        return cls(counts, tuple(names), category_of, by_category, total, _joined(counts))

    def of_item(self, item: int, n: int = 10) -> list[Keyword]:
        """Keywords of an item, best first: against its category where known, and the shop."""
        columns, z = self._item_weights(item)
        return self._best(columns, z, n)

    def of_category(self, category: str, n: int = 10) -> list[Keyword]:
        """Keywords of a category against the rest of the shop; none for an unknown category."""
        if category not in self.categories:
            return []
        row = self.by_category[[self.categories.index(category)]]
        columns, counts = row.indices, row.data.astype(np.float64)
        return self._best(columns, self._against(columns, counts, counts.sum(), self.total), n)

    def of_history(self, items: np.ndarray, weights: np.ndarray, n: int = 10) -> list[Keyword]:
        """Keywords of a user's history.

        Parameters
        ----------
        items : ndarray of int, shape (n,)
        weights : ndarray of float, shape (n,)
            How much each item counts, such as ``recency_weights``.
        n : int

        Returns
        -------
        keywords : list of Keyword
            Weights are shares of the best one's. A phrase counts for each item that has it among
            what sets it apart.
        """
        summed = np.zeros(len(self.total))
        for item, weight in zip(items.tolist(), weights.tolist(), strict=True):
            columns, z = self._item_weights(item)
            summed[columns] += weight * np.maximum(z, 0)
        columns = np.flatnonzero(summed > 0)
        best = self._best(columns, summed[columns], n)
        return [Keyword(phrase, weight / best[0].weight) for phrase, weight in best]

    def _item_weights(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        row = self.counts.counts[[item]]
        columns, counts = row.indices, row.data.astype(np.float64)
        z = self._against(columns, counts, counts.sum(), self.total)
        category = self.category_of[item]
        if category >= 0:
            like_it = self.by_category[[category]].toarray()[0]
            z = (z + self._against(columns, counts, counts.sum(), like_it)) / 2
        return columns, z

    def _against(
        self, columns: np.ndarray, counts: np.ndarray, n: float, whole: np.ndarray
    ) -> np.ndarray:
        """z-scores of counts against the rest of a whole that holds them."""
        prior = _PRIOR_PHRASES * self.total[columns] / max(self.total.sum(), 1.0)
        return log_odds(counts, n, whole[columns] - counts, whole.sum() - n, prior)

    def _best(self, columns: np.ndarray, weight: np.ndarray, n: int) -> list[Keyword]:
        above = weight > 0
        columns, weight = columns[above], weight[above]
        # Equal weights in the order of the alphabet; of a phrase and its part, the phrase.
        order = np.lexsort((columns, -self.counts.n_words[columns], -np.round(weight, 9)))
        phrases = [self.counts.phrases[columns[place]] for place in order]
        taken = without_fragments(phrases, n, self.joined)
        return [Keyword(phrases[place], float(weight[order[place]])) for place in taken]


def recency_weights(age_days: np.ndarray, half_life_days: float = 90.0) -> np.ndarray:
    """Halve the weight with every half-life.

    Parameters
    ----------
    age_days : ndarray of float64, shape (n,)
    half_life_days : float

    Returns
    -------
    weights : ndarray of float64, shape (n,)

    Examples
    --------
    >>> recency_weights(np.array([0.0, 90.0, 180.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    return np.asarray(0.5 ** (np.asarray(age_days, dtype=np.float64) / half_life_days))


def _joined(counts: PhraseCounts) -> frozenset[str]:
    """Phrases that nearly always stand inside one longer phrase."""
    with_it = dict(zip(counts.phrases, counts.n_texts_with.tolist(), strict=True))
    most: dict[str, int] = {}
    for phrase, n in with_it.items():
        parts = phrase.split(" ")
        for start in range(len(parts)):
            for stop in range(start + 1, len(parts) + 1):
                if 0 < stop - start < len(parts):
                    part = " ".join(parts[start:stop])
                    most[part] = max(most.get(part, 0), n)
    return frozenset(
        part
        for part, n in most.items()
        if part in with_it and with_it[part] - n < _STANDS_ALONE * n
    )
