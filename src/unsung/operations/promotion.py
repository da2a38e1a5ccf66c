"""Whether a new model may take the place of the old one without somebody looking at it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from unsung.operations.served_model import entry_of
from unsung.pipeline.bundle import Model, load_bundle
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.schema import EMPTY
from unsung.store.database import Store
from unsung.store.models import ModelEntry, activate_model, active_model, register_model

K: Final = 10
MOST_USERS: Final = 500
LEAST_JACCARD: Final = 0.6
LEAST_FIRST: Final = 0.5


@dataclass(frozen=True)
class Churn:
    """How much lists change from one model to the next, for users whom both know.

    Parameters
    ----------
    jaccard : float
        Mean share of the items of both lists of ten that are in both.
    first : float
        Share of users whose first item stays.
    n_users : int
        Who were asked; 0 where the models have none in common.
    """

    jaccard: float
    first: float
    n_users: int

    @property
    def small(self) -> bool:
        """Whether the change is small enough to need nobody's approval."""
        return self.n_users > 0 and self.jaccard >= LEAST_JACCARD and self.first >= LEAST_FIRST

    def sentence(self) -> str:
        """The same in words."""
        if not self.n_users:
            return "The two models have no customer in common."
        return (
            f"Lists of {self.n_users} customers share {self.jaccard:.0%} of their items with the "
            f"present model's (at least {LEAST_JACCARD:.0%} asked), and {self.first:.0%} keep "
            f"their first item (at least {LEAST_FIRST:.0%} asked)."
        )


def churn_between(old: Model, new: Model, rng: np.random.Generator) -> Churn:
    """Compare two models' lists.

    Parameters
    ----------
    old, new : Model
    rng : Generator
        Draws the users who are compared.
    """
    common = np.intersect1d(old.state.users.values, new.state.users.values)
    if len(common) > MOST_USERS:
        common = np.sort(rng.choice(common, MOST_USERS, replace=False))
    if not len(common):
        return Churn(0.0, 0.0, 0)
    lists = [_lists(model, common) for model in (old, new)]
    shared = [
        len(set(a) & set(b)) / max(len(set(a) | set(b)), 1) for a, b in zip(*lists, strict=True)
    ]
    first = [a[:1] == b[:1] for a, b in zip(*lists, strict=True)]
    return Churn(float(np.mean(shared)), float(np.mean(first)), len(common))


def propose_model(store: Store, path: Path, who: str, now: int) -> tuple[ModelEntry, Churn | None]:
    """Register a bundle, and let it serve where it changes lists little or nothing serves yet.

    Parameters
    ----------
    store : Store
    path : Path
        Of the bundle.
    who : str
        For the history.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    entry : ModelEntry
        ``active`` where it serves from now on; ``loaded`` where somebody has to approve of it.
    churn : Churn or None
        None where there was nothing to compare with.

    Raises
    ------
    BundleError
        Where the bundle is damaged.
    StoreError
        Where the store can't be written now.
    """
    bundle = load_bundle(path)
    entry = entry_of(bundle, now)
    register_model(store, entry)
    serving = active_model(store)
    if serving is None or serving.version == entry.version:
        return activate_model(store, entry.version, who, now), None
    old = load_bundle(serving.path)
    churn = churn_between(old.model, bundle.model, np.random.default_rng(0))
    if churn.small:
        entry = activate_model(store, entry.version, who, now)
    return entry, churn


def _lists(model: Model, users: np.ndarray) -> list[list[str]]:
    index = model.state.users.index_of(users)
    rules = Rules(repeats=model.repeats)
    found = recommend_lists(model.scorer, model.state, index, K, rules, dial=model.dial)
    ids = model.state.items.values
    return [[str(ids[item]) for item in row if item != EMPTY] for row in found]
