"""What the first-stage scorers say of a candidate, alone and against the whole catalogue."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np

from unsung.recommenders.blend import Scale, row_scale

FORMS: Final = {
    "": "Score of {name}.",
    "_rank": "Place by {name} among the shop's items, from 1 (best); equal scores share it.",
    "_standardised": (
        "Score of {name} less its mean over the shop's items, in standard deviations."
    ),
}


def first_stage_definitions(names: tuple[str, ...]) -> dict[str, str]:
    """Feature name -> definition for scorers of these names.

    Examples
    --------
    >>> list(first_stage_definitions(("linear",)))
    ['first_stage.linear', 'first_stage.linear_rank', 'first_stage.linear_standardised']
    """
    return {
        f"first_stage.{name}{form}": sentence.format(name=name)
        for name in names
        for form, sentence in FORMS.items()
    }


def direction_of(feature: str, scorers: Collection[str]) -> int:
    """Which way a feature may move a score: 1 up only, -1 down only, 0 either way.

    Parameters
    ----------
    feature : str
        Name of any feature.
    scorers : collection of str
        Those whose better opinion of an item may never harm it.

    Examples
    --------
    >>> names = ("first_stage.terms", "first_stage.terms_rank", "item.price")
    >>> [direction_of(name, ("terms",)) for name in names]
    [1, -1, 0]
    """
    scorer, form = split_name(feature)
    if scorer not in scorers:
        return 0
    return -1 if form == "_rank" else 1


def split_name(feature: str) -> tuple[str, str]:
    """Scorer and form of a first-stage feature; two empty strings for any other feature.

    Examples
    --------
    >>> split_name("first_stage.trend_log_rank"), split_name("item.price")
    (('trend_log', '_rank'), ('', ''))
    """
    family, _, name = feature.partition(".")
    if family != "first_stage":
        return "", ""
    form = next((form for form in FORMS if form and name.endswith(form)), "")
    return name.removesuffix(form), form


def first_stage_features(
    scores: Mapping[str, np.ndarray],
    candidates: np.ndarray,
    counted: np.ndarray,
    scales: Mapping[str, Scale] | None = None,
) -> dict[str, np.ndarray]:
    """The family ``first_stage``: arrays of float, shape (n_users, n_candidates), by name.

    Ranks, means and deviations are over the counted items, never over the candidates: which
    other items were chosen, or sampled for training, leaves no trace in an item's numbers.

    Parameters
    ----------
    scores : mapping of str to ndarray of float32, shape (n_users, n_items)
        Of every item, by scorer.
    candidates : ndarray of int, shape (n_users, n_candidates)
        Item indices; -1 where a list is padded.
    counted : ndarray of bool, shape (n_counted,)
        Which of the first ``n_counted`` items are compared with.
    scales : mapping of str to pair of ndarray, optional
        ``row_scale`` over the counted items by scorer, for those where it is known already.
    """
    rows = np.arange(len(candidates))[:, None]
    items = np.maximum(candidates, 0)
    found: dict[str, np.ndarray] = {}
    for name, everything in scores.items():
        chosen = everything[rows, items]
        compared = everything[:, : len(counted)]
        if not counted.all():
            compared = compared[:, counted]
        known = (scales or {}).get(name)
        mean, deviation = row_scale(compared) if known is None else known
        forms = (chosen, rank_among(chosen, compared), (chosen - mean) / deviation)
        found.update({f"first_stage.{name}{form}": v for form, v in zip(FORMS, forms, strict=True)})
    return found


def rank_among(scores: np.ndarray, compared: np.ndarray) -> np.ndarray:
    """One plus the number of compared scores that are higher, row by row.

    Parameters
    ----------
    scores : ndarray of float, shape (n, m)
    compared : ndarray of float, shape (n, n_compared)

    Returns
    -------
    rank : ndarray of float32, shape (n, m)

    Examples
    --------
    >>> rank_among(np.array([[0.5, 0.9, 0.1]]), np.array([[0.9, 0.5, 0.5, 0.3]])).tolist()
    [[2.0, 1.0, 5.0]]
    """
    ascending = np.sort(compared, axis=1)
    rank = np.empty(scores.shape, dtype=np.float32)
    for row, (own, others) in enumerate(zip(scores, ascending, strict=True)):
        rank[row] = compared.shape[1] - np.searchsorted(others, own, side="right") + 1
    return rank
