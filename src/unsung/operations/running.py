"""The shop in service: a model, the store that several processes share, and what keeps both up."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from unsung.errors import BundleError, InputError, StoreError
from unsung.operations.answers import NOTHING, Answer, Query, answer, popular_now
from unsung.operations.beside import Beside
from unsung.operations.exposing import Counted, Exposing, Report, uncounted
from unsung.operations.ladder import BestRung
from unsung.operations.served_model import ServedModel, entry_of, load_model
from unsung.operations.warm_up import WarmUpSlots
from unsung.operations.warm_ups import settle
from unsung.schema import DAY_US
from unsung.store.changes import Changes, changes_after
from unsung.store.counter import change_number
from unsung.store.database import Store
from unsung.store.dial import (
    DialSetting,
    apply_dial,
    current_dial,
    dial_history,
    undo_dial,
)
from unsung.store.exposures import Exposure
from unsung.store.models import (
    ModelEntry,
    activate_model,
    active_model,
    models,
    register_model,
)
from unsung.store.persons import person_digest

REFRESH_S: Final = 5.0
"""Trends and buyers are at most this old."""
WAIT_S: Final = 0.05
"""An answer waits so long for what other processes stored, then goes by what it knows."""
AGAIN_S: Final = (1.0, 5.0, 30.0, 120.0)
"""So long after each other another process's model is tried again where the store fails."""
SETTLE_S: Final = 10.0
"""How often warm-ups are judged."""


@dataclass(eq=False)
class RunningShop:
    """What a server process holds.

    Parameters
    ----------
    store : Store
    report : callable
        Told of what failed and was got over: a word for the place, and the error.
    best_rung : {"full", "blend"}
        Which rung of the ladder answers when nothing is missing.
    on_model : callable
        Called whenever another model has begun to serve.
    on_exposures : callable
        Told what became of how many exposures.
    """

    store: Store
    report: Report
    best_rung: BestRung = "full"
    on_model: Callable[[], None] = lambda: None
    on_exposures: Counted = uncounted
    served: ServedModel | None = None
    problem: str = "No model was loaded yet."
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _refreshed: int = field(default=0, init=False)
    _settled: int = field(default=0, init=False)
    _loading: threading.RLock = field(default_factory=threading.RLock, init=False)
    _looked: int | None = field(default=None, init=False)
    warm_up: WarmUpSlots = field(init=False)
    beside: Beside = field(init=False)
    exposing: Exposing = field(init=False)

    def __post_init__(self) -> None:
        self.warm_up = WarmUpSlots(self.store, self.report)
        self.beside = Beside(self.store, self.report, self._bring_up)
        self.exposing = Exposing(self.store, self.report, self.on_exposures)

    def answer(self, query: Query, now: int) -> Answer:
        """Recommend to one customer, with everything that was acknowledged before.

        Raises
        ------
        InputError
            Where the query can't be answered.
        BundleError
            Where there is no model.
        """
        self.catch_up(now)
        served, arm = self.beside.choose(self.model(), query)
        return replace(answer(served, query, now, self.report), arm=arm)

    def last_resort(self, query: Query) -> Answer:
        """What is popular, from memory alone: for when an answer took too long."""
        try:
            arm = None if self.served is None else self.beside.choose(self.served, query)[1]
            return replace(popular_now(self.served, query), arm=arm)
        except Exception as error:  # an empty list is better than none
            self.report("popular", error)
            return NOTHING

    def can_write(self) -> bool:
        """Whether the store takes a transaction now."""
        try:
            with self.store.writing(durable=False):
                return True
        except StoreError as error:
            self.report("store", error)
            return False

    def set_dial(self, position: int, who: str, note: str, now: int) -> DialSetting:
        """Put the dial at a certified position; every process follows.

        Parameters
        ----------
        position : int
            0 for undialled lists.
        who, note : str
            For the history.
        now : int
            Microseconds since 1970 UTC.

        Raises
        ------
        InputError
            Where the position isn't certified.
        StoreError
            Where the store can't be written now.
        """
        served = self.model()
        if position > served.n_positions:
            raise InputError(
                f"The dial can stand at 0 to {served.n_positions}: nothing beyond is certified."
            )
        policy = served.bundle.model.policy
        certificate = {} if policy is None else dict(policy.certificate or {})
        setting = DialSetting(
            who=who,
            timestamp=now,
            strength_index=position,
            method="none" if policy is None or not policy.strengths else policy.settings.kind,
            budget=float(certificate.get("budget", 0.0)),
            model=served.version,
            note=note,
        )
        return apply_dial(self.store, setting)

    def undo_dial(self, who: str, now: int) -> DialSetting:
        """Put the dial where it stood before, for the same model.

        Raises
        ------
        InputError
            Where there is no setting before, or it was another model's.
        StoreError
            Where the store can't be written now.
        """
        latest = dial_history(self.store, 2)
        if len({setting.model for setting in latest}) > 1:
            raise InputError("The setting before was another model's; put the dial anew.")
        return undo_dial(self.store, who, "undone", now)

    def model(self) -> ServedModel:
        """The model in service; a BundleError where there is none."""
        if self.served is None:
            raise BundleError(self.problem)
        return self.served

    def catch_up(self, now: int) -> bool:
        """Take in what was stored since, by whichever process; whether everything is in."""
        asked = time.monotonic_ns()
        if self.served is None or not self._lock.acquire(timeout=WAIT_S):
            return False
        try:
            # While this waited another may have looked: what was stored before is in then.
            if self._looked is None or self._looked < asked:
                looked = time.monotonic_ns()
                self._catch_up(self.model(), now)
                self._looked = looked
        except Exception as error:  # a list from what is known is better than none
            self.report("store" if isinstance(error, StoreError) else "changes", error)
            return False
        finally:
            self._lock.release()
        return True

    def refresh(self, now: int) -> bool:
        """Bring in new items at once, buyers and trends every few seconds; whether it did.

        A thread of its own calls this several times a second.
        """
        self.catch_up(now)
        served = self.served
        if served is None:
            return False
        due = served.shop.needs_refresh and now - self._refreshed >= REFRESH_S * 1e6
        aged = now - self._refreshed >= DAY_US // 24
        if not (due or aged or served.shop.has_new_items):
            return False
        served.refresh(now)
        second = self.beside.served
        if second is not None:
            second.refresh(now)
        self._refreshed = now
        return True

    def tend_warm_ups(self, now: int) -> None:
        """Follow the warm-ups that run, and settle them every few seconds.

        Raises
        ------
        StoreError
            Where the store can't be read or written now.
        """
        if self.warm_up.look(now) and now - self._settled >= SETTLE_S * 1e6:
            self._settled = now
            settle(self.store, now)

    def load(self, path: Path, who: str, now: int) -> ModelEntry:
        """Verify a bundle, bring it up to date and let it serve; until then the old one does.

        Raises
        ------
        BundleError
            Where the bundle can't be used: nothing changes.
        StoreError
            Where the store can't be written now.
        """
        with self._loading:
            return self._activate(load_model(path, self.best_rung), who, now)

    def start(self, path: Path, now: int) -> None:
        """Serve a bundle that the store doesn't know yet; of known ones the store says which.

        So a new fit serves when it is given, and a restart doesn't take back what somebody loaded
        or rolled back to since.

        Parameters
        ----------
        path : Path
            Of the bundle that the service was started with.
        now : int
            Microseconds since 1970 UTC.

        Raises
        ------
        BundleError
            Where neither this bundle nor the store's can be used.
        StoreError
            Where the store can't be read or written now.
        """
        with self._loading:
            self._start(path, now)

    def load_active(self, now: int) -> None:
        """Serve the model that the store says is active, where it isn't the one in service.

        Raises
        ------
        BundleError
            Where its bundle is damaged, or another fit has taken its place.
        """
        with self._loading:
            entry = active_model(self.store)
            while entry is not None and not self._serves(entry):
                served = load_model(Path(entry.path), self.best_rung)
                if served.version != entry.version:
                    raise BundleError(
                        f"{entry.path} holds the model {served.version}, no longer "
                        f"{entry.version}; load it anew to let it serve."
                    )
                self._bring_up(served, now)
                # While this one was read another may have become active.
                latest = active_model(self.store)
                if latest is not None and latest.version == entry.version:
                    self._use(served, now)
                entry = latest

    def expose(self, exposures: Sequence[Exposure]) -> None:
        """Take note of what was shown; ``flush`` writes it."""
        self.exposing.add(exposures)

    def flush(self) -> int:
        """Write what was shown, and what a shadow made; how many exposures were new to the store.

        What another thread is writing just now has been written, too, when this returns.
        """
        self.beside.flush()
        return self.exposing.flush()

    def _serves(self, entry: ModelEntry) -> bool:
        return self.served is not None and self.served.version == entry.version

    def _start(self, path: Path, now: int) -> None:
        try:
            given = load_model(path, self.best_rung)
        except BundleError as error:
            self.report("model", error)
            self.load_active(now)
            if self.served is None:
                raise
            return
        if given.version in {entry.version for entry in models(self.store)}:
            try:
                self.load_active(now)
            except BundleError as error:
                self.report("model", error)
        if self.served is None:
            self._activate(given, "start", now)

    def _activate(self, served: ServedModel, who: str, now: int) -> ModelEntry:
        """Bring a model up to date, say so in the store, and let it serve."""
        register_model(self.store, entry_of(served.bundle, now))
        self._bring_up(served, now)
        active = activate_model(self.store, served.version, who, now)
        self._use(served, now)
        return active

    def _catch_up(self, served: ServedModel, now: int) -> None:
        newest = change_number(self.store)
        while served.shop.number < newest:
            changes = changes_after(self.store, served.shop.number)
            self._apply(served, changes)
            if changes.model is not None and changes.model.version != served.version:
                self._follow(now)
            if changes.second is not None:
                self.beside.follow(now)
            if changes.complete:
                break
        second = self.beside.served
        while second is not None and second.shop.number < newest:
            self._apply(second, changes_after(self.store, second.shop.number))

    def _apply(self, served: ServedModel, changes: Changes) -> None:
        served.shop.apply(changes, self._erased_users(served, changes))
        if changes.erased:
            served.kept.forget()
        if changes.dial is not None:
            served.set_dial(changes.dial)

    def _erased_users(self, served: ServedModel, changes: Changes) -> list[str]:
        if not changes.erased:
            return []
        gone = set(changes.erased)
        return [u for u in served.shop.user_ids() if person_digest(self.store, u) in gone]

    def _follow(self, now: int) -> None:
        """Another process made another model active: load it beside the work."""

        def load() -> None:
            for wait_s in AGAIN_S:
                try:
                    self.load_active(now)
                except StoreError as error:
                    self.report("store", error)
                    threading.Event().wait(wait_s)
                except Exception as error:  # the old one goes on
                    self.report("model", error)
                    return
                else:
                    return

        threading.Thread(target=load, name="unsung-follow", daemon=True).start()

    def _bring_up(self, served: ServedModel, now: int) -> None:
        served.shop.report = self.report
        complete = False
        while not complete:
            changes = changes_after(self.store, served.shop.number)
            self._apply(served, changes)
            complete = changes.complete
        dial = current_dial(self.store)
        if dial is not None:
            served.set_dial(dial)
        served.refresh(now)

    def _use(self, served: ServedModel, now: int) -> None:
        with self._lock:
            self.served, self.problem, self._looked = served, "", None
        self.beside.follow(now)
        self.on_model()
