"""Set the dial: the most of the established tail that some users certify within a budget."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unsung.evaluation.certificate import Certificate, Subject
from unsung.evaluation.certificate import Position as Tested
from unsung.evaluation.certification import Constraint, certify
from unsung.evaluation.items import ItemTable
from unsung.pipeline.components import RerankerSettings, default_rerankers, make_reranker
from unsung.pipeline.policy import Policy
from unsung.pipeline.pools import AS_LOG_ODDS, Relevance, item_facts, make_pools
from unsung.pipeline.rules import Rules
from unsung.progress import Progress, silent
from unsung.recommenders.base import Scorer
from unsung.recommenders.blend import Blend
from unsung.recommenders.logistic import fit_calibration
from unsung.settings import Settings
from unsung.workflows.dial_choice import Aim, Choice, Turned, choose_method, turn
from unsung.workflows.frontier import Bench, Position, frontier_rows, reference_of, trace_frontier
from unsung.workflows.user_groups import user_groups
from unsung.workflows.user_parts import UserParts
from unsung.workflows.validation import ValidationWindow

EVERYBODY = "all customers"
BUYERS = "customers with a new purchase"
"""Whom NDCG, and so a certificate, speaks of."""


class DialSettings(Settings):
    """How far the dial may be turned, and how that is shown."""

    enabled: bool = True
    """Whether there is a dial at all; without one all users teach the second stage."""
    budget: float = Field(default=0.05, gt=0, lt=1)
    """Share of the undialled lists' NDCG that may be given up for the established tail."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence with which the budget is to be kept."""
    shares: tuple[float, float, float] = (0.65, 0.0, 0.35)
    """Of the users of the latest window: who teaches the second stage and serves the choice of the
    method, who serves that choice alone, and who certifies. Together 1. Where the blend serves
    nobody teaches, and at least a third chooses."""
    most_lost: tuple[float, ...] = (0.3, 0.4, 0.5, 0.7, 1.0)
    """Limits of what any single list may be able to lose, of which the best is chosen."""
    min_users: int = Field(default=50, ge=2)
    """Fewest users who bought something, both for the choice and for the certificate."""
    aim: Aim = "tail"
    """``tail``: the most places for the established tail. ``deep_tail``: a place counts by how far
    down in the tail its item is, from 0 for its most popular item to 1 for its least popular."""
    methods: tuple[RerankerSettings, ...] = ()
    """Balance methods to choose from; the built-in ones where none is named."""
    frontier_users: int = Field(default=2000, ge=2)
    """Users of the selection that methods are compared on, drawn at random where there are more."""


@dataclass(frozen=True, eq=False)
class Stand:
    """What a dial is set on.

    Parameters
    ----------
    scorer : Scorer
        Fitted as of the window's start. It scores nobody by what it has learnt from the same user
        in the window (``HeldOut``), and certifying users by the very model that serves.
    window : ValidationWindow
    parts : UserParts
    items : ItemTable
        As of the window's start.
    rules : Rules
    k : int
    """

    scorer: Scorer
    window: ValidationWindow
    parts: UserParts
    items: ItemTable
    rules: Rules
    k: int

    def users(self, among: np.ndarray) -> np.ndarray:
        """Those of some users who bought something: ndarray of int32."""
        return self.window.users[np.isin(self.window.users, among)]

    def bench(self, users: np.ndarray, relevance: Relevance = AS_LOG_ODDS) -> Bench:
        """Those of some users who bought something, with their pools."""
        window = self.window
        rows = np.isin(window.users, users)
        facts = item_facts(window.state, self.items.segments)
        pool = make_pools(
            self.scorer,
            window.state,
            self.users(users),
            facts,
            rules=self.rules,
            relevance=relevance,
        )
        return Bench(pool, facts, sp.csr_array(window.targets[rows]), self.items, self.k)


@dataclass(frozen=True, eq=False)
class SetDial:
    """A dial that was set.

    Parameters
    ----------
    policy : Policy
        What is served; its strengths are empty where nothing was certified.
    certificate : Certificate
    choice : Choice
    compared : Bench
        The selection users that methods were compared on.
    served : list of Position
        What the calibration users' lists are worth: undialled, and at each strength of the choice,
        within its limit of what a list may lose.
    counts : dict of str to int
        Users who chose and who certified, of those who bought something.
    methods : tuple of settings
        That it was chosen from.
    """

    policy: Policy
    certificate: Certificate
    choice: Choice
    compared: Bench
    served: list[Position]
    counts: dict[str, int]
    methods: tuple[RerankerSettings, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "certificate": self.certificate.to_dict(),
            "reached": len(self.policy.strengths),
            "method": self.choice.settings.name,
            "most_lost": self.choice.most_lost,
            "tail_shares": [position.tail_share for position in self.served],
            "counts": self.counts,
        }

    def frontier(
        self, *, rng: np.random.Generator, progress: Progress = silent
    ) -> list[dict[str, Any]]:
        """All methods at all strengths on selection users: rows of ``frontier_rows``."""
        methods = [make_reranker(method) for method in self.methods]
        positions = list(trace_frontier(self.compared, methods, progress=progress))
        return frontier_rows(positions, reference_of(self.compared), rng=rng)


def set_dial(
    stand: Stand,
    subject: Subject,
    settings: DialSettings,
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> SetDial | None:
    """Choose a method on the selection users, and certify it on the calibration users.

    Parameters
    ----------
    stand : Stand
    subject : Subject
        What the certificate is to speak of.
    settings : DialSettings
    rng : Generator
    progress : Progress, optional

    Returns
    -------
    dial : SetDial or None
        None where too few users bought something.
    """
    selection = stand.bench(stand.parts.choosing)
    n_calibration = len(stand.users(stand.parts.calibration))
    if min(len(selection.pool), n_calibration) < settings.min_users:
        return None
    relevance = relevance_of(stand.scorer, selection)
    selection = stand.bench(stand.parts.choosing, relevance)
    some = _some(len(selection.pool), settings.frontier_users, rng)
    compared = selection.of_users(some)
    methods = settings.methods or default_rerankers(deep=settings.aim == "deep_tail")
    turned = [_turned(compared, method, settings.aim) for method in methods]
    choice = choose_method(
        turned, settings.most_lost, settings.budget, n_calibration,
        level=settings.level, rng=rng, progress=progress,
    )  # fmt: skip
    calibration = stand.bench(stand.parts.calibration, relevance)
    certifying, choosing = (
        turn(bench, choice.settings, choice.strengths) for bench in (calibration, selection)
    )
    constraints = _constraints(stand, certifying, choosing, choice, settings.budget)
    tested = choice.strengths[choice.start :]
    positions = [Tested(f"{choice.settings.name} {s:g}", s) for s in tested]
    certificate = certify(constraints, positions, subject, rng=rng, level=settings.level)
    reached = sum(position.certified for position in certificate.positions)
    policy = Policy(
        choice.settings,
        choice.strengths[: choice.start + reached] if reached else (),
        choice.most_lost,
        relevance,
        certificate.to_dict(),
    )
    counts = {"selection": len(selection.pool), "calibration": n_calibration}
    served = _served(calibration, certifying, choice)
    return SetDial(policy, certificate, choice, compared, served, counts, methods)


def relevance_of(scorer: Scorer, bench: Bench) -> Relevance:
    """How the scores become probabilities: by the bench's users, where they aren't log-odds."""
    if not isinstance(scorer, Blend):
        return AS_LOG_ODDS
    inside = bench.pool.inside
    owner = np.nonzero(inside)[0]
    bought = np.asarray(bench.targets[owner, bench.pool.items[inside]]).ravel() > 0
    found = fit_calibration(bench.pool.scores[inside], np.zeros((len(owner), 0)), bought)
    return Relevance(found.slope, found.intercept)


def _constraints(
    stand: Stand, certifying: Turned, choosing: Turned, choice: Choice, budget: float
) -> list[Constraint]:
    """Everybody and every group."""
    limit, start = choice.most_lost, choice.start

    def constraint(name: str, among: np.ndarray, beside: np.ndarray) -> Constraint:
        return Constraint(
            name,
            certifying.of_users(among).margins(budget, limit, start),
            choosing.of_users(beside).margins(budget, limit, start),
        )

    state, users = stand.window.state, stand.users
    groups, others = (
        user_groups(state, users(part)) for part in (stand.parts.calibration, stand.parts.choosing)
    )
    found = [constraint(EVERYBODY, *(np.ones(len(t.ndcg), bool) for t in (certifying, choosing)))]
    found.extend(
        constraint(name, members, others[name])
        for name, members in groups.items()
        if members.any() and others[name].any()
    )
    return found


def _served(bench: Bench, turned: Turned, choice: Choice) -> list[Position]:
    name, lists = choice.settings.name, turned.limited(choice.most_lost)
    dialled = [
        Position(name, strength, bench.measure(lists[:, number], name))
        for number, strength in enumerate(choice.strengths)
    ]
    return [reference_of(bench), *dialled]


def _turned(bench: Bench, settings: RerankerSettings, aim: Aim) -> Turned:
    strengths = tuple(s for s in make_reranker(settings).strengths if s > 0)
    return turn(bench, settings, strengths, aim)


def _some(n: int, most: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))
