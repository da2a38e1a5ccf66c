"""The running shop: a bundle's state, and everything that came since, as of this moment."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np

from unsung import schema
from unsung.data.interactions import Interactions
from unsung.data.state import ShopState
from unsung.operations.counters import Counters
from unsung.operations.histories import Histories, Said, joined, rows_of, said_by
from unsung.operations.live_items import Describer, LiveItems
from unsung.pipeline.bundle import Model
from unsung.schema import DAY_US
from unsung.store.changes import Changes
from unsung.store.choices import Choice
from unsung.store.events import Event
from unsung.store.items import Item
from unsung.store.sessions import Merge
from unsung.text.language import words
from unsung.text.normalise import normalise

T = TypeVar("T")
MOST_WAITING: Final = 100_000
"""Events held back whose items the store hasn't told of; the oldest are let go first."""
STALE_DAYS = 7
"""A bundle whose data end so much before its fit is read as though they ended at the fit, so that
an old file's customers aren't years away."""


@dataclass(frozen=True)
class Wishes:
    """What a user said that concerns lists.

    Parameters
    ----------
    hidden_items, hidden_brands, hidden_terms : frozenset of str
        Of terms the words, with spaces around them: an item of the user's history says nothing of
        others where its title, brand, category or another value of it has one.
    profiled : bool
        False for somebody who doesn't want to be known.
    """

    hidden_items: frozenset[str] = frozenset()
    hidden_brands: frozenset[str] = frozenset()
    hidden_terms: frozenset[str] = frozenset()
    profiled: bool = True


class LiveShop:
    """Everything that a list is made from, kept up to date change by change.

    Histories, wishes and stock count from the next list on; buyers, trends and items that came
    later from the next ``refresh`` on, which ``needs_refresh`` asks for.

    Parameters
    ----------
    model : Model
    describer : Describer
    created : int
        When the bundle was fitted, in microseconds.

    Notes
    -----
    Threads may read while one applies: what they read is replaced whole, never changed half.
    """

    def __init__(self, model: Model, describer: Describer, created: int) -> None:
        base = model.state
        shift = shift_of(base.as_of, created)
        if base.as_of is not None and shift:
            base = _shifted(base, shift)
        self.since = created if base.as_of is None else base.as_of
        self._kinds = model.events
        self._terms = model.terms.terms
        self._histories = Histories(base.interactions, base.users)
        self._items = LiveItems(base, describer)
        self._counters = Counters(base)
        self._base = base
        self._choices: dict[str, dict[tuple[str, str], Choice]] = {}
        self._waiting: deque[tuple[str, Said]] = deque(maxlen=MOST_WAITING)
        self._lock = threading.RLock()
        self._new_items: dict[str, Item] = {}
        self._changed = True
        self.number = 0
        self.report: Callable[[str, Exception], None] = _raised
        self.whole: ShopState = base

    @property
    def needs_refresh(self) -> bool:
        """Whether buyers, trends or items changed since the last refresh."""
        return self._changed

    @property
    def in_stock(self) -> np.ndarray:
        """What is in stock this moment: ndarray of bool, shape (n_items,)."""
        return self._items.in_stock

    @property
    def has_new_items(self) -> bool:
        """Whether items wait to be described."""
        return bool(self._new_items)

    def apply(self, changes: Changes, erased: Sequence[str] = ()) -> None:
        """Take in what changed in the store.

        Parameters
        ----------
        changes : Changes
        erased : sequence of str
            Ids of the users whose erasure is among the changes, as far as they are known here.

        Notes
        -----
        What can't be taken in is told to ``report`` and left out: the next changes have to come.
        """
        with self._lock:
            events = [event for event in changes.events if event.timestamp >= self.since]
            self._each(self._event, events)
            self._each(self._item, changes.items)
            self._each(self._choice, changes.choices)
            self._each(self._merge, changes.merged)
            self._each(self._erase, erased)
            self.number = max(self.number, changes.last)

    def refresh(self, now: int) -> ShopState:
        """Count buyers and trends anew, and describe items that came.

        Parameters
        ----------
        now : int
            Microseconds since 1970 UTC.

        Returns
        -------
        whole : ShopState
            Not in use before ``use`` says so: what is derived from it can be made first.

        Notes
        -----
        An item that can't be described is told to ``report`` and left out until it is sent anew.
        """
        with self._lock:
            new = dict(self._new_items)
        # Outside the lock: describing a thousand items takes seconds.
        items = self._described(self._items, list(new.values())) if new else None
        with self._lock:
            self._changed = False
            if items is not None:
                # Whatever was told of stock in the meantime counts.
                items.in_stock[: len(self._items.in_stock)] = self._items.in_stock
                items.set_stock([self._new_items[name] for name in new])
                self._items = items
            self._new_items = {
                name: item for name, item in self._new_items.items() if new.get(name) is not item
            }
            waiting, self._waiting = self._waiting, deque(maxlen=MOST_WAITING)
            for user_id, said in waiting:
                self._count(user_id, said)
            as_of = None if self._base.as_of is None else max(now, self._base.as_of)
            return self._counters.counted(self._items.state(as_of), self._base.half_lives)

    def use(self, whole: ShopState) -> None:
        """Make lists from a state that ``refresh`` gave from now on."""
        self.whole = whole

    def state_of(self, user_id: str, now: int, said: Sequence[Said] = ()) -> ShopState:
        """The shop as one user sees it, who has index 0.

        Parameters
        ----------
        user_id : str
        now : int
        said : sequence of Said
            What isn't in the store, such as a basket that was sent with the request.
        """
        whole = self.whole
        rows = self._histories.of_user(user_id, whole.items)
        said = (*self._likes_of(user_id), *said)
        if said:
            rows = joined(rows, rows_of(said, whole.items))
        rows = _silenced(rows, whole, self._terms, self.wishes_of(user_id).hidden_terms)
        as_of = None if whole.as_of is None else max(now, whole.as_of)
        state = whole.seen_by(user_id, rows, as_of)
        return replace(state, in_stock=self.in_stock[: whole.n_items])

    def wishes_of(self, user_id: str) -> Wishes:
        """What a user said that concerns lists."""
        choices = self._choices.get(user_id)
        if not choices:
            return Wishes()
        said = [choice for choice in list(choices.values()) if choice.active]
        return Wishes(
            frozenset(c.subject for c in said if c.kind in ("dislike", "not_interested")),
            frozenset(c.subject for c in said if c.kind == "hide_brand"),
            frozenset(_spaced(c.subject) for c in said if c.kind == "hide_term"),
            all(choice.active for choice in choices.values() if choice.kind == "profiling"),
        )

    def knows(self, user_id: str) -> bool:
        """Whether the user did anything, at the fit or since."""
        return user_id in self._histories

    def fitted_rows(self, user_id: str) -> list[dict[str, object]]:
        """A user's rows that the fit was made with, as plain values."""
        rows = self._histories.of_fit(user_id)
        return [
            {"item_id": str(self._base.items.values[item]), "timestamp": int(time)}
            for item, time in zip(rows.item_index, rows.timestamp, strict=True)
        ]

    def user_ids(self) -> tuple[str, ...]:
        """Users of the fit and those who came since, but those who were erased."""
        return self._histories.user_ids()

    def _each(self, take: Callable[[T], None], given: Iterable[T]) -> None:
        for one in given:
            try:
                take(one)
            except Exception as error:
                self.report("change", error)

    def _described(self, known: LiveItems, new: Sequence[Item]) -> LiveItems:
        """The items with new ones; halves of a batch that can't be described are tried alone."""
        try:
            return known.with_items(new)
        except MemoryError:  # says nothing of the items: they wait
            raise
        except Exception as error:
            if len(new) == 1:
                self.report("item", error)
                return known
        half = len(new) // 2
        return self._described(self._described(known, new[:half]), new[half:])

    def _merge(self, merge: Merge) -> None:
        self._histories.merge(merge.session_id, merge.user_id)
        for choice in self._choices.pop(merge.session_id, {}).values():
            self._choice(replace(choice, user_id=merge.user_id))

    def _erase(self, user_id: str) -> None:
        self._histories.erase(user_id)
        self._choices.pop(user_id, None)
        others = [(name, said) for name, said in self._waiting if name != user_id]
        self._waiting = deque(others, maxlen=MOST_WAITING)

    def _event(self, event: Event) -> None:
        said = said_by(event, self._kinds)
        if said is None:
            return
        self._histories.add(event.user_id, said)
        self._count(event.user_id, said)

    def _count(self, user_id: str, said: Said) -> None:
        item = self._items.items.find(said.item_id)
        if item < 0:  # of an item that the store will tell of, or never does
            self._waiting.append((user_id, said))
            return
        self._changed = True
        if said.weight > 0:
            self._counters.interaction(item, said.timestamp)
        if said.is_target:
            before = self._histories.bought_before(user_id, item)
            self._counters.purchase(user_id, item, said.timestamp, before)

    def _item(self, item: Item) -> None:
        known = self._items.items.find(item.item_id) >= 0
        if known:
            self._items.set_stock([item])
        if not known or set(item.attributes) - {schema.IN_STOCK}:
            self._new_items[item.item_id] = item
            self._changed = True

    def _choice(self, choice: Choice) -> None:
        self._choices.setdefault(choice.user_id, {})[choice.kind, choice.subject] = choice

    def _likes_of(self, user_id: str) -> tuple[Said, ...]:
        """Likes as what they say of similar items."""
        weight = self._kinds.weights.get("like", 0.0)
        return tuple(
            Said(choice.subject, choice.timestamp, weight, is_target=False, basket=None)
            for choice in list(self._choices.get(user_id, {}).values())
            if choice.active and choice.kind == "like" and weight > 0
        )


def _raised(_: str, error: Exception) -> None:
    raise error


def _silenced(
    rows: Interactions, whole: ShopState, names: tuple[str, ...], hidden: frozenset[str]
) -> Interactions:
    """Rows of items with a hidden term weigh nothing; bought items stay out of the list."""
    if not hidden:
        return rows
    items, place = np.unique(rows.item_index, return_inverse=True)
    titles = [_spaced(str(title)) for title in whole.titles[items]]
    silent = np.array([_says(title, hidden) for title in titles], dtype=bool)
    known = items < whole.content.terms.shape[0]
    terms = whole.content.terms[items[known]]
    values = {int(n) for n in np.unique(terms.indices) if "=" in names[n]}
    told = [n for n in values if _says(_spaced(names[n].split("=", 1)[1]), hidden)]
    silent[known] |= np.asarray(terms[:, told].sum(axis=1)).ravel() > 0
    return replace(rows, weight=rows.weight * ~silent[place])


def _says(text: str, hidden: frozenset[str]) -> bool:
    return any(term in text for term in hidden)


def _spaced(text: str) -> str:
    return f" {' '.join(words(normalise(text)))} "


def shift_of(as_of: int | None, created: int) -> int:
    """By how much a bundle's times are moved, in microseconds (see ``STALE_DAYS``)."""
    if as_of is None or created - as_of <= STALE_DAYS * DAY_US:
        return 0
    return created - as_of


def _shifted(base: ShopState, shift: int) -> ShopState:
    assert base.as_of is not None
    rows = replace(base.interactions, timestamp=base.interactions.timestamp + shift)
    moved = replace(base, as_of=base.as_of + shift, interactions=rows)
    for days in base.half_lives:
        moved.decayed_buyers(days)
    return moved
