"""What every user did, as of now: the rows of the fit and those that came since."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from unsung.data.event_kinds import EventKinds
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.store.events import Event

KEPT = 10_000
"""Users whose rows are kept ready; the first that were put in leave first."""
# An id that nobody can have: ids are stripped when they are read.
_ERASED = " erased "
_LATER_BASKETS = 2**30  # numbers that no basket of a fit has


@dataclass(frozen=True, slots=True)
class Said:
    """What one event says of its item.

    Parameters
    ----------
    item_id : str
    timestamp : int
    weight : float
    is_target : bool
    basket : str or None
    """

    item_id: str
    timestamp: int
    weight: float
    is_target: bool
    basket: str | None


def said_by(event: Event, kinds: EventKinds) -> Said | None:
    """What an event says; None for a kind that means nothing to the shop."""
    weight = kinds.weights.get(event.event)
    if weight is None:
        return None
    return Said(
        event.item_id,
        event.timestamp,
        weight if event.weight is None else event.weight,
        event.event == kinds.target,
        event.basket_id,
    )


class Histories:
    """Each user's rows, at hand in the time that it takes to look at them.

    Parameters
    ----------
    rows : Interactions
        Of the fit.
    users : Identifiers
    """

    def __init__(self, rows: Interactions, users: Identifiers) -> None:
        order = np.argsort(rows.user_index, kind="stable")
        self._rows = rows.take(order)
        self._starts = np.searchsorted(self._rows.user_index, np.arange(len(users) + 1))
        self._users = users
        self._since: dict[str, list[Said]] = {}
        self._version: dict[str, int] = {}
        self._ready: dict[str, tuple[tuple[int, int], Interactions]] = {}
        self._nothing = self._rows.take(slice(0, 0))

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._since or self._users.find(user_id) >= 0

    def add(self, user_id: str, said: Said) -> None:
        """Take in what a user did."""
        self._since.setdefault(user_id, []).append(said)
        self._changed(user_id)

    def merge(self, session_id: str, user_id: str) -> None:
        """A session's doings become a user's."""
        for said in self._since.pop(session_id, []):
            self.add(user_id, said)
        self._changed(session_id)

    def erase(self, user_id: str) -> None:
        """Forget what a user did since the fit, and leave the fit's rows of the user unseen."""
        self._since.pop(user_id, None)
        user = self._users.find(user_id)
        if user >= 0:
            values = self._users.values.copy()
            values[user] = f"{_ERASED}{user}"
            self._users = Identifiers(values)
        self._ready.pop(user_id, None)
        self._changed(user_id)

    def user_ids(self) -> tuple[str, ...]:
        """Everybody who did something, at the fit or since."""
        fitted = (user for user in self._users.values if not user.startswith(_ERASED))
        return tuple(dict.fromkeys([*fitted, *self._since]))

    def of_user(self, user_id: str, items: Identifiers) -> Interactions:
        """A user's rows in the order of time, as those of user 0.

        Parameters
        ----------
        user_id : str
        items : Identifiers
            Of the shop as of now; rows of items that aren't in it are left out.
        """
        if user_id not in self:  # one object for everybody, so that what is made of it is kept
            return self._nothing
        # Read before the rows are: what comes while they are put together makes them stale.
        made_of = (self._version.get(user_id, 0), len(items))
        kept = self._ready.get(user_id)
        if kept is not None and kept[0] == made_of:
            return kept[1]
        known = self.of_fit(user_id)
        since = tuple(self._since.get(user_id, ()))
        found = joined(known, rows_of(since, items)) if since else known
        if len(self._ready) >= KEPT:
            self._ready.pop(next(iter(self._ready), user_id), None)
        self._ready[user_id] = (made_of, found)
        return found

    def bought_before(self, user_id: str, item: int) -> int | None:
        """When a user last bought an item before the fit; None for never."""
        rows = self.of_fit(user_id)
        times = rows.timestamp[rows.is_target & (rows.item_index == item)]
        return int(times[-1]) if len(times) else None

    def of_fit(self, user_id: str) -> Interactions:
        """The rows of a user that the fit was made with, as those of user 0."""
        user = self._users.find(user_id)
        span = slice(0, 0) if user < 0 else slice(*self._starts[user : user + 2].tolist())
        rows = self._rows.take(span)
        return replace(rows, user_index=np.zeros(len(rows), dtype=np.int32))

    def _changed(self, user_id: str) -> None:
        self._version[user_id] = self._version.get(user_id, 0) + 1


def rows_of(said: Sequence[Said], items: Identifiers) -> Interactions:
    """Rows of user 0, in the order of time; items that aren't known are left out."""
    item = items.index_of([one.item_id for one in said])
    kept = [place for place in range(len(said)) if item[place] >= 0]
    baskets: dict[str, int] = {}
    numbers = [
        -1 if basket is None else _LATER_BASKETS + baskets.setdefault(basket, len(baskets))
        for basket in (said[place].basket for place in kept)
    ]
    return Interactions.from_columns(
        user_index=np.zeros(len(kept), dtype=np.int32),
        item_index=item[kept],
        timestamp=np.array([said[place].timestamp for place in kept], dtype=np.int64),
        weight=np.array([said[place].weight for place in kept], dtype=np.float32),
        is_target=np.array([said[place].is_target for place in kept], dtype=np.bool_),
        basket=np.array(numbers, dtype=np.int32),
    )


def joined(first: Interactions, second: Interactions) -> Interactions:
    """The rows of both, in the order of time."""
    columns = {
        column.name: np.concatenate([getattr(first, column.name), getattr(second, column.name)])
        for column in fields(Interactions)
    }
    return Interactions.from_columns(**columns)
