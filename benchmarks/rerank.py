"""Balance methods: how long they take, and what they buy for a loss of NDCG.

    python benchmarks/rerank.py speed [--only MMR]
    python benchmarks/rerank.py curves --pools FOLDER [--seeds 3]

``speed`` takes 1,000 random users with 300 candidates each and lists of 10, one thread, and prints
microseconds a user for every method, and as a multiple of plain top-k. ``curves`` takes the demo
shop's second stage on its validation window, 2011-10-14 to 11-10 (pools are made once and kept in
FOLDER), turns every method up, and prints what it gives at 2 %, 5 % and 10 % less NDCG@10: share of
the established tail in exposure and in slots, of fresh and established tail in slots, NDCG on the
established tail. Means over seeds of the ranker; 95 % intervals and differences from the weight on
shares over 300 resamples of the users. Losses between two strengths are interpolated, after being
made monotone. Both print JSON.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.isotonic import isotonic_regression

from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.rerankers.base import ItemFacts, Pool, Reranker, best_places, position_discounts
from unsung.rerankers.calibrated import Calibrated, CalibratedSettings
from unsung.rerankers.floor_plan import proportional_floors, solve_floors
from unsung.rerankers.mmr import MMR
from unsung.rerankers.online_prices import OnlinePrices
from unsung.rerankers.quota import Quota, QuotaSettings
from unsung.rerankers.segment_weight import (
    DEEP_TAIL,
    FRESHNESS,
    SegmentWeight,
    SegmentWeightSettings,
)
from unsung.rerankers.seller_floors import SellerFloors
from unsung.rerankers.slot_rules import SlotRules, apply_rules
from unsung.rerankers.slot_weight import SlotWeight
from unsung.rerankers.xquad import XQuAD, XQuADSettings
from unsung.schema import EMPTY

K = 10
BUDGETS = (0.02, 0.05, 0.1)
REFERENCE = "weight on shares"
METHODS: dict[str, Reranker] = {
    REFERENCE: SegmentWeight(),
    "weight on relevance": SegmentWeight(SegmentWeightSettings(scale="relevance")),
    "weight on log-odds": SegmentWeight(SegmentWeightSettings(scale="log_odds")),
    "slot weight": SlotWeight(),
    "quota": Quota(),
    "quota of slots": Quota(QuotaSettings(by="slots")),
    "soft quota, price .005": Quota(QuotaSettings(price=0.005)),
    "soft quota, price .02": Quota(QuotaSettings(price=0.02)),
    "xquad, smooth": XQuAD(),
    "xquad, binary": XQuAD(XQuADSettings(smooth=False)),
    "calibrated, JS": Calibrated(),
    "calibrated, KL": Calibrated(CalibratedSettings(divergence="kl")),
    "deep weight on shares": SegmentWeight(DEEP_TAIL),
    "deep weight on log-odds": SegmentWeight(SegmentWeightSettings(by="depth", scale="log_odds")),
    "freshness boost": SegmentWeight(FRESHNESS),
    "MMR": MMR(),
}


def random_shop(n: int, m: int) -> tuple[Pool, ItemFacts]:
    """Users with random candidates of 10,000 items with 100 sellers."""
    rng = np.random.default_rng(0)
    n_items = 10_000
    items = np.stack([rng.choice(n_items, m, replace=False) for _ in range(n)]).astype(np.int32)
    relevance = -np.sort(-rng.beta(0.3, 20, (n, m)), axis=1)
    vectors = rng.normal(size=(n_items, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    facts = ItemFacts(
        segments=rng.choice(4, n_items, p=[0.2, 0.6, 0.1, 0.1]).astype(np.int8),
        popularity=rng.integers(0, 99, n_items),
        sellers=rng.integers(0, 100, n_items).astype(np.int32),
        brands=rng.integers(0, 500, n_items).astype(np.int32),
        vectors=vectors,
    )
    return Pool(items, np.log(relevance + 1e-9), relevance, rng.dirichlet(np.ones(4), n)), facts


def speed(
    only: str = "", n: int = 1000, m: int = 300, repeats: int = 5
) -> dict[str, dict[str, float]]:
    """Median microseconds of processor time a user, of all methods or those so called."""
    pool, facts = random_shop(n, m)
    terms = sp.random_array((10_000, 20_000), density=8e-4, format="csr", rng=1)
    words = ItemFacts(facts.segments, facts.popularity, vectors=terms)
    floors = proportional_floors(facts.sellers, 0.5, n * position_discounts(K).sum())
    plan = solve_floors(pool, facts, K, floors)
    top = pool.items[:, :K]
    rules = SlotRules(reserved={"tail": 2}, at_most={"brand": 1})

    def fresh() -> Pool:  # what a pool keeps of its own is part of the price
        return Pool(pool.items, pool.scores, pool.relevance, pool.tastes)

    def run(method: Reranker, items: ItemFacts = facts) -> Callable[[], object]:
        strength = np.full(n, method.strengths[len(method.strengths) // 2])
        return lambda: method.rerank(fresh(), items, K, strength)

    calls: dict[str, Callable[[], object]] = {
        "top-k": lambda: best_places(fresh(), pool.scores, K),
        **{name: run(method) for name, method in METHODS.items()},
        "MMR, sparse": run(MMR(), words),
        "seller floors, prices": run(SellerFloors(prices=plan.prices)),
        "seller floors, online": lambda: OnlinePrices(floors / n).serve(pool, facts, K),
        "seller floors, batch": lambda: solve_floors(pool, facts, K, floors),
        "rules": lambda: apply_rules(top, pool, facts, rules, pins={2: 7}),
    }
    calls = {name: call for name, call in calls.items() if name == "top-k" or only in name}
    found = {name: 1e6 * seconds(call, repeats) / n for name, call in calls.items()}
    return {
        name: {"us_a_user": round(us, 1), "of_top_k": round(us / found["top-k"], 2)}
        for name, us in found.items()
    }


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Median of some runs after one that doesn't count."""
    call()
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return float(np.median(taken))


def make_pools(folder: Path, seeds: int) -> None:
    """Pools of the validation window's users by the second stage, one file a seed."""
    from ranker import RULES, Bench, bench_starts  # noqa: PLC0415 - takes minutes with what it makes

    from unsung.data.demo import demo_shop_folder  # noqa: PLC0415
    from unsung.pipeline.pools import item_facts, make_pools  # noqa: PLC0415
    from unsung.pipeline.two_stage import TwoStage  # noqa: PLC0415
    from unsung.popularity.segments import segment_items  # noqa: PLC0415
    from unsung.recommenders.ranker import RankerSettings  # noqa: PLC0415
    from unsung.workflows.prepare import read_shop  # noqa: PLC0415
    from unsung.workflows.second_stage import train_ranker  # noqa: PLC0415
    from unsung.workflows.windows import SecondStageSettings  # noqa: PLC0415

    settings = SecondStageSettings(ranker=RankerSettings(n_threads=1))
    bench = Bench(read_shop(demo_shop_folder()), settings)
    recipe, start = bench.recipe(), bench.windows.validation_start
    stages, trial = bench.stages(recipe, bench_starts(bench)[:-1]), bench.trial(recipe)
    stage, users = stages[start], bench.validation.users
    facts = item_facts(stage.state, segment_items(stage.state, bench.shop.settings.segments))
    folder.mkdir(parents=True, exist_ok=True)
    sp.save_npz(folder / "targets.npz", sp.csr_matrix(bench.validation.targets))
    for seed in range(seeds):
        rows = bench.rows(trial, stages, start, seed)
        scorer = TwoStage(
            stage.first, train_ranker(rows, trial, rng=np.random.default_rng(seed)), 0.0
        )
        pool = make_pools(scorer, stage.state, users, facts, rules=RULES)
        np.savez(
            folder / f"pool{seed}.npz",
            items=pool.items,
            scores=pool.scores,
            relevance=pool.relevance,
            tastes=pool.tastes,
            segments=facts.segments,
            vectors=facts.vectors,
        )
        print(f"pool of seed {seed} made", flush=True)


def curves(folder: Path, seeds: int) -> dict[str, dict[str, object]]:
    """What every method gives at each budget."""
    if not (folder / f"pool{seeds - 1}.npz").exists():
        make_pools(folder, seeds)
    targets = sp.csr_array(sp.load_npz(folder / "targets.npz"))
    pools = [np.load(folder / f"pool{seed}.npz") for seed in range(seeds)]
    measured = {name: measure(method, pools, targets) for name, method in METHODS.items()}
    n = targets.shape[0]
    rng = np.random.default_rng(0)
    # The first row counts every user once.
    counts = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), 300)])
    given = {name: at_budgets(values, counts) for name, values in measured.items()}
    found: dict[str, dict[str, object]] = {"undialled": undialled(measured[REFERENCE])}
    for name, values in given.items():
        found[name] = {f"{budget:.0%}": {} for budget in BUDGETS}
        for at, budget in enumerate(BUDGETS):
            for column, metric in enumerate(METRICS[1:]):
                value = values[:, at, column]
                apart = value - given[REFERENCE][:, at, column]
                found[name][f"{budget:.0%}"][metric] = {
                    "value": round(float(value[0]), 4),
                    "interval": interval(value[1:]),
                    "less weight on shares": interval(apart[1:]),
                }
    return found


METRICS = (
    "ndcg",
    "tail exposure",
    "tail slots",
    "fresh and tail slots",
    "tail ndcg",
    "tail slots below the top band",
)


def measure(
    method: Reranker, pools: list[Mapping[str, np.ndarray]], targets: sp.csr_array
) -> np.ndarray:
    """Of every strength and user, mean over pools: shape (n_strengths, n_metrics, n)."""
    strengths = method.strengths
    between = [np.linspace(a, b, 5)[1:] for a, b in pairwise(strengths)]
    grid = np.concatenate([[0.0], *between])
    grid = grid[grid < 0.5] if strengths[-1] <= 1 else grid
    values = np.zeros((len(grid), len(METRICS), targets.shape[0]))
    for made in pools:
        nothing = np.zeros(len(made["segments"]))
        popularity = made.get("popularity", nothing)
        facts = ItemFacts(made["segments"], popularity, vectors=made["vectors"])
        top = made.get("top_band", nothing > 0)
        pool = Pool(made["items"], made["scores"], made["relevance"], made["tastes"])
        for number, strength in enumerate(grid):
            lists = method.rerank(pool, facts, K, np.full(len(pool), strength))
            values[number] += metrics_of(lists, facts, targets, top) / len(pools)
    return values


def metrics_of(
    lists: np.ndarray, facts: ItemFacts, targets: sp.csr_array, top_band: np.ndarray
) -> np.ndarray:
    """Of every user: ndarray of float64, shape (n_metrics, n); the top band is 20 to 30 %."""
    hits = find_hits(lists, targets, K)
    discount = position_discounts(K)
    tail, new = facts.in_segment("tail"), facts.in_segment("tail", "fresh")
    of_tail = tail[lists] & (lists != EMPTY)
    return np.stack(
        [
            ndcg_at_k(hits),
            (of_tail @ discount) / discount.sum(),
            of_tail.mean(axis=1),
            (new[lists] & (lists != EMPTY)).mean(axis=1),
            ndcg_at_k(hits.within(tail)),
            (of_tail & ~top_band[lists]).mean(axis=1),
        ]
    )


def at_budgets(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Metrics where the budgets are spent: shape (n_resamples, n_budgets, n_metrics - 1)."""
    known = ~np.isnan(values)
    sums = np.einsum("smu,ru->rsm", np.where(known, values, 0), counts)
    means = sums / np.maximum(np.einsum("smu,ru->rsm", known.astype(float), counts), 1e-9)
    found = np.zeros((len(counts), len(BUDGETS), len(METRICS) - 1))
    for number, mean in enumerate(means):
        loss = isotonic_regression(1 - mean[:, 0] / mean[0, 0]) + 1e-9 * np.arange(len(mean))
        for column in range(1, len(METRICS)):
            found[number, :, column - 1] = np.interp(BUDGETS, loss, mean[:, column])
    return found


def undialled(values: np.ndarray) -> dict[str, float]:
    """Means at strength 0."""
    return {
        metric: round(float(np.nanmean(row)), 4)
        for metric, row in zip(METRICS, values[0], strict=True)
    }


def interval(values: np.ndarray) -> list[float]:
    """The middle 95 %."""
    return [round(float(bound), 4) for bound in np.quantile(values, [0.025, 0.975])]


def main() -> None:
    """Run what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("speed", "curves"))
    parser.add_argument("--pools", type=Path, default=Path("rerank-pools"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    found = speed(options.only) if options.what == "speed" else curves(options.pools, options.seeds)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
