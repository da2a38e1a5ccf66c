"""Item text of a state as numbers: term vectors, and encoder vectors where there is an encoder."""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from unsung.data.state import ItemContent, ShopState
from unsung.progress import Progress, silent
from unsung.text.base import TextEncoder
from unsung.text.catalogue_variants import variants_of
from unsung.text.documents import Documents, DocumentSettings, documents_of, settled
from unsung.text.onnx_encoder import embed
from unsung.text.term_vectors import TermSettings, TermVectors


@dataclass
class ContentBuilder:
    """Describes items as of any moment; a text that was encoded once isn't encoded again.

    Parameters
    ----------
    encoder : TextEncoder or None
    documents : DocumentSettings
    terms : TermSettings
    one_of_variants : bool
        Whether a list holds one of the listings of a product.
    """

    encoder: TextEncoder | None = None
    documents: DocumentSettings = field(default_factory=DocumentSettings)
    terms: TermSettings = field(default_factory=TermSettings)
    one_of_variants: bool = True
    _known: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    def build(
        self, state: ShopState, progress: Progress = silent
    ) -> tuple[ShopState, TermVectors, DocumentSettings]:
        """The state with content vectors, and what later items are described with.

        Returns
        -------
        state : ShopState
            Items that aren't listed at its moment have no vectors.
        vectors : TermVectors
            Fitted on the listed items.
        documents : DocumentSettings
            With the attributes that were chosen.
        """
        progress("reading item texts", 0, 1)
        chosen = settled(self.documents, state.catalogue[state.listed])
        documents = documents_of(state, chosen)
        vectors = TermVectors.fit(_listed(documents, state.listed), self.terms)
        terms = vectors.transform(documents)
        terms = sp.csr_array(sp.diags_array(state.listed.astype(np.float32)) @ terms)
        terms.eliminate_zeros()
        progress("reading item texts", 1, 1)
        embeddings = self._embed(documents, state.listed, progress)
        variants = variants_of(state.catalogue) if self.one_of_variants else None
        return state.with_content(ItemContent(terms, embeddings, variants)), vectors, chosen

    def _embed(self, documents: Documents, listed: np.ndarray, progress: Progress) -> np.ndarray:
        if self.encoder is None:
            return np.zeros((len(documents), 0), dtype=np.float32)
        wanted = [
            text if is_listed else ""
            for text, is_listed in zip(documents.texts, listed, strict=True)
        ]
        new = sorted({text for text in wanted if text} - self._known.keys())
        if new:
            self._known.update(zip(new, embed(new, self.encoder, progress), strict=True))
        nothing = np.zeros(self.encoder.dim, dtype=np.float32)
        rows = [self._known.get(text, nothing) for text in wanted]
        return np.stack(rows) if rows else np.zeros((0, self.encoder.dim), dtype=np.float32)


def _listed(documents: Documents, listed: np.ndarray) -> Documents:
    rows = np.flatnonzero(listed)
    return Documents(
        tuple(documents.texts[row] for row in rows),
        tuple(documents.titles[row] for row in rows),
        tuple(documents.tokens[row] for row in rows),
    )
