"""What warm-up promises: false verdicts under peeking, power, and how evenly a budget goes.

    python benchmarks/warm_up.py [--items 2000] [--impressions 5000] [--campaigns 20]

* Rules: items with a known rate of outcomes, judged after every impression. At a rate equal to the
  benchmark, how many ever graduate (at most 5 % is right); at 1.5, 2 and 3 times, how many have
  graduated by 1,000, 2,000 and 5,000 impressions. The same for stopping, at the floor and below it.
* Pacing: 14 days of about 2,000 requests each with a daily rhythm (nine to one) and days of unlike
  size (.7 to 1.3), a budget of a tenth of the requests: share spent, the furthest that spending ran
  from requests so far, and the interest of what was taken beside the mean and beside the best
  requests with hindsight.

Prints JSON.
"""

import argparse
import json

import numpy as np

from unsung.promotion.budget import Budget, Offer, Pace, Spent, Traffic, make_offer, set_pace
from unsung.promotion.slots import hash_uniforms
from unsung.schema import DAY_US
from unsung.statistics.intervals import wilson_interval
from unsung.statistics.proportion_process import log_evidence_above, log_evidence_below

LOOKS = (1000, 2000, 5000)
RATES = (0.01, 0.02, 0.05)
DAYS, A_DAY, REFRESH = 14, 2000, DAY_US // 144


def crossed(evidence, chance: float, tested: float, size: tuple[int, int], rng) -> dict:
    """Share of items judged by each number of impressions, and at any of them."""
    by_then = np.zeros(size[1])
    for _ in range(size[0]):
        outcomes = np.cumsum(rng.random(size[1]) < chance)
        reached = evidence(outcomes, np.arange(1, size[1] + 1), tested) >= np.log(20)
        by_then += np.maximum.accumulate(reached)
    shares = {str(n): round(by_then[n - 1] / size[0], 3) for n in LOOKS if n <= size[1]}
    low, high = wilson_interval(int(by_then[-1]), size[0])
    return {**shares, "ever_95": [round(low, 3), round(high, 3)]}


def rules(items: int, impressions: int, rng) -> dict:
    size = (items, impressions)
    return {
        str(rate): {
            "graduate": {
                str(lift): crossed(log_evidence_above, lift * rate, rate, size, rng)
                for lift in (1.0, 1.5, 2.0, 3.0)
            },
            "stop": {
                str(part): crossed(log_evidence_below, part * rate, rate, size, rng)
                for part in (1.0, 0.5, 0.25)
            },
        }
        for rate in RATES
    }


def requests(rng) -> np.ndarray:
    hours = np.arange(DAYS * 24)
    rhythm = 1 - 0.8 * np.cos(2 * np.pi * hours / 24)
    counts = rng.poisson(A_DAY / 24 * rhythm * np.repeat(rng.uniform(0.7, 1.3, DAYS), 24))
    return np.sort(
        ((np.repeat(hours, counts) + rng.random(counts.sum())) * DAY_US / 24).astype(int)
    )


def campaign(rng) -> dict:
    times = requests(rng)
    interest = rng.beta(1, 20, len(times))
    budget = Budget(len(times) // 10, 0, DAYS * DAY_US)
    taken, pace, due, spent = np.zeros(len(times), dtype=bool), Pace(np.inf), 0, 0
    for number, now in enumerate(times.tolist()):
        if now >= due:
            traffic = Traffic(times[:number], interest[:number])
            pace, due = set_pace(budget, spent, traffic, now), now + REFRESH
        offer: Offer = make_offer(
            budget, Spent(spent, np.array([spent])), interest[number : number + 1], now
        )
        coin = hash_uniforms(1, f"r{number}", "pace")[0]
        taken[number] = offer.slots > 0 and pace.takes(offer.interest, coin)
        spent += int(taken[number])
    even = np.arange(1, len(times) + 1) / len(times)
    best = np.sort(interest)[-budget.impressions :].mean()
    return {
        "share_spent": spent / budget.impressions,
        "furthest_from_even": float(np.abs(np.cumsum(taken) / budget.impressions - even).max()),
        "interest_over_mean": float(interest[taken].mean() / interest.mean()),
        "interest_over_best": float(interest[taken].mean() / best),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--impressions", type=int, default=5000)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    campaigns = [campaign(rng) for _ in range(options.campaigns)]
    pacing = {
        name: [round(fold([one[name] for one in campaigns]), 3) for fold in (min, np.mean, max)]
        for name in campaigns[0]
    }
    found = {"rules": rules(options.items, options.impressions, rng), "pacing": pacing}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
