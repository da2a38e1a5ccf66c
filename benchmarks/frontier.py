"""What each balance method gives on the test window where it has cost 2 % and 5 % of NDCG.

    UNSUNG_DATA=... python benchmarks/frontier.py [--shop online_retail] [--pools FOLDER]

The shop is tested as a fit tests it, with the pretrained encoder and no time for trying settings;
pools of the test window's customers are made once and kept in FOLDER. No method is chosen on them:
each is taken at the strength that costs exactly the budget, all strengths in between included, so
the comparison is at equal loss. Prints JSON: figures with the 95 % interval (300 resamples of the
customers) of the difference from the two weights: on log-odds (best in exposure) and per slot
(best in places); the same with each customer's strength from the own taste; and what groups of
customers lose where all together lose the budget, and how much of the tail's places lie in the
popularity band just under the head.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import rerank
import scipy.sparse as sp

from unsung.data.demo import demo_shop_folder
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.two_stage import TwoStage
from unsung.rerankers.base import ItemFacts, Pool, Reranker
from unsung.rerankers.own_taste import OwnTaste, OwnTasteSettings, fit_own_taste
from unsung.workflows.dial import DialSettings, Stand, relevance_of
from unsung.workflows.encoder import find_encoder
from unsung.workflows.evaluate import EvaluateSettings, evaluate
from unsung.workflows.latest_window import Latest
from unsung.workflows.prepare import read_shop
from unsung.workflows.tune import TuneSettings
from unsung.workflows.user_groups import user_groups

BUDGETS = (0.02, 0.05)
BESIDE = ("weight on log-odds", "slot weight")
IN_BAND = ("tail slots", "tail slots below the top band")
LEFT_OUT = ("MMR", "freshness boost")


def make_pools(shop_name: str, folder: Path) -> None:
    """Pools, targets, histories and groups of the test window's customers."""
    packaged = shop_name == "online_retail"
    shop = read_shop(demo_shop_folder() if packaged else Path(os.environ["UNSUNG_DATA"], shop_name))
    settings = EvaluateSettings(fine_tune=False, tuning=TuneSettings(budget_s=0))
    found = evaluate(
        shop.dataset, shop.settings, settings, encoder=find_encoder(),
        rng=np.random.default_rng(0), progress=lambda *_: None,
    )  # fmt: skip
    scorer: Any = found.stage.first.blend
    if found.second.serves:
        scorer = TwoStage(found.stage.first, found.second.ranker, found.second.tail_boost)
    latest = Latest.of(found, DialSettings(), rng=np.random.default_rng(0))
    stand = Stand(scorer, found.tested, latest.parts, found.items, found.trial.rules, found.trial.k)
    relevance = relevance_of(scorer, stand.bench(latest.parts.selection))
    bench = stand.bench(found.tested.users, relevance)
    state, users = found.tested.state, found.tested.users
    groups = user_groups(state, users)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / f"{shop_name}.npz",
        items=bench.pool.items,
        scores=bench.pool.scores,
        relevance=bench.pool.relevance,
        tastes=bench.pool.tastes,
        sizes=bench.pool.n_history,
        segments=bench.facts.segments,
        popularity=bench.facts.popularity,
        top_band=found.items.band_members["20-30"],
        group_names=np.array(list(groups)),
        groups=np.array(list(groups.values())),
    )
    sp.save_npz(folder / f"{shop_name}_targets.npz", sp.csr_matrix(bench.targets))


class Measured:
    """Pools that were kept, and what methods make of them."""

    def __init__(self, shop_name: str, folder: Path) -> None:
        with np.load(folder / f"{shop_name}.npz") as kept:
            self.kept = dict(kept)
        self.targets = sp.csr_array(sp.load_npz(folder / f"{shop_name}_targets.npz"))
        self.kept["vectors"] = None
        self.n = self.targets.shape[0]
        rng = np.random.default_rng(0)
        drawn = rng.multinomial(self.n, np.full(self.n, 1 / self.n), 300)
        self.counts = np.vstack([np.ones(self.n), drawn])

    @property
    def pool(self) -> Pool:
        """Everybody's."""
        names = ("items", "scores", "relevance", "tastes", "sizes")
        return Pool(*(self.kept[name] for name in names))

    def of(self, method: Reranker) -> np.ndarray:
        """Figures where the budgets are spent: (n_resamples, n_budgets, n_metrics)."""
        return rerank.at_budgets(rerank.measure(method, [self.kept], self.targets), self.counts)

    def methods(self) -> dict[str, Reranker]:
        """Those of the other benchmark, and the strengths by own taste."""
        own = fit_own_taste(self.kept["tastes"], self.kept["sizes"])
        plain = {n: m for n, m in rerank.METHODS.items() if n not in LEFT_OUT}
        return {
            **plain,
            "own taste, per slot": _Known(own, self.kept["sizes"]),
            "own taste, log-odds": _Known(
                own.model_copy(update={"per": "log_odds"}), self.kept["sizes"]
            ),
        }

    def group_losses(self, method: Reranker, budget: float) -> dict[str, Any]:
        """Loss of each group, with its interval, at the strength where all lose the budget."""
        facts = ItemFacts(self.kept["segments"], self.kept["popularity"])
        pool = self.pool
        first = ndcg_at_k(find_hits(pool.items[:, : rerank.K], self.targets, rerank.K))
        low, high = 0.0, method.strengths[-1]
        for _ in range(24):
            middle = (low + high) / 2
            lists = method.rerank(pool, facts, rerank.K, np.full(self.n, middle))
            ndcg = ndcg_at_k(find_hits(lists, self.targets, rerank.K))
            kept = ndcg.mean() >= (1 - budget) * first.mean()
            low, high = (middle, high) if kept else (low, middle)
        lists = method.rerank(pool, facts, rerank.K, np.full(self.n, low))
        ndcg = ndcg_at_k(find_hits(lists, self.targets, rerank.K))
        groups = {"all": np.ones(self.n, bool)}
        groups |= dict(zip(self.kept["group_names"].tolist(), self.kept["groups"], strict=True))
        found = {}
        for name, inside in groups.items():
            base, ours = (self.counts[:, inside] @ each[inside] for each in (first, ndcg))
            loss = 1 - ours / base
            found[name] = {
                "n": int(inside.sum()),
                "loss": round(float(loss[0]), 4),
                "interval": rerank.interval(loss[1:]),
            }
        return found


class _Known(OwnTaste):
    """Own taste on pools of the other benchmark, which say nothing of histories' lengths."""

    def __init__(self, settings: OwnTasteSettings, sizes: np.ndarray) -> None:
        super().__init__(settings)
        self.sizes = sizes

    def posterior(self, pool: Pool) -> np.ndarray:
        known = Pool(pool.items, pool.scores, pool.relevance, pool.tastes, self.sizes)
        return super().posterior(known)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", default="online_retail")
    parser.add_argument("--pools", type=Path, default=Path("frontier-pools"))
    options = parser.parse_args()
    if not (options.pools / f"{options.shop}.npz").exists():
        make_pools(options.shop, options.pools)
    rerank.BUDGETS = BUDGETS
    measured = Measured(options.shop, options.pools)
    methods = measured.methods()
    given = {name: measured.of(method) for name, method in methods.items()}
    record_of_top = "share of the tail's places in the top band"
    first = rerank.measure(methods[BESIDE[0]], [measured.kept], measured.targets)
    record: dict[str, Any] = {"shop": options.shop, "customers": measured.n}
    record["undialled"] = rerank.undialled(first)
    for name, values in given.items():
        rows = record.setdefault("methods", {}).setdefault(name, {})
        for at, budget in enumerate(BUDGETS):
            rows[f"{budget:.0%}"] = {
                metric: {
                    "value": round(float(values[0, at, column]), 4),
                    **{
                        f"less {other}": rerank.interval((values - given[other])[1:, at, column])
                        for other in BESIDE
                    },
                }
                for column, metric in enumerate(rerank.METRICS[1:])
            }
            slots, deep = (values[:, at, rerank.METRICS.index(m) - 1] for m in IN_BAND)
            rows[f"{budget:.0%}"][record_of_top] = {
                "value": round(float(1 - deep[0] / slots[0]), 4),
                "interval": rerank.interval(1 - deep[1:] / slots[1:]),
            }
    record["groups"] = {
        name: {f"{b:.0%}": measured.group_losses(methods[name], b) for b in BUDGETS}
        for name in (*BESIDE, "own taste, per slot", "own taste, log-odds")
    }
    json.dump(record, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
