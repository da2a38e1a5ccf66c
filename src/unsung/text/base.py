"""The protocol of text encoders."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class TextEncoder(Protocol):
    """Turns text into vectors whose dot product is their similarity.

    Attributes
    ----------
    name : str
        Stable name that goes into bundles, such as ``all-MiniLM-L6-v2``.
    dim : int
        Length of a vector.
    """

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Encode texts.

        Returns
        -------
        vectors : ndarray of float32, shape (len(texts), dim)
            Rows of length 1; a row of zeros for an empty text. The same text gives the same row
            whatever stands beside it (to 1e-5).
        """
        ...
