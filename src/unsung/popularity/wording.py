"""How much an item's own words say, without any knowledge of a language."""

import re
from collections.abc import Iterable
from typing import Final

import numpy as np

_RUN: Final = re.compile(r"[^\W\d_]{2,}")
# Scripts written without spaces: kana, CJK ideographs and their extensions.
_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def informative_words(texts: Iterable[object]) -> np.ndarray:
    """Number of distinct words of two or more letters in each text.

    Digits and single letters are left out; in scripts without spaces two characters count as a
    word.

    Parameters
    ----------
    texts : iterable of str
        Anything that is not text counts as empty.

    Returns
    -------
    words : ndarray of int64, shape (n,)

    Examples
    --------
    >>> informative_words(["SET OF 3 RED RED TINS", "纯棉毛巾", "12 x 4", None]).tolist()
    [4, 2, 0, 0]
    """
    counts = [len(_words(text)) if isinstance(text, str) else 0 for text in texts]
    return np.array(counts, dtype=np.int64)


def is_blank(texts: Iterable[object]) -> np.ndarray:
    """Which values are missing, or text of nothing but spaces: ndarray of bool, shape (n,)."""
    return np.array([not (isinstance(t, str) and t.strip()) for t in texts], dtype=bool)


def _words(text: str) -> set[str]:
    found: set[str] = set()
    for run in _RUN.findall(text.lower()):
        if _UNSPACED.search(run):
            found.update(run[at : at + 2] for at in range(0, len(run), 2))
        else:
            found.add(run)
    return found
