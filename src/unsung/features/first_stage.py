"""What the first-stage scorers say of a candidate, alone and against the user's other ones."""

from typing import Final

import numpy as np

FORMS: Final = {
    "": "Score of {name}.",
    "_rank": "Place by {name} among the user's candidates, from 1 (best); equal scores share it.",
    "_standardised": (
        "Score of {name} less its mean over the user's candidates, in standard deviations."
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


def first_stage_features(scores: dict[str, np.ndarray], valid: np.ndarray) -> dict[str, np.ndarray]:
    """The family ``first_stage``: arrays of float, shape (n_users, n_candidates), by name.

    Parameters
    ----------
    scores : dict of str to ndarray of float32, shape (n_users, n_candidates)
        By scorer; NaN where a scorer knows nothing.
    valid : ndarray of bool, shape (n_users, n_candidates)
        False where a list is padded; padding has no part in ranks, means and deviations.
    """
    found = {}
    for name, raw in scores.items():
        score = np.where(valid, raw, np.nan).astype(np.float64)
        forms = (score, rank_within(score), standardise_within(score))
        found.update({f"first_stage.{name}{form}": v for form, v in zip(FORMS, forms, strict=True)})
    return found


def rank_within(scores: np.ndarray) -> np.ndarray:
    """Place of every score in its row: one plus the number of higher scores.

    Parameters
    ----------
    scores : ndarray of float, shape (n, m)

    Returns
    -------
    rank : ndarray of float64, shape (n, m)
        NaN where the score is.

    Examples
    --------
    >>> rank_within(np.array([[0.5, 0.9, 0.5, np.nan]])).tolist()
    [[2.0, 1.0, 2.0, nan]]
    """
    order = np.argsort(-scores, axis=1, kind="stable")  # NaN comes last
    ordered = np.take_along_axis(scores, order, axis=1)
    is_first = np.ones(scores.shape, dtype=bool)
    is_first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    places = np.where(is_first, np.arange(1, scores.shape[1] + 1), 0)
    rank = np.empty(scores.shape)
    np.put_along_axis(rank, order, np.maximum.accumulate(places, axis=1), axis=1)
    return np.where(np.isnan(scores), np.nan, rank)


def standardise_within(scores: np.ndarray) -> np.ndarray:
    """Scores of every row less their mean, over their standard deviation.

    Returns
    -------
    standardised : ndarray of float64, shape (n, m)
        NaN where the score is; 0 in a row of equal scores.

    Examples
    --------
    >>> standardise_within(np.array([[1.0, 3.0, np.nan], [2.0, 2.0, 2.0]])).tolist()
    [[-1.0, 1.0, nan], [0.0, 0.0, 0.0]]
    """
    known = ~np.isnan(scores)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    centred = scores - np.where(known, scores, 0).sum(axis=1, keepdims=True) / n
    spread = np.sqrt((np.where(known, centred, 0) ** 2).sum(axis=1, keepdims=True) / n)
    # Equal scores may differ from their mean by rounding.
    flat = spread <= 1e-9 * np.abs(np.where(known, scores, 0)).max(axis=1, keepdims=True, initial=0)
    return np.where(flat & known, 0.0, centred / np.where(flat, 1.0, spread))
