"""Splits of a shop into what is known and what is to be predicted; everything left out is counted.

By global time (a cut-off divides all rows) or by leaving out each user's last item, for shops
that know only an order and for comparison with published figures.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions
from unsung.data.sequences import Sequences
from unsung.data.state import ShopState
from unsung.data.targets import Targets, pair_keys
from unsung.errors import InputError, NotEnoughDataError


@dataclass(frozen=True)
class SplitCounts:
    """What a split holds and what it leaves out; a *target* is a user-item pair to predict.

    Parameters
    ----------
    n_train_rows, n_test_rows, n_unused_rows : int
        Interactions before, in and outside the test part; they add up to all rows.
    n_users_without_history, n_targets_without_history : int
        Users left out because too little is known of them, and their targets: no interaction
        before the cut-off, or fewer than three items in leave-one-out.
    n_users_with_repeats_only, n_repeat_targets : int
        Users left out because they only bought again what they had, and the pairs left out
        because the user had bought the item before (all users).
    n_cold_targets : int
        Targets on an item without any training interaction; they stay in.
    n_unlisted_targets : int
        Targets on an item that wasn't listed at the cut-off, so that nothing can recommend it;
        they stay in.
    """

    n_train_rows: int
    n_test_rows: int
    n_unused_rows: int
    n_users_without_history: int
    n_targets_without_history: int
    n_users_with_repeats_only: int
    n_repeat_targets: int
    n_cold_targets: int
    n_unlisted_targets: int


@dataclass(frozen=True, eq=False)
class TimeSplit:
    """What was known before a cut-off, and what users went on to buy.

    Parameters
    ----------
    train : Dataset
        Only interactions, reviews and exposures before the cut-off.
    state : ShopState
        The shop at the cut-off: what models are fitted on, and what they score from.
    cutoff, end : int
        Microseconds since 1970 UTC: targets are in ``cutoff <= time < end``.
    test : Interactions
        Every row of the test part, whether or not it became a target.
    users : ndarray of int32, shape (n,)
        Test users with at least one target.
    targets : csr_array of float32, shape (n, n_items)
        1 where the user bought the item in the test part.
    values : csr_array of float32, shape (n, n_items)
        The money these purchases came to (price times quantity; 1 where the price isn't known), at
        the same places as ``targets``, explicit zeros included.
    counts : SplitCounts
    """

    train: Dataset
    state: ShopState
    cutoff: int
    end: int
    test: Interactions
    users: np.ndarray
    targets: sp.csr_array
    values: sp.csr_array
    counts: SplitCounts

    @property
    def fit_state(self) -> ShopState:
        """The same as ``state``; named apart because leave-one-out tells the two apart."""
        return self.state


@dataclass(frozen=True, eq=False)
class LeaveOneOutSplit:
    """Each user's history without its end, and the item left out.

    Parameters
    ----------
    train : Dataset
        What models are fitted on: order-only, times are positions in the user's sequence of items.
    state : ShopState
        What they score from: every item of the user before the one left out. With
        ``holdout="test"`` this includes the validation item, as in published protocols.
    users, targets, values, counts
        As in ``TimeSplit``; one target a user.
    """

    train: Dataset
    state: ShopState
    users: np.ndarray
    targets: sp.csr_array
    values: sp.csr_array
    counts: SplitCounts

    @cached_property
    def fit_state(self) -> ShopState:
        """What models are fitted on."""
        return self.train.as_of()


@dataclass(frozen=True)
class Windows:
    """Where the validation and the test part of a shop begin; microseconds since 1970 UTC.

    Parameters
    ----------
    validation_start, test_start, end : int
        Validation is ``validation_start <= time < test_start``, test goes on to before ``end``.
    window_days : int
        Whole days in each part; the test part has the last, unfinished day on top.
    """

    validation_start: int
    test_start: int
    end: int
    window_days: int


def split_by_time(
    dataset: Dataset,
    cutoff: int,
    end: int | None = None,
    *,
    repeats: Literal["hide", "show"] = "hide",
    known_users_only: bool = True,
) -> TimeSplit:
    """Divide a shop at a moment; what users buy from then on is to be predicted.

    Parameters
    ----------
    dataset : Dataset
        With a clock.
    cutoff : int
        Microseconds since 1970 UTC; rows at this moment are test rows.
    end : int, optional
        Rows from here on are left out; the end of the data where not given.
    repeats : {"hide", "show"}
        ``hide`` leaves out items that the user had bought before the cut-off.
    known_users_only : bool
        Whether users without an interaction before the cut-off are left out.

    Raises
    ------
    InputError
        Where the shop knows only an order, or ``end`` isn't after ``cutoff``.
    """
    _require_clock(dataset)
    end = max(dataset.end, cutoff + 1) if end is None else end
    if end <= cutoff:
        raise InputError(f"the test part would end at {end}, before it starts at {cutoff}.")
    train = _before(dataset, cutoff)
    state = train.as_of(cutoff)
    test = dataset.interactions.between(cutoff, end)
    found = Targets.of(test)
    bought = state.pairs.bought
    had = pair_keys(state.pairs.user_index()[bought], state.pairs.item_index[bought])
    repeat = np.isin(pair_keys(found.user, found.item), had) & (repeats == "hide")
    known = (np.diff(state.pairs.indptr) > 0)[found.user] | (not known_users_only)
    kept = found.take(known & ~repeat)
    users = np.unique(kept.user)
    counts = SplitCounts(
        n_train_rows=len(train.interactions),
        n_test_rows=len(test),
        n_unused_rows=len(dataset.interactions) - len(train.interactions) - len(test),
        n_users_without_history=len(np.unique(found.user[~known])),
        n_targets_without_history=int((~known).sum()),
        n_users_with_repeats_only=len(np.setdiff1d(found.user[known], users)),
        n_repeat_targets=int(repeat.sum()),
        **_count_unseen(train, state, kept),
    )
    matrices = kept.matrices(users, dataset.n_items)
    return TimeSplit(train, state, cutoff, end, test, users, *matrices, counts)


def choose_windows(
    dataset: Dataset,
    *,
    min_users: int = 500,
    days: tuple[int, ...] = (28, 56, 91, 182, 365),
    repeats: Literal["hide", "show"] = "hide",
) -> Windows:
    """Choose where validation and test begin: as short as possible, with enough test users.

    Windows are whole days (UTC) counted back from the start of the last day, which is taken to be
    unfinished: it starts no window, and its rows belong to the test part. Data that end on
    2011-12-09 at 12:50 are thus tested from 2011-11-11 on where 28 days are enough.

    Parameters
    ----------
    dataset : Dataset
        With a clock.
    min_users : int
        Test users, with a history and a new target, that are enough.
    days : tuple of int
        Lengths to try, ascending. Only those count whose two windows leave at least half of the
        span for training; where none does, the length is a quarter of the span.
    repeats : {"hide", "show"}
        As in ``split_by_time``.

    Returns
    -------
    windows : Windows
        Of the shortest length with enough users, else of the longest.

    Raises
    ------
    InputError
        Where the shop knows only an order, or its data span fewer than four days.
    """
    _require_clock(dataset)
    times = dataset.interactions.timestamp
    first, last_day = (int(times[i]) // schema.DAY_US if len(times) else 0 for i in (0, -1))
    span = last_day - first
    if span < 4:
        raise NotEnoughDataError(
            f"the interactions span {span} days, too few to test on the last of them; use the "
            "protocol leave-one-out, or bring at least four days."
        )
    lengths = [n for n in days if 4 * n <= span] or [span // 4]
    for n_days in lengths:
        start = (last_day - n_days) * schema.DAY_US
        if len(split_by_time(dataset, start, repeats=repeats).users) >= min_users:
            break
    return Windows(start - n_days * schema.DAY_US, start, dataset.end, n_days)


def split_leave_one_out(
    dataset: Dataset, *, holdout: Literal["validation", "test"] = "test", refit: bool = False
) -> LeaveOneOutSplit:
    """Leave out each user's last bought item (test) or the one before it (validation).

    A user's sequence has each item once, at its latest interaction, as in ``Pairs``; items of one
    moment stand in the order of a hash of their ids, so no file order is in it. What follows the
    left-out item is left out too.

    Parameters
    ----------
    dataset : Dataset
        With or without a clock; the parts have none.
    holdout : {"validation", "test"}
        Choose settings on ``validation``, look at ``test`` once.
    refit : bool
        For ``test``: fit on the validation items as well, as most published figures do. Without
        it (called strict) models are fitted on what comes before the validation item. Either way
        they score from everything before the test item.

    Returns
    -------
    split : LeaveOneOutSplit
        Users need two items to leave out and one that stays; the others are in training only.
        Reviews of a user on items that aren't in a part are missing from it; exposures, which are
        tied to the clock, are missing from all parts.

    Raises
    ------
    InputError
        Where ``refit`` is asked for with ``holdout="validation"``.
    """
    if refit and holdout == "validation":
        raise InputError("a refit holds the validation items, so it can only be tested on 'test'.")
    sequences = Sequences.of(dataset)
    bound = sequences.test if holdout == "test" else sequences.validation
    history = sequences.cut(dataset, bound)
    strict = holdout == "test" and not refit
    train = sequences.cut(dataset, sequences.validation) if strict else history
    state = history.as_of()
    rows = dataset.interactions
    test = rows.take(sequences.position == bound[rows.user_index])
    found = Targets.of(test)
    users = np.unique(found.user)
    counts = SplitCounts(
        n_train_rows=len(train.interactions),
        n_test_rows=len(test),
        n_unused_rows=len(rows) - len(train.interactions) - len(test),
        n_users_without_history=sequences.n_short_users,
        n_targets_without_history=0,
        n_users_with_repeats_only=0,
        n_repeat_targets=0,
        **_count_unseen(train, state, found),
    )
    return LeaveOneOutSplit(train, state, users, *found.matrices(users, dataset.n_items), counts)


def _require_clock(dataset: Dataset) -> None:
    if not dataset.has_clock:
        raise InputError(
            "the interactions have positions and no times, so they can't be split by time; use "
            "the protocol leave-one-out."
        )


def _before(dataset: Dataset, moment: int) -> Dataset:
    reviews, exposures = dataset.reviews, dataset.exposures
    if exposures is not None and schema.TIMESTAMP in exposures:
        exposures = exposures[exposures[schema.TIMESTAMP] < moment]
    return replace(
        dataset,
        interactions=dataset.interactions.before(moment),
        reviews=reviews[reviews[schema.TIMESTAMP] < moment],
        exposures=exposures,
    )


def _count_unseen(train: Dataset, state: ShopState, targets: Targets) -> dict[str, int]:
    sold = np.bincount(train.interactions.item_index, minlength=train.n_items) > 0
    return {
        "n_cold_targets": int((~sold[targets.item]).sum()),
        "n_unlisted_targets": int((~state.listed[targets.item]).sum()),
    }
