"""The certificate of the dial: how often it errs, how many users it takes, how long it takes.

    python benchmarks/certificate.py [--trials 1000] [--pool FILE.npz] [--out FILE]

The population is real: the test users of the demo shop (2011-11-11 to 12-09) with their lists from
the second stage as it is, and with log-odds added to the established tail. Calibration users are
drawn from it with replacement, so that the loss of every position is known. ``--pool`` keeps these
users between runs. Prints one JSON document:

- null: synthetic values whose expected value is exactly at the boundary, and how often each test
  rejects;
- pool: certificates over and over; how often one names a position that loses more than the budget,
  how often there is one, and the tail share that it reaches, with and without a limit to what a
  list may lose;
- boundary: the same users where the budget is exactly what a position loses, so that every
  certificate of it is wrong;
- bets: power of several ways to bet, and of the tests that don't, beside the t-test;
- covariates: how much of a margin can be told beforehand, which bounds what any control variate
  could gain;
- time: certifying 50 positions on 10,000 users.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ranker import RULES, Bench, bench_starts
from scipy import stats

from unsung.data.demo import demo_shop_folder
from unsung.evaluation.certificate import Position, Subject
from unsung.evaluation.certification import Constraint, certify
from unsung.evaluation.hits import find_hits
from unsung.evaluation.margins import margins, strongest_within
from unsung.evaluation.ranking import ndcg_at_k
from unsung.evaluation.users_needed import users_needed
from unsung.pipeline.ranking import top_k
from unsung.pipeline.rules import seen_items
from unsung.pipeline.two_stage import TwoStage
from unsung.recommenders.ranker import RankerSettings
from unsung.rerankers.worst_loss import worst_losses
from unsung.statistics.betting import betting_p_values
from unsung.statistics.fixed_sequence import fixed_sequence_test
from unsung.statistics.mean_tests import (
    empirical_bernstein_p_values,
    hoeffding_bentkus_p_values,
    t_test_p_values,
)
from unsung.workflows.prepare import read_shop
from unsung.workflows.second_stage import train_ranker
from unsung.workflows.windows import SecondStageSettings

K = 10
STRENGTHS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 1.0)
BUDGETS = (0.02, 0.05)
SIZES = (400, 1200, 5000, 20000)
LIMITS = (1.0, 0.4)
LEVEL = 0.95
AT_ONCE = 4_000_000
"""Values of calibration users held at a time."""


class Pool(NamedTuple):
    """A population: each user at each strength, the first of which is 0.

    ``ndcg``, ``tail_share`` and ``losses`` (the most that the list can lose) are ndarray of
    float64, shape (n_users, n_strengths); ``known`` (what is known of a user beforehand), shape
    (n_users, n_covariates).
    """

    ndcg: np.ndarray
    tail_share: np.ndarray
    losses: np.ndarray
    known: np.ndarray

    def limited(self, limit: float) -> "Pool":
        """The population where nobody's list can lose more than a limit."""
        position = strongest_within(self.losses, limit)
        ndcg, tail = (np.take_along_axis(a, position, 1) for a in (self.ndcg, self.tail_share))
        return self._replace(ndcg=ndcg, tail_share=tail)


def build_pool() -> Pool:
    """Lists of the demo shop's test users at every strength, judged."""
    bench = Bench(read_shop(demo_shop_folder()), SecondStageSettings(ranker=RankerSettings()))
    recipe, start = bench.recipe(), bench.windows.test_start
    stages = bench.stages(recipe, bench_starts(bench)[1:])
    trial, stage, test = bench.trial(recipe), stages[start], bench.test
    ranker = train_ranker(bench.rows(trial, stages, start, 0), trial, rng=np.random.default_rng(0))
    two_stage = TwoStage(stage.first, ranker)
    scores, tail = two_stage.score(stage.state, test.users), two_stage.first.is_tail(stage.state)
    allowed = stage.state.listed & ~seen_items(stage.state, test.users, RULES)
    lists = [top_k(scores + np.float32(b) * tail, K, allowed) for b in STRENGTHS]
    found = [find_hits(some, test.targets, K) for some in lists]
    history = np.diff(stage.state.pairs.indptr)[test.users]
    top = np.take_along_axis(scores, lists[0].astype(np.int64), 1)
    return Pool(
        ndcg=np.column_stack([ndcg_at_k(hits) for hits in found]),
        tail_share=np.column_stack([(tail[some] & (some >= 0)).mean(axis=1) for some in lists]),
        losses=np.column_stack([worst_losses(some, lists[0]) for some in lists]),
        # How active the users are, and how sure of their lists the ranker is.
        known=np.column_stack([np.log1p(history), top.mean(axis=1), top[:, 0], top[:, -1]]),
    )


def load_pool(path: Path | None) -> Pool:
    """From a file, or made, and kept there."""
    if path is not None and path.exists():
        with np.load(path) as arrays:
            return Pool(*(arrays[name] for name in Pool._fields))
    pool = build_pool()
    if path is not None:
        np.savez(path, **pool._asdict())
    return pool


Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
NULLS: dict[str, tuple[float, float, Draw]] = {
    "two points": (
        -0.98,
        0.02,
        lambda g, s: np.where(g.random(s) < 0.01 / 0.99, -0.98, 0.0099 / 0.99),
    ),
    "fair coin": (-0.98, 0.98, lambda g, s: g.choice([-0.98, 0.98], size=s)),
    "skewed": (-0.98, 0.02, lambda g, s: 0.02 - g.beta(0.2, 9.8, size=s)),
    "uniform": (-0.98, 0.98, lambda g, s: g.uniform(-0.98, 0.98, size=s)),
    "near constant": (
        -0.3,
        0.24,
        lambda g, s: g.choice([-0.3, 0.0036 / 0.97, 0.24], p=[0.02, 0.97, 0.01], size=s),
    ),
}


def nulls(trials: int) -> dict[str, Any]:
    """How often each test rejects a true hypothesis at its boundary; allowed: 5 %."""
    report: dict[str, Any] = {}
    for name, (low, high, draw) in NULLS.items():
        for n in (100, 400, 2000):
            values = draw(np.random.default_rng(n), (n, trials))
            report[f"{name}, n = {n}"] = {
                "betting": rejected(betting_p_values(values, low=low)),
                "empirical Bernstein": rejected(
                    empirical_bernstein_p_values(values, low=low, high=high)
                ),
                "Hoeffding-Bentkus": rejected(
                    hoeffding_bentkus_p_values(values, low=low, high=high)
                ),
                "t-test": rejected(t_test_p_values(values)),
            }
    return report


def rejected(p_values: np.ndarray) -> float:
    """Share of the p-values that are small enough; NaN isn't."""
    return round(float((p_values <= 1 - LEVEL).mean()), 4)


def certificates(pool: Pool, trials: int) -> list[dict[str, Any]]:
    """Certify on drawn users, again and again, where the truth is known."""
    report = []
    for limit in LIMITS:
        policy = pool.limited(limit)
        for budget in BUDGETS:
            found = margins(policy.ndcg[:, 1:], pool.ndcg[:, 0], budget, most_lost=limit)
            loss = np.array([0.0, *(found.loss(j) for j in range(found.values.shape[1]))])
            share = policy.tail_share.mean(axis=0)
            for n in SIZES:
                last = certified(found.values, found.low, n, trials)
                wrong = loss[last["betting"]] > budget
                by_t = last["t-test"]
                report.append(
                    {
                        "most a list may lose": limit,
                        "budget": budget,
                        "n": n,
                        "wrong": float(wrong.mean()),
                        "allowed": round(
                            float(stats.binom.ppf(0.99, trials, 1 - LEVEL)) / trials, 4
                        ),
                        "certified": float((last["betting"] > 0).mean()),
                        "tail share": round(float(share[last["betting"]].mean()), 4),
                        "by t-test": {
                            "wrong": float((loss[by_t] > budget).mean()),
                            "certified": float((by_t > 0).mean()),
                            "tail share": round(float(share[by_t].mean()), 4),
                        },
                    }
                )
                print(report[-1], flush=True)
    return report


def certified(values: np.ndarray, low: np.ndarray, n: int, trials: int) -> dict[str, np.ndarray]:
    """The last certified position of every trial, from 1; 0 where there is none."""
    m, rng = values.shape[1], np.random.default_rng(n)
    last: dict[str, list[int]] = {"betting": [], "t-test": []}
    while len(last["betting"]) < trials:
        some = min(max(1, AT_ONCE // (n * m)), trials - len(last["betting"]))
        # Users in the order in which they are drawn, each trial beside the other.
        drawn = values[rng.integers(len(values), size=(n, some))].reshape(n, -1)
        tests = {
            "betting": betting_p_values(drawn, low=np.tile(low, some)),
            "t-test": t_test_p_values(drawn),
        }
        for name, p_values in tests.items():
            last[name] += [fixed_sequence_test(row, LEVEL) for row in p_values.reshape(some, m)]
    return {name: np.array(positions) for name, positions in last.items()}


def boundary(pool: Pool, trials: int) -> dict[str, Any]:
    """How often a position is certified whose loss in the pool is the budget; allowed: 5 %."""
    report: dict[str, Any] = {}
    for limit in LIMITS:
        policy = pool.limited(limit)
        for strength in (0.4, 0.5, 0.6, 0.8):
            pair = policy.ndcg[:, STRENGTHS.index(strength)], pool.ndcg[:, 0]
            budget = float(1 - pair[0].mean() / pair[1].mean())
            found = margins(*pair, budget, most_lost=limit)
            for n in SIZES[:3]:
                drawn = np.random.default_rng(n).choice(found.values[:, 0], size=(n, trials))
                report[f"strength {strength}, limit {limit}, n = {n}"] = {
                    "budget": round(budget, 4),
                    "betting": rejected(betting_p_values(drawn, low=found.low)),
                    "t-test": rejected(t_test_p_values(drawn)),
                }
    return report


def plug_in(values: np.ndarray, low: float, most: float, prior: float) -> np.ndarray:
    """The predictable plug-in of Waudby-Smith & Ramdas, for the same test.

    ``most`` is the share of the wealth at risk, ``prior`` the spread that it starts from.
    """
    n, m = values.shape
    squares, total = np.full(m, prior**2), np.zeros(m)
    log_wealth, largest = np.zeros(m), np.zeros(m)
    for t, value in enumerate(values):
        variance = (squares - total**2 / max(t, 1)) / (t + 1)
        bet = np.minimum(np.sqrt(2 * np.log(20) / (variance * n)), most / -low)
        log_wealth += np.log1p(bet * value)
        largest = np.maximum(largest, log_wealth)
        squares += value**2
        total += value
    return np.exp(-largest)


def bets(pool: Pool, trials: int) -> list[dict[str, Any]]:
    """Power of each test where the pool is the population, and the users that bets take."""
    report = []
    reach = float(stats.norm.ppf(LEVEL) + stats.norm.ppf(0.8))
    cases = ((0.05, 0.1, 400), (0.05, 0.3, 1200), (0.02, 0.1, 1200), (0.02, 0.45, 5000))
    for limit in (1.0, 0.4):
        policy = pool.limited(limit)
        for budget, strength, n in cases:
            at = STRENGTHS.index(strength)
            found = margins(policy.ndcg[:, at], pool.ndcg[:, 0], budget, most_lost=limit)
            low = float(found.low[0])
            rng = np.random.default_rng(n)
            drawn = rng.choice(found.values[:, 0], size=(n, trials))
            effect = float(found.values.mean() / found.values.std())
            report.append(
                {
                    "most a list may lose": limit,
                    "budget": budget,
                    "strength": strength,
                    "loss": round(found.loss(0), 4),
                    "sd": round(float(found.values.std()), 4),
                    "tail share": round(float(policy.tail_share[:, at].mean()), 4),
                    "n": n,
                    "betting": rejected(betting_p_values(drawn, low=low)),
                    "plug-in": rejected(plug_in(drawn, low, 0.5, (1 - low) / 2)),
                    "plug-in, bolder": rejected(plug_in(drawn, low, 0.99, -0.2 * low)),
                    "empirical Bernstein": rejected(
                        empirical_bernstein_p_values(drawn, low=low, high=1)
                    ),
                    "Hoeffding-Bentkus": rejected(
                        hoeffding_bentkus_p_values(drawn, low=low, high=1)
                    ),
                    "t-test": rejected(t_test_p_values(drawn)),
                    "users for 80 % power": users_needed(found, 0, rng=rng),
                    "users of a normal test": round((reach / effect) ** 2),
                }
            )
            print(report[-1], flush=True)
    return report


def covariates(pool: Pool) -> dict[str, float]:
    """Share of a margin's variance that what is known beforehand explains, adjusted for chance."""
    report = {}
    for strength in (0.1, 0.2, 0.4):
        at = STRENGTHS.index(strength)
        y = margins(pool.ndcg[:, at], pool.ndcg[:, 0], 0.02).values[:, 0]
        known = np.column_stack([np.ones(len(y)), pool.known, pool.losses[:, at]])
        rest = y - known @ np.linalg.lstsq(known, y, rcond=None)[0]
        degrees = (len(y) - 1) / (len(y) - known.shape[1])
        report[f"strength {strength}"] = round(float(1 - rest.var() / y.var() * degrees), 4)
    return report


def timing(pool: Pool) -> dict[str, float]:
    """Seconds for 50 positions on 10,000 users: certified, and refused with the users needed."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(pool.ndcg), size=10_000)
    columns = np.sort(rng.integers(1, len(STRENGTHS), size=50))
    positions = [Position(str(j), float(j)) for j in range(50)]
    subject = Subject("model", "reference", "customers", "a month")
    report = {}
    for name, wanted in (("certified", None), ("refused, with the users needed", 49)):
        found = margins(pool.ndcg[np.ix_(rows, columns)], pool.ndcg[rows, 0], 0.05)
        start = time.perf_counter()
        certify([Constraint("all", found)], positions, subject, rng=rng, wanted=wanted)
        report[name] = round(time.perf_counter() - start, 2)
    return report


def main() -> None:
    """Run what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pool = load_pool(options.pool)
    report = {
        "users": len(pool.ndcg),
        "undialled NDCG": round(float(pool.ndcg[:, 0].mean()), 4),
        "time": timing(pool),
        "covariates": covariates(pool),
        "bets": bets(pool, options.trials),
        "null": nulls(options.trials),
        "boundary": boundary(pool, options.trials),
        "pool": certificates(pool, options.trials),
    }
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
