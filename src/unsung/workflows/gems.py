"""Find a shop's gems, and look back at what became of those that would have been named before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from pydantic import Field

from unsung.data.dataset import Dataset
from unsung.data.settings import SegmentSettings
from unsung.data.splits import choose_windows
from unsung.discovery.audience import TASTE_KINDS, Taste, audiences
from unsung.discovery.demand_features import buyers_between
from unsung.discovery.demand_model import DemandModel, DemandSettings
from unsung.discovery.gems import (
    DemandWindow,
    Potential,
    demand_window,
    described,
    distinct_products,
    excess_of,
    fit_demand,
    potential_of,
)
from unsung.discovery.sentences import advice_of, reason_of
from unsung.errors import MissingLibraryError, NotEnoughDataError
from unsung.pipeline.bundle import Model
from unsung.popularity.exposure import impressions_per_item
from unsung.popularity.segments import segment_items
from unsung.progress import Progress, silent
from unsung.schema import DAY_US, TIMESTAMP
from unsung.settings import Settings
from unsung.statistics.linear_fit import fit_ridge
from unsung.statistics.matching import quantile_groups
from unsung.statistics.ratio_bootstrap import bootstrap_ratio_interval
from unsung.workflows.content import ContentBuilder
from unsung.workflows.prepare import Shop

FORMAT: Final = 1
BASELINES: Final = ("trend", "total popularity", "term vectors")


class GemSettings(Settings):
    """How gems are looked for."""

    n_gems: int = Field(default=200, ge=1)
    """How many are described."""
    n_windows: int = Field(default=3, ge=1)
    """Past windows that the forecast learns from."""
    back_tests: int = Field(default=3, ge=0)
    """Past windows that it is tried on, each with nothing later known; 0 leaves it untried."""
    top: int = Field(default=50, ge=1)
    """Gems of each trial."""
    demand: DemandSettings = DemandSettings()


@dataclass(eq=False)
class _Windows:
    """Described windows and what became of them, each made once."""

    dataset: Dataset
    segments: SegmentSettings
    builder: ContentBuilder
    length: int
    _made: dict[int, DemandWindow] = field(default_factory=dict)

    def at(self, moment: int) -> DemandWindow:
        if moment not in self._made:
            state, _, _ = self.builder.build(self.dataset.as_of(moment))
            shown = _impressions(self.dataset, moment - self.length, moment)
            days = self.length / DAY_US
            segments = segment_items(state, self.segments)
            self._made[moment] = demand_window(state, segments, days, shown)
        return self._made[moment]

    def before(self, moment: int, n: int) -> list[int]:
        """Beginnings of the n windows that are over at a moment, the latest first."""
        return [moment - number * self.length for number in range(1, n + 1)]

    def buyers(self, moment: int) -> np.ndarray:
        """Of the window's items, within the window that begins at the moment."""
        rows, n_items = self.dataset.interactions, self.dataset.n_items
        every = buyers_between(rows, n_items, moment, moment + self.length)
        return np.asarray(every[self.at(moment).item])


def find_gems(
    shop: Shop,
    model: Model,
    builder: ContentBuilder,
    obstacles: Mapping[str, list[dict[str, Any]]],
    settings: GemSettings | None = None,
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Items of the established tail that promise more than they sell.

    Parameters
    ----------
    shop : Shop
        With a clock.
    model : Model
        Fitted; its scorers of taste tell each gem's audience.
    builder : ContentBuilder
        With the *pretrained* encoder: vectors that were fine-tuned on purchases know what became
        of the items that the forecast is tried on.
    obstacles : mapping of str to list of dict
        By item id, the reasons for being in the tail.
    settings : GemSettings, optional
    rng : Generator
    progress : Progress, optional

    Returns
    -------
    record : dict
        ``gems`` and ``back_test``, ready for JSON.

    Raises
    ------
    NotEnoughDataError
        Where no window is over that could be learnt from.
    """
    settings = settings or GemSettings()
    windows = _windows_of(shop, builder)
    progress("looking for gems", 0, settings.back_tests + 2)
    demand = _learn(windows, windows.before(shop.dataset.end, settings.n_windows), settings, rng)
    now = windows.at(shop.dataset.end)
    potential = potential_of(demand, now)
    places = distinct_products(now, potential.order(), settings.n_gems)
    progress("looking for gems", 1, settings.back_tests + 2)
    trials = _trials(windows, settings, rng, progress)
    gems = _gems(demand, now, potential, places, obstacles)
    for gem, audience in zip(
        gems,
        audiences(_taste(model), model.state, _items_of(model, now, places), rng=rng),
        strict=True,
    ):
        gem["audience"] = audience
    progress("looking for gems", settings.back_tests + 2, settings.back_tests + 2)
    return {
        "format": FORMAT,
        "window_days": windows.length / DAY_US,
        "n_items": len(now.item),
        "gems": gems,
        "back_test": _back_test(trials, settings.top, rng),
    }


def gems_where_known(
    shop: Shop,
    model: Model,
    builder: ContentBuilder,
    diagnosis: Mapping[str, Any],
    settings: GemSettings,
    *,
    rng: np.random.Generator,
    progress: Progress,
) -> dict[str, Any] | None:
    """``find_gems``, or None where the history is too short to learn the demand for items from.

    Parameters
    ----------
    shop : Shop
    model : Model
    builder : ContentBuilder
    diagnosis : mapping
        As in ``diagnosis.json``.
    settings : GemSettings
    rng : Generator
    progress : Progress
    """
    rows = diagnosis["tables"]["items"]["rows"]
    obstacles = {row["item_id"]: row["reasons"] for row in rows}
    try:
        return find_gems(shop, model, builder, obstacles, settings, rng=rng, progress=progress)
    except (NotEnoughDataError, MissingLibraryError):
        return None


def back_test_gems(
    shop: Shop,
    builder: ContentBuilder,
    settings: GemSettings | None = None,
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> dict[str, Any]:
    """What became of the gems that would have been named in past windows.

    Parameters
    ----------
    shop : Shop
    builder : ContentBuilder
        With an encoder that knows nothing of the shop's sales.
    settings : GemSettings, optional
    rng : Generator
    progress : Progress, optional

    Returns
    -------
    record : dict
        As ``find_gems`` has it under ``back_test``.
    """
    settings = settings or GemSettings()
    trials = _trials(_windows_of(shop, builder), settings, rng, progress)
    return _back_test(trials, settings.top, rng)


def _windows_of(shop: Shop, builder: ContentBuilder) -> _Windows:
    if not shop.dataset.has_clock:
        raise NotEnoughDataError("without a clock there are no windows to learn demand from.")
    found = choose_windows(shop.dataset)
    length = found.end - found.test_start
    return _Windows(shop.dataset, shop.settings.segments, builder, length)


def _trials(
    windows: _Windows, settings: GemSettings, rng: np.random.Generator, progress: Progress
) -> list[dict[str, np.ndarray]]:
    """The latest windows, each foretold with nothing later known, as far back as data reach."""
    trials: list[dict[str, np.ndarray]] = []
    for number in range(1, settings.back_tests + 1):
        moment = windows.dataset.end - number * windows.length
        before = windows.before(moment, settings.n_windows)
        try:
            learnt = _learn(windows, before, settings, rng)
        except NotEnoughDataError:
            break
        trials.append(_trial(windows, moment, before[0], learnt, settings.top))
        progress("looking for gems", 1 + number, settings.back_tests + 2)
    return trials


def _learn(
    windows: _Windows, moments: list[int], settings: GemSettings, rng: np.random.Generator
) -> DemandModel:
    first = int(windows.dataset.interactions.timestamp[0])
    # A window's items need a past, as long as it is itself, to be described by.
    usable = [moment for moment in moments if moment - windows.length >= first]
    usable = [moment for moment in usable if len(windows.at(moment).item) >= settings.top]
    usable = [moment for moment in usable if windows.buyers(moment).any()]
    if not usable:
        raise NotEnoughDataError(
            "no window is over from which the demand for items could be learnt."
        )
    described_windows = [windows.at(moment) for moment in usable]
    buyers = [windows.buyers(moment) for moment in usable]
    return fit_demand(described_windows, buyers, settings.demand, rng=rng)


def _gems(
    demand: DemandModel,
    window: DemandWindow,
    potential: Potential,
    places: np.ndarray,
    obstacles: Mapping[str, list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    gems = described(demand, window, potential, places)
    for gem in gems:
        held = obstacles.get(gem["item_id"], [])
        gem["reason"] = reason_of(gem)
        gem["obstacles"] = held
        gem["advice"] = advice_of(held)
    return gems


def _items_of(model: Model, window: DemandWindow, places: np.ndarray) -> np.ndarray:
    ids = window.state.items.values[window.item[places]]
    return model.state.items.index_of(ids)


def _taste(model: Model) -> Taste:
    kinds = {settings.name: settings.kind for settings in model.components}
    scorers = [c for c in model.first.components if kinds[c.name] in TASTE_KINDS]
    return Taste(scorers, model.blend.weights)


def _trial(
    windows: _Windows, moment: int, before: int, learnt: DemandModel, top: int
) -> dict[str, np.ndarray]:
    """What the gems of a moment, and those of each baseline, came to: sums an item, by name."""
    window = windows.at(moment)
    excess = excess_of(windows.buyers(moment), window)
    scores = {
        "gems": potential_of(learnt, window).score,
        "trend": window.state.decayed_buyers(windows.length / DAY_US / 2)[window.item],
        "total popularity": window.state.buyers[window.item].astype(np.float64),
        "term vectors": _by_terms(windows, moment, before),
    }
    deciles = quantile_groups(window.recent)
    found = {"excess": excess}
    for name, score in scores.items():
        found[name] = _chosen(score, np.zeros(len(score), dtype=np.int64), top)
        found[f"{name}, by decile"] = _chosen(score, deciles, max(top // 10, 1))
    return found


def _chosen(score: np.ndarray, groups: np.ndarray, n: int) -> np.ndarray:
    """1 for the n best of each group, else 0: ndarray of float64."""
    chosen = np.zeros(len(score))
    for group in np.unique(groups):
        inside = np.flatnonzero(groups == group)
        chosen[inside[np.argsort(-score[inside], kind="stable")[:n]]] = 1
    return chosen


def _by_terms(windows: _Windows, moment: int, before: int) -> np.ndarray:
    """Demand by ridge regression on term vectors, learnt from the window before."""
    past, window = windows.at(before), windows.at(moment)
    # The vocabulary is that of the later moment, which holds all words of the earlier one.
    terms = window.state.content.terms
    if not terms.shape[1]:
        return np.zeros(len(window.item))
    known = np.log1p(windows.buyers(before).astype(np.float64))
    fit = fit_ridge(terms[past.item], known, 3.0)
    return fit.predict(terms[window.item])


def _back_test(
    trials: list[dict[str, np.ndarray]], top: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Mean excess of the gems over comparable items, beside the baselines', with intervals."""
    if not trials:
        return {"windows": 0, "definition": _DEFINITION, "rows": []}
    excess = np.concatenate([trial["excess"] for trial in trials])
    rows = []
    for suffix in ("", ", by decile"):
        chosen = {
            name: np.concatenate([trial[name + suffix] for trial in trials])
            for name in ("gems", *BASELINES)
        }
        means = {name: float((excess * c).sum() / max(c.sum(), 1)) for name, c in chosen.items()}
        best = max(BASELINES, key=lambda name: means[name])
        interval = _ratio(excess * chosen["gems"], excess * chosen[best], rng)
        risen = chosen["gems"] * (excess > 0)
        rows.append(
            {
                "chosen": f"{top} best"
                if not suffix
                else f"{max(top // 10, 1)} best of each decile",
                "excess": {name: round(value, 3) for name, value in means.items()},
                "best_baseline": best,
                "ratio": round(means["gems"] / means[best], 3) if means[best] > 0 else None,
                "interval": interval,
                "precision": round(float(risen.sum() / chosen["gems"].sum()), 3),
            }
        )
    return {"windows": len(trials), "definition": _DEFINITION, "rows": rows}


def _ratio(
    ours: np.ndarray, theirs: np.ndarray, rng: np.random.Generator
) -> tuple[float, float] | None:
    used = (ours != 0) | (theirs != 0)
    if theirs.sum() <= 0:
        return None
    found = bootstrap_ratio_interval(ours[used], theirs[used], rng=rng)
    return round(found.low, 3), round(found.high, 3)


_DEFINITION: Final = (
    "Distinct buyers within the window in excess of the mean of the other items of the established "
    "tail in the same decile of buyers so far and of buyers in the window before."
)


def _impressions(dataset: Dataset, start: int, end: int) -> np.ndarray | None:
    """How often each item was shown in a span, where exposures with times are on record."""
    shown = dataset.exposures
    if shown is None or TIMESTAMP not in shown:
        return None
    inside = ((shown[TIMESTAMP] >= start) & (shown[TIMESTAMP] < end)).fillna(False)
    rows = shown[inside.to_numpy(dtype=bool)]
    return impressions_per_item(rows["item_index"].to_numpy(dtype=np.int64), dataset.n_items)
