"""Term vectors (TF-IDF): the baseline that every language model has to beat."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unsung.errors import BundleError
from unsung.settings import Settings
from unsung.text.documents import Documents
from unsung.text.language import words


class TermSettings(Settings):
    """What counts as a term."""

    max_words: int = Field(default=2, ge=1, le=3)
    """Longest run of title words that is a term of its own."""
    min_documents: int = Field(default=1, ge=1)
    """Terms in fewer documents than this are left out."""


@dataclass(frozen=True, eq=False)
class TermVectors:
    """A vocabulary with its weights, as learnt from documents.

    Parameters
    ----------
    settings : TermSettings
    terms : tuple of str, length n_terms
        Sorted, so that the order of the documents is not visible in them.
    idf : ndarray of float64, shape (n_terms,)
        ln((1 + n) / (1 + documents with the term)) + 1.

    Notes
    -----
    Where documents have titles only, equal to scikit-learn's ``TfidfVectorizer(sublinear_tf=True,
    ngram_range=(1, 2))``.

    References
    ----------
    Salton and Buckley (1988), Term-weighting approaches in automatic text retrieval,
    doi:10.1016/0306-4573(88)90021-0.

    Examples
    --------
    >>> documents = Documents.from_texts(["red lamp", "blue lamp"])
    >>> vectors = TermVectors.fit(documents)
    >>> vectors.terms
    ('blue', 'blue lamp', 'lamp', 'red', 'red lamp')
    >>> rows = vectors.transform(documents)
    >>> print(f"{(rows @ rows.T)[0, 1]:.3f}")
    0.202
    """

    settings: TermSettings
    terms: tuple[str, ...]
    idf: np.ndarray = field(repr=False)

    @classmethod
    def fit(cls, documents: Documents, settings: TermSettings | None = None) -> "TermVectors":
        """Learn the vocabulary and how rare its terms are."""
        settings = settings or TermSettings()
        found: Counter[str] = Counter()
        for terms in _terms_of(documents, settings.max_words):
            found.update(set(terms))
        kept = sorted(term for term, count in found.items() if count >= settings.min_documents)
        counts = np.array([found[term] for term in kept], dtype=np.float64)
        return cls(settings, tuple(kept), np.log((1 + len(documents)) / (1 + counts)) + 1)

    def transform(self, documents: Documents) -> sp.csr_array:
        """Weigh the terms of documents.

        Parameters
        ----------
        documents : Documents
            Terms that were not fitted are passed over.

        Returns
        -------
        vectors : csr_array of float32, shape (n, n_terms)
            Rows of length 1, or 0 where no term is known; columns of a row ascend.
        """
        column_of = self._column_of
        indptr = np.zeros(len(documents) + 1, dtype=np.int64)
        columns: list[int] = []
        counts: list[int] = []
        for row, terms in enumerate(_terms_of(documents, self.settings.max_words)):
            found = Counter(column_of[term] for term in terms if term in column_of)
            columns.extend(found.keys())
            counts.extend(found.values())
            indptr[row + 1] = len(columns)
        column = np.array(columns, dtype=np.int32)
        weight = (1 + np.log(np.array(counts, dtype=np.float64))) * self.idf[column]
        row_of = np.repeat(np.arange(len(documents)), np.diff(indptr))
        lengths = np.sqrt(np.bincount(row_of, weight**2, len(documents)))
        vectors = sp.csr_array(
            ((weight / lengths[row_of]).astype(np.float32), column, indptr),
            shape=(len(documents), len(self.terms)),
        )
        vectors.sort_indices()
        return vectors

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What ``fit`` learnt, for a bundle: terms as UTF-8 bytes one after the other."""
        encoded = [term.encode() for term in self.terms]
        ends = np.cumsum([len(term) for term in encoded], dtype=np.int64)
        return {
            "terms": np.frombuffer(b"".join(encoded), dtype=np.uint8),
            "ends": ends,
            "idf": self.idf,
        }

    @classmethod
    def from_arrays(cls, settings: TermSettings, arrays: dict[str, np.ndarray]) -> "TermVectors":
        """The fitted vectors again.

        Raises
        ------
        BundleError
            Where the arrays don't fit together.
        """
        terms, ends, idf = arrays["terms"].tobytes(), arrays["ends"], arrays["idf"]
        starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        if len(ends) != len(idf) or (ends < starts).any() or len(terms) != max(ends, default=0):
            raise BundleError("The term vectors' arrays don't fit; write the bundle again.")
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        return cls(settings, tuple(terms[start:end].decode() for start, end in spans), idf)

    @cached_property
    def _column_of(self) -> dict[str, int]:
        return {term: column for column, term in enumerate(self.terms)}


def _terms_of(documents: Documents, max_words: int) -> Iterator[list[str]]:
    for title, tokens in zip(documents.titles, documents.tokens, strict=True):
        single = words(title)
        terms = list(single)
        for length in range(2, max_words + 1):
            runs = zip(*(single[start:] for start in range(length)), strict=False)
            terms += map(" ".join, runs)
        terms += tokens
        yield terms
