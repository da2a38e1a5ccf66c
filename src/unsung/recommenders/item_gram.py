"""What items have in common: buyers, words and meaning, in any part of the catalogue."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from unsung.data.state import ItemContent, ShopState
from unsung.recommenders.content_profile import encoder_similarity, term_similarity
from unsung.recommenders.neighbours import keep_largest_of


@dataclass(frozen=True)
class TextWeights:
    """How many common buyers equal text is worth.

    Parameters
    ----------
    terms, encoder : float
        For two items with equal term vectors, and with equal encoder vectors.
    temperature : float
        Of the encoder similarity.
    """

    terms: float
    encoder: float
    temperature: float

    def add_to(self, block: np.ndarray, content: ItemContent, start: int, stop: int) -> np.ndarray:
        """Add what the texts of items ``start:stop`` have in common with those of all items.

        Parameters
        ----------
        block : ndarray of float32, shape (n_items, stop - start)
            Overwritten.
        content : ItemContent
        start, stop : int
        """
        if self.terms:
            block += np.float32(self.terms) * term_similarity(content, start, stop)
        if self.encoder:
            near = encoder_similarity(content, start, stop, self.temperature)
            block += np.float32(self.encoder) * near
        return block


@dataclass(frozen=True, eq=False)
class ItemGram:
    """The summed Gram matrix X'X + a TT' + b EE' of users, words and meaning, never made whole.

    Parameters
    ----------
    together : csr_array of float32, shape (n_items, n_items)
        Common buyers; the diagonal counts an item's own.
    content : ItemContent
    text : TextWeights
    """

    together: sp.csr_array
    content: ItemContent
    text: TextWeights

    @classmethod
    def of(cls, state: ShopState, text: TextWeights, *, kept: int) -> Self:
        """Count who bought what together.

        Parameters
        ----------
        state : ShopState
            With content vectors.
        text : TextWeights
        kept : int
            Counts kept of each item, the largest; what two items share is known if either keeps
            it. Exact where no item shares buyers with more.
        """
        return cls(common_buyers(state, kept), state.content, text)

    def columns(self, start: int, stop: int) -> np.ndarray:
        """Some columns of it: ndarray of float32, shape (n_items, stop - start)."""
        # Symmetric: its rows are its columns, and quicker found.
        block: np.ndarray = self.together[start:stop].toarray().T
        return self.text.add_to(block, self.content, start, stop)

    def among(self, items: np.ndarray) -> np.ndarray:
        """Rows and columns of some items: ndarray of float32, shape (len(items), len(items))."""
        block: np.ndarray = self.together[items][:, items].toarray()
        few = ItemContent(self.content.terms[items], self.content.embeddings[items])
        return self.text.add_to(block, few, 0, len(items))

    def diagonal(self) -> np.ndarray:
        """What each item has in common with itself: ndarray of float32, shape (n_items,)."""
        own: np.ndarray = self.together.diagonal()
        terms, described = self.content.terms, self.content.embeddings.any(axis=1)
        own += np.float32(self.text.terms) * np.asarray(terms.multiply(terms).sum(axis=1))
        own += np.float32(self.text.encoder) * described
        return own


def common_buyers(state: ShopState, kept: int) -> sp.csr_array:
    """How many users bought both of two items.

    Parameters
    ----------
    state : ShopState
    kept : int
        Largest counts kept of each item; a count stays if either of its two items keeps it.

    Returns
    -------
    together : csr_array of float32, shape (n_items, n_items)
        Symmetric, with every item's own buyers on the diagonal.
    """
    n = state.n_items
    bought = state.pairs.matrix(n)
    by_item = sp.csr_array(bought.T)
    if n <= kept:
        return sp.csr_array(by_item @ bought)

    def column_block(start: int, stop: int) -> np.ndarray:
        block: np.ndarray = (by_item[start:stop] @ bought).toarray().T
        return block

    largest = keep_largest_of(column_block, n, kept)
    own = sp.diags_array(bought.multiply(bought).sum(axis=0), format="csr")
    return sp.csr_array(largest.maximum(largest.T) + own)
