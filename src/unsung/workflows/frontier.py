"""What every balance method gives and takes at every strength, and which settings others beat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.evaluation.significance import paired_difference
from unsung.progress import Progress, silent
from unsung.rerankers.base import ItemFacts, Pool, Reranker
from unsung.statistics.summary import number_or_none

REFERENCE = "undialled"
"""Name of the lists at strength 0, where all methods agree."""
SHOWN = (
    "ndcg_at_k",
    "tail_ndcg_at_k",
    "fresh_ndcg_at_k",
    "aplt_tail",
    "aplt_fresh",
    "aplt_tail_fresh",
    "catalogue_coverage_at_k",
    "effective_items",
    "exposure_gini",
    "captured_value_at_k",
)


@dataclass(frozen=True, eq=False)
class Bench:
    """What policies are measured on: some users' pools, and what they went on to buy.

    Parameters
    ----------
    pool : Pool
    facts : ItemFacts
        What the methods know of the items.
    targets : csr_array of float32, shape (n, n_items)
        Values of what each user bought in the window.
    items : ItemTable
        What the evaluation knows of the items.
    k : int
        Length of the lists.
    """

    pool: Pool
    facts: ItemFacts
    targets: sp.csr_array
    items: ItemTable
    k: int

    def of_users(self, rows: np.ndarray) -> "Bench":
        """The same with these users alone."""
        targets = sp.csr_array(self.targets[rows])
        return replace(self, pool=self.pool.of_users(rows), targets=targets)

    def lists(self, method: Reranker, strength: float) -> np.ndarray:
        """Lists of a method at the same strength for everybody: int32, shape (n, k)."""
        strengths = np.full(len(self.pool), strength)
        return method.rerank(self.pool, self.facts, self.k, strengths)

    def measure(self, lists: np.ndarray, name: str) -> Evaluation:
        """All metrics of some lists."""
        return evaluate_lists(lists, self.targets, self.items, k=self.k, name=name)


@dataclass(frozen=True, eq=False)
class Position:
    """A method at a strength, and what its lists are worth.

    Parameters
    ----------
    method : str
    strength : float
    evaluation : Evaluation
    """

    method: str
    strength: float
    evaluation: Evaluation

    @property
    def relevance(self) -> float:
        """Mean NDCG."""
        return self.evaluation.summary["ndcg_at_k"]

    @property
    def tail_share(self) -> float:
        """Mean share of the established tail in a list."""
        return self.evaluation.summary["aplt_tail"]


def reference_of(bench: Bench) -> Position:
    """The lists as the scorer makes them."""
    lists = bench.pool.items[:, : bench.k]
    return Position(REFERENCE, 0.0, bench.measure(lists, REFERENCE))


def trace_frontier(
    bench: Bench, methods: Sequence[Reranker], *, progress: Progress = silent
) -> Iterator[Position]:
    """Every method at each of its strengths above 0, method after method.

    Parameters
    ----------
    bench : Bench
    methods : sequence of Reranker
    progress : Progress, optional
    """
    stage = "turning the dial"
    pairs = [(method, s) for method in methods for s in method.strengths if s > 0]
    for done, (method, strength) in enumerate(pairs):
        progress(stage, done, len(pairs))
        evaluation = bench.measure(bench.lists(method, strength), method.name)
        yield Position(method.name, strength, evaluation)
    progress(stage, len(pairs), len(pairs))


def frontier_rows(
    positions: Sequence[Position], reference: Position, *, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """The frontier as a table, the reference first.

    Parameters
    ----------
    positions : sequence of Position
    reference : Position
        Of the same users.
    rng : Generator
        For the intervals.

    Returns
    -------
    rows : list of dict
        ``method, strength``, the metrics of ``SHOWN``, ``loss`` (share of the reference's NDCG),
        its 95 % interval ``low`` and ``high``, and ``dominated``: another row has no less NDCG
        and no smaller share of the established tail, and more of one.
    """
    everything = [reference, *positions]
    beaten = dominated(
        np.array([p.relevance for p in everything]), np.array([p.tail_share for p in everything])
    )
    return [
        {
            "method": position.method,
            "strength": position.strength,
            **{name: number_or_none(position.evaluation.summary.get(name)) for name in SHOWN},
            **{
                name: number_or_none(v) for name, v in loss_of(position, reference, rng=rng).items()
            },
            "dominated": bool(is_beaten),
        }
        for position, is_beaten in zip(everything, beaten, strict=True)
    ]


def loss_of(
    position: Position, reference: Position, *, rng: np.random.Generator
) -> dict[str, float]:
    """Share of the reference's NDCG that a position gives up, with its 95 % interval.

    The interval is that of the paired difference, over the reference's mean.
    """
    found = paired_difference(
        reference.evaluation.per_user["ndcg_at_k"],
        position.evaluation.per_user["ndcg_at_k"],
        rng=rng,
    )
    base = max(reference.relevance, np.finfo(float).tiny)
    values = (found.mean_difference, found.low, found.high)
    return {name: v / base for name, v in zip(("loss", "low", "high"), values, strict=True)}


def dominated(relevance: np.ndarray, tail_share: np.ndarray) -> np.ndarray:
    """Which points another one beats: as good in both, and better in one.

    Parameters
    ----------
    relevance, tail_share : ndarray of float64, shape (n,)

    Returns
    -------
    beaten : ndarray of bool, shape (n,)

    Examples
    --------
    >>> dominated(np.array([0.3, 0.2, 0.2]), np.array([0.1, 0.1, 0.4])).tolist()
    [False, True, False]
    """
    no_less = (relevance[:, None] >= relevance) & (tail_share[:, None] >= tail_share)
    more = (relevance[:, None] > relevance) | (tail_share[:, None] > tail_share)
    return np.asarray((no_less & more).any(axis=0))
