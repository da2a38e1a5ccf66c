"""Items by words and by meaning, and items that go with another one."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from unsung import schema
from unsung.data.state import ShopState
from unsung.operations.histories import Said
from unsung.operations.served_model import NOBODY, ServedModel
from unsung.pipeline.ranking import top_k
from unsung.pipeline.reasons import title_of
from unsung.pipeline.rules import Rules, allowed_items
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.recommenders.linear import Linear
from unsung.schema import EMPTY
from unsung.text.documents import Documents
from unsung.text.normalise import normalise

CONTAINED: Final = 0.5
"""What an item gains whose title holds the query letter by letter, as when a word is half typed."""


@dataclass(frozen=True)
class Found:
    """One item that was found.

    Parameters
    ----------
    item_id, title : str
    score : float
        Comparable within the answer alone.
    segment : str
        As of the fit.
    """

    item_id: str
    title: str
    score: float
    segment: str


def find_items(
    served: ServedModel, text: str, k: int, rules: Rules | None = None
) -> tuple[Found, ...]:
    """Items that a text asks for, best first.

    Parameters
    ----------
    served : ServedModel
    text : str
        Words, part of a word, an item's id, or a wish such as "a present for a gardener".
    k : int
    rules : Rules, optional

    Notes
    -----
    The score is the cosine of the term vectors plus that of the encoder's, plus ``CONTAINED``
    where the title holds the text.
    """
    state, describer = served.shop.whole, served.describer
    query = Documents.from_texts([text])
    scores = np.asarray((state.content.terms @ describer.terms.transform(query).T).toarray())[:, 0]
    if describer.encoder is not None and state.content.embeddings.shape[1]:
        scores = scores + state.content.embeddings @ describer.encoder.encode(query.texts)[0]
    scores = scores + CONTAINED * _holding(state, query.texts[0])
    exact = state.items.find(text.strip())
    if exact >= 0:
        scores[exact] = scores.max() + 1
    return _best(served, scores, k, allowed_items(state, rules or Rules(in_stock_only=False)))


def similar_items(
    served: ServedModel,
    item_id: str,
    k: int,
    now: int,
    segments: Collection[str] = SEGMENT_NAMES,
    rules: Rules | None = None,
) -> tuple[Found, ...]:
    """Items that go with one: bought by the same customers, or alike in words or meaning.

    Parameters
    ----------
    served : ServedModel
    item_id : str
    k : int
    now : int
        Microseconds since 1970 UTC.
    segments : collection of str
        Only items of these; those beyond the head give "others to discover".
    rules : Rules, optional

    Returns
    -------
    found : tuple of Found
        Empty for an item that isn't known.

    Notes
    -----
    The score is the linear model's, brought to at most 1, plus the cosines of both texts' vectors:
    an item that nobody bought has neighbours too.
    """
    state = served.shop.whole
    item = state.items.find(item_id)
    if item < 0:
        return ()
    total = _bought_together(served, item_id, now) + _alike(state, item)
    allowed = allowed_items(state, rules or Rules())
    allowed[item] = False
    allowed &= np.isin(_segments(served, state.n_items), list(segments))
    return _best(served, total, k, allowed)


def segment_of(served: ServedModel, item: int) -> str:
    """Segment of an item as of the fit; ``cold`` for one that came later."""
    known = served.bundle.model.segments
    return known[item] if item < len(known) else "cold"


def _bought_together(served: ServedModel, item_id: str, now: int) -> np.ndarray:
    """What the linear model says of a customer who has this item alone, at most 1."""
    said = Said(item_id, now, 1.0, is_target=True, basket=None)
    alone = served.shop.state_of(NOBODY, now, (said,))
    total = np.zeros(alone.n_items)
    for component in served.bundle.model.first.components:
        if isinstance(component, Linear):
            total += component.score(alone, np.zeros(1, dtype=np.int32))[0]
    return np.asarray(total / (total.max() or 1))


def _alike(state: ShopState, item: int) -> np.ndarray:
    """Cosine of the term vectors, plus that of the encoder's where it is above 0."""
    content = state.content
    words = np.asarray((content.terms @ content.terms[[item]].T).toarray())[:, 0]
    return np.asarray(words + np.maximum(content.embeddings @ content.embeddings[item], 0))


def _segments(served: ServedModel, n_items: int) -> np.ndarray:
    known = served.bundle.model.segments
    return np.array([*known, *("cold",) * (n_items - len(known))])


def _holding(state: ShopState, text: str) -> np.ndarray:
    """Which titles hold a text, whatever its letters' case."""
    if schema.TITLE not in state.catalogue or not text:
        return np.zeros(state.n_items)
    titles = state.catalogue[schema.TITLE].fillna("").astype("str").str.lower()
    return titles.str.contains(normalise(text).lower(), regex=False).to_numpy(dtype=np.float64)


def _best(
    served: ServedModel, scores: np.ndarray, k: int, allowed: np.ndarray
) -> tuple[Found, ...]:
    state = served.shop.whole
    chosen = top_k(scores[None, :].astype(np.float32), k, allowed)[0]
    return tuple(
        Found(
            str(state.items.values[item]),
            title_of(state, int(item)),
            float(scores[item]),
            segment_of(served, int(item)),
        )
        for item in chosen.tolist()
        if item != EMPTY and scores[item] > 0
    )
