"""Additive blend of first-stage scorers."""

from collections.abc import Mapping, Sequence
from typing import Final, Self
from weakref import WeakKeyDictionary

import numpy as np

from unsung.data.state import ShopState
from unsung.progress import Progress, silent
from unsung.recommenders.base import Part, Recommender
from unsung.recommenders.popular import Popular

Scale = tuple[np.ndarray, np.ndarray]
"""Mean and standard deviation of each row; both of shape (n, 1)."""
_NOBODY: Final = np.full(1, -1, dtype=np.int32)


class Blend:
    """Weighted sum of the components' scores, each standardised within the user.

    Standardising (mean 0, standard deviation 1 over the listed items that were there at the fit)
    makes one weight fit users with two purchases and with two hundred. Items that aren't listed
    have no say, since a past window's catalogue also holds those that came later. A component
    that has nothing to say about a user adds 0, so a user without history gets what is popular,
    and an item without buyers what its text promises.

    Parameters
    ----------
    components : sequence of Recommender
        With distinct names.
    weights : mapping of str to float
        Component name -> weight; components without a weight are left out.
    n_fitted : int
        Items that were there at the fit; set by ``fit``.
    """

    name = "blend"

    def __init__(
        self, components: Sequence[Recommender], weights: Mapping[str, float], n_fitted: int = 0
    ) -> None:
        self.components = tuple(c for c in components if weights.get(c.name, 0.0) != 0)
        self.weights = dict(weights)
        self.n_fitted = n_fitted
        self._kept: WeakKeyDictionary[ShopState, dict[tuple[str, int], np.ndarray]] = (
            WeakKeyDictionary()
        )

    def fit(
        self, state: ShopState, *, rng: np.random.Generator, progress: Progress = silent
    ) -> Self:
        """Fit every component; the weights stay as they are."""
        for component in self.components:
            component.fit(state, rng=rng, progress=progress)
        self.n_fitted = state.n_items
        return self

    def score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """The weighted sum of the standardised scores."""
        total = np.zeros((len(users), state.n_items), dtype=np.float32)
        for component in self.components:
            if isinstance(component, Popular):
                total += self._standing(component, state)
                continue
            scores = component.score(state, users)
            self._add(total, component.name, scores, self.scale(scores, state))
        return total

    def _standing(self, component: Popular, state: ShopState) -> np.ndarray:
        """What adds the same to everybody's scores, kept as long as the shop's state is.

        Returns
        -------
        added : ndarray of float32, shape (1, n_items)
        """
        state = state.whole or state
        kept = self._kept.setdefault(state, {})
        found = kept.get((component.name, self.n_fitted))
        if found is None:
            scores = component.score(state, _NOBODY)
            found = np.zeros_like(scores)
            self._add(found, component.name, scores, self.scale(scores, state))
            kept[component.name, self.n_fitted] = found
        return found

    def combine(
        self,
        scores: Mapping[str, np.ndarray],
        state: ShopState,
        scales: Mapping[str, Scale] | None = None,
    ) -> np.ndarray:
        """The same from the components' scores, which stay as they are.

        Parameters
        ----------
        scores : mapping of str to ndarray of float32, shape (n, state.n_items)
            By component; others are fine.
        state : ShopState
            What they were made from.
        scales : mapping of str to pair of ndarray, optional
            ``scale`` of each, where it is known already.
        """
        total = np.zeros((len(next(iter(scores.values()))), state.n_items), dtype=np.float32)
        for name in (component.name for component in self.components):
            scale = self.scale(scores[name], state) if scales is None else scales[name]
            self._add(total, name, scores[name].copy(), scale)
        return total

    def scale(self, scores: np.ndarray, state: ShopState) -> Scale:
        """Mean and deviation of each row over the listed items that were there at the fit."""
        return row_scale(scores[:, : self.n_fitted], self._counted(state))

    def _add(self, total: np.ndarray, name: str, scores: np.ndarray, scale: Scale) -> None:
        mean, deviation = scale
        scores -= mean
        scores /= deviation
        scores *= np.float32(self.weights[name])
        total += scores

    def explain(self, state: ShopState, user: int, item: int) -> tuple[Part, ...]:
        """The components' parts in the blend's units; ``average`` takes back the user's means."""
        users = np.array([user], dtype=np.int32)
        scores = {c.name: c.score(state, users) for c in self.components}
        parts = {c.name: c.explain(state, user, item) for c in self.components}
        return self.combine_parts(parts, scores, state)

    def combine_parts(
        self,
        parts: Mapping[str, Sequence[Part]],
        scores: Mapping[str, np.ndarray],
        state: ShopState,
    ) -> tuple[Part, ...]:
        """What ``explain`` says, from what the components say.

        Parameters
        ----------
        parts : mapping of str to sequence of Part
            By component, of one user and item; others are fine.
        scores : mapping of str to ndarray of float32, shape (1, state.n_items)
            By component, of the same user.
        state : ShopState
            What they were made from.
        """
        combined: list[Part] = []
        offset = 0.0
        for name in (component.name for component in self.components):
            mean, deviation = self.scale(scores[name], state)
            factor = self.weights[name] / float(deviation[0, 0])
            offset -= factor * float(mean[0, 0])
            combined.extend(
                Part(part.kind, part.name, part.amount * factor, name) for part in parts[name]
            )
        combined.append(Part("rest", "average", offset))
        return tuple(sorted(combined, key=lambda part: -abs(part.amount)))

    def _counted(self, state: ShopState) -> np.ndarray:
        return state.listed[: self.n_fitted]


def standardise(scores: np.ndarray, counted: np.ndarray | None = None) -> np.ndarray:
    """Subtract each row's mean and divide by its standard deviation, in place.

    Parameters
    ----------
    scores : ndarray of float32, shape (n, n_items)
        Overwritten.
    counted : ndarray of bool, shape (n_counted,), optional
        Which of the first ``n_counted`` columns make mean and deviation; all where not given.

    Returns
    -------
    standardised : ndarray of float32, shape (n, n_items)
        ``scores``; a row of equal scores becomes zeros.

    Examples
    --------
    >>> standardise(np.array([[1, 3], [5, 5]], np.float32)).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    fitted = scores if counted is None else scores[:, : len(counted)]
    mean, deviation = row_scale(fitted, counted)
    scores -= mean
    scores /= deviation
    return scores


def row_scale(
    scores: np.ndarray, counted: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every row; deviation 1 in a row of equal scores.

    Parameters
    ----------
    scores : ndarray of float32, shape (n, m)
    counted : ndarray of bool, shape (m,), optional
        Which columns count; all where not given.

    Returns
    -------
    mean, deviation : ndarray of float32, shape (n, 1)
    """
    if counted is not None and not counted.all():
        scores = scores[:, counted]
    if not scores.shape[1]:
        return np.zeros((len(scores), 1), np.float32), np.ones((len(scores), 1), np.float32)
    mean, deviation = np.empty((2, len(scores), 1))
    # float64, since float32 sums over a large catalogue make equal scores look unequal.
    exact = np.empty(scores.shape[1])
    for row, values in enumerate(scores):
        exact[:] = values
        mean[row] = average = exact.sum() / len(exact)
        exact -= average
        deviation[row] = np.sqrt(np.square(exact, out=exact).sum() / len(exact))
    flat = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    return mean.astype(np.float32), np.where(flat, 1, deviation).astype(np.float32)
