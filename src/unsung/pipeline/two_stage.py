"""Two stages: the first-stage scorers' candidates, ranked by P(purchase) from their features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np

from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.features.build import Features, ShopFeatures, build_features, describe_shop
from unsung.pipeline.attribution import attribute
from unsung.pipeline.candidates import CandidateSettings, Exploration, choose_candidates
from unsung.pipeline.ranking import user_batches
from unsung.pipeline.rules import Repeats, Rules, seen_items
from unsung.popularity.segments import COLD, TAIL
from unsung.progress import Progress, silent
from unsung.recommenders.base import Part, Recommender
from unsung.recommenders.blend import Blend, Scale
from unsung.recommenders.popular import Popular
from unsung.recommenders.ranker import Ranker
from unsung.recommenders.tree_masks import Known
from unsung.schema import EMPTY
from unsung.settings import Settings

TEXT_KINDS = ("terms", "encoder")


class FirstStageSettings(Settings):
    """How candidates are found and described."""

    candidates: CandidateSettings = CandidateSettings()
    segments: SegmentSettings = SegmentSettings()
    """What counts as established tail and as cold."""
    repeats: Repeats = "hide"
    """Where bought items are hidden, they are no candidates either."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is known of some users before the second stage looks at them.

    Parameters
    ----------
    first_stage : dict of str to ndarray of float32, shape (n, n_items)
        Scores of every scorer, and of the ``blend``.
    candidates : ndarray of int32, shape (n, m)
        Padded with ``EMPTY``.
    features : Features
        One row for each place of ``candidates``.
    """

    first_stage: dict[str, np.ndarray]
    candidates: np.ndarray
    features: Features


@dataclass(frozen=True, eq=False)
class Described:
    """What all users of a state share.

    Parameters
    ----------
    shop : ShopFeatures
    exploration : Exploration
    scores : dict of str to ndarray of float32, shape (1, n_items)
        Of scorers that say the same to everybody.
    scales : dict of str to pair of ndarray
        Mean and deviation of these.
    is_tail : ndarray of bool, shape (n_items,)
        The established tail.
    """

    shop: ShopFeatures
    exploration: Exploration
    scores: dict[str, np.ndarray]
    scales: dict[str, Scale]
    is_tail: np.ndarray


class FirstStage:
    """The first-stage scorers with what makes candidates and features of them.

    Parameters
    ----------
    components : sequence of Recommender
        Every scorer, those that the blend has no weight for included.
    blend : Blend
        Of some of these.
    settings : FirstStageSettings
    """

    def __init__(
        self, components: Sequence[Recommender], blend: Blend, settings: FirstStageSettings
    ) -> None:
        self.components, self.blend, self.settings = tuple(components), blend, settings
        self._shops: WeakKeyDictionary[ShopState, Described] = WeakKeyDictionary()

    def fit(
        self, state: ShopState, *, rng: np.random.Generator, progress: Progress = silent
    ) -> Self:
        """Fit every scorer."""
        for component in self.components:
            component.fit(state, rng=rng, progress=progress)
        self.blend.n_fitted = state.n_items
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the first-stage scores."""
        return (*(component.name for component in self.components), self.blend.name)

    @property
    def tastes(self) -> tuple[str, ...]:
        """Scorers whose better opinion may never harm an item: all but standing popularity."""
        return tuple(name for name in self.names if name != "popular_log")

    def batches(self, state: ShopState, n_users: int) -> Iterator[slice]:
        """Parts of so many users whose scores fit into memory."""
        return user_batches(n_users, state.n_items * (len(self.names) + 2))

    def prepare(self, state: ShopState, users: np.ndarray) -> Prepared:
        """Scores, candidates and features of some users.

        Parameters
        ----------
        state : ShopState
        users : ndarray of int32, shape (n,)
        """
        known = self.described(state)
        scores, scales = {}, {}
        for name, scorer in ((c.name, c) for c in self.components):
            if name in known.scores:
                scores[name] = np.repeat(known.scores[name], len(users), axis=0)
                scales[name] = known.scales[name]
            else:
                scores[name] = scorer.score(state, users)
                scales[name] = self.blend.scale(scores[name], state)
        everything = {**scores, self.blend.name: self.blend.combine(scores, state, scales)}
        allowed = state.listed & ~seen_items(state, users, Rules(repeats=self.settings.repeats))
        candidates = choose_candidates(
            scores, allowed, known.exploration, self.settings.candidates, self.blend.n_fitted
        )
        features = build_features(
            state, users, candidates, everything, shop=known.shop, scales=scales
        )
        return Prepared(everything, candidates, features)

    def is_tail(self, state: ShopState) -> np.ndarray:
        """The established tail at the state's moment: ndarray of bool, shape (n_items,)."""
        return self.described(state).is_tail

    def described(self, state: ShopState) -> Described:
        """What all users share; kept as long as the shop's state is."""
        state = state.whole or state
        found = self._shops.get(state)
        if found is None:
            found = self._shops[state] = self._describe(state)
        return found

    def _describe(self, state: ShopState) -> Described:
        nobody = np.full(1, -1, dtype=np.int32)
        standing = {
            c.name: c.score(state, nobody) for c in self.components if isinstance(c, Popular)
        }
        shop = describe_shop(state, self.settings.segments, self.blend.n_fitted)
        shop = shop.with_standing(standing)
        text = [c.name for c in self.components if c.name in TEXT_KINDS]
        exploration = Exploration(
            groups=[state.listed & (shop.segments == code) for code in (TAIL, COLD)],
            scorers=text or [component.name for component in self.components],
        )
        scales = {name: self.blend.scale(scores, state) for name, scores in standing.items()}
        return Described(shop, exploration, standing, scales, shop.segments == TAIL)


class TwoStage:
    """Ranks each user's candidates by the log-odds of a purchase; the rest follow by the blend.

    An item that isn't a candidate gets less than any candidate can: the ranker's floor less one,
    and the blend's score, brought between -1 and 1.

    Parameters
    ----------
    first : FirstStage
        Fitted as of the state that is scored; ``fit`` does it.
    ranker : Ranker
        Trained on past windows.
    tail_boost : float
        Log-odds added to candidates of the established tail, at least 0; without them scores are
        log-odds of a purchase.
    """

    name = "two_stage"

    def __init__(self, first: FirstStage, ranker: Ranker, tail_boost: float = 0.0) -> None:
        self.first, self.ranker, self.tail_boost = first, ranker, tail_boost
        self._last: tuple[ShopState, int, Prepared] | None = None
        self._known: WeakKeyDictionary[ShopState, Known | None] = WeakKeyDictionary()

    def fit(
        self, state: ShopState, *, rng: np.random.Generator, progress: Progress = silent
    ) -> Self:
        """Fit the first stage; the ranker stays as past windows have taught it."""
        self.first.fit(state, rng=rng, progress=progress)
        return self

    def score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """Log-odds of candidates, boosted in the tail, and lower numbers for all other items."""
        scores = np.zeros((len(users), state.n_items), dtype=np.float32)
        for part in self.first.batches(state, len(users)):
            scores[part] = self._score(state, users[part])
        return scores

    def _score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        prepared = self.first.prepare(state, users)
        if len(users) == 1:
            self._last = (state, int(users[0]), prepared)
        features = prepared.features.select(self.ranker.names)
        blended = prepared.first_stage[self.first.blend.name]
        scores: np.ndarray = blended / (1 + np.abs(blended))
        scores += self._below(prepared)[:, None]
        row, place = np.nonzero(prepared.candidates != EMPTY)
        item = prepared.candidates[row, place]
        values = features.values if features.valid.all() else features.values[features.valid]
        log_odds = self.ranker.predict(values, self._known_items(state), item)
        scores[row, item] = log_odds + self.tail_boost * self.first.is_tail(state)[item]
        return scores

    def explain(self, state: ShopState, user: int, item: int) -> tuple[Part, ...]:
        """The trees' contributions by named term, split over the history where a scorer can say."""
        prepared = self._prepared(state, user)
        found = np.flatnonzero(prepared.candidates[0] == item)
        if not len(found):
            return self._explain_other(state, user, item, prepared)
        row = prepared.features.select(self.ranker.names).values[found]
        amounts = self.ranker.contributions(row)[0]
        parts = attribute(self.ranker.names, amounts, self._evidence(state, user, item, prepared))
        if self.tail_boost and self.first.is_tail(state)[item]:
            parts.append(Part("item", "balance", self.tail_boost))
        return tuple(sorted(parts, key=lambda part: -abs(part.amount)))

    def _known_items(self, state: ShopState) -> Known | None:
        """What the trees make of the items alone; kept as long as the shop's state is."""
        state = state.whole or state
        if state not in self._known:
            shop, names = self.first.described(state).shop, self.ranker.names
            self._known[state] = self.ranker.known(shop.item_values(names), shop.item_names)
        return self._known[state]

    def _evidence(
        self, state: ShopState, user: int, item: int, prepared: Prepared
    ) -> dict[str, tuple[Part, ...]]:
        """What every first-stage scorer says its score is made of."""
        first = self.first
        said = {c.name: c.explain(state, user, item) for c in first.components}
        said[first.blend.name] = first.blend.combine_parts(said, prepared.first_stage, state)
        return said

    def _below(self, prepared: Prepared) -> np.ndarray:
        """One less than each user's candidates can get: ndarray of float32, shape (n,)."""
        n, m = prepared.candidates.shape
        features = prepared.features.select(self.ranker.names)
        first = features.values.reshape(n, m, -1)[:, 0] if m else np.zeros((n, len(features.names)))
        return (self.ranker.floors(first) - 1).astype(np.float32)

    def _explain_other(
        self, state: ShopState, user: int, item: int, prepared: Prepared
    ) -> tuple[Part, ...]:
        blended = float(prepared.first_stage[self.first.blend.name][0, item])
        share = 1 / (1 + abs(blended))
        parts = [
            Part(part.kind, part.name, part.amount * share, part.scorer)
            for part in self._evidence(state, user, item, prepared)[self.first.blend.name]
        ]
        parts.append(Part("rest", "not a candidate", float(self._below(prepared)[0])))
        return tuple(sorted(parts, key=lambda part: -abs(part.amount)))

    def _prepared(self, state: ShopState, user: int) -> Prepared:
        """Of the latest request for one user, where it was for this one."""
        last = self._last
        if last is None or last[0] is not state or last[1] != user:
            prepared = self.first.prepare(state, np.array([user], dtype=np.int32))
            last = self._last = (state, user, prepared)
        return last[2]
